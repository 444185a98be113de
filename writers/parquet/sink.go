package parquet

import (
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/columns"
	"github.com/wirelog/wirelog/writers/row"
)

// Definition levels: a scalar is unset or set; a list is unset or empty, or its elements
// are unset or set.
const (
	scalarSet   = 1
	listEmpty   = 1
	elementNull = 2
	elementSet  = 3
)

// sink collects the values of rows by column. It is the columns.Values of from, into
// which rows are replayed. Strings are views of the rows, or of memory that from keeps.
type sink struct {
	layout *layout
	values [][]parquet.Value // indexed by field
	from   *columns.Sink
	field  int
	// Inside a list, nested is true and rep is the repetition level of the next element.
	nested bool
	rep    int
}

func newSink(l *layout) *sink {
	s := &sink{layout: l, values: make([][]parquet.Value, len(l.leaves))}
	s.from = columns.NewSink(s)
	return s
}

// clear removes all values, including the rest of a malformed row.
func (s *sink) clear() {
	for i := range s.values {
		s.values[i] = s.values[i][:0]
	}
	s.from.Reuse()
	s.field, s.nested, s.rep = 0, false, 0
}

// put adds a set value.
func (s *sink) put(v parquet.Value) {
	i := s.field
	leaf := s.layout.leaves[i]
	if s.nested {
		s.values[i] = append(s.values[i], v.Level(s.rep, elementSet, leaf))
		s.rep = 1
		return
	}
	s.values[i] = append(s.values[i], v.Level(0, scalarSet, leaf))
	s.field++
}

// null adds a null with a definition level.
func (s *sink) null(level int) {
	i := s.field
	s.values[i] = append(s.values[i], parquet.Value{}.Level(s.rep, level, s.layout.leaves[i]))
}

// Null, like the methods below, implements columns.Values.
func (s *sink) Null() {
	if s.nested {
		s.null(elementNull)
		s.rep = 1
		return
	}
	s.null(0)
	s.field++
}

func (s *sink) Bool(v bool) { s.put(parquet.BooleanValue(v)) }

func (s *sink) Int32(v int32) { s.put(parquet.Int32Value(v)) }

func (s *sink) Int64(v int64) { s.put(parquet.Int64Value(v)) }

func (s *sink) Double(v float64) { s.put(parquet.DoubleValue(v)) }

func (s *sink) Timestamp(v int64) { s.put(parquet.Int64Value(v)) }

func (s *sink) String(v string) {
	s.put(parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(v), len(v))))
}

func (s *sink) Begin(n int) {
	if n == 0 {
		s.null(listEmpty)
	}
	s.nested = true
}

func (s *sink) End() {
	s.nested, s.rep = false, 0
	s.field++
}

// clock is a sink that extracts the time in one field.
type clock struct {
	schemas.Forward     // passes nothing on
	at, field       int // field is the next field, or the current one inside a list
	nested          bool
	time            value.Time
	ok              bool
}

// of returns the time in field at of a row.
func (c *clock) of(data []byte, at int) (value.Time, bool) {
	c.at, c.field, c.nested, c.ok = at, 0, false, false
	err := row.Replay(data, c)
	return c.time, err == nil && c.ok
}

// next moves to the next field. It returns false, so that nothing is passed on.
func (c *clock) next() bool {
	if !c.nested {
		c.field++
	}
	return false
}

func (c *clock) Time(v value.Time) {
	if c.field == c.at && !c.nested {
		c.time, c.ok = v, true
	}
	c.next()
}

func (c *clock) Groups() schemas.Groups       { return 0 }
func (c *clock) Begin(schemas.Container, int) { c.nested = true }
func (c *clock) End()                         { c.nested = false; c.next() }
