// Package postgresql analyzes version 3 of PostgreSQL's frontend/backend protocol: the
// startup, the authentication, simple queries and their answers. Connections that change to
// TLS are handed over.
//
// The protocol has no RFC. It is described in PostgreSQL's documentation, chapter
// "Frontend/Backend Protocol", whose names for messages are used here. What is read follows
// Zeek's src/analyzer/protocol/postgresql.
package postgresql

import (
	"encoding/binary"
	"fmt"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "POSTGRESQL"

const (
	// maxStartup is the length of the longest StartupMessage; PostgreSQL takes 10,000
	// bytes (MAX_STARTUP_PACKET_LENGTH).
	maxStartup = 64 << 10
	// maxMessage is how much of a message is read, such as of the text of a query.
	maxMessage = 1 << 20
	// maxWaiting bounds what one side has sent before the other has said what it is.
	maxWaiting = 16 << 10
	// keptWaiting is the largest capacity of a buffer for that which is reused.
	keptWaiting = 4096
)

// Options configure the analyzers.
type Options struct {
	Compat compat.Set
}

// New returns the protocol for the detector. Its analyzers raise their events on h; ssl
// takes over where a client asks for TLS.
func New(h *event.Hooks, ssl *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.PostgreSQL, ssl: ssl, asZeek: o.Compat != 0}
	f.startups = wire.NewFramer(startupHead, maxStartup, startupLen)
	f.messages[0] = wire.NewFramer(messageHead, maxMessage, f.frontendLen)
	f.messages[1] = wire.NewFramer(messageHead, maxMessage, f.backendLen)
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{5432}, Signatures: []detect.Signature{
		{Orig: detect.Leading("\x00", sslRequest), Resp: detect.Leading("SN", func([]byte) detect.Verdict { return detect.Match })},
		{Orig: detect.Leading("\x00", startup), Resp: answer},
	}}
	p.Protocol = conn.Protocol{Name: source, Service: "postgresql", New: f.new, Size: freelist.Size[analyzer]() + 256}
	return p
}

// sslRequest recognizes a client's request for TLS.
func sslRequest(b []byte) detect.Verdict {
	return detect.StartsWith(b, "\x00\x00\x00\x08\x04\xd2\x16\x2f")
}

// startup recognizes a StartupMessage of version 3 by its parameter user.
func startup(b []byte) detect.Verdict {
	const (
		head    = 7   // length and the version's first bytes
		between = 256 // at most, before the parameter
		user    = "user\x00"
	)
	for i, c := range b[:min(len(b), head)] {
		if i < 4 && c == '\n' || i >= 4 && c != "\x00\x03\x00"[i-4] {
			return detect.NoMatch
		}
	}
	for i := head; i <= head+between && i < len(b); i++ {
		if b[i] == 'u' && detect.StartsWith(b[i:], user) != detect.NoMatch {
			return detect.StartsWith(b[i:], user)
		}
		if b[i] == '\n' {
			return detect.NoMatch
		}
	}
	if len(b) > head+between {
		return detect.NoMatch
	}
	return detect.NeedMore
}

// answer recognizes the head of a server's message.
func answer(b []byte) detect.Verdict {
	for i, c := range b[:min(len(b), 5)] {
		switch letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'; {
		case i == 0 && !letter, i == 1 && c != 0, i == 2 && c != 0, i > 2 && c == '\n':
			return detect.NoMatch
		}
	}
	if len(b) < 5 {
		return detect.NeedMore
	}
	return detect.Match
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks *event.PostgreSQLEvents
	ssl   *conn.Protocol
	// asZeek is set if messages are read as Zeek 8.2 does, mistakes included.
	asZeek bool
	free   freelist.List[analyzer]

	startups *wire.Framer
	messages [2]*wire.Framer // by side
}

// A phase is what a side sends next. Those of the client come first.
type phase uint8

const (
	phaseFirst    phase = iota // a request for encryption or a StartupMessage
	phaseStart                 // a StartupMessage, after encryption was refused
	phaseWait                  // something that depends on the other side
	phaseAnswer                // the answer to a request for TLS
	phaseGSS                   // the answer to a request for GSS-API
	phaseMessages              // messages
)

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	begin wire.Frames // of the client, until its messages begin
	sides [2]side
	off   bool // no longer interested
	tls   conn.Handover
	chunk []byte // the bytes that are being read
}

// side is a direction of the stream.
type side struct {
	frames  wire.Frames
	phase   phase
	waiting []byte
	skip    uint64 // bytes to pass over
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, sides: [2]side{{waiting: a.sides[0].waiting[:0]}, {waiting: a.sides[1].waiting[:0], phase: phaseWait}}}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	a.chunk = b
	a.feed(conn.Side(isOrig), b)
	a.chunk = nil
}

// feed reads the bytes of a side.
func (a *analyzer) feed(i int, b []byte) {
	s := &a.sides[i]
	for len(b) > 0 && !a.off && !a.tls.On() {
		if s.skip > 0 {
			n := min(s.skip, uint64(len(b)))
			s.skip -= n
			b = b[n:]
			continue
		}
		switch s.phase {
		case phaseWait:
			a.wait(s, b)
			return
		case phaseAnswer, phaseGSS:
			a.answered(s, b[0])
			b = b[1:]
		default:
			b = a.framed(i, s, b)
		}
	}
	if a.tls.On() && len(b) > 0 {
		a.tls.Data(i == 0, b)
	}
}

// wait keeps bytes that depend on what the other side sends.
func (a *analyzer) wait(s *side, b []byte) {
	if len(s.waiting)+len(b) > maxWaiting {
		a.Limited(source, "waiting_bytes")
		a.giveUp("too many messages buffered")
		return
	}
	s.waiting = append(s.waiting, b...)
	a.Hold(len(b))
	if a.Full(source) {
		a.giveUp("too many messages are incomplete")
	}
}

// proceed lets a side go on with p.
func (a *analyzer) proceed(i int, p phase) {
	s := &a.sides[i]
	s.phase = p
	if n := len(s.waiting); n > 0 && !a.off {
		b := s.waiting
		s.waiting = nil // feed may wait again
		a.Hold(-n)
		if a.tls.On() {
			a.tls.Data(i == 0, b)
		} else {
			a.feed(i, b)
		}
		if s.waiting == nil {
			s.waiting = b[:0]
		}
	}
}

// framed takes the next message off b and returns the rest.
func (a *analyzer) framed(i int, s *side, b []byte) []byte {
	frames, fr := &s.frames, a.f.messages[i]
	if s.phase != phaseMessages {
		frames, fr = &a.begin, a.f.startups
	}
	kept := frames.Kept()
	p, rest, state := frames.Next(fr, b)
	a.Hold(frames.Kept() - kept)
	switch {
	case state == wire.FrameShort:
		if a.Full(source) {
			a.giveUp("too many messages are incomplete")
		}
	case s.phase != phaseMessages && state == wire.FrameInvalid:
		a.invalidStartup(p)
	case s.phase != phaseMessages:
		a.startup(s, p)
	case state == wire.FrameInvalid:
		a.reject(reasonLength[i])
	default:
		if n := messageLen(p); n > uint64(len(p)) {
			s.skip = n - uint64(len(p))
			if len(p) == maxMessage {
				a.Limited(source, "message_size")
			}
		}
		a.message(i, p)
	}
	return rest
}

// giveUp reports a violation after which the streams cannot be followed.
func (a *analyzer) giveUp(reason string) { a.violate(conn.Violation{Reason: reason, Data: a.chunk}) }

// reject is giveUp inside of messages.
func (a *analyzer) reject(reason string) {
	a.violate(conn.Violation{Reason: "error while parsing PostgreSQL: " + reason})
}

func (a *analyzer) violate(v conn.Violation) {
	a.Violate(v)
	if !a.off {
		a.Detach()
	}
}

// Texts of violations are those of Zeek's parser.
const place = "zeek/src/analyzer/protocol/postgresql/postgresql.spicy:"

var reasonLength = [2]string{
	"&requires failed: (self.length >= 4) (" + place + "161:20-161:47)",
	"&requires failed: (self.length >= 4) (" + place + "261:20-261:47)",
}

// startupHead is the length of the head of a StartupMessage, and of the whole of a request
// for encryption.
const startupHead = 8

// Numbers in the place of a version.
const (
	cancelRequest = 80877102
	requestTLS    = 80877103
	requestGSS    = 80877104
)

// startupLen returns the length of the message that begins a connection, -1 for none.
func startupLen(b []byte) int {
	n, version := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case version == requestTLS && n == startupHead, version == requestGSS && n == startupHead, version == cancelRequest && n == startupHead+8:
	case version>>16 != 3 || n <= startupHead:
		return -1
	}
	return int(n)
}

// invalidStartup reports what cannot begin a connection.
func (a *analyzer) invalidStartup(head []byte) {
	n, version := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	switch {
	case n < startupHead:
		a.giveUp("&requires failed: (self.length >= 8) (" + place + "80:20-80:47)")
	case version>>16 != 3:
		a.giveUp(fmt.Sprintf("unsupported PostgreSQL major version %d (%s93:17-93:72)", version>>16, place))
	case n == startupHead:
		a.violate(conn.Violation{Reason: reasonStartup + "&requires failed: (self.length >= 9) (" + place + "57:20-57:47)"})
	default:
		a.Limited(source, "startup_size")
		a.giveUp("PostgreSQL StartupMessage is too long")
	}
}

const reasonStartup = "error while parsing PostgreSQL StartupMessage: "

// startup takes the message that begins a connection.
func (a *analyzer) startup(s *side, p []byte) {
	h := a.f.hooks
	version := binary.BigEndian.Uint32(p[4:])
	switch {
	case version == requestTLS && s.phase == phaseFirst:
		if e := h.SSLRequest.Begin(); e != nil {
			e.Conn = a.Conn()
			h.SSLRequest.Raise(e)
		}
		s.phase = phaseWait
		a.proceed(1, phaseAnswer)
	case version>>16 != 3 && (a.f.asZeek || version == requestTLS):
		a.giveUp(fmt.Sprintf("unsupported PostgreSQL major version %d (%s93:17-93:72)", version>>16, place))
	case version == requestGSS:
		s.phase = phaseWait
		a.proceed(1, phaseGSS)
	case version == cancelRequest:
		a.Confirm()
		a.Detach()
	default:
		if a.parameters(p[startupHead:]) {
			a.Confirm()
			if e := h.StartupMessage.Begin(); e != nil {
				*e = event.PostgreSQLStartupMessage{Conn: a.Conn(), Major: uint64(version >> 16), Minor: uint64(version & 0xffff)}
				h.StartupMessage.Raise(e)
			}
			s.phase = phaseMessages
			if a.sides[1].phase == phaseWait {
				a.proceed(1, phaseMessages)
			}
		}
	}
}

// answered takes the server's answer to a request for encryption.
func (a *analyzer) answered(s *side, c byte) {
	if s.phase == phaseGSS {
		switch c {
		case 'N':
			s.phase = phaseWait
			a.proceed(0, phaseFirst)
		case 'G': // the rest is encrypted
			a.Confirm()
			a.Opaque()
			a.Detach()
		default:
			a.giveUp("PostgreSQL server answers neither G nor N")
		}
		return
	}
	if c != 'S' && c != 'N' {
		a.giveUp("&requires failed: ($$ == 'S' || $$ == 'N') (" + place + "192:21-192:54)")
		return
	}
	a.Confirm()
	if e := a.f.hooks.SSLReply.Begin(); e != nil {
		*e = event.PostgreSQLSSLReply{Conn: a.Conn(), Data: answers[c&1 : c&1+1]}
		a.f.hooks.SSLReply.Raise(e)
	}
	if a.off {
		return
	}
	if c == 'N' {
		s.phase = phaseMessages
		a.proceed(0, phaseStart)
		return
	}
	if a.f.ssl == nil {
		a.Detach()
		return
	}
	if a.tls = a.HandOver(a.f.ssl); !a.tls.Taken() {
		a.Detach()
		return
	}
	a.proceed(0, phaseWait)
}

// answers has the answers to a request for TLS, by their last bit.
var answers = []byte("NS")

// Gap passes the gap on to TLS. Otherwise the analysis goes on if the missing bytes are inside
// of a message, which is then passed over.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	i := conn.Side(isOrig)
	s := &a.sides[i]
	switch {
	case a.f.asZeek:
	case a.tls.On():
		a.tls.Gap(isOrig, n)
		return
	case s.skip > 0 && n <= s.skip:
		s.skip -= n
		return
	case s.phase == phaseMessages && s.frames.Gap(a.f.messages[i], n):
		a.Limited(source, "messages_with_gap")
		return
	}
	a.Detach()
}

// End passes the end of a side on to TLS.
func (a *analyzer) End(isOrig bool) {
	if a.tls.On() {
		a.tls.End(isOrig)
	}
}

// Flip swaps the sides.
func (a *analyzer) Flip() { a.sides[0], a.sides[1] = a.sides[1], a.sides[0] }

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.tls.On() {
		a.tls.Done()
	}
	a.Hold(-a.begin.Reset(a.f.startups))
	for i := range a.sides {
		s := &a.sides[i]
		a.Hold(-s.frames.Reset(a.f.messages[i]) - len(s.waiting))
		if cap(s.waiting) > keptWaiting {
			s.waiting = nil
		}
	}
	a.f.free.Put(a)
}
