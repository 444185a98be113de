package mysql

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/wire"
)

// cursor reads the fields of a packet, and the strings and integers of the protocol.
type cursor struct{ wire.Cursor }

// nulString returns a string without the zero that ends it (Protocol::NullTerminatedString).
func (c *cursor) nulString(field string) []byte {
	i := bytes.IndexByte(c.Peek(), 0)
	if i < 0 {
		c.Fail(wire.StringMismatch(field))
		return nil
	}
	return c.Take(i+1, field)[:i]
}

// First bytes of a length-encoded integer that are not its value.
const (
	lenNull = 0xfb // NULL in a row of text
	len16   = 0xfc
	len24   = 0xfd
	len64   = 0xfe
	lenErr  = 0xff
)

// integer reads a length-encoded integer (Protocol::LengthEncodedInteger).
func (c *cursor) integer(field string) int { return c.integerAfter(c.U8(field), field) }

// integerAfter is integer with the first byte read already. What stands for no number
// reads as 0. The result has 32 bits: Zeek's has, and longer strings do not exist.
func (c *cursor) integerAfter(first uint8, field string) int {
	switch first {
	case len16:
		return int(c.LE16(field))
	case len24:
		return c.LE24(field)
	case len64:
		return int(int32(c.LE64(field)))
	case lenNull, lenErr:
		return 0
	}
	return int(first)
}

// text reads a length-encoded string (Protocol::LengthEncodedString).
func (c *cursor) text(field string) []byte { return c.Take(c.integer(field), field) }

func (c *cursor) textAfter(first uint8, field string) []byte {
	return c.Take(c.integerAfter(first, field), field)
}
