package capture

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fanned returns a frame of Ethernet as the program of a fan-out sees it: when it comes in the
// link header is before it, and with it the outermost VLAN tag.
func fanned(frame []byte, outgoing bool) kernelPacket {
	typ := binary.BigEndian.Uint16(frame[12:])
	known := map[uint32]uint32{bpfHardware: hardwareEth, bpfPacketType: typeOutgoing, bpfProtocol: uint32(typ)}
	if outgoing {
		return kernelPacket{data: frame, known: known}
	}
	known[bpfPacketType] = 0
	data := frame[14:]
	if typ == etherVLAN || typ == etherQinQ {
		known[bpfProtocol] = uint32(binary.BigEndian.Uint16(data[2:]))
		data = data[4:]
	}
	return kernelPacket{data: data, known: known}
}

// ip4Header and ip6Header make headers of packets between two hosts.
func ip4Header(src, dst uint32) []byte {
	b := make([]byte, 20)
	b[0] = 0x45
	binary.BigEndian.PutUint32(b[12:], src)
	binary.BigEndian.PutUint32(b[16:], dst)
	return b
}

func ip6Header(src, dst [2]uint64) []byte {
	b := make([]byte, 40)
	b[0] = 0x60
	for i, x := range []uint64{src[0], src[1], dst[0], dst[1]} {
		binary.BigEndian.PutUint64(b[8+8*i:], x)
	}
	return b
}

// inFrame puts an Ethernet header around b; the last of types is the one of b, and those before
// have what is between.
func inFrame(types []any, b []byte) []byte {
	f := make([]byte, 12)
	for _, t := range types {
		switch t := t.(type) {
		case int:
			f = binary.BigEndian.AppendUint16(f, uint16(t))
		case []byte:
			f = append(f, t...)
		}
	}
	return append(f, b...)
}

// The ring depends on the two addresses alone, in either order and behind whatever leads to
// them.
func TestFanOutWhere(t *testing.T) {
	tag, ppp, last, label := []byte{0, 7}, []byte{0x11, 0, 0, 1, 0, 62}, []byte{0, 0, 0x51, 64}, []byte{0, 0, 0x50, 64}
	src, dst := uint32(0x0a000001), uint32(0xc0000207)
	src6, dst6 := [2]uint64{0x20010db8 << 32, 1}, [2]uint64{0x20010db8 << 32, 9 << 40}
	fragment := ip4Header(src, dst)
	fragment[6], fragment[9] = 0x20, 17
	options := append(ip4Header(src, dst), make([]byte, 8)...)
	options[0] = 0x47
	code := newSpreadKey().program()
	ring := func(p kernelPacket) uint32 { return execute(t, code, &p) }
	want4 := ring(fanned(inFrame([]any{etherIP}, ip4Header(src, dst)), false))
	want6 := ring(fanned(inFrame([]any{etherIP6}, ip6Header(src6, dst6)), false))
	if want4 == 0 || want6 == 0 || want4 == want6 { // once in two billion runs
		t.Fatal(want4, want6)
	}
	for _, c := range []struct {
		name  string
		types []any
		b     []byte
		want  uint32
	}{
		{"IPv4", []any{etherIP}, ip4Header(src, dst), want4},
		{"IPv4, back", []any{etherIP}, ip4Header(dst, src), want4},
		{"fragment", []any{etherIP}, fragment, want4},
		{"options", []any{etherIP}, options, want4},
		{"IPv6", []any{etherIP6}, ip6Header(src6, dst6), want6},
		{"IPv6, back", []any{etherIP6}, ip6Header(dst6, src6), want6},
		{"tag", []any{etherVLAN, tag, etherIP}, ip4Header(src, dst), want4},
		{"two tags", []any{etherQinQ, tag, etherVLAN, tag, etherIP6}, ip6Header(dst6, src6), want6},
		{"three tags", []any{etherQinQ, tag, etherOldQ, tag, etherVLAN, tag, etherIP}, ip4Header(src, dst), want4},
		{"five tags", []any{etherVLAN, tag, etherVLAN, tag, etherVLAN, tag, etherVLAN, tag, etherVLAN, tag, etherIP}, ip4Header(src, dst), 0},
		{"PPPoE", []any{etherPPPs, ppp, pppIP}, ip4Header(src, dst), want4},
		{"PPPoE in a tag", []any{etherVLAN, tag, etherPPPs, ppp, pppIP6}, ip6Header(src6, dst6), want6},
		{"PPPoE without IP", []any{etherPPPs, ppp, 0xc021}, ip4Header(src, dst), 0},
		{"MPLS", []any{etherMPLS, last}, ip4Header(dst, src), want4},
		{"MPLS, three labels", []any{etherMPLS, label, label, last}, ip6Header(src6, dst6), want6},
		{"MPLS without an end", []any{etherMPLS, label, label, label, label}, ip4Header(src, dst), 0},
		{"ARP", []any{0x0806}, make([]byte, 28), 0},
		{"another version", []any{etherIP}, make([]byte, 60), 0},
		{"cut", []any{etherIP}, ip4Header(src, dst)[:19], 0},
		{"IPv6, cut", []any{etherIP6}, ip6Header(src6, dst6)[:39], 0},
		{"nothing", []any{etherIP}, nil, 0},
	} {
		frame := inFrame(c.types, c.b)
		for _, outgoing := range []bool{false, true} {
			if got := ring(fanned(frame, outgoing)); got != c.want {
				t.Errorf("%s, outgoing %v: %#x, want %#x", c.name, outgoing, got, c.want)
			}
		}
	}
	// Interfaces without a link header, or with one that is before the packet.
	bare := kernelPacket{data: ip4Header(src, dst), known: map[uint32]uint32{bpfHardware: 512, bpfPacketType: 0, bpfProtocol: etherIP}}
	if got := ring(bare); got != want4 {
		t.Errorf("PPP: %#x, want %#x", got, want4)
	}
	if other := newSpreadKey().program(); execute(t, other, &bare) == want4 {
		t.Error("another key has the same result")
	}
}

// Rings get about as many pairs of addresses each, however the addresses are chosen.
func TestFanOutSpread(t *testing.T) {
	const pairs = 24000
	rng := rand.New(rand.NewPCG(5, 6))
	site := [2]uint64{0x20010db8_0001_0002, 0}
	for _, c := range []struct {
		name string
		pair func(i int) []byte
	}{
		{"random IPv4", func(int) []byte { return ip4Header(rng.Uint32(), rng.Uint32()) }},
		{"clients in order, one server", func(i int) []byte { return ip4Header(0x0a000000+uint32(i), 0xc0000201) }},
		{"both in order", func(i int) []byte { return ip4Header(0x0a000000+uint32(i), 0x0b000000+uint32(i)) }},
		{"networks in order", func(i int) []byte { return ip4Header(uint32(i)<<8|1, 0xc0000201) }},
		{"every pair of a network", func(i int) []byte { return ip4Header(0xc0a80000+uint32(i/155), 0xc0a80100+uint32(i%155)) }},
		{"random IPv6", func(int) []byte {
			return ip6Header([2]uint64{rng.Uint64(), rng.Uint64()}, [2]uint64{rng.Uint64(), rng.Uint64()})
		}},
		{"IPv6 in order, one server", func(i int) []byte { return ip6Header([2]uint64{site[0], uint64(i)}, [2]uint64{site[0] + 1, 1}) }},
		{"IPv6, both in order", func(i int) []byte { return ip6Header([2]uint64{site[0], uint64(i)}, [2]uint64{site[0] + 1, uint64(i)}) }},
		{"IPv6 networks in order", func(i int) []byte { return ip6Header([2]uint64{site[0] + uint64(i), 1}, [2]uint64{site[0] - 1, 1}) }},
		{"IPv6 networks of providers in order", func(i int) []byte { return ip6Header([2]uint64{site[0] + uint64(i)<<32, 1}, [2]uint64{1, 1}) }},
		{"IPv6 of MAC addresses", func(i int) []byte {
			return ip6Header([2]uint64{0xfe80 << 48, 0x0200_5eff_fe00_0000 + uint64(i)}, [2]uint64{0xfe80 << 48, 0x0200_5eff_fe00_0000})
		}},
	} {
		code := newSpreadKey().program()
		counts := map[int][]int{2: nil, 3: nil, 4: nil, 8: nil}
		for rings := range counts {
			counts[rings] = make([]int, rings)
		}
		known := map[uint32]uint32{bpfHardware: hardwareEth, bpfPacketType: 0, bpfProtocol: etherIP}
		for i := range pairs {
			p := kernelPacket{data: c.pair(i), known: known}
			h := execute(t, code, &p)
			for rings, n := range counts {
				n[h%uint32(rings)]++
			}
		}
		for rings, n := range counts {
			// Six standard deviations of what chance does: once in 500 million counts.
			mean := float64(pairs) / float64(rings)
			bound := 6 * math.Sqrt(mean*(1-1/float64(rings)))
			if float64(slices.Max(n)) > mean+bound || float64(slices.Min(n)) < mean-bound {
				t.Errorf("%s over %d rings: %v, want %.0f with a difference of at most %.0f", c.name, rings, n, mean, bound)
			}
		}
	}
}
