package detect

import "bytes"

// Functions for signatures of protocols whose messages are lines of text. A dot in
// Zeek's signatures matches any byte, even a line end, so that a pattern for one line
// may match in any later one.

// IsSpace reports whether c is white space, by the isspace of C.
func IsSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// TrimSpace removes leading white space from b.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// TrimBlanks removes leading spaces from b.
func TrimBlanks(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

// AnyLine reports whether match accepts b from its beginning or from after any line
// end, which is a CR, an LF or both.
func AnyLine(b []byte, match func(b []byte) bool) bool {
	for {
		end := bytes.IndexByte(b, '\n')
		line := b[:max(end, 0)]
		if end < 0 {
			line = b
		}
		for at := 0; ; {
			if match(b[at:]) {
				return true
			}
			cr := bytes.IndexByte(line[at:], '\r')
			if cr < 0 {
				break
			}
			if at += cr + 1; at == end {
				break
			}
		}
		if end < 0 {
			return false
		}
		b = b[end+1:]
	}
}
