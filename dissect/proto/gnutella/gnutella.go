// Package gnutella analyzes connections between Gnutella peers: a handshake of header lines
// (the Gnutella Protocol Specification, version 0.6), then binary messages. It follows Zeek's
// src/analyzer/protocol/gnutella.
package gnutella

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Options are limits. DefaultOptions returns Zeek's.
type Options struct {
	Line    int `key:"limits.gnutella_line_size" unit:"bytes" min:"1" max:"1048576" doc:"bytes of a line of Gnutella's handshake; a longer one ends the analysis of its side (Gnutella::max_line_length)"`
	Headers int `key:"limits.gnutella_headers_size" unit:"bytes" min:"1" max:"16777216" doc:"bytes of the lines of Gnutella's handshake up to an empty one; more end the analysis of their side (Gnutella::max_header_length)"`
	Payload int `key:"limits.gnutella_payload_size" unit:"bytes" min:"0" max:"1048576" doc:"bytes of a Gnutella message that gnutella_binary_msg has at most"`
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Line: 8192, Headers: 32768, Payload: 1024} }

const (
	source  = "GNUTELLA"
	service = "gnutella"

	// Offsets in the header of a message, after 16 bytes of its identifier, and its length.
	typeAt    = 16
	ttlAt     = 17
	hopsAt    = 18
	lengthAt  = 19
	headerLen = 23
)

// New returns the protocol for the detector. Its analyzers raise events on h. As Zeek, they
// attach http to connections that turn out to be HTTP.
func New(h *event.Hooks, http *detect.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.Gnutella, http: http, opt: o, bufs: freelist.Buffers{Largest: 65536, Most: 32}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{6346, 6347}, Idle: f.notEstablished}
	p.Protocol = conn.Protocol{Name: source, Service: service, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks *event.GnutellaEvents
	http  *detect.Protocol
	opt   Options
	free  freelist.List[analyzer]
	bufs  freelist.Buffers
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	for i := range a.side {
		a.side[i].line = -1
	}
	return a
}

// notEstablished is also called for a connection that ended before anything was sent.
func (f *factory) notEstablished(c *conn.Conn) {
	if e := f.hooks.NotEstablish.Begin(); e != nil {
		*e = event.GnutellaNotEstablish{Conn: c}
		f.hooks.NotEstablish.Raise(e)
	}
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use
	side [2]side // 0 is the originator's
	// accepts has a bit for each side that has begun to accept the handshake, accepted for
	// each that has ended its lines since.
	accepts, accepted uint8
	off               bool // the analysis has ended
}

const bothAccepted = 3

// side is one direction.
type side struct {
	stopped bool

	// text has the lines so far, each after CR and LF. The current one begins at line, which
	// is -1 as long as it is empty.
	text []byte
	line int
	cr   bool // a CR has come since the last line

	head    [headerLen]byte // of the current message
	n       int             // bytes in head
	left    uint32          // bytes of its payload that are still to come
	full    bool            // no more bytes of the payload are kept
	payload []byte
}

func (a *analyzer) established() bool { return a.accepted == bothAccepted }

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	for len(b) > 0 && !s.stopped && !a.off {
		if a.established() {
			b = a.message(s, isOrig, b)
		} else {
			b = a.lines(s, isOrig, b)
		}
	}
}

// lines reads the handshake up to the end of a line, and returns the rest of b.
func (a *analyzer) lines(s *side, isOrig bool, b []byte) []byte {
	before := len(s.text)
	for i := 0; i < len(b); {
		switch {
		case b[i] == '\r':
			s.cr = true
			i++
			continue
		case b[i] == '\n' && s.cr:
			s.cr = false
			a.Hold(len(s.text) - before)
			a.endLine(s, isOrig)
			return b[i+1:]
		}
		end := i + 1
		for end < len(b) && b[end] != '\r' && b[end] != '\n' {
			end++
		}
		if s.line < 0 {
			if s.text == nil {
				s.text = a.f.bufs.Get()
			}
			s.text = append(s.text, "\r\n"...)
			s.line = len(s.text)
		}
		room := a.f.opt.Line - (len(s.text) - s.line)
		s.text = append(s.text, b[i:min(end, i+room)]...)
		if end-i >= room {
			a.Hold(len(s.text) - before)
			a.Limited(source, "line_size")
			a.tooLong(s, "exceeded_gnutella_max_line_length", a.f.opt.Line)
			return nil
		}
		i = end
	}
	if a.Hold(len(s.text) - before); a.Full(source) {
		a.stop(s)
	}
	return nil
}

func (a *analyzer) tooLong(s *side, weird string, n int) {
	a.Opaque()
	a.WeirdNumber(weird, n, source)
	a.stop(s)
}

// stop ends the analysis of a side.
func (a *analyzer) stop(s *side) {
	s.stopped, s.n, s.left = true, 0, 0
	a.release(&s.text)
	a.release(&s.payload)
}

// leaveToHTTP ends the analysis. HTTP's signature finds it. In Zeek, its analyzer comes before
// that, unless it is there already, and misses the current bytes.
func (a *analyzer) leaveToHTTP() {
	if a.Compat(compat.Gnutella) && !a.f.http.Unused {
		a.Attach(&a.f.http.Protocol)
	}
	a.Detach()
}

func (a *analyzer) release(b *[]byte) {
	if *b != nil {
		a.Hold(-len(*b))
		a.f.bufs.Put(*b)
		*b = nil
	}
}

func (a *analyzer) endLine(s *side, isOrig bool) {
	if s.line < 0 {
		a.endLines(s, isOrig)
		return
	}
	if line := s.text[s.line:]; s.line == 2 {
		if bytes.Contains(line, []byte(" HTTP/1.")) {
			if e := a.f.hooks.HTTPNotify.Begin(); e != nil {
				*e = event.GnutellaHTTPNotify{Conn: a.Conn()}
				a.f.hooks.HTTPNotify.Raise(e)
			}
			a.leaveToHTTP()
			return
		}
		if accepts(line) {
			a.accepts |= 1 << conn.Side(isOrig)
		}
	}
	if s.line = -1; len(s.text) >= a.f.opt.Headers {
		a.Limited(source, "headers_size")
		a.tooLong(s, "exceeded_gnutella_max_headers_length", len(s.text))
	}
}

// accepts reports whether a line is a status line with the status 200.
func accepts(line []byte) bool {
	blank := bytes.IndexByte(line, ' ')
	return bytes.HasPrefix(line, []byte("GNUTELLA")) && blank >= 0 && bytes.HasPrefix(line[blank+1:], []byte("200"))
}

// endLines handles the empty line after headers.
func (a *analyzer) endLines(s *side, isOrig bool) {
	if e := a.f.hooks.TextMsg.Begin(); e != nil {
		*e = event.GnutellaTextMsg{Conn: a.Conn(), Orig: isOrig, Headers: a.cString(s.text)}
		a.f.hooks.TextMsg.Raise(e)
	}
	a.release(&s.text)
	if a.accepted |= a.accepts; !a.established() || a.off {
		return
	}
	if e := a.f.hooks.Establish.Begin(); e != nil {
		*e = event.GnutellaEstablish{Conn: a.Conn()}
		a.f.hooks.Establish.Raise(e)
	}
	if !a.Compat(compat.Gnutella) {
		a.AddService(service)
	}
}

// cString cuts b at its first NUL if the run follows Zeek.
func (a *analyzer) cString(b []byte) []byte {
	if a.Compat(compat.Gnutella) {
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return b[:i]
		}
	}
	return b
}

// message reads up to the end of the header or of the payload of a message, and returns the
// rest of b.
func (a *analyzer) message(s *side, isOrig bool, b []byte) []byte {
	if s.left == 0 {
		k := copy(s.head[s.n:], b)
		if s.n += k; s.n < headerLen {
			return nil
		}
		s.n, s.full = 0, false
		if s.left = binary.LittleEndian.Uint32(s.head[lengthAt:]); s.left == 0 {
			a.raise(s, isOrig)
		}
		return b[k:]
	}
	k := int(min(uint64(s.left), uint64(len(b))))
	s.left -= uint32(k)
	if a.Compat(compat.Gnutella) {
		a.keep(s, b) // Zeek takes the whole segment for the payload
	} else {
		a.keep(s, b[:k])
	}
	if s.left == 0 {
		a.raise(s, isOrig)
	}
	return b[k:]
}

// keep adds bytes to the payload of the current message.
func (a *analyzer) keep(s *side, b []byte) {
	if s.full || !a.f.hooks.BinaryMsg.On() {
		return
	}
	if room := a.f.opt.Payload - len(s.payload); len(b) > room {
		s.full = true
		a.Limited(source, "payload_size")
		b = b[:max(room, 0)]
	}
	if s.payload == nil {
		s.payload = a.f.bufs.Get()
	}
	s.payload = append(s.payload, b...)
	if a.Hold(len(b)); a.Full(source) {
		s.full = true
		a.release(&s.payload)
	}
}

// raise raises the event of a message, whose payload may be incomplete.
func (a *analyzer) raise(s *side, isOrig bool) {
	if e := a.f.hooks.BinaryMsg.Begin(); e != nil {
		n := uint64(binary.LittleEndian.Uint32(s.head[lengthAt:]))
		*e = event.GnutellaBinaryMsg{
			Conn: a.Conn(), Orig: isOrig,
			MsgType: uint64(s.head[typeAt]), TTL: uint64(s.head[ttlAt]), Hops: uint64(s.head[hopsAt]), MsgLen: n,
			Payload: a.cString(s.payload), PayloadLen: uint64(len(s.payload)),
			Trunc: uint64(len(s.payload)) < min(n, uint64(a.f.opt.Payload)), Complete: s.left == 0,
		}
		a.f.hooks.BinaryMsg.Raise(e)
	}
	if !a.Compat(compat.Gnutella) { // Zeek keeps it for the next message
		a.release(&s.payload)
	}
}

// Gap skips missing bytes of a payload. If they may hold the beginning of a message, the side
// can no longer be followed. As in Zeek, a line simply continues after missing bytes; there,
// so do messages.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.side[conn.Side(isOrig)]
	if s.stopped || !a.established() || a.Compat(compat.PeerGaps) {
		return
	}
	if n > uint64(s.left) {
		a.stop(s)
		return
	}
	s.full = true
	if s.left -= uint32(n); s.left == 0 {
		a.raise(s, isOrig)
	}
}

// End does nothing: what is incomplete is reported with the end of the connection.
func (a *analyzer) End(bool) {}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	a.side[0], a.side[1] = a.side[1], a.side[0]
	a.accepts = a.accepts>>1 | a.accepts<<1&2
	a.accepted = a.accepted>>1 | a.accepted<<1&2
}

// Done reports a handshake that did not succeed, and messages that are incomplete.
func (a *analyzer) Done() {
	a.off = true
	if !a.established() {
		a.f.notEstablished(a.Conn())
	}
	for i := range a.side {
		s, isOrig := &a.side[i], i == 0
		switch {
		case s.n > 0:
			if e := a.f.hooks.PartialBinaryMsg.Begin(); e != nil {
				*e = event.GnutellaPartialBinaryMsg{Conn: a.Conn(), Orig: isOrig, Msg: s.head[:s.n], Len: uint64(s.n)}
				a.f.hooks.PartialBinaryMsg.Raise(e)
			}
		case s.left > 0:
			a.raise(s, isOrig)
		}
		a.release(&s.text)
		a.release(&s.payload)
	}
	a.f.free.Put(a)
}
