package sip

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// maxLength bounds the digits of a Content-Length.
const maxLength = 18

// NewTCP describes SIP over TCP (RFC 3261 section 18) to the detector. Its analyzers raise
// their events on h, as those over UDP do, and pass bodies to fm.
func NewTCP(h *event.Hooks, fm *files.Manager, o Options) *detect.Protocol {
	f := &streamFactory{files: fm}
	f.factory = factory{name: "SIP_TCP", hooks: &h.SIP, o: o, buffers: freelist.Buffers{Largest: 16 << 10, Most: 64}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{5060}}
	p.Protocol = conn.Protocol{Name: f.name, Service: "sip", New: f.new, Size: freelist.Size[streams]()}
	p.Signatures = []detect.Signature{{Orig: startLine}, {Resp: startLine}}
	return p
}

// streamFactory makes a shard's analyzers of TCP.
type streamFactory struct {
	factory
	files  *files.Manager
	free   freelist.List[streams]
	handle []byte
}

func (f *streamFactory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = streams{messages: messages{f: &f.factory, Use: u}, tcp: f, lines: a.lines}
	a.lines.Reset(a, f.o.Lines, f.o.Line)
	for i := range a.side {
		a.side[i].carrier = files.Carrier{Source: "SIP", Conn: u.Conn(), IsOrig: i == 0}
	}
	return a
}

// streams follows one TCP connection. Index 0 is the originator's side, 1 the responder's;
// both may send requests.
type streams struct {
	messages
	tcp   *streamFactory
	lines contentline.Pair
	side  [2]side
	off   bool // the analysis has ended
	cut   bool // the next line is the beginning of one that is too long
}

// side is what one side sends.
type side struct {
	message
	isRequest bool
	// lost reports that where the next message begins is not known.
	lost bool
	// header is the last header, which the next line may continue.
	header []byte
	length int64 // of the body, from Content-Length
	left   int64 // bytes of the body that are missing

	carrier files.Carrier
	body    files.ID // zero if the body is no file
	bodies  uint32
}

// Data takes the next bytes of a side.
func (a *streams) Data(isOrig bool, b []byte) {
	l, s := a.lines.Side(isOrig), &a.side[conn.Side(isOrig)]
	l.Deliver(b)
	if !a.off && s.state == inStart && !s.lost && startLine(l.Unfinished()) == detect.NoMatch {
		a.malformed(s, notSIP)
	}
	if !a.off && !a.settle(&s.message, len(s.header)) {
		a.Detach()
	}
}

// notSIP is the reason of the violation by another protocol.
const notSIP = "neither a request nor a response begins the message"

// Line takes a line of a side.
func (a *streams) Line(isOrig bool, b []byte) {
	if a.off {
		return
	}
	s := &a.side[conn.Side(isOrig)]
	var wrong string
	if a.cut {
		a.cut = false
		wrong = a.tooLong(s, b)
	} else {
		wrong = a.line(s, isOrig, b)
	}
	if wrong != "" && !a.off {
		a.malformed(s, wrong)
	}
}

// tooLong takes the beginning of a line that is too long, and returns what is wrong with it.
// That it is no start line is found first, as where it comes in pieces.
func (a *streams) tooLong(s *side, b []byte) string {
	if s.state == inStart && !s.lost && startLine(b) == detect.NoMatch {
		a.malformed(s, notSIP)
	}
	if a.off {
		return ""
	}
	a.Weird(contentline.WeirdTooLong, "", contentline.Source)
	a.Limited(a.f.name, "line")
	return lineTooLong
}

// line takes a line. It returns what is wrong with it, or "".
func (a *streams) line(s *side, isOrig bool, b []byte) (wrong string) {
	if s.state == inStart {
		switch {
		case len(b) == 0: // keeps the connection alive (RFC 5626 section 3.5.1)
			return ""
		case s.lost && !resumes(b):
			return ""
		case startsMessage(b) != detect.Match:
			return notSIP
		}
		a.Confirm()
		s.state, s.lost, s.length = inHeaders, false, 0
		if s.isRequest = !isStatus(b); s.isRequest {
			return a.request(b)
		}
		return a.response(b)
	}
	if len(b) > 0 && (b[0] == ' ' || b[0] == '\t') && len(s.header) > 0 {
		// The header goes on (RFC 3261 section 7.3.1).
		if len(s.header)+len(b) > a.f.o.Line {
			a.Limited(a.f.name, "line")
			return lineTooLong
		}
		s.header = append(append(s.header, ' '), skipBlanks(b)...)
		return ""
	}
	if len(s.header) > 0 {
		name, value, wrong := splitHeader(s.header)
		if wrong != "" {
			return wrong
		}
		if len(name) == 1 && name[0]|0x20 == 'l' || len(name) == len(contentLength) && bytes.EqualFold(name, contentLength) {
			if s.length = bodyLength(value); s.length < 0 {
				return "invalid length string: " + render(value)
			}
		}
		a.header(&s.message, s.isRequest, s.header, name, value)
		s.header = s.header[:0]
	}
	if len(b) > 0 {
		if s.header == nil {
			s.header = a.f.buffers.Get()
		}
		s.header = append(s.header, b...)
		return ""
	}
	a.drop(s)
	a.allHeaders(&s.message, s.isRequest)
	s.state = inBody
	if s.left = s.length; s.left == 0 {
		a.over(s)
		return ""
	}
	a.lines.Side(isOrig).SetPlain(s.left)
	if a.tcp.files != nil {
		s.bodies++
		uid := a.Conn().UID()
		h := uid.Append(append(a.tcp.handle[:0], a.f.name...))
		h = binary.BigEndian.AppendUint64(h, uint64(a.Conn().Start()))
		h = append(binary.BigEndian.AppendUint32(h, s.bodies), byte(conn.Side(isOrig)))
		a.tcp.handle = h
		s.body = a.tcp.files.SetSize(a.tcp.files.ID(a.Conn(), h), &s.carrier, uint64(s.left))
	}
	return ""
}

var contentLength = []byte("Content-Length")

// bodyLength returns the value of a Content-Length, or -1.
func bodyLength(b []byte) (n int64) {
	d := digits(b)
	if d == 0 || d > maxLength || len(skipBlanks(b[d:])) > 0 {
		return -1
	}
	for _, c := range b[:d] {
		n = n*10 + int64(c-'0')
	}
	return n
}

// Plain takes bytes of a body.
func (a *streams) Plain(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	if a.off || s.state != inBody {
		return
	}
	if !s.body.IsZero() {
		s.body = a.tcp.files.Data(s.body, &s.carrier, b)
	}
	a.received(s, int64(len(b)))
}

// received takes n bytes off those of the body that are missing.
func (a *streams) received(s *side, n int64) {
	if s.left -= n; s.left == 0 {
		a.over(s)
	}
}

// over ends a message.
func (a *streams) over(s *side) {
	a.endBody(s)
	s.state = inStart
	a.ended(s.isRequest)
}

func (a *streams) endBody(s *side) {
	if !s.body.IsZero() {
		a.tcp.files.End(s.body)
		s.body = files.ID{}
	}
}

// LineWeird takes a weird about lines.
func (a *streams) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		a.cut = true
		return
	}
	a.Weird(name, "", contentline.Source)
}

// malformed reports a violation. If it does not take the analyzer off, as on a connection
// with missing bytes, the side goes on with the next start line.
func (a *streams) malformed(s *side, wrong string) {
	if !a.Violate(conn.Violation{Reason: wrong}) && !a.off {
		a.abandon(s)
	}
}

// abandon forgets the message of a side, whose end is not known.
func (a *streams) abandon(s *side) {
	a.endBody(s)
	a.drop(s)
	a.forget(&s.message)
	s.state, s.lost = inStart, true
}

// drop frees the last header.
func (a *streams) drop(s *side) {
	if s.header != nil {
		a.f.buffers.Put(s.header)
		s.header = nil
	}
}

// Gap takes missing bytes. A hole in a body leaves the rest as it is; after any other the
// side goes on with the next start line.
func (a *streams) Gap(isOrig bool, n uint64) {
	l, s := a.lines.Side(isOrig), &a.side[conn.Side(isOrig)]
	switch {
	case a.off || s.lost:
		l.Forget()
	case s.state == inBody && n <= uint64(s.left):
		if !s.body.IsZero() {
			s.body = a.tcp.files.Gap(s.body, &s.carrier, uint64(s.length-s.left), n)
		}
		l.SetPlain(s.left - int64(n))
		a.received(s, int64(n))
	default:
		l.Forget()
		a.Weird("sip_gap_outside_body", "", a.f.name)
		a.abandon(s)
		a.settle(&s.message, 0)
	}
}

// End drops an incomplete message silently.
func (a *streams) End(isOrig bool) {
	if !a.off {
		a.endBody(&a.side[conn.Side(isOrig)])
	}
}

// Flip swaps the sides with the connection's roles.
func (a *streams) Flip() {
	a.lines.Flip()
	a.side[0], a.side[1] = a.side[1], a.side[0]
	for i := range a.side {
		a.side[i].carrier.IsOrig = i == 0
	}
}

// Done returns the analyzer to the free list.
func (a *streams) Done() {
	a.off = true
	a.lines.Release()
	for i := range a.side {
		s := &a.side[i]
		a.abandon(s)
		a.settle(&s.message, 0)
		s.carrier = files.Carrier{}
	}
	a.tcp.free.Put(a)
}
