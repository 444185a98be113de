package pop3

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// split splits a tidy line after its first word.
func split(line []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(line, []byte{' '})
	return word, rest
}

// request processes the first pending command.
func (a *analyzer) request() {
	a.f.tidy[0] = appendTidy(a.f.tidy[0][:0], a.pending.first())
	word, arg := split(a.f.tidy[0])
	cmd := parseCommand(word)
	switch cmd {
	case cmdNone:
		if a.auth {
			return
		}
		a.weirdOf("pop3_client_command_unknown", word)
		if a.unknown++; a.unknown > a.f.opt.Unknown {
			a.Limited(source, "unknown_commands")
			a.Violate(conn.Violation{Reason: "too many unknown client commands", Late: true})
		}
	case cmdOK, cmdERR:
		a.weird("pop3_client_sending_server_commands")
	case cmdUSER, cmdPASS, cmdAPOP, cmdAUTH:
		a.login(cmd, arg)
	case cmdCAPA:
		a.accept(cmd, arg)
		a.wantMulti = true
	case cmdSTLS:
		a.accept(cmd, arg)
	case cmdQUIT:
		if a.phase <= phaseTransaction {
			a.accept(cmd, arg)
		} else {
			a.refuse(cmd, "transaction")
			a.guess, a.guessed = true, cmdLAST
		}
	default:
		switch cmd {
		case cmdRETR, cmdTOP:
			a.wantMulti = true
		case cmdLIST, cmdUIDL:
			if len(arg) == 0 {
				a.wantMulti = true
			}
		}
		if a.phase == phaseTransaction {
			a.accept(cmd, arg)
			return
		}
		a.refuse(cmd, "transaction")
		if cmd != cmdSTAT {
			a.guess, a.guessed = true, cmd
		}
	}
}

// accept takes a command that the phase allows.
func (a *analyzer) accept(cmd command, arg []byte) {
	a.command = cmd
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.POP3Request{Conn: a.Conn(), IsOrig: true, Command: words[cmd], Arg: arg}
		a.f.hooks.Request.Raise(e)
	}
}

// refuse reports a command that only another phase allows.
func (a *analyzer) refuse(cmd command, allowed string) {
	a.unexpected(true, cmd, "not allowed in other state than '"+allowed+"'")
}

func (a *analyzer) unexpected(isOrig bool, cmd command, detail string) {
	if e := a.f.hooks.Unexpected.Begin(); e != nil {
		a.f.text = append(a.f.text[:0], detail...)
		*e = event.POP3Unexpected{Conn: a.Conn(), IsOrig: isOrig, Msg: words[cmd], Detail: a.f.text}
		a.f.hooks.Unexpected.Raise(e)
	}
}

const passFollowsUser = "pass must follow the command 'USER'"

// login takes a command of the authorization phase.
func (a *analyzer) login(cmd command, arg []byte) {
	switch {
	case a.phase != phaseAuthorization && cmd == cmdAUTH:
		a.unexpected(true, cmd, passFollowsUser) // Zeek's words
		return
	case a.phase != phaseAuthorization:
		a.refuse(cmd, "authorization")
		return
	case cmd == cmdPASS && a.command != cmdUSER:
		a.unexpected(true, cmd, passFollowsUser)
		return
	}
	a.accept(cmd, arg)
	switch cmd {
	case cmdUSER:
		a.user = append(a.user[:0], arg...)
	case cmdPASS:
		a.password = append(a.password[:0], arg...)
	case cmdAPOP:
		a.user = append(a.user[:0], upToBlank(arg)...)
	default:
		a.beginAuth(arg)
	}
}

func upToBlank(b []byte) []byte {
	if i := bytes.IndexAny(b, " \t"); i >= 0 {
		return b[:i]
	}
	return b
}

// beginAuth begins an AUTH dialogue; without an argument AUTH only lists the methods.
func (a *analyzer) beginAuth(arg []byte) {
	a.method = methodUnknown
	switch {
	case len(arg) == 0:
		a.wantMulti = true
		return
	case bytes.Contains(arg, []byte("LOGIN")):
		a.method = methodLogin
	case bytes.Contains(arg, []byte("PLAIN")):
		a.method = methodPlain
	case bytes.Contains(arg, []byte("CRAM-MD5")):
		a.method = methodCRAMMD5
	default:
		a.unexpected(true, cmdAUTH, "unknown AUTH method "+string(arg))
	}
	a.auth, a.authLines = true, 0
}

// authenticate takes a client's line in the dialogue after AUTH.
func (a *analyzer) authenticate(line []byte) {
	a.authLines++
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	plain, ok := a.decode(line[:min(len(line), maxCommand)])
	if !ok {
		a.weird("pop3_bad_base64_encoding")
		return
	}
	switch a.method {
	case methodLogin:
		switch a.authLines {
		case 1:
			a.user = append(a.user[:0], withoutNUL(plain)...)
		case 2:
			a.password = append(a.password[:0], withoutNUL(plain)...)
		}
	case methodPlain:
		a.plain(plain)
	case methodCRAMMD5:
		a.user = append(a.user[:0], upToBlank(withoutNUL(plain))...)
		a.password = a.password[:0]
	case methodUnknown:
	}
}

// withoutNUL returns b, or Zeek's substitute if it contains a NUL.
func withoutNUL(b []byte) []byte {
	if bytes.IndexByte(b, 0) >= 0 {
		return []byte("<string-with-NUL>")
	}
	return b
}

// plain parses the message of PLAIN: authorization identity, user and password, separated
// by NULs (RFC 4616 section 2).
func (a *analyzer) plain(b []byte) {
	nul := []byte{0}
	_, rest, ok := bytes.Cut(b, nul)
	user, password, also := bytes.Cut(rest, nul)
	if !ok || !also {
		a.weird("pop3_malformed_auth_plain")
		return
	}
	a.user = append(a.user[:0], user...)
	if len(password) == 0 {
		a.weird("pop3_malformed_auth_plain")
		return
	}
	a.password = append(a.password[:0], password...)
}

// Base64Weird raises the weird for invalid Base64.
func (a *analyzer) Base64Weird(detail string) {
	a.Weird("base64_illegal_encoding", detail, "")
}

// decode decodes a line of Base64; ok is false if it contains an invalid character.
func (a *analyzer) decode(line []byte) (plain []byte, ok bool) {
	d := &a.f.base64
	d.Reset()
	b := d.Append(a.f.plain[:0], line, a)
	if d.Bad() {
		return nil, false
	}
	a.f.plain = d.Finish(b, a)
	return a.f.plain, true
}

// reply takes a line of the server.
func (a *analyzer) reply(line []byte) {
	a.f.tidy[1] = appendTidy(a.f.tidy[1][:0], line)
	if a.multi {
		a.moreReply(line)
		return
	}
	word, text := split(a.f.tidy[1])
	switch cmd := parseCommand(word); cmd {
	case cmdNone:
		if a.auth {
			return
		}
		a.Violate(conn.Violation{Reason: "unknown server command (" + string(orUnknown(word)) + ")", Data: line, Late: true})
		a.weirdOf("pop3_server_command_unknown", word)
	case cmdOK:
		a.succeeded(line, text)
	case cmdERR:
		a.failed(text)
	default:
		a.weird("pop3_server_sending_client_commands")
	}
}

// moreReply takes a line of a multi-line reply after the first.
func (a *analyzer) moreReply(line []byte) {
	if len(line) == 1 && line[0] == '.' {
		a.wantMulti, a.multi = false, false
		a.endMail()
		a.next()
		return
	}
	if a.mail != nil && (a.command == cmdRETR || a.command == cmdTOP) {
		a.mailLine(line)
	}
	if e := a.f.hooks.Data.Begin(); e != nil {
		*e = event.POP3Data{Conn: a.Conn(), Data: a.f.tidy[1]}
		a.f.hooks.Data.Raise(e)
	}
}

// succeeded takes the first line of a reply that says OK.
func (a *analyzer) succeeded(line, text []byte) {
	if a.guess {
		a.phase, a.guess, a.command = phaseTransaction, false, a.guessed
		a.unexpected(false, cmdOK, "no auth required -> state changed to 'transaction'")
	}
	switch a.command {
	case cmdNone:
		a.phase = phaseAuthorization
	case cmdUSER:
		a.phase = phaseAuthorization
		a.Confirm()
	case cmdPASS, cmdAPOP, cmdNOOP, cmdLAST, cmdSTAT, cmdRSET, cmdDELE, cmdXSENDER:
		if a.phase == phaseAuthorization {
			a.loggedIn()
		}
		a.phase = phaseTransaction
	case cmdAUTH:
		a.multi = a.multi || a.wantMulti
		if a.auth {
			a.phase = phaseTransaction
		}
		a.auth = false
		a.loggedIn()
	case cmdTOP, cmdRETR:
		a.mailLine(line)
		a.multi = a.multi || a.wantMulti
	case cmdCAPA:
		a.Confirm()
		a.multi = a.multi || a.wantMulti
	case cmdUIDL, cmdLIST:
		a.multi = a.multi || a.wantMulti
	case cmdSTLS:
		a.Confirm()
		a.startTLS()
		return
	case cmdQUIT:
		switch a.phase {
		case phaseStart, phaseAuthorization:
			a.phase = phaseFinished
		case phaseTransaction:
			a.phase = phaseUpdate
		case phaseUpdate, phaseFinished:
		}
	case cmdOK, cmdERR, numCommands:
	}
	a.status(cmdOK, text)
	if !a.multi {
		a.next()
	}
}

// failed takes a reply that says ERR.
func (a *analyzer) failed(text []byte) {
	a.multi, a.wantMulti, a.guess, a.auth = false, false, false, false
	switch a.command {
	case cmdUSER, cmdPASS, cmdAPOP, cmdAUTH:
		a.phase, a.command = phaseAuthorization, cmdNone
		if h := &a.f.hooks.LoginFailure; h.On() && len(a.user) > 0 {
			e := h.Begin()
			*e = event.POP3LoginFailure{Conn: a.Conn(), User: a.user, Password: a.password}
			h.Raise(e)
		}
	case cmdNOOP, cmdLAST, cmdSTAT, cmdRSET, cmdDELE, cmdLIST, cmdRETR, cmdUIDL, cmdTOP, cmdXSENDER:
		a.phase = phaseTransaction
	case cmdQUIT:
		if a.phase <= phaseTransaction {
			a.phase = phaseFinished
		}
	case cmdNone, cmdCAPA, cmdSTLS, cmdOK, cmdERR, numCommands:
	}
	a.status(cmdERR, text)
	a.next()
}

func (a *analyzer) status(cmd command, text []byte) {
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.POP3Reply{Conn: a.Conn(), Cmd: words[cmd], Msg: text}
		a.f.hooks.Reply.Raise(e)
	}
}

// loggedIn raises POP3LoginSuccess.
func (a *analyzer) loggedIn() {
	if h := &a.f.hooks.LoginSuccess; h.On() && len(a.user) > 0 {
		e := h.Begin()
		*e = event.POP3LoginSuccess{Conn: a.Conn(), User: a.user, Password: a.password}
		h.Raise(e)
	}
}
