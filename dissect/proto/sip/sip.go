// Package sip analyzes SIP over UDP and TCP (RFC 3261). As in Zeek, which does not know it
// over TCP, the requests of a flow of UDP are one stream, and the responses another, whose
// messages may continue in the next datagram.
package sip

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
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
	// Lines bounds the incomplete lines over TCP; nil means that nothing does.
	Lines *contentline.Budget
}

// lineTooLong is the reason of the violation by a line of more than Options.Line bytes.
const lineTooLong = "SIP line is too long"

// DefaultOptions returns the defaults, which no datagram reaches.
func DefaultOptions() Options { return Options{Line: 128 << 10, Headers: 10_000} }

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{name: "SIP", hooks: &h.SIP, o: o, buffers: freelist.Buffers{Largest: 16 << 10, Most: 64}}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{5060}}
	p.Protocol = conn.Protocol{Name: f.name, Service: "sip", New: f.new}
	p.Signatures = []detect.Signature{{Orig: signature}, {Resp: signature}}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	name    string // of the protocol
	hooks   *event.SIPEvents
	o       Options
	free    freelist.List[analyzer]
	buffers freelist.Buffers
	upper   []byte // a header's name in upper case
	list    event.Table[event.SIPHeaderField]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{messages: messages{f: f, Use: u}}
	return a
}

// analyzer follows one flow. Index 0 is for requests, 1 for responses.
type analyzer struct {
	messages
	stream [2]stream
	off    bool // the analysis has ended
	// deaf reports a violation after a response. It ends the analysis, but leaves the
	// analyzer on the flow: its signatures have matched and, as in Zeek, do so once a flow.
	deaf bool
}

// stream is the messages of one kind.
type stream struct {
	message
	// line is the beginning of a line that came in an earlier datagram.
	line []byte
	// cr reports that the last line ended with a CR, so that a LF next belongs to it.
	cr bool
	// length is the last Content-Length. As in Zeek it holds until the next one.
	length int
	// left is the number of bytes of the body that are missing.
	left int
}

// Data takes a datagram.
func (a *analyzer) Data(_ bool, b []byte) {
	if a.deaf || len(b) == 2 && b[0] == '\r' {
		return // keeps a NAT binding alive
	}
	isOrig := !(len(b) > 6 && string(b[:4]) == "SIP/")
	s := &a.stream[conn.Side(isOrig)]
	a.deliver(s, isOrig, b)
	if !a.off && !a.settle(&s.message, len(s.line)) {
		a.Detach()
	}
}

// deliver takes a datagram of a stream.
func (a *analyzer) deliver(s *stream, isOrig bool, b []byte) {
	for !a.off {
		if s.cr && len(b) > 0 {
			s.cr = false
			if b[0] == '\n' {
				b = b[1:]
			}
		}
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
		a.Limited(a.f.name, "line")
		if !a.Violate(conn.Violation{Reason: lineTooLong}) {
			a.Detach()
		}
		return false
	}
	if s.line == nil {
		s.line = a.f.buffers.Get()
	}
	s.line = append(s.line, b...)
	return true
}

// release gives the buffer of a line back.
func (a *analyzer) release(s *stream) {
	if s.line != nil {
		a.f.buffers.Put(s.line)
		s.line = nil
	}
}

// reset forgets the message of a stream.
func (a *analyzer) reset(s *stream) {
	a.release(s)
	a.forget(&s.message)
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
		var name, value []byte
		if name, value, wrong = splitHeader(line); wrong == "" {
			if string(name) == "Content-Length" || string(name) == "L" {
				s.length = number(value)
			}
			a.header(&s.message, isOrig, line, name, value)
		}
	default:
		a.allHeaders(&s.message, isOrig)
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

// Gap does nothing: there are none between datagrams.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing: an incomplete message is dropped silently.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.stream {
		a.reset(&a.stream[i])
		a.settle(&a.stream[i].message, 0)
	}
	a.f.free.Put(a)
}
