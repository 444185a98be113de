// Package asn1 reads encoded ASN.1 elements (X.690) as far as Kerberos and GSS-API need.
// It follows Zeek's src/analyzer/protocol/asn1, including the texts of errors.
package asn1

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// Identifier octets (X.690 section 8.1.2).
const (
	TagSequence = 0x30
	// TagContext plus a number is the tag of a constructed context-specific element.
	TagContext = 0xa0
)

// WeirdTooLong is Zeek's weird for a number of more than 64 bits.
const WeirdTooLong = "asn_binary_to_int64_shift_too_large"

// Reader reads elements in sequence. The first error sticks; later reads return zero
// values. Returned slices alias the input.
type Reader struct {
	tooLong func(n int)
	b       []byte
	at      int
	err     *wire.Malformed
}

// NewReader returns a Reader of b. It calls tooLong with the length in bytes of a number
// of more than 64 bits.
func NewReader(b []byte, tooLong func(n int)) Reader { return Reader{tooLong: tooLong, b: b} }

// Err returns the first error, or nil.
func (r *Reader) Err() *wire.Malformed { return r.err }

// OK reports whether no error has occurred.
func (r *Reader) OK() bool { return r.err == nil }

// Fail sets the error unless one is already set.
func (r *Reader) Fail(err *wire.Malformed) {
	if r.err == nil {
		r.err = err
	}
}

// More reports whether bytes are left and no error has occurred.
func (r *Reader) More() bool { return r.err == nil && r.at < len(r.b) }

// len returns the number of unread bytes.
func (r *Reader) len() int { return len(r.b) - r.at }

// Pos returns the number of bytes read.
func (r *Reader) Pos() int { return r.at }

// Header is an element's identifier, assumed to be one octet, and length.
type Header struct {
	Tag byte
	// First is the first octet of the length.
	First byte
	// Length is the length of the contents. It may be negative or exceed the input. The
	// indefinite form (X.690 section 8.1.3.6) counts as 0.
	Length int
}

// Index returns the number of a context-specific tag.
func (h *Header) Index() int { return int(h.Tag - TagContext) }

// Header reads a header. It does not check the length against the input.
func (r *Reader) Header() (h Header) {
	if r.err != nil || r.len() < 2 {
		r.missing("ASN1EncodingMeta:len", 2, r.len())
		return h
	}
	h = Header{Tag: r.b[r.at], First: r.b[r.at+1], Length: int(r.b[r.at+1])}
	r.at += 2
	if h.First&0x80 != 0 {
		h.Length = r.length(int(h.First & 0x7f))
	}
	return h
}

// length reads the n subsequent octets of a long-form length.
func (r *Reader) length(n int) int {
	if n > r.len() {
		r.missing("ASN1EncodingMeta:more_len", 2+n, 2+r.len())
		return 0
	}
	r.at += n
	return int(int32(r.Number(r.b[r.at-n : r.at])))
}

// missing is kept out of line to keep its callers small.
//
//go:noinline
func (r *Reader) missing(field string, need, have int) {
	if r.err == nil {
		r.err = wire.OutOfBound(field, need, have)
	}
}

// Skip reads n headers.
func (r *Reader) Skip(n int) {
	for range n {
		r.Header()
	}
}

// Take reads the next n bytes. An error names field and counts from start, the beginning
// of the enclosing element.
func (r *Reader) Take(field string, start, n int) []byte {
	if r.err != nil || uint(n) > uint(r.len()) {
		r.missing(field, r.at-start+n, len(r.b)-start)
		return nil
	}
	b := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return b
}

// Rest reads all unread bytes.
func (r *Reader) Rest() []byte { return r.Take("", r.at, r.len()) }

// Inside returns a Reader of the next n bytes; the caller ends it with Join. field and
// start are as for Take.
func (r *Reader) Inside(field string, start, n int) Reader {
	b := r.Take(field, start, n)
	return Reader{tooLong: r.tooLong, b: b, err: r.err}
}

// Join adopts the error of inside.
func (r *Reader) Join(inside *Reader) {
	if inside.err != nil {
		r.Fail(inside.err)
	}
}

// Element reads an element and returns its tag and contents.
func (r *Reader) Element() (tag byte, contents []byte) {
	if start := r.at + 2; r.err == nil && start <= len(r.b) {
		if n := int(r.b[start-1]); n < 0x80 && n <= len(r.b)-start {
			tag, r.at = r.b[r.at], start+n
			return tag, r.b[start:r.at:r.at]
		}
	}
	start := r.at
	h := r.Header()
	return h.Tag, r.Take("ASN1Encoding:content", start, h.Length)
}

// Value reads an element and returns its contents.
func (r *Reader) Value() []byte {
	start := r.at
	h := r.Header()
	return r.Take("ASN1Encoding:content", start, h.Length)
}

// Tagged reads an explicitly tagged element and returns the contents of the inner one.
func (r *Reader) Tagged() []byte {
	r.Header()
	return r.Value()
}

// Number decodes a big-endian number; one of more than 64 bits yields 0.
func (r *Reader) Number(b []byte) (v uint64) {
	if len(b) > 8 {
		r.tooLong(len(b))
		return 0
	}
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}
