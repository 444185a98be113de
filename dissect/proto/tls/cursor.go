package tls

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// cursor reads the fields of a message, including the vectors of TLS (RFC 8446 section
// 3.4).
type cursor struct{ wire.Cursor }

// vec8, vec16 and vec24 read a vector whose length has that many bits.
func (c *cursor) vec8(length, field string) []byte  { return c.Take(int(c.U8(length)), field) }
func (c *cursor) vec16(length, field string) []byte { return c.Take(int(c.U16(length)), field) }
func (c *cursor) vec24(length, field string) []byte { return c.Take(c.U24(length), field) }

// list8 and list16 return a cursor over a vector, which forms a record with its length;
// pass it to Done at the end.
func (c *cursor) list8(length, record string) cursor {
	outer := c.Record()
	list := cursor{c.Within(int(c.U8(length)), record)}
	c.End(outer)
	return list
}

func (c *cursor) list16(length, record string) cursor {
	outer := c.Record()
	list := cursor{c.Within(int(c.U16(length)), record)}
	c.End(outer)
	return list
}

// entry8 and entry16 are vec8 and vec16 for a vector that is a record of its own.
func (c *cursor) entry8(length, field string) []byte {
	outer := c.Record()
	b := c.vec8(length, field)
	c.End(outer)
	return b
}

func (c *cursor) entry16(length, field string) []byte {
	outer := c.Record()
	b := c.vec16(length, field)
	c.End(outer)
	return b
}

func be16(b []byte) int { return int(b[0])<<8 | int(b[1]) }
func u24(b []byte) int  { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func appendBytes(dst []uint64, b []byte) []uint64 {
	for _, x := range b {
		dst = append(dst, uint64(x))
	}
	return dst
}

// appendPairs appends 16-bit numbers; an odd byte is ignored.
func appendPairs(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, uint64(binary.BigEndian.Uint16(b)))
	}
	return dst
}

// appendTriples appends 24-bit numbers; excess bytes are ignored.
func appendTriples(dst []uint64, b []byte) []uint64 {
	for ; len(b) >= 3; b = b[3:] {
		dst = append(dst, uint64(u24(b)))
	}
	return dst
}
