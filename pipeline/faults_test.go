package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// The case numbers refer to the list of faults in docs/faults.md.

// runBytes runs on a capture in memory.
func runBytes(t testing.TB, file []byte, change func(*Options)) outcome {
	t.Helper()
	return runOn(t, []string{"-"}, func(o *Options) {
		o.Stdin = bytes.NewReader(file)
		if change != nil {
			change(o)
		}
	})
}

// TestDamagedFiles is cases 1 to 3: the packets before the damage are logged, and
// the damage is reported with file and offset.
func TestDamagedFiles(t *testing.T) {
	for _, c := range []struct {
		file    string
		packets uint64
		conns   int
		damage  string
	}{
		{"damaged-block0.pcapng", 7, 3, "offset 808"},
		{"damaged-cut-header.pcap", 12, 3, "offset 1016"},
		{"damaged-cut.pcap", 12, 3, "offset 1016"},
		{"damaged-cut.pcap.gz", 10, 3, "offset 846"},
		{"damaged-cut.pcapng", 7, 3, "offset 808"},
		{"damaged-empty.pcap", 0, 0, "offset 0"},
		{"damaged-huge.pcap", 12, 3, "offset 1016"},
		{"damaged-longer.pcap", 32, 6, ""},
		{"damaged-magic.pcap", 0, 0, "offset 0"},
		{"damaged-nointerface.pcapng", 0, 0, "offset 52"},
		{"damaged-none.pcap", 0, 0, ""},
		{"damaged-resolution.pcapng", 0, 0, "offset 52"},
		{"damaged-zero.pcap", 33, 6, ""},
	} {
		for _, shards := range []int{1, 3} {
			path := "../testdata/" + c.file
			out := runOn(t, []string{path}, func(o *Options) { o.Shards = shards })
			if out.err != nil {
				t.Errorf("%s: %v", c.file, out.err)
			}
			if out.summary.Packets != c.packets || len(out.rows("conn")) != c.conns {
				t.Errorf("%s: %d packets, %d connections", c.file, out.summary.Packets, len(out.rows("conn")))
			}
			switch d := out.summary.Damage; {
			case c.damage == "":
				if len(d) != 0 || out.summary.Lost() {
					t.Errorf("%s: %q", c.file, d)
				}
			case len(d) != 1 || !strings.HasPrefix(d[0], path) || !strings.Contains(d[0], c.damage) || !out.summary.Lost():
				t.Errorf("%s: damage %q", c.file, d)
			}
			if c.conns == 0 && len(out.files) != 1 {
				t.Errorf("%s: there are logs without rows", c.file)
			}
		}
	}
	// The other captures of the run are still read.
	out := runOn(t, []string{"../testdata/damaged-magic.pcap", "../testdata/tiny.pcap"}, nil)
	if len(out.rows("conn")) != 6 || len(out.summary.Damage) != 1 || out.summary.Files != 2 {
		t.Errorf("%+v", out.summary)
	}
}

var (
	client = netip.MustParseAddrPort("192.0.2.1:40000")
	server = netip.MustParseAddrPort("198.51.100.2:9999")
)

const start = 1_700_000_000e6 // microseconds

// TestTimeJumps is case 4.
func TestTimeJumps(t *testing.T) {
	year := int64(365 * 24 * 3600e6)
	datagram := testconn.UDP(client, server, []byte("data"))
	other := testconn.UDP(netip.AddrPortFrom(client.Addr(), 5), server, nil)
	capture := func(times ...int64) []byte {
		w := newPcap(packet.LinkRaw)
		w.add(start, datagram)
		for _, us := range times {
			w.add(start+us, other)
		}
		w.add(start+2e6, datagram)
		return w.b
	}
	for _, c := range []struct {
		name  string
		times []int64
		want  ClockCounts
	}{
		{"one far ahead", []int64{1e6, 30 * year, 1e6}, ClockCounts{JumpsHeld: 1}},
		{"several far ahead, none near another", []int64{30 * year, 40 * year, 50 * year, 1e6}, ClockCounts{JumpsHeld: 3}},
		{"one far back", []int64{1e6, -3 * year, 1e6}, ClockCounts{Backwards: 1}},
		{"to and fro", []int64{1e6, -3 * year, 30 * year, -1e6, 1e6}, ClockCounts{Backwards: 2, JumpsHeld: 1}},
		{"still", slices.Repeat([]int64{0}, 1000), ClockCounts{}},
	} {
		for _, shards := range []int{1, 2} {
			out := runBytes(t, capture(c.times...), func(o *Options) { o.Shards = shards })
			n := 0
			for _, row := range out.rows("conn") {
				f := strings.Split(row, "\t")
				if f[3] == "40000" {
					n++
					if f[8] != "2.000000" || f[16] != "2" {
						t.Errorf("%s: %s", c.name, row)
					}
				}
			}
			if n != 1 {
				t.Errorf("%s: the connection beside the jump has %d rows", c.name, n)
			}
			if out.summary.Clock != c.want {
				t.Errorf("%s: %+v, not %+v", c.name, out.summary.Clock, c.want)
			}
		}
	}
	// A jump that other packets confirm counts: the connection is over.
	out := runBytes(t, append(capture(year, year+1e6), capture(2 * year)[24:]...), nil)
	if out.summary.Clock.Jumps == 0 {
		t.Errorf("%+v", out.summary.Clock)
	}
}

// TestEveryHeaderCut is case 5: packets of every kind, cut at every byte.
func TestEveryHeaderCut(t *testing.T) {
	skipIfOneGoroutine(t)
	for _, name := range []string{"vlan-qinq", "mpls", "pppoe", "cooked", "gre", "erspan", "ipip", "vxlan", "geneve", "gtp", "teredo", "fragments", "udp"} {
		list, link := load(t, "../testdata/"+name+".pcap")
		kinds := map[int]bool{}
		w := newPcap(link)
		for _, p := range list {
			if kinds[p.wire] {
				continue
			}
			kinds[p.wire] = true
			for n := range min(len(p.data), 200) {
				w.addCut(p.us, p.data[:n], p.wire)
				w.addCut(p.us, p.data[:n], n) // its length on the wire is wrong too
			}
		}
		out := runBytes(t, w.b, func(o *Options) { o.Dissect.Packet.IgnoreChecksums = true })
		if out.err != nil {
			t.Errorf("%s: %v", name, out.err)
		}
	}
}

// TestNesting is case 6: the depth is bounded, and a weird reports it.
func TestNesting(t *testing.T) {
	nest := func(inner []byte, wrap func([]byte) []byte) []byte {
		for range 1000 {
			if p := wrap(inner); len(p) < 65536 {
				inner = p
			}
		}
		return inner
	}
	udp := testconn.UDP(client, server, []byte("data"))
	vlan := nest(append([]byte{8, 0}, udp...), func(p []byte) []byte { return append([]byte{0x81, 0, 0, 1}, p...) })
	for _, c := range []struct {
		name  string
		link  packet.LinkType
		data  []byte
		weird string
	}{
		{"VLAN", packet.LinkEthernet, append(make([]byte, 12), vlan...), "max_packet_analyzer_depth_exceeded"},
		{"IP in IP", packet.LinkRaw, nest(udp, func(p []byte) []byte {
			return testconn.IP(packet.ProtoIPv4, client.Addr(), server.Addr(), p)
		}), "exceeded_tunnel_max_depth"},
		{"GRE", packet.LinkRaw, nest(udp, func(p []byte) []byte {
			return testconn.IP(packet.ProtoGRE, client.Addr(), server.Addr(), append([]byte{0, 0, 8, 0}, p...))
		}), "exceeded_tunnel_max_depth"},
		{"extension headers", packet.LinkRaw, func() []byte {
			const dstOpts = 60 // IPv6 destination options
			p := testconn.IP(dstOpts, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), nil)
			for range 1000 {
				p = append(p, dstOpts, 0, 1, 4, 0, 0, 0, 0)
			}
			p[4], p[5] = byte((len(p)-40)>>8), byte(len(p)-40)
			return p
		}(), "max_ipv6_ext_headers_exceeded"},
	} {
		w := newPcap(c.link)
		w.add(start, c.data)
		out := runBytes(t, w.b, nil)
		if rows := strings.Join(out.rows("weird"), "\n"); !strings.Contains(rows, c.weird) {
			t.Errorf("%s: %q %+v", c.name, rows, out.summary)
		}
	}
}

// TestFragments is case 7.
func TestFragments(t *testing.T) {
	whole := testconn.UDP(client, server, testconn.Bytes(0, 3000))
	body := whole[20:]
	fragment := func(id, from, to int, more bool, fill byte) []byte {
		p := testconn.IP(packet.ProtoUDP, client.Addr(), server.Addr(), bytes.Clone(body[from:to]))
		if fill != 0 {
			for i := range p[20:] {
				p[20+i] = fill
			}
		}
		p[4], p[5] = byte(id>>8), byte(id)
		p[6], p[7] = byte(from/8>>8), byte(from/8)
		if more {
			p[6] |= 0x20
		}
		p[10], p[11] = 0, 0
		sum := packet.Checksum(p[:20])
		p[10], p[11] = byte(sum>>8), byte(sum)
		return p
	}
	end := len(body)
	for _, c := range []struct {
		name   string
		frames [][]byte
		size   string // orig_ip_bytes of the only connection, "" for any value
		weird  string
	}{
		{"in order", [][]byte{fragment(1, 0, 1480, true, 0), fragment(1, 1480, end, false, 0)}, "3028", ""},
		{"last first", [][]byte{fragment(1, 1480, end, false, 0), fragment(1, 0, 1480, true, 0)}, "3028", ""},
		{"overlap, the first wins", [][]byte{fragment(1, 0, 1480, true, 0), fragment(1, 800, 2000, true, 'x'), fragment(1, 1480, end, false, 0)}, "", "fragment_inconsistency"},
		{"teardrop", [][]byte{fragment(1, 0, 1480, true, 0), fragment(1, 24, 28, false, 0)}, "", "fragment_size_inconsistency"},
		{"over 64 KB", [][]byte{fragment(1, 0, 1480, true, 0), func() []byte {
			p := fragment(1, 0, 1480, false, 0)
			p[6], p[7] = 0x1f, 0xff
			p[10], p[11] = 0, 0
			sum := packet.Checksum(p[:20])
			p[10], p[11] = byte(sum>>8), byte(sum)
			return p
		}()}, "", ""},
		{"never complete", [][]byte{fragment(1, 0, 1480, true, 0)}, "", ""},
	} {
		w := newPcap(packet.LinkRaw)
		for i, f := range c.frames {
			w.add(start+int64(i), f)
		}
		out := runBytes(t, w.b, nil)
		rows := out.rows("conn")
		if c.size != "" && (len(rows) != 1 || strings.Split(rows[0], "\t")[17] != c.size) {
			t.Errorf("%s: %q", c.name, rows)
		}
		if weird := strings.Join(out.rows("weird"), "\n"); !strings.Contains(weird, c.weird) {
			t.Errorf("%s: weird %q", c.name, weird)
		}
	}
	// With more datagrams than may be held, the oldest are dropped and counted.
	w := newPcap(packet.LinkRaw)
	for i := range 3000 {
		w.add(start+int64(i), fragment(i, 0, 1480, true, 0))
	}
	out := runBytes(t, w.b, func(o *Options) { o.Dissect.Packet.FragmentDatagrams = 100 })
	if !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool {
		return d.Where == "fragments" && d.Reason == "limit" && d.Count == 2900 && d.Lost
	}) {
		t.Errorf("%+v", out.summary.Dropped)
	}
}

// TestLyingLengths is case 25: headers promise gigabytes, and nothing is allocated
// on their word.
func TestLyingLengths(t *testing.T) {
	dir := t.TempDir()
	w := newPcap(packet.LinkRaw)
	p := testconn.UDP(client, server, []byte("data"))
	w.addCut(start, p, 1<<31-1)
	p = bytes.Clone(p)
	p[2], p[3] = 0xff, 0xff // total length
	w.addCut(start, p, 1<<31-1)
	p = bytes.Clone(p)
	p[24], p[25] = 0xff, 0xff // of the datagram
	w.add(start, p)
	s := testconn.Segment{Src: client, Dst: server, Flags: "A", Seq: 1, Data: []byte("x")}
	w.addCut(start, s.Bytes(), 1<<31-1)
	s.Seq = 1 << 31
	w.add(start, s.Bytes())
	survive(t, "lying lengths", dir, w.b)
}

// TestHalfOpenFlood is a small case 8: the connections are bounded, and each has a row.
func TestHalfOpenFlood(t *testing.T) {
	const n, limit = 20_000, 1000
	w := newPcap(packet.LinkRaw)
	established := testconn.Segment{Src: client, Dst: server, Flags: "S", Seq: 1}
	w.add(start, established.Bytes())
	answer := testconn.Segment{Src: server, Dst: client, Flags: "SA", Seq: 5, Ack: 2}
	w.add(start, answer.Bytes())
	for i := range n {
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(i))
		syn := testconn.Segment{Src: src, Dst: server, Flags: "S", Seq: uint32(i)}
		w.add(start+int64(i), syn.Bytes())
	}
	fin := testconn.Segment{Src: client, Dst: server, Flags: "FA", Seq: 2, Ack: 6}
	w.add(start+n, fin.Bytes())
	out := runBytes(t, w.b, func(o *Options) { o.Dissect.Conn.Connections = limit })
	rows := out.rows("conn")
	if len(rows) != n+1 {
		t.Errorf("%d rows for %d connections", len(rows), n+1)
	}
	if !slices.ContainsFunc(rows, func(r string) bool {
		return strings.Contains(r, "\t40000\t") && strings.Contains(r, "\tS2\t")
	}) {
		t.Error("the connection that was answered did not outlive the flood")
	}
	if !slices.ContainsFunc(out.summary.Dropped, func(d Drop) bool { return d.Where == "connections" && d.Count == n+1-limit }) {
		t.Errorf("%+v", out.summary.Dropped)
	}
}

// cancelling cancels a run after a number of bytes has been read.
type cancelling struct {
	r      io.Reader
	left   int
	cancel context.CancelFunc
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(len(p), 64<<10)])
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

// TestCancelled checks that an interrupted run ends in order: what was read has
// its rows, and the sums are right.
func TestCancelled(t *testing.T) {
	file := synthetic(1, 40_000)
	all := runBytes(t, file, nil)
	for _, shards := range []int{1, 3} {
		for _, part := range []int{0, len(file) / 4, len(file)} {
			ctx, cancel := context.WithCancel(t.Context())
			if part == 0 {
				cancel()
			}
			dir := t.TempDir()
			o := Defaults()
			o.Paths, o.Stdin = []string{"-"}, &cancelling{bytes.NewReader(file), part, cancel}
			o.OutputDir, o.Shards, o.Seed = dir, shards, "test"
			o.OpenTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			s, err := Run(ctx, o)
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			checkSummary(t, &s)
			if part < len(file) && s.Packets >= all.summary.Packets {
				t.Errorf("all of %d packets were read", s.Packets)
			}
			if part == 0 {
				if s.Packets != 0 {
					t.Errorf("%d packets were read", s.Packets)
				}
				continue
			}
			log, err := os.ReadFile(filepath.Join(dir, "conn.log"))
			if err != nil || !strings.Contains(string(log), "\n#close\t") {
				t.Errorf("conn.log is not finished: %v", err)
			}
			if n := strings.Count(string(log), "\n") - 9; uint64(n) != s.Connections {
				t.Errorf("%d rows for %d connections", n, s.Connections)
			}
		}
	}
}

// TestConservation checks both sums when something is dropped at every stage.
func TestConservation(t *testing.T) {
	for _, shards := range []int{1, 4} {
		// The filter has no meaning for an unknown link type.
		list := slices.DeleteFunc(testCaptures(t), func(path string) bool { return strings.Contains(path, "link") })
		out := runOn(t, list, func(o *Options) {
			o.Shards = shards
			o.Filter = "not udp port 53"
			o.Dissect.Conn.Connections = 20
			o.Dissect.Packet.FragmentDatagrams = 4
			o.Dissect.Conn.ReassemblyBytes = 4000
			o.Dissect.Conn.Weirds.Threshold, o.Dissect.Conn.Weirds.Rate = 1, 3
			o.Logs = []string{"conn", "weird"}
		})
		if out.err != nil {
			t.Fatal(out.err)
		}
		places := map[string]bool{}
		for _, d := range out.summary.Dropped {
			places[string(d.Unit)+" "+d.Where+" "+d.Reason] = true
		}
		for _, want := range []string{"packet capture filter", "packet dissect bad_checksum", "state connections limit", "state fragments limit", "record weird repeated"} {
			if !places[want] {
				t.Errorf("nothing was dropped as %q: %v", want, places)
			}
		}
	}
	var s Summary
	s.Packets = 1
	if s.Check() == nil {
		t.Error("a packet that got lost is not noticed")
	}
	s = Summary{Logs: []LogCount{{Built: 2, Written: 1}}}
	if s.Check() == nil {
		t.Error("a record that got lost is not noticed")
	}
}
