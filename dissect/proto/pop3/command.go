package pop3

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/detect"
)

// command is the first word of a line of either side.
type command int8

// The commands and states of RFC 1939 sections 3 to 7, and of extensions. The order is
// Zeek's.
const (
	cmdNone command = iota - 1
	cmdOK
	cmdERR
	cmdUSER
	cmdPASS
	cmdAPOP
	cmdAUTH // RFC 5034
	cmdSTAT
	cmdLIST
	cmdRETR
	cmdDELE
	cmdRSET
	cmdNOOP
	cmdLAST // RFC 1460
	cmdQUIT
	cmdTOP
	cmdCAPA // RFC 2449
	cmdUIDL
	cmdSTLS // RFC 2595
	cmdXSENDER
	numCommands
)

var words = [numCommands]string{
	cmdOK: "OK", cmdERR: "ERR", cmdUSER: "USER", cmdPASS: "PASS", cmdAPOP: "APOP", cmdAUTH: "AUTH",
	cmdSTAT: "STAT", cmdLIST: "LIST", cmdRETR: "RETR", cmdDELE: "DELE", cmdRSET: "RSET", cmdNOOP: "NOOP",
	cmdLAST: "LAST", cmdQUIT: "QUIT", cmdTOP: "TOP", cmdCAPA: "CAPA", cmdUIDL: "UIDL", cmdSTLS: "STLS",
	cmdXSENDER: "XSENDER",
}

// longest is the length of the longest command.
const longest = len("XSENDER")

// parseCommand finds a command by its word. Zeek strips one leading sign for each command
// that it compares, so a later command tolerates more of them.
func parseCommand(word []byte) command {
	signs := 0
	for len(word) > 0 && (word[0] == '+' || word[0] == '-') {
		word = word[1:]
		signs++
	}
	if len(word) == 0 || len(word) > longest {
		return cmdNone
	}
	var buf [longest]byte
	up := ascii.AppendUpper(buf[:0], word)
	for c, w := range words {
		if string(up) == w && signs <= c+1 {
			return command(c)
		}
	}
	return cmdNone
}

// appendTidy appends a line up to its first NUL, trimmed and with runs of spaces
// collapsed.
func appendTidy(dst, line []byte) []byte {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	for {
		i := bytes.IndexByte(line, ' ')
		if i < 0 {
			return append(dst, line...)
		}
		dst = append(dst, line[:i]...)
		for i < len(line) && line[i] == ' ' {
			i++
		}
		if line = line[i:]; len(line) == 0 {
			return dst
		}
		dst = append(dst, ' ')
	}
}

// signatures is Zeek's of base/protocols/pop3: both sides have to match.
var signatures = []detect.Signature{{Orig: detect.Anywhere(commands), Resp: greets}}

// commands reports whether a line begins with a command that opens a session.
func commands(b []byte) bool { return detect.AnyLine(b, firstCommand) }

func firstCommand(b []byte) bool {
	if b = detect.TrimSpace(b); len(b) < 4 {
		return false
	}
	var buf [4]byte
	switch string(ascii.AppendUpper(buf[:0], b[:4])) {
	case "CAPA", "AUTH", "STLS":
		return true
	case "USER", "APOP":
		return len(b) > 4 && detect.IsSpace(b[4])
	}
	return false
}

func greets(b []byte) detect.Verdict { return detect.StartsWith(b, "+OK") }
