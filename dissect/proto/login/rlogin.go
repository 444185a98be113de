package login

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const sourceRlogin = "RLOGIN"

func newRlogin(l *lists) *detect.Protocol {
	f := &rloginFactory{l: l}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{513}}
	p.Protocol = conn.Protocol{Name: sourceRlogin, Service: "rlogin", New: f.new, Size: freelist.Size[rlogin]() + 1024}
	return p
}

type rloginFactory struct {
	l    *lists
	free freelist.List[rlogin]
}

func (f *rloginFactory) new(u conn.Use) conn.Analyzer {
	r := f.free.Get()
	d, parts := r.dialogue, [2][]byte{r.side[0].part[:0], r.side[1].part[:0]}
	*r = rlogin{f: f, dialogue: d}
	r.side[0].part, r.side[1].part = parts[0], parts[1]
	r.side[1].state = rloginAck
	r.reset(u, f.l, sourceRlogin)
	return r
}

// partial is an unfinished line.
type partial struct {
	part []byte
	held int // bytes of part on the account of incomplete messages
}

// keptPart is the largest capacity of part that is reused.
const keptPart = 4096

// settle accounts the unfinished line. It returns false, and drops it, if the lines of all
// connections are too long.
func (p *partial) settle(u conn.Use, source string) bool {
	u.Hold(len(p.part) - p.held)
	p.held = len(p.part)
	if p.held > 0 && u.Full(source) {
		p.drop(u)
		return false
	}
	return true
}

// drop forgets the unfinished line.
func (p *partial) drop(u conn.Use) {
	u.Hold(-p.held)
	p.held = 0
	if p.part = p.part[:0]; cap(p.part) > keptPart {
		p.part = nil
	}
}

// tooLong reports a line of the maximum length.
func tooLong(u conn.Use, protocol, name, source string) {
	u.Conn().NoteUnknown()
	u.Limited(protocol, "line_size")
	u.Weird(name, strconv.Itoa(contentline.DefaultMax), source)
}

// rloginState is where a side is (RFC 1282).
type rloginState uint8

const (
	rloginFirst    rloginState = iota // before the client's first NUL
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

// rlogin follows a session of rlogin. Index 0 is the client's side, 1 the server's.
type rlogin struct {
	f *rloginFactory
	dialogue

	side [2]rloginSide
}

type rloginSide struct {
	partial
	state rloginState
	left  int // bytes of the window's size
}

// Data takes the next bytes of a side.
func (r *rlogin) Data(isOrig bool, b []byte) {
	if r.over {
		return
	}
	s := &r.side[conn.Side(isOrig)]
	for i := 0; i < len(b) && !r.over; {
		if len(s.part) >= contentline.DefaultMax {
			tooLong(r.Use, sourceRlogin, "rlogin_line_size_exceeded", contentline.Source)
			s.state = rloginUnknown
			s.drop(r.Use)
			i++ // is lost, as in Zeek
			continue
		}
		if r.char(isOrig, s, b[i]) {
			i++
		}
	}
	if !s.settle(r.Use, sourceRlogin) {
		s.state = rloginUnknown
	}
}

// midStream reports whether the beginning of a side is not there.
func midStream(c *conn.Conn, isOrig bool) bool {
	e := c.Resp()
	if isOrig {
		e = c.Orig()
	}
	return e.State == event.StatePartial || e.State == event.StateClosed
}

// char takes a byte of a side. It returns false if the byte must be taken again in the new
// state.
func (r *rlogin) char(isOrig bool, s *rloginSide, c byte) bool {
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
func (r *rlogin) prolog(s *rloginSide) {
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

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (r *rlogin) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (r *rlogin) End(isOrig bool) {
	if len(r.side[conn.Side(isOrig)].part) > 0 {
		r.Data(isOrig, []byte("\n"))
	}
	r.end()
}

// Done returns the analyzer to the free list.
func (r *rlogin) Done() {
	r.side[0].drop(r.Use)
	r.side[1].drop(r.Use)
	r.release()
	r.f.free.Put(r)
}

// Flip swaps the sides with the connection's roles.
func (r *rlogin) Flip() { r.side[0], r.side[1] = r.side[1], r.side[0] }
