package finger

import (
	"bytes"
	"unicode/utf8"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// maxStrict is the largest length in bytes of a line without its end (Zeek's
// Finger::max_line_length).
const maxStrict = 1024

// certain is the length in bytes of a line of an answer that confirms Finger.
const certain = 10

// strict reads as Zeek's analyzer in Spicy does: a query, which may be empty, and lines of an
// answer that end with LF or CR LF. What is not like that takes it off.
type strict struct {
	query, line []byte // incomplete
	asked, cr   bool   // the query is complete; the line has ended, but for its LF
	begun       bool   // the client has sent something
	off         bool
}

// strictData takes the next bytes of a side.
func (a *analyzer) strictData(isOrig bool, b []byte) {
	s := &a.strict
	if isOrig {
		a.strictQuery(b)
		return
	}
	for len(b) > 0 && !s.off {
		if s.cr {
			if b[0] != '\n' {
				a.violate("failed to match regular expression", nil)
				return
			}
			s.cr, b = false, b[1:]
			a.strictReply(s.line)
			s.line = s.line[:0]
			continue
		}
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			i = len(b)
		}
		if len(s.line)+i > maxStrict {
			a.tooLong("65:22-65:48", append(s.line, b...))
			return
		}
		switch {
		case i == len(b):
			s.line, b = append(s.line, b...), nil
		case b[i] == '\r':
			s.line, s.cr, b = append(s.line, b[:i]...), true, b[i+1:]
		default:
			line := b[:i]
			if len(s.line) > 0 {
				s.line = append(s.line, line...)
				line, s.line = s.line, s.line[:0]
			}
			a.strictReply(line)
			b = b[i+1:]
		}
	}
}

// tooLong reports a line that is too long, where Zeek's source has the rule.
func (a *analyzer) tooLong(where string, b []byte) {
	a.Limited(source, "line_size")
	a.violate("parsing not done within &max-size bytes (zeek/src/analyzer/protocol/finger/finger.spicy:"+where+")", b)
}

func (a *analyzer) violate(reason string, data []byte) {
	a.strict.off = true
	a.Violate(conn.Violation{Reason: reason, Data: data})
}

// strictQuery takes bytes of the client. What follows the query is of no interest.
func (a *analyzer) strictQuery(b []byte) {
	s := &a.strict
	if s.asked || s.off {
		return
	}
	s.begun = true
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		if len(s.query) == 0 {
			b = skipBlanks(b)
		}
		// The blanks after /W do not count for the length.
		if s.query = append(s.query, b...); len(s.query) > len("/W")+maxStrict {
			_, rest := cutWhois(s.query)
			if len(rest) > maxStrict {
				a.tooLong("46:21-46:47", rest)
				return
			}
			s.query = append(s.query[:0], "/W"...)
			s.query = append(s.query, rest...)
		}
		return
	}
	s.query = append(s.query, b[:i]...)
	a.strictRequest()
}

// cutWhois takes the switch /W off a query.
func cutWhois(b []byte) (whois bool, rest []byte) {
	b = skipBlanks(b)
	if bytes.HasPrefix(b, []byte("/W")) {
		return true, skipBlanks(b[2:])
	}
	return false, b
}

func (a *analyzer) strictRequest() {
	s := &a.strict
	s.asked = true
	whois, b := cutWhois(s.query)
	if len(b) > maxStrict {
		a.tooLong("46:21-46:47", b)
		return
	}
	user, host, _ := bytes.Cut(bytes.TrimSpace(b), []byte("@"))
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.FingerRequest{Conn: a.Conn(), Full: whois, Username: valid(user), Hostname: valid(host)}
		a.f.hooks.Request.Raise(e)
	}
	if len(user) > 0 || whois {
		a.Confirm()
	}
}

// strictReply takes a line of the answer.
func (a *analyzer) strictReply(b []byte) {
	if b = valid(b); len(b) > 0 {
		a.reply(b)
	}
	if len(b) > certain {
		a.Confirm()
	}
}

// strictEnd ends a side.
func (a *analyzer) strictEnd(isOrig bool) {
	if s := &a.strict; isOrig && s.begun && !s.asked && !s.off {
		a.strictRequest()
	}
}

// valid returns b with a replacement character for each byte that is not UTF-8.
func valid(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return []byte(string([]rune(string(b))))
}
