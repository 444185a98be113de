// Package starttls hands connections that change to TLS on the way over to the analyzer
// of TLS: what SMTP (RFC 3207), POP3 and IMAP (RFC 2595) do after the command that
// gives this package its name.
package starttls

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
)

// A Switch is the change of one connection to TLS. The zero Switch has not changed.
type Switch struct {
	t    *conn.Table
	c    *conn.Conn
	num  int // of the analyzer on the connection, -1 if there are too many
	on   bool
	from bool // the originator sent the line that agreed
	eol  bool // of whose end there may be more to come
	rest []byte
}

// Begin puts the analyzer that p describes on c, after a line of the originator if isOrig
// is set. The end of that line does not belong to TLS. Neither does rest, which came with
// the line, before Flush is called.
func (s *Switch) Begin(t *conn.Table, c *conn.Conn, p *conn.Protocol, isOrig bool, rest []byte) {
	*s = Switch{t: t, c: c, num: t.AttachInner(c, p), on: true, from: isOrig, eol: true, rest: rest}
}

// On reports whether the connection has changed.
func (s *Switch) On() bool { return s.on }

// Flush passes on what came with the last line. It is to be called when the piece that
// had that line is done with.
func (s *Switch) Flush() {
	if rest := s.rest; rest != nil {
		s.rest = nil
		s.Data(s.from, rest)
	}
}

// Data passes on bytes of TLS, whose records never begin as a line ends.
func (s *Switch) Data(isOrig bool, b []byte) {
	if s.eol && isOrig == s.from {
		b = bytes.TrimLeft(b, "\r\n")
		s.eol = len(b) == 0
	}
	if len(b) > 0 && s.num >= 0 {
		s.t.InnerData(s.c, s.num, isOrig, b)
	}
}

// Gap tells of missing bytes.
func (s *Switch) Gap(isOrig bool, n uint64) {
	if s.on && s.num >= 0 {
		s.t.InnerGap(s.c, s.num, isOrig, n)
	}
}

// Done takes the analyzer of TLS off.
func (s *Switch) Done() {
	if s.on && s.num >= 0 {
		s.t.DetachInner(s.c, s.num)
	}
	*s = Switch{}
}
