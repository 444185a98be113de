package krb

import (
	"math"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
)

// Identifier octets (X.690 section 8.1.2).
const (
	tagSequence = 0x30
	tagContext  = 0xa0 // constructed, with the number added
)

// reader takes elements of DER from the front of b. Something that is not there sets bad,
// after which there is nothing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) more() bool { return !r.bad && len(r.b) > 0 }

// header takes identifier and length octets, whatever follows them. A length that no int32
// holds is as good as any that is too long.
func (r *reader) header() (tag byte, length int) {
	if r.bad || len(r.b) < 2 {
		r.bad = true
		return 0, 0
	}
	tag, length = r.b[0], int(r.b[1])
	r.b = r.b[2:]
	if length >= 0x80 {
		length = int(min(number(r.take(length&0x7f)), math.MaxInt32))
	}
	return tag, length
}

// index takes a header and returns the number of its context-specific tag, or a number
// that no element has.
func (r *reader) index() (n, length int) {
	tag, length := r.header()
	return int(tag - tagContext), length
}

// skip takes n headers.
func (r *reader) skip(n int) {
	for range n {
		r.header()
	}
}

// take takes n bytes.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// inside takes n bytes to be read apart.
func (r *reader) inside(n int) reader {
	b := r.take(n)
	return reader{b: b, bad: r.bad}
}

// join passes on that something inside was bad.
func (r *reader) join(inner *reader) { r.bad = r.bad || inner.bad }

// value takes an element and returns its contents.
func (r *reader) value() []byte {
	_, n := r.header()
	return r.take(n)
}

// tagged takes an element with an explicit tag, and returns the contents of what is inside.
func (r *reader) tagged() []byte {
	r.header()
	return r.value()
}

// number is a big-endian number; one of more than 8 bytes is 0, as in Zeek.
func number(b []byte) (v uint64) {
	if len(b) > 8 {
		return 0
	}
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// kerberosTime reads a KerberosTime (RFC 4120 section 5.2.3), and unset if it is of another
// length. What are no digits counts as much as in Zeek.
func kerberosTime(s []byte) (t event.Opt[event.Time]) {
	const length = len("YYYYMMDDhhmmssZ")
	if len(s) == length+2 { // the header is still there
		s = s[2:]
	}
	if len(s) != length {
		return t
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	sec := time.Date(two(0)*100+two(2), time.Month(two(4)), two(6), two(8), two(10), two(12), 0, time.UTC).Unix()
	const limit = math.MaxInt64 / int64(time.Second)
	return event.Some(event.Time(min(max(sec, -limit), limit) * int64(time.Second)))
}
