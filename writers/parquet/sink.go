package parquet

import (
	"math"
	"net/netip"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// Definition levels: a scalar is unset or set; a list is unset, empty, or has
// elements, which are unset or set.
const (
	scalarSet   = 1
	listEmpty   = 1
	elementNull = 2
	elementSet  = 3
)

// sink gathers the values of some rows by column. Strings are views of the rows.
type sink struct {
	layout *layout
	values [][]parquet.Value // by field
	field  int
	// Inside a list, nested is set and rep is the repetition level of the next element.
	nested bool
	rep    int
	arena  []byte // addresses as text, and strings with escapes
	// saturated counts counts that are larger than a signed number holds.
	saturated uint64
}

func newSink(l *layout) *sink {
	return &sink{layout: l, values: make([][]parquet.Value, len(l.columns))}
}

// clear forgets the values.
func (s *sink) clear() {
	for i := range s.values {
		s.values[i] = s.values[i][:0]
	}
	s.arena = s.arena[:0]
}

// put adds a value that is set.
func (s *sink) put(v parquet.Value) {
	i := s.field
	leaf := s.layout.columns[i].leaf
	if s.nested {
		s.values[i] = append(s.values[i], v.Level(s.rep, elementSet, leaf))
		s.rep = 1
		return
	}
	s.values[i] = append(s.values[i], v.Level(0, scalarSet, leaf))
	s.field++
}

// null adds no value with a definition level.
func (s *sink) null(level int) {
	i := s.field
	s.values[i] = append(s.values[i], parquet.Value{}.Level(s.rep, level, s.layout.columns[i].leaf))
}

func (s *sink) Groups() schemas.Groups { return 0 }

func (s *sink) Unset() {
	if s.nested {
		s.null(elementNull)
		s.rep = 1
		return
	}
	s.null(0)
	s.field++
}

func (s *sink) Bool(v bool) { s.put(parquet.BooleanValue(v)) }

func (s *sink) Count(v uint64) {
	if v > math.MaxInt64 {
		v = math.MaxInt64
		s.saturated++
	}
	s.put(parquet.Int64Value(int64(v)))
}

func (s *sink) Int(v int64) { s.put(parquet.Int64Value(v)) }

func (s *sink) Double(v float64) { s.put(parquet.DoubleValue(v)) }

func (s *sink) Interval(v float64) { s.put(parquet.DoubleValue(v)) }

func (s *sink) Time(v schemas.Time) { s.put(parquet.Int64Value(int64(v) / 1000)) }

func (s *sink) String(v string) {
	if !text.IsValue(v) {
		n := len(s.arena)
		s.arena = text.AppendValue(s.arena, v)
		s.put(parquet.ByteArrayValue(s.arena[n:]))
		return
	}
	s.put(parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(v), len(v))))
}

func (s *sink) Enum(v string) { s.String(v) }

func (s *sink) Addr(v netip.Addr) {
	n := len(s.arena)
	s.arena = text.AppendAddr(s.arena, v)
	s.put(parquet.ByteArrayValue(s.arena[n:]))
}

func (s *sink) Subnet(v netip.Prefix) {
	n := len(s.arena)
	s.arena = text.AppendSubnet(s.arena, v)
	s.put(parquet.ByteArrayValue(s.arena[n:]))
}

func (s *sink) Port(v uint16) { s.put(parquet.Int32Value(int32(v))) }

func (s *sink) Begin(_ schemas.Container, n int) {
	if n == 0 {
		s.null(listEmpty)
	}
	s.nested = true
}

func (s *sink) End() {
	s.nested, s.rep = false, 0
	s.field++
}

// clock is a sink that takes the time in one field.
type clock struct {
	at, field int // field is that of the next value, but in a list
	nested    bool
	time      schemas.Time
	ok        bool
}

func (c *clock) next() {
	if !c.nested {
		c.field++
	}
}

func (c *clock) Time(v schemas.Time) {
	if c.field == c.at && !c.nested {
		c.time, c.ok = v, true
	}
	c.next()
}

func (c *clock) Groups() schemas.Groups       { return 0 }
func (c *clock) Unset()                       { c.next() }
func (c *clock) Bool(bool)                    { c.next() }
func (c *clock) Count(uint64)                 { c.next() }
func (c *clock) Int(int64)                    { c.next() }
func (c *clock) Double(float64)               { c.next() }
func (c *clock) Interval(float64)             { c.next() }
func (c *clock) String(string)                { c.next() }
func (c *clock) Enum(string)                  { c.next() }
func (c *clock) Addr(netip.Addr)              { c.next() }
func (c *clock) Subnet(netip.Prefix)          { c.next() }
func (c *clock) Port(uint16)                  { c.next() }
func (c *clock) Begin(schemas.Container, int) { c.nested = true }
func (c *clock) End()                         { c.nested = false; c.next() }
