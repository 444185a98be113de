package tunnel

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// GTPv1 header (3GPP TS 29.060 section 6).
const (
	gtpHeader    = 8
	gtpOptional  = 4    // sequence number, N-PDU number, next extension header
	gtpFlagPT    = 0x10 // GTP, not GTP'
	gtpFlagRsv   = 0x08
	gtpFlagE     = 0x04
	gtpFlagS     = 0x02
	gtpFlagPN    = 0x01
	gtpOptFlags  = gtpFlagE | gtpFlagS | gtpFlagPN
	gtpVersion   = 1
	gtpNoNextExt = 0
)

// GTPv1 message types (3GPP TS 29.060 section 7.1).
const (
	gtpCreateRequest  = 16
	gtpCreateResponse = 17
	gtpUpdateRequest  = 18
	gtpUpdateResponse = 19
	gtpDeleteRequest  = 20
	gtpDeleteResponse = 21
	gtpGPDU           = 255
)

// outOfBound is the error of a message that contradicts its length: the part
// that needs more bytes than there are. A need of -1 means an element of
// unknown length, whose type is in have. The zero value is no error.
type outOfBound struct {
	where      string
	need, have int
}

func (e *outOfBound) bad() bool { return e.where != "" }

// reason returns the text of the violation, in the form of Zeek's parser
// generator.
func (e *outOfBound) reason() string {
	const prefix = "Binpac exception: binpac exception: "
	if e.need < 0 {
		return prefix + "invalid index for case: " + e.where + ": " + strconv.Itoa(e.have)
	}
	return prefix + "out_of_bound: " + e.where + ": " + strconv.Itoa(e.need) + " > " + strconv.Itoa(e.have)
}

// gtpMessage is a decoded GTPv1 message.
type gtpMessage struct {
	flags, typ uint8
	length     uint16
	teid       uint32
	opt        []byte // the optional part of the header, or nil
	body       []byte // the bytes after the extension headers
}

func (m *gtpMessage) parse(b []byte) outOfBound {
	if len(b) < gtpHeader {
		return outOfBound{"GTPv1_Header:teid", gtpHeader, len(b)}
	}
	*m = gtpMessage{flags: b[0], typ: b[1], length: binary.BigEndian.Uint16(b[2:]), teid: binary.BigEndian.Uint32(b[4:])}
	b = b[gtpHeader:]
	if m.flags&gtpOptFlags != 0 {
		if len(b) < gtpOptional {
			return outOfBound{"GTPv1_Opt_Header", gtpOptional, len(b)}
		}
		m.opt, b = b[:gtpOptional], b[gtpOptional:]
	}
	// As in Zeek, the flag alone says that there is a first extension header,
	// and the last one may end with the packet.
	if m.flags&gtpFlagE != 0 {
		for len(b) > 0 {
			n := int(b[0]) * 4 // including the length and the next type
			if n > 0 && len(b) < n-1 {
				return outOfBound{"GTPv1_Ext_Header:contents", n - 1, len(b)}
			}
			if n == 0 || len(b) < n {
				return outOfBound{"GTPv1_Ext_Header:next_type", n, len(b)}
			}
			next := b[n-1]
			b = b[n:]
			if next == gtpNoNextExt {
				break
			}
		}
	}
	m.body = b
	if m.typ >= gtpCreateRequest && m.typ <= gtpDeleteResponse {
		return validateElements(b)
	}
	return outOfBound{}
}

// header returns the message's header as events have it.
func (m *gtpMessage) header() event.GTPv1Hdr {
	h := event.GTPv1Hdr{
		Version: uint64(m.flags >> 5),
		PTFlag:  m.flags&gtpFlagPT != 0,
		Rsv:     m.flags&gtpFlagRsv != 0,
		EFlag:   m.flags&gtpFlagE != 0,
		SFlag:   m.flags&gtpFlagS != 0,
		PNFlag:  m.flags&gtpFlagPN != 0,
		MsgType: uint64(m.typ),
		Length:  uint64(m.length),
		TEID:    uint64(m.teid),
	}
	if m.opt != nil {
		h.Seq = value.Some(uint64(binary.BigEndian.Uint16(m.opt)))
		h.NPDU = value.Some(uint64(m.opt[2]))
		h.NextType = value.Some(uint64(m.opt[3]))
	}
	return h
}

// decodeGTPv1 decodes a GTPv1 message and raises its events.
func (d *Decoder) decodeGTPv1(c *Carrier, b []byte, r *Result) {
	var m gtpMessage
	if e := m.parse(b); e.bad() {
		if c.State.verdict[GTPv1] != Violated {
			violate(GTPv1, c, r, e.reason(), nil)
		}
		return
	}
	valid := &c.State.gtpResp
	if c.IsOrig {
		valid = &c.State.gtpOrig
	}
	*valid = false
	switch {
	case c.Depth >= d.opt.MaxDepth:
		d.netWeird(GTPv1, "tunnel_depth", "")
		return
	case c.Depth > 0 && c.Last == GTPv1.Type():
		violate(GTPv1, c, r, "GTP-in-GTP", nil)
		return
	case m.flags>>5 != gtpVersion:
		violate(GTPv1, c, r, "GTPv1 bad Version", nil)
		return
	case m.flags&gtpFlagPT == 0:
		return
	}
	if e := d.gtp.on.Message.Begin(); e != nil {
		*e = event.GTPv1Message{Conn: c.Conn, Hdr: m.header()}
		d.gtp.on.Message.Raise(e)
	}
	if m.typ != gtpGPDU {
		d.gtp.control(d, c, &m)
		return
	}

	inner := m.body
	if len(inner) < ipv4Header {
		violate(GTPv1, c, r, "Truncated GTPv1", nil)
		return
	}
	proto := uint8(protoIPv4)
	switch inner[0] >> 4 {
	case 4:
	case 6:
		proto = protoIPv6
	default:
		violate(GTPv1, c, r, "non-IP packet in GTPv1", nil)
		return
	}
	switch d.checkInner(c, proto, inner) {
	case innerBadVersion:
		violate(GTPv1, c, r, "Invalid IP version in wrapped packet", nil)
		return
	case innerTooShort:
		violate(GTPv1, c, r, "Truncated GTPv1", nil)
		return
	case innerTooLong:
		violate(GTPv1, c, r, "GTPv1 payload length", nil)
		return
	}
	*valid = true
	if !d.opt.DelayGTPConfirmation || c.State.gtpOrig && c.State.gtpResp {
		confirm(GTPv1, c, r)
	}
	d.discard.Reset()
	if h := &d.gtp.on.GPDUPacket; h.On() && d.inner.View(inner, &d.discard) {
		e := h.Begin()
		*e = event.GTPv1GPDUPacket{Conn: c.Conn, InnerGTP: m.header()}
		d.inner.FillPktHdr(&e.InnerIP, &d.headers, d.headerWeirds(c))
		h.Raise(e)
	}
	r.VNI, r.HasVNI = m.teid, true
	r.Inner, r.Payload = InnerIP, inner
}
