package ftp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// client and server are Zeek's signatures of base/protocols/ftp: both have to match.
// client wants a line with USER.
func client(b []byte) bool { return detect.AnyLine(b, isUser) }

func isUser(b []byte) bool {
	b = detect.TrimBlanks(b)
	return len(b) >= len("USER ") && bytes.EqualFold(b[:4], []byte("USER")) && b[4] == ' '
}

// server wants a greeting and, on a later line, the reply to a user name.
func server(b []byte) detect.Verdict {
	b = bytes.TrimLeft(b, "\n\r ")
	if v := code(b, "120", "220"); v != detect.Match {
		return v
	}
	b = b[4:]
	if i := bytes.IndexAny(b, "\n\r"); i >= 0 && detect.AnyLine(b[i+1:], repliesToUser) {
		return detect.Match
	}
	return detect.NeedMore
}

func repliesToUser(b []byte) bool {
	return code(detect.TrimBlanks(b), "230", "331") == detect.Match
}

// code reports whether b begins with one of two codes that no digit follows.
func code(b []byte, x, y string) detect.Verdict {
	switch {
	case len(b) < 4:
		return detect.NeedMore
	case string(b[:3]) != x && string(b[:3]) != y || isDigit(b[3]):
		return detect.NoMatch
	default:
		return detect.Match
	}
}
