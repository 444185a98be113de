// Package telnetopt follows the options of Telnet (RFC 855) that the sides of a network
// virtual terminal negotiate, as in Telnet itself and in FTP. It follows Zeek's
// src/analyzer/protocol/login/NVT.
package telnetopt

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// Telnet commands about options (RFC 854).
const (
	will = 251
	wont = 252
	do   = 253
	dont = 254
)

// said is a set of commands that a side has sent about an option.
type said uint8

const (
	saidWill said = 1 << iota
	saidWont
	saidDo
	saidDont
)

func (s said) has(c said) bool { return s&c != 0 }

// The options that are followed, as indexes.
const (
	optBinary       = iota // RFC 856
	optTerminal            // RFC 1091
	optAuthenticate        // RFC 2941
	optEncrypt             // RFC 2946
	optEnviron             // RFC 1572
	numOptions
)

// optionOf returns the index of an option by its number, or -1.
func optionOf(number byte) int {
	switch number {
	case 0:
		return optBinary
	case 24:
		return optTerminal
	case 37:
		return optAuthenticate
	case 38:
		return optEncrypt
	case 39:
		return optEnviron
	}
	return -1
}

// option is the state of an option of one side.
type option struct {
	said      said
	active    bool
	requested bool // the side has asked for authentication, or for encryption to begin
	encrypts  bool // the side has begun to encrypt
}

// A Host is told of what a Session finds beside the events.
type Host interface {
	// Negotiated is called for each command about an option.
	Negotiated()
	// Env takes a variable of a side's environment (RFC 1572). The slices are valid only
	// during the call.
	Env(isOrig bool, name, val []byte)
}

// A Session follows the options of both sides of a connection. Reset initializes it.
type Session struct {
	use   conn.Use
	hooks *event.LoginEvents
	lines *[2]contentline.NVT
	host  Host

	side     [2]side
	options  [2][numOptions]option
	accepted [2]bool // the side has accepted the other's authentication
	named    [2]bool // authName is set
	authName [2][]byte
}

// side receives the commands of one side: 0 is the originator, 1 the responder.
type side struct {
	t *Session
	i int
}

// maxName is the number of bytes that are kept of a name, which RFC 2941 does not bound.
const maxName = 256

// Reset prepares t for a new connection, whose sides are lines. host may be nil.
func (t *Session) Reset(u conn.Use, h *event.LoginEvents, lines *[2]contentline.NVT, host Host) {
	names := [2][]byte{t.authName[0][:0], t.authName[1][:0]}
	*t = Session{use: u, hooks: h, lines: lines, host: host, authName: names}
	t.attach()
}

func (t *Session) attach() {
	for i := range t.side {
		t.side[i] = side{t, i}
		t.lines[i].SetOptionReceiver(&t.side[i])
	}
}

// Flip swaps the sides after the lines have been swapped.
func (t *Session) Flip() {
	t.options[0], t.options[1] = t.options[1], t.options[0]
	t.accepted[0], t.accepted[1] = t.accepted[1], t.accepted[0]
	t.named[0], t.named[1] = t.named[1], t.named[0]
	t.authName[0], t.authName[1] = t.authName[1], t.authName[0]
	t.attach()
}

// Negotiated takes a command about an option.
func (s *side) Negotiated(command, number byte) {
	t := s.t
	if t.host != nil {
		t.host.Negotiated()
	}
	o := optionOf(number)
	if o < 0 {
		return
	}
	// The rules are Zeek's, which look at both sides' commands in the same set.
	own, peer := &t.options[s.i][o], &t.options[1-s.i][o]
	inconsistent := false
	switch command {
	case will:
		inconsistent = own.said.has(saidDont) || peer.said.has(saidWont) || peer.active
		peer.said |= saidWill
		if own.said.has(saidDo) {
			t.activate(1-s.i, o, true)
		}
	case wont:
		inconsistent = peer.said.has(saidWill) && !own.said.has(saidDont)
		peer.said |= saidWont
		if own.said.has(saidDont) {
			t.activate(1-s.i, o, false)
		}
	case do:
		inconsistent = own.said.has(saidWont) || peer.said.has(saidDont) || own.active
		peer.said |= saidDo
		if own.said.has(saidWill) {
			t.activate(s.i, o, true)
		}
	case dont:
		inconsistent = peer.said.has(saidDo) && !own.said.has(saidWont)
		peer.said |= saidDont
		if own.said.has(saidWont) {
			t.activate(s.i, o, false)
		}
	}
	if inconsistent && o != optBinary { // BINARY is often asked for again
		t.inconsistent()
	}
}

func (t *Session) activate(side, o int, on bool) {
	t.options[side][o].active = on
	if o == optBinary {
		t.lines[side].SetBinary(on)
	}
}

func (t *Session) inconsistent() {
	h := &t.hooks.InconsistentOption
	if e := h.Begin(); e != nil {
		*e = event.InconsistentOption{Conn: t.use.Conn()}
		h.Raise(e)
	}
}

func (t *Session) bad() {
	h := &t.hooks.BadOption
	if e := h.Begin(); e != nil {
		*e = event.BadOption{Conn: t.use.Conn()}
		h.Raise(e)
	}
}

// BadTermination takes a subnegotiation that another command than SE ends.
func (s *side) BadTermination() {
	h := &s.t.hooks.BadOptionTermination
	if e := h.Begin(); e != nil {
		*e = event.BadOptionTermination{Conn: s.t.use.Conn()}
		h.Raise(e)
	}
}

// Subnegotiated takes a subnegotiation.
func (s *side) Subnegotiated(b []byte) {
	t := s.t
	o := optionOf(b[0])
	if o < 0 || o == optBinary {
		return
	}
	if o == optEncrypt && !t.options[s.i][o].active {
		t.inconsistent()
		return
	}
	if b = b[1:]; len(b) == 0 {
		t.bad()
		return
	}
	command, b := b[0], b[1:]
	switch o {
	case optTerminal:
		t.terminalType(command, b)
	case optAuthenticate:
		s.authenticate(command, b)
	case optEncrypt:
		s.encrypt(command)
	case optEnviron:
		s.environ(command, b)
	}
}

// terminalType takes a subnegotiation of TERMINAL-TYPE (RFC 1091 section 2).
func (t *Session) terminalType(command byte, b []byte) {
	const (
		is   = 0
		send = 1
	)
	switch command {
	case send:
	case is:
		if e := t.hooks.Terminal.Begin(); e != nil {
			*e = event.LoginTerminal{Conn: t.use.Conn(), Terminal: b}
			t.hooks.Terminal.Raise(e)
		}
	default:
		t.bad()
	}
}

// authenticate takes a subnegotiation of AUTHENTICATION (RFC 2941 section 2).
func (s *side) authenticate(command byte, b []byte) {
	const (
		is    = 0
		send  = 1
		reply = 2
		name  = 3

		reject = 1 // after reply; where RFC 2941 has the type of authentication, as in Zeek
		accept = 2
	)
	t := s.t
	switch command {
	case is:
		if !t.options[1-s.i][optAuthenticate].requested {
			t.inconsistent()
		}
	case send:
		t.options[s.i][optAuthenticate].requested = true
	case reply:
		switch {
		case len(b) == 0:
			t.bad()
		case b[0] == reject:
			t.accepted[s.i] = false
			h := &t.hooks.AuthenticationRejected
			if e := h.Begin(); e != nil {
				*e = event.AuthenticationRejected{Name: t.nameOf(1 - s.i), Conn: t.use.Conn()}
				h.Raise(e)
			}
		case b[0] == accept:
			t.accepted[s.i] = true
			h := &t.hooks.AuthenticationAccepted
			if e := h.Begin(); e != nil {
				*e = event.AuthenticationAccepted{Name: t.nameOf(1 - s.i), Conn: t.use.Conn()}
				h.Raise(e)
			}
		}
	case name:
		b, _, _ = bytes.Cut(b, []byte{0})
		if len(b) > maxName {
			t.use.Limited(contentline.SourceNVT, "name_size")
			b = b[:maxName]
		}
		t.authName[s.i], t.named[s.i] = append(t.authName[s.i][:0], b...), true
	default:
		t.bad()
	}
}

var emptyName = []byte("<empty>")

// nameOf returns the name with which a side authenticates itself.
func (t *Session) nameOf(side int) []byte {
	if t.named[side] {
		return t.authName[side]
	}
	return emptyName
}

// encrypt takes a subnegotiation of ENCRYPT (RFC 2946 section 2).
func (s *side) encrypt(command byte) {
	const (
		start        = 3
		requestStart = 5
	)
	t := s.t
	own, peer := &t.options[s.i][optEncrypt], &t.options[1-s.i][optEncrypt]
	switch command {
	case requestStart:
		own.requested = true
	case start:
		if !peer.requested && !peer.encrypts && !t.accepted[1-s.i] {
			t.inconsistent()
			return
		}
		own.encrypts = true
		t.lines[s.i].Stop()
		h := &t.hooks.ActivatingEncryption
		if e := h.Begin(); e != nil {
			*e = event.ActivatingEncryption{Conn: t.use.Conn()}
			h.Raise(e)
		}
	}
}

// Types in the subnegotiations of NEW-ENVIRON (RFC 1572 section 2).
const (
	envVar     = 0
	envValue   = 1
	envEsc     = 2
	envUserVar = 3
)

// environ takes a subnegotiation of NEW-ENVIRON: pairs of variables and values.
func (s *side) environ(command byte, b []byte) {
	const (
		is   = 0
		send = 1
		info = 2
	)
	switch command {
	case send:
		return
	case is, info:
	default:
		s.t.bad()
		return
	}
	for len(b) > 0 {
		kind1, name, rest, ok := envPart(b)
		if !ok {
			s.t.bad()
			return
		}
		kind2, val, rest, ok := envPart(rest)
		if !ok || kind1 == envValue || kind2 != envValue {
			s.t.bad()
			return
		}
		if s.t.host != nil {
			s.t.host.Env(s.i == 0, name, val)
		}
		b = rest
	}
}

// envPart returns the variable or value at the start of b, up to a NUL. As in Zeek, it ends
// with an escaped character, and what follows that is not valid.
func envPart(b []byte) (kind byte, s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] == envEsc || b[0] > envUserVar {
		return 0, nil, nil, false
	}
	kind, b = b[0], b[1:]
	i := 0
	for i < len(b) && b[i] > envUserVar {
		i++
	}
	if i == len(b) || b[i] != envEsc {
		return kind, b[:i], b[i:], true
	}
	if i+1 == len(b) {
		return 0, nil, nil, false
	}
	// The escape gives way to the character, which stays in rest too.
	rest = b[i+1:]
	c := b[i+1]
	if c == 0 {
		return kind, b[:i], rest, true
	}
	s = append(append([]byte(nil), b[:i]...), c)
	return kind, s, rest, true
}
