// Package ident analyzes the Identification Protocol (RFC 1413): queries for the user of a
// TCP connection and their replies. It follows Zeek's src/analyzer/protocol/ident.
package ident

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
	source  = "IDENT"
	service = "ident"

	// maxLine is the length in bytes at which lines are cut (RFC 1413 section 4).
	maxLine = 1000
)

// New returns the protocol for the detector. Its analyzers raise events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.Ident}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{113}}
	p.Protocol = conn.Protocol{Name: source, Service: service, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and reuses finished ones.
type factory struct {
	hooks *event.IdentEvents
	free  freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, lines: a.lines}
	a.lines.Reset(a, nil, maxLine)
	a.lines.Side(true).SetNULWeird(true)
	a.lines.Side(false).SetNULWeird(true)
	return a
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use

	lines    contentline.Pair
	asked    bool // a query has been complete
	badReply bool // the weird about a bad reply has been raised
}

// Line takes a line of a side.
func (a *analyzer) Line(isOrig bool, b []byte) {
	switch {
	case len(b) == 0:
	case isOrig:
		a.request(b)
	default:
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
func (a *analyzer) Data(isOrig bool, b []byte) { a.lines.Side(isOrig).Deliver(b) }

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (a *analyzer) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (a *analyzer) End(isOrig bool) { a.lines.Side(isOrig).End() }

// Done reports a client that closed without a complete query.
func (a *analyzer) Done() {
	c := a.Conn()
	if (!a.asked || a.lines.Side(true).Partial()) && !c.Partial() && c.Resp().Packets != 0 &&
		bytes.IndexByte(c.History(), 'F') >= 0 {
		a.Weird("partial_ident_request", "", source)
	}
	a.lines.Release()
	a.f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() { a.lines.Flip() }

func skipBlanks(b []byte) []byte { return bytes.TrimLeft(b, " \t") }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// request takes a query.
func (a *analyzer) request(line []byte) {
	remote, local, rest, ok := a.pair(line)
	if !ok {
		if !a.Conn().Partial() {
			a.Weird("bad_ident_request", string(line), source)
		}
		return
	}
	if len(rest) != 0 {
		a.Weird("ident_request_addendum", string(line), source)
	}
	a.asked = true
	if !a.Compat(compat.LoginService) {
		a.AddService(service)
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.IdentRequest{Conn: a.Conn(), LPort: local, RPort: remote}
		a.f.hooks.Request.Raise(e)
	}
}

// reply takes a reply: the query, a colon, the kind of the reply, a colon, and what the kind
// has.
func (a *analyzer) reply(line []byte) {
	remote, local, rest, ok := a.pair(line)
	if !ok || len(rest) == 0 || rest[0] != ':' {
		if !a.Conn().Partial() {
			a.bad(line)
		}
		return
	}
	rest = skipBlanks(rest[1:])
	rest, isError := bytes.CutPrefix(rest, []byte("ERROR"))
	if !isError {
		if rest, ok = bytes.CutPrefix(rest, []byte("USERID")); !ok {
			a.bad(line)
			return
		}
	}
	if rest = skipBlanks(rest); len(rest) == 0 || rest[0] != ':' {
		a.bad(line)
		return
	}
	rest = skipBlanks(rest[1:])
	if isError {
		if e := a.f.hooks.Error.Begin(); e != nil {
			*e = event.IdentError{Conn: a.Conn(), LPort: local, RPort: remote, Line: rest}
			a.f.hooks.Error.Raise(e)
		}
		return
	}
	colon := bytes.IndexByte(rest, ':')
	if colon < 0 {
		a.bad(line)
		return
	}
	system := rest[:colon+1]
	if comma := bytes.IndexByte(system, ','); comma >= 0 {
		system = system[:comma+1]
	}
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.IdentReply{Conn: a.Conn(), LPort: local, RPort: remote, UserID: skipBlanks(rest[colon+1:]), System: system}
		a.f.hooks.Reply.Raise(e)
	}
}

// bad reports the first bad reply.
func (a *analyzer) bad(line []byte) {
	if !a.badReply {
		a.badReply = true
		a.Weird("bad_ident_reply", string(line), source)
	}
}

// pair returns the two ports at the start of b, on the server's host and on the client's,
// and what follows them.
func (a *analyzer) pair(b []byte) (first, second value.Port, rest []byte, ok bool) {
	if first, b, ok = a.port(b); !ok || len(b) == 0 || b[0] != ',' {
		return first, second, b, false
	}
	second, rest, ok = a.port(b[1:])
	return first, second, rest, ok
}

// port returns the port at the start of b. One that is out of range is 0.
func (a *analyzer) port(b []byte) (p value.Port, rest []byte, ok bool) {
	b = skipBlanks(b)
	n, i := 0, 0
	for ; i < len(b) && isDigit(b[i]); i++ {
		if n <= 65535 {
			n = n*10 + int(b[i]-'0')
		}
	}
	if i == 0 {
		return p, b, false
	}
	if n > 65535 {
		a.Weird("bad_ident_port", string(b), source)
		n = 0
	}
	return value.Port{Num: uint16(n), Proto: value.ProtoTCP}, skipBlanks(b[i:]), true
}
