package redis

import (
	"bytes"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/internal/freelist"
)

var crlf = []byte("\r\n")

// line reads a line that may come in pieces.
type line struct {
	buf []byte // what is kept of it so far
	n   int    // how many bytes that was
	cr  bool   // the last one is a CR
}

type lineState uint8

const (
	lineWhole lineState = iota
	lineShort           // the rest is still missing
	lineLong            // it has more bytes than the limit
)

// next takes a line off the front of b. The text, without the line's end, is valid until
// the next call; of a line in pieces it has the first keep bytes. A line with its end has
// at most limit bytes; of a longer one, what is beyond them is the rest.
func (l *line) next(spare *freelist.Buffers, b []byte, keep, limit int) (text, rest []byte, state lineState) {
	if l.n == 0 {
		if i := bytes.Index(b, crlf); i >= 0 {
			if i+len(crlf) > limit {
				return nil, b[limit:], lineLong
			}
			return b[:i], b[i+len(crlf):], lineWhole
		}
	} else {
		var i int
		if l.cr && b[0] == '\n' {
			if len(l.buf) == l.n {
				l.buf = l.buf[:l.n-1]
			}
			rest = b[1:]
		} else if i = bytes.Index(b, crlf); i >= 0 {
			rest = b[i+len(crlf):]
		}
		if i >= 0 {
			if l.n+len(b)-len(rest) > limit {
				rest = b[limit-l.n:]
				l.n = 0
				return nil, rest, lineLong
			}
			l.keep(spare, b[:i], keep)
			l.n = 0
			return l.buf, rest, lineWhole
		}
	}
	if l.n+len(b) > limit {
		rest = b[limit-l.n:]
		l.n = 0
		return nil, rest, lineLong
	}
	l.keep(spare, b, keep)
	l.n += len(b)
	l.cr = b[len(b)-1] == '\r'
	return nil, nil, lineShort
}

// keep keeps b of a line that may have kept bytes in all.
func (l *line) keep(spare *freelist.Buffers, b []byte, kept int) {
	if l.n == 0 {
		l.buf = l.buf[:0]
	}
	if b = b[:min(len(b), max(0, kept-len(l.buf)))]; len(b) == 0 {
		return
	}
	if l.buf == nil {
		l.buf = spare.Get()
	}
	l.buf = append(l.buf, b...)
}

// tidy gives the buffer back unless it has the beginning of a line.
func (l *line) tidy(spare *freelist.Buffers) {
	if l.n == 0 && l.buf != nil {
		spare.Put(l.buf)
		l.buf = nil
	}
}

// release gives the buffer back.
func (l *line) release(spare *freelist.Buffers) {
	spare.Put(l.buf)
	*l = line{}
}

// whole returns the contents of a string without its type, if all of it is at the front of b,
// as it mostly is.
func whole(b []byte) (text, rest []byte, ok bool) {
	n, i := 0, 0
	for ; i < len(b) && i < 7 && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	i += len(crlf)
	end := i + n
	if i == len(crlf) || n > maxLine || len(b) < end+len(crlf) || b[i-2] != '\r' || b[i-1] != '\n' || b[end] != '\r' || b[end+1] != '\n' {
		return nil, nil, false
	}
	return b[i:end], b[end+len(crlf):], true
}

// number reads a decimal number with an optional sign, as Spicy does.
func number(b []byte) (n int64, err faultKind) {
	if len(b) == 0 {
		return 0, faultEmpty
	}
	neg := b[0] == '-'
	if neg || b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, faultNumber
	}
	for _, c := range b {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, faultNumber
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, faultNone
}

// maxDigits is how many bytes of a number in pieces are kept. More are no number of a
// sensible size.
const maxDigits = 64

// fault is an error in a message.
type fault struct {
	kind faultKind
	n, m int64
}

type faultKind uint8

const (
	faultNone     faultKind = iota
	faultType               // n is no type
	faultElements           // n elements, m are allowed
	faultDepth
	faultLine     // too long
	faultCount    // a negative number of elements
	faultLength   // of a string, too much
	faultMissing  // bytes are missing
	faultEnd      // of the stream, inside a message
	faultNumber   // no number
	faultUnsigned // no number without a sign
	faultEmpty    // no digits
)

// fatal reports whether nothing can be read after the error of a server.
func (k faultKind) fatal() bool { return k >= faultNumber }

const resp = " (zeek/src/analyzer/protocol/redis/resp.spicy:"

// String returns the error in the words of Zeek's parser.
func (f fault) String() string {
	switch f.kind {
	case faultNone:
	case faultType:
		name := "<unknown-" + strconv.FormatInt(f.n, 10) + ">"
		if f.n == '|' {
			name = "ATTRIBUTE"
		}
		return "no matching case in switch statement for value 'DataType::" + name + "'" + resp + "140:5-160:6)"
	case faultElements:
		return "too many elements " + strconv.FormatInt(f.n, 10) + " > " + strconv.FormatInt(f.m, 10) + resp + "38:9-38:76)"
	case faultDepth:
		return "exceeded max recursion depth" + resp + "165:13-165:49)"
	case faultLine:
		return "parsing not done within &max-size bytes" + resp + "193:36-193:53)"
	case faultCount:
		return "&requires failed: number of elements"
	case faultLength:
		return "&requires failed: (self.length <= int64(MAX_SIZE))"
	case faultMissing:
		return "missing data"
	case faultEnd:
		return "end-of-data reached before &until expression found"
	case faultNumber:
		return "cannot parse bytes as signed integer"
	case faultUnsigned:
		return "cannot parse bytes as unsigned integer"
	case faultEmpty:
		return "cannot decode from empty range"
	}
	return ""
}
