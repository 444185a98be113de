// Package pop3 analyzes the Post Office Protocol (RFC 1939) with its extensions (RFC 2449),
// authentication (RFC 5034) and the change to TLS (RFC 2595). The messages go to package
// mime. It follows Zeek's POP3 analyzer.
package pop3

import (
	"strconv"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/internal/freelist"
)

const source = "POP3"

const (
	// maxCommand is what is kept of a command. RFC 2449 section 4 allows 255 bytes.
	maxCommand = 16 << 10
	// kept is the capacity of a buffer that is kept for another connection.
	kept = 4096
)

// Options are limits of a connection.
type Options struct {
	Pending int `key:"limits.pop3_max_pending_commands" unit:"count" min:"1" doc:"POP3 commands of one connection that wait for replies; beyond it the oldest is forgotten (POP3::max_pending_commands)"`
	// Unknown is how many commands may be unknown before nobody believes that this is
	// POP3 (POP3::max_unknown_client_commands).
	Unknown int
	// Lines bounds what the shard holds of lines whose end has not come; nil is no bound.
	Lines *contentline.Budget
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Pending: 10, Unknown: 10} }

// New describes the protocol to the detector. Its analyzers raise their events on h, give
// messages to mails, and hand connections over to the analyzer that tls describes.
func New(h *event.Hooks, mails *mail.Shard, tls *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.POP3, mails: mails, tls: tls, opt: o}
	p := &detect.Protocol{Transport: value.ProtoTCP, Signatures: signatures}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new}
	return p
}

// factory makes the analyzers of a shard and has what they share.
type factory struct {
	hooks  *event.POP3Events
	mails  *mail.Shard
	tls    *conn.Protocol
	opt    Options
	free   freelist.List[analyzer]
	tidy   [2][]byte // a line of each side
	base64 mime.Base64
	plain  []byte // what a line of base64 says
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

// method is how a client shows who it is with AUTH.
type method uint8

const (
	methodUnknown method = iota
	methodLogin
	methodPlain   // RFC 4616
	methodCRAMMD5 // RFC 2195
)

// session is what begins anew with every connection.
type session struct {
	seen  contentline.Seen
	phase phase
	// command is the one whose reply is awaited, cmdNone before the first.
	command command
	// guess tells that it was not allowed in the phase as far as it is known. If it
	// succeeds the phase is another.
	guess     bool
	guessed   command
	wantMulti bool // the reply to the command has several lines
	multi     bool // such a reply is under way
	auth      bool // the client's lines are those of a dialogue after AUTH
	authLines int
	method    method
	unknown   int // commands
	mail      *mail.Mail
	mails     uint64 // that there were
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

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	a.side[index(isOrig)].lines.Deliver(b)
	a.tls.Flush()
}

// Gap matters to TLS alone: in Zeek what follows continues the line.
func (a *analyzer) Gap(isOrig bool, n uint64) { a.tls.Gap(isOrig, n) }

// End tells that a side is complete.
func (a *analyzer) End(isOrig bool) {
	if a.tls.On() {
		a.tls.End(isOrig)
		return
	}
	a.side[index(isOrig)].lines.End()
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

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() {
	o, r := &a.side[0], &a.side[1]
	o.lines, r.lines = r.lines, o.lines
	o.lines.SetReceiver(o)
	r.lines.SetReceiver(r)
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// weirdOf is a weird with the word that has caused it.
func (a *analyzer) weirdOf(name string, word []byte) {
	a.Weird(name, string(orUnknown(word)), source)
}

// orUnknown is a word, or what Zeek has for a line without any.
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

// pending are the commands without a reply, in one piece of memory.
type pending struct {
	lines []byte
	ends  []int
}

func (p *pending) len() int { return len(p.ends) }

// add adds a command and returns how many there are.
func (p *pending) add(line []byte) int {
	p.lines = append(p.lines, line[:min(len(line), maxCommand)]...)
	p.ends = append(p.ends, len(p.lines))
	return len(p.ends)
}

// drop takes the first command off.
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

// next goes on to the next command, the first having been answered.
func (a *analyzer) next() {
	if a.pending.len() == 0 {
		return
	}
	a.pending.drop()
	if a.pending.len() > 0 {
		a.request()
	}
}

// startTLS hands the connection over.
func (a *analyzer) startTLS() {
	rest, _ := a.side[1].lines.Take()
	a.side[0].lines.Stop()
	a.tls = a.HandOverAfterLine(a.f.tls, false, rest)
	if e := a.f.hooks.StartTLS.Begin(); e != nil {
		*e = event.POP3StartTLS{Conn: a.Conn()}
		a.f.hooks.StartTLS.Raise(e)
	}
}

// mailLine takes a line of a message. The first is the status before it, as in Zeek.
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

// appendHandle appends what identifies a part of the message under way.
func (a *analyzer) appendHandle(dst []byte, part uint64) []byte {
	uid := a.Conn().UID()
	dst = append(uid.Append(dst), source...)
	dst = strconv.AppendUint(append(dst, ' '), a.mails, 10)
	return strconv.AppendUint(append(dst, ' '), part, 10)
}
