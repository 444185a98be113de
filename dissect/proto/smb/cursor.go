package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// cursor reads the little-endian fields of an SMB2 message one after the other. A part of
// it begins with fields that are always there, for all of which fixed asks at once, and which
// are only read then. What follows them is where offsets from the message's header say, and is
// as long as a field says. What is missing first is noted in err, with the name that it has
// in Zeek's grammar.
type cursor struct {
	b     []byte // from the header on, magic number included
	at    int
	start int // where the part at work begins
	err   *wire.Malformed
}

func (c *cursor) bad() bool { return c.err != nil }

// begin makes what comes next a part of its own.
func (c *cursor) begin() { c.start = c.at }

// fixed reports whether the part at work has n bytes; where is the last field of them, or
// the part if it has no more than these.
func (c *cursor) fixed(where string, n int) bool {
	if c.bad() {
		return false
	}
	if n > len(c.b)-c.start {
		c.err = wire.OutOfBound(where, n, len(c.b)-c.start)
		return false
	}
	return true
}

// seek passes over what is before offset. Offsets that have been passed already change
// nothing: what they point at follows then, or is empty.
func (c *cursor) seek(where string, offset uint16) { c.seekTo(where, int(offset)) }

// seek32 is seek for offsets of 32 bits, of which those into the header are too far, as
// in Zeek.
func (c *cursor) seek32(where string, offset uint32) {
	if offset < smb2HeaderSize {
		c.seekTo(where, int(offset)+1<<32)
	} else {
		c.seekTo(where, int(offset))
	}
}

func (c *cursor) seekTo(where string, offset int) {
	if c.bad() || offset <= c.at {
		return
	}
	if offset > len(c.b) {
		c.err = wire.OutOfBound(where, int(int32(offset-smb2HeaderSize)), int(int32(len(c.b)-offset)))
		return
	}
	c.at = offset
}

// bytes takes the next n bytes.
func (c *cursor) bytes(where string, n uint32) []byte {
	if c.bad() {
		return nil
	}
	if int(int32(n)) < 0 || int(n) > len(c.b)-c.at {
		c.err = wire.OutOfBound(where, c.at-c.start+int(int32(n)), len(c.b)-c.start)
		return nil
	}
	b := c.b[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return b
}

// array takes the next n elements of size bytes.
func (c *cursor) array(where string, n, size int) []byte {
	if c.bad() {
		return nil
	}
	if n > (len(c.b)-c.at)/size {
		c.err = wire.OutOfBound(where, n, len(c.b)-c.at)
		return nil
	}
	b := c.b[c.at : c.at+n*size]
	c.at += n * size
	return b
}

// text takes a string of n bytes.
func (c *cursor) text(n uint32) []byte {
	c.begin()
	return c.bytes("SMB2_string:s", n)
}

// skip passes over n bytes that are there.
func (c *cursor) skip(n int) { c.at += n }

func (c *cursor) uint8() uint8 {
	c.at++
	return c.b[c.at-1]
}

func (c *cursor) uint16() uint16 {
	c.at += 2
	return binary.LittleEndian.Uint16(c.b[c.at-2:])
}

func (c *cursor) uint32() uint32 {
	c.at += 4
	return binary.LittleEndian.Uint32(c.b[c.at-4:])
}

func (c *cursor) uint64() uint64 {
	c.at += 8
	return binary.LittleEndian.Uint64(c.b[c.at-8:])
}
