package cases

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// A say is what one side of an attack's connection sends.
type say struct {
	orig bool
	data string
}

// openStates are attacks on memory: connections that stay open, each with a little of a
// protocol. least is how many bytes of each must count for limits.state_bytes.
var openStates = []struct {
	name  string
	port  uint16
	least int
	talk  []say
}{
	{"a request", 80, 2048, []say{{true, "GET / HTTP/1.1\r\n\r\n"}}},
	{"a file's first byte", 80, 6000, []say{{true, "GET / HTTP/1.1\r\n\r\n"}, {false, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nx"}}},
	{"gzip", 80, 40_000, []say{{true, "GET / HTTP/1.1\r\n\r\n"},
		{false, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4a\x04"}}},
	{"nested parts", 80, 20_000, []say{{true, "GET / HTTP/1.1\r\n\r\n"},
		{false, "HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=0\r\nContent-Length: 99999\r\n\r\n" + nested(80)}}},
	{"pending requests", 80, 90 * 4000, []say{{true, strings.Repeat("GET /"+strings.Repeat("x", 4000)+" HTTP/1.1\r\n\r\n", 90)}}},
	{"a mail of nested parts", 25, 20_000, []say{{false, "220 a\r\n"}, {true, "HELO a\r\n"}, {false, "250 a\r\n"},
		{true, "MAIL FROM:<a>\r\n"}, {false, "250 a\r\n"}, {true, "RCPT TO:<a>\r\n"}, {false, "250 a\r\n"}, {true, "DATA\r\n"}, {false, "354 a\r\n"},
		{true, "Content-Type: multipart/mixed; boundary=0\r\n\r\n" + nested(80)}}},
	{"an FTP reply", 21, 30_000, []say{{false, "220 a\r\n"}, {true, "USER a\r\n"}, {false, "331-a\r\n331 " + strings.Repeat("x", 30_000) + "\r\n"}}},
	{"FTP commands", 21, 19 * 4000, []say{{false, "220 a\r\n"}, {true, strings.Repeat("STOR "+strings.Repeat("x", 4000)+"\r\n", 20)}}},
	{"an XMPP tag", 5222, 30_000, []say{{true, "<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='a'><a " + strings.Repeat("x", 30_000)}}},
	{"half a TLS record", 443, 9000, []say{{true, "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + strings.Repeat("\x00", 10_000)}}},
	{"an IRC name", 6667, 400, []say{{true, "NICK " + strings.Repeat("a", 400) + "\r\nUSER " + strings.Repeat("a", 450) + " b c :" + strings.Repeat("d", 400) + "\r\n"}}},
}

// nested returns n parts, each within the one before.
func nested(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n", i, i+1)
	}
	return b.String()
}

// sink takes all default logs and counts their rows.
type sink struct{ rows map[string]int }

func (o *sink) On(s *schemas.Schema) bool                    { return true }
func (o *sink) Emit(rec schemas.Record)                      { o.rows[rec.Schema().Name]++ }
func (o *sink) EmitGated(rec schemas.Record, _ schemas.Gate) { o.Emit(rec) }

// player plays connections to a shard with all builders.
type player struct {
	shard *dissect.Shard
	sink  sink
	now   value.Time
	num   uint64
	most  int // bytes of state after any packet
}

func newPlayer(t *testing.T, edit func(*dissect.Options)) *player {
	t.Helper()
	var hooks event.Hooks
	p := &player{sink: sink{map[string]int{}}, now: 1000 * value.Second}
	logs.Install(&hooks, &p.sink, logs.Options{Now: func() value.Time { return p.now }, Limits: logs.DefaultLimits()})
	o := dissect.DefaultOptions()
	o.Conn.Seed = conn.Seed{1}
	o.Packet.Checksums = packet.ChecksumsIgnore
	edit(&o)
	s, err := dissect.New(o, &hooks, func(value.Time, uint64, uint64) {})
	if err != nil {
		t.Fatal(err)
	}
	p.shard = s
	return p
}

// At implements conn.Clock.
func (p *player) At(d value.Time) (value.Time, uint64) { return d, p.num + 1 }

func (p *player) packet(b []byte) {
	p.num++
	p.now += value.Time(1000)
	p.shard.Advance(p.now, p)
	p.shard.Frame(&packet.Frame{Link: packet.LinkRaw, Data: b, OrigLen: uint32(len(b)), Now: p.now, Time: p.now, Num: p.num})
	p.shard.Settle()
	p.most = max(p.most, p.shard.StateHeld())
}

// open plays connection number i, which is not closed.
func (p *player) open(i int, port uint16, talk []say) {
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 4000)
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port)
	seq := [2]uint32{2, 2}
	p.packet((&testconn.Segment{Src: client, Dst: server, Flags: "S", Seq: 1}).Bytes())
	p.packet((&testconn.Segment{Src: server, Dst: client, Flags: "SA", Seq: 1, Ack: 2}).Bytes())
	p.packet((&testconn.Segment{Src: client, Dst: server, Flags: "A", Seq: 2, Ack: 2}).Bytes())
	for _, s := range talk {
		from, to, mine := client, server, 0
		if !s.orig {
			from, to, mine = server, client, 1
		}
		for data := s.data; data != ""; {
			n := min(len(data), 1400)
			p.packet((&testconn.Segment{Src: from, Dst: to, Flags: "A", Seq: seq[mine], Ack: seq[1-mine], Data: []byte(data[:n])}).Bytes())
			seq[mine] += uint32(n)
			p.packet((&testconn.Segment{Src: to, Dst: from, Flags: "A", Seq: seq[1-mine], Ack: seq[mine]}).Bytes())
			data = data[n:]
		}
	}
}

// TestOpenStates checks that what open connections hold counts, that it stays within the
// limit of all, and that nothing counts after their end.
func TestOpenStates(t *testing.T) {
	for _, tt := range openStates {
		t.Run(tt.name, func(t *testing.T) {
			const n = 40
			p := newPlayer(t, func(*dissect.Options) {})
			for i := range n {
				p.open(i, tt.port, tt.talk)
			}
			if got := p.shard.StateHeld() / n; got < tt.least {
				t.Errorf("%d bytes of a connection count, want at least %d", got, tt.least)
			}
			held := p.shard.StateHeld()
			p.shard.Drain(dissect.All, p.now, func(uint64) {})
			if got := p.shard.StateHeld(); got != 0 {
				t.Errorf("%d bytes count after the end", got)
			}

			limit := held / 4
			p = newPlayer(t, func(o *dissect.Options) { o.Conn.StateBytes = limit })
			for i := range n {
				p.open(i, tt.port, tt.talk)
			}
			if p.most > limit {
				t.Errorf("%d bytes count, more than the limit of %d", p.most, limit)
			}
			limits := 0
			for l, n := range p.shard.Stats().Limits {
				if l.Name == "state_bytes" {
					limits += int(n)
				}
			}
			if limits == 0 {
				t.Error("the limit is not counted")
			}
			p.shard.Drain(dissect.All, p.now, func(uint64) {})
			if got := p.shard.StateHeld(); got != 0 {
				t.Errorf("limited: %d bytes count after the end", got)
			}
			if rows := p.sink.rows["conn"]; rows != n {
				t.Errorf("%d rows of connections, want %d", rows, n)
			}
		})
	}
}

// TestStateCounts compares what counts with the memory that is allocated: it must not be
// much less, or limits.state_bytes bounds nothing.
func TestStateCounts(t *testing.T) {
	// A connection takes this without analyzers, with its share of tables and pools.
	const fixed, factor = 2500, 3
	for _, tt := range openStates {
		t.Run(tt.name, func(t *testing.T) {
			const warm, n = 50, 300
			p := newPlayer(t, func(*dissect.Options) {})
			for i := range warm {
				p.open(i, tt.port, tt.talk)
			}
			before, counted := heap(), p.shard.StateHeld()
			for i := range n {
				p.open(warm+i, tt.port, tt.talk)
			}
			grown, counted := heap()-before, p.shard.StateHeld()-counted
			if most := n*fixed + factor*counted; grown > most {
				t.Errorf("a connection takes %d bytes, of which %d count", grown/n, counted/n)
			}
			runtime.KeepAlive(p)
		})
	}
}

// heap returns the bytes of all objects that are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
