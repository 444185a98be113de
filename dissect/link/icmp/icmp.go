// Package icmp raises the events of ICMP and ICMPv6 (RFC 792, RFC 4443, RFC
// 4861), and knows which messages answer which.
//
// ICMP has connections like UDP. Their key has the addresses and, in place of
// ports, the type of the message and that of its counterpart. The engine
//
//   - drops a message of fewer than HeaderLen captured bytes (Zeek's check of
//     transport headers, with its weirds),
//   - takes Counterpart to build the key: the originator's port is the type, the
//     responder's the counterpart, and one-way keys match in one direction only,
//   - verifies the checksum (packet.IP.ChecksumOK) if all of the message was
//     captured, and gives up on the packet with the connection's weird
//     "bad_ICMP_checksum" (source Source) if it is wrong,
//   - adds the value that Deliver returns to the bytes of the sending side
//     (conn.log's orig_bytes and resp_bytes), and raises the returned weird.
package icmp

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Source is Zeek's name of the analyzer, for its weirds.
const Source = "ICMP"

// HeaderLen is the minimum length of an ICMP message in bytes, and the offset of
// its payload (RFC 792, RFC 4443 section 2.1).
const HeaderLen = 8

// ICMP types (RFC 792, RFC 950, RFC 1256).
const (
	typeEchoReply        = 0
	typeUnreachable      = 3
	typeEcho             = 8
	typeRouterAdvert     = 9
	typeRouterSolicit    = 10
	typeTimeExceeded     = 11
	typeTimestamp        = 13
	typeTimestampReply   = 14
	typeInfoRequest      = 15
	typeInfoReply        = 16
	typeAddressMask      = 17
	typeAddressMaskReply = 18
)

// ICMPv6 types (RFC 4443, RFC 2710, RFC 4861, RFC 4620, RFC 6275).
const (
	type6Unreachable      = 1
	type6PacketTooBig     = 2
	type6TimeExceeded     = 3
	type6ParameterProblem = 4
	type6Informational    = 128 // types below are errors
	type6Echo             = 128
	type6EchoReply        = 129
	type6MLDQuery         = 130
	type6MLDReport        = 131
	type6RouterSolicit    = 133
	type6RouterAdvert     = 134
	type6NeighborSolicit  = 135
	type6NeighborAdvert   = 136
	type6Redirect         = 137
	type6NodeQuery        = 139
	type6NodeReply        = 140
	type6HomeAgentRequest = 144
	type6HomeAgentReply   = 145
)

// Counterpart returns the type that answers, or is answered by, a message of
// type typ. Messages without a counterpart are one-way and have their code in
// its place. v6 is set for ICMPv6 (IP protocol 58).
func Counterpart(v6 bool, typ, code uint8) (counter uint16, oneWay bool) {
	c := counterparts4[typ]
	if v6 {
		c = counterparts6[typ]
	}
	if c == none {
		return uint16(code), true
	}
	return c, false
}

const none = 0xffff

var counterparts4 = pair(
	typeEcho, typeEchoReply,
	typeTimestamp, typeTimestampReply,
	typeInfoRequest, typeInfoReply,
	typeRouterSolicit, typeRouterAdvert,
	typeAddressMask, typeAddressMaskReply,
)

var counterparts6 = pair(
	type6Echo, type6EchoReply,
	type6RouterSolicit, type6RouterAdvert,
	type6NeighborSolicit, type6NeighborAdvert,
	type6MLDQuery, type6MLDReport,
	type6NodeQuery, type6NodeReply,
	type6HomeAgentRequest, type6HomeAgentReply,
)

func pair(types ...uint16) (t [256]uint16) {
	for i := range t {
		t[i] = none
	}
	for i := 0; i < len(types); i += 2 {
		t[types[i]], t[types[i+1]] = types[i+1], types[i]
	}
	return t
}

// Weird is an oddity in a message. It concerns the message's connection, or
// nothing in particular if Net is set (Zeek's conn_weird and net_weird). Its
// source is Source.
type Weird struct {
	Name string
	Addl string
	Net  bool
}

// Analyzer raises the ICMP events. It belongs to one shard.
type Analyzer struct {
	on *event.ICMPEvents

	// The fields below belong to the current message.
	conn   event.Conn
	info   event.ICMPInfo
	weird  Weird
	weirds *packet.Weirds
	quoted packet.IP

	nd []event.ICMP6NDOption // reused
}

// New returns an Analyzer that raises its events on hooks.
func New(hooks *event.Hooks) *Analyzer { return &Analyzer{on: &hooks.ICMP} }

// Deliver raises the events of the message in ip, whose Proto is 1 or 58, and
// which belongs to c. n is the number of bytes that it adds to the sender's
// payload: its length according to the IP header, or as captured if the header
// has none, without the 8 bytes of ICMP header. w has no Name if nothing is odd.
// Weirds about the extension headers of a quoted packet are added to weirds.
func (a *Analyzer) Deliver(c event.Conn, ip *packet.IP, weirds *packet.Weirds) (n int, w Weird) {
	b := ip.Payload
	if len(b) < HeaderLen {
		return 0, Weird{}
	}
	n = max(ip.PayloadLen, 0)
	if n == 0 {
		n = len(b)
	}
	b = b[:min(len(b), n)]
	if len(b) < HeaderLen {
		return 0, Weird{}
	}
	n -= HeaderLen

	typ, code := b[0], b[1]
	a.conn, a.weird, a.weirds = c, Weird{}, weirds
	a.info = event.ICMPInfo{
		V6:    ip.Proto == packet.ProtoICMPv6,
		IType: uint64(typ),
		ICode: uint64(code),
		Len:   uint64(n),
		TTL:   uint64(ip.TTL),
	}
	hdr, body := b[:HeaderLen], b[HeaderLen:]
	if a.info.V6 {
		a.message6(typ, hdr, body)
	} else {
		a.message4(typ, hdr, body)
	}
	a.conn = nil
	return n, a.weird
}

func (a *Analyzer) message4(typ uint8, hdr, body []byte) {
	switch typ {
	case typeEcho:
		a.echoRequest(hdr, body)
	case typeEchoReply:
		a.echoReply(hdr, body)
	case typeUnreachable:
		if e := a.on.Unreachable.Begin(); e != nil {
			*e = event.ICMPUnreachable{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote4(body, &e.Context)
			a.on.Unreachable.Raise(e)
		}
	case typeTimeExceeded:
		if e := a.on.TimeExceeded.Begin(); e != nil {
			*e = event.ICMPTimeExceeded{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote4(body, &e.Context)
			a.on.TimeExceeded.Raise(e)
		}
	default:
		a.other(body)
	}
}

func (a *Analyzer) message6(typ uint8, hdr, body []byte) {
	switch typ {
	case type6Echo:
		a.echoRequest(hdr, body)
	case type6EchoReply:
		a.echoReply(hdr, body)
	case type6Unreachable:
		if e := a.on.Unreachable.Begin(); e != nil {
			*e = event.ICMPUnreachable{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote6(body, &e.Context)
			a.on.Unreachable.Raise(e)
		}
	case type6PacketTooBig:
		if e := a.on.PacketTooBig.Begin(); e != nil {
			*e = event.ICMPPacketTooBig{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote6(body, &e.Context)
			a.on.PacketTooBig.Raise(e)
		}
	case type6TimeExceeded:
		if e := a.on.TimeExceeded.Begin(); e != nil {
			*e = event.ICMPTimeExceeded{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote6(body, &e.Context)
			a.on.TimeExceeded.Raise(e)
		}
	case type6ParameterProblem:
		if e := a.on.ParameterProblem.Begin(); e != nil {
			*e = event.ICMPParameterProblem{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote6(body, &e.Context)
			a.on.ParameterProblem.Raise(e)
		}
	case type6RouterSolicit:
		if e := a.on.RouterSolicitation.Begin(); e != nil {
			*e = event.ICMPRouterSolicitation{Conn: a.conn, Info: a.info, Options: a.options(body)}
			a.on.RouterSolicitation.Raise(e)
		}
	case type6RouterAdvert:
		a.routerAdvertisement(hdr, body)
	case type6NeighborSolicit:
		if h := &a.on.NeighborSolicitation; h.On() && a.fits("icmp6_ns_bad_opt_offset", body, 16) {
			e := h.Begin()
			*e = event.ICMPNeighborSolicitation{Conn: a.conn, Info: a.info,
				Tgt: addr6(body), Options: a.options(body[16:])}
			h.Raise(e)
		}
	case type6NeighborAdvert:
		if h := &a.on.NeighborAdvertisement; h.On() && a.fits("icmp6_na_bad_opt_offset", body, 16) {
			e := h.Begin()
			*e = event.ICMPNeighborAdvertisement{Conn: a.conn, Info: a.info,
				Router: hdr[4]&0x80 != 0, Solicited: hdr[4]&0x40 != 0, Override: hdr[4]&0x20 != 0,
				Tgt: addr6(body), Options: a.options(body[16:])}
			h.Raise(e)
		}
	case type6Redirect:
		if h := &a.on.Redirect; h.On() && a.fits("icmp6_redirect_bad_opt_offset", body, 32) {
			e := h.Begin()
			*e = event.ICMPRedirect{Conn: a.conn, Info: a.info,
				Tgt: addr6(body), Dest: addr6(body[16:]), Options: a.options(body[32:])}
			h.Raise(e)
		}
	default:
		if typ >= type6Informational {
			a.other(body)
			return
		}
		if e := a.on.ErrorMessage.Begin(); e != nil {
			*e = event.ICMPErrorMessage{Conn: a.conn, Info: a.info, Code: a.info.ICode}
			a.quote6(body, &e.Context)
			a.on.ErrorMessage.Raise(e)
		}
	}
}

// other raises the general events for messages without an event of their own.
func (a *Analyzer) other(body []byte) {
	if e := a.on.Sent.Begin(); e != nil {
		*e = event.ICMPSent{Conn: a.conn, Info: a.info}
		a.on.Sent.Raise(e)
	}
	if e := a.on.SentPayload.Begin(); e != nil {
		*e = event.ICMPSentPayload{Conn: a.conn, Info: a.info, Payload: body}
		a.on.SentPayload.Raise(e)
	}
}

func (a *Analyzer) echoRequest(hdr, body []byte) {
	if e := a.on.EchoRequest.Begin(); e != nil {
		*e = event.ICMPEchoRequest{Conn: a.conn, Info: a.info,
			ID:  uint64(binary.BigEndian.Uint16(hdr[4:])),
			Seq: uint64(binary.BigEndian.Uint16(hdr[6:])), Payload: body}
		a.on.EchoRequest.Raise(e)
	}
}

func (a *Analyzer) echoReply(hdr, body []byte) {
	if e := a.on.EchoReply.Begin(); e != nil {
		*e = event.ICMPEchoReply{Conn: a.conn, Info: a.info,
			ID:  uint64(binary.BigEndian.Uint16(hdr[4:])),
			Seq: uint64(binary.BigEndian.Uint16(hdr[6:])), Payload: body}
		a.on.EchoReply.Raise(e)
	}
}

// routerAdvertisement reads a router advertisement (RFC 4861 section 4.2) with
// the flags of RFC 4191, RFC 4389 and RFC 6275.
func (a *Analyzer) routerAdvertisement(hdr, body []byte) {
	h := &a.on.RouterAdvertisement
	if !h.On() || !a.fits("icmp6_ra_bad_opt_offset", body, 8) {
		return
	}
	flags := hdr[5]
	e := h.Begin()
	*e = event.ICMPRouterAdvertisement{
		Conn:        a.conn,
		Info:        a.info,
		CurHopLimit: uint64(hdr[4]),
		Managed:     flags&0x80 != 0,
		Other:       flags&0x40 != 0,
		HomeAgent:   flags&0x20 != 0,
		Pref:        uint64(flags & 0x18 >> 3),
		Proxy:       flags&0x04 != 0,
		Rsv:         uint64(flags & 0x02),

		RouterLifetime: value.Interval(binary.BigEndian.Uint16(hdr[6:])),
		ReachableTime:  milliseconds(body),
		RetransTimer:   milliseconds(body[4:]),
		Options:        a.options(body[8:]),
	}
	h.Raise(e)
}

// fits reports whether body has the n bytes that precede the options, and sets
// the weird if not.
func (a *Analyzer) fits(weird string, body []byte, n int) bool {
	if len(body) >= n {
		return true
	}
	a.weird = Weird{Name: weird, Net: true,
		Addl: strconv.Itoa(n) + " (length " + strconv.Itoa(len(body)) + ")"}
	return false
}

func milliseconds(b []byte) value.Interval {
	return value.Interval(float64(binary.BigEndian.Uint32(b)) * 0.001)
}

func seconds(b []byte) value.Interval { return value.Interval(binary.BigEndian.Uint32(b)) }

func addr6(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)).Unmap() }
