package redis

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// server is the state of the server's stream. A message becomes text while it arrives, so
// that nothing else of it is kept.
type server struct {
	line
	state serverState
	typ   byte // of the value that is read
	top   byte // of the message
	after bool // attributes have come before the value
	text  []byte
	attrs []byte // text of the message's attributes
	// hasAttrs is set if the message has attributes, inAttrs while they are read.
	hasAttrs, inAttrs bool
	quiet             int // above 0 while text is not wanted
	lost              bool
	elements          int64 // of all arrays so far
	bytes             int64 // of the string to come
	depth             int
	open              [maxDepth]aggregate
	// bad is the latest error, if there has been one.
	bad fault
}

// aggregate is an array, set, map or set of attributes whose elements are read.
type aggregate struct {
	typ  byte
	left int64 // elements to come
	odd  bool  // an odd number of them was read
	any  bool
}

type serverState uint8

const (
	serverStart  serverState = iota
	serverType               // before a value inside a message
	serverLine               // in a value that is a line
	serverCount              // in a number of elements
	serverLen                // in a string's length
	serverString             // in a string
	serverBool               // before a boolean
	serverSkip               // in the line after a value
	serverLost               // before the next line end, after an error
)

func (s *server) kept() int { return len(s.buf) + len(s.text) + len(s.attrs) }

// release gives up the current message.
func (s *server) release(f *factory) {
	s.line.release(&f.spare)
	f.spare.Put(s.text)
	f.spare.Put(s.attrs)
	*s = server{bad: s.bad}
}

// lose gives up the current message for an error. If it is fatal, nothing more is read.
func (s *server) lose(a *analyzer, f fault) {
	if f.kind == faultElements {
		a.Limited(source, "elements")
	}
	if f.kind == faultDepth {
		a.Limited(source, "depth")
	}
	s.release(a.f)
	s.bad, s.state = f, serverLost
}

// end reports what is wrong at the end of the stream.
func (s *server) end(a *analyzer) {
	if s.state != serverStart && s.state != serverLost {
		s.lose(a, fault{kind: faultEnd})
	}
	switch {
	case s.state == serverLost:
		a.fail("failed to synchronize: "+s.bad.String(), nil)
	case s.bad.kind != faultNone:
		a.fail("successful synchronization never confirmed: "+s.bad.String(), nil)
	}
}

// put adds bytes to the text.
func (s *server) put(a *analyzer, b []byte) {
	if s.quiet > 0 || len(b) == 0 {
		return
	}
	dst := &s.text
	if s.inAttrs {
		dst = &s.attrs
	}
	if room := a.f.opt.MessageBytes - len(*dst); len(b) > room {
		s.lost, b = true, b[:room]
	}
	if *dst == nil {
		*dst = a.f.spare.Get()
	}
	*dst = append(*dst, b...)
}

// mark adds a mark between values to the text.
func (s *server) mark(a *analyzer, m string) {
	if s.quiet > 0 {
		return
	}
	var b [2]byte
	s.put(a, b[:copy(b[:], m)])
}

// answers takes bytes of the server.
func (a *analyzer) answers(b []byte) {
	s, spare, seg := &a.server, &a.f.spare, b
	for len(b) > 0 {
		var err fault
		switch s.state {
		case serverStart, serverType:
			typ := b[0]
			b = b[1:]
			if err = s.value(a, typ); s.state == serverLen {
				if text, rest, ok := whole(b); ok {
					b = rest
					s.put(a, text)
					s.done(a)
				}
			}
		case serverLine:
			text, rest, state := s.next(spare, b, a.f.opt.MessageBytes, maxLine)
			if b = rest; state == lineWhole {
				s.put(a, text)
				s.done(a)
			} else if state == lineLong {
				err.kind = faultLine
			}
		case serverCount, serverLen:
			text, rest, state := s.next(spare, b, maxDigits, maxLine)
			if b = rest; state == lineShort {
				break
			}
			if state == lineLong {
				err.kind = faultLine
				break
			}
			n, kind := number(text)
			if kind != faultNone {
				err.kind = kind
				if s.state == serverCount && kind == faultNumber && (s.typ == '%' || s.typ == '~' || s.typ == '|') {
					err.kind = faultUnsigned
				}
				break
			}
			if s.state == serverCount {
				err = s.count(a, n)
			} else {
				err = s.length(a, n)
			}
		case serverString:
			n := min(s.bytes, int64(len(b)))
			s.put(a, b[:n])
			b = b[n:]
			if s.bytes -= n; s.bytes == 0 {
				s.state = serverSkip
			}
		case serverBool:
			text := "F"
			if b[0] == 't' {
				text = "T"
			}
			s.mark(a, text)
			b = b[1:]
			s.state = serverSkip
		case serverSkip:
			_, rest, state := s.next(spare, b, 0, maxLine)
			if b = rest; state == lineWhole {
				s.done(a)
			} else if state == lineLong {
				err.kind = faultLine
			}
		case serverLost:
			_, rest, state := s.next(spare, b, 0, len(b)+s.n)
			if b = rest; state == lineWhole {
				s.state = serverStart
			}
		}
		switch {
		case err.kind.fatal():
			a.fail(err.String(), seg)
			return
		case err.kind != faultNone:
			s.lose(a, err)
		}
	}
}

// value begins a value of a type.
func (s *server) value(a *analyzer, typ byte) fault {
	if s.state == serverStart && !s.after {
		s.text, s.attrs, s.hasAttrs, s.lost, s.elements = s.text[:0], s.attrs[:0], false, false, 0
		if s.quiet = 0; !a.listened() {
			s.quiet = 1
		}
	}
	if s.depth > 0 && !s.after {
		switch o := &s.open[s.depth-1]; {
		case (o.typ == '%' || o.typ == '|') && o.odd:
			s.mark(a, ": ")
		case o.any:
			s.mark(a, ", ")
		}
	}
	if s.depth == 0 {
		s.top = typ
	}
	attrs := s.after
	s.typ, s.after = typ, false
	switch typ {
	case '+', '-', ':', ',', '(':
		s.state = serverLine
	case '$', '!', '=':
		s.state = serverLen
	case '*', '>', '%', '~':
		s.state = serverCount
	case '_':
		if s.quiet == 0 {
			s.put(a, null)
		}
		s.state = serverSkip
	case '#':
		s.state = serverBool
	case '|':
		if attrs {
			return fault{kind: faultType, n: '|'}
		}
		s.state = serverCount
		if s.depth > 0 {
			s.quiet++
		} else {
			s.hasAttrs, s.inAttrs = true, true
		}
	default:
		return fault{kind: faultType, n: int64(typ)}
	}
	return fault{}
}

var null = []byte("null")

// brackets returns those around the elements of a type.
func brackets(typ byte) (left, right string) {
	switch typ {
	case '%', '|':
		return "{", "}"
	case '~':
		return "(", ")"
	}
	return "[", "]"
}

// count begins the elements of an aggregate.
func (s *server) count(a *analyzer, n int64) fault {
	pairs := s.typ == '%' || s.typ == '|'
	switch limit := int64(a.f.opt.Elements); {
	case n == -1 && (s.typ == '*' || s.typ == '>'):
		n = 0
	case n < 0 && (pairs || s.typ == '~'):
		return fault{kind: faultUnsigned}
	case n < 0:
		return fault{kind: faultCount}
	case limit != 0 && n > limit-s.elements:
		return fault{kind: faultElements, n: s.elements + n, m: limit}
	case limit == 0 && n > 1<<40: // a sum of these does not overflow
		return fault{kind: faultElements, n: n, m: 1 << 40}
	}
	s.elements += n
	left, _ := brackets(s.typ)
	s.mark(a, left)
	if n == 0 {
		s.close(a, s.typ)
		return fault{}
	}
	if s.depth++; s.depth == maxDepth {
		return fault{kind: faultDepth}
	}
	if pairs {
		n *= 2
	}
	s.open[s.depth-1] = aggregate{typ: s.typ, left: n}
	s.state = serverType
	return fault{}
}

// length begins a string.
func (s *server) length(a *analyzer, n int64) fault {
	switch {
	case n > maxLine:
		return fault{kind: faultLength}
	case n < 0:
		s.done(a)
	case n == 0:
		s.state = serverSkip
	default:
		s.bytes, s.state = n, serverString
	}
	return fault{}
}

// close ends an aggregate.
func (s *server) close(a *analyzer, typ byte) {
	_, right := brackets(typ)
	s.mark(a, right)
	if typ != '|' {
		s.done(a)
		return
	}
	// The value that the attributes are about comes next.
	if s.depth > 0 {
		s.quiet--
	} else {
		s.inAttrs = false
	}
	s.after, s.state = true, serverType
}

// done ends a value.
func (s *server) done(a *analyzer) {
	if s.depth == 0 {
		s.state = serverStart
		a.reply()
		return
	}
	o := &s.open[s.depth-1]
	o.any, o.odd = true, !o.odd
	s.state = serverType
	if o.left--; o.left == 0 {
		s.depth--
		s.close(a, o.typ)
	}
}

// listened reports whether anybody wants the text of messages.
func (a *analyzer) listened() bool {
	h := a.f.hooks
	return h.Reply.On() || h.Error.On() || h.ServerPush.On()
}

// reply raises the event of a complete message.
func (a *analyzer) reply() {
	a.Confirm()
	s := &a.server
	if s.lost {
		a.Limited(source, "message_bytes")
	}
	d := event.RedisReplyData{Value: s.text, MinProtocolVersion: 2}
	switch s.top {
	case '_', '#', ',', '(', '!', '=', '%', '~', '>':
		d.MinProtocolVersion = 3
	}
	if s.hasAttrs {
		d.Attributes, d.MinProtocolVersion = value.Some(s.attrs), 3
	}
	switch h := a.f.hooks; s.top {
	case '-', '!':
		if e := h.Error.Begin(); e != nil {
			*e = event.RedisError{Conn: a.Conn(), Data: d}
			h.Error.Raise(e)
		}
	case '>':
		a.push(&d)
	default:
		if d.MinProtocolVersion == 3 {
			a.resp3, a.pushes = true, false
		}
		if e := h.Reply.Begin(); e != nil {
			*e = event.RedisReply{Conn: a.Conn(), Data: d}
			h.Reply.Raise(e)
		}
		if a.pushes {
			a.push(&d)
		}
	}
	a.f.spare.Put(s.text)
	a.f.spare.Put(s.attrs)
	s.text, s.attrs = nil, nil
}

func (a *analyzer) push(d *event.RedisReplyData) {
	if e := a.f.hooks.ServerPush.Begin(); e != nil {
		*e = event.RedisServerPush{Conn: a.Conn(), Data: *d}
		a.f.hooks.ServerPush.Raise(e)
	}
}
