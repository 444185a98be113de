package smtp

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// state is a session's progress. It assumes that commands succeed, because clients do not
// wait for replies; the replies correct it. The numbers are Zeek's.
type state int

const (
	stateConnected    state = iota
	stateInitiated          // greeted
	stateNotAvailable       // refused
	stateReady              // after EHLO or HELO
	stateMail               // after MAIL
	stateRecipient          // after RCPT
	stateInData             // within a message
	stateAfterData          // after the end of a message, before its reply
	stateInAuth             // within the dialogue after AUTH
	stateInTLS              // TLS has begun
	stateQuit               // after QUIT
	stateAfterGap           // bytes were missing
	stateGapRecovery        // a reply has come since
	stateInChunks           // within a message of chunks
)

// update advances the state for a command, if code is 0, or for a reply to it.
func (a *analyzer) update(cmd command, code int, isOrig bool) {
	before := a.state
	if before == stateQuit && code == 0 {
		a.unexpectedCommand(cmd, code)
	}
	if code == 0 {
		a.commanded(cmd, isOrig)
	} else {
		a.answered(cmd, code, before, isOrig)
	}
}

// commanded advances the state for a command.
func (a *analyzer) commanded(cmd command, isOrig bool) {
	ok := true
	to := a.state
	switch cmd {
	case cmdConnect:
		ok, to = a.state == stateConnected, stateInitiated
	case cmdEHLO, cmdHELO:
		ok, to = a.state == stateInitiated, stateReady
	case cmdMAIL, cmdSEND, cmdSOML, cmdSAML:
		ok, to = a.state == stateReady, stateMail
	case cmdRCPT:
		ok, to = a.state == stateMail || a.state == stateRecipient, stateRecipient
	case cmdDATA:
		if a.state != stateRecipient {
			a.unexpectedCommand(cmd, 0)
		}
		a.beginData(isOrig, stateInData)
		return
	case cmdBDAT:
		ok, to = a.state == stateRecipient, stateInChunks
	case cmdEndOfData:
		if a.state != stateInData && a.state != stateInChunks {
			a.unexpectedCommand(cmd, 0)
		}
		a.endData()
		a.state = stateAfterData
		return
	case cmdRSET:
		to = stateReady
	case cmdQUIT:
		to = stateQuit
	case cmdAUTH, cmdTURN, cmdSTARTTLS, cmdAnonymousTLS:
		ok = a.state == stateReady
	case cmdAuthAnswer:
		ok = a.state == stateInAuth
	case cmdNone, cmdVRFY, cmdEXPN, cmdHELP, cmdNOOP, cmdETRN, numCommands:
	}
	if !ok {
		a.unexpectedCommand(cmd, 0)
	}
	a.state = to
}

// answered advances the state for a reply to a command.
func (a *analyzer) answered(cmd command, code int, before state, isOrig bool) {
	usual := true
	switch cmd {
	case cmdConnect:
		switch code {
		case 220:
		case 421, 554:
			a.state = stateNotAvailable
		default:
			usual = false
		}
	case cmdEHLO, cmdHELO:
		switch code {
		case 250:
		case 421, 500, 501, 504, 550:
			a.state = stateInitiated
		default:
			usual = false
		}
	case cmdMAIL, cmdSEND, cmdSOML, cmdSAML:
		switch code {
		case 250:
		case 421, 451, 452, 500, 501, 503, 550, 552, 553:
			if a.state != stateInData {
				a.state = stateReady
			}
		default:
			usual = false
		}
	case cmdRCPT:
		switch code {
		case 250, 251, 421, 450, 451, 452, 500, 501, 503, 550, 551, 552, 553, 554:
		default:
			usual = false
		}
	case cmdDATA:
		a.answeredData(code)
	case cmdBDAT:
		// The client sends the rest of the chunk whatever the reply says.
		switch code {
		case 250, 421, 451, 500, 501, 503, 554:
		default:
			usual = false
		}
	case cmdEndOfData:
		switch code {
		case 250, 421, 451, 452, 552, 554:
		default:
			a.unexpectedReply(cmd, code)
		}
		a.state = stateReady
	case cmdRSET:
		usual = code == 250
	case cmdQUIT:
		usual = code == 221
	case cmdAUTH, cmdAuthAnswer:
		if cmd == cmdAUTH && before != stateReady || cmd == cmdAuthAnswer && before != stateInAuth {
			a.unexpectedCommand(cmd, code)
		}
		if a.state = stateInitiated; code == 334 {
			a.state = stateInAuth
		}
	case cmdTURN:
		if before != stateReady {
			a.unexpectedCommand(cmd, code)
		}
		if code == 250 {
			a.turned = !a.turned
			a.state = stateConnected
		}
	case cmdSTARTTLS, cmdAnonymousTLS:
		if before != stateReady {
			a.unexpectedCommand(cmd, code)
		}
		if code == 220 {
			a.startTLS(isOrig)
		}
	case cmdNone, cmdVRFY, cmdEXPN, cmdHELP, cmdNOOP, cmdETRN, numCommands:
		// The command was lost, but 354 only ever answers DATA.
		if before == stateGapRecovery && code == 354 {
			a.beginData(isOrig, stateInData)
		}
	}
	if !usual {
		a.unexpectedReply(cmd, code)
	}
}

// answeredData processes a reply to DATA. The client may already have begun the message.
func (a *analyzer) answeredData(code int) {
	to := stateReady
	switch code {
	case 354:
		return
	case 421:
		to = stateQuit
	case 451, 500, 501, 503, 554:
	default:
		a.unexpectedReply(cmdDATA, code)
	}
	if a.state == stateInData {
		a.endData()
	}
	a.state = to
}

// unexpected raises SMTPUnexpected for something that the client or the server sent.
func (a *analyzer) unexpected(client bool, msg string, detail []byte) {
	if e := a.f.hooks.Unexpected.Begin(); e != nil {
		*e = event.SMTPUnexpected{Conn: a.Conn(), IsOrig: client != a.turned, Msg: msg, Detail: detail}
		a.f.hooks.Unexpected.Raise(e)
	}
}

func (a *analyzer) unexpectedCommand(cmd command, code int) {
	if !a.f.hooks.Unexpected.On() {
		return
	}
	b := append(a.f.text[:0], cmd.String()...)
	b = strconv.AppendInt(append(b, " reply = "...), int64(code), 10)
	b = strconv.AppendInt(append(b, " state = "...), int64(a.state), 10)
	a.f.text = b
	a.unexpected(true, "unexpected command", b)
}

func (a *analyzer) unexpectedReply(cmd command, code int) {
	if !a.f.hooks.Unexpected.On() {
		return
	}
	b := strconv.AppendInt(a.f.text[:0], int64(code), 10)
	b = strconv.AppendInt(append(b, " state = "...), int64(a.state), 10)
	b = append(append(b, ", last command = "...), cmd.String()...)
	a.f.text = b
	a.unexpected(true, "unexpected reply", b)
}
