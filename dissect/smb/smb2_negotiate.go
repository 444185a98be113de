package smb

import "github.com/wirelog/wirelog/dissect/event"

const (
	dialect311 = 0x0311

	// maxContexts bounds the contexts of a reply. Four are defined that servers send.
	maxContexts = 64
)

// negotiateRequest takes MS-SMB2 section 2.2.3, up to its dialects.
func (a *analyzer) negotiateRequest(c *cursor) {
	c.skip(2)
	n := int(c.uint16())
	c.skip(2 + 2 + 4 + 16 + 8)
	dialects := c.bytes(2 * n)
	if c.bad() {
		return
	}
	if h := &a.f.hooks.SMB2NegotiateRequest; h.On() {
		ev := &a.f.ev.smb2
		ev.numbers = appendNumbers(ev.numbers[:0], dialects)
		ev.negotiate = event.SMB2NegotiateRequest{Conn: a.c, Hdr: *a.smb2.hdr, Dialects: ev.numbers}
		h.Raise(&ev.negotiate)
	}
}

// appendNumbers appends numbers of 16 bits.
func appendNumbers(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, uint64(b[0])|uint64(b[1])<<8)
	}
	return dst
}

// negotiateResponse takes MS-SMB2 section 2.2.4.
func (a *analyzer) negotiateResponse(c *cursor) {
	ev := &a.f.ev.smb2
	e := &ev.negotiated
	*e = event.SMB2NegotiateResponse{Conn: a.c, Hdr: *a.smb2.hdr}
	r := &e.Response
	c.skip(2)
	r.SecurityMode = uint64(c.uint16())
	r.DialectRevision = uint64(c.uint16())
	count := int(c.uint16())
	r.NegotiateContextCount = uint64(count)
	r.ServerGUID = guid(c)
	c.skip(4 + 4 + 4 + 4) // capabilities, largest sizes
	r.SystemTime = event.FileTime(c.uint64())
	r.ServerStartTime = event.FileTime(c.uint64())
	c.skip(2) // the blob follows
	n := c.uint16()
	offset := c.uint32()
	blob := c.bytes(int(n))
	ev.contexts, ev.numbers = ev.contexts[:0], ev.numbers[:0]
	if r.DialectRevision == dialect311 {
		c.seek(int(offset))
		for i := 0; i < count && !c.bad(); i++ {
			if i == maxContexts {
				a.t.Limited(source, "negotiate_contexts")
				a.t.Weird(a.c, "SMB2_too_many_negotiate_contexts", "", source)
				break
			}
			start := c.at
			ev.contexts = append(ev.contexts, negotiateContext(ev, c))
			if i < count-1 && (c.at-start)%8 != 0 {
				c.skip(8 - (c.at-start)%8)
			}
		}
	}
	if c.bad() {
		return
	}
	r.NegotiateContextValues = ev.contexts
	if h := &a.f.hooks.SMB2NegotiateResponse; h.On() {
		h.Raise(e)
	}
	a.security(false, blob)
}

// Types of contexts (MS-SMB2 section 2.2.3.1).
const (
	contextPreAuth     = 1
	contextEncryption  = 2
	contextCompression = 3
	contextNetname     = 5
)

// negotiateContext takes MS-SMB2 section 2.2.4.1.
func negotiateContext(ev *smb2Events, c *cursor) (v event.SMB2NegotiateContextValue) {
	typ, n := c.uint16(), c.uint16()
	c.skip(4)
	v.ContextType, v.DataLength = uint64(typ), uint64(n)
	switch typ {
	case contextPreAuth:
		hashes, salt := c.uint16(), c.uint16()
		v.PreAuthInfo = event.Some(event.SMB2PreAuthIntegrityCapabilities{
			HashAlgCount: uint64(hashes), SaltLength: uint64(salt),
			HashAlg: ev.take(c, hashes), Salt: c.bytes(int(salt)),
		})
	case contextEncryption:
		ciphers := c.uint16()
		v.EncryptionInfo = event.Some(event.SMB2EncryptionCapabilities{
			CipherCount: uint64(ciphers), Ciphers: ev.take(c, ciphers),
		})
	case contextCompression:
		algs := c.uint16()
		c.skip(2 + 4)
		v.CompressionInfo = event.Some(event.SMB2CompressionCapabilities{
			AlgCount: uint64(algs), Algs: ev.take(c, algs),
		})
	case contextNetname:
		v.Netname = event.Some(c.bytes(int(n)))
	default:
		c.skip(int(n))
	}
	return v
}

// take takes n numbers of 16 bits.
func (ev *smb2Events) take(c *cursor, n uint16) []uint64 {
	start := len(ev.numbers)
	ev.numbers = appendNumbers(ev.numbers, c.bytes(2*int(n)))
	return ev.numbers[start:len(ev.numbers):len(ev.numbers)]
}

// guid takes 16 bytes that identify something.
func guid(c *cursor) event.SMB2GUID {
	return event.SMB2GUID{Persistent: c.uint64(), Volatile: c.uint64()}
}
