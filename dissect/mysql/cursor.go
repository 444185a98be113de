package mysql

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// cursor reads the fields of a packet. Once one is not there, it reads zeros and empty
// slices, and err tells what was wrong.
type cursor struct {
	b   []byte
	err string
}

// fail notes what is wrong, in the words of Zeek's parser generator.
func (c *cursor) fail(what string) {
	if c.err == "" {
		c.err = "Binpac exception: binpac exception: " + what
	}
	c.b = nil
}

func (c *cursor) take(n int, field string) []byte {
	if n < 0 || n > len(c.b) {
		if c.err == "" {
			c.fail("out_of_bound: " + field + ": " + strconv.Itoa(n) + " > " + strconv.Itoa(len(c.b)))
		}
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// rest returns what is left.
func (c *cursor) rest() []byte { return c.take(len(c.b), "") }

func (c *cursor) u8(field string) uint8 {
	if b := c.take(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16(field string) uint16 {
	if b := c.take(2, field); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32(field string) uint32 {
	if b := c.take(4, field); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// nulString returns a string without the zero that ends it (Protocol::NullTerminatedString).
func (c *cursor) nulString(field string) []byte {
	i := bytes.IndexByte(c.b, 0)
	if i < 0 {
		c.fail("string mismatch at " + field)
		return nil
	}
	return c.take(i+1, field)[:i]
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
func (c *cursor) integer(field string) int { return c.integerAfter(c.u8(field), field) }

// integerAfter is integer with the first byte read already. What stands for no number
// reads as 0. The result has 32 bits: Zeek's has, and longer strings do not exist.
func (c *cursor) integerAfter(first uint8, field string) int {
	switch first {
	case len16:
		return int(c.u16(field))
	case len24:
		if b := c.take(3, field); b != nil {
			return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		}
		return 0
	case len64:
		if b := c.take(8, field); b != nil {
			return int(int32(binary.LittleEndian.Uint64(b)))
		}
		return 0
	case lenNull, lenErr:
		return 0
	}
	return int(first)
}

// text reads a length-encoded string (Protocol::LengthEncodedString).
func (c *cursor) text(field string) []byte { return c.take(c.integer(field), field) }

func (c *cursor) textAfter(first uint8, field string) []byte {
	return c.take(c.integerAfter(first, field), field)
}
