package detect

import "strings"

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

// Leading is v for what begins with one of the bytes of first, and NoMatch for everything else:
// a signature that tells from the first byte need not be called for most connections.
func Leading(first string, v func(b []byte) Verdict) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if len(b) > 0 && strings.IndexByte(first, b[0]) < 0 {
			return NoMatch
		}
		return v(b)
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
