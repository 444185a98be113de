package schemas

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/value"
)

// A logger writes down how columns are passed.
type logger struct {
	groups Groups
	calls  []string
}

func (l *logger) add(format string, v ...any) { l.calls = append(l.calls, fmt.Sprintf(format, v...)) }

func (l *logger) Groups() Groups           { return l.groups }
func (l *logger) Unset()                   { l.add("unset") }
func (l *logger) Bool(v bool)              { l.add("bool %v", v) }
func (l *logger) Count(v uint64)           { l.add("count %v", v) }
func (l *logger) Int(v int64)              { l.add("int %v", v) }
func (l *logger) Double(v float64)         { l.add("double %v", v) }
func (l *logger) Time(v value.Time)        { l.add("time %v", int64(v)) }
func (l *logger) Interval(v float64)       { l.add("interval %v", v) }
func (l *logger) String(v string)          { l.add("string %v", v) }
func (l *logger) Enum(v string)            { l.add("enum %v", v) }
func (l *logger) Addr(v netip.Addr)        { l.add("addr %v", v) }
func (l *logger) Subnet(v netip.Prefix)    { l.add("subnet %v", v) }
func (l *logger) Port(v uint16)            { l.add("port %v", v) }
func (l *logger) Begin(c Container, n int) { l.add("begin %v %d", c, n) }
func (l *logger) End()                     { l.add("end") }

// fill sets everything in v to something, containers to n elements and options to ok.
func fill(v reflect.Value, n int, ok bool) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("10.1.2.3")))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("10.0.0.0/8")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, ok)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, ok)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n, ok)
		}
	case reflect.String:
		v.SetString(strings.Repeat("x", 1+v.Type().NumMethod()))
	case reflect.Bool:
		v.SetBool(ok)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Int64:
		v.SetInt(-7)
	default:
		v.SetUint(9)
	}
}

// same compares the log that is made of T by reflection with the generated one.
func same[T any, R interface {
	*T
	Record
	Sized
}](t *testing.T) {
	t.Helper()
	want := R(new(T)).Schema()
	l, err := Of[T](want.Name, want.Doc)
	if err != nil {
		t.Error(err)
		return
	}
	fields := l.Schema().Fields
	if len(fields) != len(want.Fields) {
		t.Errorf("%s: %d columns, want %d", want.Name, len(fields), len(want.Fields))
		return
	}
	for i, f := range want.Fields {
		f.Doc = "" // it is a comment there
		if fields[i] != f {
			t.Errorf("%s: got column %+v, want %+v", want.Name, fields[i], f)
		}
	}
	for g := range allGroups + 1 {
		for n, ok := range []bool{false, true} {
			row, rec := l.New(), R(new(T))
			if n > 0 {
				fill(reflect.ValueOf(&row.V).Elem(), n, ok)
				*rec = row.V
			}
			a, b := &logger{groups: g}, &logger{groups: g}
			row.Encode(a)
			rec.Encode(b)
			if !reflect.DeepEqual(a.calls, b.calls) {
				t.Errorf("%s with %q: got\n%v\nwant\n%v", want.Name, g, a.calls, b.calls)
			}
			b1, e1 := row.Size()
			if b2, e2 := rec.Size(); b1 != b2 || e1 != e2 {
				t.Errorf("%s: size %d, %d, want %d, %d", want.Name, b1, e1, b2, e2)
			}
		}
	}
}

func TestReflectionMatchesGeneratedCode(t *testing.T) {
	same[Conn](t)
	same[DNS](t)
	same[Files](t)
	same[HTTP](t)
	same[SSH](t)
	same[SSL](t)
	same[Tunnel](t)
	same[Weird](t)
	same[X509](t)
}

func TestOfErrors(t *testing.T) {
	type recursive struct {
		Sub value.Set[string] `zeek:"sub"`
		In  *struct{}         `zeek:"in"`
	}
	for want, of := range map[string]func() error{
		"not a struct":      of[int],
		"no columns":        of[struct{}],
		"A has no zeek tag": of[struct{ A string }],
		"unknown option": of[struct {
			A string `zeek:"a,omitempty"`
		}],
		"unknown group": of[struct {
			A string `zeek:"a,optional=nonesuch"`
		}],
		"int cannot be a column": of[struct {
			A int `zeek:"a"`
		}],
		"cannot be a column": of[recursive],
		"no name": of[struct {
			A string `zeek:""`
		}],
		"occurs twice": of[struct {
			A, B string `zeek:"a"`
		}],
		"after the optional": of[struct {
			A string `zeek:"a,optional=ja3"`
			B string `zeek:"b"`
		}],
	} {
		if err := of(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := Of[Conn]("", ""); err == nil {
		t.Error("a log without a name was taken")
	}
}

func of[T any]() error {
	_, err := Of[T]("x", "")
	return err
}

func TestSet(t *testing.T) {
	a, b := MustOf[Conn]("own_a", ""), MustOf[Conn]("own_b", "")
	s, err := NewSet(a.Schema(), b.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.All()); n != len(All())+2 || s.Lookup("own_b") != b.Schema() || s.Lookup("conn") != &ConnSchema || s.Lookup("x") != nil {
		t.Errorf("the set of %d logs does not have what was added, or something else", n)
	}
	if Lookup("own_a") != nil || a.Schema().ID < len(All()) || a.Schema().ID == b.Schema().ID {
		t.Errorf("IDs %d and %d", a.Schema().ID, b.Schema().ID)
	}
	clash := *a.Schema()
	clash.Name = "own_c"
	for _, more := range [][]*Schema{{a.Schema(), a.Schema()}, {&ConnSchema}, {a.Schema(), &clash}} {
		if _, err := NewSet(more...); err == nil {
			t.Errorf("the logs %s were taken", more[0].Name)
		}
	}
}

// discard is a sink that does nothing.
type discard struct{ counter }

func (discard) Unset()               {}
func (discard) Bool(bool)            {}
func (discard) Count(uint64)         {}
func (discard) Int(int64)            {}
func (discard) Time(value.Time)      {}
func (discard) Interval(float64)     {}
func (discard) String(string)        {}
func (discard) Enum(string)          {}
func (discard) Addr(netip.Addr)      {}
func (discard) Port(uint16)          {}
func (discard) Begin(Container, int) {}
func (discard) End()                 {}

func TestEncodeByReflectionAllocations(t *testing.T) {
	row := MustOf[Conn]("own", "").New()
	fill(reflect.ValueOf(&row.V).Elem(), 2, true)
	var s Sink = new(discard)
	if n := testing.AllocsPerRun(100, func() { row.Encode(s); row.Size() }); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

// BenchmarkEncode encodes rows of conn.log into a sink that does nothing.
func BenchmarkEncode(b *testing.B) {
	row := MustOf[Conn]("own", "").New()
	fill(reflect.ValueOf(&row.V).Elem(), 2, true)
	row.V.TS = value.Time(time.Second)
	generated := row.V
	for name, rec := range map[string]Record{"generated": &generated, "reflection": row} {
		b.Run(name, func(b *testing.B) {
			var s Sink = new(discard)
			for b.Loop() {
				rec.Encode(s)
			}
		})
	}
}
