package conn_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestReassembly runs scripts and compares the delivered bytes: cases 10 to 14 of the
// list of faults.
func TestReassembly(t *testing.T) {
	for _, c := range []struct {
		name, script string
		orig, resp   string
		event        string // one of the events, if not empty
		weird        string // one of the weirds, if not empty
	}{
		{"in order", open + "> PA 101 501 one; > PA 104 501 two; < A 501 107", "onetwo", "", "", ""},
		{"out of order", open + "> PA 104 501 two; > PA 107 501 three; > PA 101 501 one", "onetwothree", "", "", ""},
		{"a byte a segment, backwards", open + "> A 104 501 d; > A 103 501 c; > A 102 501 b; > A 101 501 a", "abcd", "", "", ""},
		{"retransmitted", open + "> PA 101 501 one; > PA 101 501 one; > PA 104 501 two", "onetwo", "", "", ""},
		{"retransmitted with more", open + "> PA 101 501 one; > PA 101 501 onetwo", "onetwo", "", "", ""},
		{"retransmitted after the acknowledgement", open + "> PA 101 501 one; < A 501 104; > PA 101 501 XXXtwo", "onetwo", "", "", ""},
		{"overlap with other contents, delivered", open + "> PA 101 501 one; > PA 101 501 oXeY", "oneY", "", "rexmit(one,oXe)", "retransmission_inconsistency"},
		{"overlap with other contents, held", open + "> PA 104 501 two; > PA 103 501 XXXo; > PA 101 501 one", "onXtwo", "", "rexmit(two,XXo)", "retransmission_inconsistency"},
		{"fills two holes at once", open + "> A 103 501 c; > A 105 501 e; > A 101 501 abcdef", "abcdef", "", "", ""},
		{"gap", open + "> PA 101 501 one; > PA 107 501 three; < A 501 112", "one<3>three", "", "gap(true,4,3)", ""},
		{"late for the gap", open + "> PA 104 501 two; < A 501 107; > PA 101 501 one", "<3>two", "", "", ""},
		{"gap at the end", open + "> PA 101 501 one; < A 501 110", "one<6>", "", "gap(true,4,6)", ""},
		{"acknowledged beyond the data held", open + "> PA 107 501 three; < A 501 109", "<6>three", "", "", ""},
		{"wrap", "> S 4294967293; < SA 500 4294967294; > A 4294967294 501; > PA 4294967294 501 abcd; > PA 2 501 efg", "abcdefg", "", "", ""},
		{"both directions", open + "> PA 101 501 ping; < PA 501 105 pong; > PA 105 505 again", "pingagain", "pong", "", ""},
		{"the originator only", "> S 100; > A 101 501; > PA 101 501 one; > PA 107 501 three", "one", "", "", "possible_split_routing"},
		{"mid-stream", "> PA 7000 501 one; > PA 7003 501 two; < PA 501 7006 three", "onetwo", "three", "partial", ""},
		{"data in SYN", "> S 100 one; < SA 500 104; > A 104 501; > PA 104 501 two", "onetwo", "", "", "SYN_with_data"},
		{"data with FIN", open + "> FA 101 501 bye; < A 501 105", "bye", "", "eof(true)", ""},
		{"FIN before the data", open + "> FA 104 501; > PA 101 501 bye; < A 501 105", "bye", "", "eof(true)", ""},
		{"urgent", open + "> PAU 101 501 one; > PA 104 501 two", "onetwo", "", "", ""},
		{"wrong checksum", open + "> PA 101 501 XXX bad; > PA 101 501 one", "one", "", "", "bad_TCP_checksum"},
		{"reset with data", open + "> PA 101 501 one; > RA 104 501 because", "one", "", "reset", ""},
		{"far ahead without any acknowledgement", "> S 100; < SA 500 101; > PA 20101 501 len=9; > PA 60101 501 len=9; > PA 101 501 one", "", "", "", "above_hole_data_without_any_acks"},
	} {
		benches, recorders := newBenches(t, nil)
		for i, b := range benches {
			b.Script(c.script)
			if r := recorders[i]; string(r.data[0]) != c.orig || string(r.data[1]) != c.resp {
				t.Errorf("%s, bench %d: %q and %q, not %q and %q", c.name, i, r.data[0], r.data[1], c.orig, c.resp)
			}
		}
		r := recorders[0]
		if ev := strings.Join(r.events, " "); !strings.Contains(ev, c.event) {
			t.Errorf("%s: no %q among %s", c.name, c.event, ev)
		}
		if w := strings.Join(r.weirds, " "); !strings.Contains(w, c.weird) {
			t.Errorf("%s: no %q among %s", c.name, c.weird, w)
		}
	}
}

// model is the expected stream: the first bytes at a position stay, missing bytes that
// are acknowledged are a gap, and bytes that arrive later are dropped.
type model struct {
	have  []bool
	bytes []byte
	next  int
	acked int
	out   []byte
}

func (m *model) segment(at int, data []byte) {
	for i, b := range data {
		if p := at + i; p >= m.acked && !m.have[p] {
			m.have[p], m.bytes[p] = true, b
		}
	}
	m.deliver()
}

func (m *model) deliver() {
	for m.next < len(m.have) && m.have[m.next] {
		m.out = append(m.out, m.bytes[m.next])
		m.next++
	}
}

func (m *model) ack(to int) {
	m.acked = max(m.acked, to)
	for m.next < to {
		m.deliver()
		hole := 0
		for m.next < to && !m.have[m.next] {
			hole++
			m.next++
		}
		if hole > 0 {
			m.out = fmt.Appendf(m.out, "<%d>", hole)
		}
	}
	m.deliver()
}

// TestReassemblyModel sends random segments and acknowledgements and compares the bytes
// delivered after each with the model.
func TestReassemblyModel(t *testing.T) {
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 0))
		size := 1 + rng.IntN(3000)
		longest := 1 + rng.IntN(200)
		first := []uint32{1000, 1<<32 - 5, -uint32(rng.IntN(size))}[rng.IntN(3)]
		lies, acks := rng.IntN(2) == 0, rng.IntN(2) == 0
		m := &model{have: make([]bool, size+longest), bytes: make([]byte, size+longest)}
		benches, recorders := newBenches(t, nil)
		b, r := benches[seed%2], recorders[seed%2]
		b.Batch = 1 + rng.IntN(50)
		send := func(orig bool, seq, ack uint32, flags string, data []byte) {
			s := testconn.Segment{Src: b.Client, Dst: b.Server, Seq: seq, Ack: ack, Flags: flags, Window: 9999, Data: data}
			if !orig {
				s.Src, s.Dst = s.Dst, s.Src
			}
			b.Now += 1e6
			b.Packet(s.Bytes())
		}
		send(true, first-1, 0, "S", nil)
		send(false, 500, first, "SA", nil)
		send(true, first, 501, "A", nil)
		sent := 0
		for range 200 {
			at := rng.IntN(size)
			if rng.IntN(2) == 0 {
				at = min(m.next, size-1) // so that there is progress
			}
			data := testconn.Bytes(at, 1+rng.IntN(longest))
			if lies && rng.IntN(4) == 0 {
				data[rng.IntN(len(data))] ^= 0xff
			}
			send(true, first+uint32(at), 501, "A", data)
			m.segment(at, data)
			sent = max(sent, at+len(data))
			if acks && rng.IntN(5) == 0 {
				to := rng.IntN(sent + 1)
				if to > m.acked {
					send(false, 501, first+uint32(to), "A", nil)
					m.ack(to)
				}
			}
			if !bytes.Equal(r.data[0], m.out) {
				i := 0
				for i < min(len(r.data[0]), len(m.out)) && r.data[0][i] == m.out[i] {
					i++
				}
				t.Fatalf("seed %d: after %d segments %d bytes delivered, not %d; the first difference is at %d", seed, b.Num, len(r.data[0]), len(m.out), i)
			}
		}
		b.Drain()
		if st := b.Table.Stats(); st.Created != st.Removed {
			t.Fatalf("seed %d: %+v", seed, st)
		}
	}
}

// TestHoleNeverFilled is case 11: 10 MB follow a hole. Memory stays bounded, and an
// acknowledgement resumes delivery.
func TestHoleNeverFilled(t *testing.T) {
	for _, acked := range []bool{false, true} {
		b, r := newBench(t, func(c *conn.Options) { c.StreamBytes = 1 << 20 })
		b.Open()
		if acked {
			b.Talk(true, []byte("x"))
		} else {
			b.Skip(true, 1)
		}
		b.Skip(true, 100)
		data := testconn.Bytes(0, 1000)
		for i := range 10_000 {
			s := testconn.Segment{Src: b.Client, Dst: b.Server, Seq: 1102 + uint32(1000*i), Ack: 5001, Flags: "A", Window: 65535, Data: data}
			b.Packet(s.Bytes())
			if acked && i == 500 {
				a := testconn.Segment{Src: b.Server, Dst: b.Client, Seq: 5001, Ack: 1102, Flags: "A", Window: 65535}
				b.Packet(a.Bytes())
			}
		}
		weirds := strings.Join(r.weirds, " ")
		if !acked && (len(r.data[0]) != 0 || !strings.Contains(weirds, "above_hole_data_without_any_acks")) {
			t.Errorf("without acknowledgement: %d bytes, weirds %s", len(r.data[0]), weirds)
		}
		if acked && (!bytes.HasPrefix(r.data[0], []byte("x<100>")) || len(r.data[0]) < 1_000_000) {
			t.Errorf("with acknowledgement: %d bytes, weirds %s", len(r.data[0]), weirds)
		}
	}
}

// TestReassemblyLimits checks the limits on the memory of one stream and of all, and on
// the number of separate blocks: case 10.
func TestReassemblyLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  func(*conn.Options)
		step   int // distance of segments of 10 bytes
		weird  string
		opened bool // whether a first byte was acknowledged
	}{
		{"blocks", func(l *conn.Options) { l.ReassemblyBlocks = 50 }, 20, "excessive_segments_out_of_order", true},
		{"a stream's bytes", func(l *conn.Options) { l.StreamBytes = 500 }, 10, "excessive_data_without_further_acks", true},
		{"all streams' bytes", func(l *conn.Options) { l.ReassemblyBytes = 2000 }, 20, "reassembly_memory_exhausted", true},
		{"above a hole", func(l *conn.Options) { l.AboveHole = 500 }, 20, "above_hole_data_without_any_acks", false},
	} {
		b, r := newBench(t, func(cfg *conn.Options) { c.limit(cfg) })
		b.Open()
		if c.opened {
			b.Talk(true, []byte("x"))
		}
		for i := range 500 {
			s := testconn.Segment{Src: b.Client, Dst: b.Server, Seq: 1012 + uint32(c.step*i), Ack: 5001, Flags: "A", Window: 65535,
				Data: testconn.Bytes(i, 10)}
			b.Packet(s.Bytes())
		}
		if strings.Join(r.weirds, " ") != c.weird {
			t.Errorf("%s: weirds %q", c.name, r.weirds)
		}
		if b.Table.Stats().StreamDropped == 0 {
			t.Errorf("%s: no loss was counted", c.name)
		}
		b.Drain()
		if len(r.conns) != 1 {
			t.Errorf("%s: %q", c.name, r.conns)
		}
	}
}

// failing is a writer that fails after a number of bytes.
type failing struct {
	bytes.Buffer
	left int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("full")
	}
	return f.Buffer.Write(p)
}

func theConn(b *testconn.Bench) (c *conn.Conn) {
	b.Table.All(func(x *conn.Conn) { c = x })
	return c
}

func TestContentsFile(t *testing.T) {
	b, _ := newBench(t, nil)
	var failures []string
	b.Hooks.TCP.ContentsFileWriteFailure.Listen(func(e *event.ContentsFileWriteFailure) {
		failures = append(failures, fmt.Sprintf("%v %s", e.IsOrig, e.Msg))
	})
	b.Script(open)
	c := theConn(b)
	orig, both, short := new(failing), new(failing), &failing{left: 4}
	orig.left, both.left = 1<<20, 1<<20
	if !c.SetContentsFile(event.DirectionOrig, orig) || c.ContentsFile(event.DirectionOrig) != orig || c.ContentsFile(event.DirectionResp) != nil {
		t.Error("one direction")
	}
	b.Script("> PA 101 501 one; < PA 501 104 two; > PA 107 504 three; < A 504 112")
	if got := orig.String(); got != "one\n<<gap 3>>\nthree" {
		t.Errorf("%q", got)
	}
	c.SetContentsFile(event.DirectionBoth, both)
	if c.ContentsFile(event.DirectionBoth) != both {
		t.Error("both directions")
	}
	b.Script("> PA 112 504 four; < PA 504 116 five")
	if got := both.String(); got != "fourfive" {
		t.Errorf("%q", got)
	}
	c.SetContentsFile(event.DirectionResp, short)
	if c.ContentsFile(event.DirectionBoth) != nil {
		t.Error("different files for the directions")
	}
	b.Script("< PA 508 116 six; < PA 511 116 seven; < PA 516 116 eight")
	if strings.Join(failures, ",") != "false full" || short.String() != "six" || c.ContentsFile(event.DirectionResp) != nil {
		t.Errorf("%q %q", failures, short.String())
	}
	// What lies beyond a hole is written when the connection ends.
	b.Script("> PA 118 521 nine")
	b.Drain()
	if got := both.String(); got != "fourfive\n<<gap 2>>\nnine" {
		t.Errorf("%q", got)
	}

	b, _ = newBench(t, nil)
	b.Packet(testconn.UDP(b.Client, b.Server, nil))
	if theConn(b).SetContentsFile(event.DirectionBoth, both) {
		t.Error("UDP has no streams")
	}
}

// Where out-of-order data takes too much memory, the streams that have waited for longest are
// given up: a hole that is filled soon loses nothing.
func TestOldestHoleGoesFirst(t *testing.T) {
	b, r := newBench(t, func(c *conn.Options) { c.ReassemblyBytes = 20_000 })
	segment := func(host byte, flags string, seq uint32, data []byte) {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, host}), 1000)
		if flags == "S" {
			b.Packet((&testconn.Segment{Src: a, Dst: b.Server, Seq: 1000, Flags: "S", Window: 65535}).Bytes())
			b.Packet((&testconn.Segment{Src: b.Server, Dst: a, Seq: 5000, Ack: 1001, Flags: "SA", Window: 65535}).Bytes())
			return
		}
		b.Packet((&testconn.Segment{Src: a, Dst: b.Server, Seq: seq, Ack: 5001, Flags: flags, Window: 65535, Data: data}).Bytes())
	}
	got := map[string]int{}
	b.Hooks.TCP.Contents.Listen(func(e *event.TCPContents) { got[e.Conn.ID().OrigH.String()] += len(e.Contents) })
	var weirds []string
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { weirds = append(weirds, e.Conn.ID().OrigH.String()+" "+e.Name) })
	for host := byte(1); host <= 100; host++ {
		segment(host, "S", 0, nil)
		segment(host, "A", 2001, make([]byte, 400)) // never filled
		b.Settle()
		if host%10 == 0 {
			segment(100+host, "S", 0, nil)
			segment(100+host, "A", 1101, make([]byte, 100))
			b.Settle()
			segment(100+host, "A", 1001, make([]byte, 100))
			b.Settle()
		}
		if err := b.Table.Check(); err != nil {
			t.Fatal(err)
		}
	}
	if held := b.Table.StreamHeld(); held > 22_000 || held < 10_000 {
		t.Errorf("%d bytes are held", held)
	}
	if len(weirds) < 50 || weirds[0] != "10.0.1.1 reassembly_memory_exhausted" || weirds[1] != "10.0.1.2 reassembly_memory_exhausted" {
		t.Errorf("%d weirds: %.200q", len(weirds), weirds)
	}
	for host := 110; host <= 200; host += 10 {
		if n := got[fmt.Sprintf("10.0.1.%d", host)]; n != 200 {
			t.Errorf("host %d: %d bytes", host, n)
		}
	}
	if b.Table.Stats().StreamDropped == 0 {
		t.Error("no loss was counted")
	}
	b.Drain()
	if len(r.conns) != 110 {
		t.Errorf("%d rows", len(r.conns))
	}
}

// Streams beyond what is analyzed under overload are given up for good, and counted; rows of
// connections are the same.
func TestShed(t *testing.T) {
	var rows [2][]string
	for i, shed := range []uint64{0, 1500} {
		b, r := newBench(t, nil)
		b.Open()
		for n := range 10 {
			if n == 2 {
				b.Table.Shed(shed)
			}
			if n == 7 {
				b.Table.Shed(0)
			}
			b.Talk(true, testconn.Bytes(1000*n, 1000))
			b.Talk(false, testconn.Bytes(n, 10))
		}
		b.Close()
		b.Drain()
		want, streams := 10_000, uint64(0)
		if shed != 0 {
			want, streams = 2000, 1
		}
		if len(r.data[0]) != want || len(r.data[1]) != 100 || b.Table.Stats().Shed != streams {
			t.Errorf("%d: %d and %d bytes, %d streams given up", shed, len(r.data[0]), len(r.data[1]), b.Table.Stats().Shed)
		}
		rows[i] = r.conns
	}
	if len(rows[0]) != 1 || !slices.Equal(rows[0], rows[1]) {
		t.Errorf("rows differ: %q", rows)
	}
}
