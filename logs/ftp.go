package logs

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ftp builds ftp.log after Zeek's base/protocols/ftp: a row for each command about files or
// data connections, when the command has finished. A refused login has one too, and a
// session with a login, but without any other row, has one for its last command.
type ftp struct {
	out      schemas.Emitter
	weird    *event.ConnWeirdHook
	slot     event.Slot     // session of a control connection
	dataSlot event.Slot     // session to which a data connection belongs
	fileSlot event.FileSlot // and a file

	filesOnly bool // logins have no rows

	rec    schemas.FTP
	uidBuf []byte
}

const (
	ftpSource = "FTP"
	// Limits on the columns (FTP::max_user_length and its kin).
	maxFTPUser     = 128
	maxFTPPassword = 128
	maxFTPArg      = 4096
	maxFTPReply    = 4096

	hiddenPassword = "<hidden>"
	unknownUser    = "<unknown>"
)

// ftpLogged are the commands that get rows (FTP::logged_commands).
var ftpLogged = []string{"APPE", "DELE", "RETR", "STOR", "STOU", "ACCT", "PORT", "PASV", "EPRT", "EPSV"}

// ftpFileCommands are those whose argument is a file or folder.
var ftpFileCommands = []string{
	"APPE", "CWD", "DELE", "MKD", "RETR", "RMD", "RNFR", "RNTO", "STOR", "STOU", "REST", "SIZE", "MDTM",
}

// ftpGuests are the users whose passwords are logged (FTP::guest_ids).
var ftpGuests = []string{"anonymous", "ftp", "ftpuser", "guest"}

// ftpSession is the state of a control connection. It is not pooled, because data
// connections and files may refer to it later.
type ftpSession struct {
	user, password value.Opt[string]
	cwd            string
	cwdSeq         uint64 // command that the working directory was taken from
	replyCode      value.Opt[uint64]
	replyMsg       []byte
	fileSize       value.Opt[uint64]
	mime           value.Opt[string]
	fuid           value.Opt[string]
	channel        schemas.FTPDataChannel

	logged bool // there is a row for a command
	held   int  // bytes of texts on the connection's account
	// last is the last command, which has no row if hasLast is set.
	last    ftpLast
	hasLast bool
}

type ftpLast struct {
	ts       value.Time
	cmd, arg string
}

func installFTP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ftp{out: out, weird: &h.Weird.Conn, slot: h.NewSlot(), dataSlot: h.NewSlot(), fileSlot: h.NewFileSlot()}
	b.filesOnly = o.Compat.Has(compat.FTPFilesOnly)
	h.OnEnd(b.slot, b.end)
	h.FTP.Request.Listen(b.request)
	h.FTP.Reply.Listen(b.reply)
	h.FTP.DataChannel.Listen(b.dataChannel)
	h.FTP.Command.Listen(b.command)
	h.File.DataConnection.Listen(b.dataConnection)
	h.File.OverNewConnection.Listen(b.file)
	h.File.Sniff.Listen(b.sniff)
	h.File.Transferred.Listen(b.transferred)
}

func (b *ftp) session(c event.Conn) *ftpSession {
	s, _ := c.Slot(b.slot).(*ftpSession)
	if s == nil {
		s = &ftpSession{cwd: ".", user: value.Some(unknownUser)}
		c.SetSlot(b.slot, s)
	}
	return s
}

// tooLong raises the weird for a truncated column.
func (b *ftp) tooLong(c event.Conn, name string, n int) {
	if b.weird.On() {
		b.weird.Raise(&event.ConnWeird{Name: name, Conn: c, Addl: strconv.AppendInt(nil, int64(n), 10), Source: ftpSource})
	}
}

func (b *ftp) request(e *event.FTPRequest) {
	s := b.session(e.Conn)
	switch string(e.Command) {
	case "USER":
		if len(e.Arg) > maxFTPUser {
			b.tooLong(e.Conn, "FTP_user_too_long", len(e.Arg))
		}
		s.user = value.Some(string(e.Arg[:min(len(e.Arg), maxFTPUser)]))
	case "PASS":
		if len(e.Arg) > maxFTPPassword {
			b.tooLong(e.Conn, "FTP_password_too_long", len(e.Arg))
		}
		s.password = value.Some(string(e.Arg[:min(len(e.Arg), maxFTPPassword)]))
	}
}

// maxKeptReply bounds the kept text of a reply. A row holds less; the weird reports the
// length that was kept.
const maxKeptReply = 1 << 16

func (b *ftp) reply(e *event.FTPReply) {
	s := b.session(e.Conn)
	if e.Command == nil {
		return
	}
	s.replyCode = value.Some(e.Code)
	s.replyMsg = append(s.replyMsg[:0], e.Msg[:min(len(e.Msg), maxKeptReply)]...)
	if e.ContResp {
		b.account(e.Conn, s)
		return
	}
	switch cmd := string(e.Command); {
	case cmd == "RETR" && e.Code == 150, cmd == "SIZE" && e.Code == 213:
		s.fileSize = value.Some(lastNumber(e.Msg))
	case s.cwdSeq == e.Seq:
	case cmd == "CWD" && e.Code == 250:
		s.cwd, s.cwdSeq = joinPath(s.cwd, string(e.Arg)), e.Seq
	case cmd == "CDUP" && (e.Code == 200 || e.Code == 250):
		s.cwd, s.cwdSeq = joinPath(s.cwd, "/.."), e.Seq
	case (cmd == "PWD" || cmd == "XPWD") && e.Code == 257:
		s.cwd, s.cwdSeq = absolutePath(string(e.Msg)), e.Seq
	}
	b.account(e.Conn, s)
}

// lastNumber returns the last number in b, or 0 if there is none or it is too large.
func lastNumber(b []byte) uint64 {
	end := bytes.LastIndexAny(b, "0123456789") + 1
	start := end
	for start > 0 && '0' <= b[start-1] && b[start-1] <= '9' {
		start--
	}
	n, err := strconv.ParseUint(string(b[start:end]), 10, 64)
	if err != nil && start < end {
		return 1<<64 - 1
	}
	return n
}

func (b *ftp) dataChannel(e *event.FTPDataChannel) {
	b.session(e.Conn).channel = schemas.FTPDataChannel{
		Passive: value.Some(e.Channel.Passive), OrigH: value.Some(e.Channel.OrigH),
		RespH: value.Some(e.Channel.RespH), RespP: value.Some(schemas.Port(e.Channel.RespP.Num)),
	}
}

// dataConnection links a data connection to its session.
func (b *ftp) dataConnection(e *event.DataConnection) {
	if e.Source == "FTP_DATA" && e.Control != nil {
		e.Conn.SetSlot(b.dataSlot, b.session(e.Control))
	}
}

func (b *ftp) file(e *event.FileOverNewConnection) {
	if s, ok := e.Conn.Slot(b.dataSlot).(*ftpSession); ok {
		fuid := e.File.FUID()
		s.fuid = value.Some(fuid.String())
		e.File.SetSlot(b.fileSlot, s)
	}
}

func (b *ftp) sniff(e *event.FileSniff) {
	if s, ok := e.File.Slot(b.fileSlot).(*ftpSession); ok && e.Meta.MIMEType.OK {
		s.mime = value.Some(e.Meta.MIMEType.V)
	}
}

func (b *ftp) transferred(e *event.FileTransferred) {
	if s, ok := e.Conn.Slot(b.dataSlot).(*ftpSession); ok {
		s.mime = value.Some(e.MIMEType)
	}
}

// command writes the row.
func (b *ftp) command(e *event.FTPCommand) {
	s := b.session(e.Conn)
	cmd, arg := string(e.Command), string(e.Arg)
	if slices.Contains(ftpFileCommands, cmd) {
		arg = ftpURL(e.Conn, s.cwd, arg)
	}
	if len(arg) > maxFTPArg {
		b.tooLong(e.Conn, "FTP_arg_too_long", len(arg))
		arg = arg[:maxFTPArg]
	}
	if len(s.replyMsg) > maxFTPReply {
		b.tooLong(e.Conn, "FTP_reply_msg_too_long", len(s.replyMsg))
		s.replyMsg = s.replyMsg[:maxFTPReply]
	}
	if s.password.OK && !slices.Contains(ftpGuests, strings.ToLower(s.user.V)) {
		s.password.V = hiddenPassword
	}
	switch {
	case slices.Contains(ftpLogged, cmd):
		s.logged, s.hasLast = true, false
		b.write(e.Conn, s, e.TS, cmd, arg)
	case b.filesOnly || s.user.V == unknownUser && !s.password.OK:
	default:
		if cmd == "PASS" && s.password.OK {
			arg = s.password.V
		}
		const refused = 400 // RFC 959 section 4.2.1: 4yz and 5yz
		if cmd == "PASS" && s.replyCode.OK && s.replyCode.V >= refused {
			s.hasLast = false
			b.write(e.Conn, s, e.TS, cmd, arg)
		} else if !s.logged {
			s.last, s.hasLast = ftpLast{e.TS, cmd, arg}, true
		}
	}
	s.mime, s.fuid = value.Opt[string]{}, value.Opt[string]{}
	s.fileSize = value.Opt[uint64]{}
	s.channel = schemas.FTPDataChannel{}
	b.account(e.Conn, s)
}

// end writes the row of a session with a login that has no other.
func (b *ftp) end(c event.Conn) {
	s := b.session(c)
	if !b.filesOnly && !s.logged && s.hasLast {
		b.write(c, s, s.last.ts, s.last.cmd, s.last.arg)
	}
	c.Hold(b.slot, -s.held)
	c.SetSlot(b.slot, nil)
}

// account counts the texts that the peers determine the length of.
func (b *ftp) account(c event.Conn, s *ftpSession) {
	n := max(0, cap(s.replyMsg)+len(s.cwd)+len(s.last.arg)-smallState)
	if n != s.held {
		c.Hold(b.slot, n-s.held)
		s.held = n
	}
}

func (b *ftp) write(c event.Conn, s *ftpSession, ts value.Time, cmd, arg string) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.FTP{
		TS: ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		User: s.user.V, Password: s.password, Command: value.Some(cmd), Arg: someText(arg),
		MIMEType: s.mime, FileSize: s.fileSize, ReplyCode: s.replyCode,
		ReplyMsg:    value.Opt[string]{V: text(s.replyMsg), OK: s.replyCode.OK},
		DataChannel: s.channel, FUID: s.fuid,
	}
	b.out.Emit(&b.rec)
}

// ftpURL returns the URL of a file.
func ftpURL(c event.Conn, cwd, name string) string {
	path := joinPath(cwd, name)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	host := c.ID().RespH
	if host.Is4() {
		return "ftp://" + host.String() + path
	}
	return "ftp://[" + host.String() + "]" + path
}
