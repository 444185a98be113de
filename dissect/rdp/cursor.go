package rdp

import (
	"encoding/binary"
	"strconv"
)

// cursor reads the fields of a message, least significant byte first unless it is said
// otherwise. Once one is not there, it reads zeros and empty slices, and err tells what was
// wrong.
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

// big16 reads a number with the most significant byte first.
func (c *cursor) big16(field string) uint16 {
	if b := c.take(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// ber reads the tag and length of a BER encoding (X.690 section 8.1) and returns the length.
func (c *cursor) ber(field string) int {
	c.u8(field)
	n := int(c.u8(field))
	if n&0x80 == 0 {
		return n
	}
	more := c.take(n&0x7f, field)
	if len(more) > 4 {
		c.fail("out_of_bound: " + field)
		return 0
	}
	n = 0
	for _, x := range more {
		n = n<<8 | int(x)
	}
	return n
}

// skipBER skips a BER encoding.
func (c *cursor) skipBER(field string) { c.take(c.ber(field), field) }

// literal reads bytes that are known.
func (c *cursor) literal(want, field string) {
	if b := c.take(len(want), field); b != nil && string(b) != want {
		c.fail("string mismatch at " + field)
	}
}

// within is a cursor over the next n bytes, to be ended with done.
func (c *cursor) within(n int, field string) cursor {
	b := c.take(n, field)
	return cursor{b, c.err}
}

// done takes over what has gone wrong in a part.
func (c *cursor) done(part *cursor) {
	if c.err == "" && part.err != "" {
		c.b, c.err = nil, part.err
	}
}
