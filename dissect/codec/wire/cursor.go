// Package wire has what parsers of messages share: a cursor over the fields, and the words for
// what is wrong with them.
package wire

import "encoding/binary"

// Cursor reads the fields of a message one after the other. Once a field is not there, it
// reads zeros and empty slices, and Err tells what was wrong first. What it returns is not
// copied. Fields are named for Err as in Zeek's grammars, of several of fixed size the last,
// which is where Zeek notices that they are not all there.
type Cursor struct {
	b   []byte
	err *Malformed
	// size is what was left at the beginning of the record at work.
	size int
}

// NewCursor returns a Cursor over b.
func NewCursor(b []byte) Cursor { return Cursor{b: b, size: len(b)} }

// Record begins a record inside of another one. Err counts from its beginning until End gets
// what Record has returned.
func (c *Cursor) Record() (outer int) {
	outer, c.size = c.size, len(c.b)
	return outer
}

// End goes on with the outer record.
func (c *Cursor) End(outer int) { c.size = outer }

// Err is what is wrong, nil for nothing.
func (c *Cursor) Err() *Malformed { return c.err }

// OK reports whether all has been there so far.
func (c *Cursor) OK() bool { return c.err == nil }

// Len is the number of bytes that are left.
func (c *Cursor) Len() int { return len(c.b) }

// More reports whether any bytes are left.
func (c *Cursor) More() bool { return len(c.b) > 0 }

// Peek returns what is left, without reading it.
func (c *Cursor) Peek() []byte { return c.b }

// Rest reads what is left.
func (c *Cursor) Rest() []byte {
	b := c.b
	c.b = nil
	return b
}

// Fail notes what is wrong with a field that is there, unless something was wrong before.
func (c *Cursor) Fail(err *Malformed) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

// Take reads the next n bytes, of which there are none if n is negative.
func (c *Cursor) Take(n int, field string) []byte {
	if uint(n) > uint(len(c.b)) {
		c.missing(n, field)
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// missing is apart from Take so that reads are inlined.
//
//go:noinline
func (c *Cursor) missing(n int, field string) {
	if c.err == nil {
		c.err = OutOfBound(field, c.size-len(c.b)+n, c.size)
	}
	c.b = nil
}

// zeros are what Head returns of what is not there.
var zeros [64]byte

// Head reads several fields of fixed size that have n bytes, 64 at most, together. It returns
// zeros if they are not there.
func (c *Cursor) Head(n int, field string) []byte {
	if b := c.Take(n, field); b != nil {
		return b
	}
	return zeros[:n:n]
}

// Array reads n elements of size bytes each.
func (c *Cursor) Array(n, size int, field string) []byte {
	if uint(n) > uint(len(c.b)/size) {
		c.Fail(OutOfBound(field, n, len(c.b)))
		return nil
	}
	return c.Take(n*size, field)
}

// Within is a cursor over the next n bytes, to be ended with Done.
func (c *Cursor) Within(n int, field string) Cursor {
	b := c.Take(n, field)
	return Cursor{b, c.err, len(b)}
}

// Done takes over what has gone wrong in a part.
func (c *Cursor) Done(part *Cursor) {
	if part.err != nil {
		c.Fail(part.err)
	}
}

// U8 reads a byte.
func (c *Cursor) U8(field string) uint8 {
	if b := c.Take(1, field); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads a number of 16 bits, like those below with the most significant byte first.
func (c *Cursor) U16(field string) uint16 {
	if b := c.Take(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U24 reads a number of 24 bits.
func (c *Cursor) U24(field string) int {
	if b := c.Take(3, field); b != nil {
		return int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	}
	return 0
}

// U32 reads a number of 32 bits.
func (c *Cursor) U32(field string) uint32 {
	if b := c.Take(4, field); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads a number of 64 bits.
func (c *Cursor) U64(field string) uint64 {
	if b := c.Take(8, field); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// LE16 reads a number of 16 bits, like those below with the least significant byte first.
func (c *Cursor) LE16(field string) uint16 {
	if b := c.Take(2, field); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// LE24 reads a number of 24 bits.
func (c *Cursor) LE24(field string) int {
	if b := c.Take(3, field); b != nil {
		return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	}
	return 0
}

// LE32 reads a number of 32 bits.
func (c *Cursor) LE32(field string) uint32 {
	if b := c.Take(4, field); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// LE64 reads a number of 64 bits.
func (c *Cursor) LE64(field string) uint64 {
	if b := c.Take(8, field); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
