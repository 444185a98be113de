package bittorrent

import (
	"math"

	"github.com/wirelog/wirelog/internal/freelist"
)

// kind is a kind of bencoded value (BEP 3).
type kind uint8

const (
	kindInt kind = iota
	kindString
	kindDict
	kindList
	kindEnd // of a dictionary or list
)

// entry is a key of the outermost dictionary with its value. A string's value is its text,
// that of a dictionary or list everything from its d or l to its e.
type entry struct {
	key, value span
	kind       kind
	n          int64 // of an integer
}

// level is a dictionary or list that is open.
type level uint8

const (
	isDict   level = 1 << iota
	hasKey         // a key has come, its value has not
	openList level = 0
)

// What is wrong with a dictionary, in the words of Zeek's violations except for tooDeep.
const (
	badBencoding = "no valid bencoding"
	tooDeep      = "bencoding is nested too deeply"
	oddCount     = "directory has an odd count of members"
	notDict      = "not a bencoded directory (first char: "
	badKey       = "directory key is not a string but "
)

// benc reads a bencoded dictionary from a buffer that grows. Everything is an offset in that
// buffer.
type benc struct {
	stack   []level
	entries []entry
	most    int  // the maximum number of entries
	over    bool // an entry beyond it was left out
	begun   bool
	at      int // where the current value begins
	scan    int // the end of what was read of its digits, 0 if nothing
	str     int // where the text of the current string begins, 0 if that is not known
	strLen  int
	key     span // the last key of the outermost dictionary
	raw     int  // where the value of that key begins, if it is a dictionary or list
}

// mostKept bounds what an analyzer keeps for the next connection, in elements.
const mostKept = 64

func (r *benc) reset() { *r = benc{stack: r.stack[:0], entries: r.entries[:0]} }

// size returns the bytes that the entries and levels take.
func (r *benc) size() int { return len(r.entries)*freelist.Size[entry]() + len(r.stack) }

// trim lets go of memory that a large dictionary took.
func (r *benc) trim() {
	if cap(r.stack) > mostKept || cap(r.entries) > mostKept {
		*r = benc{}
	}
}

// read goes on reading the dictionary that begins at start, as far as b goes, and returns
// where it ends, or -1 if that is still to come. problem is "" if there is none. depth and
// most are the maximum numbers of levels and of entries.
func (r *benc) read(b []byte, start, depth, most int) (end int, problem string) {
	if !r.begun {
		r.begun, r.at, r.most = true, start, most
	}
	for r.at < len(b) {
		c := b[r.at]
		top := len(r.stack) - 1
		wantsKey := top >= 0 && r.stack[top] == isDict
		switch {
		case c == 'd' || c == 'l':
			k, what := isDict, "a directory"
			if c == 'l' {
				k, what = openList, "a list"
			}
			switch {
			case top < 0 && c == 'l':
				return -1, notDict + "l)"
			case wantsKey:
				return -1, badKey + what
			case len(r.stack) == depth:
				return -1, tooDeep
			case top == 0:
				r.raw = r.at
			}
			r.stack = append(r.stack, k)
			r.at++
		case top < 0:
			return -1, first(c)
		case c == 'e':
			if r.stack[top] == isDict|hasKey {
				return -1, oddCount
			}
			r.at++
			if r.stack = r.stack[:top]; top == 0 {
				return r.at, ""
			}
			if top == 1 {
				e := entry{key: r.key, value: span{r.raw, r.at}, kind: kindDict}
				if b[r.raw] == 'l' {
					e.kind = kindList
				}
				r.add(e)
			}
			r.count()
		case c == 'i' && wantsKey:
			return -1, badKey + "an int"
		case c == 'i':
			end, problem := r.readInt(b)
			if end < 0 {
				return -1, problem
			}
			if top == 0 {
				r.add(entry{key: r.key, kind: kindInt, n: parseInt(b[r.at+1 : end])})
			}
			r.at, r.scan = end+1, 0
			r.count()
		case isDigit(c):
			text, problem := r.readString(b)
			if text.from == 0 {
				return -1, problem
			}
			switch {
			case top == 0 && wantsKey:
				r.key = text
			case top == 0:
				r.add(entry{key: r.key, value: text, kind: kindString})
			}
			r.at, r.scan, r.str = text.to, 0, 0
			r.count()
		default:
			return -1, badBencoding
		}
	}
	return -1, ""
}

func (r *benc) add(e entry) {
	if len(r.entries) == r.most {
		r.over = true
		return
	}
	r.entries = append(r.entries, e)
}

// first returns what is wrong with a dictionary that begins with c.
func first(c byte) string {
	switch {
	case c == 'i' || c == 'e':
		return notDict + string(c) + ")"
	case isDigit(c):
		return notDict + "[0-9])"
	}
	return badBencoding
}

// count notes that a value is complete in the innermost dictionary.
func (r *benc) count() {
	if l := &r.stack[len(r.stack)-1]; *l&isDict != 0 {
		*l ^= hasKey
	}
}

// readInt returns where the integer that begins at r.at ends, at its e, or -1.
func (r *benc) readInt(b []byte) (end int, problem string) {
	for i := max(r.scan, r.at+1); i < len(b); i++ {
		switch c := b[i]; {
		case c == '-' && i == r.at+1:
		case c == 'e' && isDigit(b[i-1]):
			return i, ""
		case !isDigit(c):
			return -1, badBencoding
		}
	}
	r.scan = len(b)
	return -1, ""
}

// readString returns the text of the string that begins at r.at, or the zero span.
func (r *benc) readString(b []byte) (text span, problem string) {
	if r.str == 0 {
		i := max(r.scan, r.at)
		for i < len(b) && isDigit(b[i]) {
			i++
		}
		switch {
		case i == len(b):
			r.scan = i
			return span{}, ""
		case b[i] != ':':
			return span{}, badBencoding
		}
		r.str, r.strLen = i+1, int(min(number(b[r.at:i]), math.MaxInt32))
	}
	if len(b)-r.str < r.strLen {
		return span{}, ""
	}
	return span{r.str, r.str + r.strLen}, ""
}

// parseInt returns the integer in b, a sign and digits, or the nearest one of 64 bits.
func parseInt(b []byte) int64 {
	if len(b) > 0 && b[0] == '-' {
		n := number(b[1:])
		if n > math.MaxInt64 {
			return math.MinInt64
		}
		return -int64(n)
	}
	return int64(min(number(b), math.MaxInt64))
}

// token is a bencoded integer or string, or the beginning or end of a list or dictionary.
type token struct {
	kind kind
	text []byte
	n    int64
}

// nextToken cuts the first token off b, which benc has read before.
func nextToken(b []byte) (t token, rest []byte) {
	switch b[0] {
	case 'd':
		return token{kind: kindDict}, b[1:]
	case 'l':
		return token{kind: kindList}, b[1:]
	case 'e':
		return token{kind: kindEnd}, b[1:]
	}
	i := 1
	for b[i] != ':' && b[i] != 'e' {
		i++
	}
	if b[0] == 'i' {
		return token{kind: kindInt, n: parseInt(b[1:i])}, b[i+1:]
	}
	end := i + 1 + int(number(b[:i]))
	return token{kind: kindString, text: b[i+1 : end]}, b[end:]
}
