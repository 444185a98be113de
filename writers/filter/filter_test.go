package filter_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/filter"
)

func conn() *schemas.Conn {
	c := testlog.Conn()
	c.LocalResp = value.Opt[bool]{}
	c.TunnelParents = value.Set[string]{"CTunnel1", "CTunnel2"}
	return c
}

// TestMatch uses a record with duration 15.161267, resp_bytes 376 and service http, but
// without local_resp.
func TestMatch(t *testing.T) {
	bare := conn()
	bare.Duration, bare.RespBytes, bare.Service, bare.TunnelParents = value.Opt[value.Interval]{}, value.Opt[uint64]{}, value.Opt[string]{}, nil
	for _, tt := range []struct {
		source string
		// conn and bare are the results for the record, and for one in which duration,
		// resp_bytes, service and tunnel_parents are also unset.
		conn, bare bool
	}{
		{"true", true, true},
		{"duration > 15 && resp_bytes > 1e2", true, false},
		{"duration > 60 && resp_bytes > 1e6", false, false},
		{"duration > 60 || id.resp_p == 80", true, true},
		{"duration <= 60", true, false},
		{"not (duration > 60)", true, true},
		{"duration == nil", false, true},
		{"duration != nil", true, false},
		{"nil == duration", false, true},
		{"(duration ?? 0) < 60", true, true},
		{"(duration == nil) || duration > 15", true, true},
		{"orig_bytes + resp_bytes == 1276", true, false},
		{"resp_bytes / orig_bytes < 1", true, false},
		{"service == 'http'", true, false},
		{"service != 'http'", false, false},
		{"!(service == 'http')", false, true},
		{"service in ['http', 'ssl']", true, false},
		{"not (service in ['dns'])", true, true},
		{"service not in ['dns']", true, true},
		{"proto == 'tcp'", true, true},
		{"id.orig_h == '10.0.2.15'", true, true},
		{"id.orig_h == '::ffff:10.0.2.15'", true, true},
		{"id.orig_h in ['10.0.2.14', '10.0.2.15']", true, true},
		{"cidr(id.orig_h, '10.0.0.0/8')", true, true},
		{"cidr(id.orig_h, '192.0.2.0/24', '10.0.2.0/24')", true, true},
		{"cidr(id.orig_h, '192.0.2.0/24')", false, false},
		{"not cidr(id.resp_h, '192.150.0.0/16')", false, false},
		{"cidr(id.orig_h, uid == 'x' ? '192.0.2.0/24' : '10.0.0.0/8')", true, true},
		{"local_orig", true, true},
		{"not local_orig", false, false},
		{"local_orig and proto == 'tcp'", true, true},
		{"local_resp", false, false},
		{"not local_resp", true, true},
		{"local_resp == false", false, false},
		{"local_resp || local_orig", true, true},
		{"local_resp ? false : true", true, true},
		{"history matches '^S.*D'", true, true},
		{"service startsWith 'ht' and service endsWith 'p' and service contains 'tt'", true, false},
		{"'CTunnel2' in tunnel_parents", true, false},
		{"len(tunnel_parents) == 2", true, false},
		{"any(tunnel_parents, # contains '1')", true, false},
		{"all(tunnel_parents, # == uid)", false, false},
		{"tunnel_parents == nil", false, true},
		{"ts > 1.3e9 and ts < 1320329757.78", true, true},
		{"ip_proto == 6 and id.resp_p in 1..1023", true, true},
		{"let total = orig_bytes + (resp_bytes ?? 0); total >= 900", true, true},
	} {
		p, err := filter.Compile(tt.source, &schemas.ConnSchema, 0)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		e := p.Evaluator()
		for range 2 { // an evaluator must not keep anything from the record before
			if got, err := e.Match(conn()); err != nil || got != tt.conn {
				t.Errorf("%s: %v, %v", tt.source, got, err)
			}
			if got, err := e.Match(bare); err != nil || got != tt.bare {
				t.Errorf("%s without the columns: %v, %v", tt.source, got, err)
			}
		}
	}
}

func TestTypes(t *testing.T) {
	s := &schemas.Schema{Name: "test", Fields: []schemas.Field{
		{Name: "bools", Kind: schemas.KindBool, Container: schemas.VectorOf},
		{Name: "counts", Kind: schemas.KindCount, Container: schemas.VectorOf},
		{Name: "intervals", Kind: schemas.KindInterval, Container: schemas.VectorOf},
		{Name: "addrs", Kind: schemas.KindAddr, Container: schemas.SetOf},
		{Name: "net", Kind: schemas.KindSubnet},
		{Name: "big", Kind: schemas.KindCount},
		{Name: "neg", Kind: schemas.KindInt},
		{Name: "d", Kind: schemas.KindDouble},
	}}
	rec := record{s}
	for _, source := range []string{
		"bools[0] && !bools[1]", "sum(counts) == 3", "intervals[1] > 1.4", "'2001:db8::1' in addrs", "len(addrs) == 2",
		"net == '10.0.0.0/8'", "big > 9e18", "neg == -5", "d == 0.25",
	} {
		p, err := filter.Compile(source, s, 0)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if ok, err := p.Evaluator().Match(rec); err != nil || !ok {
			t.Errorf("%s: %v, %v", source, ok, err)
		}
	}
	p, err := filter.Compile("counts[7] == 1", s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Evaluator().Match(rec); err == nil || ok {
		t.Errorf("an index out of range: %v, %v", ok, err)
	}
}

type record struct{ s *schemas.Schema }

func (r record) Schema() *schemas.Schema { return r.s }

func (record) Encode(s schemas.Sink) {
	s.Begin(schemas.VectorOf, 2)
	s.Bool(true)
	s.Bool(false)
	s.End()
	s.Begin(schemas.VectorOf, 2)
	s.Count(1)
	s.Count(2)
	s.End()
	s.Begin(schemas.VectorOf, 2)
	s.Interval(1)
	s.Interval(1.5)
	s.End()
	s.Begin(schemas.SetOf, 2)
	s.Addr(netip.MustParseAddr("2001:db8::1"))
	s.Addr(netip.MustParseAddr("192.0.2.1"))
	s.End()
	s.Subnet(netip.MustParsePrefix("10.0.0.0/8"))
	s.Count(1<<64 - 1)
	s.Int(-5)
	s.Double(0.25)
}

func TestBudget(t *testing.T) {
	p, err := filter.Compile("len(map(1..2000, map(1..2000, #))) > 0", &schemas.ConnSchema, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Evaluator().Match(conn()); ok || !errors.Is(err, filter.ErrBudget) {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestErrors(t *testing.T) {
	for source, want := range map[string]string{
		"":                             "empty",
		"duraton > 60":                 `no column "duraton"; did you mean duration?`,
		"id.orig_hh == '10.0.0.1'":     `no column "id.orig_hh"`,
		"id == 1":                      `no column "id"`,
		"duration":                     "bool",
		"duration > 'x'":               "mismatched types",
		"duration >":                   "unexpected token",
		"service > 5":                  "mismatched types",
		"cidr(id.orig_h, '10.0.0.0')":  "not a network",
		"cidr(duration, '10.0.0.0/8')": "cidr",
		"id.orig_h == 'host'":          "not an address",
		"id.orig_h in ['10.0.0.0/8']":  "for networks there is cidr",
		"community_id == 'x'":          "no column",
		"now() > ts":                   "now",
		"ts > 1\n&& nothing":           `no column "nothing"`,
	} {
		_, err := filter.Compile(source, &schemas.ConnSchema, 0)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", source, err, want)
		}
	}
	if _, err := filter.Compile("community_id != nil", &schemas.ConnSchema, schemas.GroupCommunityID); err != nil {
		t.Errorf("an optional column that is wanted: %v", err)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, err := filter.Compile("duration > 60 && resp_bytes > 1e6 || cidr(id.orig_h, '192.168.0.0/16')", &schemas.ConnSchema, 0)
	if err != nil {
		b.Fatal(err)
	}
	e, rec := p.Evaluator(), conn()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Match(rec); err != nil {
			b.Fatal(err)
		}
	}
}
