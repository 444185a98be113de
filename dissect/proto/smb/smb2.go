package smb

import (
	"github.com/wirelog/wirelog/dissect/codec/utf16"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// smb2HeaderSize is the length of a message's header, magic number included (MS-SMB2 section
// 2.2.1). Offsets count from its start.
const smb2HeaderSize = 64

// Commands (MS-SMB2 section 2.2.1.2).
const (
	cmdNegotiate      = 0
	cmdSessionSetup   = 1
	cmdLogoff         = 2
	cmdTreeConnect    = 3
	cmdTreeDisconnect = 4
	cmdCreate         = 5
	cmdClose          = 6
	cmdFlush          = 7
	cmdRead           = 8
	cmdWrite          = 9
	cmdLock           = 10
	cmdIoctl          = 11
	cmdCancel         = 12
	cmdEcho           = 13
	cmdQueryDirectory = 14
	cmdChangeNotify   = 15
	cmdQueryInfo      = 16
	cmdSetInfo        = 17
	cmdOplockBreak    = 18
)

// Status codes (MS-ERREF section 2.3.1).
const (
	statusPending        = 0x00000103
	statusNotifyEnumDir  = 0x0000010c
	statusBufferOverflow = 0x80000005
	statusInvalid        = 0xc000000d // invalid parameter
	statusMoreProcessing = 0xc0000016 // more processing required
)

// smb2State is the current SMB2 message of a connection.
type smb2State struct {
	hdr     *event.SMB2Header // in the factory's scratch
	command uint16
	status  uint32
	// pipe means that the message's tree holds named pipes.
	pipe bool
}

func (s *smb2State) reset() { *s = smb2State{} }

// smb2Scratch is what a shard's analyzers reuse for each SMB2 message.
type smb2Scratch struct {
	hdr      event.SMB2Header
	contexts []event.SMB2NegotiateContextValue
	numbers  []uint64
}

// compound parses an SMB2 message and those that follow it in the frame (MS-SMB2 section
// 3.2.4.1.4).
func (a *analyzer) compound(isOrig bool, b []byte) {
	for n := 0; ; n++ {
		if n >= a.f.opt.Compound {
			a.Limited(source, "compound")
			a.Weird("SMB2_compound_too_long", "", source)
			return
		}
		c := cursor{b: b}
		next := a.smb2Message(isOrig, &c)
		if a.off {
			return
		}
		if c.bad() {
			a.violate(c.err.Error())
			return
		}
		if next == 0 {
			return
		}
		// The offset lies beyond what was read, so the loop terminates.
		if int64(next) < int64(c.at) || int64(next) > int64(len(b)) {
			a.violate(wire.OutOfBound("SMB2_PDU:chain_pad", int(int32(next))-magicSize, len(b)-magicSize).Error())
			return
		}
		b = b[next:]
		if len(b) == 0 {
			return
		}
		if len(b) < magicSize {
			a.violate(wire.OutOfBound("SMB_Protocol_Identifier:protocol", magicSize, len(b)).Error())
			return
		}
		if magic(b) != magicSMB2 {
			return
		}
	}
}

// smb2Message parses one SMB2 message, magic number included, and returns the offset of the
// next one in the frame, or 0.
func (a *analyzer) smb2Message(isOrig bool, c *cursor) (next uint32) {
	h := &a.f.smb2.hdr
	c.skip(magicSize)
	c.begin()
	if !c.fixed("SMB2_Header:session_id", smb2HeaderSize-magicSize-16) || !c.fixed("SMB2_Header:signature", smb2HeaderSize-magicSize) {
		return 0
	}
	c.skip(2) // length of the header
	h.CreditCharge = uint64(c.uint16())
	h.Status = uint64(c.uint32())
	h.Command = uint64(c.uint16())
	h.Credits = uint64(c.uint16())
	h.Flags = uint64(c.uint32())
	next = c.uint32()
	h.MessageID = c.uint64()
	h.ProcessID = uint64(c.uint32())
	h.TreeID = uint64(c.uint32())
	h.SessionID = c.uint64()
	h.Signature = c.bytes("", 16)
	c.begin()
	a.smb2 = smb2State{hdr: h, command: uint16(h.Command), status: uint32(h.Status)}
	a.smb2Begin(isOrig)
	if e := a.f.hooks.SMB2Message.Begin(); e != nil {
		*e = event.SMB2Message{Conn: a.Conn(), Hdr: *h, IsOrig: isOrig}
		a.f.hooks.SMB2Message.Raise(e)
	}
	a.smb2Body(isOrig, c)
	a.smb2End(isOrig)
	return next
}

// utf16 decodes a string. The result is valid until the next call.
func (a *analyzer) utf16(b []byte) []byte {
	var ok bool
	if a.f.text, ok = utf16.Append(a.f.text[:0], b); !ok {
		a.Weird("utf16_conversion_failed", "utf16 conversion failed in utf16_to_utf8_val", "")
	}
	return a.f.text
}

// transform raises the event of an encrypted message (MS-SMB2 section 2.2.41), whose contents
// are opaque.
func (a *analyzer) transform(b []byte) {
	const where = "SMB2_transform_header"
	c := cursor{b: b, at: magicSize, start: magicSize}
	if !c.fixed(where+":signature", 16) || !c.fixed(where+":nonce", 32) || !c.fixed(where+":session_id", 48) {
		a.violate(c.err.Error())
		return
	}
	signature, nonce := c.bytes("", 16), c.bytes("", 16)
	size := c.uint32()
	c.skip(2)
	flags, session := c.uint16(), c.uint64()
	if e := a.f.hooks.SMB2TransformHeader.Begin(); e != nil {
		*e = event.SMB2TransformHeader{Conn: a.Conn(), Hdr: event.SMB2TransformHdr{
			Signature: signature, Nonce: nonce, OrigMsgSize: uint64(size), Flags: uint64(flags), SessionID: session,
		}}
		a.f.hooks.SMB2TransformHeader.Raise(e)
	}
}
