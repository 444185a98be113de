package dnp3

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Function codes that decoding depends on.
const (
	confirm           = 0x00
	coldRestart       = 0x0d
	warmRestart       = 0x0e
	initializeData    = 0x0f
	saveConfiguration = 0x13
	delayMeasure      = 0x17
	recordCurrentTime = 0x18
	authenticateFile  = 0x1d
	lastRequest       = 0x21

	response            = 0x81
	unsolicitedResponse = 0x82
	authenticateResp    = 0x83
)

// decoder decodes application fragments. It belongs to one shard.
type decoder struct {
	hooks  *event.DNP3Events
	c      event.Conn
	isOrig bool
	// wide has group 33 variation 4 read as in Zeek.
	wide bool
	// left is the number of objects that may still be decoded in the fragment, and full
	// reports that there were more.
	left       int
	full       bool
	cursor     wire.Cursor // over the fragment; here, because it would escape
	objectType uint16
}

// fragment decodes a whole application fragment. A fragment of the originator is a request.
func (d *decoder) fragment(b []byte, isOrig bool) *wire.Malformed {
	d.isOrig, d.full = isOrig, false
	d.cursor = wire.NewCursor(b)
	if isOrig {
		d.request(&d.cursor)
	} else {
		d.response(&d.cursor)
	}
	err := d.cursor.Err()
	d.cursor = wire.Cursor{}
	return err
}

func (d *decoder) request(c *wire.Cursor) {
	b := c.Take(2, "DNP3_Application_Request_Header")
	if b == nil {
		return
	}
	function := b[1]
	if e := d.hooks.ApplicationRequestHeader.Begin(); e != nil {
		*e = event.DNP3ApplicationRequestHeader{
			Conn: d.c, IsOrig: d.isOrig, Application: uint64(b[0]), FC: uint64(function),
		}
		d.hooks.ApplicationRequestHeader.Raise(e)
	}
	switch function {
	case confirm, coldRestart, warmRestart, initializeData, saveConfiguration, delayMeasure, recordCurrentTime:
		return // no objects
	}
	if function > lastRequest {
		return
	}
	for c.More() && !d.full {
		begin := c.Len()
		if n, qualifier, ok := d.objectHeader(c); ok {
			if o := requestObject(d.objectType, function); o != nil {
				d.array(c, o, begin, n, qualifier)
			}
		}
	}
}

func (d *decoder) response(c *wire.Cursor) {
	b := c.Take(4, "DNP3_Application_Response_Header")
	if b == nil {
		return
	}
	if e := d.hooks.ApplicationResponseHeader.Begin(); e != nil {
		*e = event.DNP3ApplicationResponseHeader{
			Conn: d.c, IsOrig: d.isOrig, Application: uint64(b[0]), FC: uint64(b[1]),
			IIN: uint64(binary.BigEndian.Uint16(b[2:])),
		}
		d.hooks.ApplicationResponseHeader.Raise(e)
	}
	switch b[1] {
	case response, unsolicitedResponse, authenticateResp:
	default:
		d.debug(c.Rest())
		return
	}
	for c.More() && !d.full {
		begin := c.Len()
		if n, qualifier, ok := d.objectHeader(c); ok {
			d.array(c, d.responseObject(d.objectType), begin, n, qualifier)
		}
	}
}

// objectHeader reads an object header: the type and, by its qualifier, the number of
// objects and the range of their indices. Zeek reads a count of two or four bytes in
// big-endian order for the event.
func (d *decoder) objectHeader(c *wire.Cursor) (n int32, qualifier uint8, ok bool) {
	c.Record()
	b := c.Head(3, "Object_Header:qualifier_field")
	d.objectType, qualifier = binary.BigEndian.Uint16(b), b[2]
	var low, high uint32
	switch qualifier & 0x0f {
	case 0:
		b = ranged(c, 2, "Range_Field_0")
		low, high = uint32(b[0]), uint32(b[1])
		n = int32(high - low + 1)
	case 1:
		b = ranged(c, 4, "Range_Field_1")
		low, high = uint32(u16(b)), uint32(u16(b[2:]))
		n = int32(high - low + 1)
	case 2:
		b = ranged(c, 8, "Range_Field_2")
		low, high = uint32(u32(b)), uint32(u32(b[4:]))
		n = int32(high - low + 1)
	case 3:
		b = ranged(c, 2, "Range_Field_3")
		low, high = uint32(b[0]), uint32(b[1])
	case 4:
		b = ranged(c, 4, "Range_Field_4")
		low, high = uint32(binary.BigEndian.Uint16(b)), uint32(binary.BigEndian.Uint16(b[2:]))
	case 5:
		b = ranged(c, 8, "Range_Field_5")
		low, high = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	case 6:
		low, high = 0xffff, 0xffff
	case 7:
		low = uint32(c.U8("Object_Header:range_field_7"))
		n = int32(low)
	case 8:
		b = c.Head(2, "Object_Header:range_field_8")
		low, n = uint32(binary.BigEndian.Uint16(b)), int32(u16(b))
	case 9:
		b = c.Head(4, "Object_Header:range_field_9")
		low, n = binary.BigEndian.Uint32(b), int32(u32(b))
	case 0x0b:
		low = uint32(c.U8("Object_Header:range_field_b"))
		n = int32(low)
	default:
		if c.OK() {
			c.Rest()
		}
	}
	if !c.OK() {
		return 0, 0, false
	}
	if e := d.hooks.ObjectHeader.Begin(); e != nil {
		*e = event.DNP3ObjectHeader{
			Conn: d.c, IsOrig: d.isOrig, ObjType: uint64(d.objectType), QuaField: uint64(qualifier),
			Number: uint64(uint32(n)), RfLow: uint64(low), RfHigh: uint64(high),
		}
		d.hooks.ObjectHeader.Raise(e)
	}
	return n, qualifier, true
}

// ranged reads the two ends of a range.
func ranged(c *wire.Cursor, n int, name string) []byte {
	if !c.OK() {
		return c.Head(n, name)
	}
	outer := c.Record()
	b := c.Head(n, name)
	c.End(outer)
	return b
}

// array reads the n objects after a header. begin is the number of bytes from the header on.
func (d *decoder) array(c *wire.Cursor, o *object, begin int, n int32, qualifier uint8) {
	switch d.objectType {
	case patternMask:
		n = packed(n)
	case binaryInputPacked, doubleBitInputPacked, binaryOutputPacked:
		if !d.isOrig {
			n = packed(n)
		}
	}
	if have := c.Len(); n < 0 || int(n) > have {
		if n < 0 {
			have = begin
		}
		list := "Response_Objects:"
		if d.isOrig {
			list = "Request_Objects:"
		}
		c.Fail(wire.OutOfBound(list+arrayName(d.objectType, d.isOrig), int(n), have))
		return
	}
	for ; n > 0 && c.OK(); n-- {
		if d.left == 0 {
			d.full = true
			return
		}
		d.left--
		d.object(c, o, qualifier)
	}
}

// packed returns the number of bytes that hold n bits. As in Zeek it is 0 for a few less
// than none.
func packed(n int32) int32 {
	bytes := n / 8
	if n > bytes*8 {
		bytes++
	}
	return bytes
}

// object reads an object with its prefix.
func (d *decoder) object(c *wire.Cursor, o *object, qualifier uint8) {
	c.Record()
	var size uint32
	switch qualifier & 0xf0 {
	case 0x10:
		size = uint32(c.U8("Prefix_Type:prefix8"))
	case 0x20:
		size = uint32(c.LE16("Prefix_Type:prefix16"))
	case 0x30:
		size = c.LE32("Prefix_Type:prefix32")
	case 0x40:
		size = uint32(c.U8("Prefix_Type:object_size8"))
	case 0x50:
		size = uint32(c.LE16("Prefix_Type:object_size16"))
	case 0x60:
		size = c.LE32("Prefix_Type:object_size32")
	}
	if !c.OK() {
		return
	}
	if e := d.hooks.ObjectPrefix.Begin(); e != nil {
		*e = event.DNP3ObjectPrefix{Conn: d.c, IsOrig: d.isOrig, PrefixValue: uint64(size)}
		d.hooks.ObjectPrefix.Raise(e)
	}
	if !o.plain {
		c.Record()
	}
	b := c.Peek()
	switch {
	case o.rest != nil:
		o.rest(d, c, size)
	case o.head > c.Len() && o.plain:
		c.Take(o.head, d.plainField(o))
	case o.head > 0:
		c.Take(o.head, o.field)
		n := o.head
		if o.time != "" {
			c.Take(timeLen, o.time)
			n += timeLen
		}
		if o.raise != nil && c.OK() {
			o.raise(d, b[:n])
		}
	}
	if d.isOrig || !c.OK() {
		return
	}
	if e := d.hooks.ResponseDataObject.Begin(); e != nil {
		*e = event.DNP3ResponseDataObject{Conn: d.c, IsOrig: d.isOrig, DataValue: d.status(b)}
		d.hooks.ResponseDataObject.Raise(e)
	}
}

// plainField returns Zeek's name of the field of a plain object.
func (d *decoder) plainField(o *object) string {
	if d.isOrig {
		return "Request_Data_Object:" + o.field
	}
	return "Response_Data_Object:" + o.field
}

// status returns the status byte of a binary input or output.
func (d *decoder) status(b []byte) uint64 {
	switch d.objectType {
	case binaryInputPacked, binaryInputFlags, binaryOutputPacked, binaryOutputFlags:
		return uint64(b[0])
	}
	return 0xff
}
