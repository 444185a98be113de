package mysql

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// cursor reads the fields of a packet, including the protocol's strings and integers.
type cursor struct{ wire.Cursor }

// nulString reads a zero-terminated string and returns it without the zero
// (Protocol::NullTerminatedString).
func (c *cursor) nulString(field string) []byte {
	i := bytes.IndexByte(c.Peek(), 0)
	if i < 0 {
		c.Fail(wire.StringMismatch(field))
		return nil
	}
	return c.Take(i+1, field)[:i]
}

// First bytes of a length-encoded integer that are not the value itself.
const (
	lenNull = 0xfb // NULL in a row of text
	len16   = 0xfc
	len24   = 0xfd
	len64   = 0xfe
	lenErr  = 0xff
)

// integer reads a length-encoded integer (Protocol::LengthEncodedInteger).
func (c *cursor) integer() int {
	if b := c.Peek(); len(b) > 0 && b[0] < lenNull {
		return int(c.U8("LengthEncodedInteger:length"))
	}
	outer := c.Record()
	n := c.integerAfter(c.U8("LengthEncodedInteger:length"))
	c.End(outer)
	return n
}

// integerAfter is integer after its first byte. A first byte that introduces no number
// reads as 0. The result is cut to 32 bits, as in Zeek; longer strings do not exist.
func (c *cursor) integerAfter(first uint8) int {
	outer, n := c.Record(), int(first)
	switch first {
	case len16:
		n = int(c.LE16("LengthEncodedIntegerLookahead:i2"))
	case len24:
		n = c.LE24("uint24le")
	case len64:
		n = int(int32(c.LE64("LengthEncodedIntegerLookahead:i4")))
	case lenNull, lenErr:
		n = 0
	}
	c.End(outer)
	return n
}

// text reads a length-encoded string (Protocol::LengthEncodedString).
func (c *cursor) text() []byte {
	if b := c.Peek(); len(b) > 0 && b[0] < lenNull && int(b[0]) < len(b) {
		return c.Take(1+int(b[0]), "LengthEncodedString:val")[1:]
	}
	outer := c.Record()
	b := c.Take(c.integer(), "LengthEncodedString:val")
	c.End(outer)
	return b
}

func (c *cursor) textAfter(first uint8) []byte {
	if first < lenNull && int(first) <= c.Len() {
		return c.Take(int(first), "LengthEncodedStringArg:val")
	}
	outer := c.Record()
	b := c.Take(c.integerAfter(first), "LengthEncodedStringArg:val")
	c.End(outer)
	return b
}

// part reads a record of n bytes.
func (c *cursor) part(n int, record string) []byte {
	outer := c.Record()
	b := c.Take(n, record)
	c.End(outer)
	return b
}

// elements checks that n elements of at least one byte each can follow.
func (c *cursor) elements(n int, field string) {
	if n < 0 || n > c.Len() {
		c.Fail(wire.OutOfBound(field, n, c.Len()))
	}
}
