package krb

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // RC4-HMAC has it
	"crypto/rc4"  //nolint:gosec // tickets of older services have it
	"crypto/sha1" //nolint:gosec // the AES types of RFC 3962 have it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"
)

// Encryption types (IANA kerberos-parameters) that tickets are decrypted with.
const (
	aes128SHA1   = 17 // RFC 3962
	aes256SHA1   = 18
	aes128SHA256 = 19 // RFC 8009
	aes256SHA384 = 20
	rc4HMAC      = 23 // RFC 4757
)

// ticketUsage is the key usage of the encrypted part of tickets (RFC 4120 section 7.5.1).
const ticketUsage = 2

// key is a key for tickets.
type key struct {
	etype uint64
	block cipher.Block // AES with the derived key
	mac   []byte       // the derived key of the checksum
	tag   int          // bytes of the checksum
	hash  func() hash.Hash
}

// newKey derives the keys for tickets from the key of a service. It returns nil for an
// encryption type that is not supported.
func newKey(etype uint64, secret []byte) (*key, error) {
	k := &key{etype: etype}
	size := aes.BlockSize // of the key
	switch etype {
	case aes128SHA1, aes256SHA1:
		k.hash, k.tag = sha1.New, 12
	case aes128SHA256:
		k.hash, k.tag = sha256.New, 16
	case aes256SHA384:
		k.hash, k.tag = sha512.New384, 24
	case rc4HMAC:
		k.hash, k.tag = md5.New, md5.Size
	default:
		return nil, nil
	}
	if etype == aes256SHA1 || etype == aes256SHA384 {
		size *= 2
	}
	if len(secret) != size {
		return nil, fmt.Errorf("a key of encryption type %d has %d bytes, not %d", etype, len(secret), size)
	}
	const encryption, integrity = 0xaa, 0x55 // RFC 3961 section 5.3
	var seal []byte
	switch etype {
	case rc4HMAC:
		k.mac = k.sum(secret, binary.LittleEndian.AppendUint32(nil, ticketUsage))
		return k, nil
	case aes128SHA1, aes256SHA1:
		seal, k.mac = deriveSHA1(secret, encryption), deriveSHA1(secret, integrity)
	default:
		seal, k.mac = k.derive(secret, encryption, size), k.derive(secret, integrity, k.tag)
	}
	var err error
	k.block, err = aes.NewCipher(seal)
	return k, err
}

// sum returns the HMAC of the parts.
func (k *key) sum(secret []byte, parts ...[]byte) []byte {
	h := hmac.New(k.hash, secret)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// usage is what keys are derived with.
func usage(purpose byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, ticketUsage), purpose)
}

// deriveSHA1 is the function DK of RFC 3961 section 5.1 with AES.
func deriveSHA1(secret []byte, purpose byte) []byte {
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err) // the length was checked
	}
	var key []byte
	for last := fold(usage(purpose), aes.BlockSize); len(key) < len(secret); key = append(key, last...) {
		block.Encrypt(last, last)
	}
	return key
}

// derive is KDF-HMAC-SHA2 of RFC 8009 section 3.
func (k *key) derive(secret []byte, purpose byte, n int) []byte {
	label := binary.BigEndian.AppendUint32(append(usage(purpose), 0), uint32(8*n))
	return k.sum(secret, []byte{0, 0, 0, 1}, label)[:n]
}

// fold is the function n-fold of RFC 3961 section 5.1 for n bytes: copies of b, each rotated
// by 13 bits more than the one before, are added in the ones' complement.
func fold(b []byte, n int) []byte {
	const turn = 13
	bits := 8 * len(b)
	bit := func(i int) byte { return b[i/8] >> (7 - i%8) & 1 }
	out := make([]byte, n)
	for at := 0; at == 0 || at%len(b) != 0; at += n {
		// The next n bytes of the copies, most significant first.
		carry := 0
		for j := n - 1; j >= 0; j-- {
			pos := at + j
			from := 8*(pos%len(b)) - turn*(pos/len(b))
			c := byte(0)
			for i := range 8 {
				c = c<<1 | bit(((from+i)%bits+bits)%bits)
			}
			carry += int(out[j]) + int(c)
			out[j] = byte(carry)
			carry >>= 8
		}
		for j := n - 1; carry > 0; j = (j + n - 1) % n {
			carry += int(out[j])
			out[j] = byte(carry)
			carry >>= 8
		}
	}
	return out
}

// open decrypts a ticket into buf, which it returns. part is nil if the key does not fit.
func (k *key) open(buf, ticket []byte) (plain, part []byte) {
	if k.etype == rc4HMAC {
		return k.openRC4(buf, ticket)
	}
	n := len(ticket) - k.tag
	if n < aes.BlockSize {
		return buf, nil
	}
	text, tag := ticket[:n], ticket[n:]
	if k.etype == aes128SHA256 || k.etype == aes256SHA384 {
		// The checksum is that of the ciphertext, after the initial vector.
		var iv [aes.BlockSize]byte
		if !equal(k.sum(k.mac, iv[:], text)[:k.tag], tag) {
			return buf, nil
		}
		buf = stealing(k.block, buf, text)
		return buf, buf[aes.BlockSize:]
	}
	buf = stealing(k.block, buf, text)
	if !equal(k.sum(k.mac, buf)[:k.tag], tag) {
		return buf, nil
	}
	return buf, buf[aes.BlockSize:]
}

// openRC4 is open for RC4-HMAC (RFC 4757 section 5).
func (k *key) openRC4(buf, ticket []byte) (plain, part []byte) {
	const confounder = 8
	if len(ticket) < k.tag+confounder {
		return buf, nil
	}
	tag, text := ticket[:k.tag], ticket[k.tag:]
	c, err := rc4.NewCipher(k.sum(k.mac, tag)) //nolint:gosec // as above
	if err != nil {
		return buf, nil
	}
	buf = append(buf[:0], text...)
	c.XORKeyStream(buf, buf)
	if !equal(k.sum(k.mac, buf), tag) {
		return buf, nil
	}
	return buf, buf[confounder:]
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// stealing decrypts at least a block of CBC with ciphertext stealing into buf, which it
// returns. The initial vector is zero, and the last two blocks are always exchanged (RFC 3962
// section 5).
func stealing(c cipher.Block, buf, text []byte) []byte {
	const size = aes.BlockSize
	buf = append(buf[:0], text...)
	var prev [size]byte
	if len(text) == size {
		c.Decrypt(buf, text)
		return buf
	}
	whole := (len(text) - 1) / size * size // bytes before the last block, which may be short
	at := 0
	for ; at < whole-size; at += size {
		c.Decrypt(buf[at:], text[at:at+size])
		subtle.XORBytes(buf[at:at+size], buf[at:at+size], prev[:])
		copy(prev[:], text[at:])
	}
	short := text[whole:]
	var last, stolen [size]byte
	c.Decrypt(last[:], text[at:at+size])
	copy(stolen[:], last[:])
	copy(stolen[:], short)
	subtle.XORBytes(buf[whole:], last[:len(short)], short)
	c.Decrypt(buf[at:at+size], stolen[:])
	subtle.XORBytes(buf[at:at+size], buf[at:at+size], prev[:])
	return buf
}
