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

// server wants a greeting, and in a line behind it the reply to a user name.
func server(b []byte) bool {
	b, ok := code(bytes.TrimLeft(b, "\n\r "), "120", "220")
	if !ok {
		return false
	}
	i := bytes.IndexAny(b, "\n\r")
	return i >= 0 && detect.AnyLine(b[i+1:], repliesToUser)
}

func repliesToUser(b []byte) bool {
	_, ok := code(detect.TrimBlanks(b), "230", "331")
	return ok
}

// code takes one of two codes off b, and the character behind it, which is no digit.
func code(b []byte, x, y string) (rest []byte, ok bool) {
	if len(b) < 4 || string(b[:3]) != x && string(b[:3]) != y || isDigit(b[3]) {
		return nil, false
	}
	return b[4:], true
}
