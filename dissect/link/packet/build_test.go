package packet

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// unhex turns hex digits with spaces into bytes.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		panic(err)
	}
	return b
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func be16(v int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func zeros(n int) []byte { return make([]byte, n) }

// counting returns n bytes with as few repetitions as possible.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func addr16(s string) [16]byte { return netip.MustParseAddr(s).As16() }

// v4opt changes a header that v4 makes, before its checksum is set.
type v4opt func(h []byte)

func fragBits(offset int, mf, df bool) v4opt {
	return func(h []byte) {
		v := offset / 8
		if mf {
			v |= 0x2000
		}
		if df {
			v |= 0x4000
		}
		binary.BigEndian.PutUint16(h[6:], uint16(v))
	}
}

func ipID(id int) v4opt { return func(h []byte) { binary.BigEndian.PutUint16(h[4:], uint16(id)) } }

// v4 makes an IPv4 packet from 10.0.0.1 to 10.0.0.2.
func v4(proto uint8, payload []byte, opts ...v4opt) []byte {
	h := unhex("4500 0000 1234 0000 4000 0000 0a000001 0a000002")
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	h[9] = proto
	for _, o := range opts {
		o(h)
	}
	binary.BigEndian.PutUint16(h[10:], Checksum(h))
	return cat(h, payload)
}

// v6 makes an IPv6 packet from 2001:db8::1 to 2001:db8::2.
func v6(next uint8, payload []byte) []byte {
	h := unhex("60012345 0000 0040 20010db8000000000000000000000001 20010db8000000000000000000000002")
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	h[6] = next
	return cat(h, payload)
}

var (
	tcpSegment = unhex("c001 0050 00000001 00000000 5002 ffff 0000 0000")
	datagram4  = v4(ProtoTCP, tcpSegment)
	datagram6  = v6(ProtoTCP, tcpSegment)

	macs = unhex("020000000002 020000000001") // destination, source
)

func eth(et int, payload []byte) []byte { return cat(macs, be16(et), payload) }

func frame(l LinkType, b []byte) *Frame {
	return &Frame{Data: b, OrigLen: uint32(len(b)), Link: l, Num: 1}
}

func names(w *Weirds) string {
	var s []string
	for _, x := range w.All() {
		n := x.Name
		if x.Addl != "" {
			n += "[" + x.Addl + "]"
		}
		if x.Source != "" {
			n += "@" + x.Source
		}
		s = append(s, n)
	}
	return strings.Join(s, " ")
}

// parse decodes and parses an IP packet without link layer.
func parse(t testing.TB, b []byte, o Options) (*IP, *Packet, Drop) {
	t.Helper()
	var d Decoder
	p, ip := new(Packet), new(IP)
	d.Decode(frame(LinkRaw, b), p)
	if p.Kind != KindIP {
		t.Fatalf("raw IP decoded as %v, %v", p.Kind, p.Drop)
	}
	drop := ip.Parse(p, &o)
	return ip, p, drop
}
