// Package ftp analyzes the control connections of FTP (RFC 959, with the extensions of
// RFC 2228, RFC 2428 and RFC 4217): commands and replies, the data connections that they
// agree on, and the changes to TLS: of the connection after AUTH TLS, and inside ADAT
// after AUTH GSSAPI, as GridFTP does it. It follows Zeek's src/analyzer/protocol/ftp and
// base/protocols/ftp.
package ftp

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/datachannel"
	"github.com/wirelog/wirelog/dissect/proto/telnetopt"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "FTP"

	// minCommand and maxCommand bound the length of a command
	// (FTP::max_command_length).
	maxCommand = 100
	minCommand = 3
)

// Reply codes that the analyzer acts on (RFC 959 section 4.2, RFC 2228 section 3, RFC
// 2428 section 3).
const (
	replyPassive         = 227
	replyExtendedPassive = 229
	replyDataAccepted    = 234 // security data exchange complete
	replyDataNeeded      = 334 // the mechanism is accepted, ADAT follows
)

// Options are limits. Exceeding one raises a weird, and the new item is dropped.
type Options struct {
	Pending  int `key:"limits.ftp_max_pending_commands" unit:"count" min:"1" doc:"FTP commands of one connection that wait for replies; more are not logged (FTP::max_pending_commands)"`
	Channels int `key:"limits.ftp_max_expected_data_channels" unit:"count" per:"run" min:"1" doc:"announced FTP data connections waited for, in all (FTP::max_expected_data_channels)"`
	// Lines bounds the bytes of incomplete lines that the shard holds; nil means no bound.
	Lines *contentline.Budget
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Pending: 20, Channels: 100_000} }

// New returns the protocol for the detector. Its analyzers raise events on h and pass
// files to fm; ssl analyzes what follows AUTH.
func New(h *event.Hooks, fm *files.Manager, ssl *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.FTP, login: &h.Login, ssl: ssl, opt: o}
	f.data = datachannel.New(h, fm, datachannel.Kind{Name: "FTP_DATA", Service: "ftp-data", Limit: o.Channels, Reused: true})
	f.watchGridFTP(h)
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{21, 2811},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(client), Resp: server}},
	}
	p.Protocol = conn.Protocol{Name: source, Service: "ftp", New: f.new, Size: freelist.Size[analyzer]() + 512}
	return p
}

// factory makes a shard's analyzers and reuses finished ones.
type factory struct {
	hooks *event.FTPEvents
	login *event.LoginEvents // for the options of Telnet
	ssl   *conn.Protocol
	opt   Options
	data  *datachannel.Channels
	free  freelist.List[analyzer]
	// securing is the analyzer whose security data TLS is processing, or nil.
	securing *analyzer

	upper   []byte
	decoded []byte
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	lines, options, session := a.lines, a.options, a.session
	*a = analyzer{f: f, Use: u, lines: lines, options: options, session: session, auth: a.auth[:0]}
	a.client.a, a.server.a = a, a
	a.lines[0].Reset(&a.client, &a.seen, f.opt.Lines)
	a.lines[1].Reset(&a.server, &a.seen, f.opt.Lines)
	a.options.Reset(u, f.login, &a.lines, nil)
	a.session.reset()
	return a
}

// analyzer follows one control connection.
type analyzer struct {
	f *factory
	conn.Use

	lines   [2]contentline.NVT // of client and server
	options telnetopt.Session
	client  clientSide
	server  serverSide
	seen    contentline.Seen
	session session
	control *datachannel.Control // once there is a data connection

	off       bool
	broken    bool // a violation is pending
	confirmed bool
	tls       conn.Handover // the rest of the connection, after AUTH TLS
	adat      conn.Handover // the security data, after AUTH GSSAPI
	adatBegun bool          // the client has sent ADAT
	reply     uint64        // code of an unfinished multi-line reply, or 0
	auth      []byte        // argument of the last AUTH
	held      int           // bytes of pending commands on the connection's account
}

// clientSide and serverSide receive the lines of the two sides.
type clientSide struct{ a *analyzer }

type serverSide struct{ a *analyzer }

func (s *clientSide) Line(b []byte) bool { return s.a.command(b) }

func (s *clientSide) NVTWeird(name string, size int) { s.a.nvtWeird(name, size) }

func (s *serverSide) Line(b []byte) bool { return s.a.replyLine(b) }

func (s *serverSide) NVTWeird(name string, size int) { s.a.nvtWeird(name, size) }

func (a *analyzer) nvtWeird(name string, size int) {
	addl := ""
	if size >= 0 {
		a.Conn().NoteUnknown()
		addl = strconv.Itoa(size)
		a.Limited(source, "line_size")
	}
	a.Weird(name, addl, contentline.SourceNVT)
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off {
		return
	}
	if !a.tls.Taken() {
		b = a.lines[conn.Side(isOrig)].Deliver(b)
	}
	if len(b) > 0 {
		a.tls.Data(isOrig, b)
	}
}

// Gap matters only to TLS. As in Zeek, a line simply continues after missing bytes.
func (a *analyzer) Gap(isOrig bool, n uint64) { a.tls.Gap(isOrig, n) }

// End terminates an unfinished line.
func (a *analyzer) End(isOrig bool) {
	switch l := &a.lines[conn.Side(isOrig)]; {
	case a.tls.Taken():
		a.tls.End(isOrig)
	case l.Partial():
		l.Deliver([]byte("\n"))
	}
}

// Done ends the pending commands.
func (a *analyzer) Done() {
	// A graceful end would have terminated the line.
	if !a.off && !a.tls.Taken() && a.lines[0].Partial() && bytes.IndexByte(a.Conn().History(), 'F') >= 0 {
		a.Weird("partial_ftp_request", "", source)
	}
	a.off = true
	a.tls.Done()
	a.adat.Done()
	for i := range a.session.pending {
		a.over(&a.session.pending[i])
	}
	a.session.pending = a.session.pending[:0]
	if a.control != nil {
		a.control.Conn = nil
		a.control = nil
	}
	if a.HoldState(-a.held); a.held > 0 {
		a.session.pending, a.auth = nil, nil
	}
	a.lines[0].Release()
	a.lines[1].Release()
	a.f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	a.lines[0], a.lines[1] = a.lines[1], a.lines[0]
	a.lines[0].SetReceiver(&a.client)
	a.lines[1].SetReceiver(&a.server)
	a.options.Flip()
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return b
}

// word splits b after its first word.
func word(b []byte) (w, rest []byte) {
	for i, c := range b {
		if c == ' ' || c-'\t' <= '\r'-'\t' || c == 0 {
			return b[:i], b[i:]
		}
	}
	return b, nil
}

func isCommand(w []byte) bool {
	if len(w) < minCommand {
		return false
	}
	for _, c := range w {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// command takes a client's line and reports whether it wants more.
func (a *analyzer) command(line []byte) bool {
	if a.broken || len(line) == 0 {
		return true
	}
	cmd, arg := word(skipBlanks(line))
	arg = skipBlanks(arg)
	if !isCommand(cmd) {
		if a.confirmed {
			a.Weird("FTP_invalid_command", "", source)
		}
		return true
	}
	if len(cmd) > maxCommand {
		if a.confirmed {
			a.WeirdNumber("FTP_max_command_length_exceeded", len(cmd), source)
		}
		return true
	}
	f := a.f
	f.upper = ascii.AppendUpper(f.upper[:0], cmd)
	cmd = f.upper
	if !a.confirmed {
		a.confirmed = true
		a.Confirm()
		a.Interactive()
	}
	// Zeek compares only as many characters as cmd has.
	if bytes.HasPrefix([]byte("AUTH"), cmd) {
		a.auth = append(a.auth[:0], arg...)
	}
	a.sent(cmd, arg)
	if e := f.hooks.Request.Begin(); e != nil {
		*e = event.FTPRequest{Conn: a.Conn(), Command: cmd, Arg: arg}
		f.hooks.Request.Raise(e)
	}
	a.sentPort(cmd, arg)
	a.adatRequest(line)
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// replyCode returns the three-digit code at the start of a line, or 0.
func replyCode(b []byte) uint64 {
	if len(b) < 3 || !isDigit(b[0]) || !isDigit(b[1]) || !isDigit(b[2]) {
		return 0
	}
	return uint64(b[0]-'0')*100 + uint64(b[1]-'0')*10 + uint64(b[2]-'0')
}

// replyLine takes a server's line and reports whether it wants more.
func (a *analyzer) replyLine(line []byte) bool {
	if a.broken || len(line) == 0 {
		return true
	}
	code, msg, more := replyCode(line), line, false
	switch {
	case a.reply != 0 && code == a.reply && len(line) > 3 && line[3] == ' ':
		a.reply = 0
		msg = skipBlanks(line[3:])
	case a.reply != 0:
		code, more = 0, true
	case code == 0:
		return a.violate("non-numeric reply code", line)
	case code < 100:
		return a.violate("invalid reply code", line)
	case len(line) > 3 && line[3] == '-':
		a.reply = code
		msg, more = skipBlanks(line[4:]), true
	case len(line) > 3 && line[3] != ' ':
		return a.violate("invalid reply line", line)
	default:
		msg = skipBlanks(line[3:])
	}

	switch {
	case code == replyDataAccepted && string(a.auth) == "TLS":
		a.tls = a.HandOver(a.f.ssl)
	case code == replyDataNeeded && string(a.auth) == "GSSAPI" && !a.adat.Taken():
		a.adat = a.HandOver(a.f.ssl)
		a.adatBegun = false
	}
	answers := a.answered(code, msg, more)
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.FTPReply{Conn: a.Conn(), Code: code, Msg: msg, ContResp: more}
		if answers != nil {
			e.Command, e.Arg, e.Seq = answers.Command, answers.Arg, answers.Seq
		}
		a.f.hooks.Reply.Raise(e)
	}
	if answers != nil && !more {
		a.passive(code, msg, answers)
		a.session.finish(a, answers)
	}
	if a.tls.Taken() {
		return false
	}
	a.adatReply(line)
	return true
}

// maxShown bounds the bytes of a line in a violation.
const maxShown = 4096

// violate reports that the server does not speak FTP. If that removes the analyzer, until
// then only line ends are checked.
func (a *analyzer) violate(reason string, line []byte) bool {
	a.broken = a.Violate(conn.Violation{Reason: reason, Data: line[:min(len(line), maxShown)], Late: true})
	return true
}
