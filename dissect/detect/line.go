package detect

import "bytes"

// Functions for signatures of protocols whose messages are lines of text. In Zeek's
// signatures a dot is any byte, a line end too, so that what is looked for in a line may
// stand in any.

// IsSpace reports whether c is white space, as in C.
func IsSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// TrimSpace cuts white space off the beginning of b.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// TrimBlanks cuts spaces off the beginning of b.
func TrimBlanks(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

// AnyLine reports whether match accepts b from its beginning or from behind any line end on,
// which is a CR, an LF or both.
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
