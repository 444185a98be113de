// Package smtp analyzes the Simple Mail Transfer Protocol (RFC 5321) with pipelining (RFC
// 2920), authentication (RFC 4954), chunks (RFC 3030) and the change to TLS (RFC 3207). The
// messages go to package mail. It follows Zeek's SMTP analyzer.
package smtp

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Names of the analyzer, and of Zeek's analyzer for chunks.
const (
	source       = "SMTP"
	sourceChunks = "SMTP_BDAT"
)

// Options are limits of a connection.
type Options struct {
	Pending int `key:"limits.smtp_pending_commands" unit:"count" min:"1" doc:"SMTP commands of one connection that wait for replies; beyond it all are forgotten"`
	// Lines bounds the bytes of incomplete lines that the shard holds; nil means no bound.
	Lines *contentline.Budget
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Pending: 1000} }

// New returns the protocol for the detector. Its analyzers raise events on h, pass
// messages to mails and hand connections over to tls.
func New(h *event.Hooks, mails *mail.Shard, tls *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SMTP, mails: mails, tls: tls, opt: o}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{25, 587},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new, Size: freelist.Size[analyzer]() + 2048}
	return p
}

// factory makes a shard's analyzers and holds what they share.
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

// session is the state that is reset for every connection.
type session struct {
	seen    contentline.Seen
	state   state
	turned  bool    // the responder is the client (RFC 821 section 3.8)
	first   command // the oldest command without a reply
	replied command // answered by the current reply
	// code is that of an unfinished multi-line reply, or 0.
	code      int
	confirmed bool
	skipData  bool
	off       bool
	order     order
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

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
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

// Gap ends the current message. The next reply resynchronizes the session.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.side[conn.Side(isOrig)]
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

// End takes the end of a side.
func (a *analyzer) End(isOrig bool) {
	switch {
	case a.off || a.Conn().Partial():
	case a.tls.On():
		a.tls.End(isOrig)
	default:
		a.side[conn.Side(isOrig)].lines.End()
	}
}

// Finished ends the current message when the connection has closed.
func (a *analyzer) Finished(half bool) {
	if !half && a.mail != nil {
		a.endData()
	}
}

// Reset does nothing: some clients go on after a reset.
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
	a.chunks = chunks{}
	f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	o, r := &a.side[0], &a.side[1]
	o.lines, r.lines = r.lines, o.lines
	o.lines.SetReceiver(o)
	r.lines.SetReceiver(r)
	o.seq, r.seq = r.seq, o.seq
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// weirdOf is weird with its cause.
func (a *analyzer) weirdOf(name, addl string) { a.Weird(name, addl, source) }

// LineWeird raises a weird of the splitter.
func (s *side) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		s.a.Limited(source, "line_size")
	}
	s.a.Weird(name, "", contentline.Source)
}

// Plain takes the next bytes of a chunk.
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
		// An empty last chunk brings no bytes, so it ends here.
		a.lastChunk(s.isOrig)
	}
	a.clientLine(s, line)
}

// clientLine takes a line of the client.
func (a *analyzer) clientLine(s *side, line []byte) {
	switch a.state {
	case stateAfterGap:
		// The line may be a command or part of a message.
	case stateInData:
		if len(line) == 1 && line[0] == '.' {
			a.queue(cmdEndOfData)
			// A message's events precede the one for its end.
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

// answer is the command name that events give a client's line in an AUTH dialogue.
var answer = []byte("**")

// commandLine processes a command.
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

// dataLine takes a line of a message and removes dot stuffing (RFC 5321 section 4.5.2).
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

// request raises SMTPRequest. The first command confirms the protocol.
func (a *analyzer) request(word, arg []byte) {
	if !a.confirmed {
		a.confirmed = true
		a.Confirm()
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		a.f.upper = ascii.AppendUpper(a.f.upper[:0], word)
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

// newReply processes the first line of a reply.
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

// startTLS hands the connection over to TLS.
func (a *analyzer) startTLS(isOrig bool) {
	a.state = stateInTLS
	rest, _ := a.side[conn.Side(isOrig)].lines.Take()
	a.side[conn.Side(!isOrig)].lines.Stop()
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

// appendHandle appends the file handle of a part of the current message.
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

// SkipData suppresses SMTPData for the rest of c's current message (Zeek's
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
