package ftp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// client and server are Zeek's signatures of base/protocols/ftp: both have to match.
// client wants USER at the beginning, or behind the first line.
func client(b []byte) bool {
	return inLine(b, func(b []byte) bool {
		b = bytes.TrimLeft(b, " ")
		return len(b) >= len("USER ") && bytes.EqualFold(b[:4], []byte("USER")) && b[4] == ' '
	})
}

// server wants a greeting, and the reply to a user name in the line behind it.
func server(b []byte) detect.Verdict {
	b = bytes.TrimLeft(b, "\n\r ")
	if v := code(b, "120", "220"); v != detect.Match {
		return v
	}
	b = b[4:]
	for i, c := range b {
		if c != '\n' && c != '\r' {
			continue
		}
		v := code(bytes.TrimLeft(b[i+1:], " "), "230", "331")
		if v == detect.Match || c == '\n' {
			return v
		}
	}
	return detect.NeedMore
}

// code is the verdict on whether b begins with one of two codes, and a character behind it
// that is no digit.
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

// inLine tries f at the beginning of b, and behind every line end up to that of the
// first line.
func inLine(b []byte, f func([]byte) bool) bool {
	if f(b) {
		return true
	}
	for i, c := range b {
		if (c == '\n' || c == '\r') && f(b[i+1:]) {
			return true
		}
		if c == '\n' {
			break
		}
	}
	return false
}
