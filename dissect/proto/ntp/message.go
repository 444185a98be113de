package ntp

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Modes (RFC 5905 figure 10).
const (
	modeClient    = 3
	modeServer    = 4
	modeBroadcast = 5
	modeControl   = 6
	modePrivate   = 7

	modeBits = 7
)

// Lengths of what may follow a message: key ID and digest.
const (
	macLen        = 4 + 16 // RFC 5905 section 7.3
	longMACLen    = 4 + 20 // RFC 5906
	controlMACLen = 4 + 8  // RFC 1119 appendix B
)

// decode decodes a message into m, which is zero, and returns what is wrong with it.
func decode(b []byte, m *event.NTPMessageData) *wire.Malformed {
	c := wire.NewCursor(b)
	first := c.U8("NTP_PDU:first_byte")
	m.Version, m.Mode = uint64(first>>3&7), uint64(first&modeBits)
	outer := c.Record()
	switch {
	case m.Mode >= 1 && m.Mode <= modeBroadcast:
		m.StdMsg.OK = true
		standard(&c, &m.StdMsg.V)
	case m.Mode == modeControl:
		m.ControlMsg.OK = true
		control(&c, &m.ControlMsg.V)
	case m.Mode == modePrivate:
		m.Mode7Msg.OK = true
		private(&c, &m.Mode7Msg.V)
	}
	c.End(outer)
	return c.Err()
}

// standard reads a message that carries the time (RFC 5905 section 7.3).
func standard(c *wire.Cursor, m *event.NTPStandardMessage) {
	h := c.Head(47, "NTP_std_msg:transmit_ts")
	m.Stratum = uint64(h[0])
	m.Poll, m.Precision = power(h[1]), power(h[2])
	m.RootDelay, m.RootDisp = short(h[3:]), short(h[7:])
	id := h[11:15:15]
	switch m.Stratum {
	case 0:
		m.KissCode = value.Some(id)
	case 1:
		m.RefID = value.Some(id)
	default:
		m.RefAddr = value.Some(netip.AddrFrom4([4]byte(id)))
	}
	m.RefTime, m.OrgTime, m.RecTime, m.XmtTime = timestamp(h[15:]), timestamp(h[23:]), timestamp(h[31:]), timestamp(h[39:])
	for c.Len() > longMACLen {
		extension(c)
		m.NumExts++
	}
	switch c.Len() {
	case macLen, longMACLen:
		m.KeyID = value.Some(uint64(c.U32("NTP_MAC:key_id")))
		m.Digest = value.Some(c.Rest())
	}
}

// extension skips an extension field in Autokey's form (RFC 5906 section 10), the only one
// that Zeek knows.
func extension(c *wire.Cursor) {
	before := c.Len()
	outer := c.Record()
	c.Take(2, "Extension_Field:field_type")
	size := uint32(c.U16("Extension_Field:len"))
	if c.OK() && size < 16 {
		c.Fail(wire.Enforce("Extension_Field:len"))
	}
	c.Take(10, "Extension_Field:filestamp")
	n := c.U32("Extension_Field:value_len")
	if c.OK() && (size < 18 || n > size-18) {
		c.Fail(wire.Enforce("Extension_Field:value_len"))
	}
	c.Take(int(n), "Extension_Field:value")
	signature := c.U32("Extension_Field:sig_len")
	if c.OK() && (size < 22 || n > size-22) {
		c.Fail(wire.Enforce("Extension_Field:sig_len"))
	}
	c.Take(int(signature), "Extension_Field:signature")
	if read := before - c.Len(); c.OK() && read < int(size) {
		c.Take(int(size)-read, "Extension_Field:pad")
	}
	c.End(outer)
}

// control reads a control message (RFC 9327 section 2).
func control(c *wire.Cursor, m *event.NTPControlMessage) {
	h := c.Head(11, "NTP_control_msg:c")
	bits, n := h[0], int(binary.BigEndian.Uint16(h[9:]))
	m.RespBit, m.ErrBit, m.MoreBit, m.OpCode = bits&0x80 != 0, bits&0x40 != 0, bits&0x20 != 0, uint64(bits&0x1f)
	m.Sequence = uint64(binary.BigEndian.Uint16(h[1:]))
	m.Status = uint64(binary.BigEndian.Uint16(h[3:]))
	m.AssociationID = uint64(binary.BigEndian.Uint16(h[5:]))
	if data := c.Take(n, "NTP_control_msg:data"); n > 0 {
		m.Data = value.Some(data)
	}
	if c.Len() == controlMACLen {
		m.KeyID = value.Some(uint64(c.U32("NTP_CONTROL_MAC:key_id")))
		m.CryptoChecksum = value.Some(c.Rest())
	}
}

// private reads a private message. As in Zeek the data has as many bytes as there are
// items.
func private(c *wire.Cursor, m *event.NTPMode7Message) {
	h := c.Head(5, "NTP_mode7_msg:err_and_data_len")
	n := binary.BigEndian.Uint16(h[3:])
	m.AuthBit, m.Sequence = h[0]&0x80 != 0, uint64(h[0]&0x7f)
	m.Implementation, m.ReqCode, m.Err = uint64(h[1]), uint64(h[2]), uint64(n>>12)
	n &= 0xfff
	if data := c.Take(int(n), "NTP_mode7_msg:data"); n > 0 {
		m.Data = value.Some(data)
	}
	if m.AuthBit {
		c.Take(macLen, "NTP_MAC:digest")
	}
}

// power returns 2 to the power of a signed byte.
func power(b byte) value.Interval { return value.Interval(math.Ldexp(1, int(int8(b)))) }

// short returns an interval of 16 bits each before and after the point (RFC 5905 section
// 6). Both are signed, as in Zeek.
func short(b []byte) value.Interval {
	seconds, fraction := int16(binary.BigEndian.Uint16(b)), int16(binary.BigEndian.Uint16(b[2:]))
	return value.Interval(float64(seconds) + float64(fraction)/(1<<16))
}

// epoch is the beginning of NTP's first era in Unix time.
const epoch = -2208988800

// timestamp returns a timestamp of the first era (RFC 5905 section 6), rounded to
// microseconds from a double, as Zeek's writers do it; 0 stays 0.
func timestamp(b []byte) value.Time {
	seconds, fraction := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if seconds == 0 && fraction == 0 {
		return 0
	}
	t := float64(epoch+int64(seconds)) + float64(fraction)/(1<<32)
	whole := math.Floor(t)
	return value.Time(whole)*value.Second + value.Time(math.Round((t-whole)*1e6))*(value.Second/1e6)
}
