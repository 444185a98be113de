package logs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// zeekLimits are Zeek's defaults.
var zeekLimits = Limits{FieldBytes: 4096, FieldElements: 100, TotalBytes: 256_000, TotalElements: 500}

// sizes records the lengths of strings and containers of the last record.
type sizes struct {
	list []int
}

func (s *sizes) On(*schemas.Schema) bool                    { return true }
func (s *sizes) Emit(r schemas.Record)                      { s.list = nil; r.Encode(s) }
func (s *sizes) EmitGated(r schemas.Record, _ schemas.Gate) { s.Emit(r) }
func (s *sizes) Groups() schemas.Groups                     { return 0 }
func (s *sizes) Unset()                                     {}
func (s *sizes) Bool(bool)                                  {}
func (s *sizes) Count(uint64)                               {}
func (s *sizes) Int(int64)                                  {}
func (s *sizes) Double(float64)                             {}
func (s *sizes) Time(value.Time)                            {}
func (s *sizes) Interval(float64)                           {}
func (s *sizes) String(v string)                            { s.list = append(s.list, len(v)) }
func (s *sizes) Enum(v string)                              {}
func (s *sizes) Addr(netip.Addr)                            {}
func (s *sizes) Subnet(netip.Prefix)                        {}
func (s *sizes) Port(uint16)                                {}
func (s *sizes) Begin(_ schemas.Container, n int)           { s.list = append(s.list, -n) }
func (s *sizes) End()                                       {}

func TestLimits(t *testing.T) {
	long := strings.Repeat("x", 5000)
	many := func(n, size int) value.Vector[string] {
		return slices.Repeat([]string{strings.Repeat("x", size)}, n)
	}
	repeat := func(v, n int) []int { return slices.Repeat([]int{v}, n) }
	for _, tt := range []struct {
		name   string
		rec    schemas.Record
		want   []int // lengths of strings, and of containers as negative numbers
		weirds string
	}{
		{"small", &schemas.Weird{Name: "w", Peer: "zeek"}, []int{1, 4}, ""},
		{"at the limit", &schemas.Weird{Name: long[:4096], Peer: "zeek"}, []int{4096, 4}, ""},
		{"a string", &schemas.Weird{Name: long, Peer: "zeek"}, []int{4096, 4}, "log_string_field_truncated Weird::LOG,"},
		{"two strings", &schemas.Weird{Name: long, Addl: value.Some(long), Peer: "zeek"}, []int{4096, 4096, 4},
			strings.Repeat("log_string_field_truncated Weird::LOG,", 2)},
		{"many elements", &schemas.Conn{UID: "C", TunnelParents: value.Set[string](many(101, 3))},
			append([]int{1, -100}, repeat(3, 100)...), "log_container_field_truncated Conn::LOG,"},
		{"long elements", &schemas.Conn{UID: "C", TunnelParents: value.Set[string](many(2, 4097))},
			[]int{1, -2, 4096, 4096}, strings.Repeat("log_string_field_truncated Conn::LOG,", 2)},
		{"in all", &schemas.Conn{UID: "C", TunnelParents: value.Set[string](many(70, 4096))},
			slices.Concat([]int{1, -70}, repeat(4096, 62), []int{256_000 - 62*4096 - 1}, repeat(0, 7)),
			strings.Repeat("log_string_field_truncated Conn::LOG,", 8)},
		{"certificates have many names", &schemas.X509{SAN: schemas.X509AlternativeNames{DNS: many(501, 1)}},
			append([]int{0, 0, 0, 0, 0, 0, -500}, repeat(1, 500)...), "log_container_field_truncated X509::LOG,"},
		{"a URI is long", &schemas.HTTP{UID: "C", URI: value.Some(long)}, []int{1, 5000}, ""},
	} {
		var h event.Hooks
		weirds := ""
		h.Weird.Net.Listen(func(e *event.NetWeird) { weirds += fmt.Sprintf("%s %s,", e.Name, e.Addl) })
		out := new(sizes)
		e := newLimiter(out, &h, zeekLimits)
		for range 2 {
			weirds = ""
			e.EmitGated(tt.rec, schemas.Gate{})
			got := slices.DeleteFunc(out.list, func(n int) bool { return tt.name == "a URI is long" && n == 0 })
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
			if weirds != tt.weirds {
				t.Errorf("%s: weirds %s", tt.name, weirds)
			}
		}
	}
}

func TestNoLimits(t *testing.T) {
	out := new(sizes)
	if newLimiter(out, new(event.Hooks), Limits{}) != schemas.Emitter(out) {
		t.Error("no limits cost something")
	}
}

func TestStreamNames(t *testing.T) {
	for log, want := range map[string]string{"conn": "Conn::LOG", "dns": "DNS::LOG", "smb_files": "SMB::FILES_LOG",
		"dce_rpc": "DCE_RPC::LOG", "x509": "X509::LOG", "analyzer": "Analyzer::Logging::LOG"} {
		if got := streamName(log); got != want {
			t.Errorf("%s: %s, want %s", log, got, want)
		}
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	out := new(sizes)
	e := newLimiter(discardEmitter{out}, new(event.Hooks), zeekLimits)
	rec := &schemas.Conn{UID: "C"}
	if n := testing.AllocsPerRun(100, func() { e.Emit(rec) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// discardEmitter discards records.
type discardEmitter struct{ schemas.Emitter }

func (discardEmitter) Emit(schemas.Record) {}
