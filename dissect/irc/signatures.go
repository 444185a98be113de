package irc

import (
	"regexp"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures are Zeek's of base/protocols/irc: a client that gives its names, answered by
// a numeric reply, and two servers.
var signatures = []detect.Signature{
	{Orig: registers, Resp: replies},
	{Orig: isServer, Resp: isServer},
}

// Patterns behind the beginning of a line. As in Zeek's a dot is any byte.
var (
	userNick = regexp.MustCompile(`(?s)^ *(?i:USER) +.+[\n\r]+ *(?i:NICK) +.*[\r\n]`)
	nickUser = regexp.MustCompile(`(?s)^ *(?i:NICK) +.+[\r\n]+ *(?i:USER) +.+[\r\n]`)
	server   = regexp.MustCompile(`(?s)^ *(?i:SERVER) +[^ ]+ +[0-9]+ +:.+[\r\n]`)
	numeric  = regexp.MustCompile(`^(?::[^ \n\r]+ )?[0-9][0-9][0-9] `)
)

func registers(b []byte) bool {
	return detect.AnyLine(b, func(b []byte) bool {
		switch first(b) {
		case 'U', 'u':
			return userNick.Match(b)
		case 'N', 'n':
			return nickUser.Match(b)
		}
		return false
	})
}

func isServer(b []byte) bool {
	return detect.AnyLine(b, func(b []byte) bool { return first(b)|0x20 == 's' && server.Match(b) })
}

func replies(b []byte) bool {
	return detect.AnyLine(b, func(b []byte) bool {
		return len(b) > 0 && (b[0] == ':' || isDigit(b[0])) && numeric.Match(b)
	})
}

// first is the first character of b but spaces, 0 if there is none.
func first(b []byte) byte {
	if b = detect.TrimBlanks(b); len(b) > 0 {
		return b[0]
	}
	return 0
}
