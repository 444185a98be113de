package irc

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures are Zeek's of base/protocols/irc: a client that gives its names, answered by
// a numeric reply, and two servers.
var signatures = []detect.Signature{
	{Orig: detect.Anywhere(registers), Resp: detect.Anywhere(replies)},
	{Orig: detect.Anywhere(isServer), Resp: detect.Anywhere(isServer)},
}

// Patterns behind the beginning of a line. As in Zeek's a dot is any byte.
var (
	userNick = regexp.MustCompile(`(?s)^ *(?i:USER) +.+[\n\r]+ *(?i:NICK) +.*[\r\n]`)
	nickUser = regexp.MustCompile(`(?s)^ *(?i:NICK) +.+[\r\n]+ *(?i:USER) +.+[\r\n]`)
	server   = regexp.MustCompile(`(?s)^ *(?i:SERVER) +[^ ]+ +[0-9]+ +:.+[\r\n]`)
)

func registers(b []byte) bool {
	return detect.AnyLine(b, func(b []byte) bool {
		return begins(b, "USER ") && userNick.Match(b) || begins(b, "NICK ") && nickUser.Match(b)
	})
}

func isServer(b []byte) bool {
	return describes(b) && detect.AnyLine(b, func(b []byte) bool { return begins(b, "SERVER ") && server.Match(b) })
}

// describes looks for " :", which precedes the description. It is rare in other
// protocols, so it saves the costlier match.
func describes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, ':')
		if i < 0 {
			return false
		}
		if i > 0 && b[i-1] == ' ' {
			return true
		}
		b = b[i+1:]
	}
}

func replies(b []byte) bool {
	return detect.AnyLine(b, func(b []byte) bool {
		return len(b) > 0 && (b[0] == ':' || isDigit(b[0])) && isNumeric(b)
	})
}

// isNumeric reports whether b begins with three digits and a blank, perhaps after a prefix.
// The lines of many protocols begin with a digit, which makes it too hot for a pattern.
func isNumeric(b []byte) bool {
	if b[0] == ':' {
		n := bytes.IndexAny(b, " \n\r")
		if n < 2 || b[n] != ' ' {
			return false
		}
		b = b[n+1:]
	}
	return len(b) > 3 && isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) && b[3] == ' '
}

// begins reports whether b begins with word, ignoring case and leading blanks.
func begins(b []byte, word string) bool {
	b = detect.TrimBlanks(b)
	return len(b) >= len(word) && b[0]|0x20 == word[0]|0x20 && strings.EqualFold(string(b[:len(word)]), word)
}
