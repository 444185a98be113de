package ftp

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/datachannel"
	"github.com/wirelog/wirelog/value"
)

const (
	// maxArg bounds the bytes kept of a command's argument.
	maxArg = 1 << 16
	// keptArg is the largest capacity of an argument that is reused.
	keptArg = 4096
	// smallArgs is how many bytes of pending arguments are not counted.
	smallArgs = 512

	// greeting stands for the command that the server's greeting answers.
	greeting = "<init>"
)

// session matches replies to commands as Zeek's base/protocols/ftp does: a reply answers
// the command that it fits best.
type session struct {
	pending []event.FTPCommand // in the order in which they were sent
	begun   bool
	seq     uint64
	// current is the number of the command answered last, or 0.
	current uint64
}

func (s *session) reset() {
	*s = session{pending: s.pending[:0]}
}

// begin opens the session with its first command or reply.
func (a *analyzer) begin() {
	if s := &a.session; !s.begun {
		s.begun = true
		s.add(a.Conn(), a.Now(), []byte(greeting), nil)
	}
}

func (s *session) add(c *conn.Conn, now value.Time, cmd, arg []byte) {
	s.seq++
	n := len(s.pending)
	if n < cap(s.pending) {
		s.pending = s.pending[:n+1]
	} else {
		s.pending = append(s.pending, event.FTPCommand{})
	}
	p := &s.pending[n]
	if cap(p.Arg) > keptArg {
		p.Arg = nil
	}
	p.Conn, p.TS, p.Seq = c, now, s.seq
	p.Command = append(p.Command[:0], cmd...)
	p.Arg = append(p.Arg[:0], arg[:min(len(arg), maxArg)]...)
}

// account counts the arguments of the pending commands.
func (a *analyzer) account() {
	n := 0
	for i := range a.session.pending {
		n += len(a.session.pending[i].Arg)
	}
	n = max(0, n+len(a.auth)-smallArgs)
	a.HoldState(n - a.held)
	a.held = n
}

// index returns where the command with number seq is, or -1.
func (s *session) index(seq uint64) int {
	for i := range s.pending {
		if s.pending[i].Seq == seq {
			return i
		}
	}
	return -1
}

// end removes the command with number seq, if present, and raises its event.
func (s *session) end(a *analyzer, seq uint64) {
	i := s.index(seq)
	if i < 0 {
		return
	}
	p := s.pending[i]
	n := copy(s.pending[i:], s.pending[i+1:])
	s.pending[i+n] = p // its buffers are reused
	s.pending = s.pending[:i+n]
	a.over(&p)
}

// over raises FTPCommand.
func (a *analyzer) over(p *event.FTPCommand) {
	if e := a.f.hooks.Command.Begin(); e != nil {
		*e = *p
		a.f.hooks.Command.Raise(e)
	}
}

// sent records a command and ends the one answered last.
func (a *analyzer) sent(cmd, arg []byte) {
	s := &a.session
	if s.current != 0 {
		s.end(a, s.current)
	}
	a.begin()
	if len(s.pending) >= a.f.opt.Pending {
		a.Limited(source, "pending_commands")
		a.WeirdNumber("FTP_too_many_pending_commands", len(s.pending), source)
		return
	}
	s.add(a.Conn(), a.Now(), cmd, arg)
	a.account()
}

// answered returns the command that a reply line answers, or nil for a continuation line.
func (a *analyzer) answered(code uint64, msg []byte, more bool) *event.FTPCommand {
	a.begin()
	s := &a.session
	if more && code == 0 && s.current != 0 && !looksLikeReply(msg) {
		return nil
	}
	best, score := -1, -1
	for i := range s.pending {
		if n := fit(&s.pending[i], code, msg); n > score {
			best, score = i, n
		}
	}
	if best < 0 {
		s.current = noCommand
		return &event.FTPCommand{Conn: a.Conn(), Command: []byte("<unknown>")}
	}
	s.current = s.pending[best].Seq
	return &s.pending[best]
}

// noCommand is session.current after a reply to no known command.
const noCommand = 1<<64 - 1

// looksLikeReply reports whether a line inside a reply looks like a new reply: some
// servers do not terminate a multi-line reply.
func looksLikeReply(b []byte) bool {
	const text = 10
	if len(b) < 4+text || replyCode(b) < 100 || b[3] != ' ' {
		return false
	}
	for _, c := range b[4 : 4+text] {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// fit scores how well a reply fits a command.
func fit(p *event.FTPCommand, code uint64, msg []byte) int {
	n := 0
	if code == 500 || answersTo(p.Command, code) {
		n = 100
	}
	if bytes.Contains(msg, p.Command) {
		n += 20
	}
	if bytes.Contains(msg, p.Arg) {
		n += 10
	}
	return n
}

// finish ends the command if others are pending. The last one may get more replies.
func (s *session) finish(a *analyzer, p *event.FTPCommand) {
	if len(s.pending) > 1 {
		s.end(a, p.Seq)
		a.account()
	}
}

// sentPort notes where the client waits for data (RFC 959 section 4.1.2, RFC 2428
// section 2).
func (a *analyzer) sentPort(cmd, arg []byte) {
	var p event.FTPPort
	switch string(cmd) {
	case "PORT":
		p = event.ParseFTPPort(arg)
	case "EPRT":
		p = event.ParseEFTPPort(arg)
	}
	if p.Valid {
		a.expect(false, p)
	}
}

// passive notes where the server waits for data (RFC 959 section 4.1.2, RFC 2428
// section 3).
func (a *analyzer) passive(code uint64, msg []byte, answers *event.FTPCommand) {
	if s := string(answers.Command); s != "PASV" && s != "EPSV" {
		return
	}
	var p event.FTPPort
	switch code {
	case replyPassive:
		p = event.ParseFTPPASV(msg)
	case replyExtendedPassive:
		p = event.ParseFTPEPSV(msg)
		if p.H == netip.IPv6Unspecified() {
			p.H = a.Conn().ID().RespH
		}
	}
	if p.Valid {
		a.expect(true, p)
	}
}

// expect announces a data connection. One that involves a third host is only reported.
func (a *analyzer) expect(passive bool, p event.FTPPort) {
	id := a.Conn().ID()
	from, to := id.RespH, id.OrigH
	if passive {
		from, to = to, from
	}
	if p.H == to {
		if a.control == nil {
			a.control = &datachannel.Control{Conn: a.Conn()}
		}
		if !a.f.data.Expect(a.Use, a.control, !passive, p.P.Num) {
			a.NetWeird("FTP_too_many_expected_data_channels", strconv.Itoa(a.f.opt.Channels), source)
			return
		}
	}
	if e := a.f.hooks.DataChannel.Begin(); e != nil {
		*e = event.FTPDataChannel{Conn: a.Conn(), Channel: event.FTPExpectedDataChannel{
			Passive: passive, OrigH: from, RespH: p.H, RespP: p.P,
		}}
		a.f.hooks.DataChannel.Raise(e)
	}
}
