package ftp

import "bytes"

// client and server are Zeek's signatures of base/protocols/ftp: both have to match.
// client wants USER at the beginning, or behind the first line.
func client(b []byte) bool {
	return inLine(b, func(b []byte) bool {
		b = bytes.TrimLeft(b, " ")
		return len(b) >= len("USER ") && bytes.EqualFold(b[:4], []byte("USER")) && b[4] == ' '
	})
}

// server wants a greeting, and the reply to a user name in the line behind it.
func server(b []byte) bool {
	b, ok := code(bytes.TrimLeft(b, "\n\r "), "120", "220")
	if !ok {
		return false
	}
	for i, c := range b {
		if c != '\n' && c != '\r' {
			continue
		}
		if _, ok := code(bytes.TrimLeft(b[i+1:], " "), "230", "331"); ok {
			return true
		}
		if c == '\n' {
			break
		}
	}
	return false
}

// code takes one of two codes off b, and the character behind it, which is no digit.
func code(b []byte, x, y string) (rest []byte, ok bool) {
	if len(b) < 4 || string(b[:3]) != x && string(b[:3]) != y || isDigit(b[3]) {
		return nil, false
	}
	return b[4:], true
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
