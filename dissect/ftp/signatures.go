package ftp

import "bytes"

// client and server are Zeek's signatures of base/protocols/ftp: both have to match.
// client wants USER at the beginning of a line.
func client(b []byte) bool {
	user := func(b []byte) bool {
		b = bytes.TrimLeft(b, " ")
		return len(b) >= len("USER ") && bytes.EqualFold(b[:4], []byte("USER")) && b[4] == ' '
	}
	return user(b) || laterLine(b, user)
}

// server wants a greeting, and the reply to a user name in a later line.
func server(b []byte) bool {
	b, ok := code(bytes.TrimLeft(b, "\n\r "), "120", "220")
	if !ok {
		return false
	}
	return laterLine(b, func(b []byte) bool {
		_, ok := code(bytes.TrimLeft(b, " "), "230", "331")
		return ok
	})
}

// code takes one of two codes off b, and the character behind it, which is no digit.
func code(b []byte, x, y string) (rest []byte, ok bool) {
	if len(b) < 4 || string(b[:3]) != x && string(b[:3]) != y || isDigit(b[3]) {
		return nil, false
	}
	return b[4:], true
}

// laterLine tries f behind every line end of b.
func laterLine(b []byte, f func([]byte) bool) bool {
	for i, c := range b {
		if (c == '\n' || c == '\r') && f(b[i+1:]) {
			return true
		}
	}
	return false
}
