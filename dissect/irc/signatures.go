package irc

import (
	"bytes"
	"regexp"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures are Zeek's of base/protocols/irc: a client that gives its names, answered by
// a numeric reply, and two servers.
var signatures = []detect.Signature{
	{Orig: registers, Resp: replies},
	{Orig: isServer, Resp: isServer},
}

// Patterns behind the beginning of a line. What comes between may be lines, too.
var (
	userNick = regexp.MustCompile(`(?s)^ *(?i:USER) +.+[\n\r]+ *(?i:NICK) +.*[\r\n]`)
	nickUser = regexp.MustCompile(`(?s)^ *(?i:NICK) +.+[\r\n]+ *(?i:USER) +.+[\r\n]`)
	server   = regexp.MustCompile(`(?s)^ *(?i:SERVER) +[^ ]+ +[0-9]+ +:.+[\r\n]`)
	numeric  = regexp.MustCompile(`^(?::[^ \n\r]+ )?[0-9][0-9][0-9] `)
)

func registers(b []byte) bool {
	return inLine(b, "UuNn", func(b []byte) bool { return userNick.Match(b) || nickUser.Match(b) })
}

func isServer(b []byte) bool { return inLine(b, "Ss", server.Match) }

func replies(b []byte) bool { return inLine(b, ":0123456789", numeric.Match) }

// inLine tries f at the beginning of b, and behind every line end, where one of the
// characters of first follows.
func inLine(b []byte, first string, f func([]byte) bool) bool {
	for {
		if begins(b, first) && f(b) {
			return true
		}
		end := bytes.IndexAny(b, "\r\n")
		if end < 0 {
			return false
		}
		b = b[end+1:]
	}
}

// begins reports whether one of the characters of first is the first of b but spaces.
func begins(b []byte, first string) bool {
	for _, c := range b {
		if c == ' ' {
			continue
		}
		for i := range len(first) {
			if c == first[i] {
				return true
			}
		}
		return false
	}
	return false
}
