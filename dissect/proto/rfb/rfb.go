// Package rfb analyzes RFB, the protocol of VNC (RFC 6143), with Apple's authentication.
// It follows the handshake and the client's messages. What the server sends after its
// initialization is pictures, at which it does not look.
package rfb

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.RFB, buffers: freelist.Buffers{Largest: 8 << 10, Most: 64}}
	p := &detect.Protocol{Transport: value.ProtoTCP}
	p.Protocol = conn.Protocol{Name: "RFB", Service: "rfb", New: f.new}
	p.Signatures = []detect.Signature{{Orig: signature, Resp: signature}}
	return p
}

// signature matches the version of either side.
func signature(b []byte) detect.Verdict { return detect.StartsWith(b, "RFB") }

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks   *event.RFBEvents
	free    freelist.List[analyzer]
	buffers freelist.Buffers
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, next: [2]kind{clientVersion, serverVersion}}
	return a
}

// analyzer follows one connection. Index 0 is the client's side, 1 the server's.
type analyzer struct {
	f *factory
	conn.Use
	side [2]side
	// next is the kind of each side's next message. Messages of the other side change it.
	next [2]kind
	// minor is the minor version that the client chose.
	minor int
	// keyLen is the length in bytes of the keys of Apple's authentication.
	keyLen int
	types  int   // security types that the server offers
	typ    uint8 // of the client's message
	off    bool  // the analysis has ended
	deaf   bool  // nothing more is understood
	silent bool  // the server's messages are no longer looked at
}

// side is one direction.
type side struct {
	// kind is that of the current message, if open is set. As in Zeek, it is decided when
	// the message before has ended, and not when the first byte arrives.
	kind kind
	open bool
	// need is the number of bytes that are wanted of the message, and buf has those of
	// them that came in an earlier segment. skip bytes of the message follow them.
	need, skip int
	buf        []byte
	passing    bool // what is wanted was read
}

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	i := conn.Side(isOrig)
	if a.Conn().Partial() {
		return
	}
	s := &a.side[i]
	for !a.off && !a.deaf && !(a.silent && !isOrig) {
		if !s.open {
			if len(b) == 0 {
				return
			}
			a.begin(i)
			continue
		}
		var m []byte
		if !s.passing {
			if n := s.need - len(s.buf); n > len(b) || len(s.buf) > 0 && n > 0 {
				n = min(n, len(b))
				a.keep(s, b[:n])
				b = b[n:]
			}
			if m = s.buf; len(m) == 0 {
				m = b
			}
			if len(m) < s.need {
				if a.Full("RFB") {
					a.Detach()
				}
				return
			}
			m = m[:s.need]
			if !a.head(i, m) {
				return
			}
			if s.need > len(m) {
				continue
			}
			if len(s.buf) == 0 {
				b = b[len(m):]
			}
			s.passing = true
		}
		n := min(s.skip, len(b))
		s.skip -= n
		b = b[n:]
		if s.skip > 0 {
			return
		}
		a.end(i, m)
	}
}

// keep keeps bytes of an incomplete message.
func (a *analyzer) keep(s *side, b []byte) {
	if s.buf == nil {
		s.buf = a.f.buffers.Get()
	}
	s.buf = append(s.buf, b...)
	a.Hold(len(b))
}

// release gives the buffer of a side back.
func (a *analyzer) release(s *side) {
	if s.buf != nil {
		a.Hold(-len(s.buf))
		a.f.buffers.Put(s.buf)
		s.buf = nil
	}
}

// begin begins the next message of a side.
func (a *analyzer) begin(i int) {
	s := &a.side[i]
	s.kind, s.open, s.passing, s.skip = a.next[i], true, false, 0
	s.need = a.length(s.kind)
	switch s.kind {
	case unknownMessage:
		a.malformed("invalid index for case: ClientMessage: " + strconv.Itoa(int(a.typ)))
	case wait:
		// Zeek takes a message without bytes for the turn of a side that has to wait.
		s.open = false
		a.next[i] = invalid
	}
}

// end ends a message of a side, and begins the next.
func (a *analyzer) end(i int, m []byte) {
	s := &a.side[i]
	if !a.finish(i, s.kind, m) {
		return
	}
	a.release(s)
	s.open = false
	if e := a.f.hooks.Event.Begin(); e != nil {
		*e = event.RFBEvent{Conn: a.Conn()}
		a.f.hooks.Event.Raise(e)
	}
	if !a.off {
		a.begin(i)
	}
}

// malformed reports a message that cannot be read, which ends the analysis.
func (a *analyzer) malformed(reason string) {
	a.deaf = true
	a.Violate(conn.Violation{Reason: "Binpac exception: binpac exception: " + reason})
}

// Gap ends the analysis: the messages after it cannot be found.
func (a *analyzer) Gap(bool, uint64) { a.deaf = true }

// End does nothing: an incomplete message is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps what was read of the two sides. What a side sends next goes by its role.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.side {
		a.release(&a.side[i])
	}
	a.f.free.Put(a)
}
