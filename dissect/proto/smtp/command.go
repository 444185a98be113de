package smtp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
)

// command is a client's command, or another event that a reply answers.
type command int8

// The commands of RFC 5321 section 4.1, of its predecessor RFC 821 (SEND to TURN) and
// of extensions. The order is Zeek's, whose list includes some that are not commands.
const (
	cmdNone command = iota - 1
	cmdEHLO
	cmdHELO
	cmdMAIL
	cmdRCPT
	cmdDATA
	cmdQUIT
	cmdRSET
	cmdVRFY
	cmdEXPN
	cmdHELP
	cmdNOOP
	cmdSTARTTLS     // RFC 3207
	cmdAnonymousTLS // MS-SMTPNTLM: X-ANONYMOUSTLS
	cmdConnect      // not sent: the connection itself, which the greeting answers
	cmdEndOfData    // the line "." after a message
	cmdSEND
	cmdSOML
	cmdSAML
	cmdTURN
	cmdBDAT       // RFC 3030
	cmdETRN       // RFC 1985
	cmdAUTH       // RFC 4954
	cmdAuthAnswer // a line of the dialogue after AUTH
	numCommands
)

var words = [numCommands]string{
	cmdEHLO: "EHLO", cmdHELO: "HELO", cmdMAIL: "MAIL", cmdRCPT: "RCPT", cmdDATA: "DATA", cmdQUIT: "QUIT",
	cmdRSET: "RSET", cmdVRFY: "VRFY", cmdEXPN: "EXPN", cmdHELP: "HELP", cmdNOOP: "NOOP",
	cmdSTARTTLS: "STARTTLS", cmdAnonymousTLS: "X_ANONYMOUSTLS", cmdConnect: "CONN_ESTABLISHMENT",
	cmdEndOfData: "END_OF_DATA", cmdSEND: "SEND", cmdSOML: "SOML", cmdSAML: "SAML", cmdTURN: "TURN",
	cmdBDAT: "BDAT", cmdETRN: "ETRN", cmdAUTH: "AUTH", cmdAuthAnswer: "AUTH_ANSWER",
}

const unknown = "(UNKNOWN)"

func (c command) String() string {
	if c == cmdNone {
		return unknown
	}
	return words[c]
}

// inReply is the name of c in the event of its reply.
func (c command) inReply() string {
	switch c {
	case cmdConnect:
		return ">"
	case cmdEndOfData:
		return "."
	default:
		return c.String()
	}
}

// longest is the length of the longest command.
const longest = len("CONN_ESTABLISHMENT")

// parseCommand finds a command by its word, in upper or lower case.
func parseCommand(word []byte) command {
	if len(word) == 0 || len(word) > longest {
		return cmdNone
	}
	var buf [longest]byte
	up := ascii.AppendUpper(buf[:0], word)
	if string(up) == "X-ANONYMOUSTLS" {
		return cmdAnonymousTLS
	}
	for c, w := range words {
		if string(up) == w {
			return command(c)
		}
	}
	return cmdNone
}

// cutWord splits a line into its first word, which a NUL also ends, and the rest without
// leading blanks.
func cutWord(line []byte) (word, rest []byte) {
	n := bytes.IndexAny(line, " \t\v\f\x00")
	if n < 0 {
		n = len(line)
	}
	return line[:n], trimBlanks(line[n:])
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// replyCode parses the code at the start of a reply line. Its first digit is 1 to 5. The
// second should be 0 to 5 (RFC 5321 section 4.2.1), but servers do not all comply.
func replyCode(line []byte) (code int, ok bool) {
	if len(line) < 3 {
		return 0, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = code*10 + int(c-'0')
	}
	return code, 100 <= code && code <= 599
}
