package x509

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"

	"github.com/wirelog/wirelog/internal/linked"
)

// Limits of a cache.
const (
	maxCached      = 8192
	maxCachedBytes = 16 << 20 // of encoded certificates, not counting their parsed form
)

// cached is a file that was parsed before.
type cached struct {
	file []byte
	cert *certificate // nil if the file is not a certificate
	// The hashes in hexadecimal: of the file, and of the certificate, which may be
	// shorter.
	md5, sha1, sha256 string
	fingerprint       string

	key uint64
	use linked.Node[cached]
}

// cache holds the certificates seen last. It only saves work.
type cache struct {
	seed  maphash.Seed
	byKey map[uint64]*cached
	byUse linked.List[cached]
	bytes int
	hits  uint64
}

func newCache() *cache {
	return &cache{seed: maphash.MakeSeed(), byKey: make(map[uint64]*cached)}
}

// get returns the certificate in a file, parsing it if it was not seen before.
func (c *cache) get(file []byte, p *parser) *cached {
	key := maphash.Bytes(c.seed, file)
	e := c.byKey[key]
	if e != nil && bytes.Equal(e.file, file) {
		c.hits++
		c.byUse.Remove(&e.use)
		c.byUse.Add(&e.use, e)
		return e
	}
	if e != nil {
		c.remove(e)
	}
	e = newCached(file, p)
	e.key = key
	for len(c.byKey) >= maxCached || len(c.byKey) > 0 && c.bytes+len(file) > maxCachedBytes {
		c.remove(c.byUse.Oldest())
	}
	c.byKey[key] = e
	c.bytes += len(file)
	c.byUse.Add(&e.use, e)
	return e
}

func newCached(file []byte, p *parser) *cached {
	e := &cached{file: bytes.Clone(file)}
	e.hash(file)
	e.cert = p.certificate(e.file)
	e.fingerprint = e.sha256
	if e.cert != nil && len(e.cert.der) < len(file) {
		s2 := sha256.Sum256(e.cert.der)
		e.fingerprint = hex.EncodeToString(s2[:])
	}
	return e
}

// hash sets the hashes of the file.
func (e *cached) hash(file []byte) {
	m, s1, s2 := md5.Sum(file), sha1.Sum(file), sha256.Sum256(file)
	e.md5, e.sha1, e.sha256 = hex.EncodeToString(m[:]), hex.EncodeToString(s1[:]), hex.EncodeToString(s2[:])
}

func (c *cache) remove(e *cached) {
	c.byUse.Remove(&e.use)
	delete(c.byKey, e.key)
	c.bytes -= len(e.file)
}
