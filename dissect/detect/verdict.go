package detect

import "strings"

// Verdict is what a signature concludes from the bytes so far.
type Verdict uint8

// The verdicts.
const (
	// NeedMore leaves it open: more bytes may decide.
	NeedMore Verdict = iota
	// Match is final: the bytes are the protocol's.
	Match
	// NoMatch is final: no further bytes can change it.
	NoMatch
)

// Within turns f into a signature that is decided after n bytes.
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

// Leading restricts v to streams that begin with one of the bytes of first; any other
// is NoMatch. The detector does not call such a signature for most connections.
func Leading(first string, v func(b []byte) Verdict) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if len(b) > 0 && strings.IndexByte(first, b[0]) < 0 {
			return NoMatch
		}
		return v(b)
	}
}

// Anywhere turns f, which searches for something that may come at any place, into a
// signature: it is never NoMatch.
func Anywhere(f func(b []byte) bool) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if f(b) {
			return Match
		}
		return NeedMore
	}
}

// StartsWith returns the verdict on whether b begins with prefix.
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
