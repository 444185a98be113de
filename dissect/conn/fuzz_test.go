package conn_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// FuzzTable turns its input into packets between few hosts and into passing time, and
// checks the table after each.
func FuzzTable(f *testing.F) {
	step := func(kind, pair, flags byte, seq, ack int16, n byte) []byte {
		b := []byte{kind, pair, flags}
		b = binary.BigEndian.AppendUint16(b, uint16(seq))
		return append(binary.BigEndian.AppendUint16(b, uint16(ack)), n)
	}
	cat := func(list ...[]byte) (all []byte) {
		for _, b := range list {
			all = append(all, b...)
		}
		return all
	}
	handshake := cat(step(0, 0, 2, 0, 0, 0), step(0, 128, 0x12, 0, 1, 0), step(0, 0, 0x10, 1, 1, 0))
	f.Add(cat(handshake, step(0, 0, 0x18, 1, 1, 9), step(0, 0, 0x18, 20, 1, 9), step(0, 128, 0x10, 1, 25, 0), step(0, 0, 0x11, 29, 1, 0)))
	f.Add(cat(handshake, step(0, 0, 4, 1, 0, 0), step(7, 6, 0, 0, 0, 0), step(0, 0, 2, 999, 0, 0)))
	f.Add(cat(step(3, 0, 0, 0, 0, 9), step(3, 129, 0, 0, 0, 9), step(4, 1, 8, 0, 0, 9), step(5, 2, 89, 0, 0, 200), step(7, 70, 0, 0, 0, 0)))
	f.Add(cat(handshake, step(1, 0, 0x18, 5, 1, 100), step(2, 0, 0x18, 1, 1, 3), step(8, 0, 0, 0, 0, 0)))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 8*400 {
			return
		}
		b, r := newBench(t, func(c *conn.Options) {
			c.Connections, c.StreamBytes, c.ReassemblyBytes, c.ReassemblyBlocks = 6, 500, 4000, 8
			c.AboveHole, c.InitialWindow, c.TunnelChanges = 300, 200, 2
		})
		var calls []string
		p := &conn.Protocol{Name: "X", New: func(conn.Use) conn.Analyzer { return &faulty{"", &calls} }}
		b.Table.SetAttacher(attachAll{p})
		host := func(x byte) netip.AddrPort {
			a := netip.AddrFrom4([4]byte{10, 0, 0, x & 3})
			if x&4 != 0 {
				a = netip.AddrFrom16([16]byte{0x20, 1, 15: x & 3})
			}
			return netip.AddrPortFrom(a, []uint16{40000, 22, 80, 9999}[x>>3&3])
		}
		for ; len(in) >= 8; in = in[8:] {
			kind, pair, flags, n := in[0], in[1], in[2], int(in[7])
			seq, ack := int16(binary.BigEndian.Uint16(in[3:])), int16(binary.BigEndian.Uint16(in[5:]))
			src, dst := host(pair&0x1f), host(pair&4|(pair>>5&3))
			if pair&0x80 != 0 {
				src, dst = dst, src
			}
			b.Batch = n % 7
			b.Now += 1e6
			switch kind % 9 {
			case 0, 1, 2:
				s := testconn.Segment{Src: src, Dst: dst, Seq: uint32(int32(seq)), Ack: uint32(int32(ack)), Window: uint16(flags) << 8,
					Data: testconn.Bytes(int(seq)+100_000, n), BadSum: kind%32 == 31}
				for i := range 6 {
					if flags&(1<<i) != 0 {
						s.Flags += testconn.FlagLetters[i : i+1]
					}
				}
				if kind%9 == 2 && n > 0 {
					s.Data[0] ^= 0xff
				}
				raw := s.Bytes()
				if kind%9 == 1 {
					raw = raw[:len(raw)-n/2] // the end was not captured
				}
				b.Packet(raw)
			case 3:
				b.Packet(testconn.UDP(src, dst, make([]byte, n)))
			case 4:
				b.Packet(testconn.ICMP(src.Addr(), dst.Addr(), flags, 0, make([]byte, n)))
			case 5:
				b.Packet(testconn.IP(flags, src.Addr(), dst.Addr(), testconn.Bytes(int(seq)+100_000, n)))
			case 6:
				b.Packet(in[:8])
			case 7:
				b.Advance(value.Time(pair) * value.Second)
			case 8:
				if c := theConn(b); c != nil {
					b.Table.Nested(c, new(conn.Protocol)).SwapRoles()
					c.SetBytesThreshold(uint64(n), pair&1 != 0)
					c.SetInactivityTimeout(value.Time(n) * value.Second)
				}
			}
			if err := b.Table.Check(); err != nil {
				t.Fatal(err)
			}
		}
		b.Drain()
		st := b.Table.Stats()
		if st.Panics != 0 || st.Created != st.Removed || st.Created != uint64(len(r.conns)) || b.Table.Len() != 0 {
			t.Fatalf("%d rows, %+v", len(r.conns), st)
		}
		if err := b.Table.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
