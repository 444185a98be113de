// Package stun analyzes STUN (RFC 8489) and TURN (RFC 8656) over UDP and TCP. What is raised
// follows Corelight's package zeek-spicy-stun, whose names services and events have.
//
// STUN shares its flows with other protocols (RFC 7983): media, DTLS and QUIC go between the
// same ports. Datagrams without the magic cookie are therefore passed over.
package stun

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Names of the protocols.
const (
	name    = "SPICY_STUN"
	nameTCP = "SPICY_STUN_TCP"
)

const (
	headerLen     = 20 // of a message (RFC 8489 section 5)
	attributeLen  = 4  // of an attribute's type and length (RFC 8489 section 14)
	channelLen    = 4  // of the header of ChannelData (RFC 8656 section 12.4)
	cookie        = 0x2112a442
	alignment     = 4 // of attributes, and of ChannelData over TCP
	lowestChannel = 0x4000
	topChannel    = 0x7fff // that of RFC 5766 section 11; RFC 8656 ends with 0x4fff
	maxMessage    = headerLen + 1<<16 - 1
	channelBind   = 0x009 // RFC 8656 section 17
	connBind      = 0x00b // RFC 6062 section 6.1
	success       = 2     // class of a response
	request       = 0
)

// Attributes that are read (RFC 8489 section 18.3, RFC 8656 section 18, RFC 5780 section 7).
const (
	mappedAddress     = 0x0001
	errorCode         = 0x0009
	unknownAttributes = 0x000a
	xorPeerAddress    = 0x0012
	xorRelayedAddress = 0x0016
	xorMappedAddress  = 0x0020
	alternateServer   = 0x8023
	otherAddress      = 0x802c
)

const malformed = "error while parsing STUN record"

// Options are limits. DefaultOptions returns the defaults.
type Options struct {
	// Messages of known methods have at most about 15.
	Attributes int `key:"limits.stun_attributes" unit:"count" min:"1" doc:"attributes of a STUN message that are told"`
}

// DefaultOptions returns the defaults. Zeek does not read STUN.
func DefaultOptions() Options { return Options{Attributes: 256} }

// New returns the protocols over UDP and TCP for one shard. Their analyzers raise their events
// on h.
func New(h *event.Hooks, o Options) (udp, tcp *detect.Protocol) {
	s := &shard{hooks: &h.STUN, most: o.Attributes, framer: wire.NewFramer(channelLen, maxMessage, frameLen)}
	udp = &detect.Protocol{Transport: value.ProtoUDP, Shared: true, Signatures: []detect.Signature{{Orig: isDatagram}, {Resp: isDatagram}}}
	udp.Protocol = conn.Protocol{Name: name, Service: "spicy_stun", New: s.attach}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{{Orig: isStream}}}
	tcp.Protocol = conn.Protocol{Name: nameTCP, Service: "spicy_stun_tcp", New: s.attachTCP, Size: freelist.Size[stream]()}
	return udp, tcp
}

// isDatagram reports whether a datagram is a message with the magic cookie and nothing else.
func isDatagram(b []byte) detect.Verdict {
	if len(b) < headerLen || binary.BigEndian.Uint32(b[4:]) != cookie || b[0] >= lowestChannel>>8 {
		return detect.NoMatch
	}
	if n := int(binary.BigEndian.Uint16(b[2:])); n%alignment != 0 || headerLen+n != len(b) {
		return detect.NoMatch
	}
	return detect.Match
}

// isStream reports whether a stream begins with the header of a message.
func isStream(b []byte) detect.Verdict {
	switch {
	case b[0] >= lowestChannel>>8, len(b) > 3 && b[3]%alignment != 0:
		return detect.NoMatch
	case len(b) < 8:
		return detect.NeedMore
	case binary.BigEndian.Uint32(b[4:]) != cookie:
		return detect.NoMatch
	case len(b) < headerLen:
		return detect.NeedMore
	}
	return detect.Match
}

// frameLen returns the length of a message or of ChannelData in a stream, or -1.
func frameLen(head []byte) int {
	typ, n := binary.BigEndian.Uint16(head), int(binary.BigEndian.Uint16(head[2:]))
	switch {
	case typ < lowestChannel && n%alignment == 0:
		return headerLen + n
	case typ >= lowestChannel && typ <= topChannel:
		return channelLen + (n+alignment-1)&^(alignment-1)
	}
	return -1
}

// shard holds what the analyzers of one shard share.
type shard struct {
	hooks   *event.STUNEvents
	most    int // Options.Attributes
	framer  *wire.Framer
	free    freelist.List[analyzer]
	streams freelist.List[stream]
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{reader: reader{Use: u, s: s, name: name}}
	return a
}

// reader reads messages for the analyzers of datagrams and streams.
type reader struct {
	conn.Use
	s    *shard
	name string // of the protocol
	// channels is set once a server has bound a channel. Until then nothing is ChannelData,
	// whose header is short: the short headers of QUIC begin with the same bits.
	channels bool
}

// A message is the header of a message.
type message struct {
	isOrig        bool
	method, class uint64
	id            []byte // of the transaction
}

// message reads a message, which b is whole. It reports whether it is well-formed.
func (r *reader) message(isOrig bool, b []byte) (m message, ok bool) {
	if !r.valid(b) {
		return m, false
	}
	r.Confirm()
	typ := uint64(binary.BigEndian.Uint16(b))
	m = message{
		isOrig: isOrig, id: b[8:headerLen],
		method: typ&0xf | typ>>1&0x70 | typ>>2&0xf80, class: typ>>4&1 | typ>>7&2,
	}
	n := 0
	for rest := b[headerLen:]; len(rest) > 0; n++ {
		if n == r.s.most {
			r.Limited(r.name, "attributes")
			break
		}
		size := int(binary.BigEndian.Uint16(rest[2:]))
		r.attribute(&m, uint64(binary.BigEndian.Uint16(rest)), rest[attributeLen:attributeLen+size:attributeLen+size])
		rest = rest[min(attributeLen+(size+alignment-1)&^(alignment-1), len(rest)):]
	}
	if m.method == channelBind && m.class == success {
		r.channels = true
	}
	if e := r.s.hooks.STUNPacket.Begin(); e != nil {
		*e = event.STUNSTUNPacket{Conn: r.Conn(), IsOrig: isOrig, Method: m.method, Class: m.class, TransID: m.id}
		r.s.hooks.STUNPacket.Raise(e)
	}
	return m, true
}

// valid reports whether a message has its cookie and its attributes are within it. A message
// that is not valid raises no events, not even of its first attributes.
func (r *reader) valid(b []byte) bool {
	if len(b) < headerLen || binary.BigEndian.Uint32(b[4:]) != cookie {
		return false
	}
	for rest := b[headerLen:]; len(rest) > 0; {
		if len(rest) < attributeLen {
			return false
		}
		typ, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if size > len(rest)-attributeLen {
			return false
		}
		switch typ {
		case errorCode:
			if size < 4 {
				return false
			}
		case mappedAddress, xorPeerAddress, xorRelayedAddress, xorMappedAddress, alternateServer, otherAddress:
			if v := rest[attributeLen:]; size < 4 || v[1] == 1 && size < 8 || v[1] == 2 && size < 20 {
				return false
			}
		}
		rest = rest[min(attributeLen+(size+alignment-1)&^(alignment-1), len(rest)):]
	}
	return true
}

// attribute raises the event of an attribute.
func (r *reader) attribute(m *message, typ uint64, v []byte) {
	switch typ {
	case errorCode:
		r.errorCode(m, v)
		return
	case mappedAddress, xorPeerAddress, xorRelayedAddress, xorMappedAddress, alternateServer, otherAddress:
		if v[1] == 1 || v[1] == 2 {
			r.address(m, typ, v)
			return
		}
	case unknownAttributes:
		v = v[:0] // as in the package
	}
	if e := r.s.hooks.StringAttribute.Begin(); e != nil {
		*e = event.STUNStringAttribute{Conn: r.Conn(), IsOrig: m.isOrig, Method: m.method, Class: m.class, TransID: m.id, AttrType: typ, AttrVal: v}
		r.s.hooks.StringAttribute.Raise(e)
	}
}

// address raises the event of an address (RFC 8489 section 14.1).
func (r *reader) address(m *message, typ uint64, v []byte) {
	e := r.s.hooks.MappedAddressAttribute.Begin()
	if e == nil {
		return
	}
	*e = event.STUNMappedAddressAttribute{
		Conn: r.Conn(), IsOrig: m.isOrig, Method: m.method, Class: m.class, TransID: m.id, AttrType: typ,
		XPort: uint64(binary.BigEndian.Uint16(v[2:])),
	}
	if v[1] == 1 {
		e.XAddr = netip.AddrFrom4([4]byte(v[4:8]))
	} else {
		e.XAddr = netip.AddrFrom16([16]byte(v[4:20]))
	}
	r.s.hooks.MappedAddressAttribute.Raise(e)
}

// errorCode raises the event of an error code (RFC 8489 section 14.8).
func (r *reader) errorCode(m *message, v []byte) {
	if class := int(v[2]); class < 3 || class > 6 {
		r.Weird("stun_invalid_err_class", "Error class "+strconv.Itoa(class)+" outside of required range [3, 6]", "")
	}
	if n := int(v[3]); n > 99 {
		r.Weird("stun_invalid_err_number", "Error number "+strconv.Itoa(n)+" outside of required range [0, 99]", "")
	}
	if e := r.s.hooks.ErrorCodeAttribute.Begin(); e != nil {
		*e = event.STUNErrorCodeAttribute{
			Conn: r.Conn(), IsOrig: m.isOrig, Method: m.method, Class: m.class, TransID: m.id, AttrType: errorCode,
			ErrClass: uint64(v[2]), Number: uint64(v[3]), Reason: v[4:],
		}
		r.s.hooks.ErrorCodeAttribute.Raise(e)
	}
}

// channelData raises the event of ChannelData, whose header b begins with.
func (r *reader) channelData(isOrig bool, b []byte) {
	if e := r.s.hooks.ChannelData.Begin(); e != nil {
		*e = event.STUNChannelData{
			Conn: r.Conn(), IsOrig: isOrig,
			Channel: uint64(binary.BigEndian.Uint16(b)), DataLen: uint64(binary.BigEndian.Uint16(b[2:])),
		}
		r.s.hooks.ChannelData.Raise(e)
	}
}

// analyzer reads the messages of a UDP flow.
type analyzer struct{ reader }

// Data takes a datagram.
func (a *analyzer) Data(isOrig bool, b []byte) {
	switch {
	case len(b) >= headerLen && b[0] < lowestChannel>>8 && binary.BigEndian.Uint32(b[4:]) == cookie:
		n := headerLen + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			a.Violate(conn.Violation{Reason: malformed})
		} else if _, ok := a.message(isOrig, b[:n]); !ok {
			a.Violate(conn.Violation{Reason: malformed})
		}
	case a.channels && len(b) >= channelLen && b[0]>>6 == lowestChannel>>14:
		// Padding is optional over UDP (RFC 8656 section 12.5).
		if rest := len(b) - channelLen - int(binary.BigEndian.Uint16(b[2:])); rest >= 0 && rest < alignment {
			a.channelData(isOrig, b)
		}
	}
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.s.free.Put(a) }
