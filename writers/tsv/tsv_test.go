package tsv_test

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/tsv"
)

func encode(rec schemas.Record) string {
	return string(tsv.New(rec.Schema(), 0).Append(nil, rec))
}

func TestTypes(t *testing.T) {
	scalar := func(pass func(schemas.Sink)) testlog.Record {
		return testlog.Record{{Field: schemas.Field{Name: "v"}, Pass: pass}}
	}
	for _, tt := range []struct {
		name string
		pass func(schemas.Sink)
		want string
	}{
		{"unset", func(s schemas.Sink) { s.Unset() }, "-"},
		{"true", func(s schemas.Sink) { s.Bool(true) }, "T"},
		{"false", func(s schemas.Sink) { s.Bool(false) }, "F"},
		{"count", func(s schemas.Sink) { s.Count(math.MaxUint64) }, "18446744073709551615"},
		{"int", func(s schemas.Sink) { s.Int(math.MinInt64) }, "-9223372036854775808"},
		{"double", func(s schemas.Sink) { s.Double(2.5) }, "2.5"},
		{"whole double", func(s schemas.Sink) { s.Double(3) }, "3.0"},
		{"time", func(s schemas.Sink) { s.Time(1320329757771755999) }, "1320329757.771755"},
		{"interval", func(s schemas.Sink) { s.Interval(15.161267042160034) }, "15.161267"},
		{"string", func(s schemas.Sink) { s.String("a b") }, "a b"},
		{"empty string", func(s schemas.Sink) { s.String("") }, "(empty)"},
		{"enum", func(s schemas.Sink) { s.Enum("Tunnel::GRE") }, "Tunnel::GRE"},
		{"addr", func(s schemas.Sink) { s.Addr(netip.MustParseAddr("fe80::1")) }, "fe80::1"},
		{"subnet", func(s schemas.Sink) { s.Subnet(netip.MustParsePrefix("10.0.0.0/8")) }, "10.0.0.0/8"},
		{"port", func(s schemas.Sink) { s.Port(65535) }, "65535"},
		{"empty set", func(s schemas.Sink) { s.Begin(schemas.SetOf, 0); s.End() }, "(empty)"},
		{"vector", func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 3)
			s.Interval(1)
			s.Unset()
			s.Interval(0.5)
			s.End()
		}, "1.000000,-,0.500000"},
		{"strings", func(s schemas.Sink) {
			s.Begin(schemas.SetOf, 4)
			s.String("a,b")
			s.String("")
			s.String("-")
			s.String("(empty)")
			s.End()
		}, `a\x2cb,(empty),\x2d,\x28empty)`},
		{"unset text", func(s schemas.Sink) { s.String("-") }, `\x2d`},
		{"empty text", func(s schemas.Sink) { s.String("(empty)") }, `\x28empty)`},
		{"comma", func(s schemas.Sink) { s.String("a,b") }, "a,b"},
		{"backslash", func(s schemas.Sink) { s.String(`a\b`) }, `a\\b`},
		{"tab", func(s schemas.Sink) { s.String("a\tb") }, `a\x09b`},
		{"newline", func(s schemas.Sink) { s.String("a\nb") }, `a\x0ab`},
		{"controls", func(s schemas.Sink) { s.String("\x00\x1b\x7f") }, `\x00\x1b\x7f`},
		{"UTF-8", func(s schemas.Sink) { s.String("caf\u00e9") }, "caf\u00e9"},
		{"invalid UTF-8", func(s schemas.Sink) { s.String("caf\u00e9 \xff!") }, `caf\xc3\xa9 \xff!`},
		{"control beside UTF-8", func(s schemas.Sink) { s.String("\u00e9\n") }, `\xc3\xa9\x0a`},
		{"chunks", func(s schemas.Sink) { s.String("\u00e9\t\u00e9\xff\\\u00e9") }, "\u00e9\\x09\\xc3\\xa9\\xff\\\\\u00e9"},
		{"comment", func(s schemas.Sink) { s.String("#fields") }, `\x23fields`},
	} {
		if got := encode(scalar(tt.pass)); got != tt.want+"\n" {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := encode(testlog.Record{}); got != "\n" {
		t.Errorf("no columns: got %q", got)
	}
}

func TestHeaderAndFooter(t *testing.T) {
	at := time.Date(2026, 11, 21, 6, 52, 58, 0, time.Local)
	e := tsv.New(&schemas.TunnelSchema, 0)
	want := strings.Join([]string{
		`#separator \x09`,
		"#set_separator\t,",
		"#empty_field\t(empty)",
		"#unset_field\t-",
		"#path\ttunnel",
		"#open\t2026-11-21-06-52-58",
		"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttunnel_type\taction",
		"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tenum",
		"",
	}, "\n")
	if got := string(e.AppendHeader(nil, at)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := string(e.AppendFooter(nil, at)); got != "#close\t2026-11-21-06-52-58\n" {
		t.Errorf("got %q", got)
	}
}

func TestOptionalColumns(t *testing.T) {
	rec := testlog.Conn()
	rec.VLAN = value.Some(int64(7))
	for g, want := range map[schemas.Groups]string{
		0:                        "\t6\n",
		schemas.GroupVLANLogging: "\t6\t7\t-\n",
		schemas.GroupCommunityID | schemas.GroupVLANLogging: "\t6\t-\t7\t-\n",
	} {
		if got := string(tsv.New(rec.Schema(), g).Append(nil, rec)); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %q, want it to end with %q", g, got, want)
		}
	}
}

// readBack encodes v as a column between others and as elements, and reads the row back.
func readBack(t *testing.T, v string) {
	t.Helper()
	rec := testlog.Record{
		testlog.String("first", v), testlog.Strings("set", []string{"x", v, v}), testlog.String("last", v),
	}
	e := tsv.New(rec.Schema(), 0)
	data := e.AppendFooter(e.Append(e.AppendHeader(nil, time.Now()), rec), time.Now())
	log, err := testlog.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%q: %v", v, err)
	}
	if len(log.Rows) != 1 || log.Close == "" || !slices.Equal(log.Fields, []string{"first", "set", "last"}) {
		t.Fatalf("%q: read back as %q", v, data)
	}
	for _, name := range []string{"first", "last"} {
		if got, ok := log.Rows[0].Get(name); !ok || got != v {
			t.Errorf("%q: column %s reads back as %q, %v", v, name, got, ok)
		}
	}
	elements := strings.Split(log.Rows[0]["set"], ",")
	if len(elements) != 3 || elements[0] != "x" {
		t.Fatalf("%q: elements read back as %q", v, elements)
	}
	for _, e := range elements[1:] {
		if e == tsv.Empty {
			e = ""
		}
		if got := tsv.Unescape(e); got != v {
			t.Errorf("%q: element reads back as %q", v, got)
		}
	}
	for _, c := range data {
		if c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
			t.Errorf("%q: control character %#x in %q", v, c, data)
		}
	}
}

func TestAwkwardStrings(t *testing.T) {
	for _, v := range testlog.Awkward {
		readBack(t, v)
	}
}

func FuzzString(f *testing.F) {
	for _, v := range testlog.Awkward {
		f.Add(v)
	}
	f.Fuzz(readBack)
}

func FuzzUnescape(f *testing.F) {
	f.Add(`a\x2c\\x09\`)
	f.Fuzz(func(t *testing.T, v string) {
		if got := tsv.Unescape(v); len(got) > len(v) {
			t.Errorf("%q grew to %q", v, got)
		}
	})
}

func TestAllocations(t *testing.T) {
	rec := testlog.Conn()
	rec.TunnelParents = value.Set[string]{"CblCHNnmxeyuTZty7"}
	rec.Service = value.Some("caf\xe9\t")
	e := tsv.New(rec.Schema(), 0)
	buf := e.Append(nil, rec)
	if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], rec) }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func BenchmarkConn(b *testing.B) {
	rec := testlog.Conn()
	e := tsv.New(rec.Schema(), 0)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		if len(buf) > 1<<20 {
			buf = buf[:0]
		}
		buf = e.Append(buf, rec)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
