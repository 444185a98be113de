package conn_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestTimers checks when each timer ends a connection: after more than before seconds
// since its last packet, and at most after.
func TestTimers(t *testing.T) {
	for _, c := range []struct {
		name, script  string
		before, after float64
		event         string // that comes with the end
	}{
		{"attempt (tcp_attempt_delay)", "> S 100", 4.9, 5.1, "attempt"},
		{"attempt with SYN-ACK", "> SA 100 1", 4.9, 5.1, "attempt"},
		{"refused (tcp_close_delay)", "> S 100; < RA 0 101", 4.9, 5.1, "timeout"},
		{"closed (tcp_close_delay)", open + "> FA 101 501; < FA 501 102; > A 102 502", 4.9, 5.1, "timeout"},
		{"reset (tcp_close_delay)", open + "> R 101", 4.9, 5.1, "timeout"},
		{"SYN and RST", "> S 100; > R 101", 4.9, 5.1, "timeout"},
		{"half closed (tcp_inactivity_timeout)", open + "> FA 101 501; < A 501 102", 299, 301, "timeout"},
		{"idle (tcp_inactivity_timeout)", open, 299, 301, "timeout"},
		{"nothing but a handshake's middle", "< SA 500 101", 4.9, 5.1, "attempt"},
		{"partial, no close (tcp_inactivity_timeout)", "> PA 100 500 x; < PA 500 101 y", 299, 301, "timeout"},
		{"partial, closed by one side never answered", "> FA 100 500", 4.9, 5.1, "timeout"},
		{"pending data holds the close back", open + "> PA 111 501 x; > FA 112 501; < FA 501 101; > A 113 502", 5.5, 301, "timeout"},
	} {
		b, r := newBench(t, nil)
		b.Script(c.script)
		b.Advance(value.Time(c.before * 1e9))
		if len(r.conns) != 0 {
			t.Errorf("%s: over after %v seconds", c.name, c.before)
			continue
		}
		n := len(r.events)
		b.Advance(value.Time((c.after - c.before) * 1e9))
		if len(r.conns) != 1 || b.Table.Len() != 0 {
			t.Errorf("%s: not over after %v seconds", c.name, c.after)
		} else if got := strings.Join(r.events[n:], " "); got != c.event {
			t.Errorf("%s: events %s", c.name, got)
		}
	}
}

// TestInactivity checks the timeouts of protocols other than TCP, and that packets and
// listeners move them.
func TestInactivity(t *testing.T) {
	udp := func(b *testconn.Bench) { b.Packet(testconn.UDP(b.Client, b.Server, nil)) }
	for _, c := range []struct {
		name   string
		packet func(b *testconn.Bench)
		sec    int64
	}{
		{"UDP", udp, 60},
		{"ICMP", func(b *testconn.Bench) {
			b.Packet(testconn.ICMP(b.Client.Addr(), b.Server.Addr(), 8, 0, make([]byte, 8)))
		}, 60},
		{"another protocol", func(b *testconn.Bench) { b.Packet(testconn.IP(89, b.Client.Addr(), b.Server.Addr(), make([]byte, 20))) }, 60},
		{"set shorter", func(b *testconn.Bench) {
			udp(b)
			theConn(b).SetInactivityTimeout(10 * value.Second)
		}, 10},
		{"set longer", func(b *testconn.Bench) {
			udp(b)
			theConn(b).SetInactivityTimeout(5000 * value.Second)
		}, 5000},
		{"by silence, in rounds", func(b *testconn.Bench) {
			udp(b)
			theConn(b).EndAfterSilence(10 * value.Second)
		}, 10},
	} {
		b, r := newBench(t, nil)
		c.packet(b)
		b.Advance(value.Time(c.sec-1) * value.Second)
		if len(r.conns) != 0 {
			t.Errorf("%s: over too early", c.name)
		}
		b.Advance(2 * value.Second)
		if len(r.conns) != 1 {
			t.Errorf("%s: not over", c.name)
		}
	}

	b, r := newBench(t, nil)
	for range 10 {
		udp(b)
		b.Advance(59 * value.Second)
	}
	if len(r.conns) != 0 {
		t.Error("a connection with packets has timed out")
	}
	b, r = newBench(t, nil)
	udp(b)
	theConn(b).EndAfterSilence(10 * value.Second)
	b.Advance(5 * value.Second)
	udp(b)
	b.Advance(6 * value.Second)
	if len(r.conns) != 0 {
		t.Error("a packet has not prolonged EndAfterSilence")
	}
	b.Advance(20 * value.Second)
	if len(r.conns) != 1 {
		t.Error("EndAfterSilence has not ended the connection")
	}

	for packets, want := range map[int]int{1: 1, 2: 0} {
		b, r = newBench(t, nil)
		b.Hooks.UDP.Request.Listen(func(e *event.UDPRequest) {
			if c := e.Conn.(*conn.Conn); c.Orig().Packets == 0 {
				c.EndAfterSilence(10 * value.Second)
				c.NoEndAfterSilence()
			}
		})
		for range packets {
			udp(b)
		}
		b.Advance(20 * value.Second)
		if len(r.conns) != want {
			t.Errorf("NoEndAfterSilence: after %d packets and silence %d connections have ended, not %d", packets, len(r.conns), want)
		}
		b.Advance(60 * value.Second)
		if len(r.conns) != 1 {
			t.Errorf("NoEndAfterSilence: after %d packets the connection has not ended", packets)
		}
	}
}

// TestTimerOrder ends many connections at once. Their order is that of the deadlines,
// then of the first packets, wherever they are in the wheel, and however far the clock goes at a time.
func TestTimerOrder(t *testing.T) {
	for _, step := range []int{2000, 30_000, 5_000_000} {
		t.Run(strconv.Itoa(step), func(t *testing.T) { testTimerOrder(t, step) })
	}
}

func testTimerOrder(t *testing.T, step int) {
	rng := rand.New(rand.NewPCG(1, 1))
	cfg := testconn.Config()
	b := testconn.New(t, cfg)
	type end struct {
		at    value.Time
		first uint64
	}
	var got, want []end
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		got = append(got, end{b.Table.Now(), e.Conn.FirstPacket()})
	})
	for i := range 3000 {
		b.Now += value.Time(rng.IntN(3)) * 1e8
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 1)
		r, _ := b.Packet(testconn.UDP(src, b.Server, nil))
		silence := []value.Time{value.Second, 7 * value.Second, 60 * value.Second, 4000 * value.Second, 9000 * value.Second}[rng.IntN(5)]
		r.Conn.SetInactivityTimeout(silence)
		want = append(want, end{b.Now + silence, b.Num})
	}
	for b.Table.Len() > 0 {
		b.Advance(value.Time(rng.IntN(step)) * value.Second)
	}
	slices.SortStableFunc(want, func(x, y end) int {
		if x.at != y.at {
			return int((x.at - y.at) / 1e6)
		}
		return int(x.first) - int(y.first)
	})
	if !slices.Equal(got, want) {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("end %d: %+v, not %+v", i, got[i], want[i])
			}
		}
	}
}

// jump is the clock of a packet after a long silence.
type jump value.Time

func (j jump) At(value.Time) (value.Time, uint64) { return value.Time(j), 100 }

// TestTimersInTurn checks that a later timer of a connection waits for earlier ones of
// others, even if the clock reaches both at once.
func TestTimersInTurn(t *testing.T) {
	const open = "> S 100; < SA 500 101; > A 101 501;"
	for _, script := range []string{
		open,                               // its timer is due after five seconds
		open + "< FA 501 101; > A 101 502", // one side has closed: its timer is due after six seconds
	} {
		b := testconn.New(t, testconn.Config())
		var ended []value.Proto
		b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
			ended = append(ended, e.Conn.ID().Proto)
		})
		b.Script(script)                                // ends after five minutes
		b.Packet(testconn.UDP(b.Client, b.Server, nil)) // ends after one minute
		b.Now += 400 * value.Second
		b.Table.Advance(b.Now, jump(b.Now))
		if want := []value.Proto{value.ProtoUDP, value.ProtoTCP}; !slices.Equal(ended, want) {
			t.Errorf("%s: ended %v, not %v", script, ended, want)
		}
	}
}

// TestEviction fills a small table: the oldest half-open connection is evicted first,
// then the oldest.
func TestEviction(t *testing.T) {
	b, r := newBench(t, func(c *conn.Options) { c.Connections = 4 })
	send := func(host byte, answer bool) {
		a, z := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, host}), 1000), b.Server
		b.Packet(testconn.UDP(a, z, []byte{host}))
		if answer {
			b.Packet(testconn.UDP(z, a, nil))
		}
	}
	var gone []string
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		gone = append(gone, e.Conn.ID().OrigH.String())
	})
	send(1, true)
	send(2, false)
	send(3, true)
	send(4, false)
	send(5, true) // 2 goes
	send(6, true) // 4 goes
	send(7, true) // no half-open one is left: 1 goes
	send(8, false)
	send(9, true)
	if got := strings.Join(gone, " "); got != "10.0.0.2 10.0.0.4 10.0.0.1 10.0.0.3 10.0.0.8" {
		t.Error(got)
	}
	if st := b.Table.Stats(); st.Evicted != 5 || st.Peak != 4 || len(r.conns) != 5 {
		t.Errorf("%+v", st)
	}
}

// TestFlood is case 8: memory does not grow with millions of SYNs.
func TestFlood(t *testing.T) {
	n := 3_000_000
	if testing.Short() {
		n = 200_000
	}
	cfg := testconn.Config()
	cfg.Connections = 5000
	b := testconn.New(t, cfg)
	rows := 0
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { rows++ })
	syn := testconn.Segment{Src: b.Client, Dst: b.Server, Flags: "S"}
	p := syn.Bytes()
	cfg.Packet.IgnoreChecksums = true
	b = testconn.New(t, cfg)
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { rows++ })
	var level uint64
	for i := range n {
		p[12], p[13], p[14], p[15] = 10, byte(i>>16), byte(i>>8), byte(i)
		p[20], p[21] = byte(i>>24), byte(i>>3)
		b.Now += 1000
		b.Process(p)
		if i == 20_000 {
			level = b.Table.Memory()
		}
	}
	if got := b.Table.Memory(); got != level || b.Table.Len() != 5000 {
		t.Errorf("%d bytes and %d connections, %d bytes before", got, b.Table.Len(), level)
	}
	b.Drain()
	if rows != n {
		t.Errorf("%d rows for %d connections", rows, n)
	}
}

func TestThresholds(t *testing.T) {
	b, _ := newBench(t, nil)
	var got []string
	b.Hooks.ConnSize.ConnBytesThresholdCrossed.Listen(func(e *event.ConnBytesThresholdCrossed) {
		got = append(got, fmt.Sprintf("bytes %d %v", e.Threshold, e.IsOrig))
	})
	b.Hooks.ConnSize.ConnPacketsThresholdCrossed.Listen(func(e *event.ConnPacketsThresholdCrossed) {
		got = append(got, fmt.Sprintf("packets %d %v", e.Threshold, e.IsOrig))
	})
	r, _ := b.Packet(testconn.UDP(b.Client, b.Server, make([]byte, 72))) // 100 bytes
	c := r.Conn
	c.SetBytesThreshold(250, true)
	c.SetPacketsThreshold(2, true)
	c.SetPacketsThreshold(1, false)
	if c.BytesThreshold(true) != 250 || c.BytesThreshold(false) != 0 || c.PacketsThreshold(false) != 1 {
		t.Error("wrong thresholds")
	}
	b.Packet(testconn.UDP(b.Client, b.Server, make([]byte, 72)))
	b.Packet(testconn.UDP(b.Client, b.Server, make([]byte, 72)))
	b.Packet(testconn.UDP(b.Server, b.Client, nil))
	b.Packet(testconn.UDP(b.Server, b.Client, nil))
	if s := strings.Join(got, ", "); s != "packets 2 true, bytes 250 true, packets 1 false" {
		t.Error(s)
	}
	got = nil
	c.SetBytesThreshold(200, true) // passed already
	if s := strings.Join(got, ", "); s != "bytes 200 true" || c.BytesThreshold(true) != 0 {
		t.Error(s)
	}
}

// TestSequenceNumbers checks the counterparts of Zeek's get_orig_seq and get_resp_seq.
func TestSequenceNumbers(t *testing.T) {
	b, _ := newBench(t, nil)
	b.Script(open + "> PA 101 501 hello; < PA 501 106 ab; > A 106 503")
	c := theConn(b)
	if c.OrigSeq() != 6 || c.RespSeq() != 3 {
		t.Errorf("%d and %d", c.OrigSeq(), c.RespSeq())
	}
	r, _ := b.Packet(testconn.UDP(b.Client, b.Server, []byte("x")))
	if r.Conn.OrigSeq() != 0 {
		t.Error("a UDP flow has sequence numbers")
	}
}

func TestConnWeirdSampling(t *testing.T) {
	b, r := newBench(t, func(c *conn.Options) {
		c.Weirds = value.Sampling{Threshold: 3, Rate: 10, Duration: 100 * time.Second}
	})
	res, _ := b.Packet(testconn.UDP(b.Client, b.Server, nil))
	c := res.Conn
	c.SetInactivityTimeout(10_000 * value.Second)
	count := func(n int) int {
		r.weirds = r.weirds[:0]
		for range n {
			c.Weird("odd", "", "")
		}
		return len(r.weirds)
	}
	if got := count(3); got != 3 {
		t.Errorf("%d of the first three", got)
	}
	if got := count(40); got != 4 {
		t.Errorf("%d of the next forty", got)
	}
	r.weirds = nil
	c.Weird("other", "", "")
	if len(r.weirds) != 1 {
		t.Error("another name is sampled away")
	}
	b.Advance(101 * value.Second)
	if got := count(3); got != 3 {
		t.Errorf("%d of three after the sampling period", got)
	}
	if b.Table.Stats().Weirds != 47 {
		t.Errorf("%d weirds counted", b.Table.Stats().Weirds)
	}
}

func TestFlowWeirdSampling(t *testing.T) {
	b, r := newBench(t, func(c *conn.Options) {
		c.Weirds = value.Sampling{Threshold: 2, Rate: 0, Duration: 100 * time.Second}
	})
	a, z := b.Client.Addr().As16(), b.Server.Addr().As16()
	odd := func(src, dst *[16]byte, d conn.Domain) int {
		n := len(r.weirds)
		for range 5 {
			b.Table.FlowWeird(src, dst, d, "odd", "", "")
		}
		return len(r.weirds) - n
	}
	b.Advance(0)
	if odd(&a, &z, 0) != 2 || odd(&z, &a, 0) != 2 || odd(&a, &z, 7) != 2 || odd(&a, &z, 0) != 0 {
		t.Error("not two of each pair and domain")
	}
	b.Advance(100 * value.Second)
	if odd(&a, &z, 0) != 2 {
		t.Error("not two again after the sampling period")
	}
	// More pairs than are remembered cost rows, not memory.
	for i := range 1 << 17 {
		a[12], a[13], a[14] = byte(i>>16), byte(i>>8), byte(i)
		b.Table.FlowWeird(&a, &z, 0, "odd", "", "")
	}
}

// TestPairs checks which packets belong to one connection.
func TestPairs(t *testing.T) {
	a, z := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	a6, z6 := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	echo := make([]byte, 4)
	port := netip.AddrPortFrom
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    string
	}{
		{"echo", [][]byte{testconn.ICMP(a, z, 8, 0, echo), testconn.ICMP(z, a, 0, 0, echo)}, "192.0.2.1:8 192.0.2.2:0 1/1"},
		{"echo, answer first", [][]byte{testconn.ICMP(z, a, 0, 0, echo), testconn.ICMP(a, z, 8, 0, echo)}, "192.0.2.2:0 192.0.2.1:8 1/1"},
		{"both ask", [][]byte{testconn.ICMP(a, z, 8, 0, echo), testconn.ICMP(z, a, 8, 0, echo)}, "192.0.2.1:8 192.0.2.2:0 1/0, 192.0.2.2:8 192.0.2.1:0 1/0"},
		{"timestamps", [][]byte{testconn.ICMP(a, z, 13, 0, echo), testconn.ICMP(z, a, 14, 0, echo)}, "192.0.2.1:13 192.0.2.2:14 1/1"},
		{"unreachable, one way", [][]byte{testconn.ICMP(a, z, 3, 1, echo), testconn.ICMP(z, a, 3, 1, echo)}, "192.0.2.1:3 192.0.2.2:1 1/0, 192.0.2.2:3 192.0.2.1:1 1/0"},
		{"other code", [][]byte{testconn.ICMP(a, z, 3, 1, echo), testconn.ICMP(a, z, 3, 3, echo)}, "192.0.2.1:3 192.0.2.2:1 1/0, 192.0.2.1:3 192.0.2.2:3 1/0"},
		{"neighbours", [][]byte{testconn.ICMP(a6, z6, 135, 0, make([]byte, 20)), testconn.ICMP(z6, a6, 136, 0, make([]byte, 20))}, "[2001:db8::1]:135 [2001:db8::2]:136 1/1"},
		{"UDP", [][]byte{testconn.UDP(port(z, 5), port(a, 5), nil), testconn.UDP(port(a, 5), port(z, 5), nil)}, "192.0.2.2:5 192.0.2.1:5 1/1"},
		{"with itself", [][]byte{testconn.UDP(port(a, 5), port(a, 6), nil), testconn.UDP(port(a, 6), port(a, 5), nil)}, "192.0.2.1:5 192.0.2.1:6 1/1"},
		{"with itself, one port", [][]byte{testconn.UDP(port(a, 5), port(a, 5), nil), testconn.UDP(port(a, 5), port(a, 5), nil)}, "192.0.2.1:5 192.0.2.1:5 2/0"},
		{"UDP from a server's port", [][]byte{testconn.UDP(port(z, 53), port(a, 5000), nil), testconn.UDP(port(a, 5000), port(z, 53), nil)}, "192.0.2.1:5000 192.0.2.2:53 1/1"},
		{"to everybody from a server's port", [][]byte{testconn.UDP(port(z, 68), port(netip.MustParseAddr("255.255.255.255"), 5000), nil)}, "192.0.2.2:68 255.255.255.255:5000 1/0"},
		{"other protocols", [][]byte{testconn.IP(89, a, z, echo), testconn.IP(89, z, a, echo), testconn.IP(90, z, a, echo)}, "192.0.2.1:0 192.0.2.2:0 1/1, 192.0.2.2:0 192.0.2.1:0 1/0"},
	} {
		b := testconn.New(t, testconn.Config())
		for _, p := range c.packets {
			b.Now += 1e6
			b.Packet(p)
		}
		var got []string
		b.Table.All(func(c *conn.Conn) {
			id := c.ID()
			got = append(got, fmt.Sprintf("%v %v %d/%d", netip.AddrPortFrom(id.OrigH, id.OrigP), netip.AddrPortFrom(id.RespH, id.RespP),
				c.Orig().Packets, c.Resp().Packets))
		})
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, not %s", c.name, s, c.want)
		}
	}
}

// TestUIDs checks that uids are reproducible with a seed, unique, and differ between
// tables without a seed.
func TestUIDs(t *testing.T) {
	uids := func(seed conn.Seed) (list []string) {
		cfg := testconn.Config()
		cfg.Seed = seed
		b := testconn.New(t, cfg)
		for i := range 2000 {
			b.Packet(testconn.UDP(netip.AddrPortFrom(b.Client.Addr(), uint16(i)), b.Server, nil))
		}
		b.Table.All(func(c *conn.Conn) { list = append(list, c.UID().String()) })
		return list
	}
	one, two, other := uids(conn.Seed{11, 22, 33, 44, 55, 66}), uids(conn.Seed{11, 22, 33, 44, 55, 66}), uids(conn.Seed{11, 22, 33, 44, 55, 67})
	if !slices.Equal(one, two) {
		t.Error("the same seed gives different uids")
	}
	all := map[string]bool{}
	for _, u := range slices.Concat(one, other, uids(conn.Seed{}), uids(conn.Seed{})) {
		if u[0] != 'C' || all[u] {
			t.Fatalf("uid %s", u)
		}
		all[u] = true
	}
}

// TestICMPNetWeird sends a neighbor solicitation without a target. Zeek's weird for it
// names no connection.
func TestICMPNetWeird(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.ICMP.NeighborSolicitation.Listen(func(*event.ICMPNeighborSolicitation) { t.Error("raised") })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { t.Errorf("%s of a connection", e.Name) })
	var got string
	b.Hooks.Weird.Net.Listen(func(e *event.NetWeird) { got = e.Name + " " + string(e.Addl) + " " + e.Source })
	b.Packet(testconn.ICMP(netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), 135, 0, make([]byte, 12)))
	if got != "icmp6_ns_bad_opt_offset 16 (length 8) ICMP" {
		t.Error(got)
	}
}

// Where no connection is half-open, the one that has been silent for longest is evicted, not the
// oldest.
func TestEvictionOfTheIdle(t *testing.T) {
	b, _ := newBench(t, func(c *conn.Options) { c.Connections = 4 })
	say := func(host byte) {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, host}), 1000)
		b.Packet(testconn.UDP(a, b.Server, []byte{host}))
		b.Packet(testconn.UDP(b.Server, a, nil))
		b.Now += value.Second
	}
	var gone []string
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		gone = append(gone, e.Conn.ID().OrigH.String())
	})
	for _, host := range []byte{1, 2, 3, 4, 1, 5, 1, 3, 6, 1, 3, 7} {
		say(host)
		if err := b.Table.Check(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(gone, " "); got != "10.0.0.2 10.0.0.4 10.0.0.5" {
		t.Error(got)
	}
}

// One that has just begun is not evicted for being half-open, where others are old; one that is
// half-open for long is.
func TestEvictionOfTheFresh(t *testing.T) {
	b, _ := newBench(t, func(c *conn.Options) { c.Connections = 4 })
	say := func(host byte, answered bool) {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, host}), 1000)
		b.Packet(testconn.UDP(a, b.Server, []byte{host}))
		if answered {
			b.Packet(testconn.UDP(b.Server, a, nil))
		}
		b.Now += value.Second / 10
	}
	var gone []string
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		gone = append(gone, e.Conn.ID().OrigH.String())
	})
	for host := byte(1); host <= 3; host++ {
		say(host, true)
		b.Now += 10 * value.Second
	}
	say(4, false)
	say(5, true) // 1 goes, the most idle
	say(6, true)
	say(7, true)
	b.Now += 2 * value.Second
	say(8, true) // 4 has been half-open for long
	if got := strings.Join(gone, " "); got != "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4" {
		t.Error(got)
	}
	// Where few are, it may be answered.
	b, _ = newBench(t, func(c *conn.Options) { c.Connections = 1000 })
	fresh := 0
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		if e.Conn.Resp().Packets == 0 {
			fresh++
		}
	})
	for i := range 5000 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 1000)
		b.Packet(testconn.UDP(a, b.Server, []byte{1}))
		b.Now += value.Second / 1000
		if i > 0 {
			z := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte((i - 1) >> 8), byte(i - 1)}), 1000)
			b.Packet(testconn.UDP(b.Server, z, nil)) // the answer comes after the next one has begun
		}
		if err := b.Table.Check(); i%500 == 0 && err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Table.Stats().Evicted; n < 3999 || fresh > 10 {
		t.Errorf("%d of %d that were evicted had just begun", fresh, n)
	}
}

// A flood of datagrams fills the table several times a second: it is the oldest of them that goes,
// not those that are about to be answered, nor those that were.
func TestEvictionInAFlood(t *testing.T) {
	b, _ := newBench(t, func(c *conn.Options) { c.Connections = 1000 })
	addr := func(net, i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(net), byte(i >> 8), byte(i)}), 1000)
	}
	packets := map[string]uint64{}
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		packets[e.Conn.ID().OrigH.String()] += e.Conn.Orig().Packets + e.Conn.Resp().Packets
		if n := e.Conn.Orig().Packets + e.Conn.Resp().Packets; n == 1 && e.Conn.ID().OrigH.As4()[1] != 1 {
			t.Errorf("%s was evicted before its answer", e.Conn.ID().OrigH)
		}
	})
	old := addr(2, 1)
	b.Packet(testconn.UDP(old, b.Server, []byte{1}))
	b.Packet(testconn.UDP(b.Server, old, nil))
	b.Now += 100 * value.Second
	for i := range 20_000 {
		b.Packet(testconn.UDP(addr(1, i), b.Server, []byte{1}))
		b.Now += value.Second / 4000
		switch i % 1000 {
		case 0:
			b.Packet(testconn.UDP(addr(3, i), b.Server, []byte{1}))
		case 500:
			b.Packet(testconn.UDP(b.Server, addr(3, i-500), nil))
		}
	}
	if err := b.Table.Check(); err != nil {
		t.Fatal(err)
	}
	b.Drain()
	if n := packets[old.Addr().String()]; n != 2 {
		t.Errorf("%d packets of the old connection", n)
	}
	if b.Table.Stats().Evicted < 19_000 || len(packets) != 20_021 {
		t.Errorf("%d evicted, %d hosts", b.Table.Stats().Evicted, len(packets))
	}
}

// The bytes of connections are bounded, too: those with payload count for more.
func TestConnectionBytes(t *testing.T) {
	for _, payload := range []int{0, 1} {
		b, _ := newBench(t, func(c *conn.Options) { c.ConnectionBytes = 100_000 })
		most := 0
		for i := range 2000 {
			a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1000)
			b.Packet(testconn.UDP(a, b.Server, make([]byte, payload)))
			most = max(most, b.Table.Len())
		}
		if most < 100 || most > 300 || uint64(most)+b.Table.Stats().Evicted < 2000 {
			t.Errorf("%d bytes each: %d connections at most, %+v", payload, most, b.Table.Stats())
		}
		if err := b.Table.Check(); err != nil {
			t.Error(err)
		}
	}
}
