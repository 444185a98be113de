package mime

import "strings"

// The functions of this file parse header fields as Zeek does, which follows
// RFC 2045 and RFC 5322 but is as lenient as real traffic requires.

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// class is a set of characters, a bit for each in the entries of classes.
type class uint8

const (
	inName     class = 1 << iota // of a field (RFC 5322 section 2.2)
	inToken                      // RFC 2045 section 5.1
	inBoundary                   // everything but quotes
)

var classes = func() (t [256]class) {
	for c := '!'; c <= '~'; c++ {
		if c != ':' {
			t[c] |= inName
		}
		if !strings.ContainsRune(`()<>@,;:\"/[]?=`, c) {
			t[c] |= inToken
		}
		if c != '"' {
			t[c] |= inBoundary
		}
	}
	return t
}()

// comment returns the length of the comment at the start of b, or of b if it is not
// terminated (RFC 5322 section 3.2.2).
func comment(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\\':
			i++
		}
	}
	return len(b)
}

// skip returns the length of the blanks and comments at the start of b.
func skip(b []byte) int {
	i := 0
	for i < len(b) {
		switch {
		case isBlank(b[i]):
			i++
		case b[i] == '(':
			i += comment(b[i:])
		default:
			return i
		}
	}
	return len(b)
}

// run finds the first run of characters of a class, past what skip skips, and
// returns its ends; from is negative if there is none.
func run(b []byte, i int, in class) (from, to int) {
	for i < len(b) {
		if classes[b[i]]&in != 0 {
			to := i + 1
			for to < len(b) && classes[b[to]]&in != 0 {
				to++
			}
			return i, to
		}
		i += max(skip(b[i:]), 1)
	}
	return -1, -1
}

// token finds the first token of b.
func token(b []byte) (tok, rest []byte, ok bool) {
	from, to := run(b, skip(b), inToken)
	if from < 0 {
		return nil, nil, false
	}
	return b[from:to], b[to:], true
}

// slashPair finds two tokens with a slash between.
func slashPair(b []byte) (first, second, rest []byte, ok bool) {
	first, b, ok = token(b)
	if !ok {
		return nil, nil, nil, false
	}
	if b = b[skip(b):]; len(b) == 0 || b[0] != '/' {
		return nil, nil, nil, false
	}
	second, b, ok = token(b[1:])
	return first, second, b, ok
}

// appendValue appends the value of a parameter, a token or a quoted string, to dst.
func appendValue(dst, b []byte, boundary bool) (val, rest []byte, ok bool) {
	if !boundary {
		b = b[skip(b):]
	}
	if len(b) > 0 && b[0] == '"' {
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '"':
				return dst, b[i+1:], true
			case '\\':
				if i++; i < len(b) {
					dst = append(dst, b[i])
				}
			default:
				dst = append(dst, b[i])
			}
		}
		return dst, b, false
	}
	i, in := 0, inBoundary
	if !boundary {
		i, in = skip(b), inToken
	}
	from, to := run(b, i, in)
	if from < 0 {
		return dst, b, false
	}
	return append(dst, b[from:to]...), b[to:], true
}

// A Header is one header field. Its slices are valid only during Handler.Header.
type Header struct {
	Name, Value []byte
	// Folded is set if the field spans several lines.
	Folded bool

	tok, rest []byte
	split     bool
}

// parse parses an unfolded field and reports whether it is valid.
func (h *Header) parse(b []byte, folded bool) bool {
	*h = Header{Folded: folded}
	from, to := run(b, skip(b), inName)
	if from < 0 {
		return false
	}
	h.Name = b[from:to]
	b = b[to:]
	if b = b[skip(b):]; len(b) == 0 || b[0] != ':' {
		return false
	}
	b = b[1:]
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	h.Value = b
	return true
}

// Token returns the first token of the value, or nil.
func (h *Header) Token() []byte {
	if !h.split {
		h.tok, h.rest, _ = token(h.Value)
		h.split = true
	}
	return h.tok
}

// AfterToken returns the rest of the value after its first token.
func (h *Header) AfterToken() []byte {
	h.Token()
	return h.rest
}
