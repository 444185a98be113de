// Package ike analyzes IKE, the key exchange of IPsec, in its versions 1 (RFC 2408, RFC 2409)
// and 2 (RFC 7296), over UDP with and without the marker that tells it from ESP (RFC 3948), and
// over TCP (RFC 9329).
// What is raised follows Corelight's package zeek-spicy-ipsec, whose names services and events
// have.
//
// Payloads that version 2 has only inside encrypted ones, such as identities, are passed over
// where they are not, and so are unknown ones.
package ike

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Names of the protocols: IKE, IKE with a marker beside ESP, and the same over TCP.
const (
	nameAlone = "SPICY_IPSEC_IKE_UDP"
	nameOfESP = "SPICY_IPSEC_UDP"
	nameTCP   = "SPICY_IPSEC_TCP"
)

const (
	portESP   = 4500 // RFC 3948 section 2
	markerLen = 4    // zeros before a message of IKE (RFC 3948 section 2.2)
	keepalive = 0xff // a datagram of one byte (RFC 3948 section 2.3)

	headerLen  = 28 // RFC 7296 section 3.1
	payloadLen = 4  // of the header of a payload (RFC 7296 section 3.2)

	espHeaderLen = 8   // RFC 4303 section 2
	leastESP     = 24  // with a trailer and a tag of 12 bytes
	leastSPI     = 256 // RFC 4303 section 2.1
	// A packet of ESP counts for the detection if its sequence number is below espFirst, or
	// at most espStep above that of the packet before. tries bounds how many packets of a flow
	// are waited for that do.
	espFirst = 1 << 24
	espStep  = 1024
	tries    = 16
)

// Options are limits. DefaultOptions returns the defaults.
type Options struct {
	// strongSwan's default proposals have about 50.
	Items int `key:"limits.ipsec_items" unit:"count" min:"1" doc:"payloads, proposals, transforms and their attributes of an IKE message that are told"`
}

// DefaultOptions returns the defaults. Zeek does not read IKE.
func DefaultOptions() Options { return Options{Items: 1000} }

// New returns the protocols for one shard: IKE alone, IKE with a marker and ESP beside it, and
// that over TCP. Their analyzers raise their events on h.
func New(h *event.Hooks, o Options) (alone, withESP, tcp *detect.Protocol) {
	s := &shard{hooks: &h.IPSEC, most: o.Items, framer: wire.NewFramer(lenLen, 1<<16-1, frameLen)}
	alone = &detect.Protocol{Transport: value.ProtoUDP, Signatures: []detect.Signature{{Orig: isAlone}, {Resp: isAlone}}}
	alone.Protocol = conn.Protocol{Name: nameAlone, Service: "spicy_ipsec_ike_udp", New: s.attach}
	withESP = &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{portESP}, Signatures: []detect.Signature{{Orig: isMarked}, {Resp: isMarked}}}
	withESP.Protocol = conn.Protocol{Name: nameOfESP, Service: "spicy_ipsec_udp", New: s.attachESP}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, prefix) }}}}
	tcp.Protocol = conn.Protocol{Name: nameTCP, Service: "spicy_ipsec_tcp", New: s.attachTCP, Size: freelist.Size[stream]()}
	return alone, withESP, tcp
}

func isAlone(b []byte) detect.Verdict {
	if isMessage(b) {
		return detect.Match
	}
	return detect.NoMatch
}

func isMarked(b []byte) detect.Verdict {
	if len(b) >= markerLen && binary.BigEndian.Uint32(b) == 0 && isMessage(b[markerLen:]) {
		return detect.Match
	}
	return detect.NoMatch
}

// Exchanges of version 1 (RFC 2408 section 3.1, RFC 2409 appendix A), by bit: all of them,
// Transaction (draft-ietf-ipsec-isakmp-mode-cfg) included. Those of version 2 are a range.
const (
	exchangesV1     = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<32 | 1<<33
	firstExchangeV2 = 34
	lastExchangeV2  = 44 // IKE_FOLLOWUP_KE (RFC 9370)
)

// Flags of versions 1 (RFC 2408 section 3.1) and 2 (RFC 7296 section 3.1).
const (
	flagsV1       = 0x07
	flagsV2       = 0x38
	flagEncrypted = 0x01
)

// isMessage reports whether a datagram is a message and nothing else, as far as its header and
// that of its first payload tell.
func isMessage(b []byte) bool {
	if len(b) < headerLen || int64(binary.BigEndian.Uint32(b[24:])) != int64(len(b)) || binary.BigEndian.Uint64(b) == 0 {
		return false
	}
	next, exchange, flags := b[16], b[18], b[19]
	switch b[17] {
	case 0x10:
		if exchange > 33 || exchangesV1>>exchange&1 == 0 || flags&^flagsV1 != 0 || next == 0 {
			return false
		}
		if flags&flagEncrypted != 0 {
			return binary.BigEndian.Uint64(b[8:]) != 0 && len(b) > headerLen
		}
	case 0x20:
		if exchange < firstExchangeV2 || exchange > lastExchangeV2 || flags&^flagsV2 != 0 || next < payloadSA {
			return false
		}
	default:
		return false
	}
	if len(b) < headerLen+payloadLen || b[29]&0x7f != 0 {
		return false
	}
	n := int(binary.BigEndian.Uint16(b[30:]))
	return n >= payloadLen && headerLen+n <= len(b)
}

// shard holds what the analyzers of one shard share.
type shard struct {
	hooks   *event.IPSECEvents
	most    int // Options.Items
	framer  *wire.Framer
	free    freelist.List[analyzer]
	streams freelist.List[stream]
	spis    value.Set[[]byte]
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s, name: nameAlone}
	return a
}

func (s *shard) attachESP(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s, name: nameOfESP, marked: true}
	return a
}

// analyzer follows one flow.
type analyzer struct {
	conn.Use
	s      *shard
	name   string // of the protocol
	marked bool   // messages have the marker, and ESP is beside them
	sure   bool   // confirmed
	tried  uint8
	spi    [2]uint32 // of the last packet of ESP, by side, as seq
	seq    [2]uint32
}

// Data takes a datagram.
func (a *analyzer) Data(isOrig bool, b []byte) {
	switch {
	case len(b) == 1 && b[0] == keepalive:
	case !a.marked:
		a.message(isOrig, b)
	case len(b) < markerLen:
		a.wrong()
	case binary.BigEndian.Uint32(b) == 0:
		a.message(isOrig, b[markerLen:])
	default:
		a.esp(isOrig, b)
	}
}

// wrong reports a datagram that is neither IKE nor ESP.
func (a *analyzer) wrong() {
	a.Violate(conn.Violation{Reason: "error while parsing IPSecIKE record"})
}

// confirm reports that the protocol is certain.
func (a *analyzer) confirm() {
	a.sure = true
	a.Confirm()
}

// message takes a message.
func (a *analyzer) message(isOrig bool, b []byte) {
	if !a.sure && !isMessage(b) {
		a.wrong()
		return
	}
	payloads, ok := payloadsOf(b)
	if !ok {
		a.wrong()
		return
	}
	a.confirm()
	r := reader{a: a, isOrig: isOrig}
	r.message(b, payloads)
}

// esp takes a packet of ESP (RFC 4303 section 2). One alone proves nothing, since it has no
// signature: another must follow with the same association and a higher sequence number. The
// types of WireGuard's messages are no associations here.
func (a *analyzer) esp(isOrig bool, b []byte) {
	if len(b) < espHeaderLen {
		if !a.sure {
			a.wrong()
		}
		return
	}
	spi, seq := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if !a.sure {
		side := conn.Side(isOrig)
		follows := a.spi[side] == spi && seq-a.seq[side]-1 < espStep
		wireGuard := spi&0xffffff == 0 && spi>>24 <= 4
		a.tried++
		if len(b) < leastESP || len(b)%4 != 0 || spi < leastSPI || wireGuard || !follows && seq >= espFirst || a.tried > tries {
			a.wrong()
			return
		}
		a.spi[side], a.seq[side] = spi, seq
		if follows {
			a.confirm()
		}
	}
	if e := a.s.hooks.ESPMessage.Begin(); e != nil {
		*e = event.IPSECESPMessage{Conn: a.Conn(), IsOrig: isOrig, Msg: event.ESPMsg{SPI: uint64(spi), Seq: uint64(seq), PayloadLen: uint64(len(b) - espHeaderLen)}}
		a.s.hooks.ESPMessage.Raise(e)
	}
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() {
	a.spi[0], a.spi[1] = a.spi[1], a.spi[0]
	a.seq[0], a.seq[1] = a.seq[1], a.seq[0]
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.s.free.Put(a) }
