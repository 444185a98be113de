// Package sip analyzes SIP over UDP (RFC 3261). As in Zeek, the requests of a flow are one
// stream, and the responses another, whose messages may continue in the next datagram.
package sip

import (
	"bytes"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Options configure the analyzer.
type Options struct {
	Line    int `key:"limits.sip_line_bytes" unit:"bytes" min:"1" doc:"bytes of a line of SIP"`
	Headers int `key:"limits.sip_headers" unit:"count" min:"1" doc:"headers of a message of SIP in sip_all_headers"`
}

// DefaultOptions returns the defaults, which no datagram reaches.
func DefaultOptions() Options { return Options{Line: 128 << 10, Headers: 10_000} }

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SIP, o: o, buffers: freelist.Buffers{Largest: 16 << 10, Most: 64}}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{5060}}
	p.Protocol = conn.Protocol{Name: "SIP", Service: "sip", New: f.new}
	p.Signatures = []detect.Signature{{Orig: signature}, {Resp: signature}}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks   *event.SIPEvents
	o       Options
	free    freelist.List[analyzer]
	buffers freelist.Buffers
	upper   []byte // a header's name in upper case
	list    event.Table[event.SIPHeaderField]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// analyzer follows one flow. Index 0 is for requests, 1 for responses.
type analyzer struct {
	f *factory
	conn.Use
	stream [2]stream
	off    bool // the analysis has ended
	// confirmed reports that there was a response. A violation then ends the analysis, but
	// leaves the analyzer on the flow: its signatures have matched and, as in Zeek, do so
	// once a flow.
	confirmed, deaf bool
}

// stream is the messages of one kind.
type stream struct {
	state state
	// line is the beginning of a line that came in an earlier datagram.
	line []byte
	// cr reports that the last line ended with a CR, so that a LF next belongs to it.
	cr bool
	// length is the last Content-Length. As in Zeek it holds until the next one.
	length int
	// left is the number of bytes of the body that are missing.
	left int
	// headers has, of each header of the message, the name, the name in upper case and the
	// value, and ends where each of them ends, if somebody listens to all headers.
	headers []byte
	ends    []int
	full    bool // there are more headers than the limit
}

// state is what comes next in a stream.
type state uint8

const (
	inStart state = iota
	inHeaders
	inBody
)

// Data takes a datagram.
func (a *analyzer) Data(_ bool, b []byte) {
	if a.deaf || len(b) == 2 && b[0] == '\r' {
		return // keeps a NAT binding alive
	}
	isOrig := !(len(b) > 6 && string(b[:4]) == "SIP/")
	s := &a.stream[conn.Side(isOrig)]
	for !a.off {
		if s.state == inBody {
			n := min(s.left, len(b))
			s.left -= n
			b = b[n:]
			if s.left > 0 {
				return
			}
			s.state = inStart
			a.ended(isOrig)
			continue
		}
		if s.cr && len(b) > 0 {
			s.cr = false
			if b[0] == '\n' {
				b = b[1:]
			}
		}
		if len(b) == 0 {
			return
		}
		n := lineEnd(b)
		if n < 0 {
			a.keep(s, b)
			return
		}
		line := b[:n]
		s.cr = b[n] == '\r'
		b = b[n+1:]
		if len(s.line) > 0 {
			if !a.keep(s, line) {
				return
			}
			line = s.line
		}
		ok := a.handle(s, line, isOrig)
		if a.off {
			return
		}
		a.release(s)
		if !ok {
			a.reset(s)
			return // the rest of the datagram is dropped
		}
		if s.state == inBody && s.cr && len(b) > 0 {
			s.cr = false
			if b[0] == '\n' {
				b = b[1:]
			}
		}
	}
}

// lineEnd returns the index of the first CR or LF, or -1.
func lineEnd(b []byte) int {
	n := bytes.IndexByte(b, '\n')
	if n >= 0 {
		b = b[:n]
	}
	if r := bytes.IndexByte(b, '\r'); r >= 0 {
		return r
	}
	return n
}

// keep keeps the beginning of a line. It returns false if the line is too long.
func (a *analyzer) keep(s *stream, b []byte) bool {
	if len(s.line)+len(b) > a.f.o.Line {
		a.Limited("SIP", "line")
		if !a.Violate(conn.Violation{Reason: "SIP line is too long"}) {
			a.Detach()
		}
		return false
	}
	if s.line == nil {
		s.line = a.f.buffers.Get()
	}
	s.line = append(s.line, b...)
	a.Hold(len(b))
	if a.Full("SIP") {
		a.Detach()
		return false
	}
	return true
}

// release gives the buffer of a line back.
func (a *analyzer) release(s *stream) {
	if s.line != nil {
		a.Hold(-len(s.line))
		a.f.buffers.Put(s.line)
		s.line = nil
	}
}

// reset forgets the message of a stream.
func (a *analyzer) reset(s *stream) {
	a.release(s)
	a.forget(s)
	s.state, s.cr, s.left = inStart, false, 0
}

// handle handles a line. It returns false if it is malformed.
func (a *analyzer) handle(s *stream, line []byte, isOrig bool) bool {
	var wrong string
	switch {
	case s.state == inStart && isOrig:
		wrong = a.request(line)
	case s.state == inStart:
		wrong = a.response(line)
	case len(line) > 0:
		wrong = a.header(s, line, isOrig)
	default:
		a.allHeaders(s, isOrig)
		if s.length < 0 {
			wrong = invalidLength(s.length)
		}
		s.state, s.left = inBody, max(s.length, 0)
		if wrong == "" {
			return true
		}
	}
	if wrong != "" {
		v := conn.Violation{Reason: "Binpac exception: binpac exception: " + wrong, Stay: a.confirmed}
		a.deaf = a.Violate(v) && a.confirmed
		return false
	}
	s.state = inHeaders
	return true
}

// begun raises the event of the beginning of a message.
func (a *analyzer) begun(isOrig bool) {
	if e := a.f.hooks.BeginEntity.Begin(); e != nil {
		*e = event.SIPBeginEntity{Conn: a.Conn(), IsOrig: isOrig}
		a.f.hooks.BeginEntity.Raise(e)
	}
}

// ended raises the event of the end of a message.
func (a *analyzer) ended(isOrig bool) {
	if e := a.f.hooks.EndEntity.Begin(); e != nil {
		*e = event.SIPEndEntity{Conn: a.Conn(), IsOrig: isOrig}
		a.f.hooks.EndEntity.Raise(e)
	}
}

// allHeaders raises the event of all headers of a message.
func (a *analyzer) allHeaders(s *stream, isOrig bool) {
	h := &a.f.hooks.AllHeaders
	if e := h.Begin(); e != nil {
		list := a.f.list[:0]
		follow := a.Compat(compat.SIPAllHeaders)
		from := 0
		for i := 0; i+2 < len(s.ends); i += 3 {
			name, upper, end := s.ends[i], s.ends[i+1], s.ends[i+2]
			f := event.SIPHeaderField{
				OriginalName: s.headers[from:name], Name: s.headers[name:upper], Value: value.Some(s.headers[upper:end]),
			}
			if follow {
				f = event.SIPHeaderField{OriginalName: f.Name, Name: f.Value.V}
			}
			list = append(list, f)
			from = end
		}
		a.f.list = list
		*e = event.SIPAllHeaders{Conn: a.Conn(), IsOrig: isOrig, HList: list}
		h.Raise(e)
		clear(list)
	}
	a.forget(s)
}

const (
	// parts is the number of elements of stream.ends for a header, and endLen what one takes
	// in bytes.
	parts  = 3
	endLen = 8
)

// remember adds a header to those of the message.
func (a *analyzer) remember(s *stream, name, upper, value []byte) {
	if len(s.ends) >= parts*a.f.o.Headers {
		if !s.full {
			s.full = true
			a.Limited("SIP", "headers")
		}
		return
	}
	if s.headers == nil {
		s.headers = a.f.buffers.Get()
	}
	for _, b := range [parts][]byte{name, upper, value} {
		s.headers = append(s.headers, b...)
		s.ends = append(s.ends, len(s.headers))
	}
	a.Hold(len(name) + len(upper) + len(value) + parts*endLen)
}

// forget forgets the headers of a message.
func (a *analyzer) forget(s *stream) {
	if s.headers != nil {
		a.Hold(-len(s.headers) - len(s.ends)*endLen)
		a.f.buffers.Put(s.headers)
		s.headers = nil
	}
	s.full = false
	if s.ends = s.ends[:0]; cap(s.ends) > 1024 {
		s.ends = nil
	}
}

// Gap does nothing: there are none between datagrams.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing: an incomplete message is dropped silently.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.stream {
		a.reset(&a.stream[i])
	}
	a.f.free.Put(a)
}
