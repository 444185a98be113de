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

// Patterns behind the beginning of a line. As with Zeek's a dot is no newline.
var (
	userNick = regexp.MustCompile(`^ *(?i:USER) +[^\n]+[\n\r]+ *(?i:NICK) +[^\n]*[\r\n]`)
	nickUser = regexp.MustCompile(`^ *(?i:NICK) +[^\n]+[\r\n]+ *(?i:USER) +[^\n]+[\r\n]`)
	server   = regexp.MustCompile(`^ *(?i:SERVER) +[^ ]+ +[0-9]+ +:[^\n]+[\r\n]`)
	numeric  = regexp.MustCompile(`^(?::[^ \n\r]+ )?[0-9][0-9][0-9] `)
)

func registers(b []byte) bool {
	return inLine(b, "UuNn", func(b []byte) bool { return userNick.Match(b) || nickUser.Match(b) })
}

func isServer(b []byte) bool { return inLine(b, "Ss", server.Match) }

func replies(b []byte) bool { return inLine(b, ":0123456789", numeric.Match) }

// inLine tries f at the beginning of b, and behind every line end up to that of the
// first line, where one of the characters of first follows.
func inLine(b []byte, first string, f func([]byte) bool) bool {
	try := func(at int) bool { return begins(b[at:], first) && f(b[at:]) }
	if try(0) {
		return true
	}
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		end = len(b)
	}
	for at := 0; ; {
		cr := bytes.IndexByte(b[at:end], '\r')
		if cr < 0 {
			return end < len(b) && try(end+1)
		}
		if at += cr + 1; try(at) {
			return true
		}
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
