// Package smtp analyzes the Simple Mail Transfer Protocol (RFC 5321) with pipelining (RFC
// 2920), authentication (RFC 4954), chunks (RFC 3030) and the change to TLS (RFC 3207). The
// messages go to package mime. It follows Zeek's SMTP analyzer.
package smtp

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

// Names of the analyzer, and of Zeek's for chunks.
const (
	source       = "SMTP"
	sourceChunks = "SMTP_BDAT"
)

// Options are limits of a connection.
type Options struct {
	Pending int `key:"limits.smtp_pending_commands" unit:"count" min:"1" doc:"SMTP commands of one connection that wait for replies; beyond it all are forgotten"`
	// Lines bounds what the shard holds of lines whose end has not come; nil is no bound.
	Lines *contentline.Budget
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Pending: 1000} }

// New describes the protocol to the detector. Its analyzers raise their events on h, give
// messages to mails, and hand connections over to the analyzer that tls describes.
func New(h *event.Hooks, mails *mail.Shard, tls *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SMTP, mails: mails, tls: tls, opt: o}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{25, 587},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new}
	return p
}

// factory makes the analyzers of a shard and has what they share.
type factory struct {
	hooks *event.SMTPEvents
	mails *mail.Shard
	tls   *conn.Protocol
	opt   Options
	free  freelist.List[analyzer]
	text  []byte
	upper []byte
}

// side is one direction of a connection.
type side struct {
	a      *analyzer
	isOrig bool
	lines  contentline.Splitter
	seq    uint64 // of the next byte of the stream, from 1
}

// analyzer analyzes one connection.
type analyzer struct {
	f *factory
	conn.Use

	side    [2]side   // originator, responder
	pending []command // commands without a reply, after first
	chunks  chunks
	handle  func(dst []byte, part uint64) []byte
	session
}

// session is what begins anew with every connection.
type session struct {
	seen    contentline.Seen
	state   state
	turned  bool    // the responder is the client (RFC 821 section 3.8)
	first   command // the oldest command without a reply
	replied command // that the reply under way answers
	// code is that of the reply under way, of which more lines are to come.
	code      int
	confirmed bool
	skipData  bool
	off       bool
	order     order
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
	a.session = session{state: stateConnected, first: cmdConnect, replied: cmdNone}
	for i := range a.side {
		s := &a.side[i]
		s.a, s.isOrig, s.seq = a, i == 0, 1
		s.lines.Reset(s, &a.seen, f.opt.Lines, contentline.DefaultMax)
		s.lines.SetNULWeird(true)
	}
	a.update(cmdConnect, 0, true)
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
	s := &a.side[index(isOrig)]
	s.seq += uint64(len(b))
	switch {
	case a.order.lost:
		a.Detach()
	case a.off || a.Conn().Partial():
	case a.tls.On():
		a.tls.Data(isOrig, b)
	default:
		s.lines.Deliver(b)
		a.tls.Flush()
	}
}

// Gap tells of missing bytes. The message under way is over, and with the next reply the
// session is understood again.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.side[index(isOrig)]
	seq := s.seq
	s.seq += n
	if a.off || n == 0 {
		return
	}
	if a.f.hooks.Unexpected.On() {
		b := strconv.AppendUint(append(a.f.text[:0], "seq = "...), seq, 10)
		b = strconv.AppendUint(append(b, ", len = "...), n, 10)
		a.f.text = b
		a.unexpected(isOrig != a.turned, "content gap", b)
	}
	if a.tls.On() {
		a.off = true // Zeek takes what follows for SMTP
		return
	}
	if a.state == stateInData || a.state == stateInChunks {
		if a.mail != nil {
			a.mail.Gap(n)
		}
		a.endData()
	}
	a.pending = a.pending[:0]
	a.first, a.replied = cmdNone, cmdNone
	a.state = stateAfterGap
}

// End tells that a side is complete.
func (a *analyzer) End(isOrig bool) {
	switch {
	case a.off || a.Conn().Partial():
	case a.tls.On():
		a.tls.End(isOrig)
	default:
		a.side[index(isOrig)].lines.End()
	}
}

// Finished tells that the connection has been closed.
func (a *analyzer) Finished(half bool) {
	if !half && a.mail != nil {
		a.endData()
	}
}

// Reset does nothing: clients go on after it at times.
func (a *analyzer) Reset() {}

// Done ends the analysis.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	if a.mail != nil {
		a.endData()
	}
	a.tls.Done()
	f := a.f
	for i := range a.side {
		a.side[i].lines.Release()
	}
	a.f, a.Use = nil, conn.Use{}
	a.session = session{off: true}
	a.pending = a.pending[:0]
	a.chunks = chunks{part: a.chunks.part[:0]}
	f.free.Put(a)
}

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() {
	o, r := &a.side[0], &a.side[1]
	o.lines, r.lines = r.lines, o.lines
	o.lines.SetReceiver(o)
	r.lines.SetReceiver(r)
	o.seq, r.seq = r.seq, o.seq
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// weirdOf is a weird with what has caused it.
func (a *analyzer) weirdOf(name, addl string) { a.Weird(name, addl, source) }

// LineWeird raises a weird of the splitter.
func (s *side) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		s.a.Limited(source, "line_size")
	}
	s.a.Weird(name, "", contentline.Source)
}

// Plain takes bytes of a chunk.
func (s *side) Plain(b []byte) {
	if a := s.a; a.chunks.on && s.isOrig != a.turned {
		a.chunk(s.isOrig, b)
	}
}

// Line takes a line.
func (s *side) Line(line []byte) {
	a := s.a
	if a.off {
		return
	}
	if s.isOrig == a.turned {
		a.replyLine(s, line)
		return
	}
	if a.chunks.on && len(line) > 0 {
		// Of an empty last chunk nothing has come yet.
		a.lastChunk(s.isOrig)
	}
	a.clientLine(s, line)
}

// clientLine takes a line of the client.
func (a *analyzer) clientLine(s *side, line []byte) {
	switch a.state {
	case stateAfterGap:
		// It may be a command or part of a message.
	case stateInData:
		if len(line) == 1 && line[0] == '.' {
			a.queue(cmdEndOfData)
			// The events of a message come before that of its end.
			a.update(cmdEndOfData, 0, s.isOrig)
			a.request(line, line)
			return
		}
		a.dataLine(s, line)
	case stateInAuth:
		a.queue(cmdAuthAnswer)
		a.commandLine(s, cmdAuthAnswer, answer, line)
	default:
		word, arg := cutWord(line)
		cmd := parseCommand(word)
		if cmd == cmdNone {
			a.unexpected(true, "unknown command", word)
			return
		}
		a.queue(cmd)
		a.commandLine(s, cmd, word, arg)
	}
}

// answer is what events call a client's line in the dialogue after AUTH.
var answer = []byte("**")

// commandLine follows a command.
func (a *analyzer) commandLine(s *side, cmd command, word, arg []byte) {
	a.request(word, arg)
	if a.off {
		return
	}
	if cmd == cmdBDAT {
		if !a.startChunk(s, arg) {
			return
		}
	} else if a.chunks.on {
		a.weird("smtp_missing_bdat_last_chunk")
		a.endData()
	}
	a.update(cmd, 0, s.isOrig)
}

// dataLine takes a line of a message. A dot in front of it was added (RFC 5321 section
// 4.5.2).
func (a *analyzer) dataLine(s *side, line []byte) {
	if len(line) > 0 && line[0] == '.' {
		line = line[1:]
	}
	if a.mail == nil {
		a.beginData(s.isOrig, stateInData)
	}
	a.mail.Deliver(line, true)
	if h := &a.f.hooks.Data; h.On() && !a.skipData {
		e := h.Begin()
		*e = event.SMTPData{Conn: a.Conn(), IsOrig: s.isOrig, Data: line}
		h.Raise(e)
	}
}

// queue remembers a command until its reply.
func (a *analyzer) queue(cmd command) {
	if a.first == cmdNone {
		a.first = cmd
		return
	}
	if len(a.pending) >= a.f.opt.Pending {
		a.Limited(source, "pending_commands")
		a.weird("smtp_excessive_pending_cmds")
		a.pending = a.pending[:0]
	}
	a.pending = append(a.pending, cmd)
}

// request raises SMTPRequest. A command shows that this is SMTP.
func (a *analyzer) request(word, arg []byte) {
	if !a.confirmed {
		a.confirmed = true
		a.Confirm()
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		a.f.upper = mime.AppendUpper(a.f.upper[:0], word)
		*e = event.SMTPRequest{Conn: a.Conn(), IsOrig: !a.turned, Command: a.f.upper, Arg: arg}
		a.f.hooks.Request.Raise(e)
	}
	a.checkOrder(word, arg)
}

// replyLine takes a line of the server.
func (a *analyzer) replyLine(s *side, line []byte) {
	code, ok := replyCode(line)
	if !ok {
		a.unexpected(false, "reply code out of range", line)
		a.Violate(conn.Violation{Reason: "reply code -1 out of range", Data: line, Late: true})
		return
	}
	if a.code != 0 && code != a.code {
		a.unexpected(false, "reply code does not match the continuing reply", line)
		a.code = 0
	}
	if a.code == 0 {
		a.newReply(code, s.isOrig)
	}
	text := line[3:]
	if a.code = 0; len(text) > 0 && text[0] == '-' {
		a.code, text = code, text[1:]
	}
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.SMTPReply{Conn: a.Conn(), IsOrig: s.isOrig, Code: uint64(code), Cmd: a.replied.inReply(),
			Msg: trimBlanks(text), ContResp: a.code != 0}
		a.f.hooks.Reply.Raise(e)
	}
}

// newReply follows the first line of a reply.
func (a *analyzer) newReply(code int, isOrig bool) {
	if a.state == stateAfterGap {
		a.state = stateGapRecovery
		a.request([]byte(unknown), nil)
	}
	cmd := a.first
	a.replied, a.first = cmd, cmdNone
	if len(a.pending) > 0 {
		a.first = a.pending[0]
		a.pending = a.pending[:copy(a.pending, a.pending[1:])]
	}
	a.update(cmd, code, isOrig)
}

// startTLS hands the connection over.
func (a *analyzer) startTLS(isOrig bool) {
	a.state = stateInTLS
	rest, _ := a.side[index(isOrig)].lines.Take()
	a.side[index(!isOrig)].lines.Stop()
	a.tls = a.HandOverAfterLine(a.f.tls, isOrig, rest)
	if e := a.f.hooks.StartTLS.Begin(); e != nil {
		*e = event.SMTPStartTLS{Conn: a.Conn()}
		a.f.hooks.StartTLS.Raise(e)
	}
}

// beginData begins a message.
func (a *analyzer) beginData(isOrig bool, to state) {
	a.state = to
	a.skipData = false
	if a.mail != nil {
		a.weird("smtp_nested_mail_transaction")
		a.mail.Done()
	}
	a.mails++
	a.mail = a.f.mails.Begin(mail.Config{Use: a.Use, IsOrig: isOrig, Source: source, Handle: a.handle})
}

// appendHandle appends what identifies a part of the message under way.
func (a *analyzer) appendHandle(dst []byte, part uint64) []byte {
	uid := a.Conn().UID()
	dst = append(uid.Append(dst), source...)
	dst = strconv.AppendUint(append(dst, ' '), a.mails, 10)
	return strconv.AppendUint(append(dst, ' '), part, 10)
}

// endData ends a message.
func (a *analyzer) endData() {
	if a.chunks.on {
		a.endChunks()
	}
	if a.mail == nil {
		a.weird("smtp_unmatched_end_of_data")
		return
	}
	a.mail.Done()
	a.mail = nil
}

// SkipData has what follows of the message under way on c raise no SMTPData (Zeek's
// skip_smtp_data). It reports whether c carries SMTP.
func SkipData(c event.Conn) bool {
	found := false
	if c, ok := c.(*conn.Conn); ok {
		c.EachAnalyzer(func(x conn.Analyzer) bool {
			if a, ok := x.(*analyzer); ok {
				a.skipData, found = true, true
			}
			return !found
		})
	}
	return found
}
