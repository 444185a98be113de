package logs

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// radius builds radius.log after Zeek's base/protocols/radius: a row an authentication, at
// its decision or at the end of its flow.
type radius struct {
	states[radiusState]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.RADIUS
	uidBuf []byte
}

// A radiusState is the state of an authentication. Its buffers are reused.
type radiusState struct {
	ts                                            value.Time
	framed                                        value.Opt[netip.Addr]
	username, mac, tunnelClient, connectInfo, msg radiusText
}

// radiusText is the value of an attribute, which has at most 253 bytes.
type radiusText struct{ optText }

// Codes of messages (RFC 2865 section 3).
const (
	radiusAccessRequest   = 1
	radiusAccessAccept    = 2
	radiusAccessReject    = 3
	radiusAccessChallenge = 11
)

// Types of attributes (RFC 2865 section 5, RFC 2868 section 3.3, RFC 2869 section 5.11).
const (
	radiusUserName       = 1
	radiusFramedAddress  = 8
	radiusReplyMessage   = 18
	radiusCallingStation = 31
	radiusTunnelClient   = 66
	radiusConnectInfo    = 77
)

func installRADIUS(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &radius{out: out, now: o.Now}
	b.init(h, func(c event.Conn, s *radiusState) { b.write(c, s, "unknown", value.Opt[value.Interval]{}) })
	h.RADIUS.Message.Listen(b.message)
}

func (b *radius) message(e *event.RADIUSMessage) {
	m := &e.Result
	s := b.known(e.Conn)
	if s == nil {
		s = b.add(e.Conn)
		old := *s
		*s = radiusState{ts: b.now()}
		s.username.b, s.mac.b, s.tunnelClient.b, s.connectInfo.b, s.msg.b = old.username.b, old.mac.b, old.tunnelClient.b, old.connectInfo.b, old.msg.b
	}
	switch m.Code {
	case radiusAccessRequest:
		s.username.keep(m, radiusUserName)
		s.tunnelClient.keep(m, radiusTunnelClient)
		s.connectInfo.keep(m, radiusConnectInfo)
		if v, ok := radiusAttribute(m, radiusCallingStation); ok && !s.mac.ok {
			s.mac.b, s.mac.ok = appendNormalMAC(s.mac.b[:0], v), true
		}
	case radiusAccessChallenge:
		s.msg.keep(m, radiusReplyMessage)
		if v, ok := radiusAttribute(m, radiusFramedAddress); ok && !s.framed.OK {
			s.framed = value.Some(netip.IPv4Unspecified())
			if len(v) >= 4 {
				s.framed.V = netip.AddrFrom4([4]byte(v[:4]))
			}
		}
	case radiusAccessAccept:
		b.decided(e.Conn, s, "success")
	case radiusAccessReject:
		b.decided(e.Conn, s, "failed")
	}
}

// radiusAttribute returns the first attribute of a type.
func radiusAttribute(m *event.RADIUSMessageData, typ uint64) (v []byte, ok bool) {
	for i := range m.Attributes.V {
		if a := &m.Attributes.V[i]; a.Key == typ {
			return a.Value[0], true
		}
	}
	return nil, false
}

// keep sets t to the first attribute of a type, unless it is set.
func (t *radiusText) keep(m *event.RADIUSMessageData, typ uint64) {
	if v, ok := radiusAttribute(m, typ); ok && !t.ok {
		t.set(v)
	}
}

func (b *radius) decided(c event.Conn, s *radiusState, result string) {
	took := (b.now() - s.ts).Seconds()
	b.write(c, s, result, value.Opt[value.Interval]{V: value.Interval(took), OK: took != 0})
	b.drop(c, s)
}

func (b *radius) write(c event.Conn, s *radiusState, result string, ttl value.Opt[value.Interval]) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.RADIUS{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Username: s.username.column(), MAC: s.mac.column(), FramedAddr: s.framed, TunnelClient: s.tunnelClient.column(),
		ConnectInfo: s.connectInfo.column(), ReplyMsg: s.msg.column(), Result: value.Some(result), TTL: ttl,
	}
	b.out.Emit(&b.rec)
}

// appendNormalMAC appends a hardware address of 6 or 8 bytes in Zeek's form (normalize_mac):
// lower case with colons, whatever separates its digits. Anything else gives nothing.
func appendNormalMAC(dst, b []byte) []byte {
	start, n := len(dst), 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		default:
			continue
		}
		if n > 0 && n%2 == 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, c)
		n++
	}
	if n != 12 && n != 16 {
		return dst[:start]
	}
	return dst
}
