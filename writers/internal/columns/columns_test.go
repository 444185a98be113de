package columns

import (
	"math"
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// recorder records the values that it takes, and their types.
type recorder struct {
	types  []columnar.Type
	values []any
}

func (r *recorder) put(t columnar.Type, v any) {
	r.types, r.values = append(r.types, t), append(r.values, v)
}

func (r *recorder) Null()             { r.put(0, nil) }
func (r *recorder) Bool(v bool)       { r.put(columnar.Bool, v) }
func (r *recorder) Int32(v int32)     { r.put(columnar.Int32, v) }
func (r *recorder) Int64(v int64)     { r.put(columnar.Int64, v) }
func (r *recorder) Double(v float64)  { r.put(columnar.Double, v) }
func (r *recorder) Timestamp(v int64) { r.put(columnar.Timestamp, v) }
func (r *recorder) String(v string)   { r.put(columnar.String, v) }
func (r *recorder) Begin(n int)       { r.put(0, n) }
func (r *recorder) End()              { r.put(0, "end") }

// The types of the sink match the table that the schemas and readers of all columnar
// formats use.
func TestTypes(t *testing.T) {
	addr := netip.MustParseAddr("::ffff:10.0.0.1")
	for _, tt := range []struct {
		kind schemas.Kind
		pass func(*Sink)
		want any
	}{
		{schemas.KindBool, func(s *Sink) { s.Bool(true) }, true},
		{schemas.KindCount, func(s *Sink) { s.Count(math.MaxUint64) }, int64(math.MaxInt64)},
		{schemas.KindInt, func(s *Sink) { s.Int(math.MinInt64) }, int64(math.MinInt64)},
		{schemas.KindDouble, func(s *Sink) { s.Double(0.5) }, 0.5},
		{schemas.KindTime, func(s *Sink) { s.Time(1999) }, int64(1)},
		{schemas.KindInterval, func(s *Sink) { s.Interval(-0.25) }, -0.25},
		{schemas.KindString, func(s *Sink) { s.String("a\x00\xff") }, `a\x00\xff`},
		{schemas.KindEnum, func(s *Sink) { s.Enum("A::B") }, "A::B"},
		{schemas.KindAddr, func(s *Sink) { s.Addr(addr) }, "10.0.0.1"},
		{schemas.KindSubnet, func(s *Sink) { s.Subnet(netip.PrefixFrom(addr.Unmap(), 8)) }, "10.0.0.1/8"},
		{schemas.KindPort, func(s *Sink) { s.Port(65535) }, int32(65535)},
	} {
		var r recorder
		s := NewSink(&r)
		tt.pass(s)
		if !slices.Equal(r.types, []columnar.Type{columnar.TypeOf(tt.kind)}) || r.values[0] != tt.want {
			t.Errorf("%s: %v of types %v, want %v of type %v", tt.kind, r.values, r.types, tt.want, columnar.TypeOf(tt.kind))
		}
		if got := s.Saturated == 1; got != (tt.kind == schemas.KindCount) {
			t.Errorf("%s: %d counts were cut", tt.kind, s.Saturated)
		}
	}
}

// Texts stay valid while others are made, until Reuse.
func TestTextsLast(t *testing.T) {
	var r recorder
	s := NewSink(&r)
	var want []any
	for i := range 1000 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		s.Addr(a)
		want = append(want, a.String())
	}
	if !slices.Equal(r.values, want) {
		t.Error("texts have changed")
	}
	if n := testing.AllocsPerRun(100, func() {
		s.Reuse()
		r.values, r.types = r.values[:0], r.types[:0]
		s.Unset()
		s.String("\xff")
	}); n > 1 { // the allocation is the recorder's
		t.Errorf("%v allocations", n)
	}
}
