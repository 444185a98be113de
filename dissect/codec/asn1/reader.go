// Package asn1 reads elements of ASN.1 in their encoding (X.690), as far as Kerberos and GSS-API
// need them. It follows Zeek's src/analyzer/protocol/asn1, down to the words for what is wrong.
package asn1

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// Identifier octets (X.690 section 8.1.2).
const (
	TagSequence = 0x30
	// TagContext is that of a constructed element with a context-specific number, which is added.
	TagContext = 0xa0
)

// WeirdTooLong is Zeek's weird for a number of more than 64 bits.
const WeirdTooLong = "asn_binary_to_int64_shift_too_large"

// Reader takes elements one after the other. What is not there sets Err, after which there is
// nothing. What it returns is not copied.
type Reader struct {
	tooLong func(n int)
	b       []byte
	at      int
	err     *wire.Malformed
}

// NewReader returns a Reader of b. It calls tooLong with the length in bytes of a number
// of more than 64 bits.
func NewReader(b []byte, tooLong func(n int)) Reader { return Reader{tooLong: tooLong, b: b} }

// Err is what was wrong first, nil for nothing.
func (r *Reader) Err() *wire.Malformed { return r.err }

// OK reports whether all has been there so far.
func (r *Reader) OK() bool { return r.err == nil }

// Fail notes what is wrong, unless something was wrong before.
func (r *Reader) Fail(err *wire.Malformed) {
	if r.err == nil {
		r.err = err
	}
}

// More reports whether anything is left.
func (r *Reader) More() bool { return r.err == nil && r.at < len(r.b) }

// Len is the number of bytes that are left.
func (r *Reader) Len() int { return len(r.b) - r.at }

// Pos is the number of bytes that have been read.
func (r *Reader) Pos() int { return r.at }

// Header is identifier and length octets. Identifiers are taken for one octet.
type Header struct {
	Tag byte
	// First is the first octet of the length.
	First byte
	// Length is of what follows. It may be more than there is, or less than 0. A length of no
	// octets (X.690 section 8.1.3.6) is taken for 0.
	Length int
}

// Index is the number of a context-specific tag.
func (h *Header) Index() int { return int(h.Tag - TagContext) }

// Header reads a header. Its length is not compared with what follows.
func (r *Reader) Header() (h Header) {
	if r.err != nil || r.Len() < 2 {
		r.missing("ASN1EncodingMeta:len", 2, r.Len())
		return h
	}
	h = Header{Tag: r.b[r.at], First: r.b[r.at+1], Length: int(r.b[r.at+1])}
	r.at += 2
	if h.First&0x80 != 0 {
		h.Length = r.length(int(h.First & 0x7f))
	}
	return h
}

// length reads the octets of a length that has n of them beside the first.
func (r *Reader) length(n int) int {
	if n > r.Len() {
		r.missing("ASN1EncodingMeta:more_len", 2+n, 2+r.Len())
		return 0
	}
	r.at += n
	return int(int32(r.Number(r.b[r.at-n : r.at])))
}

// missing is apart so that what calls it is short.
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

// Take reads the next n bytes of field, which is part of something that begins at start.
func (r *Reader) Take(field string, start, n int) []byte {
	if r.err != nil || uint(n) > uint(r.Len()) {
		r.missing(field, r.at-start+n, len(r.b)-start)
		return nil
	}
	b := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return b
}

// Rest reads what is left.
func (r *Reader) Rest() []byte { return r.Take("", r.at, r.Len()) }

// Inside is a Reader of the next n bytes, to be ended with Join. Field and start are those
// of Take.
func (r *Reader) Inside(field string, start, n int) Reader {
	b := r.Take(field, start, n)
	return Reader{tooLong: r.tooLong, b: b, err: r.err}
}

// Join takes over what was wrong inside.
func (r *Reader) Join(inside *Reader) {
	if inside.err != nil {
		r.Fail(inside.err)
	}
}

// Value reads an element and returns its contents.
func (r *Reader) Value() []byte {
	start := r.at
	h := r.Header()
	return r.Take("ASN1Encoding:content", start, h.Length)
}

// Tagged reads an element with an explicit tag, and returns the contents of what is inside.
func (r *Reader) Tagged() []byte {
	r.Header()
	return r.Value()
}

// Number is the number in big-endian order that b is; one of more than 64 bits is 0.
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
