package rdp

import "github.com/wirelog/wirelog/dissect/codec/wire"

// cursor reads the fields of a message, and the encodings of ASN.1 between them.
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

// elements checks a number of elements, which have a byte at least.
func (c *cursor) elements(n uint32, field string) {
	if int(n) > c.Len() {
		c.Fail(wire.OutOfBound(field, int(n), c.Len()))
	}
}

// literal reads bytes that are known.
func (c *cursor) literal(want, field string) {
	if b := c.Peek(); len(b) < len(want) || string(b[:len(want)]) != want {
		c.Fail(wire.StringMismatch(field))
		return
	}
	c.Take(len(want), field)
}

// within is a cursor over the next n bytes, to be ended with Done.
func (c *cursor) within(n int, field string) cursor { return cursor{c.Within(n, field)} }

// part reads n bytes that are a record.
func (c *cursor) part(n int, record string) {
	outer := c.Record()
	c.Take(n, record)
	c.End(outer)
}
