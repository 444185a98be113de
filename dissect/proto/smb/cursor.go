package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// cursor reads the little-endian fields of an SMB2 message in order. Each part of the message
// starts with mandatory fields: fixed checks all of them at once, and they are read only if it
// succeeds. Variable fields follow, at offsets from the message's header and with lengths in
// the mandatory fields. err records the first field that does not fit, by its name in Zeek's
// grammar.
type cursor struct {
	b     []byte // the message, magic number included
	at    int
	start int // of the current part
	err   *wire.Malformed
}

func (c *cursor) bad() bool { return c.err != nil }

// begin starts a new part at the current position.
func (c *cursor) begin() { c.start = c.at }

// fixed reports whether the current part has at least n bytes. where names the last field in
// them, or the part if it has no other fields.
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

// seek skips to offset. It ignores an offset already passed: the field then follows directly,
// or is empty.
func (c *cursor) seek(where string, offset uint16) { c.seekTo(where, int(offset)) }

// seek32 is seek with a 32-bit offset. As in Zeek, an offset into the header counts as one
// beyond the end.
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

// bytes consumes the next n bytes.
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

// array consumes the next n elements of size bytes each.
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

// text consumes a string of n bytes.
func (c *cursor) text(n uint32) []byte {
	c.begin()
	return c.bytes("SMB2_string:s", n)
}

// skip skips n bytes, which must be present.
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
