package packet

import (
	"encoding/binary"
	"testing"
)

func TestPartialChecksum(t *testing.T) {
	data := counting(33)
	addresses := map[string]func(uint8, []byte) []byte{
		"IPv4": func(proto uint8, b []byte) []byte { return v4(proto, b) },
		"IPv6": v6,
	}
	for version, packet := range addresses {
		for _, proto := range []uint8{ProtoTCP, ProtoUDP, ProtoICMP} {
			segment, at := cat(be16(4000), be16(80), be16(8+len(data)), zeros(2), data), 6
			if proto == ProtoTCP {
				segment, at = cat(tcpSegment, data), 16
			}
			parsed := func(sum uint16) *IP {
				b := packet(proto, segment)
				binary.BigEndian.PutUint16(b[len(b)-len(segment)+at:], sum)
				ip, _, drop := parse(t, b, Options{})
				if drop != DropNone {
					t.Fatal(drop)
				}
				return ip
			}
			ip := parsed(0)
			right := pseudoChecksum(&ip.Src, &ip.Dst, ip.Version, proto, ip.Payload)
			// The sum of the pseudo header alone, as a checksum has its complement.
			pseudo := func(n int) uint16 {
				h := cat(ip.Src[12:], ip.Dst[12:], be16(int(proto)), be16(n))
				if ip.Version == 6 {
					h = cat(ip.Src[:], ip.Dst[:], be32(uint32(n)), be32(uint32(proto)))
				}
				return ^Checksum(h)
			}
			for name, c := range map[string]struct {
				sum     uint16
				partial bool
			}{
				"pseudo header":                {pseudo(len(segment)), true},
				"pseudo header without length": {pseudo(0), true},
				"zero":                         {0, true},
				"wrong":                        {right ^ 0x0101, false},
				"complement":                   {^pseudo(len(segment)), false},
			} {
				want := c.partial && proto != ProtoICMP
				if got := parsed(c.sum).PartialChecksum(); got != want {
					t.Errorf("%s, protocol %d, %s: %v", version, proto, name, got)
				}
			}
			if proto != ProtoICMP && !parsed(right).ChecksumOK() {
				t.Errorf("%s, protocol %d: the right one is wrong", version, proto)
			}
		}
	}
}

// TestOffloadedHeader has IPv4 headers as offloading leaves them.
func TestOffloadedHeader(t *testing.T) {
	good := datagram4
	zeroSum, wrongSum, noLength := cat(good), cat(good), cat(good)
	zeroSum[10], zeroSum[11] = 0, 0
	wrongSum[10] ^= 1
	noLength[2], noLength[3] = 0, 0
	binary.BigEndian.PutUint16(noLength[10:], 0)
	for _, c := range []struct {
		name         string
		b            []byte
		verify, auto Drop
		partial      bool
	}{
		{"right", good, DropNone, DropNone, false},
		{"checksum of 0", zeroSum, DropPartialChecksum, DropNone, true},
		{"wrong", wrongSum, DropChecksum, DropChecksum, false},
		{"no length", noLength, dropNoLength, DropNone, true},
	} {
		if _, _, drop := parse(t, c.b, Options{Checksums: ChecksumsVerify}); drop != c.verify {
			t.Errorf("%s: %v, want %v", c.name, drop, c.verify)
		}
		ip, _, drop := parse(t, c.b, Options{Checksums: ChecksumsAuto})
		if drop != c.auto || drop == DropNone && ip.Partial != c.partial {
			t.Errorf("%s, auto: %v %v, want %v %v", c.name, drop, ip.Partial, c.auto, c.partial)
		}
		if _, _, drop := parse(t, c.b, Options{IgnoreChecksums: true}); drop != DropNone {
			t.Errorf("%s, ignored: %v", c.name, drop)
		}
	}
}

func TestChecksumStats(t *testing.T) {
	var a, b ChecksumStats
	x, y := addr16("10.0.0.1"), addr16("2001:db8::1")
	a.Count(&x, DropTCPChecksum)
	a.Count(&x, DropPartialChecksum)
	a.Count(&y, DropTruncatedHeader) // not a matter of checksums
	b.Count(&y, dropNoLength)
	b.CountTaken(&x)
	c := a.Clone()
	c.Merge(&b)
	if want := (ChecksumCounts{Wrong: 1, Partial: 2, Taken: 1}); c.ChecksumCounts != want || c.LeftOut() != 3 {
		t.Errorf("%+v", c)
	}
	if n := c.Hosts[AddrFrom16(&x)]; len(c.Hosts) != 2 || n.Taken != 1 || n.LeftOut() != 2 || len(a.Hosts) != 1 {
		t.Errorf("%+v, of %+v", c, a)
	}
	for i := range maxHosts {
		binary.BigEndian.PutUint16(y[14:], uint16(i))
		c.Count(&y, DropUDPChecksum)
	}
	if len(c.Hosts) != maxHosts || !c.Unnamed || c.Wrong != maxHosts+1 {
		t.Errorf("%d hosts, %v", len(c.Hosts), c.Unnamed)
	}
}
