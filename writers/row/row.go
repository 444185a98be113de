// Package row is a compact encoding of a record, for a writers.Place that needs its
// values. An Encoder makes the row in the shard; Replay passes it to any schemas.Sink in
// the merge stage. The encoding lives in memory only and may change with any version.
package row

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"unsafe"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Every value is one tag byte and the bytes of the value. Counts, integers, times and
// lengths are varints; doubles and intervals are eight bytes, little endian.
const (
	tagUnset = iota
	tagFalse
	tagTrue
	tagCount
	tagInt
	tagDouble
	tagTime
	tagInterval
	tagString
	tagEnum
	tagAddr0 // the zero Addr
	tagAddr4
	tagAddr16
	tagSubnet0
	tagSubnet4
	tagSubnet16
	tagPort
	tagSet
	tagVector
	tagEnd
)

// Encoder is a writers.RowEncoder.
type Encoder struct{ sink sink }

// New returns an encoder of records with the optional columns of g.
func New(g schemas.Groups) *Encoder { return &Encoder{sink{groups: g}} }

// Append appends rec as a row.
func (e *Encoder) Append(dst []byte, rec schemas.Record) []byte {
	start := len(dst)
	e.sink.buf = dst
	rec.Encode(&e.sink)
	dst, e.sink.buf = e.sink.buf, nil
	if len(dst) == start {
		// A record without columns: a row must not be empty.
		dst = append(dst, tagEnd)
	}
	return dst
}

type sink struct {
	buf    []byte
	groups schemas.Groups
}

func (s *sink) Groups() schemas.Groups { return s.groups }

func (s *sink) Unset() { s.buf = append(s.buf, tagUnset) }

func (s *sink) Bool(v bool) {
	if v {
		s.buf = append(s.buf, tagTrue)
	} else {
		s.buf = append(s.buf, tagFalse)
	}
}

func (s *sink) Count(v uint64) { s.buf = binary.AppendUvarint(append(s.buf, tagCount), v) }

func (s *sink) Int(v int64) { s.buf = binary.AppendVarint(append(s.buf, tagInt), v) }

func (s *sink) Double(v float64) { s.double(tagDouble, v) }

func (s *sink) Interval(v float64) { s.double(tagInterval, v) }

func (s *sink) double(tag byte, v float64) {
	s.buf = binary.LittleEndian.AppendUint64(append(s.buf, tag), math.Float64bits(v))
}

func (s *sink) Time(v value.Time) {
	s.buf = binary.LittleEndian.AppendUint64(append(s.buf, tagTime), uint64(v))
}

func (s *sink) String(v string) { s.text(tagString, v) }

func (s *sink) Enum(v string) { s.text(tagEnum, v) }

func (s *sink) text(tag byte, v string) {
	s.buf = append(binary.AppendUvarint(append(s.buf, tag), uint64(len(v))), v...)
}

func (s *sink) Addr(v netip.Addr) { s.addr(tagAddr0, v) }

func (s *sink) addr(tag byte, v netip.Addr) {
	switch {
	case !v.IsValid():
		s.buf = append(s.buf, tag)
	case v.Is4():
		b := v.As4()
		s.buf = append(append(s.buf, tag+1), b[:]...)
	default:
		b := v.As16()
		s.buf = append(append(s.buf, tag+2), b[:]...)
	}
}

func (s *sink) Subnet(v netip.Prefix) {
	s.addr(tagSubnet0, v.Addr())
	s.buf = append(s.buf, byte(v.Bits()))
}

func (s *sink) Port(v uint16) { s.buf = binary.LittleEndian.AppendUint16(append(s.buf, tagPort), v) }

func (s *sink) Begin(c schemas.Container, n int) {
	tag := byte(tagVector)
	if c == schemas.SetOf {
		tag = tagSet
	}
	s.buf = binary.AppendUvarint(append(s.buf, tag), uint64(n))
}

func (s *sink) End() { s.buf = append(s.buf, tagEnd) }

// errMalformed is the error for bytes that no Encoder has made.
var errMalformed = errors.New("row: malformed")

// Replay repeats on to the calls that the record of row made on the encoder's sink.
// Strings are views of row and valid as long as it is.
func Replay(row []byte, to schemas.Sink) error {
	depth := 0
	for len(row) > 0 {
		tag := row[0]
		row = row[1:]
		switch tag {
		case tagUnset:
			to.Unset()
		case tagFalse:
			to.Bool(false)
		case tagTrue:
			to.Bool(true)
		case tagCount:
			v, n := binary.Uvarint(row)
			if n <= 0 {
				return errMalformed
			}
			row = row[n:]
			to.Count(v)
		case tagInt:
			v, n := binary.Varint(row)
			if n <= 0 {
				return errMalformed
			}
			row = row[n:]
			to.Int(v)
		case tagDouble, tagInterval, tagTime:
			if len(row) < 8 {
				return errMalformed
			}
			v := binary.LittleEndian.Uint64(row)
			row = row[8:]
			switch tag {
			case tagDouble:
				to.Double(math.Float64frombits(v))
			case tagInterval:
				to.Interval(math.Float64frombits(v))
			default:
				to.Time(value.Time(v))
			}
		case tagString, tagEnum:
			size, n := binary.Uvarint(row)
			if n <= 0 || size > uint64(len(row)-n) {
				return errMalformed
			}
			v := unsafe.String(unsafe.SliceData(row[n:]), int(size))
			row = row[n+int(size):]
			if tag == tagString {
				to.String(v)
			} else {
				to.Enum(v)
			}
		case tagAddr0, tagAddr4, tagAddr16:
			a, rest, ok := address(tag-tagAddr0, row)
			if !ok {
				return errMalformed
			}
			row = rest
			to.Addr(a)
		case tagSubnet0, tagSubnet4, tagSubnet16:
			a, rest, ok := address(tag-tagSubnet0, row)
			if !ok || len(rest) == 0 {
				return errMalformed
			}
			to.Subnet(netip.PrefixFrom(a, int(rest[0])))
			row = rest[1:]
		case tagPort:
			if len(row) < 2 {
				return errMalformed
			}
			to.Port(binary.LittleEndian.Uint16(row))
			row = row[2:]
		case tagSet, tagVector:
			size, n := binary.Uvarint(row)
			if n <= 0 || depth != 0 || size > uint64(len(row)-n) {
				return errMalformed
			}
			row = row[n:]
			c := schemas.VectorOf
			if tag == tagSet {
				c = schemas.SetOf
			}
			to.Begin(c, int(size))
			depth++
		case tagEnd:
			if depth > 0 {
				to.End()
				depth--
			}
		default:
			return errMalformed
		}
	}
	if depth != 0 {
		return errMalformed
	}
	return nil
}

// address decodes an address at the start of b. The form is 0 for none, 1 for four
// bytes, 2 for sixteen.
func address(form byte, b []byte) (a netip.Addr, rest []byte, ok bool) {
	switch form {
	case 0:
		return a, b, true
	case 1:
		if len(b) < 4 {
			return a, nil, false
		}
		return netip.AddrFrom4([4]byte(b)), b[4:], true
	default:
		if len(b) < 16 {
			return a, nil, false
		}
		return netip.AddrFrom16([16]byte(b)), b[16:], true
	}
}
