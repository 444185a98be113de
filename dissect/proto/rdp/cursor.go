package rdp

import "github.com/wirelog/wirelog/dissect/codec/wire"

// cursor reads the fields of a message, including their ASN.1 encodings.
type cursor struct{ wire.Cursor }

// ber reads the tag and length of a BER encoding (X.690 section 8.1) and returns the length.
func (c *cursor) ber() (n int) {
	outer := c.Record()
	if n = int(c.Head(2, "ASN1EncodingMeta:len")[1]); n&0x80 != 0 {
		more := c.Take(n&0x7f, "ASN1EncodingMeta:more_len")
		if len(more) > 4 {
			c.Fail(wire.Wrong("out_of_bound: ASN1Encoding:content"))
		}
		n = 0
		for _, x := range more {
			n = n<<8 | int(x)
		}
	}
	c.End(outer)
	return n
}

// skipBER skips a BER encoding.
func (c *cursor) skipBER() {
	outer := c.Record()
	c.Take(c.ber(), "ASN1Encoding:content")
	c.End(outer)
}

// elements checks that n elements of at least one byte each can follow.
func (c *cursor) elements(n uint32, field string) {
	if int(n) > c.Len() {
		c.Fail(wire.OutOfBound(field, int(n), c.Len()))
	}
}

// literal reads bytes that must equal want.
func (c *cursor) literal(want, field string) {
	if b := c.Peek(); len(b) < len(want) || string(b[:len(want)]) != want {
		c.Fail(wire.StringMismatch(field))
		return
	}
	c.Take(len(want), field)
}

// within returns a cursor over the next n bytes; pass it to Done at the end.
func (c *cursor) within(n int, field string) cursor { return cursor{c.Within(n, field)} }

// part reads a record of n bytes.
func (c *cursor) part(n int, record string) {
	outer := c.Record()
	c.Take(n, record)
	c.End(outer)
}
