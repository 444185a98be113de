package mirror

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

func cat(parts ...any) (b []byte) {
	for _, p := range parts {
		switch x := p.(type) {
		case int:
			b = append(b, byte(x))
		case []byte:
			b = append(b, x...)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, x)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, x)
		default:
			panic(fmt.Sprintf("%T", p))
		}
	}
	return b
}

func zeros(n int) []byte { return make([]byte, n) }

// eth puts a frame around b; tags are ethertypes of VLAN tags.
func eth(typ uint16, b []byte, tags ...uint16) []byte {
	head := cat(zeros(5), 2, zeros(5), 1)
	for _, t := range tags {
		head = cat(head, t, uint16(7))
	}
	return cat(head, typ, b)
}

// ip4 makes an IPv4 packet, or the fragment of one at an offset.
func ip4(proto int, b []byte, fragment ...int) []byte {
	bits := uint16(0)
	if len(fragment) > 0 {
		bits = uint16(fragment[0]/8) | uint16(fragment[1])<<13
	}
	return cat(0x45, 0, uint16(20+len(b)), uint16(77), bits, 64, proto, uint16(0), 10, 9, 8, 1, 10, 9, 8, 2, b)
}

func ip6(proto int, b []byte) []byte {
	return cat(0x60, 0, 0, 0, uint16(len(b)), proto, 64, 0x20, 1, zeros(13), 1, 0x20, 1, zeros(13), 2, b)
}

// routed is ip6 with a header of destination options.
func routed(proto int, b []byte) []byte { return ip6(60, cat(proto, 0, 1, 4, zeros(4), b)) }

func udp(port uint16, b []byte) []byte {
	return cat(uint16(40000), port, uint16(8+len(b)), uint16(0), b)
}

func vxlan(vni uint32, b []byte) []byte { return udp(4789, cat(8, zeros(3), vni<<8, b)) }

func geneve(typ uint16, options int, b []byte) []byte {
	return udp(6081, cat(options/4, 0, typ, uint32(0x000909<<8), zeros(options), b))
}

func gre(flags, typ uint16, fields ...any) []byte { return cat(flags, typ, cat(fields...)) }

var (
	inner  = ip4(17, udp(53, zeros(20)))
	inner6 = ip6(17, udp(53, zeros(20)))
	frame  = eth(0x0800, inner)
	tagged = eth(0x0800, inner, 0x8100)
)

// show prints what Strip made of a frame.
func show(d *Decoder, v Verdict, f *packet.Frame) string {
	var s strings.Builder
	s.WriteString([...]string{"plain", "stripped", "held", "lost"}[v])
	for _, t := range []Tunnel{d.Outer, d.Inner} {
		if t.Kind == 0 {
			continue
		}
		s.WriteString(" " + t.Kind.String())
		if t.HasID {
			fmt.Fprintf(&s, "=%d", t.ID)
		}
	}
	if v != Stripped {
		return s.String()
	}
	is := "other"
	for name, b := range map[string][]byte{"inner": inner, "inner6": inner6, "frame": frame, "tagged": tagged} {
		if bytes.Equal(f.Data, b) {
			is = name
		}
	}
	fmt.Fprintf(&s, ": %s, link %d", is, f.Link)
	if cut := int(f.OrigLen) - len(f.Data); cut != 0 {
		fmt.Fprintf(&s, ", cut %d", cut)
	}
	return s.String()
}

var cases = []struct {
	name  string
	kinds string
	b     []byte
	want  string
}{
	{"VXLAN", "vxlan", eth(0x0800, ip4(17, vxlan(5, frame))), "stripped vxlan=5: frame, link 1"},
	{"VXLAN of Linux", "vxlan", eth(0x0800, ip4(17, cat(uint16(1), uint16(8472), uint16(0), uint16(0), 8, zeros(6), 0, frame))), "stripped vxlan=0: frame, link 1"},
	{"VXLAN, another port", "vxlan:4790", eth(0x0800, ip4(17, vxlan(5, frame))), "plain"},
	{"VXLAN over IPv6", "vxlan", eth(0x86dd, ip6(17, vxlan(5, frame))), "stripped vxlan=5: frame, link 1"},
	{"VXLAN after options", "vxlan", eth(0x86dd, routed(17, vxlan(5, frame))), "stripped vxlan=5: frame, link 1"},
	{"VXLAN in VLANs", "vxlan", eth(0x0800, ip4(17, vxlan(5, tagged)), 0x88a8, 0x8100), "stripped vxlan=5: tagged, link 1"},
	{"VXLAN with a trailer", "vxlan", cat(eth(0x0800, ip4(17, vxlan(5, frame))), zeros(4)), "stripped vxlan=5: frame, link 1"},
	{"VXLAN, not asked for", "geneve,gre,erspan", eth(0x0800, ip4(17, vxlan(5, frame))), "plain"},
	{"VXLAN without an identifier", "vxlan", eth(0x0800, ip4(17, udp(4789, cat(zeros(8), frame)))), "plain"},
	{"VXLAN, nothing", "vxlan", eth(0x0800, ip4(17, vxlan(5, nil))), "plain"},
	{"VXLAN, cut by the mirror", "vxlan", eth(0x0800, ip4(17, vxlan(5, frame[:40]))), "stripped vxlan=5: other, link 1, cut 22"},
	{"to the source port", "vxlan", eth(0x0800, ip4(17, cat(uint16(4789), uint16(9), zeros(4), 8, zeros(7), frame))), "plain"},

	{"Geneve", "geneve", eth(0x0800, ip4(17, geneve(0x6558, 0, frame))), "stripped geneve=2313: frame, link 1"},
	{"Geneve with options", "geneve", eth(0x0800, ip4(17, geneve(0x6558, 32, frame))), "stripped geneve=2313: frame, link 1"},
	{"Geneve with IPv4", "geneve", eth(0x0800, ip4(17, geneve(0x0800, 4, inner))), "stripped geneve=2313: inner, link 101"},
	{"Geneve with IPv6", "geneve", eth(0x0800, ip4(17, geneve(0x86dd, 0, inner6))), "stripped geneve=2313: inner6, link 101"},
	{"Geneve with IPv6, cut", "geneve", eth(0x0800, ip4(17, geneve(0x86dd, 0, inner6[:50]))), "stripped geneve=2313: other, link 101, cut 18"},
	{"Geneve, control", "geneve", eth(0x0800, ip4(17, udp(6081, cat(0, 0x80, uint16(0x6558), zeros(4), frame)))), "plain"},
	{"Geneve, options cut", "geneve", eth(0x0800, ip4(17, udp(6081, cat(60, 0, uint16(0x6558), zeros(4), frame)))), "plain"},

	{"ERSPAN I", "erspan", eth(0x0800, ip4(47, gre(0, 0x88be, frame))), "stripped erspan: frame, link 1"},
	{"ERSPAN II", "erspan", eth(0x0800, ip4(47, gre(0x1000, 0x88be, zeros(4), uint16(0x1005), uint16(0xfc2a), zeros(4), frame))), "stripped erspan=42: frame, link 1"},
	{"ERSPAN II, cut", "erspan", eth(0x0800, ip4(47, gre(0x1000, 0x88be, zeros(4), uint16(0x1005), uint16(0x042a), zeros(4), frame[:34]))), "stripped erspan=42: other, link 1, cut 28"},
	{"ERSPAN III", "erspan", eth(0x0800, ip4(47, gre(0x1000, 0x22eb, zeros(4), uint16(0x2005), uint16(43), zeros(8), frame))), "stripped erspan=43: frame, link 1"},
	{"ERSPAN III, subheader", "erspan", eth(0x86dd, ip6(47, gre(0x1000, 0x22eb, zeros(4), uint16(0x2005), uint16(44), zeros(7), 1, zeros(8), frame))), "stripped erspan=44: frame, link 1"},
	{"ERSPAN as GRE", "gre", eth(0x0800, ip4(47, gre(0, 0x88be, frame))), "plain"},
	{"GRE as ERSPAN", "erspan", eth(0x0800, ip4(47, gre(0, 0x0800, inner))), "plain"},

	{"GRE", "gre", eth(0x0800, ip4(47, gre(0, 0x0800, inner))), "stripped gre: inner, link 101"},
	{"GRE with IPv6", "gre", eth(0x0800, ip4(47, gre(0, 0x86dd, inner6))), "stripped gre: inner6, link 101"},
	{"GRE, key", "gre", eth(0x0800, ip4(47, gre(0x2000, 0x0800, uint32(99), inner))), "stripped gre=99: inner, link 101"},
	{"GRE, all fields", "gre", eth(0x0800, ip4(47, gre(0xb000, 0x6558, zeros(4), uint32(98), uint32(1), frame))), "stripped gre=98: frame, link 1"},
	{"GRE, routing", "gre", eth(0x0800, ip4(47, gre(0x4000, 0x0800, inner))), "plain"},
	{"GRE, key cut", "gre", eth(0x0800, ip4(47, gre(0x2000, 0x0800, 1))), "plain"},
	{"PPTP", "gre", eth(0x0800, ip4(47, gre(0x3081, 0x880b, zeros(12), uint16(0xff03), uint16(0x21), inner))), "plain"},
	{"GRE, another protocol", "gre", eth(0x0800, ip4(47, gre(0, 0x1234, inner))), "plain"},

	{"VXLAN in Geneve", "vxlan,geneve", eth(0x0800, ip4(17, geneve(0x6558, 8, eth(0x0800, ip4(17, vxlan(6, tagged)))))), "stripped geneve=2313 vxlan=6: tagged, link 1"},
	{"three", "vxlan,gre,erspan", eth(0x0800, ip4(47, gre(0, 0x0800, ip4(17, vxlan(6, eth(0x86dd, ip6(47, gre(0, 0x88be, frame)))))))), "stripped gre erspan: frame, link 1"},
	{"the inner one not asked for", "geneve", eth(0x0800, ip4(17, geneve(0x0800, 0, ip4(17, vxlan(6, frame))))), "stripped geneve=2313: other, link 101"},
	{"a fragment inside", "vxlan", eth(0x0800, ip4(17, vxlan(6, eth(0x0800, ip4(17, vxlan(7, frame), 0, 1))))), "stripped vxlan=6: other, link 1"},
	{"something else", "vxlan,geneve,gre,erspan", frame, "plain"},
	{"no IP", "vxlan,geneve,gre,erspan", eth(0x0806, zeros(28)), "plain"},
}

func decoder(t testing.TB, kinds string) *Decoder {
	t.Helper()
	d, err := New(strings.Split(kinds, ","), packet.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func frameOf(b []byte) *packet.Frame {
	return &packet.Frame{Data: b, OrigLen: uint32(len(b)), Link: packet.LinkEthernet}
}

func TestStrip(t *testing.T) {
	for _, c := range cases {
		d, f := decoder(t, c.kinds), frameOf(c.b)
		v := d.Strip(f)
		if got := show(d, v, f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if v == Plain && (!bytes.Equal(f.Data, c.b) || f.Link != packet.LinkEthernet || int(f.OrigLen) != len(c.b)) {
			t.Errorf("%s: the frame has changed", c.name)
		}
	}
}

// TestSnapped captures less of every frame: what is left of the inner packet is part of it,
// and its length on the wire the same.
func TestSnapped(t *testing.T) {
	for _, c := range cases {
		d := decoder(t, c.kinds)
		whole := frameOf(c.b)
		if d.Strip(whole) != Stripped {
			continue
		}
		outer, inner := d.Outer, d.Inner
		for n := range c.b {
			f := &packet.Frame{Data: c.b[:n:n], OrigLen: uint32(len(c.b)), Link: packet.LinkEthernet}
			if d.Strip(f) != Stripped {
				continue
			}
			if len(f.Data) > n || int(f.OrigLen) < len(f.Data) {
				t.Fatalf("%s cut to %d: %d bytes of %d", c.name, n, len(f.Data), f.OrigLen)
			}
			const headers = 14 + 4 + 40
			same := d.Outer == outer && d.Inner == inner
			if same && len(f.Data) >= min(headers, len(whole.Data)) && f.OrigLen != whole.OrigLen {
				t.Errorf("%s cut to %d: original length %d, want %d", c.name, n, f.OrigLen, whole.OrigLen)
			}
		}
	}
}

// TestLongest has a tunnel of a mirror that cuts at some length, and one that does not.
func TestLongest(t *testing.T) {
	d := decoder(t, "vxlan")
	for i, c := range []struct {
		vni  uint32
		most int
		want int // original length
	}{{1, 62, 62}, {1, 40, 40}, {2, 40, 62}, {2, 39, 39}, {2, 40, 62}, {1, 61, 61}} {
		f := frameOf(eth(0x0800, ip4(17, vxlan(c.vni, frame[:c.most]))))
		if d.Strip(f) != Stripped || int(f.OrigLen) != c.want {
			t.Errorf("packet %d: length %d, want %d", i, f.OrigLen, c.want)
		}
	}
	said := func(flag uint16) *packet.Frame {
		return frameOf(eth(0x0800, ip4(47, gre(0x1000, 0x88be, zeros(4), uint16(0x1005), flag|7, zeros(4), frame[:36]))))
	}
	d = decoder(t, "erspan")
	d.longest = [1 << 10]uint32{}
	for i := range d.longest {
		d.longest[i] = 1000
	}
	if f := said(0x400); d.Strip(f) != Stripped || f.OrigLen != 62 {
		t.Error("ERSPAN that says so:", f.OrigLen)
	}
	if f := said(0); d.Strip(f) != Stripped || f.OrigLen != 36 {
		t.Error("ERSPAN that does not:", f.OrigLen)
	}
}

// A fragment whose header tells less than a header's length is left alone: a packet put
// together with it would have none.
func TestFragmentShortHeader(t *testing.T) {
	first, last := ip4(17, zeros(80), 0, 1), ip4(17, zeros(80), 80, 0)
	for words := range byte(5) {
		d := decoder(t, "vxlan")
		short := bytes.Clone(first)
		short[0] = 4<<4 | words
		if v := d.Strip(frameOf(eth(0x0800, short))); v != Plain {
			t.Errorf("%d words: %d", words, v)
		}
		if v := d.Strip(frameOf(eth(0x0800, last))); v != Held {
			t.Errorf("%d words: the last fragment: %d", words, v)
		}
		if v := d.Strip(frameOf(eth(0x0800, first))); v != Stripped {
			t.Errorf("%d words: the right first fragment: %d", words, v)
		}
	}
}

func TestFragments(t *testing.T) {
	big := eth(0x0800, ip4(17, udp(9, zeros(1200))))
	outer := vxlan(8, big)
	d := decoder(t, "vxlan,gre")
	first, last := ip4(17, outer[:800], 0, 1), ip4(17, outer[800:], 800, 0)
	for _, order := range [][][]byte{{first, last}, {last, first}} {
		f := frameOf(eth(0x0800, order[0]))
		if v := d.Strip(f); v != Held {
			t.Fatal("the first to come:", v)
		}
		f = frameOf(eth(0x0800, order[1]))
		if v := d.Strip(f); v != Stripped || !bytes.Equal(f.Data, big) || !d.Volatile || d.Outer.ID != 8 {
			t.Error("the whole:", show(d, v, f))
		}
	}
	if s := d.Fragments(); s.Datagrams != 2 || s.Held != 0 {
		t.Errorf("%+v", s)
	}

	// A packet in no tunnel comes whole.
	dns := udp(53, zeros(1000))
	d.Strip(frameOf(eth(0x0800, ip4(17, dns[:800], 0, 1))))
	f := frameOf(eth(0x0800, ip4(17, dns[800:], 800, 0)))
	v := d.Strip(f)
	var p packet.Packet
	var ip packet.IP
	new(packet.Decoder).Decode(f, &p)
	if drop := ip.Parse(&p, &packet.Options{}); v != Stripped || drop != packet.DropNone || ip.Fragment || !bytes.Equal(ip.Payload, dns) {
		t.Errorf("%s: %v, fragment %v", show(d, v, f), drop, ip.Fragment)
	}

	// A first fragment that was cut has what can be had; another one is lost.
	f = frameOf(eth(0x0800, first)[:300])
	f.OrigLen = uint32(14 + len(first))
	if v := d.Strip(f); v != Stripped || d.Volatile || len(f.Data) != 300-14-20-8-8 || int(f.OrigLen) != len(big) {
		t.Errorf("%s: %d of %d", show(d, v, f), len(f.Data), f.OrigLen)
	}
	f = frameOf(eth(0x0800, last)[:100])
	f.OrigLen = uint32(14 + len(last))
	if v := d.Strip(f); v != Lost {
		t.Error("a cut fragment:", v)
	}
}

func TestNames(t *testing.T) {
	for _, name := range kindNames() {
		if _, err := New([]string{name}, packet.DefaultOptions()); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "gtp", "gre:7", "vxlan:", "vxlan:0", "geneve:65536", "VXLAN"} {
		if _, err := New([]string{"gre", bad}, packet.DefaultOptions()); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	f := frameOf(eth(0x0800, ip4(17, cat(uint16(1), uint16(99), uint16(0), uint16(0), 8, zeros(7), frame))))
	if decoder(t, "geneve,vxlan:99").Strip(f) != Stripped {
		t.Error("vxlan:99 takes nothing off")
	}
}

func TestNoAllocations(t *testing.T) {
	for _, c := range cases {
		d, f := decoder(t, c.kinds), frameOf(nil)
		run := func() {
			f.Data, f.OrigLen, f.Link = c.b, uint32(len(c.b)), packet.LinkEthernet
			d.Strip(f)
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	d, f := decoder(t, "vxlan"), frameOf(nil)
	outer := vxlan(8, zeros(1200))
	pieces := [][]byte{eth(0x0800, ip4(17, outer[:800], 0, 1)), eth(0x0800, ip4(17, outer[800:], 800, 0))}
	run := func() {
		for _, b := range pieces {
			f.Data, f.OrigLen, f.Link = b, uint32(len(b)), packet.LinkEthernet
			d.Strip(f)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("fragments: %v allocations", n)
	}
}

func BenchmarkStrip(b *testing.B) {
	for _, c := range cases {
		if c.name != "VXLAN" && c.name != "ERSPAN II" && c.name != "VXLAN in Geneve" && c.name != "something else" {
			continue
		}
		b.Run(c.name, func(b *testing.B) {
			d, f := decoder(b, c.kinds), frameOf(nil)
			b.ReportAllocs()
			for range b.N {
				f.Data, f.OrigLen, f.Link = c.b, uint32(len(c.b)), packet.LinkEthernet
				d.Strip(f)
			}
		})
	}
}

func FuzzStrip(f *testing.F) {
	for _, c := range cases {
		f.Add(c.b)
	}
	d := decoder(f, "vxlan,geneve,erspan,gre")
	f.Fuzz(func(t *testing.T, b []byte) {
		fr := frameOf(b)
		fr.OrigLen += 10
		v := d.Strip(fr)
		if int(fr.OrigLen) < len(fr.Data) || v == Plain && len(fr.Data) != len(b) || d.Outer.Kind == 0 && d.Inner.Kind != 0 {
			t.Fatal(show(d, v, fr))
		}
	})
}
