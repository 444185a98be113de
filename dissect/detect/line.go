package detect

import "bytes"

// Functions for signatures of protocols whose messages are lines of text.

// IsSpace reports whether c is white space, as in C.
func IsSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// TrimSpace cuts white space off the beginning of b.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// AnyLine reports whether match accepts any of the lines of b, which it is given without
// the white space before them and with what follows them. CR and LF both end a line.
func AnyLine(b []byte, match func(b []byte) bool) bool {
	for {
		if b = TrimSpace(b); len(b) == 0 {
			return false
		}
		if match(b) {
			return true
		}
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			n = len(b)
		}
		if cr := bytes.IndexByte(b[:n], '\r'); cr >= 0 {
			n = cr
		}
		b = b[n:]
	}
}
