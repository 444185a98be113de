package tls

import (
	"encoding/binary"
	"strconv"
)

// cursor reads the fields of a message. Once a field is not there, it reads zeros and
// empty slices, and err tells what was missing.
type cursor struct {
	b   []byte
	err *malformed
}

// malformed is a field that is longer than what is left.
type malformed struct {
	field      string
	need, have int
}

// Error is what Zeek's parser generator says of it.
func (m *malformed) Error() string {
	return "Binpac exception: binpac exception: out_of_bound: " + m.field + ": " +
		strconv.Itoa(m.need) + " > " + strconv.Itoa(m.have)
}

// take returns the next n bytes, which are not copied.
func (c *cursor) take(n int, field string) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.b) {
		c.err = &malformed{field, n, len(c.b)}
		c.b = nil
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
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u24(field string) int {
	if b := c.take(3, field); b != nil {
		return u24(b)
	}
	return 0
}

func (c *cursor) u32(field string) uint32 {
	if b := c.take(4, field); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64(field string) uint64 {
	if b := c.take(8, field); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// vec8, vec16 and vec24 return what follows its length of so many bits.
func (c *cursor) vec8(field string) []byte  { return c.take(int(c.u8(field)), field) }
func (c *cursor) vec16(field string) []byte { return c.take(int(c.u16(field)), field) }
func (c *cursor) vec24(field string) []byte { return c.take(c.u24(field), field) }

// list8 and list16 are cursors over what vec8 and vec16 return, to be ended with done.
func (c *cursor) list8(field string) cursor  { b := c.vec8(field); return cursor{b, c.err} }
func (c *cursor) list16(field string) cursor { b := c.vec16(field); return cursor{b, c.err} }

// more reports whether anything is left.
func (c *cursor) more() bool { return c.err == nil && len(c.b) > 0 }

// done takes over what has gone wrong in a list.
func (c *cursor) done(list *cursor) {
	if c.err == nil {
		c.err = list.err
	}
}

func u24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func appendBytes(dst []uint64, b []byte) []uint64 {
	for _, x := range b {
		dst = append(dst, uint64(x))
	}
	return dst
}

// appendPairs appends numbers of 16 bits; an odd byte is left out.
func appendPairs(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, uint64(binary.BigEndian.Uint16(b)))
	}
	return dst
}

// appendTriples appends numbers of 24 bits; odd bytes are left out.
func appendTriples(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 3; b = b[3:] {
		dst = append(dst, uint64(u24(b)))
	}
	return dst
}
