package tunnel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

func bytesOf(parts ...any) (b []byte) {
	for _, p := range parts {
		switch x := p.(type) {
		case int:
			b = append(b, byte(x))
		case []byte:
			b = append(b, x...)
		case string:
			b = append(b, netip.MustParseAddr(x).AsSlice()...)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, x)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, x)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, x)
		default:
			panic(fmt.Sprintf("%T", p))
		}
	}
	return b
}

func ip4(payload ...any) []byte {
	p := bytesOf(payload...)
	return bytesOf(0x45, 0, uint16(20+len(p)), uint16(1), uint16(0), 64, 17, uint16(0), "10.0.0.1", "10.0.0.2", p)
}

func ip6(next int, payload ...any) []byte {
	p := bytesOf(payload...)
	return bytesOf(0x60, 0, 0, 0, uint16(len(p)), next, 64, "2001::1", "2001:db8::2", p)
}

func zeros(n int) []byte { return make([]byte, n) }

var (
	inner4 = ip4(uint16(1), uint16(2), uint16(8), uint16(0))
	inner6 = ip6(17, uint16(1), uint16(2), uint16(8), uint16(0))
	ether  = bytesOf(zeros(12), uint16(0x800), inner4)
)

// show prints a Result: inner kind and offset in b, verdict, weirds.
func show(r *Result, b []byte) string {
	var s []string
	if r.Inner != InnerNone {
		names := [...]string{InnerIP: "ip", InnerEthernet: "ethernet", InnerWLAN: "wlan", InnerARP: "arp"}
		s = append(s, fmt.Sprintf("%s@%d", names[r.Inner], len(b)-len(r.Payload)))
	}
	if r.VNI != 0 {
		s = append(s, fmt.Sprintf("vni=%d", r.VNI))
	}
	switch r.Verdict {
	case Confirmed:
		s = append(s, "confirmed")
	case Violated:
		s = append(s, fmt.Sprintf("violated(%s|%d)", r.Reason, len(r.Data)))
	}
	for _, w := range r.Weirds {
		s = append(s, strings.TrimSpace(fmt.Sprintf("%s:%s %s", [...]string{"packet", "conn", "net"}[w.Scope], w.Name, w.Addl)))
	}
	if r.TooDeep {
		s = append(s, "deep")
	}
	return strings.Join(s, " ")
}

var cases = []struct {
	name string
	kind Kind
	b    []byte
	want string
}{
	{"4in4", IP, inner4, "ip@0"},
	{"6 for 4", IP, inner6, "packet:invalid_inner_IP_version"},
	{"short 4", IP, inner4[:len(inner4)-1], "packet:truncated_inner_IP"},
	{"no header", IP, inner4[:19], "packet:invalid_inner_IP_version"},
	{"long 4", IP, bytesOf(inner4, 0), "packet:inner_IP_payload_length_mismatch"},

	{"GRE", GRE, bytesOf(uint16(0), uint16(0x800), inner4), "ip@4"},
	{"GRE 6", GRE, bytesOf(uint16(0), uint16(0x86dd), inner6), "ip@4"},
	{"GRE, checksum, key, sequence", GRE, bytesOf(uint16(0xb000), uint16(0x800), zeros(12), inner4), "ip@16"},
	{"GRE, any protocol", GRE, bytesOf(uint16(0), uint16(0x1234)), "ip@4"},
	{"GRE, nothing", GRE, zeros(3), "packet:truncated_GRE"},
	{"GRE, key cut", GRE, bytesOf(uint16(0x2000), uint16(0x800), zeros(3)), "packet:truncated_GRE"},
	{"GRE 2", GRE, bytesOf(uint16(2), uint16(0x800)), "packet:unknown_gre_version version=2"},
	{"GRE, routing", GRE, bytesOf(uint16(0x4000), uint16(0x800), inner4), "packet:gre_routing"},
	{"GRE, flags", GRE, bytesOf(uint16(0x0008), uint16(0x800), inner4), "packet:unknown_gre_flags"},
	{"NVGRE", GRE, bytesOf(uint16(0x2000), uint16(0x6558), zeros(4), ether), "ethernet@8"},
	{"bridged, cut", GRE, bytesOf(uint16(0), uint16(0x6558), zeros(14)), "packet:truncated_GRE"},
	{"ERSPAN I", GRE, bytesOf(uint16(0), uint16(0x88be), ether), "ethernet@4"},
	{"ERSPAN II", GRE, bytesOf(uint16(0x1000), uint16(0x88be), zeros(4), zeros(8), ether), "ethernet@16"},
	{"ERSPAN II, cut", GRE, bytesOf(uint16(0x1000), uint16(0x88be), zeros(4), zeros(21)), "packet:truncated_GRE"},
	{"ERSPAN III", GRE, bytesOf(uint16(0x1000), uint16(0x22eb), zeros(4), zeros(12), ether), "ethernet@20"},
	{"ERSPAN III, option", GRE, bytesOf(uint16(0x1000), uint16(0x22eb), zeros(4), zeros(11), 1, zeros(8), ether), "ethernet@28"},
	{"ERSPAN III, option cut", GRE, bytesOf(uint16(0x1000), uint16(0x22eb), zeros(4), zeros(11), 1, zeros(8), zeros(14)), "packet:truncated_GRE"},
	{"ERSPAN III, cut", GRE, bytesOf(uint16(0), uint16(0x22eb), zeros(26)), "packet:truncated_GRE"},
	{"Aruba", GRE, bytesOf(uint16(0), uint16(0x8210), zeros(24)), "wlan@4"},
	{"Aruba 9000", GRE, bytesOf(uint16(0), uint16(0x9000), zeros(24)), "wlan@4"},
	{"Aruba, nothing", GRE, bytesOf(uint16(0), uint16(0x8300)), "packet:truncated_GRE"},
	{"PPTP", GRE, bytesOf(uint16(0x3081), uint16(0x880b), zeros(12), uint16(0xff03), uint16(0x21), inner4), "ip@20"},
	{"PPTP 6", GRE, bytesOf(uint16(0x2001), uint16(0x880b), zeros(4), uint16(0xff03), uint16(0x57), inner6), "ip@12"},
	{"PPTP, LCP", GRE, bytesOf(uint16(0x2001), uint16(0x880b), zeros(4), uint16(0xff03), uint16(0xc021)), "packet:non_ip_packet_in_encap"},
	{"PPTP, long", GRE, bytesOf(uint16(0x2001), uint16(0x880b), zeros(4), uint16(0xff03), uint16(0x21), inner4, 0), "packet:inner_IP_payload_length_mismatch"},
	{"PPTP, acknowledgement", GRE, bytesOf(uint16(0x2081), uint16(0x880b), zeros(8)), "packet:truncated_GRE"},
	{"PPTP, protocol", GRE, bytesOf(uint16(0x2001), uint16(0x800), zeros(4), inner4), "packet:egre_protocol_type proto=2048"},

	{"AYIYA", ayiya, bytesOf(0x44, 0x52, 0x11, 41, zeros(4), zeros(16+20), inner6), "ip@44 confirmed"},
	{"AYIYA, protocol", ayiya, bytesOf(0x44, 0x52, 0x11, 6, zeros(4), zeros(16+20), inner6), "confirmed"},
	{"AYIYA, no forward", ayiya, bytesOf(0x44, 0x52, 0x10, 41, zeros(4), zeros(16+20)), ""},
	{"AYIYA, empty", ayiya, bytesOf(0x44, 0x52, 0x11, 41, zeros(4), zeros(16+20)), "confirmed packet:ayiya_empty_packet"},
	{"AYIYA, identity of 32768", ayiya, bytesOf(0xf4, 0x52, 0x11, 41, zeros(4), zeros(16+20)), "violated(Truncated AYIYA|0)"},
	{"AYIYA, cut", ayiya, zeros(7), "violated(Truncated AYIYA|0)"},

	{"VXLAN", VXLAN, bytesOf(8, 0, 0, 0, 0, 1, 2, 0, ether), "ethernet@8 vni=258 confirmed"},
	{"VXLAN, empty", VXLAN, bytesOf(8, zeros(7)), "confirmed packet:vxlan_empty_packet"},
	{"VXLAN, no flag", VXLAN, bytesOf(0xf7, zeros(7), ether), "violated(VXLAN 'I' flag not set|50)"},
	{"VXLAN, cut", VXLAN, bytesOf(8, zeros(6)), "violated(VXLAN header truncation|7)"},

	{"Geneve", Geneve, bytesOf(0, 0, uint16(0x6558), 0, 0, 9, 0, ether), "ethernet@8 vni=9 confirmed"},
	{"Geneve 4, options", Geneve, bytesOf(2, 0, uint16(0x800), 0, 0, 9, 0, zeros(8), inner4), "ip@16 vni=9 confirmed"},
	{"Geneve 6", Geneve, bytesOf(0, 0, uint16(0x86dd), 0, 0, 9, 0, inner6), "ip@8 vni=9 confirmed"},
	{"Geneve, ARP", Geneve, bytesOf(0, 0, uint16(0x806), 0, 0, 9, 0, zeros(28)), "arp@8 vni=9 confirmed"},
	{"Geneve, other", Geneve, bytesOf(0, 0, uint16(0x8847), 0, 0, 9, 0, zeros(28)), "vni=9 confirmed"},
	{"Geneve, empty", Geneve, bytesOf(0, 0, uint16(0x6558), zeros(4)), "confirmed packet:geneve_empty_packet"},
	{"Geneve 1", Geneve, bytesOf(0x40, zeros(7), ether), "packet:geneve_invalid_version 1"},
	{"Geneve, cut", Geneve, zeros(7), "violated(Geneve header truncation|7)"},
	{"Geneve, options cut", Geneve, bytesOf(1, zeros(10)), "violated(Geneve option header truncation|11)"},

	{"Teredo", Teredo, inner6, "ip@0"},
	{"Teredo, origin", Teredo, bytesOf(uint16(0), zeros(6), inner6), "ip@8"},
	{"Teredo, authentication, origin", Teredo, bytesOf(uint16(1), 2, 3, zeros(2+3+9), uint16(0), zeros(6), inner6), "ip@26"},
	{"Teredo, bubble", Teredo, ip6(59), "ip@0"},
	{"Teredo, bubble with payload", Teredo, bytesOf(ip6(59), 1, 2), "ip@0 conn:Teredo_bubble_with_payload"},
	{"Teredo, long", Teredo, bytesOf(inner6, 0), "violated(Teredo payload length|49)"},
	{"Teredo, long after origin", Teredo, bytesOf(uint16(0), zeros(6), inner6, 0), "violated(Teredo payload length|49)"},
	{"Teredo, short", Teredo, inner6[:47], "violated(Truncated Teredo or invalid inner IP version|47)"},
	{"Teredo, two origins", Teredo, bytesOf(uint16(0), zeros(6), uint16(0), zeros(6), inner6), "violated(Bad Teredo encapsulation|56)"},
	{"Teredo, late authentication", Teredo, bytesOf(uint16(0), zeros(6), uint16(1), zeros(11), inner6), "violated(Bad Teredo encapsulation|61)"},
	{"Teredo, IPv4", Teredo, inner4, "violated(Bad Teredo encapsulation|28)"},
	{"Teredo, cut", Teredo, inner6[:39], "violated(Bad Teredo encapsulation|39)"},

	{"G-PDU", GTPv1, gtp(0x30, 255, nil, inner4), "ip@8 vni=7 confirmed"},
	{"G-PDU 6", GTPv1, gtp(0x30, 255, nil, inner6), "ip@8 vni=7 confirmed"},
	{"G-PDU, sequence", GTPv1, gtp(0x32, 255, zeros(4), inner4), "ip@12 vni=7 confirmed"},
	{"G-PDU, extensions", GTPv1, gtp(0x34, 255, bytesOf(0, 0, 0, 0xc0, 1, 0, 0, 0x85, 2, zeros(6), 0), inner4), "ip@24 vni=7 confirmed"},
	{"G-PDU, extension of no length", GTPv1, gtp(0x34, 255, bytesOf(0, 0, 0, 0xc0, 0, 0, 0, 0), inner4),
		"violated(Binpac exception: binpac exception: out_of_bound: GTPv1_Ext_Header:next_type: 0 > 32|0)"},
	{"G-PDU, extension cut", GTPv1, gtp(0x34, 255, bytesOf(0, 0, 0, 0xc0, 189), zeros(20)),
		"violated(Binpac exception: binpac exception: out_of_bound: GTPv1_Ext_Header:contents: 755 > 21|0)"},
	{"G-PDU, extension without its last byte", GTPv1, gtp(0x34, 255, bytesOf(0, 0, 0, 0xc0), bytesOf(1, 0, 0)),
		"violated(Binpac exception: binpac exception: out_of_bound: GTPv1_Ext_Header:next_type: 4 > 3|0)"},
	{"G-PDU, long", GTPv1, gtp(0x30, 255, nil, bytesOf(inner4, 0)), "violated(GTPv1 payload length|0)"},
	{"G-PDU, short", GTPv1, gtp(0x30, 255, nil, inner4[:27]), "violated(Truncated GTPv1|0)"},
	{"G-PDU, no header", GTPv1, gtp(0x30, 255, nil, inner4[:19]), "violated(Truncated GTPv1|0)"},
	{"G-PDU, PPP", GTPv1, gtp(0x30, 255, nil, zeros(40)), "violated(non-IP packet in GTPv1|0)"},
	{"GTP'", GTPv1, gtp(0x20, 255, nil, inner4), ""},
	{"GTPv2", GTPv1, gtp(0x50, 255, nil, inner4), "violated(GTPv1 bad Version|0)"},
	{"GTPv1, echo", GTPv1, gtp(0x32, 1, zeros(4), nil), ""},
	{"GTPv1, cut", GTPv1, gtp(0x30, 1, nil, nil)[:7], "violated(Binpac exception: binpac exception: out_of_bound: GTPv1_Header:teid: 8 > 7|0)"},
	{"GTPv1, option cut", GTPv1, gtp(0x32, 1, zeros(3), nil), "violated(Binpac exception: binpac exception: out_of_bound: GTPv1_Opt_Header: 4 > 3|0)"},
	{"GTPv1, unknown element", GTPv1, gtp(0x32, 16, zeros(4), bytesOf(77, 0)), "violated(Binpac exception: binpac exception: invalid index for case: Get_IE_Len: 77|0)"},
}

func gtp(flags, typ int, opt, body []byte) []byte {
	return bytesOf(flags, typ, uint16(len(opt)+len(body)), uint32(7), opt, body)
}

func carrier(k Kind) *Carrier {
	c := &Carrier{State: new(State), IsOrig: true, Proto: protoIPv4}
	if k == IP || k == GRE {
		c.State = nil
	}
	return c
}

func TestDecode(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Result
			New(new(event.Hooks), DefaultOptions()).Decode(c.kind, carrier(c.kind), c.b, &r)
			if got := show(&r, c.b); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if r.Type != c.kind.Type() {
				t.Error("type", r.Type)
			}
		})
	}
}

// TestCut cuts every packet at every byte and checks that the inner packet lies
// within it.
func TestCut(t *testing.T) {
	var h event.Hooks
	listen(&h)
	d := New(&h, DefaultOptions())
	for _, c := range cases {
		for n := range c.b {
			b := c.b[:n:n]
			var r Result
			d.Decode(c.kind, carrier(c.kind), b, &r)
			if len(r.Payload) > n || r.Inner == InnerNone != (r.Payload == nil) {
				t.Fatalf("%s cut to %d bytes: %s", c.name, n, show(&r, b))
			}
			d.UDP(9, b)
		}
	}
}

func TestDepth(t *testing.T) {
	d := New(new(event.Hooks), DefaultOptions())
	for _, c := range cases {
		if !strings.Contains(c.want, "@") {
			continue
		}
		for _, depth := range []int{3, 4, 5} {
			car := carrier(c.kind)
			car.Depth, car.Last = depth, "Tunnel::IP"
			var r Result
			d.Decode(c.kind, car, c.b, &r)
			want := "packet:exceeded_tunnel_max_depth deep"
			switch {
			case depth < 4:
				want = c.want
			case c.kind == GTPv1:
				want = "net:tunnel_depth"
			case c.kind == IP, c.kind == GRE:
				want = "packet:exceeded_tunnel_max_depth"
			}
			if got := show(&r, c.b); got != want {
				t.Errorf("%s at depth %d: got %s, want %s", c.name, depth, got, want)
			}
		}
	}
}

// steps decodes packets of one connection and compares the result of each.
func steps(t *testing.T, opt Options, k Kind, step ...any) {
	t.Helper()
	d := New(new(event.Hooks), opt)
	c := carrier(k)
	for i := 0; i < len(step); i += 3 {
		c.IsOrig = step[i].(bool)
		b := step[i+1].([]byte)
		var r Result
		d.Decode(k, c, b, &r)
		if got := show(&r, b); got != step[i+2] {
			t.Errorf("packet %d: got %s, want %s", i/3+1, got, step[i+2])
		}
	}
}

func TestTeredoState(t *testing.T) {
	const bad = "violated(Bad Teredo encapsulation|39)"
	opt := DefaultOptions()
	steps(t, opt, Teredo, true, inner6, "ip@0", true, inner6, "ip@0", false, inner6, "ip@0 confirmed",
		true, inner6, "ip@0", true, inner6[:39], bad+" conn:truncated_IPv6_in_Teredo", true, inner6, "")
	steps(t, opt, Teredo, true, inner6[:39], bad, false, inner6, "")
	opt.DelayTeredoConfirmation = false
	steps(t, opt, Teredo, false, inner6, "ip@0 confirmed", true, inner6, "ip@0")
}

func TestGTPState(t *testing.T) {
	good, bad := gtp(0x30, 255, nil, inner4), gtp(0x30, 255, nil, bytesOf(inner4, 0))
	opt := DefaultOptions()
	steps(t, opt, GTPv1, true, good, "ip@8 vni=7 confirmed", true, good, "ip@8 vni=7",
		true, bad, "violated(GTPv1 payload length|0)", true, bad, "", true, good, "ip@8 vni=7", true, zeros(3), "")
	opt.DelayGTPConfirmation = true
	steps(t, opt, GTPv1, true, good, "ip@8 vni=7", true, gtp(0x32, 1, zeros(4), nil), "", false, good, "ip@8 vni=7",
		true, good, "ip@8 vni=7 confirmed")

	c := carrier(GTPv1)
	c.Depth, c.Last = 1, GTPv1.Type()
	var r Result
	New(new(event.Hooks), opt).Decode(GTPv1, c, good, &r)
	if got := show(&r, good); got != "violated(GTP-in-GTP|0)" {
		t.Error(got)
	}
}

func TestUDP(t *testing.T) {
	d := New(new(event.Hooks), DefaultOptions())
	for port, k := range map[uint16]Kind{2123: GTPv1, 2152: GTPv1, 3544: Teredo, 4754: GRE, 4789: VXLAN, 5072: ayiya, 6081: Geneve, 53: None} {
		if got := d.UDP(port, nil); got != k {
			t.Errorf("port %d: %s", port, got.Analyzer())
		}
	}
	teredo := func(at int) []byte {
		b := bytesOf(0x60, zeros(39))
		copy(b[at:], []byte{0x20, 1, 0, 0})
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want Kind
	}{
		{"nothing", nil, None},
		{"source", teredo(8), Teredo},
		{"destination", teredo(24), Teredo},
		{"no prefix", bytesOf(0x60, 5, zeros(38)), None},
		{"short", teredo(8)[:39], None},
		{"origin", bytesOf(uint16(0), zeros(6), 0x6f, zeros(39)), Teredo},
		{"origin, short", bytesOf(uint16(0), zeros(6), 0x6f, zeros(38)), None},
		{"origin, IPv4", bytesOf(uint16(0), zeros(6), 0x40, zeros(39)), None},
		{"authentication", bytesOf(uint16(1), 1, 2, zeros(12), teredo(8)), None},
		{"authentication, origin", bytesOf(uint16(1), 1, 2, zeros(12), uint16(0), zeros(6), teredo(8)), Teredo},
		{"authentication, long", bytesOf(uint16(1), 255, 255, zeros(80)), None},
		{"AYIYA", bytesOf(0x44, 0x52, 0x11), ayiya},
		{"AYIYA, short", bytesOf(0x44, 0x52), None},
	} {
		if got := d.UDP(40000, c.b); got != c.want {
			t.Errorf("%s: got %q", c.name, got.Analyzer())
		}
	}
}

func TestNeedsChecksum(t *testing.T) {
	opt := DefaultOptions()
	for _, c := range []struct {
		port, sum uint16
		n         int
		flags     int
		strict    bool
		want      bool
	}{
		{53, 0, 100, 8, true, true},
		{4789, 0, 100, 8, true, false},
		{4789, 1, 100, 8, true, true},
		{4789, 1, 100, 8, false, false},
		{4789, 0, 100, 0, true, true},
		{4789, 0, 30, 8, true, true},
	} {
		opt.ValidateVXLANChecksums = c.strict
		if got := New(new(event.Hooks), opt).NeedsChecksum(c.port, c.sum, c.n, bytesOf(c.flags)); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// listen registers for every event of the package and counts them.
func listen(h *event.Hooks) *int {
	n := new(int)
	h.Teredo.Packet.Listen(func(*event.TeredoPacket) { *n++ })
	h.Teredo.Authentication.Listen(func(*event.TeredoAuthentication) { *n++ })
	h.Teredo.OriginIndication.Listen(func(*event.TeredoOriginIndication) { *n++ })
	h.Teredo.Bubble.Listen(func(*event.TeredoBubble) { *n++ })
	h.GTPv1.Message.Listen(func(*event.GTPv1Message) { *n++ })
	h.GTPv1.GPDUPacket.Listen(func(*event.GTPv1GPDUPacket) { *n++ })
	h.GTPv1.CreatePDPCtxRequest.Listen(func(*event.GTPv1CreatePDPCtxRequest) { *n++ })
	h.GTPv1.CreatePDPCtxResponse.Listen(func(*event.GTPv1CreatePDPCtxResponse) { *n++ })
	h.GTPv1.UpdatePDPCtxRequest.Listen(func(*event.GTPv1UpdatePDPCtxRequest) { *n++ })
	h.GTPv1.UpdatePDPCtxResponse.Listen(func(*event.GTPv1UpdatePDPCtxResponse) { *n++ })
	h.GTPv1.DeletePDPCtxRequest.Listen(func(*event.GTPv1DeletePDPCtxRequest) { *n++ })
	h.GTPv1.DeletePDPCtxResponse.Listen(func(*event.GTPv1DeletePDPCtxResponse) { *n++ })
	return n
}

func TestAllocs(t *testing.T) {
	probe, scratch := event.Hook[event.TeredoPacket]{}, new(event.TeredoPacket)
	poisoned := false
	probe.Listen(func(x *event.TeredoPacket) { poisoned = x != scratch })
	if probe.Raise(scratch); poisoned {
		t.Skip("the poison build allocates")
	}
	var h event.Hooks
	n := listen(&h)
	d := New(&h, DefaultOptions())
	carriers := make([]*Carrier, kinds)
	for k := range carriers {
		carriers[k] = carrier(Kind(k))
	}
	table := NewTable(Options{IPTunnels: 4, IPTunnelTimeout: 24 * time.Hour})
	var ip packet.IP
	ip.View(inner4, new(packet.Weirds))
	var r Result
	run := func() {
		for _, c := range cases {
			if strings.Contains(c.want, "@") {
				d.Decode(c.kind, carriers[c.kind], c.b, &r)
				d.UDP(9, c.b)
				table.Get(&ip, 0, GRE, 1)
			}
		}
		d.Decode(GTPv1, carriers[GTPv1], createReq, &r)
		d.Decode(GTPv1, carriers[GTPv1], createResp, &r)
	}
	run()
	if got := testing.AllocsPerRun(100, run); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if *n == 0 {
		t.Error("no events")
	}
}

func TestTable(t *testing.T) {
	const hour = 3600 * value.Time(1e9)
	ip := func(src, dst string) *packet.IP {
		x := &packet.IP{Proto: packet.ProtoGRE}
		x.Src, x.Dst = netip.MustParseAddr(src).As16(), netip.MustParseAddr(dst).As16()
		return x
	}
	table := NewTable(Options{IPTunnels: 2, IPTunnelTimeout: 24 * time.Hour})
	get := func(src, dst string, k Kind, now value.Time, wantNew bool) *event.Encapsulation {
		t.Helper()
		e, isNew := table.Get(ip(src, dst), 0, k, now)
		if isNew != wantNew {
			t.Errorf("%s %s at %d: new %v", src, dst, now/hour, isNew)
		}
		return e
	}
	e := get("10.0.0.2", "10.0.0.1", GRE, 0, true)
	e.UID = value.MakeUID('C', 1, 2)
	first := *e
	e = get("10.0.0.1", "10.0.0.2", IP, hour, false)
	if *e != first || e.Type != "Tunnel::GRE" || e.ID.OrigH != netip.MustParseAddr("10.0.0.2") || e.ID.IPProto != 47 {
		t.Errorf("%+v", e)
	}
	// The timer checks at 24 and 48 hours: at 24 the tunnel was used an hour
	// ago.
	get("10.0.0.1", "10.0.0.2", GRE, 23*hour, false)
	get("10.0.0.1", "10.0.0.2", GRE, 47*hour+hour/2, false)
	get("10.0.0.1", "10.0.0.2", GRE, 96*hour, true)
	if !get("10.0.0.1", "10.0.0.2", GRE, 97*hour, false).UID.IsZero() {
		t.Error("uid of the old tunnel")
	}
	// The tunnel that was idle longest is dropped first.
	get("fe80::1", "fe80::2", IP, 98*hour, true)
	get("10.0.0.1", "10.0.0.2", GRE, 99*hour, false)
	get("fe80::3", "fe80::2", IP, 99*hour, true)
	get("10.0.0.1", "10.0.0.2", GRE, 99*hour, false)
	get("fe80::1", "fe80::2", IP, 99*hour, true)
	if table.Len() != 2 {
		t.Error(table.Len(), "tunnels")
	}
	for i := range 1000 {
		get(fmt.Sprintf("10.1.%d.%d", i>>8, i&255), "10.0.0.1", IP, 100*hour, true)
	}
	if table.Len() != 2 || len(table.tunnels) != 3 {
		t.Error(table.Len(), len(table.tunnels))
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range cases {
		f.Add(uint8(c.kind), c.b)
	}
	f.Add(uint8(GTPv1), createReq)
	f.Add(uint8(GTPv1), createResp)
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		k := Kind(kind % uint8(kinds))
		var h event.Hooks
		listen(&h)
		d := New(&h, DefaultOptions())
		d.UDP(9, b)
		if k == None {
			return
		}
		c := carrier(k)
		var r Result
		for range 2 {
			d.Decode(k, c, b, &r)
			if !bytes.HasSuffix(b, r.Payload) {
				t.Fatal("inner packet outside")
			}
			if len(r.Weirds) > maxWeirds {
				t.Fatal(len(r.Weirds), "weirds")
			}
		}
	})
}
