package dns

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// shard holds the state that the analyzers of one shard share.
type shard struct {
	dec     decoder
	udpDone *event.UDPSessionDoneHook
	timeout value.Time
	framer  *wire.Framer
	free    []*analyzer
	streams []*streams // free
}

// slab is how many analyzers are allocated at a time.
const slab = 128

// analyzer follows one connection. It is small because busy networks have very many
// DNS connections at a time.
type analyzer struct {
	conn.Use
	s *shard
	// tcp is nil for UDP.
	tcp       *streams
	netBIOS   bool
	seen      bool // a message has been decoded
	confirmed bool
}

// streams are the two directions of a TCP connection.
type streams [2]*stream

// stream cuts one direction into messages (RFC 1035 section 4.2.2).
type stream struct {
	frames wire.Frames
	// lost is set once a gap has covered the start of a message.
	lost bool
	// closed is set once the current message has been decoded although it is incomplete. The
	// next bytes end it.
	closed bool
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	if len(s.free) == 0 {
		block := make([]analyzer, slab)
		for i := range block {
			s.free = append(s.free, &block[i])
		}
	}
	a := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	c := u.Conn()
	*a = analyzer{s: s, Use: u}
	a.netBIOS = c.RespPort() == portNetBIOS || c.ID().OrigP == portNetBIOS
	if c.Transport() == value.ProtoTCP {
		a.tcp = s.newStreams()
	} else if s.timeout > 0 {
		c.EndAfterSilence(s.timeout)
	}
	return a
}

func (s *shard) newStreams() *streams {
	if n := len(s.streams); n > 0 {
		x := s.streams[n-1]
		s.streams = s.streams[:n-1]
		return x
	}
	return &streams{new(stream), new(stream)}
}

// Data decodes a datagram, or the messages that the next bytes of a stream complete.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tcp == nil {
		from := fromResp
		if isOrig {
			from = fromOrig
		}
		a.message(b, from)
		return
	}
	s := a.tcp.side(isOrig)
	for len(b) > 0 && !s.lost {
		// Every message can swap the roles.
		from := fromResp
		if s == a.tcp[0] {
			from = fromOrig
		}
		if s.closed {
			// Zeek counts this as another message, which is empty.
			s.frames.Reset(a.s.framer)
			s.closed = false
			if !a.message(nil, from) {
				return
			}
		}
		m, rest, state := s.frames.Next(a.s.framer, b)
		if state != wire.FrameWhole || !a.message(m[lengthBytes:], from) {
			return
		}
		b = rest
	}
}

func (s *streams) side(isOrig bool) *stream {
	if isOrig {
		return s[0]
	}
	return s[1]
}

// lengthBytes is the size of the length before each message.
const lengthBytes = 2

func newFramer() *wire.Framer {
	return wire.NewFramer(lengthBytes, lengthBytes+1<<16-1, func(b []byte) int { return lengthBytes + int(binary.BigEndian.Uint16(b)) })
}

// Gap skips a message with missing bytes. If the gap reaches into the next message,
// the direction is given up, because message boundaries are no longer known.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	if a.tcp == nil {
		return
	}
	s := a.tcp.side(isOrig)
	s.lost = s.lost || s.closed || !s.frames.Gap(a.s.framer, n)
}

// End does nothing: a truncated message is decoded when the connection closes, but not
// when it times out.
func (a *analyzer) End(bool) {}

// SideClosed decodes truncated messages of both sides, up to the first missing byte. It
// does so each time a side closes, as Zeek does.
func (a *analyzer) SideClosed() {
	if a.tcp == nil {
		return
	}
	for _, s := range *a.tcp {
		m := s.frames.Partial()
		if len(m) <= lengthBytes {
			continue
		}
		s.closed = true
		if !a.message(m[lengthBytes:], fromUnknown) {
			return
		}
	}
}

// message decodes one message and reports whether the analyzer is still attached.
func (a *analyzer) message(b []byte, from sender) bool {
	d, c := &a.s.dec, a.Conn()
	if !d.header(a, c, b, a.netBIOS) {
		if len(b) < headerLen {
			a.notDNS(b, from)
		}
		return true
	}
	if !a.seen && d.msg.QR && from == fromOrig {
		// The capture lacks the question.
		from = fromResp
		if !multicast(c) {
			a.SwapRoles()
		}
	}
	a.seen = true
	d.body(from, c.RespPort())
	if !d.whole {
		a.notDNS(b, from)
	}
	if d.violation == "" {
		return true
	}
	udp := a.tcp == nil
	if !a.Violate(conn.Violation{Reason: d.violation}) {
		return true
	}
	if udp {
		c.NoEndAfterSilence()
	}
	return false
}

// notDNS reports a datagram of the originator that could not be parsed.
func (a *analyzer) notDNS(b []byte, from sender) {
	if from != fromOrig || a.tcp != nil {
		return
	}
	if e := a.s.dec.hooks.NonDNSRequest.Begin(); e != nil {
		*e = event.NonDNSRequest{Conn: a.Conn(), Msg: b}
		a.s.dec.hooks.NonDNSRequest.Raise(e)
	}
}

// Turns reports whether the roles will be swapped for a datagram of the originator.
func (a *analyzer) Turns(b []byte) bool {
	const flagsAt, qr = 2, 0x80
	if a.seen || len(b) < headerLen || b[flagsAt]&qr == 0 || multicast(a.Conn()) {
		return false
	}
	opcode := b[flagsAt] >> 3 & 0xf
	return opcode == opQuery || opcode == opUpdate || opcode == opNotify || a.netBIOS
}

// multicast reports whether the responder is a multicast group, which never answers.
// For IPv4, Zeek considers 224.0.0.0/8 only.
func multicast(c *conn.Conn) bool {
	resp := c.ID().RespH
	if resp.Is4() {
		return resp.As4()[0] == 224
	}
	return resp.As16()[0] == 0xff
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	s := a.s
	if a.tcp != nil {
		for _, x := range a.tcp {
			x.frames.Reset(s.framer)
			*x = stream{}
		}
		s.streams = append(s.streams, a.tcp)
	} else if e := s.udpDone.Begin(); e != nil {
		e.Conn = a.Conn()
		s.udpDone.Raise(e)
	}
	a.Use, a.tcp = conn.Use{}, nil
	s.free = append(s.free, a)
}

// Flip swaps the directions when the connection swaps its roles.
func (a *analyzer) Flip() {
	if a.tcp != nil {
		a.tcp[0], a.tcp[1] = a.tcp[1], a.tcp[0]
	}
}

// weird, opaque and confirm implement reporter.
func (a *analyzer) weird(name, addl string) { a.Weird(name, addl, source) }

func (a *analyzer) opaque() { a.Opaque() }

func (a *analyzer) confirm() {
	if !a.confirmed {
		a.confirmed = true
		a.Confirm()
	}
}
