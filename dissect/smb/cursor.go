package smb

import (
	"encoding/binary"
	"strconv"
)

// cursor reads the little-endian fields of a message one after the other. Reads past the
// end give zeros and make it bad for good.
type cursor struct {
	b    []byte // from the beginning of what offsets count from
	at   int
	need int // bytes that were missing first, with those before; 0 unless bad
}

func (c *cursor) bad() bool { return c.need != 0 }

// bytes takes the next n bytes.
func (c *cursor) bytes(n int) []byte {
	if c.bad() {
		return nil
	}
	if n < 0 || n > len(c.b)-c.at {
		c.need = max(c.at, len(c.b)) + 1
		if n > 0 {
			c.need = max(c.need, c.at+n)
		}
		return nil
	}
	b := c.b[c.at : c.at+n : c.at+n]
	c.at += n
	return b
}

// skip passes over n bytes.
func (c *cursor) skip(n int) { c.bytes(n) }

// seek passes over what is before offset. Offsets that have been passed already change
// nothing: what they point at follows then, or is empty.
func (c *cursor) seek(offset int) {
	if offset > c.at {
		c.bytes(offset - c.at)
	}
}

func (c *cursor) uint8() uint8 {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// outOfBounds is what Zeek says of a field that lies beyond the end of its message: what
// it is, and the bytes that it needs and has.
func outOfBounds(field string, need, have int) string {
	return "Binpac exception: binpac exception: out_of_bound: " + field + ": " +
		strconv.Itoa(need) + " > " + strconv.Itoa(have)
}

func itoa(n int) string { return strconv.Itoa(n) }
