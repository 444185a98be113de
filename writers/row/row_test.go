package row_test

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/row"
)

// calls is a sink that records the calls.
type calls struct {
	list   []string
	groups schemas.Groups
}

func (c *calls) add(format string, args ...any) {
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

func (c *calls) Groups() schemas.Groups           { return c.groups }
func (c *calls) Unset()                           { c.add("unset") }
func (c *calls) Bool(v bool)                      { c.add("bool %v", v) }
func (c *calls) Count(v uint64)                   { c.add("count %d", v) }
func (c *calls) Int(v int64)                      { c.add("int %d", v) }
func (c *calls) Double(v float64)                 { c.add("double %v", v) }
func (c *calls) Time(v value.Time)                { c.add("time %d", int64(v)) }
func (c *calls) Interval(v float64)               { c.add("interval %v", v) }
func (c *calls) String(v string)                  { c.add("string %q", v) }
func (c *calls) Enum(v string)                    { c.add("enum %q", v) }
func (c *calls) Addr(v netip.Addr)                { c.add("addr %v", v) }
func (c *calls) Subnet(v netip.Prefix)            { c.add("subnet %v", v) }
func (c *calls) Port(v uint16)                    { c.add("port %d", v) }
func (c *calls) Begin(k schemas.Container, n int) { c.add("begin %d %d", k, n) }
func (c *calls) End()                             { c.add("end") }

func column(pass func(schemas.Sink)) testlog.Record {
	return testlog.Record{{Field: schemas.Field{Name: "v"}, Pass: pass}}
}

func TestReplay(t *testing.T) {
	records := []schemas.Record{
		testlog.Conn(), &schemas.Weird{}, testlog.Record{},
		testlog.Record{testlog.Strings("s", testlog.Awkward), testlog.Strings("none", nil), testlog.String("e", "")},
	}
	for _, pass := range []func(schemas.Sink){
		func(s schemas.Sink) { s.Bool(true); s.Bool(false) },
		func(s schemas.Sink) { s.Count(0); s.Count(math.MaxUint64); s.Int(math.MinInt64); s.Int(math.MaxInt64) },
		func(s schemas.Sink) {
			s.Double(math.Inf(-1))
			s.Interval(math.NaN())
			s.Double(math.SmallestNonzeroFloat64)
		},
		func(s schemas.Sink) { s.Time(math.MinInt64); s.Time(1320329757771755999); s.Time(-1) },
		func(s schemas.Sink) { s.Addr(netip.Addr{}); s.Addr(netip.MustParseAddr("192.0.2.1")) },
		func(s schemas.Sink) {
			s.Addr(netip.MustParseAddr("::ffff:192.0.2.1"))
			s.Addr(netip.MustParseAddr("2001:db8::1"))
		},
		func(s schemas.Sink) { s.Subnet(netip.Prefix{}); s.Subnet(netip.MustParsePrefix("10.0.0.0/8")) },
		func(s schemas.Sink) {
			s.Subnet(netip.MustParsePrefix("2001:db8::/128"))
			s.Subnet(netip.MustParsePrefix("::/0"))
		},
		func(s schemas.Sink) { s.Port(0); s.Port(65535); s.Enum("Tunnel::GRE") },
		func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 3)
			s.Unset()
			s.Interval(1.5)
			s.Interval(2)
			s.End()
		},
	} {
		records = append(records, column(pass))
	}
	for _, groups := range []schemas.Groups{0, schemas.GroupCommunityID} {
		e := row.New(groups)
		for _, rec := range records {
			want, got := calls{groups: groups}, calls{}
			rec.Encode(&want)
			data := e.Append([]byte("before"), rec)[len("before"):]
			if len(data) == 0 {
				t.Error("an empty row")
			}
			if err := row.Replay(data, &got); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.list, want.list) {
				t.Errorf("got  %q\nwant %q", got.list, want.list)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	e, rec, sink := row.New(0), testlog.Conn(), new(discard)
	var buf []byte
	if n := testing.AllocsPerRun(100, func() {
		buf = e.Append(buf[:0], rec)
		if err := row.Replay(buf, sink); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

// discard is a sink that does nothing.
type discard struct{ n int }

func (d *discard) Groups() schemas.Groups       { return 0 }
func (d *discard) Unset()                       { d.n++ }
func (d *discard) Bool(bool)                    { d.n++ }
func (d *discard) Count(uint64)                 { d.n++ }
func (d *discard) Int(int64)                    { d.n++ }
func (d *discard) Double(float64)               { d.n++ }
func (d *discard) Time(value.Time)              { d.n++ }
func (d *discard) Interval(float64)             { d.n++ }
func (d *discard) String(string)                { d.n++ }
func (d *discard) Enum(string)                  { d.n++ }
func (d *discard) Addr(netip.Addr)              { d.n++ }
func (d *discard) Subnet(netip.Prefix)          { d.n++ }
func (d *discard) Port(uint16)                  { d.n++ }
func (d *discard) Begin(schemas.Container, int) { d.n++ }
func (d *discard) End()                         { d.n++ }

func FuzzReplay(f *testing.F) {
	f.Add(row.New(0).Append(nil, testlog.Conn()))
	f.Add(row.New(0).Append(nil, testlog.Record{testlog.Strings("s", testlog.Awkward)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := row.Replay(bytes.Clone(data), new(discard)); err != nil && err != row.ErrMalformed {
			t.Error(err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	e, rec := row.New(0), testlog.Conn()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], rec)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkReplay(b *testing.B) {
	buf, sink := row.New(0).Append(nil, testlog.Conn()), new(discard)
	b.ReportAllocs()
	for b.Loop() {
		if err := row.Replay(buf, sink); err != nil {
			b.Fatal(err)
		}
	}
}
