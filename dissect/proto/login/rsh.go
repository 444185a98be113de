package login

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
)

// Where a side of rsh is (rshd(8)). They follow those of rlogin.
const (
	rshFirst  remoteState = rloginUnknown + 1 + iota // in the port for errors, before the first NUL
	rshClient                                        // in the user's name on the client's host
	rshServer                                        // in the user's name on the server's host
	rshText                                          // lines
)

var kindRsh = remoteKind{
	name: "RSH", service: "rsh", port: 514, lines: "CONTENTS_RSH", tooLong: "rsh_line_size_exceeded",
	first: [2]remoteState{rshFirst, rshText}, lost: rshText,
}

// rshChar is char for rsh.
func (r *remote) rshChar(isOrig bool, s *remoteSide, c byte) bool {
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
			r.Weird("bad_rsh_prolog", "", r.f.lines)
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
func (r *remote) text(isOrig bool, b []byte) {
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
