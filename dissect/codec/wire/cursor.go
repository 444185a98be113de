// Package wire has what parsers of binary protocols share: Frames cuts a stream into
// messages, Cursor reads the fields of a message, and Malformed describes what is wrong
// with one.
package wire

import "encoding/binary"

// Cursor reads the fields of a message in order. After the first error it reads zeros and
// empty slices, and Err returns that error. Slices are not copied: they point into the
// message. Field names are those of Zeek's grammars; for several fields of fixed size it is
// the last one's, because that is where Zeek notices that bytes are missing.
type Cursor struct {
	b   []byte
	err *Malformed
	// size is the number of bytes from the beginning of the current record.
	size int
}

// NewCursor returns a Cursor over b.
func NewCursor(b []byte) Cursor { return Cursor{b: b, size: len(b)} }

// Record begins a record inside another one. Offsets in errors count from its beginning
// until End is called with the value that Record returned.
func (c *Cursor) Record() (outer int) {
	outer, c.size = c.size, len(c.b)
	return outer
}

// End returns to the outer record.
func (c *Cursor) End(outer int) { c.size = outer }

// Err returns the first error, or nil.
func (c *Cursor) Err() *Malformed { return c.err }

// OK reports whether there was no error so far.
func (c *Cursor) OK() bool { return c.err == nil }

// Len returns the number of bytes left.
func (c *Cursor) Len() int { return len(c.b) }

// More reports whether any bytes are left.
func (c *Cursor) More() bool { return len(c.b) > 0 }

// Peek returns the bytes left without reading them.
func (c *Cursor) Peek() []byte { return c.b }

// Rest reads the bytes left.
func (c *Cursor) Rest() []byte {
	b := c.b
	c.b = nil
	return b
}

// Fail records err, unless there was an error before. Nothing more can be read.
func (c *Cursor) Fail(err *Malformed) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

// Take reads the next n bytes. A negative n is an error.
func (c *Cursor) Take(n int, field string) []byte {
	if uint(n) > uint(len(c.b)) {
		c.missing(n, field)
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// missing is a function of its own so that reads are inlined.
//
//go:noinline
func (c *Cursor) missing(n int, field string) {
	if c.err == nil {
		c.err = OutOfBound(field, c.size-len(c.b)+n, c.size)
	}
	c.b = nil
}

// zeros is what Head returns for missing bytes.
var zeros [64]byte

// Head reads fields of fixed size that have n bytes together, at most 64. It returns zeros
// if they are missing.
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

// Within returns a cursor over the next n bytes; pass it to Done at the end.
func (c *Cursor) Within(n int, field string) Cursor {
	b := c.Take(n, field)
	return Cursor{b, c.err, len(b)}
}

// Done takes over the error of a cursor that Within returned.
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

// U16 reads a 16-bit number in big-endian order, as do U24, U32 and U64.
func (c *Cursor) U16(field string) uint16 {
	if b := c.Take(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U24 reads a 24-bit number.
func (c *Cursor) U24(field string) int {
	if b := c.Take(3, field); b != nil {
		return int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	}
	return 0
}

// U32 reads a 32-bit number.
func (c *Cursor) U32(field string) uint32 {
	if b := c.Take(4, field); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads a 64-bit number.
func (c *Cursor) U64(field string) uint64 {
	if b := c.Take(8, field); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// LE16 reads a 16-bit number in little-endian order, as do LE24, LE32 and LE64.
func (c *Cursor) LE16(field string) uint16 {
	if b := c.Take(2, field); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// LE24 reads a 24-bit number.
func (c *Cursor) LE24(field string) int {
	if b := c.Take(3, field); b != nil {
		return int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	}
	return 0
}

// LE32 reads a 32-bit number.
func (c *Cursor) LE32(field string) uint32 {
	if b := c.Take(4, field); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// LE64 reads a 64-bit number.
func (c *Cursor) LE64(field string) uint64 {
	if b := c.Take(8, field); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
