// Package columns makes of records the values that columnar formats have, by the types
// of package columnar: the writers of those formats take them from here.
package columns

import (
	"math"
	"net/netip"
	"unsafe"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// Values takes the values of a row, column by column: one of the types, or Null; of a list Begin,
// the elements, End.
type Values interface {
	Null()
	Bool(v bool)
	Int32(v int32)
	Int64(v int64)
	Double(v float64)
	// Timestamp takes microseconds since the Unix epoch.
	Timestamp(v int64)
	// String takes UTF-8, which lasts until Sink.Reuse is called, or as long as the row that it
	// is a view of.
	String(v string)
	Begin(n int)
	End()
}

// MarkSaturated counts what is in Sink.Saturated.
const MarkSaturated = "counts cut to 63 bits"

// A Sink passes what a record has on as values of columns.
type Sink struct {
	to Values
	// Saturated counts the counts that are larger than a signed number holds.
	Saturated uint64
	texts     []byte
}

// NewSink returns a sink that passes values on to to.
func NewSink(to Values) *Sink { return &Sink{to: to} }

// Reuse says that the strings that were passed on are no longer needed.
func (s *Sink) Reuse() { s.texts = s.texts[:0] }

// Groups asks for no optional columns: they are chosen before.
func (s *Sink) Groups() schemas.Groups { return 0 }

// Unset is a null.
func (s *Sink) Unset() { s.to.Null() }

// Bool is a boolean.
func (s *Sink) Bool(v bool) { s.to.Bool(v) }

// Count is a signed integer, the largest one if v is above it.
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

// Interval is a double, in seconds.
func (s *Sink) Interval(v float64) { s.to.Double(v) }

// Time is a timestamp in microseconds, rounded down.
func (s *Sink) Time(v value.Time) { s.to.Timestamp(int64(v) / 1000) }

// String is UTF-8, with escapes for what is not.
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

// from returns the texts from n on. They stay where they are when there are more.
func (s *Sink) from(n int) string {
	return unsafe.String(unsafe.SliceData(s.texts[n:]), len(s.texts)-n)
}

// Port is its number.
func (s *Sink) Port(v uint16) { s.to.Int32(int32(v)) }

// Begin begins a list of n values.
func (s *Sink) Begin(_ schemas.Container, n int) { s.to.Begin(n) }

// End ends the list.
func (s *Sink) End() { s.to.End() }
