package watch

import (
	"bytes"
	"slices"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// NewBackDoor returns the watcher for services on ports of others.
func NewBackDoor(h *event.Hooks, o Options) *detect.Protocol {
	f := &backDoors{hooks: &h.BackDoor, opt: o}
	return watcher("BACKDOOR", f.new, freelist.Size[backDoor]())
}

// backDoors makes a shard's analyzers and reuses finished ones.
type backDoors struct {
	hooks *event.BackDoorEvents
	opt   Options
	free  freelist.List[backDoor]
}

// backDoor follows one connection.
type backDoor struct {
	f *backDoors
	conn.Use
	sides [2]bdSide
	stats schedule
}

type bdSide struct {
	progress
	rlogin rlogin
	stats  event.BackdoorEndpStats
	text   int64 // Stats.NumBytes, which an option at the end of a chunk may take below 0
}

func (f *backDoors) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = backDoor{f: f, Use: u}
	a.stats.begin(u, &f.opt, f.hooks.BackdoorStats.On())
	return a
}

// Data looks at a chunk.
func (a *backDoor) Data(isOrig bool, b []byte) {
	s := &a.sides[conn.Side(isOrig)]
	seq, ok := s.chunk(a.Conn(), isOrig, b)
	s.stats.IsPartial = s.partial
	if !ok {
		return
	}
	h := a.f.hooks
	a.checkRlogin(s, isOrig, seq, b)
	if len(b) >= 3 && b[0] == telnetIAC && isNegotiation(b[1]) {
		if e := h.TelnetSignatureFound.Begin(); e != nil {
			*e = event.TelnetSignatureFound{Conn: a.Conn(), IsOrig: isOrig, Len: uint64(len(b))}
			h.TelnetSignatureFound.Raise(e)
		}
	} else {
		s.lines(b)
	}
	if seq == 1 && len(b) > 4 && bytes.HasPrefix(b, sshVersion) && (b[4] == '1' || b[4] == '2') {
		if e := h.SSHSignatureFound.Begin(); e != nil {
			*e = event.SSHSignatureFound{Conn: a.Conn(), IsOrig: isOrig}
			h.SSHSignatureFound.Raise(e)
		}
	} else {
		s.packet(len(b))
	}
	if seq == 1 {
		a.beginning(s, isOrig, b)
	}
}

// packet counts a chunk by its size, as packets of SSH 1 and 2 have typical ones.
func (s *bdSide) packet(n int) {
	if !s.begun {
		return
	}
	s.stats.NumPkts++
	if n > 127 {
		return
	}
	switch {
	case n%8 == 0 && n >= 16:
		s.stats.Num8k0Pkts++
	case n%8 == 4:
		s.stats.Num8k4Pkts++
	}
}

// Telnet's commands (RFC 854).
const telnetIAC = 255

// isNegotiation reports whether a command is WILL, WONT, DO or DONT.
func isNegotiation(c byte) bool { return c >= 251 && c <= 254 }

// lines counts lines and bytes of text, without Telnet's commands.
func (s *bdSide) lines(b []byte) {
	s.text += int64(len(b))
	start, options := 0, 0 // of the line
	last := byte(0)
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n' && last == '\r':
			last = c
		case c == '\n' || c == '\r':
			s.stats.NumLines++
			if i-start-options <= normalLine {
				s.stats.NumNormalLines++
			}
			start, options, last = i, 0, c
		case c == telnetIAC:
			options++
			s.text--
			if i++; i >= len(b) {
				break
			}
			switch code := b[i]; {
			case code == telnetIAC:
				last = code
			case isNegotiation(code):
				i++
				options += 2
				s.text -= 2
			default:
				options++
				s.text--
			}
		default:
			if c != 0 && c < 128 {
				s.stats.Num7bitASCII++
			}
			last = c
		}
	}
	s.stats.NumBytes = uint64(max(0, s.text))
}

var (
	sshVersion = []byte("SSH-")
	gnutella   = []byte("GNUTELLA ")
	ftp220     = []byte("220")
	ftp421     = []byte("421")
	urlScheme  = []byte("://")

	httpMethods  = words("GET", "HEAD", "POST")
	smtpGreeting = words("HELO", "EHLO")
	ircCommands  = words("ERROR", "INVITE", "ISON", "JOIN", "KICK", "NICK", "NJOIN", "NOTICE AUTH", "OPER",
		"PART", "PING", "PONG", "PRIVMSG", "SQUERY", "SQUIT", "WHO")
)

func words(list ...string) (w [][]byte) {
	for _, s := range list {
		w = append(w, []byte(s))
	}
	return w
}

// beginsWord reports whether b begins with one of words, followed by a blank or by nothing.
func beginsWord(b []byte, words [][]byte) bool {
	return slices.ContainsFunc(words, func(w []byte) bool {
		rest, ok := bytes.CutPrefix(b, w)
		return ok && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
	})
}

// beginning looks for signatures in the first chunk of a side.
func (a *backDoor) beginning(s *bdSide, isOrig bool, b []byte) {
	h, c := a.f.hooks, a.Conn()
	if !isOrig && len(b) >= 4 && (b[3] == ' ' || b[3] == '-') && (bytes.HasPrefix(b, ftp220) || bytes.HasPrefix(b, ftp421)) {
		if e := h.FTPSignatureFound.Begin(); e != nil {
			*e = event.FTPSignatureFound{Conn: c}
			h.FTPSignatureFound.Raise(e)
		}
	}
	if bytes.HasPrefix(b, gnutella) {
		if e := h.GnutellaSignatureFound.Begin(); e != nil {
			*e = event.GnutellaSignatureFound{Conn: c}
			h.GnutellaSignatureFound.Raise(e)
		}
	}
	if uri, ok := httpRequest(b); ok {
		if e := h.HTTPSignatureFound.Begin(); e != nil {
			*e = event.HTTPSignatureFound{Conn: c}
			h.HTTPSignatureFound.Raise(e)
		}
		if isWholeURI(uri) {
			if e := h.HTTPProxySignatureFound.Begin(); e != nil {
				*e = event.HTTPProxySignatureFound{Conn: c}
				h.HTTPProxySignatureFound.Raise(e)
			}
		}
	}
	if beginsWord(b, smtpGreeting) {
		if e := h.SMTPSignatureFound.Begin(); e != nil {
			*e = event.SMTPSignatureFound{Conn: c}
			h.SMTPSignatureFound.Raise(e)
		}
	}
	if !s.partial && beginsWord(b, ircCommands) {
		if e := h.IRCSignatureFound.Begin(); e != nil {
			*e = event.IRCSignatureFound{Conn: c}
			h.IRCSignatureFound.Raise(e)
		}
	}
}

// isWhite reports whether c separates the words of a request: it is not printable ASCII, or
// a space.
func isWhite(c byte) bool { return c <= ' ' || c >= 0x7f }

// httpRequest returns what follows the method of a request.
func httpRequest(b []byte) (rest []byte, ok bool) {
	for _, m := range httpMethods {
		if rest, ok = bytes.CutPrefix(b, m); ok {
			return rest, len(rest) > 0 && isWhite(rest[0])
		}
	}
	return nil, false
}

// isWholeURI reports whether the first word of b, on the same line, has a scheme.
func isWholeURI(b []byte) bool {
	for len(b) > 0 && isWhite(b[0]) {
		if b[0] == '\r' {
			return false
		}
		b = b[1:]
	}
	if i := slices.IndexFunc(b, isWhite); i >= 0 {
		b = b[:i]
	}
	return bytes.Contains(b, urlScheme)
}

// rlogin is how far a side looks like rlogin (RFC 1282): a NUL, the names of the user there
// and here and a terminal's type and speed, each ended by a NUL.
type rlogin struct {
	nulls     uint8
	slash     bool // after the terminal's type
	done      bool
	separator uint64 // position of the last separator, plus 1
}

const (
	// mostRlogin is the position by which the strings should have ended.
	mostRlogin = 256
	rloginNuls = 4
)

func (a *backDoor) checkRlogin(s *bdSide, isOrig bool, seq uint64, b []byte) {
	r := &s.rlogin
	if r.done {
		return
	}
	if seq == 1 {
		if b[0] != 0 {
			r.done = true
			return
		}
		r.nulls = 1
		if !isOrig {
			a.foundRlogin(s, isOrig, len(b))
			return
		}
		r.separator = 1
		seq, b = seq+1, b[1:]
	}
	for i := 0; i < len(b) && r.nulls < rloginNuls; i++ {
		at := seq + uint64(i)
		switch c := b[i]; {
		case c == 0, c == '/' && r.nulls == rloginNuls-1:
			if at == r.separator+1 { // an empty string
				r.done = true
				return
			}
			r.separator = at
			if c == 0 {
				r.nulls++
			} else {
				r.slash = true
			}
		case c >= 128:
			r.done = true
			return
		}
	}
	switch {
	case r.nulls == rloginNuls && !r.slash:
		r.done = true
	case r.nulls == rloginNuls, seq+uint64(len(b)) > mostRlogin:
		a.foundRlogin(s, isOrig, 0)
	}
}

func (a *backDoor) foundRlogin(s *bdSide, isOrig bool, n int) {
	s.rlogin.done = true
	if e := a.f.hooks.RloginSignatureFound.Begin(); e != nil {
		*e = event.RloginSignatureFound{Conn: a.Conn(), IsOrig: isOrig, NumNull: uint64(s.rlogin.nulls), Len: uint64(n)}
		a.f.hooks.RloginSignatureFound.Raise(e)
	}
}

// Alarm raises the statistics of a connection that goes on.
func (a *backDoor) Alarm() {
	a.raiseStats()
	a.stats.next(a.Use, &a.f.opt)
}

func (a *backDoor) raiseStats() {
	if e := a.f.hooks.BackdoorStats.Begin(); e != nil {
		*e = event.BackdoorStats{Conn: a.Conn(), OS: a.sides[0].stats, RS: a.sides[1].stats}
		a.f.hooks.BackdoorStats.Raise(e)
	}
}

// Gap does nothing: positions leave gaps out.
func (a *backDoor) Gap(bool, uint64) {}

// End does nothing.
func (a *backDoor) End(bool) {}

// Done raises what is left.
func (a *backDoor) Done() {
	for i := range a.sides {
		if s := &a.sides[i]; !s.rlogin.done && s.rlogin.nulls > 0 {
			a.foundRlogin(s, i == 0, 0)
		}
	}
	a.raiseStats()
	if e := a.f.hooks.BackdoorRemoveConn.Begin(); e != nil {
		*e = event.BackdoorRemoveConn{Conn: a.Conn()}
		a.f.hooks.BackdoorRemoveConn.Raise(e)
	}
	f := a.f
	*a = backDoor{}
	f.free.Put(a)
}

// Flip follows the connection's change of roles.
func (a *backDoor) Flip() { a.sides[0], a.sides[1] = a.sides[1], a.sides[0] }
