package pipeline

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// pcapWriter makes a capture in memory.
type pcapWriter struct{ b []byte }

func newPcap(link packet.LinkType) *pcapWriter {
	var w pcapWriter
	w.b = binary.LittleEndian.AppendUint32(w.b, 0xa1b2c3d4)
	w.b = append(w.b, 2, 0, 4, 0)
	w.b = append(w.b, make([]byte, 8)...)
	w.b = binary.LittleEndian.AppendUint32(w.b, 1<<18)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(link))
	return &w
}

// add appends a packet with its time in microseconds.
func (w *pcapWriter) add(us int64, data []byte) { w.addCut(us, data, len(data)) }

// addCut appends a packet that had another length on the wire.
func (w *pcapWriter) addCut(us int64, data []byte, wire int) {
	for _, v := range []uint32{uint32(us / 1e6), uint32(us % 1e6), uint32(len(data)), uint32(wire)} {
		w.b = binary.LittleEndian.AppendUint32(w.b, v)
	}
	w.b = append(w.b, data...)
}

// synthetic is a capture of n random packets.
func synthetic(seed uint64, n int) []byte {
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	w := newPcap(packet.LinkRaw)
	us := int64(1_700_000_000e6)
	for range n {
		switch g.IntN(100) {
		case 0:
			us += g.Int64N(100e6)
		case 1:
			us -= g.Int64N(10e6)
		case 2, 3, 4, 5, 6, 7, 8, 9, 10:
			us += g.Int64N(2e6)
		default:
			us += g.Int64N(1000)
		}
		w.add(us, g.packet(0))
	}
	return w.b
}

type generator struct{ *rand.Rand }

func (g generator) pick(list ...uint16) uint16 { return list[g.IntN(len(list))] }

func (g generator) addr(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(g.IntN(4))})
	}
	return netip.AddrFrom4([4]byte{10, 0, 0, byte(g.IntN(6))})
}

func (g generator) bytes(n int) []byte {
	b := make([]byte, g.IntN(n))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

// packet returns an IP packet inside depth others.
func (g generator) packet(depth int) []byte {
	v6 := g.IntN(4) == 0
	src, dst := g.addr(v6), g.addr(v6)
	port := func() uint16 { return g.pick(40000, 40001, 40002, 80, 22, 1080, 9999) }
	udp := func(dport uint16, data []byte) []byte {
		return testconn.UDP(netip.AddrPortFrom(src, port()), netip.AddrPortFrom(dst, dport), data)
	}
	kind := g.IntN(20)
	if depth > 3 {
		kind %= 14
	}
	var p []byte
	switch kind {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		s := testconn.Segment{
			Src: netip.AddrPortFrom(src, port()), Dst: netip.AddrPortFrom(dst, port()),
			Seq: g.seq(), Ack: g.seq(), Flags: []string{"S", "SA", "A", "A", "A", "PA", "PA", "FA", "R", "RA", "", "SFR", "FPU"}[g.IntN(13)],
			Window: g.pick(0, 1000, 65535), BadSum: g.IntN(50) == 0, Options: g.options(),
		}
		if g.IntN(2) == 0 {
			s.Data = testconn.Bytes(int(s.Seq), g.IntN(40))
		}
		p = s.Bytes()
	case 8, 9:
		p = udp(g.pick(9998, 9999, 53, 2152, 3544, 4789, 6081), g.bytes(40))
	case 10:
		p = testconn.ICMP(src, dst, byte(g.pick(0, 3, 8, 11, 128, 129, 135, 136)), byte(g.IntN(3)), g.bytes(60))
	case 11:
		p = testconn.IP(byte(g.pick(2, 50, 51, 89, 132)), src, dst, g.bytes(40))
	case 12:
		p = g.bytes(60) // anything
	case 13:
		p = g.fragment(testconn.IP(packet.ProtoUDP, src, dst, g.bytes(100)))
	case 14:
		p = testconn.IP(packet.ProtoIPv4, src, dst, g.packet(depth+1))
	case 15:
		p = testconn.IP(packet.ProtoIPv6, src, dst, g.packet(depth+1))
	case 16:
		p = testconn.IP(packet.ProtoGRE, src, dst, append([]byte{0, 0, 8, 0}, g.packet(depth+1)...))
	case 17:
		p = udp(3544, g.packet(depth+1)) // Teredo
	case 18:
		inner := g.packet(depth + 1)
		h := []byte{0x30, 0xff, byte(len(inner) >> 8), byte(len(inner)), 0, 0, 0, 1}
		p = udp(2152, append(h, inner...)) // GTPv1
	case 19:
		h := []byte{8, 0, 0, 0, 0, 0, 7, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
		p = udp(4789, append(h, g.packet(depth+1)...)) // VXLAN
	}
	if g.IntN(40) == 0 && len(p) > 0 {
		p[g.IntN(len(p))] ^= byte(1 << g.IntN(8))
	}
	return p
}

// seq returns a sequence number of one of two streams; some wrap.
func (g generator) seq() uint32 {
	base := []uint32{1000, 1000, 1000, 1<<32 - 30}[g.IntN(4)]
	return base + uint32(g.IntN(100))
}

func (g generator) options() []byte {
	switch g.IntN(10) {
	case 0:
		return []byte{2, 4, 5, 0xb4, 1, 3, 3, 7}
	case 1:
		return append(g.bytes(1), make([]byte, 4)...)
	}
	return nil
}

// fragment turns p, an IPv4 packet, into a fragment of another.
func (g generator) fragment(p []byte) []byte {
	if p[0]>>4 != 4 {
		return p
	}
	binary.BigEndian.PutUint16(p[4:], g.pick(1, 2, 3))
	binary.BigEndian.PutUint16(p[6:], g.pick(0, 0x2000, 0x2001, 0x2004, 2, 4, 9))
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], packet.Checksum(p[:20]))
	return p
}
