package packet

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func ext(next uint8, body []byte) []byte {
	b := cat([]byte{next, 0}, body)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	b[1] = byte(len(b)/8 - 1)
	return b
}

func routing(next, typ, left uint8, addrs ...string) []byte {
	b := []byte{typ, left, 0, 0, 0, 0}
	for _, a := range addrs {
		x := addr16(a)
		b = append(b, x[:]...)
	}
	return ext(next, b)
}

func homeAddr(a string) []byte {
	x := addr16(a)
	return cat([]byte{201, 16}, x[:])
}

func fragHdr(next uint8, offset int, more bool, id uint32) []byte {
	v := offset
	if more {
		v |= 1
	}
	return cat([]byte{next, 0}, be16(v), be32(id))
}

// extensionCases are IPv6 packets with every extension header.
func extensionCases() [][]byte {
	return [][]byte{
		v6(protoHopByHop, cat(ext(protoDstOpts, unhex("0502 0000 0100")), ext(ProtoTCP, homeAddr("2001:db8::9")), tcpSegment)),
		v6(protoRouting, cat(routing(ProtoTCP, 0, 1, "2001:db8::7", "2001:db8::8"), tcpSegment)),
		v6(protoRouting, cat(routing(ProtoTCP, 2, 1, "2001:db8::7"), tcpSegment)),
		v6(protoFragment, cat(fragHdr(ProtoTCP, 0, true, 1), tcpSegment)),
		v6(protoAH, cat(unhex("06 04 0000 00000001 00000002 000102030405060708090a0b"), tcpSegment)),
		v6(protoESP, zeros(40)),
		v6(protoMobility, cat(unhex("3b 01 00 00 0000 0000 0104 00000000 0000"), nil)),
		v6(ProtoNoNext, nil),
	}
}

func TestParseIPv4(t *testing.T) {
	opts := v4(ProtoUDP, zeros(8), func(h []byte) { h[0] = 0x46; h[1] = 0xb8; h[8] = 3 })
	copy(opts[10:], be16(0))
	copy(opts[10:], be16(int(Checksum(opts[:24]))))
	ip, p, drop := parse(t, cat(opts, zeros(5)), Options{})
	if drop != DropNone {
		t.Fatalf("%v %s", drop, names(&p.Weirds))
	}
	if ip.Version != 4 || ip.Src != addr16("10.0.0.1") || ip.Dst != addr16("10.0.0.2") || ip.HdrLen != 24 ||
		ip.TotalLen != 28 || ip.PayloadLen != 4 || len(ip.Payload) != 4 || ip.Proto != ProtoUDP || ip.TTL != 3 ||
		ip.TOS() != 0xb8 || ip.ID != 0x1234 || ip.Fragment || ip.FlowLabel() != 0 || ip.Snapped {
		t.Errorf("%+v", ip)
	}
	if len(ip.Header()) != 24 || len(ip.Raw()) != 33 {
		t.Errorf("header %d, raw %d", len(ip.Header()), len(ip.Raw()))
	}
}

func TestParseOutcome(t *testing.T) {
	patch := func(b []byte, off int, with ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[off:], with)
		return b
	}
	noSum := Options{IgnoreChecksums: true}
	for _, c := range []struct {
		name   string
		data   []byte
		opt    Options
		orig   int
		drop   Drop
		weirds string
	}{
		{"short", datagram4[:19], Options{}, 0, dropTruncated, "truncated_IP@IP"},
		{"short v6", datagram6[:39], Options{}, 0, dropTruncated, "truncated_IP@IP"},
		{"version", patch(datagram4, 0, 0x55), Options{}, 0, dropMalformed, "unknown_ip_version@IP"},
		{"length 0", patch(datagram4, 2, 0, 0), Options{}, 0, dropMalformed, "ip_hdr_len_zero@IP"},
		{"length 0, no checksums", patch(datagram4, 2, 0, 0), noSum, 0, DropNone, "ip_hdr_len_zero@IP"},
		{"length over the wire's", patch(datagram4, 2, 0, 41), noSum, 0, dropTruncated, "truncated_IP_len@IP"},
		{"length over the captured", patch(datagram4, 2, 0, 41), noSum, 41, DropNone, ""},
		{"header over length", patch(datagram4, 2, 0, 19), noSum, 0, dropMalformed, "invalid_IP_header_size@IP"},
		{"header over captured", patch(datagram4[:22], 0, 0x46), noSum, 40, dropTruncated, "internally_truncated_header@IP"},
		{"header too small", patch(datagram4, 0, 0x44), noSum, 0, dropMalformed, "IPv4_min_header_size@IP"},
		{"checksum", patch(datagram4, 10, 0, 0), Options{}, 0, DropChecksum, "bad_IP_checksum@IP"},
		{"checksum ignored", patch(datagram4, 10, 0, 0), noSum, 0, DropNone, ""},
		{"checksum ignored from there", patch(datagram4, 10, 0, 0),
			Options{IgnoreFrom: func(a *[16]byte) bool { return *a == addr16("10.0.0.1") }}, 0, DropNone, ""},
		{"checksum not ignored from elsewhere", patch(datagram4, 10, 0, 0),
			Options{IgnoreFrom: func(a *[16]byte) bool { return *a == addr16("10.0.0.2") }}, 0, DropChecksum, "bad_IP_checksum@IP"},
		{"jumbo with extension", patch(v6(protoHopByHop, ext(ProtoTCP, unhex("c204 00010000"))), 4, 0, 0), Options{}, 0, dropMalformed, "invalid_IP_header_size@IP"},
		{"v6 length", patch(datagram6, 4, 0, 21), Options{}, 0, dropTruncated, "truncated_IP_len@IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			var p Packet
			var ip IP
			f := frame(LinkRaw, c.data)
			f.OrigLen = uint32(max(c.orig, len(c.data)))
			d.Decode(f, &p)
			if drop := ip.Parse(&p, &c.opt); drop != c.drop || names(&p.Weirds) != c.weirds {
				t.Errorf("%v %q, want %v %q", drop, names(&p.Weirds), c.drop, c.weirds)
			}
		})
	}
}

func TestSegmentationOffload(t *testing.T) {
	b := bytes.Clone(datagram4)
	copy(b[2:], be16(0))
	ip, _, drop := parse(t, b, Options{IgnoreChecksums: true})
	if drop != DropNone || ip.TotalLen != 0 || ip.PayloadLen != 0 || !bytes.Equal(ip.Payload, tcpSegment) {
		t.Errorf("%v %+v", drop, ip)
	}
}

func TestExtensionHeaders(t *testing.T) {
	for i, c := range []struct {
		data       []byte
		src, dst   string
		proto      uint8
		last       uint8
		hdr, count int
		upper      Upper
		weirds     string
	}{
		{extensionCases()[0], "2001:db8::9", "2001:db8::2", ProtoTCP, protoDstOpts, 40 + 8 + 24, 3, UpperTransport, ""},
		{extensionCases()[1], "2001:db8::1", "2001:db8::8", ProtoTCP, protoRouting, 40 + 40, 2, UpperTransport, "routing0_hdr"},
		{extensionCases()[2], "2001:db8::1", "2001:db8::7", ProtoTCP, protoRouting, 40 + 24, 2, UpperTransport, ""},
		{extensionCases()[3], "2001:db8::1", "2001:db8::2", ProtoTCP, protoFragment, 48, 2, UpperTransport, ""},
		{extensionCases()[4], "2001:db8::1", "2001:db8::2", ProtoTCP, protoAH, 40 + 24, 2, UpperTransport, ""},
		{extensionCases()[5], "2001:db8::1", "2001:db8::2", ProtoNoNext, protoESP, 48, 2, UpperESP, ""},
		{extensionCases()[6], "2001:db8::1", "2001:db8::2", ProtoNoNext, protoMobility, 56, 2, UpperBad, "bad_MH_checksum@IP"},
		{extensionCases()[7], "2001:db8::1", "2001:db8::2", ProtoNoNext, ProtoIPv6, 40, 1, UpperNone, "ipv6_no_next@IP"},
		{v6(protoRouting, cat(routing(ProtoTCP, 0, 0, "2001:db8::7"), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoRouting, 64, 2, UpperTransport, "routing0_hdr"},
		{v6(protoRouting, cat(ext(ProtoTCP, cat([]byte{0, 1}, zeros(28))), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoRouting, 72, 2, UpperTransport, "odd_routing0_len routing0_hdr"},
		{v6(protoRouting, cat(ext(ProtoTCP, cat([]byte{2, 1}, zeros(4))), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoRouting, 48, 2, UpperTransport, "bad_routing2_len"},
		{v6(protoRouting, cat(ext(ProtoTCP, cat([]byte{4, 1}, zeros(4))), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoRouting, 48, 2, UpperTransport, "unknown_routing_type[4]"},
		{v6(protoRouting, cat(routing(protoRouting, 2, 1, "2001:db8::7"), routing(ProtoTCP, 2, 1, "2001:db8::8"), tcpSegment)), "2001:db8::1", "2001:db8::7", ProtoTCP, protoRouting, 88, 3, UpperTransport, "multiple_routing_headers"},
		{v6(protoDstOpts, cat(ext(ProtoTCP, unhex("c9 04 00000000")), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoDstOpts, 48, 2, UpperTransport, "bad_home_addr_len"},
		{v6(protoDstOpts, cat(ext(ProtoTCP, unhex("c9 05 00000000")), tcpSegment)), "2001:db8::1", "2001:db8::2", ProtoTCP, protoDstOpts, 48, 2, UpperTransport, "bad_ipv6_dest_opt_len"},
		{v6(protoDstOpts, cat(ext(ProtoTCP, cat(homeAddr("2001:db8::9"), homeAddr("2001:db8::a"))), tcpSegment)), "2001:db8::9", "2001:db8::2", ProtoTCP, protoDstOpts, 80, 2, UpperTransport, "multiple_home_addr_opts"},
	} {
		ip, p, drop := parse(t, c.data, Options{})
		if drop != DropNone {
			t.Errorf("%d: %v %s", i, drop, names(&p.Weirds))
			continue
		}
		up := ip.Upper(&Options{}, false, &p.Weirds)
		if ip.Src != addr16(c.src) || ip.Dst != addr16(c.dst) || ip.Proto != c.proto || ip.LastHeader != c.last ||
			ip.HdrLen != c.hdr || ip.NumHeaders != c.count || up != c.upper || names(&p.Weirds) != c.weirds {
			t.Errorf("%d: upper %d, %q, %+v", i, up, names(&p.Weirds), ip)
		}
		if ip.HeaderSrc() != addr16("2001:db8::1") || ip.HeaderDst() != addr16("2001:db8::2") {
			t.Errorf("%d: header addresses %v %v", i, ip.HeaderSrc(), ip.HeaderDst())
		}
		if ip.FlowLabel() != 0x12345 || ip.TOS() != 0 {
			t.Errorf("%d: flow label %#x, class %#x", i, ip.FlowLabel(), ip.TOS())
		}
		if len(ip.Payload) != len(c.data)-ip.HdrLen || ip.PayloadLen != len(ip.Payload) {
			t.Errorf("%d: payload %d", i, len(ip.Payload))
		}
	}
}

func TestMobility(t *testing.T) {
	mh := unhex("3b 01 05 00 0000 0007 8000 0009 0102 0000")
	src, dst := addr16("2001:db8::1"), addr16("2001:db8::2")
	copy(mh[4:], be16(int(pseudoChecksum(&src, &dst, 6, protoMobility, mh))))
	ip, p, drop := parse(t, v6(protoMobility, mh), Options{})
	if drop != DropNone {
		t.Fatal(drop, names(&p.Weirds))
	}
	if up := ip.Upper(&Options{}, false, &p.Weirds); up != UpperMobility || names(&p.Weirds) != "" {
		t.Errorf("%v %s", up, names(&p.Weirds))
	}
	mh[0] = ProtoTCP
	ip, p, _ = parse(t, v6(protoMobility, cat(mh, tcpSegment)), Options{})
	if up := ip.Upper(&Options{IgnoreChecksums: true}, false, &p.Weirds); up != UpperMobility || names(&p.Weirds) != "mobility_piggyback@IP" {
		t.Errorf("%v %s", up, names(&p.Weirds))
	}
}

func TestTeredoBubble(t *testing.T) {
	ip, p, _ := parse(t, v6(ProtoNoNext, nil), Options{})
	if up := ip.Upper(&Options{}, true, &p.Weirds); up != UpperNone || names(&p.Weirds) != "" {
		t.Errorf("%v %s", up, names(&p.Weirds))
	}
}

func TestThousandExtensionHeaders(t *testing.T) {
	chain := func(n int) []byte {
		return v6(protoDstOpts, cat(bytes.Repeat(ext(protoDstOpts, unhex("c9 05")), n-1), ext(ProtoTCP, unhex("c9 05")), tcpSegment))
	}
	ip, p, drop := parse(t, chain(maxExtHeaders), Options{})
	if drop != DropNone || ip.Proto != ProtoTCP || ip.NumHeaders != maxExtHeaders+1 {
		t.Errorf("at the limit: %v, protocol %d", drop, ip.Proto)
	}
	if len(p.Weirds.All()) != maxWeirds || p.Weirds.Lost() != maxExtHeaders-maxWeirds {
		t.Errorf("%d weirds, %d lost", len(p.Weirds.All()), p.Weirds.Lost())
	}
	if _, p, drop = parse(t, chain(1000), Options{}); drop != dropDepth {
		t.Errorf("beyond the limit: %v %s", drop, names(&p.Weirds))
	}
}

// TestWeirdAddresses checks that each weird of a header chain has the addresses known
// when it was found.
func TestWeirdAddresses(t *testing.T) {
	_, p, _ := parse(t, v6(protoRouting, cat(routing(ProtoTCP, 0, 1, "2001:db8::7"), tcpSegment)), Options{})
	w := p.Weirds.All()[0]
	if !w.HasAddrs || w.Src != addr16("2001:db8::1") || w.Dst != addr16("2001:db8::7") {
		t.Errorf("%+v", w)
	}
}

func TestFragmentFields(t *testing.T) {
	ip, _, _ := parse(t, v4(ProtoUDP, zeros(64), fragBits(1480, true, true)), Options{})
	if !ip.Fragment || ip.FragOffset != 1480 || !ip.MF || !ip.DF || ip.ID != 0x1234 {
		t.Errorf("%+v", ip)
	}
	ip, _, _ = parse(t, v4(ProtoUDP, zeros(64), fragBits(0, false, true)), Options{})
	if ip.Fragment {
		t.Error("DF alone makes no fragment")
	}
	ip, _, _ = parse(t, v6(protoFragment, cat(fragHdr(ProtoUDP, 1480, true, 0xdeadbeef), zeros(64))), Options{})
	if !ip.Fragment || ip.FragOffset != 1480 || !ip.MF || ip.ID != 0xdeadbeef {
		t.Errorf("%+v", ip)
	}
	// An atomic fragment.
	ip, _, _ = parse(t, v6(protoFragment, cat(fragHdr(ProtoUDP, 0, false, 1), zeros(64))), Options{})
	if !ip.Fragment {
		t.Error("an atomic fragment is one")
	}
}

func naiveSum(b []byte, s uint32) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
		s = s>>16 + s&0xffff
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func TestChecksum(t *testing.T) {
	const most = 1 << 16
	b := counting(most + 17)
	full := bytes.Repeat([]byte{0xff}, most+17)
	lengths := []int{most - 1}
	for n := range 2000 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		off := n % 17
		for _, x := range [][]byte{b[off : off+n], full[off : off+n]} {
			if got, want := Checksum(x), ^naiveSum(x, 0); got != want {
				t.Fatalf("%d bytes: %#x, want %#x", n, got, want)
			}
			if got, want := fold(sumWords(x, 0)), fold(sum(x, 0)); got != want {
				t.Fatalf("%d bytes: %#x without the wide registers, %#x with them", n, got, want)
			}
			a6, c6 := addr16("2001:db8::ffff"), addr16("ff02::1")
			ph := cat(a6[:], c6[:], be32(uint32(n)), be32(58))
			if got, want := pseudoChecksum(&a6, &c6, 6, 58, x), ^naiveSum(x, uint32(naiveSum(ph, 0))); got != want {
				t.Fatalf("%d bytes, v6: %#x, want %#x", n, got, want)
			}
			a4, c4 := addr16("255.254.253.252"), addr16("10.0.0.1")
			ph = cat(a4[12:], c4[12:], []byte{0, 17}, be16(n))
			if got, want := pseudoChecksum(&a4, &c4, 4, 17, x), ^naiveSum(x, uint32(naiveSum(ph, 0))); got != want {
				t.Fatalf("%d bytes, v4: %#x, want %#x", n, got, want)
			}
		}
	}
}
