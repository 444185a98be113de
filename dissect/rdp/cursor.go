package rdp

import (
	"github.com/wirelog/wirelog/dissect/wire"
)

// cursor reads the fields of a message, and the encodings of ASN.1 between them.
type cursor struct{ wire.Cursor }

// ber reads the tag and length of a BER encoding (X.690 section 8.1) and returns the length.
func (c *cursor) ber(field string) int {
	c.U8(field)
	n := int(c.U8(field))
	if n&0x80 == 0 {
		return n
	}
	more := c.Take(n&0x7f, field)
	if len(more) > 4 {
		c.Fail(wire.Wrong("out_of_bound: " + field))
		return 0
	}
	n = 0
	for _, x := range more {
		n = n<<8 | int(x)
	}
	return n
}

// skipBER skips a BER encoding.
func (c *cursor) skipBER(field string) { c.Take(c.ber(field), field) }

// literal reads bytes that are known.
func (c *cursor) literal(want, field string) {
	if b := c.Take(len(want), field); b != nil && string(b) != want {
		c.Fail(wire.StringMismatch(field))
	}
}

// within is a cursor over the next n bytes, to be ended with Done.
func (c *cursor) within(n int, field string) cursor { return cursor{c.Within(n, field)} }
