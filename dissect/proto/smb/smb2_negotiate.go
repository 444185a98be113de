package smb

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

const (
	dialect311 = 0x0311

	// maxContexts bounds the negotiate contexts of a reply. Servers send four defined types.
	maxContexts = 64
)

// negotiateRequest parses MS-SMB2 section 2.2.3, up to the dialects.
func (a *analyzer) negotiateRequest(c *cursor) {
	const where = "SMB2_negotiate_request"
	if !c.fixed(where+":client_start_time", 36) {
		return
	}
	c.skip(2)
	n := int(c.uint16())
	c.skip(2 + 2 + 4 + 16 + 8)
	dialects := c.array(where+":dialects", n, 2)
	if c.bad() {
		return
	}
	if e := a.f.hooks.SMB2NegotiateRequest.Begin(); e != nil {
		a.f.smb2.numbers = appendNumbers(a.f.smb2.numbers[:0], dialects)
		*e = event.SMB2NegotiateRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, Dialects: a.f.smb2.numbers}
		a.f.hooks.SMB2NegotiateRequest.Raise(e)
	}
}

// appendNumbers appends the 16-bit numbers in b to dst.
func appendNumbers(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, uint64(b[0])|uint64(b[1])<<8)
	}
	return dst
}

// negotiateResponse parses MS-SMB2 section 2.2.4.
func (a *analyzer) negotiateResponse(c *cursor) {
	const where = "SMB2_negotiate_response"
	if !c.fixed(where+":negotiate_context_offset", 64) {
		return
	}
	sc := &a.f.smb2
	var r event.SMB2NegotiateResult
	c.skip(2)
	r.SecurityMode = uint64(c.uint16())
	r.DialectRevision = uint64(c.uint16())
	count := int(c.uint16())
	r.NegotiateContextCount = uint64(count)
	r.ServerGUID = guid(c)
	c.skip(4 + 4 + 4 + 4) // capabilities, maximum sizes
	r.SystemTime = event.FileTime(c.uint64())
	r.ServerStartTime = event.FileTime(c.uint64())
	c.skip(2) // offset of the blob, which follows the header
	n := c.uint16()
	offset := c.uint32()
	blob := c.bytes(where+":security_blob", uint32(n))
	sc.contexts, sc.numbers = sc.contexts[:0], sc.numbers[:0]
	if r.DialectRevision == dialect311 {
		c.seek32(where+":pad1", offset)
		a.negotiateContexts(count, c)
	}
	if c.bad() {
		return
	}
	r.NegotiateContextValues = sc.contexts
	if e := a.f.hooks.SMB2NegotiateResponse.Begin(); e != nil {
		*e = event.SMB2NegotiateResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr, Response: r}
		a.f.hooks.SMB2NegotiateResponse.Raise(e)
	}
	a.security(false, blob)
}

// negotiateContexts parses the list of negotiate contexts.
func (a *analyzer) negotiateContexts(count int, c *cursor) {
	sc := &a.f.smb2
	for i := 0; i < count && !c.bad(); i++ {
		if i == maxContexts {
			a.Limited(source, "negotiate_contexts")
			a.Weird("SMB2_too_many_negotiate_contexts", "", source)
			return
		}
		start := c.at
		v := negotiateContext(sc, c)
		if c.bad() {
			return
		}
		sc.contexts = append(sc.contexts, v)
		if i < count-1 {
			c.start = start
			if padded := (c.at - start + 7) &^ 7; c.fixed("Padded_SMB3_negotiate_context_value", padded) {
				c.at = start + padded
			}
		}
	}
}

// Negotiate context types (MS-SMB2 section 2.2.3.1).
const (
	contextPreAuth     = 1
	contextEncryption  = 2
	contextCompression = 3
	contextNetname     = 5
)

// negotiateContext parses MS-SMB2 section 2.2.4.1.
func negotiateContext(sc *smb2Scratch, c *cursor) (v event.SMB2NegotiateContextValue) {
	const where = "SMB3_negotiate_context_value"
	c.begin()
	if !c.fixed(where+":reserved", 8) {
		return v
	}
	typ, n := c.uint16(), c.uint16()
	c.skip(4)
	v.ContextType, v.DataLength = uint64(typ), uint64(n)
	switch typ {
	case contextPreAuth:
		v.PreAuthInfo = value.Some(sc.preAuthIntegrity(c))
	case contextEncryption:
		c.begin()
		if c.fixed("SMB3_encryption_capabilities:cipher_count", 2) {
			count := c.uint16()
			v.EncryptionInfo = value.Some(event.SMB2EncryptionCapabilities{
				CipherCount: uint64(count), Ciphers: sc.take(c, "SMB3_encryption_capabilities:ciphers", count),
			})
		}
	case contextCompression:
		c.begin()
		if c.fixed("SMB3_compression_capabilities:reserved", 8) {
			count := c.uint16()
			c.skip(2 + 4)
			v.CompressionInfo = value.Some(event.SMB2CompressionCapabilities{
				AlgCount: uint64(count), Algs: sc.take(c, "SMB3_compression_capabilities:algs", count),
			})
		}
	case contextNetname:
		c.begin()
		v.Netname = value.Some(c.bytes("SMB3_netname_negotiate_context_id:net_name", uint32(n)))
	default:
		c.bytes(where+":unknown_context_data", uint32(n))
	}
	return v
}

// preAuthIntegrity parses MS-SMB2 section 2.2.3.1.1.
func (sc *smb2Scratch) preAuthIntegrity(c *cursor) (v event.SMB2PreAuthIntegrityCapabilities) {
	const where = "SMB3_preauth_integrity_capabilities"
	c.begin()
	if !c.fixed(where+":salt_length", 4) {
		return v
	}
	hashes, salt := c.uint16(), c.uint16()
	v.HashAlgCount, v.SaltLength = uint64(hashes), uint64(salt)
	v.HashAlg = sc.take(c, where+":hash_alg", hashes)
	v.Salt = c.bytes(where+":salt", uint32(salt))
	return v
}

// take parses n 16-bit numbers. The result is valid until the next message.
func (sc *smb2Scratch) take(c *cursor, where string, n uint16) []uint64 {
	start := len(sc.numbers)
	sc.numbers = appendNumbers(sc.numbers, c.array(where, int(n), 2))
	return sc.numbers[start:len(sc.numbers):len(sc.numbers)]
}

// guid parses a 16-byte identifier, which must be present.
func guid(c *cursor) event.SMB2GUID {
	return event.SMB2GUID{Persistent: c.uint64(), Volatile: c.uint64()}
}
