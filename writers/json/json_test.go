package json_test

import (
	stdjson "encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

func TestTypes(t *testing.T) {
	for _, tt := range []struct {
		name string
		pass func(schemas.Sink)
		want string
	}{
		{"unset", func(s schemas.Sink) { s.Unset() }, `{}`},
		{"bool", func(s schemas.Sink) { s.Bool(true) }, `{"v":true}`},
		{"count", func(s schemas.Sink) { s.Count(math.MaxUint64) }, `{"v":18446744073709551615}`},
		{"int", func(s schemas.Sink) { s.Int(-1) }, `{"v":-1}`},
		{"double", func(s schemas.Sink) { s.Double(2.5) }, `{"v":2.5}`},
		{"whole double", func(s schemas.Sink) { s.Double(3) }, `{"v":3.0}`},
		{"NaN", func(s schemas.Sink) { s.Double(math.NaN()) }, `{"v":null}`},
		{"infinity", func(s schemas.Sink) { s.Interval(math.Inf(1)) }, `{"v":null}`},
		{"time", func(s schemas.Sink) { s.Time(1078232252284420000) }, `{"v":1078232252.28442}`},
		{"interval", func(s schemas.Sink) { s.Interval(15.161267042160034) }, `{"v":15.161267042160034}`},
		{"empty string", func(s schemas.Sink) { s.String("") }, `{"v":""}`},
		{"unset text", func(s schemas.Sink) { s.String("-") }, `{"v":"-"}`},
		{"enum", func(s schemas.Sink) { s.Enum("Tunnel::GRE") }, `{"v":"Tunnel::GRE"}`},
		{"addr", func(s schemas.Sink) { s.Addr(netip.MustParseAddr("fe80::1")) }, `{"v":"fe80::1"}`},
		{"subnet", func(s schemas.Sink) { s.Subnet(netip.MustParsePrefix("10.0.0.0/8")) }, `{"v":"10.0.0.0/8"}`},
		{"port", func(s schemas.Sink) { s.Port(65535) }, `{"v":65535}`},
		{"empty set", func(s schemas.Sink) { s.Begin(schemas.SetOf, 0); s.End() }, `{"v":[]}`},
		{"vector", func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 3)
			s.Interval(1)
			s.Unset()
			s.Interval(0.5)
			s.End()
		}, `{"v":[1.0,null,0.5]}`},
		{"quotes", func(s schemas.Sink) { s.String(`"a"\/`) }, `{"v":"\"a\"\\/"}`},
		{"short escapes", func(s schemas.Sink) { s.String("\b\f\n\r\t") }, `{"v":"\b\f\n\r\t"}`},
		{"controls", func(s schemas.Sink) { s.String("\x00\x1b\x7f") }, `{"v":"\\x00\\x1b\\x7f"}`},
		{"UTF-8", func(s schemas.Sink) { s.String("caf\u00e9\n") }, "{\"v\":\"caf\u00e9\\n\"}"},
		{"invalid UTF-8", func(s schemas.Sink) { s.String("caf\u00e9 \xff\n") }, `{"v":"caf\\xc3\\xa9 \\xff\n"}`},
		{"invalid after quote", func(s schemas.Sink) { s.String("\u00e9\"\xff") }, `{"v":"\\xc3\\xa9\"\\xff"}`},
	} {
		rec := testlog.Record{{Field: schemas.Field{Name: "v"}, Pass: tt.pass}}
		if got := string(json.Format{}.New(rec.Schema(), 0).Append(nil, rec)); got != tt.want+"\n" {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTimestamps(t *testing.T) {
	for _, tt := range []struct {
		form string
		ns   value.Time
		want string
	}{
		{"epoch", 1320329757771755000, "1320329757.771755"},
		{"epoch", 1782914726000000000, "1782914726.0"},
		{"epoch", -1500000000, "-1.5"},
		{"millis", 1320329757771755000, "1320329757771"},
		{"millis", -1500000000, "-1500"},
		{"iso8601", 1320329757771755999, `"2011-11-03T14:15:57.771755Z"`},
		{"iso8601", 0, `"1970-01-01T00:00:00.000000Z"`},
		{"iso8601", -1500000000, `"1969-12-31T23:59:58.500000Z"`},
	} {
		form, err := json.ParseTimestamps(tt.form)
		if err != nil || form.String() != tt.form {
			t.Fatal(form, err)
		}
		rec := testlog.Record{{Field: schemas.Field{Name: "v"}, Pass: func(s schemas.Sink) { s.Time(tt.ns) }}}
		got := string(json.Format{Timestamps: form}.New(rec.Schema(), 0).Append(nil, rec))
		if got != `{"v":`+tt.want+"}\n" {
			t.Errorf("%s of %d: got %s, want %s", tt.form, tt.ns, got, tt.want)
		}
	}
	if _, err := json.ParseTimestamps("unix"); err == nil {
		t.Error("no error for an unknown form")
	}
}

// readBack encodes v and reads it with the standard library.
func readBack(t *testing.T, v string) {
	t.Helper()
	rec := testlog.Record{testlog.String("a", v), testlog.Strings("b", []string{v, "x", v})}
	for _, reversible := range []bool{false, true} {
		line := json.Format{Reversible: reversible}.New(rec.Schema(), 0).Append(nil, rec)
		if n := strings.Count(string(line), "\n"); n != 1 || !utf8.Valid(line) {
			t.Errorf("%q: not one line of UTF-8: %q", v, line)
		}
		var got struct {
			A string
			B []string
		}
		if err := stdjson.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q: %q: %v", v, line, err)
		}
		if len(got.B) != 3 || got.B[0] != got.A || got.B[1] != "x" || got.B[2] != got.A {
			t.Errorf("%q: read back as %q", v, got)
		}
		if reversible && tsv.Unescape(got.A) != v {
			t.Errorf("%q: read back as %q", v, got.A)
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

func TestAllocations(t *testing.T) {
	for _, form := range []json.Timestamps{json.Epoch, json.Millis, json.ISO8601} {
		rec := testlog.Conn()
		rec.TunnelParents = value.Set[string]{"CblCHNnmxeyuTZty7"}
		rec.Service = value.Some("caf\xe9\t")
		e := json.Format{Timestamps: form}.New(rec.Schema(), 0)
		buf := e.Append(nil, rec)
		if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], rec) }); n != 0 {
			t.Errorf("%s: %v allocations a record", form, n)
		}
	}
}

func BenchmarkConn(b *testing.B) {
	rec := testlog.Conn()
	e := json.Format{}.New(rec.Schema(), 0)
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

func TestStreaming(t *testing.T) {
	now := value.Time(1320329757771755999)
	rec := &schemas.Weird{TS: now - 1e9, Name: "w"}
	e := json.Format{Timestamps: json.ISO8601, Streaming: true, System: `a "b"`}.New(rec.Schema(), 0)
	e.SetClock(&now)
	for _, want := range []string{
		`{"_path":"weird","_system_name":"a \"b\"","_write_ts":"2011-11-03T14:15:57.771755Z","ts":"2011-11-03T14:15:56.771755Z","name":"w",`,
		`{"_path":"weird","_system_name":"a \"b\"","_write_ts":"2011-11-03T14:16:07.771755Z","ts":"2011-11-03T14:15:56.771755Z","name":"w",`,
	} {
		if got := string(e.Append(nil, rec)); !strings.HasPrefix(got, want) || !stdjson.Valid([]byte(got)) {
			t.Errorf("got %s, want %s...", got, want)
		}
		now += 10e9
	}
	if got := string(json.Format{Streaming: true}.New(rec.Schema(), 0).Append(nil, rec)); !strings.HasPrefix(got, `{"_path":"weird","_write_ts":0.0,`) {
		t.Errorf("without a system: %s", got)
	}
}
