package detect

import "bytes"

// Verdict is what a signature says of what it has been given so far.
type Verdict uint8

// The verdicts.
const (
	// NeedMore asks for more.
	NeedMore Verdict = iota
	// Match is final.
	Match
	// NoMatch is final: nothing that may follow changes it.
	NoMatch
)

// Within makes a Verdict of a function that n bytes are enough for.
func Within(n int, f func(b []byte) bool) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		switch {
		case f(b):
			return Match
		case len(b) >= n:
			return NoMatch
		default:
			return NeedMore
		}
	}
}

// Anywhere makes a Verdict of a function that looks for something that may always come yet.
func Anywhere(f func(b []byte) bool) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if f(b) {
			return Match
		}
		return NeedMore
	}
}

// StartsWith is the verdict on whether b begins with prefix.
func StartsWith(b []byte, prefix string) Verdict {
	switch n := min(len(b), len(prefix)); {
	case string(b[:n]) != prefix[:n]:
		return NoMatch
	case n < len(prefix):
		return NeedMore
	default:
		return Match
	}
}

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
