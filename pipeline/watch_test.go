package pipeline

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// stonesCapture has logins between many pairs of hosts, which are passed on shortly
// afterwards, and packets of unknown protocols between them.
func stonesCapture(t *testing.T) string {
	w := newPcap(packet.LinkRaw)
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 2, byte(i >> 8), byte(i)}) }
	us := int64(1_700_000_000e6)
	type session struct {
		src, dst netip.AddrPort
		seq, ack uint32
	}
	var open []*session
	for i := range 120 {
		s := &session{netip.AddrPortFrom(host(i), 40_000), netip.AddrPortFrom(host(i+1), []uint16{22, 23, 513}[i%3]), 1, 1}
		open = append(open, s)
		send := func(from, to netip.AddrPort, flags string, seq, ack uint32) {
			s := testconn.Segment{Src: from, Dst: to, Flags: flags, Seq: seq, Ack: ack, Window: 8192}
			w.add(us, s.Bytes())
			us += 100
		}
		send(s.src, s.dst, "S", 0, 0)
		send(s.dst, s.src, "SA", 0, 1)
		send(s.src, s.dst, "A", 1, 1)
	}
	for round := range 40 {
		us += 700_000
		for i := range 8 {
			s := open[(round*3+i)%len(open)]
			seg := testconn.Segment{Src: s.src, Dst: s.dst, Flags: "PA", Seq: s.seq, Ack: s.ack, Window: 8192, Data: []byte("ls\n")}
			w.add(us, seg.Bytes())
			us += 15_000
			s.seq += 3
			seg = testconn.Segment{Src: s.dst, Dst: s.src, Flags: "PA", Seq: s.ack, Ack: s.seq, Window: 8192, Data: []byte("ls\r\n")}
			w.add(us, seg.Bytes())
			us += 5_000
			s.ack += 4
			w.add(us, testconn.IP(132, host(round), host(i), []byte("0123456789abcdef")))
		}
		if s := open[round]; round%2 == 0 {
			seg := testconn.Segment{Src: s.src, Dst: s.dst, Flags: "RA", Seq: s.seq, Ack: s.ack}
			w.add(us, seg.Bytes())
		}
	}
	path := filepath.Join(t.TempDir(), "stones.pcap")
	if err := os.WriteFile(path, w.b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func count(lines, name string) int { return strings.Count(lines, `"event":"`+name+`"`) }

// The events of SteppingStone, and the sampling of unknown_protocol, do not depend on which
// shard sees which connection.
func TestWatchersOnShards(t *testing.T) {
	path := stonesCapture(t)
	all := func(o *Options) { o.Dissect.Analyzers = []string{"all"} }
	sameForShards(t, "stones", []string{path}, []int{2, 3, 8}, all)
	few := func(o *Options) {
		all(o)
		o.Dissect.Watch.Sides, o.Dissect.Watch.Recent, o.Dissect.Watch.Pairs = 60, 3, 5
	}
	sameForShards(t, "few stones", []string{path}, []int{3}, few)
	out := runOn(t, []string{path}, all)
	events := out.files["events.jsonl"]
	for name, least := range map[string]int{
		"stp_create_endp": 240, "stp_resume_endp": 200, "stp_correlate_pair": 200, "stp_remove_pair": 20, "stp_remove_endp": 200,
		"backdoor_stats": 120, "backdoor_remove_conn": 120, "interconn_stats": 120, "interconn_remove_conn": 120,
	} {
		if n := count(events, name); n < least {
			t.Errorf("%d events %s, want at least %d", n, name, least)
		}
	}
	if n := count(events, "unknown_protocol"); n != 3 {
		t.Errorf("%d events unknown_protocol, want 3", n)
	}
	out = runOn(t, []string{path}, func(o *Options) { o.UnknownProtocols.Rate = 10 })
	if n := count(out.files["events.jsonl"], "unknown_protocol"); n < 20 || n > 40 {
		t.Errorf("%d events unknown_protocol, want about one in ten", n)
	}
	// Times do not go back.
	last := 0.0
	for line := range strings.Lines(out.files["events.jsonl"]) {
		var e struct{ TS float64 }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.TS < last {
			t.Fatalf("%s: %v, after %f", line, err, last)
		}
		last = e.TS
	}
	out = runOn(t, []string{path}, few)
	for _, name := range []string{"endpoints", "recent", "pairs"} {
		if !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool { return d.Unit == UnitState && d.Reason == name && !d.Lost }) {
			t.Errorf("limit %s is not in %+v", name, out.summary.Dropped)
		}
	}
}

// The event stream alone does not attach the watchers; a name or a listener does.
func TestWatchersOnRequest(t *testing.T) {
	path := stonesCapture(t)
	out := runOn(t, []string{path}, nil)
	for _, name := range []string{"stp_create_endp", "backdoor_stats", "interconn_stats"} {
		if n := count(out.files["events.jsonl"], name); n > 0 {
			t.Errorf("%d events %s without a request", n, name)
		}
	}
	for _, shards := range []int{1, 3} {
		var mu sync.Mutex
		heard := map[string]int{}
		o := Defaults()
		o.Paths, o.OutputDir, o.Shards, o.Seed = []string{path}, t.TempDir(), shards, "test"
		o.Extend = func(x *Extension) error {
			hear := func(name string) {
				mu.Lock()
				defer mu.Unlock()
				heard[name]++
			}
			x.Hooks.SteppingStone.STPCorrelatePair.Listen(func(*event.STPCorrelatePair) { hear("pair") })
			x.Hooks.SteppingStone.STPCreateEndp.Listen(func(e *event.STPCreateEndp) {
				uid := e.Conn.UID()
				if id := e.Conn.ID(); id.OrigP == 40_000 && !uid.IsZero() {
					hear("create")
				}
			})
			x.Hooks.BackDoor.BackdoorRemoveConn.Listen(func(*event.BackdoorRemoveConn) { hear("backdoor") })
			return nil
		}
		if _, err := Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if heard["backdoor"] < 120 || heard["create"] != 2*heard["backdoor"] || heard["pair"] < 200 {
			t.Errorf("%d shards: heard %v", shards, heard)
		}
	}
}

// A listener that panics behind the merge is contained.
func TestPanicBehindTheMerge(t *testing.T) {
	quietly(t)
	o := Defaults()
	o.Paths, o.OutputDir, o.Shards = []string{stonesCapture(t)}, t.TempDir(), 2
	o.Extend = func(x *Extension) error {
		x.Hooks.SteppingStone.STPResumeEndp.Listen(func(*event.STPResumeEndp) { panic("no") })
		return nil
	}
	s, err := Run(t.Context(), o)
	if err != nil || len(s.Panics) != 1 || s.Panics[0].Count < 200 {
		t.Errorf("%v, %+v", err, s.Panics)
	}
}

// Patterns whose events nobody raises are told.
func TestUnraisedEventsAreTold(t *testing.T) {
	for _, c := range []struct {
		patterns, analyzers []string
		want                string
	}{
		{[]string{"backdoor_*"}, nil, "backdoor_*: no analyzer of the events is attached: --analyzers +backdoor attaches it"},
		{[]string{"stp_*", "dns_*"}, nil, "stp_*: no analyzer of the events is attached: --analyzers +steppingstone attaches it"},
		{[]string{"stp_*"}, []string{"+steppingstone"}, ""},
		{[]string{"*"}, nil, ""},
	} {
		var notices []string
		out := runOn(t, []string{"../testdata/dns.pcap"}, func(o *Options) {
			o.EventNames, o.Dissect.Analyzers = c.patterns, c.analyzers
			o.Notice = func(m string) {
				if strings.Contains(m, "of the events") {
					notices = append(notices, m)
				}
			}
		})
		if out.err != nil || strings.Join(notices, "; ") != c.want {
			t.Errorf("%v: %v, told %q, want %q", c.patterns, out.err, notices, c.want)
		}
	}
}
