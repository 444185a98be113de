// Package columns converts records to the values of columnar formats, with the types of
// package columnar. The writers of those formats share it.
package columns

import (
	"math"
	"net/netip"
	"unsafe"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// Values takes the values of a row, column by column: a value of one of the types, or
// Null. A list is Begin, its elements, End.
type Values interface {
	Null()
	Bool(v bool)
	Int32(v int32)
	Int64(v int64)
	Double(v float64)
	// Timestamp takes microseconds since the Unix epoch.
	Timestamp(v int64)
	// String takes UTF-8 that is valid until Sink.Reuse is called or, if it is a view of
	// a row, as long as the row is.
	String(v string)
	Begin(n int)
	End()
}

// MarkSaturated is the mark that counts Sink.Saturated.
const MarkSaturated = "counts cut to 63 bits"

// A Sink passes the columns of a record on as Values.
type Sink struct {
	to Values
	// Saturated is the number of counts that do not fit a signed integer.
	Saturated uint64
	texts     []byte
}

// NewSink returns a sink that passes values to to.
func NewSink(to Values) *Sink { return &Sink{to: to} }

// Reuse invalidates the strings that were passed on.
func (s *Sink) Reuse() { s.texts = s.texts[:0] }

// Groups returns 0: the optional columns were chosen before.
func (s *Sink) Groups() schemas.Groups { return 0 }

// Unset passes on Null.
func (s *Sink) Unset() { s.to.Null() }

// Bool is a boolean.
func (s *Sink) Bool(v bool) { s.to.Bool(v) }

// Count passes on a signed integer, clamped to the largest one.
func (s *Sink) Count(v uint64) {
	if v > math.MaxInt64 {
		v = math.MaxInt64
		s.Saturated++
	}
	s.to.Int64(int64(v))
}

// Int is a signed integer.
func (s *Sink) Int(v int64) { s.to.Int64(v) }

// Double is a double.
func (s *Sink) Double(v float64) { s.to.Double(v) }

// Interval passes on a double, in seconds.
func (s *Sink) Interval(v float64) { s.to.Double(v) }

// Time passes on microseconds, rounded down.
func (s *Sink) Time(v value.Time) { s.to.Timestamp(int64(v) / 1000) }

// String passes on UTF-8; invalid bytes are escaped.
func (s *Sink) String(v string) {
	if !text.IsValue(v) {
		n := len(s.texts)
		s.texts = text.AppendValue(s.texts, v)
		v = s.from(n)
	}
	s.to.String(v)
}

// Enum is a string.
func (s *Sink) Enum(v string) { s.String(v) }

// Addr is a string.
func (s *Sink) Addr(v netip.Addr) {
	n := len(s.texts)
	s.texts = text.AppendAddr(s.texts, v)
	s.to.String(s.from(n))
}

// Subnet is a string.
func (s *Sink) Subnet(v netip.Prefix) {
	n := len(s.texts)
	s.texts = text.AppendSubnet(s.texts, v)
	s.to.String(s.from(n))
}

// from returns the text from n on. It stays valid when more text is appended.
func (s *Sink) from(n int) string {
	return unsafe.String(unsafe.SliceData(s.texts[n:]), len(s.texts)-n)
}

// Port passes on the port number.
func (s *Sink) Port(v uint16) { s.to.Int32(int32(v)) }

// Begin begins a list of n values.
func (s *Sink) Begin(_ schemas.Container, n int) { s.to.Begin(n) }

// End ends the list.
func (s *Sink) End() { s.to.End() }
