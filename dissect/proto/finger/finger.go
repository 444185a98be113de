// Package finger analyzes Finger (RFC 1288): a line that asks for users, and the lines of
// the answer. It cuts long lines as Zeek's src/analyzer/protocol/finger/legacy does; for Zeek's
// compatibility it reads as strictly as finger.spicy beside it.
package finger

import (
	"bytes"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source  = "FINGER"
	service = "finger"

	// maxLine is the length in bytes at which lines are cut.
	maxLine = 1000
)

// New returns the protocol for the detector. Its analyzers raise events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.Finger}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{79}}
	p.Protocol = conn.Protocol{Name: source, Service: service, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and reuses finished ones.
type factory struct {
	hooks *event.FingerEvents
	free  freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, lines: a.lines, follow: u.Compat(compat.FingerLines) && !u.Compat(compat.NoSpicy), strict: strict{query: a.strict.query[:0], line: a.strict.line[:0]}}
	a.lines.Reset(a, nil, maxLine)
	a.lines.Side(true).SetNULWeird(true)
	return a
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use

	lines contentline.Pair
	asked bool // a query has been complete

	follow bool // strict reads, not lines
	strict strict
}

// Line takes a line of a side.
func (a *analyzer) Line(isOrig bool, b []byte) {
	switch {
	case isOrig:
		a.request(b)
	case len(b) != 0:
		a.reply(b)
	}
}

// Plain does nothing: all bytes are in lines.
func (a *analyzer) Plain(bool, []byte) {}

// LineWeird takes a weird about lines.
func (a *analyzer) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		a.Limited(source, "line_size")
	}
	a.Weird(name, "", contentline.Source)
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.follow {
		a.strictData(isOrig, b)
		return
	}
	a.lines.Side(isOrig).Deliver(b)
}

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (a *analyzer) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (a *analyzer) End(isOrig bool) {
	if a.follow {
		a.strictEnd(isOrig)
		return
	}
	a.lines.Side(isOrig).End()
}

// Done reports a client that closed without a complete query.
func (a *analyzer) Done() {
	if !a.follow && (!a.asked || a.lines.Side(true).Partial()) && bytes.IndexByte(a.Conn().History(), 'F') >= 0 {
		a.Weird("partial_finger_request", "", source)
	}
	a.lines.Release()
	a.f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() { a.lines.Flip() }

func skipBlanks(b []byte) []byte { return bytes.TrimLeft(b, " \t") }

// request takes a query, which may be empty.
func (a *analyzer) request(b []byte) {
	if a.Compat(compat.NoSpicy) { // it knows of queries only those that somebody listens to
		a.asked = a.f.hooks.Request.On()
	} else {
		a.asked = true
		a.AddService(service)
	}
	if len(b) == 0 { // for a list of all users; no event, as in Zeek
		return
	}
	e := a.f.hooks.Request.Begin()
	if e == nil {
		return
	}
	b = skipBlanks(b)
	full := len(b) >= 2 && b[0] == '/' && b[1]|0x20 == 'w'
	if full {
		b = skipBlanks(b[2:])
	}
	user, host, _ := bytes.Cut(b, []byte("@"))
	*e = event.FingerRequest{Conn: a.Conn(), Full: full, Username: user, Hostname: host}
	a.f.hooks.Request.Raise(e)
}

// reply takes a line of the answer.
func (a *analyzer) reply(b []byte) {
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.FingerReply{Conn: a.Conn(), ReplyLine: b}
		a.f.hooks.Reply.Raise(e)
	}
}
