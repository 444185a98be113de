package quic

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
)

// kind is a type of packets with a long header.
type kind uint8

const (
	initialPacket kind = iota
	zeroRTTPacket
	handshakePacket
	retryPacket
)

// version is what versions of QUIC differ in.
type version struct {
	salt  string  // of the keys of Initial packets (RFC 9001 section 5.2)
	types [4]kind // by the number in the first byte
	// Labels of secrets and keys, by side and as HKDF takes them (RFC 8446 section 7.1), with
	// the number of their only block.
	secrets     [2]string
	key, iv, hp string
}

const (
	secretLen = sha256.Size
	keyLen    = 16
	ivLen     = 12
	tagLen    = 16
	sampleLen = 16
)

// label returns the info of HKDF-Expand-Label for n bytes without a context, and the number of
// the block.
func label(name string, n int) string {
	name = "tls13 " + name
	return string([]byte{0, byte(n), byte(len(name))}) + name + "\x00\x01"
}

func newVersion(salt, prefix string, types [4]kind) *version {
	return &version{
		salt: salt, types: types,
		secrets: [2]string{label("client in", secretLen), label("server in", secretLen)},
		key:     label(prefix+" key", keyLen), iv: label(prefix+" iv", ivLen), hp: label(prefix+" hp", keyLen),
	}
}

// The numbers of types (RFC 9000 section 17.2, RFC 9369 section 3.2).
var (
	types1 = [4]kind{initialPacket, zeroRTTPacket, handshakePacket, retryPacket}
	types2 = [4]kind{retryPacket, initialPacket, zeroRTTPacket, handshakePacket}
)

// The salts of RFC 9001, of drafts 22, 23 to 28 and 29 to 32 of it, and of RFC 9369. Zeek has
// the first one for drafts 33 and 34, too.
var (
	version1 = newVersion("\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", "quic", types1)
	draft22  = newVersion("\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a", "quic", types1)
	draft23  = newVersion("\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02", "quic", types1)
	draft29  = newVersion("\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99", "quic", types1)
	version2 = newVersion("\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", "quicv2", types2)
)

// versionOf returns the version with number n, or nil if it is not analyzed.
func versionOf(n uint32) *version {
	switch {
	case n == 1:
		return version1
	case n == 0x6b3343cf:
		return version2
	case n == 0xff000016:
		return draft22
	case n >= 0xff000017 && n <= 0xff00001c:
		return draft23
	case n >= 0xff00001d && n <= 0xff000020:
		return draft29
	case n == 0xff000021, n == 0xff000022:
		return version1
	}
	switch n { // Facebook's mvfst
	case 0xfaceb001:
		return draft22
	case 0xfaceb002, 0xfaceb00e, 0xfaceb011, 0xfaceb012, 0xfaceb013:
		return draft23
	}
	return nil
}

// keys are those of a side's Initial packets.
type keys struct {
	version *version
	aead    cipher.AEAD
	mask    cipher.Block // for header protection
	iv      [ivLen]byte
}

// newKeys derives keys from the connection id of the client's first packet. side is 0 for
// the client.
func newKeys(v *version, dcid []byte, side int) *keys {
	key, iv, hp := derive(v, dcid, side)
	k := &keys{version: v, iv: iv}
	block, err := aes.NewCipher(key[:])
	if err == nil {
		k.aead, err = cipher.NewGCM(block)
	}
	if err == nil {
		k.mask, err = aes.NewCipher(hp[:])
	}
	if err != nil {
		panic(err) // the lengths are right
	}
	return k
}

// derive returns the keys of newKeys as they are (RFC 9001 section 5.2). It is HKDF (RFC 5869)
// for results of one block: package crypto/hkdf allocates more than all else that an Initial
// packet needs.
func derive(v *version, dcid []byte, side int) (key [keyLen]byte, iv [ivLen]byte, hp [keyLen]byte) {
	secret := mac([]byte(v.salt), string(dcid))
	secret = mac(secret[:], v.secrets[side])
	b := mac(secret[:], v.key)
	copy(key[:], b[:])
	b = mac(secret[:], v.iv)
	copy(iv[:], b[:])
	b = mac(secret[:], v.hp)
	copy(hp[:], b[:])
	return key, iv, hp
}

// innerPad and outerPad begin with the pads of HMAC, and have room for what follows them.
var (
	innerPad = [sha256.BlockSize + 255]byte(bytes.Repeat([]byte{0x36}, sha256.BlockSize+255))
	outerPad = [sha256.BlockSize + sha256.Size]byte(bytes.Repeat([]byte{0x5c}, sha256.BlockSize+sha256.Size))
)

// mac returns the HMAC of a message of at most 255 bytes with a key of at most a block (RFC
// 2104).
func mac(key []byte, message string) [sha256.Size]byte {
	inner, outer := innerPad, outerPad
	subtle.XORBytes(inner[:], inner[:], key)
	subtle.XORBytes(outer[:], outer[:], key)
	n := sha256.BlockSize + copy(inner[sha256.BlockSize:], message)
	sum := sha256.Sum256(inner[:n])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// open decrypts the Initial packet b, whose packet number begins at offset at (RFC 9001
// sections 5.3 and 5.4). It returns nil if the packet is not one of these keys. The result is
// valid until the next call.
func (f *factory) open(k *keys, b []byte, at int) []byte {
	const maxNumber = 4
	f.scratch.sample = [sampleLen]byte(b[at+maxNumber:])
	mask := &f.scratch.sample
	k.mask.Encrypt(mask[:], mask[:])
	first := b[0] ^ mask[0]&0x0f
	n := int(first&3) + 1
	f.head = append(f.head[:0], b[:at+n]...)
	f.head[0] = first
	nonce := &f.scratch.nonce
	*nonce = k.iv
	// The number counts as it is sent. Initial packets are too few for one to be shortened.
	for i := range n {
		f.head[at+i] ^= mask[1+i]
		nonce[ivLen-n+i] ^= f.head[at+i]
	}
	clear, err := k.aead.Open(f.clear[:0], nonce[:], b[at+n:], f.head)
	if err != nil {
		return nil
	}
	f.clear = clear
	return clear
}

// scratch has what would otherwise be allocated for each packet.
type scratch struct {
	sample [sampleLen]byte
	nonce  [ivLen]byte
}
