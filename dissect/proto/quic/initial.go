package quic

import (
	"fmt"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// Types of frames that Initial packets may have (RFC 9000 section 12.4).
const (
	framePadding         = 0x00
	framePing            = 0x01
	frameACK             = 0x02
	frameACKECN          = 0x03
	frameCrypto          = 0x06
	frameConnectionClose = 0x1c
)

// initial handles the Initial packet b, whose packet number begins at offset at.
func (a *analyzer) initial(isOrig bool, v *version, h *header, b []byte, at int) {
	if e := a.f.hooks.InitialPacket.Begin(); e != nil {
		*e = event.QUICInitialPacket{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid}
		a.f.hooks.InitialPacket.Raise(e)
	}
	s := &a.side[conn.Side(isOrig)]
	if s.finished || !isOrig && !a.keyed {
		return
	}
	if isOrig {
		a.shorts.Longer = uint8(len(h.scid))
		if !a.keyed {
			a.dcid, a.keyed = append(a.dcid[:0], h.dcid...), true
		}
	} else {
		a.shorts.Longer = uint8(len(h.dcid))
	}
	if n := len(b) - at; n > maxPayload {
		a.violate(fmt.Sprintf("payload_length too large %d", n))
		return
	}
	if s.keys == nil || s.keys.version != v {
		a.dropKeys(s)
		s.keys = newKeys(v, a.dcid, conn.Side(isOrig))
		a.HoldState(keysSize)
	}
	frames := a.f.open(s.keys, b, at)
	if len(frames) == 0 {
		a.violate("decryption failed")
		return
	}
	a.Confirm()
	a.decrypted++
	a.frames(isOrig, h, frames)
	if s.finished {
		a.dropKeys(s) // no more of its packets are decrypted
	}
}

func (a *analyzer) dropKeys(s *side) {
	if s.keys != nil {
		s.keys = nil
		a.HoldState(-keysSize)
	}
}

// frames parses the frames of a packet (RFC 9000 section 19).
func (a *analyzer) frames(isOrig bool, h *header, b []byte) {
	c := wire.NewCursor(b)
	for c.More() && !a.off {
		switch typ := c.U8("frame_type"); typ {
		case framePadding:
			rest := c.Peek()
			n := 0
			for n < len(rest) && rest[n] == framePadding {
				n++
			}
			c.Take(n, "padding")
		case framePing:
		case frameACK, frameACKECN:
			ack(&c, typ == frameACKECN)
		case frameCrypto:
			offset := varint64(&c, "offset")
			if data := c.Take(varint(&c, "length"), "cryptodata"); c.OK() {
				a.crypto(isOrig, offset, data)
			}
		case frameConnectionClose:
			a.close(isOrig, h, &c)
		default:
			a.violate(fmt.Sprintf("unhandled frame type 0x%02x in %d", typ, h.first>>typeShift&typeMask))
			return
		}
	}
	if !c.OK() {
		a.violate(c.Err().Error())
	}
}

// ack reads an ACK frame (RFC 9000 section 19.3).
func ack(c *wire.Cursor, ecn bool) {
	varint64(c, "latest_ack")
	varint64(c, "ack_delay")
	n := varint64(c, "ack_range_count")
	varint64(c, "first_ack_range")
	for ; n > 0 && c.OK(); n-- {
		varint64(c, "gap")
		varint64(c, "ack_range_length")
	}
	if ecn {
		varint64(c, "ect0")
		varint64(c, "ect1")
		varint64(c, "ecn_ce")
	}
}

// close reads a CONNECTION_CLOSE frame (RFC 9000 section 19.19).
func (a *analyzer) close(isOrig bool, h *header, c *wire.Cursor) {
	code := varint64(c, "error_code")
	varint64(c, "frame_type")
	reason := c.Take(varint(c, "reason_phrase_length"), "reason_phrase")
	if !c.OK() {
		return
	}
	if e := a.f.hooks.ConnectionCloseFrame.Begin(); e != nil {
		*e = event.QUICConnectionCloseFrame{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid,
			ErrorCode: code, ReasonPhrase: reason}
		a.f.hooks.ConnectionCloseFrame.Raise(e)
	}
}
