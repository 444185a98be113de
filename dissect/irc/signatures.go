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
	{Orig: registers, Resp: replies},
	{Orig: isServer, Resp: isServer},
}

// Patterns behind the beginning of a line. As with Zeek's a dot is no newline.
var (
	userNick = regexp.MustCompile(`^ *(?i:USER) +[^\n]+[\n\r]+ *(?i:NICK) +[^\n]*[\r\n]`)
	nickUser = regexp.MustCompile(`^ *(?i:NICK) +[^\n]+[\r\n]+ *(?i:USER) +[^\n]+[\r\n]`)
	server   = regexp.MustCompile(`^ *(?i:SERVER) +[^ ]+ +[0-9]+ +:[^\n]+[\r\n]`)
)

func registers(b []byte) detect.Verdict {
	return inLine(b, func(b []byte) detect.Verdict {
		if v := command(b, "USER"); v != detect.NoMatch {
			return matches(userNick, b, v)
		}
		return matches(nickUser, b, command(b, "NICK"))
	})
}

func isServer(b []byte) detect.Verdict {
	return inLine(b, func(b []byte) detect.Verdict { return matches(server, b, command(b, "SERVER")) })
}

// matches is the verdict of a pattern that begins with a command, after that on the command.
func matches(re *regexp.Regexp, b []byte, v detect.Verdict) detect.Verdict {
	if v == detect.Match && !re.Match(b) {
		return detect.NeedMore
	}
	return v
}

// command is the verdict on whether word, in any case, and a space behind it begin b after
// spaces.
func command(b []byte, word string) detect.Verdict {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	n := min(len(b), len(word))
	switch {
	case !strings.EqualFold(string(b[:n]), word[:n]):
		return detect.NoMatch
	case len(b) <= len(word):
		return detect.NeedMore
	case b[len(word)] != ' ':
		return detect.NoMatch
	default:
		return detect.Match
	}
}

func replies(b []byte) detect.Verdict { return inLine(b, numeric) }

// numeric is the verdict on whether a code of three digits begins b, after the name of who
// sends it, if that is there.
func numeric(b []byte) detect.Verdict {
	if len(b) > 0 && b[0] == ':' {
		i := bytes.IndexAny(b, " \r\n")
		if i < 0 {
			return detect.NeedMore
		}
		if i == 1 || b[i] != ' ' {
			return detect.NoMatch
		}
		b = b[i+1:]
	}
	for i := range 4 {
		switch {
		case i == len(b):
			return detect.NeedMore
		case i < 3 && (b[i] < '0' || b[i] > '9') || i == 3 && b[i] != ' ':
			return detect.NoMatch
		}
	}
	return detect.Match
}

// inLine tries f at the beginning of b, and behind every line end up to that of the
// first line.
func inLine(b []byte, f func([]byte) detect.Verdict) detect.Verdict {
	all := detect.NoMatch
	for at := 0; ; {
		switch f(b[at:]) {
		case detect.Match:
			return detect.Match
		case detect.NeedMore:
			all = detect.NeedMore
		case detect.NoMatch:
		}
		if at > 0 && b[at-1] == '\n' {
			return all
		}
		n := bytes.IndexAny(b[at:], "\r\n")
		if n < 0 {
			return detect.NeedMore
		}
		at += n + 1
	}
}
