package files

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/wirelog/wirelog/dissect/event"
)

// hashing hashes one file. A file with gaps or without bytes has no hash.
type hashing struct {
	m    *Manager
	f    *File
	kind *hashKind
	h    hash.Hash
	some bool
}

type hashKind struct {
	Kind
	name string // as in FileHash
	new  func() hash.Hash
	used sync.Pool // of *hashing, for all shards
}

var hashKinds = [...]*hashKind{
	newHashKind("MD5", "md5", md5.New),
	newHashKind("SHA1", "sha1", sha1.New),
	newHashKind("SHA256", "sha256", sha256.New),
}

func newHashKind(zeek, name string, newHash func() hash.Hash) *hashKind {
	k := &hashKind{name: name, new: newHash}
	k.Kind = Kind{
		Name: zeek,
		New: func(m *Manager, f *File) Analyzer {
			a, ok := k.used.Get().(*hashing)
			if !ok {
				a = &hashing{kind: k, h: k.new()}
			}
			a.h.Reset()
			a.m, a.f, a.some = m, f, false
			return a
		},
		Release: func(a Analyzer) {
			h := a.(*hashing)
			h.m, h.f = nil, nil
			k.used.Put(h)
		},
	}
	return k
}

// hashKindOf returns the analyzer that raises FileHash of that kind ("md5", "sha1" or
// "sha256"), or nil.
func hashKindOf(name string) *Kind {
	for _, k := range hashKinds {
		if k.name == name {
			return &k.Kind
		}
	}
	return nil
}

// HashNames lists the names that hashKindOf knows.
func HashNames() []string {
	names := make([]string, len(hashKinds))
	for i, k := range hashKinds {
		names[i] = k.name
	}
	return names
}

func (a *hashing) Data(b []byte) bool {
	if a.m.shedding {
		a.m.stats.Unhashed++
		return false
	}
	a.h.Write(b)
	a.some = true
	return true
}

func (a *hashing) Gap(uint64, uint64) bool { return false }

func (a *hashing) End() {
	h := &a.m.hooks.File.Hash
	if !a.some || !h.On() {
		return
	}
	var sum [sha256.Size]byte
	e := h.Begin()
	*e = event.FileHash{File: a.f, Kind: a.kind.name, Hash: hex.EncodeToString(a.h.Sum(sum[:0]))}
	h.Raise(e)
}
