//go:build !poison

package conn_test

import (
	"encoding/binary"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// sink is a pooled analyzer that discards everything.
type sink struct{ free *[]*sink }

func (s *sink) Data(bool, []byte) {}
func (s *sink) Gap(bool, uint64)  {}
func (s *sink) End(bool)          {}
func (s *sink) Done()             { *s.free = append(*s.free, s) }

// TestAllocations checks that packets cost no allocation, and connections at most two,
// once the pools are warm.
func TestAllocations(t *testing.T) {
	newBench := func() *testconn.Bench {
		cfg := testconn.Config()
		cfg.Packet.IgnoreChecksums = true
		b := testconn.New(t, cfg)
		b.Hooks.Conn.NewConnection.Listen(func(*event.NewConnection) {})
		b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { e.Conn.History() })
		b.Hooks.TCP.ConnectionEstablished.Listen(func(*event.ConnectionEstablished) {})
		b.Hooks.TCP.Packet.Listen(func(*event.TCPPacket) {})
		free := new([]*sink)
		b.Table.SetAttacher(attachAll{{Name: "X", New: func(conn.Use) conn.Analyzer {
			if n := len(*free); n > 0 {
				s := (*free)[n-1]
				*free = (*free)[:n-1]
				return s
			}
			return &sink{free}
		}}})
		return b
	}
	measure := func(name string, limit float64, f func()) {
		t.Helper()
		for range 2000 {
			f()
		}
		if n := testing.AllocsPerRun(2000, f); n > limit {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	put := binary.BigEndian.PutUint32
	segment := func(b *testconn.Bench, orig bool, flags string, data int) []byte {
		s := testconn.Segment{Src: b.Client, Dst: b.Server, Flags: flags, Window: 65535, Data: make([]byte, data)}
		if !orig {
			s.Src, s.Dst = s.Dst, s.Src
		}
		return s.Bytes()
	}

	b := newBench()
	b.Open()
	data, ack := segment(b, true, "A", 1000), segment(b, false, "A", 0)
	seq := uint32(1001)
	put(data[28:], 5001)
	put(ack[24:], 5001)
	transfer := func(settle bool) func() {
		return func() {
			b.Now += 1000
			put(data[24:], seq)
			seq += 1000
			put(ack[28:], seq)
			b.Process(data)
			if settle {
				b.Table.Settle()
			}
			b.Process(ack)
			b.Table.Settle()
		}
	}
	measure("in order", 0, transfer(false))
	measure("in order, kept over a batch", 0, transfer(true))
	measure("out of order", 0, func() {
		b.Now += 1000
		for _, d := range []uint32{2000, 1000, 0} {
			put(data[24:], seq+d)
			b.Process(data)
			b.Table.Settle()
		}
		seq += 3000
		put(ack[28:], seq)
		b.Process(ack)
		b.Table.Settle()
	})

	b = newBench()
	datagram := testconn.UDP(b.Client, b.Server, make([]byte, 100))
	measure("datagram", 0, func() {
		b.Now += 1000
		b.Process(datagram)
	})
	echo := testconn.ICMP(b.Client.Addr(), b.Server.Addr(), 8, 0, make([]byte, 40))
	measure("echo", 0, func() {
		b.Now += 1000
		b.Process(echo)
	})

	b = newBench()
	n := uint32(0)
	syn := segment(b, true, "S", 0)
	measure("unanswered SYN", 0, func() {
		b.Now += 10e6 // so that there are 500 at once
		n++
		put(syn[12:], 0x0a000000|n&0xffff)
		b.Process(syn)
	})
	b = newBench()
	measure("flow of one datagram", 0, func() {
		b.Now += 100e6
		n++
		put(datagram[12:], 0x0a000000|n&0xffff)
		b.Process(datagram)
	})
	b = newBench()
	synack, request, answer := segment(b, false, "SA", 0), segment(b, true, "PA", 500), segment(b, false, "PA", 700)
	fin, finack := segment(b, true, "FA", 0), segment(b, false, "FA", 0)
	for _, x := range []struct {
		p        []byte
		seq, ack uint32
	}{{synack, 0, 1}, {request, 1, 1}, {answer, 1, 501}, {fin, 501, 701}, {finack, 701, 502}} {
		put(x.p[24:], x.seq)
		put(x.p[28:], x.ack)
	}
	measure("connection with a request", 2, func() {
		b.Now += 10e6
		n++
		for _, p := range [][]byte{syn, synack, request, answer, fin, finack} {
			at := 12
			if p[15] == b.Server.Addr().As4()[3] && p[12] == b.Server.Addr().As4()[0] {
				at = 16
			}
			put(p[at:], 0x0a000000|n&0xffff)
			b.Process(p)
		}
		b.Table.Settle()
	})
	if st := b.Table.Stats(); st.Created < 4000 {
		t.Errorf("%+v", st)
	}
}
