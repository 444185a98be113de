package conn_test

import (
	"encoding/binary"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// BenchmarkTable measures packets whose like the table has seen before, with the
// events that logs listen to.
func BenchmarkTable(b *testing.B) {
	newBench := func() *testconn.Bench {
		cfg := testconn.Config()
		cfg.Packet.IgnoreChecksums = true
		x := testconn.New(b, cfg)
		x.Hooks.Conn.NewConnection.Listen(func(*event.NewConnection) {})
		x.Hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) {})
		x.Hooks.TCP.ConnectionEstablished.Listen(func(*event.ConnectionEstablished) {})
		x.Hooks.TCP.ConnectionSYNPacket.Listen(func(*event.ConnectionSYNPacket) {})
		x.Hooks.Weird.Conn.Listen(func(*event.ConnWeird) {})
		return x
	}
	put := binary.BigEndian.PutUint32
	segment := func(x *testconn.Bench, orig bool, flags string, seq, ack uint32, data int) []byte {
		s := testconn.Segment{Src: x.Client, Dst: x.Server, Flags: flags, Seq: seq, Ack: ack, Window: 65535, Data: make([]byte, data)}
		if !orig {
			s.Src, s.Dst = s.Dst, s.Src
		}
		return s.Bytes()
	}
	transfer := func(b *testing.B, x *testconn.Bench) {
		x.Open()
		data, ack := segment(x, true, "A", 1001, 5001, 1000), segment(x, false, "A", 5001, 1001, 0)
		seq := uint32(1001)
		for b.Loop() {
			x.Now += 1000
			put(data[24:], seq)
			seq += 1000
			put(ack[28:], seq)
			x.Process(data)
			x.Process(ack)
			x.Table.Settle()
		}
	}
	b.Run("transfer", func(b *testing.B) { transfer(b, newBench()) })
	b.Run("transfer, every packet told", func(b *testing.B) {
		x := newBench()
		x.Hooks.TCP.Packet.Listen(func(*event.TCPPacket) {})
		x.Hooks.Conn.NewPacket.Listen(func(*event.NewPacket) {})
		transfer(b, x)
	})
	b.Run("reordered", func(b *testing.B) {
		x := newBench()
		x.Open()
		data, ack := segment(x, true, "A", 1001, 5001, 1000), segment(x, false, "A", 5001, 1001, 0)
		seq := uint32(1001)
		for b.Loop() {
			x.Now += 1000
			for _, d := range []uint32{2000, 1000, 0} {
				put(data[24:], seq+d)
				x.Process(data)
			}
			seq += 3000
			put(ack[28:], seq)
			x.Process(ack)
			x.Table.Settle()
		}
	})
	b.Run("connection", func(b *testing.B) {
		x := newBench()
		packets := [][]byte{
			segment(x, true, "S", 0, 0, 0), segment(x, false, "SA", 0, 1, 0), segment(x, true, "PA", 1, 1, 500),
			segment(x, false, "PA", 1, 501, 700), segment(x, true, "FA", 501, 701, 0), segment(x, false, "FA", 701, 502, 0),
		}
		var n uint32
		for b.Loop() {
			x.Now += 10e6
			n++
			for i, p := range packets {
				put(p[12+4*(i&1):], 0x0a000000|n&0xffff)
				x.Process(p)
			}
			x.Table.Settle()
		}
	})
	b.Run("datagram", func(b *testing.B) {
		x := newBench()
		p := testconn.UDP(x.Client, x.Server, make([]byte, 100))
		for b.Loop() {
			x.Now += 1000
			x.Process(p)
		}
	})
}
