// Package quic analyzes QUIC (RFC 9000, RFC 9369) as far as that is possible without the
// keys of an endpoint: the headers of its packets, and the contents of Initial packets, whose
// keys follow from a connection id on the wire (RFC 9001 section 5.2). The hellos of TLS in
// their CRYPTO frames go to the analyzer of TLS. The package follows Zeek's
// src/analyzer/protocol/quic.
package quic

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source  = "QUIC"
	service = "quic"
)

// ports are those of HTTP/3, and of DNS over QUIC, in RFC 9250 and before.
var ports = []uint16{443, 853, 784}

// Bits of the first byte of a packet (RFC 9000 section 17).
const (
	longForm   = 0x80
	fixedBit   = 0x40
	typeShift  = 4
	typeMask   = 3
	integrity  = 16 // length in bytes of a Retry's integrity tag
	minPayload = 20 // bytes that the sample for header protection needs (RFC 9001 section 5.4.2)
	// maxPayload is the length in bytes of the longest payload that is decrypted, as in Zeek.
	maxPayload = 10_000
	// maxNegotiations is how often the versions of a flow are followed from one to another.
	maxNegotiations = 4
)

// Options are limits.
type Options struct {
	// Compat says where the analysis follows Zeek.
	Compat compat.Set

	Discarded int `key:"limits.quic_max_discarded_packet_events" unit:"count" min:"-1" doc:"QUIC::discarded_packet events of a QUIC connection; 0 is no bound, -1 is none (QUIC::max_discarded_packet_events)"`
	Bytes     int `key:"limits.quic_crypto_bytes" unit:"bytes" min:"1" doc:"bytes of CRYPTO frames of a side of a QUIC connection that wait for those before them; more are left out"`
	Pieces    int `key:"limits.quic_crypto_pieces" unit:"count" min:"1" doc:"pieces in which those bytes may lie; more are left out"`
}

// DefaultOptions returns Zeek's limits, and room for every message that it takes.
func DefaultOptions() Options { return Options{Discarded: 100, Bytes: 32 << 10, Pieces: 128} }

// New describes the protocol to the detector. Its analyzers raise their events on h and pass
// the messages of TLS to tls.
func New(h *event.Hooks, tls *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.QUIC, tls: tls, opt: o,
		buffers: freelist.Buffers{Largest: maxKeptBuffer, Most: maxKeptBuffers}}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: ports}
	p.Protocol = conn.Protocol{Name: source, Service: service, New: f.new, Size: freelist.Size[analyzer]() + stateSize}
	if !o.Compat.Has(compat.QUIC) {
		s := detect.Anywhere(initial)
		p.Signatures = []detect.Signature{{Orig: s}, {Resp: s}}
	}
	f.protocol = &p.Protocol
	return p
}

// initial matches an Initial packet of a version that is analyzed, after the signatures of
// Zeek 9.1. In these versions connection ids have at most 20 bytes (RFC 9000 section 17.2).
func initial(b []byte) bool {
	if len(b) < 6 || b[0]&(longForm|fixedBit) != longForm|fixedBit || b[5] > 20 {
		return false
	}
	v := versionOf(binary.BigEndian.Uint32(b[1:]))
	return v != nil && v.types[b[0]>>typeShift&typeMask] == initialPacket
}

const (
	// stateSize is about how many bytes a connection takes besides its analyzer, for the row in
	// quic.log, and keysSize those of a side's keys.
	stateSize = 512
	keysSize  = 1856
	// maxKeptBuffer is the size in bytes of the largest buffer that is kept for other
	// connections, and maxKeptBuffers the number of them.
	maxKeptBuffer  = 8 << 10
	maxKeptBuffers = 256
)

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks    *event.QUICEvents
	tls      *conn.Protocol
	protocol *conn.Protocol
	opt      Options
	free     freelist.List[analyzer]
	buffers  freelist.Buffers
	// head and clear hold the header and the contents of the Initial packet that is being
	// decrypted.
	head, clear []byte
	scratch     scratch
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{Use: u, f: f, dcid: a.dcid[:0], side: [2]side{
		{crypto: crypto{pieces: a.side[0].pieces[:0]}},
		{crypto: crypto{pieces: a.side[1].pieces[:0]}},
	}, shorts: conn.Counted{Mask: longForm | fixedBit, Bits: fixedBit, Until: [2]uint64{1, 1}}}
	return a
}

// analyzer follows one flow. Index 0 is the originator's side, 1 the responder's.
type analyzer struct {
	conn.Use
	f    *factory
	side [2]side
	tls  conn.Handover

	// dcid is the connection id that the client has last chosen before it knew one of the
	// server: the first one, or the first after a Retry. If keyed is set, the keys are derived
	// from it.
	dcid  []byte
	keyed bool
	// off is set when nothing more is parsed.
	off          bool
	negotiations uint8

	// shorts counts packets with a short header up to the next threshold. Zeek expects the
	// client's connection id in every one.
	shorts conn.Counted

	decrypted, discarded uint64 // packets
}

// side is one direction.
type side struct {
	crypto
	keys *keys // nil until they are needed
}

// header is a long header (RFC 8999 section 5.1).
type header struct {
	first      byte
	version    uint32
	dcid, scid []byte
}

func readHeader(c *wire.Cursor) header {
	h := header{first: c.U8("first_byte"), version: c.U32("version")}
	h.dcid = c.Take(int(c.U8("dest_conn_id_len")), "dest_conn_id")
	h.scid = c.Take(int(c.U8("src_conn_id_len")), "src_conn_id")
	return h
}

// Data parses a datagram, which may have several packets (RFC 9000 section 12.2).
func (a *analyzer) Data(isOrig bool, b []byte) {
	for len(b) > 0 && !a.off {
		switch {
		case b[0]&(longForm|fixedBit) == fixedBit:
			a.short(isOrig, b)
			return
		case b[0]&fixedBit == 0:
			if !a.negotiation(isOrig, b) {
				a.discard(isOrig)
			}
			return
		}
		n := a.long(isOrig, b)
		if n == 0 {
			return
		}
		b = b[n:]
	}
}

// violate ends the analysis of the flow. Zeek's analyzer stops even where a violation takes
// nothing off.
func (a *analyzer) violate(reason string) {
	if !a.off {
		a.off = true
		a.Mute()
		a.Violate(conn.Violation{Reason: reason})
	}
}

// discard counts a packet without the fixed bit, which takes the rest of its datagram: the
// bytes that fill up a datagram look like one.
func (a *analyzer) discard(isOrig bool) {
	a.discarded++
	if a.decrypted == 0 {
		return
	}
	if most := a.f.opt.Discarded; most < 0 || most > 0 && a.discarded > uint64(most) {
		return
	}
	if e := a.f.hooks.DiscardedPacket.Begin(); e != nil {
		*e = event.QUICDiscardedPacket{Conn: a.Conn(), IsOrig: isOrig, TotalDecrypted: a.decrypted}
		a.f.hooks.DiscardedPacket.Raise(e)
	}
}

// short counts a packet with a short header (RFC 9000 section 17.3.1), the last of its
// datagram.
func (a *analyzer) short(isOrig bool, b []byte) {
	if len(b) <= int(a.shorts.Longer) {
		a.violate("a short header has no room for a connection id")
		return
	}
	if a.shorts.Count(isOrig, b) {
		return
	}
	i := conn.Side(isOrig)
	n := a.shorts.Until[i]
	a.shorts.N[i], a.shorts.Until[i] = n, 2*n
	if e := a.f.hooks.ShortHeaderPacketThresholdCrossed.Begin(); e != nil {
		*e = event.QUICShortHeaderPacketThresholdCrossed{Conn: a.Conn(), IsOrig: isOrig, Threshold: n}
		a.f.hooks.ShortHeaderPacketThresholdCrossed.Raise(e)
	}
	a.CountOnly(&a.shorts)
}

// long parses the packet with a long header at the front of b (RFC 9000 section 17.2) and
// returns its length, or 0 if nothing more of the datagram can be parsed.
func (a *analyzer) long(isOrig bool, b []byte) int {
	c := wire.NewCursor(b)
	h := readHeader(&c)
	if !c.OK() {
		a.violate(c.Err().Error())
		return 0
	}
	v := versionOf(h.version)
	if v == nil {
		a.unhandled(isOrig, &h, c.Peek())
		return 0
	}
	switch v.types[h.first>>typeShift&typeMask] {
	case initialPacket:
		c.Take(varint(&c, "token_length"), "token")
		n := varint(&c, "length")
		at := len(b) - c.Len()
		if c.OK() && n < minPayload {
			a.violate("the length of an Initial packet leaves no room for a sample: " + strconv.Itoa(n))
			return 0
		}
		if c.Take(n, "payload"); c.OK() {
			a.initial(isOrig, v, &h, b[:at+n], at)
		}
	case zeroRTTPacket:
		if c.Take(varint(&c, "length"), "payload"); c.OK() {
			if e := a.f.hooks.ZeroRTTPacket.Begin(); e != nil {
				*e = event.QUICZeroRTTPacket{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid}
				a.f.hooks.ZeroRTTPacket.Raise(e)
			}
		}
	case handshakePacket:
		if c.Take(varint(&c, "length"), "payload"); c.OK() {
			if e := a.f.hooks.HandshakePacket.Begin(); e != nil {
				*e = event.QUICHandshakePacket{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid}
				a.f.hooks.HandshakePacket.Raise(e)
			}
		}
	case retryPacket:
		a.retry(isOrig, &h, &c)
	}
	switch {
	case !c.OK():
		a.violate(c.Err().Error())
		return 0
	case a.off:
		return 0
	}
	return len(b) - c.Len()
}

// retry handles a Retry packet, which takes the rest of the datagram (RFC 9000 section
// 17.2.5). The keys that follow are derived from the server's connection id.
func (a *analyzer) retry(isOrig bool, h *header, c *wire.Cursor) {
	token := c.Take(c.Len()-integrity, "retry_token")
	tag := c.Take(integrity, "integrity_tag")
	if !c.OK() {
		return
	}
	if e := a.f.hooks.RetryPacket.Begin(); e != nil {
		*e = event.QUICRetryPacket{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid,
			RetryToken: token, RetryIntegrityTag: tag}
		a.f.hooks.RetryPacket.Raise(e)
	}
	a.restart()
}

// restart makes the analyzer expect the client's first Initial packet.
func (a *analyzer) restart() {
	for i := range a.side {
		a.release(&a.side[i])
		a.side[i].crypto = crypto{pieces: a.side[i].pieces[:0]}
		a.dropKeys(&a.side[i])
	}
	a.dcid, a.keyed = a.dcid[:0], false
	a.tls.Done()
}

// unhandled handles a packet of a version that is not analyzed.
func (a *analyzer) unhandled(isOrig bool, h *header, rest []byte) {
	a.raiseUnhandled(isOrig, h)
	if a.Compat(compat.QUIC) || a.negotiations == maxNegotiations {
		a.violate(unhandledVersion(h))
		return
	}
	_, googles := event.GoogleQUICVersion(uint64(h.version))
	switch {
	case isOrig && googles:
		// Its versions before the IETF's have packets of their own after this header.
		a.AddService(service)
		a.Detach()
		return
	case isOrig && h.version&0x0f0f0f0f == 0x0a0a0a0a:
		// A version that forces a negotiation (RFC 9000 section 6.3).
		a.restart()
		a.dcid = append(a.dcid, h.dcid...)
	case a.answers(isOrig, h, rest):
		a.restart()
	default:
		a.violate(unhandledVersion(h))
		return
	}
	a.negotiations++
}

func unhandledVersion(h *header) string {
	return "unhandled QUIC version 0x" + strconv.FormatUint(uint64(h.version), 16)
}

func (a *analyzer) raiseUnhandled(isOrig bool, h *header) {
	if e := a.f.hooks.UnhandledVersion.Begin(); e != nil {
		*e = event.QUICUnhandledVersion{Conn: a.Conn(), IsOrig: isOrig, Version: uint64(h.version), DCID: h.dcid, SCID: h.scid}
		a.f.hooks.UnhandledVersion.Raise(e)
	}
}

// negotiation handles a Version Negotiation packet without the fixed bit, which means nothing
// in it (RFC 9000 section 17.2.1), and reports whether b is one.
func (a *analyzer) negotiation(isOrig bool, b []byte) bool {
	if b[0]&longForm == 0 || isOrig || a.Compat(compat.QUIC) || a.negotiations == maxNegotiations {
		return false
	}
	c := wire.NewCursor(b)
	h := readHeader(&c)
	if !c.OK() || !a.answers(isOrig, &h, c.Peek()) {
		return false
	}
	a.raiseUnhandled(isOrig, &h)
	a.restart()
	a.negotiations++
	return true
}

// answers reports whether a packet is the server's answer to a version of the client that it
// does not have: a list of its own, after which the client begins again (RFC 9000 section
// 6.2).
func (a *analyzer) answers(isOrig bool, h *header, rest []byte) bool {
	return !isOrig && h.version == 0 && len(rest) > 0 && len(rest)%4 == 0 &&
		len(a.dcid) > 0 && bytes.Equal(h.scid, a.dcid)
}

// Gap does nothing: datagrams have no gaps.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing: datagrams have no end.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() {
	a.side[0], a.side[1] = a.side[1], a.side[0]
	k := &a.shorts
	k.N[0], k.N[1], k.Until[0], k.Until[1] = k.N[1], k.N[0], k.Until[1], k.Until[0]
}

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	a.off = true
	a.restart()
	a.f.free.Put(a)
}

// varint reads an integer of variable length (RFC 9000 section 16). One that no length can
// have is the largest int.
func varint(c *wire.Cursor, field string) int {
	return int(min(varint64(c, field), 1<<31-1))
}

func varint64(c *wire.Cursor, field string) uint64 {
	first := c.U8(field)
	v := uint64(first & 0x3f)
	for _, x := range c.Take(1<<(first>>6)-1, field) {
		v = v<<8 | uint64(x)
	}
	return v
}
