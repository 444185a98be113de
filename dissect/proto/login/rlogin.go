package login

import (
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
)

// Where a side of rlogin is (RFC 1282).
const (
	rloginFirst    remoteState = iota // before the client's first NUL
	rloginClient                      // in the user's name on the client's host
	rloginServer                      // in the user's name on the server's host
	rloginTerminal                    // in the terminal's type and speed
	rloginAck                         // before the server's NUL
	rloginControl                     // after an FF
	rloginWindow1                     // after two of them
	rloginWindow2                     // after an "s" in addition
	rloginWindow                      // in the size of the window
	rloginText                        // lines
	rloginRejected                    // lines of a server that has not begun with NUL
	rloginUnknown                     // lines, from the middle of a connection
)

// windowSize is the number of bytes after FF FF "ss" (RFC 1282, window size).
const windowSize = 8

var kindRlogin = remoteKind{
	name: "RLOGIN", service: "rlogin", port: 513, lines: contentline.Source, tooLong: "rlogin_line_size_exceeded",
	first: [2]remoteState{rloginFirst, rloginAck}, lost: rloginUnknown,
}

// rloginChar is char for rlogin.
func (r *remote) rloginChar(isOrig bool, s *remoteSide, c byte) bool {
	switch s.state {
	case rloginFirst:
		switch {
		case midStream(r.Conn(), isOrig):
			s.state = rloginUnknown
			return false
		case c == 0:
			s.state = rloginClient
		default:
			r.Weird("bad_rlogin_prolog", "", contentline.Source)
			s.state = rloginUnknown
		}
	case rloginClient, rloginServer, rloginTerminal:
		if c == 0 {
			r.prolog(s)
			s.part = s.part[:0]
		} else {
			s.part = append(s.part, c)
		}
	case rloginAck:
		switch {
		case midStream(r.Conn(), isOrig):
			s.state = rloginUnknown
			return false
		case c == 0:
			s.state = rloginText
		default:
			s.state = rloginRejected
		}
	case rloginControl:
		if c != 0xff {
			s.part = append(s.part, 0xff)
			s.state = rloginText
			return false
		}
		s.state = rloginWindow1
	case rloginWindow1, rloginWindow2:
		switch {
		case c == 's' && s.state == rloginWindow1:
			s.state = rloginWindow2
		case c == 's':
			s.state, s.left = rloginWindow, windowSize
		default: // an unknown command becomes text, without its last byte
			s.part = append(s.part, 0xff, 0xff)
			if s.state == rloginWindow2 {
				s.part = append(s.part, 's')
			}
			s.state = rloginUnknown
		}
	case rloginWindow:
		if s.left--; s.left == 0 {
			s.state = rloginText
		}
	case rloginText, rloginRejected, rloginUnknown:
		if s.state == rloginText && r.side[conn.Side(!isOrig)].state == rloginRejected {
			r.Weird("rlogin_text_after_rejected", "", contentline.Source)
			s.state = rloginUnknown
		}
		switch {
		case c == '\n' || c == '\r':
			r.line(isOrig, s.part)
			s.part = s.part[:0]
		case c == 0xff && isOrig && s.state == rloginText:
			s.state = rloginControl
		default:
			s.part = append(s.part, c)
		}
	}
	return true
}

// prolog takes a string of the client's first bytes.
func (r *remote) prolog(s *remoteSide) {
	switch s.state {
	case rloginClient:
		r.setClient(s.part)
		s.state = rloginServer
	case rloginServer:
		r.typed++
		r.promptLine++
		r.add(s.part)
		s.state = rloginTerminal
	default:
		r.certain("rlogin")
		r.terminal(s.part)
		s.state = rloginText
	}
}
