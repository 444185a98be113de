package login

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	sourceRsh = "RSH"
	// sourceRshLines is the name of Zeek's analyzer of the lines, for weirds.
	sourceRshLines = "CONTENTS_RSH"
)

func newRsh(l *lists) *detect.Protocol {
	f := &rshFactory{l: l}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{514}}
	p.Protocol = conn.Protocol{Name: sourceRsh, Service: "rsh", New: f.new, Size: freelist.Size[rsh]() + 1024}
	return p
}

type rshFactory struct {
	l    *lists
	free freelist.List[rsh]
}

func (f *rshFactory) new(u conn.Use) conn.Analyzer {
	r := f.free.Get()
	d, parts := r.dialogue, [2][]byte{r.side[0].part[:0], r.side[1].part[:0]}
	*r = rsh{f: f, dialogue: d}
	r.side[0].part, r.side[1].part = parts[0], parts[1]
	r.side[1].state = rshText
	r.reset(u, f.l, sourceRsh)
	return r
}

// rshState is where a side is (rshd(8)).
type rshState uint8

const (
	rshFirst  rshState = iota // in the port for errors, before the first NUL
	rshClient                 // in the user's name on the client's host
	rshServer                 // in the user's name on the server's host
	rshText                   // lines
)

// rsh follows a session of rsh. Index 0 is the client's side, 1 the server's.
type rsh struct {
	f *rshFactory
	dialogue

	side    [2]rshSide
	command bool // the next line of the client is the command
}

type rshSide struct {
	partial
	state rshState
}

// Data takes the next bytes of a side.
func (r *rsh) Data(isOrig bool, b []byte) {
	s := &r.side[conn.Side(isOrig)]
	for i := 0; i < len(b) && !r.over; {
		if len(s.part) >= contentline.DefaultMax {
			tooLong(r.Use, sourceRsh, "rsh_line_size_exceeded", sourceRshLines)
			s.state = rshText
			s.drop(r.Use)
			i++ // is lost, as in Zeek
			continue
		}
		if r.char(isOrig, s, b[i]) {
			i++
		}
	}
	if !s.settle(r.Use, sourceRsh) {
		s.state = rshText
	}
}

// char takes a byte of a side. It returns false if the byte must be taken again in the new
// state.
func (r *rsh) char(isOrig bool, s *rshSide, c byte) bool {
	switch s.state {
	case rshFirst:
		switch {
		case midStream(r.Conn(), isOrig):
			s.state = rshText
			return false
		case '0' <= c && c <= '9':
		case c == 0:
			s.state = rshClient
		default:
			r.Weird("bad_rsh_prolog", "", sourceRshLines)
			s.state = rshText
		}
	case rshClient, rshServer:
		switch {
		case c != 0:
			s.part = append(s.part, c)
			return true
		case s.state == rshClient:
			r.setClient(s.part)
			s.state = rshServer
		case len(s.part) > 0: // as in Zeek, an empty name is passed over
			r.certain("rsh")
			r.setUser(s.part)
			s.state, r.command = rshText, true
		}
		s.part = s.part[:0]
	case rshText:
		if c != '\n' && c != '\r' && c != 0 {
			s.part = append(s.part, c)
			return true
		}
		r.text(isOrig, s.part)
		s.part = s.part[:0]
	}
	return true
}

// text takes a line of a side.
func (r *rsh) text(isOrig bool, b []byte) {
	r.line(isOrig, b)
	b = bytes.TrimLeft(b, " \t")
	client, user := none, none
	if r.hasClient {
		client = r.client
	}
	if r.hasUser {
		user = r.user
	}
	if !isOrig {
		h := &r.l.hooks.RshReply
		if e := h.Begin(); e != nil {
			*e = event.RshReply{Conn: r.Conn(), ClientUser: client, ServerUser: user, Line: b}
			h.Raise(e)
		}
		return
	}
	h := &r.l.hooks.RshRequest
	if e := h.Begin(); e != nil {
		*e = event.RshRequest{Conn: r.Conn(), ClientUser: client, ServerUser: user, Line: b, NewSession: r.command}
		h.Raise(e)
	}
	r.command = false
}

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (r *rsh) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (r *rsh) End(isOrig bool) {
	if len(r.side[conn.Side(isOrig)].part) > 0 {
		r.Data(isOrig, []byte("\n"))
	}
	r.end()
}

// Done returns the analyzer to the free list.
func (r *rsh) Done() {
	r.side[0].drop(r.Use)
	r.side[1].drop(r.Use)
	r.release()
	r.f.free.Put(r)
}

// Flip swaps the sides with the connection's roles.
func (r *rsh) Flip() { r.side[0], r.side[1] = r.side[1], r.side[0] }
