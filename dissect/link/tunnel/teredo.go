package tunnel

import (
	"encoding/binary"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Headers of RFC 4380 section 5.1.1 by their first two bytes.
const (
	teredoOrigin    = 0
	teredoAuth      = 1
	teredoOriginLen = 8
	// A client identifier and an authentication value separate the two parts of
	// the authentication header.
	teredoAuthHead = 4
	teredoAuthTail = 8 + 1 // nonce and confirmation byte
)

// looksLikeTeredo recognizes an IPv6 packet with a Teredo address (2001::/32),
// and an origin indication before an IPv6 packet, with or without an
// authentication header in front.
func looksLikeTeredo(b []byte) bool {
	if len(b) < ipv6Header || b[0]>>4 != 6 && (b[0] != 0 || b[1] > 1) {
		return false
	}
	const prefix = 0x20010000
	if b[0]>>4 == 6 && (binary.BigEndian.Uint32(b[8:]) == prefix || binary.BigEndian.Uint32(b[24:]) == prefix) {
		return true
	}
	next := uint16(b[1])
	if next == teredoAuth {
		n := teredoAuthHead + int(b[2]) + int(b[3]) + teredoAuthTail
		if len(b) < n+ipv6Header {
			return false
		}
		b = b[n:]
		next = binary.BigEndian.Uint16(b)
	}
	if next != teredoOrigin {
		return false
	}
	b = b[teredoOriginLen:]
	return len(b) >= ipv6Header && b[0]>>4 == 6
}

// teredoPacket is a decoded Teredo packet; auth and origin may be nil.
type teredoPacket struct{ auth, origin, inner []byte }

// parse reads the headers before the inner packet. If it fails, rest is the
// part that it has not read, and weird is set if bytes are missing.
func (t *teredoPacket) parse(b []byte) (rest []byte, weird string, ok bool) {
	for {
		if len(b) < 2 {
			return b, "truncated_Teredo", false
		}
		switch tag := binary.BigEndian.Uint16(b); {
		case tag == teredoOrigin:
			if t.origin != nil {
				return b, "", false
			}
			if len(b) < teredoOriginLen {
				return b, "truncated_Teredo_origin_indication", false
			}
			t.origin, b = b[:teredoOriginLen], b[teredoOriginLen:]
		case tag == teredoAuth:
			if t.origin != nil || t.auth != nil {
				return b, "", false
			}
			if len(b) < teredoAuthHead {
				return b, "truncated_Teredo_authentication", false
			}
			n := teredoAuthHead + int(b[2]) + int(b[3]) + teredoAuthTail
			if len(b) < n {
				return b, "truncated_Teredo_authentication", false
			}
			t.auth, b = b[:n], b[n:]
		case tag>>12 == 6:
			if len(b) < ipv6Header {
				return b, "truncated_IPv6_in_Teredo", false
			}
			t.inner = b
			return nil, "", true
		default:
			return b, "", false
		}
	}
}

// decodeTeredo decodes a Teredo packet and raises its events.
func (d *Decoder) decodeTeredo(c *Carrier, b []byte, r *Result) {
	var t teredoPacket
	rest, weird, ok := t.parse(b)
	if !ok {
		if weird != "" && c.State.verdict[Teredo] == Confirmed {
			d.connWeird(Teredo, weird)
		}
		violate(Teredo, c, r, "Bad Teredo encapsulation", b[:len(rest)])
		return
	}
	ip := &d.inner
	if !ip.View(t.inner, d.headerWeirds(c)) {
		violate(Teredo, c, r, "Truncated Teredo or invalid inner IP version", b[:len(t.inner)])
		return
	}
	bubble := ip.Proto == packet.ProtoNoNext
	switch {
	case len(t.inner) < ip.TotalLen:
		violate(Teredo, c, r, "Truncated Teredo or invalid inner IP version", b[:len(t.inner)])
		return
	case len(t.inner) > ip.TotalLen && bubble && ip.PayloadLen == 0:
		d.connWeird(Teredo, "Teredo_bubble_with_payload")
	case len(t.inner) > ip.TotalLen:
		violate(Teredo, c, r, "Teredo payload length", b[:len(t.inner)])
		return
	}
	s := c.State
	if c.IsOrig {
		s.teredoOrig = true
	} else {
		s.teredoResp = true
	}
	if !d.opt.DelayTeredoConfirmation || s.teredoOrig && s.teredoResp {
		confirm(Teredo, c, r)
	}
	d.teredo.raise(d, c, &t, bubble)
	r.Inner, r.Payload = InnerIP, t.inner
}

// teredoEvents raises the events of section Teredo.
type teredoEvents struct {
	on *event.TeredoEvents

	hdr event.TeredoHdr
}

func (e *teredoEvents) raise(d *Decoder, c *Carrier, t *teredoPacket, bubble bool) {
	onPacket := e.on.Packet.On()
	onAuth := t.auth != nil && e.on.Authentication.On()
	onOrigin := t.origin != nil && e.on.OriginIndication.On()
	onBubble := bubble && e.on.Bubble.On()
	if !onPacket && !onAuth && !onOrigin && !onBubble {
		return
	}
	e.hdr = event.TeredoHdr{}
	if b := t.auth; b != nil {
		idLen, valueLen := int(b[2]), int(b[3])
		tail := b[teredoAuthHead+idLen+valueLen:]
		e.hdr.Auth = value.Some(event.TeredoAuth{
			ID:      b[teredoAuthHead:][:idLen],
			Value:   b[teredoAuthHead+idLen:][:valueLen],
			Nonce:   binary.BigEndian.Uint64(tail),
			Confirm: uint64(tail[8]),
		})
	}
	if b := t.origin; b != nil {
		e.hdr.Origin = value.Some(event.TeredoOrigin{
			P: value.Port{Num: ^binary.BigEndian.Uint16(b[2:]), Proto: value.ProtoUDP},
			A: netip.AddrFrom4([4]byte{^b[4], ^b[5], ^b[6], ^b[7]}),
		})
	}
	d.inner.FillPktHdr(&e.hdr.Hdr, &d.headers, d.headerWeirds(c))
	if onPacket {
		x := e.on.Packet.Begin()
		*x = event.TeredoPacket{Conn: c.Conn, Inner: e.hdr}
		e.on.Packet.Raise(x)
	}
	if onAuth {
		x := e.on.Authentication.Begin()
		*x = event.TeredoAuthentication{Conn: c.Conn, Inner: e.hdr}
		e.on.Authentication.Raise(x)
	}
	if onOrigin {
		x := e.on.OriginIndication.Begin()
		*x = event.TeredoOriginIndication{Conn: c.Conn, Inner: e.hdr}
		e.on.OriginIndication.Raise(x)
	}
	if onBubble {
		x := e.on.Bubble.Begin()
		*x = event.TeredoBubble{Conn: c.Conn, Inner: e.hdr}
		e.on.Bubble.Raise(x)
	}
}
