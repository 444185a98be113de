// Package pop3 analyzes the Post Office Protocol (RFC 1939) with its extensions (RFC 2449),
// authentication (RFC 5034) and the change to TLS (RFC 2595). The messages go to package
// mail. It follows Zeek's POP3 analyzer.
package pop3

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "POP3"

const (
	// maxCommand bounds the bytes kept of a command. RFC 2449 section 4 allows 255.
	maxCommand = 16 << 10
	// kept is the largest capacity of a buffer that is reused.
	kept = 4096
)

// Options are limits of a connection.
type Options struct {
	Pending int `key:"limits.pop3_max_pending_commands" unit:"count" min:"1" doc:"POP3 commands of one connection that wait for replies; beyond it the oldest is forgotten (POP3::max_pending_commands)"`
	// Unknown is the number of unknown commands tolerated before a violation
	// (POP3::max_unknown_client_commands).
	Unknown int
	// Lines bounds the bytes of incomplete lines that the shard holds; nil means no bound.
	Lines *contentline.Budget
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Pending: 10, Unknown: 10} }

// New returns the protocol for the detector. Its analyzers raise events on h, pass
// messages to mails and hand connections over to tls.
func New(h *event.Hooks, mails *mail.Shard, tls *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.POP3, mails: mails, tls: tls, opt: o}
	p := &detect.Protocol{Transport: value.ProtoTCP, Signatures: signatures}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks  *event.POP3Events
	mails  *mail.Shard
	tls    *conn.Protocol
	opt    Options
	free   freelist.List[analyzer]
	tidy   [2][]byte // a line of each side
	base64 mime.Base64
	plain  []byte // a decoded line of Base64
	text   []byte
}

// side is one direction of a connection.
type side struct {
	a      *analyzer
	isOrig bool
	lines  contentline.Splitter
}

// analyzer analyzes one connection.
type analyzer struct {
	f *factory
	conn.Use

	side           [2]side // originator, responder
	pending        pending
	user, password []byte
	handle         func(dst []byte, part uint64) []byte
	session
}

// phase is a state of the session in RFC 1939's words.
type phase uint8

const (
	phaseStart phase = iota
	phaseAuthorization
	phaseTransaction
	phaseUpdate
	phaseFinished
)

// method is the authentication mechanism of AUTH.
type method uint8

const (
	methodUnknown method = iota
	methodLogin
	methodPlain   // RFC 4616
	methodCRAMMD5 // RFC 2195
)

// session is the state that is reset for every connection.
type session struct {
	seen  contentline.Seen
	phase phase
	// command is the one whose reply is awaited, cmdNone before the first.
	command command
	// guess is set if the command is not allowed in the supposed phase. If it succeeds,
	// the supposition was wrong.
	guess     bool
	guessed   command
	wantMulti bool // the reply to the command has several lines
	multi     bool // within such a reply
	auth      bool // within the dialogue after AUTH
	authLines int
	method    method
	unknown   int // number of unknown commands
	mail      *mail.Mail
	mails     uint64 // messages so far
	tls       conn.Handover
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	if a.handle == nil {
		a.handle = a.appendHandle
	}
	a.f, a.Use = f, u
	a.session = session{command: cmdNone}
	for i := range a.side {
		s := &a.side[i]
		s.a, s.isOrig = a, i == 0
		s.lines.Reset(s, &a.seen, f.opt.Lines, contentline.DefaultMax)
	}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	a.side[conn.Side(isOrig)].lines.Deliver(b)
	a.tls.Flush()
}

// Gap matters only to TLS. As in Zeek, a line simply continues after missing bytes.
func (a *analyzer) Gap(isOrig bool, n uint64) { a.tls.Gap(isOrig, n) }

// End takes the end of a side.
func (a *analyzer) End(isOrig bool) {
	if a.tls.On() {
		a.tls.End(isOrig)
		return
	}
	a.side[conn.Side(isOrig)].lines.End()
}

// Done ends the analysis.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	a.endMail()
	a.tls.Done()
	f := a.f
	for i := range a.side {
		a.side[i].lines.Release()
	}
	a.f, a.Use = nil, conn.Use{}
	a.session = session{}
	a.pending.reset()
	a.user, a.password = reuse(a.user), reuse(a.password)
	f.free.Put(a)
}

func reuse(b []byte) []byte {
	if cap(b) > kept {
		return nil
	}
	return b[:0]
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	o, r := &a.side[0], &a.side[1]
	o.lines, r.lines = r.lines, o.lines
	o.lines.SetReceiver(o)
	r.lines.SetReceiver(r)
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// weirdOf is weird with the word that caused it.
func (a *analyzer) weirdOf(name string, word []byte) {
	a.Weird(name, string(orUnknown(word)), source)
}

// orUnknown returns word, or Zeek's substitute if it is empty.
func orUnknown(word []byte) []byte {
	if len(word) == 0 {
		return []byte("???")
	}
	return word
}

// LineWeird raises a weird of the splitter.
func (s *side) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		s.a.Limited(source, "line_size")
	}
	s.a.Weird(name, "", contentline.Source)
}

// Plain is never called: there are only lines.
func (s *side) Plain([]byte) {}

// Line takes a line.
func (s *side) Line(line []byte) {
	switch a := s.a; {
	case a.Conn().Partial():
	case !s.isOrig:
		a.reply(line)
	case len(line) > 0 && a.auth:
		a.authenticate(line)
	case len(line) > 0:
		if a.pending.add(line) > a.f.opt.Pending {
			a.Limited(source, "pending_commands")
			a.weird("pop3_client_too_many_pending_commands")
			a.pending.drop()
		}
		if a.pending.len() == 1 {
			a.request()
		}
	}
}

// pending holds the unanswered commands in one buffer.
type pending struct {
	lines []byte
	ends  []int
}

func (p *pending) len() int { return len(p.ends) }

// add appends a command and returns the number of commands.
func (p *pending) add(line []byte) int {
	p.lines = append(p.lines, line[:min(len(line), maxCommand)]...)
	p.ends = append(p.ends, len(p.lines))
	return len(p.ends)
}

// drop removes the first command.
func (p *pending) drop() {
	n := p.ends[0]
	p.lines = p.lines[:copy(p.lines, p.lines[n:])]
	p.ends = p.ends[:copy(p.ends, p.ends[1:])]
	for i := range p.ends {
		p.ends[i] -= n
	}
}

func (p *pending) first() []byte { return p.lines[:p.ends[0]] }

func (p *pending) reset() { p.lines, p.ends = reuse(p.lines), p.ends[:0] }

// next removes the answered command and processes the next.
func (a *analyzer) next() {
	if a.pending.len() == 0 {
		return
	}
	a.pending.drop()
	if a.pending.len() > 0 {
		a.request()
	}
}

// startTLS hands the connection over to TLS.
func (a *analyzer) startTLS() {
	rest, _ := a.side[1].lines.Take()
	a.side[0].lines.Stop()
	a.tls = a.HandOverAfterLine(a.f.tls, false, rest)
	if e := a.f.hooks.StartTLS.Begin(); e != nil {
		*e = event.POP3StartTLS{Conn: a.Conn()}
		a.f.hooks.StartTLS.Raise(e)
	}
}

// mailLine takes a line of a message. As in Zeek, the first is the status line.
func (a *analyzer) mailLine(line []byte) {
	if a.mail == nil {
		a.mails++
		a.mail = a.f.mails.Begin(mail.Config{Use: a.Use, Source: source, Handle: a.handle})
	}
	a.mail.Deliver(line, true)
}

func (a *analyzer) endMail() {
	if a.mail != nil {
		a.mail.Done()
		a.mail = nil
	}
}

// appendHandle appends the file handle of a part of the current message.
func (a *analyzer) appendHandle(dst []byte, part uint64) []byte {
	uid := a.Conn().UID()
	dst = append(uid.Append(dst), source...)
	dst = strconv.AppendUint(append(dst, ' '), a.mails, 10)
	return strconv.AppendUint(append(dst, ' '), part, 10)
}
