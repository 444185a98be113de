package icmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

func TestCounterpart(t *testing.T) {
	for _, c := range []struct {
		v6        bool
		typ, code uint8
		want      uint16
		oneWay    bool
	}{
		{false, 8, 0, 0, false}, {false, 0, 0, 8, false},
		{false, 13, 0, 14, false}, {false, 14, 5, 13, false},
		{false, 15, 0, 16, false}, {false, 16, 0, 15, false},
		{false, 10, 0, 9, false}, {false, 9, 0, 10, false},
		{false, 17, 0, 18, false}, {false, 18, 0, 17, false},
		{false, 3, 4, 4, true}, {false, 11, 1, 1, true}, {false, 255, 255, 255, true},
		{true, 128, 0, 129, false}, {true, 129, 0, 128, false},
		{true, 133, 0, 134, false}, {true, 134, 0, 133, false},
		{true, 135, 0, 136, false}, {true, 136, 0, 135, false},
		{true, 130, 0, 131, false}, {true, 131, 0, 130, false},
		{true, 139, 0, 140, false}, {true, 140, 0, 139, false},
		{true, 144, 0, 145, false}, {true, 145, 0, 144, false},
		{true, 137, 0, 0, true}, {true, 1, 3, 3, true}, {true, 8, 7, 7, true}, {true, 143, 0, 0, true},
	} {
		got, oneWay := Counterpart(c.v6, c.typ, c.code)
		if got != c.want || oneWay != c.oneWay {
			t.Errorf("Counterpart(%v, %d, %d) = %d, %v", c.v6, c.typ, c.code, got, oneWay)
		}
	}
}

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
		}
	}
	return b
}

func ip4(proto int, src, dst string, payload []byte) []byte {
	b := bytesOf(0x45, 0, uint16(20+len(payload)), uint16(1), uint16(0x4000), 64, proto, uint16(0), src, dst)
	binary.BigEndian.PutUint16(b[10:], packet.Checksum(b))
	return append(b, payload...)
}

func ip6(proto int, src, dst string, payload []byte) []byte {
	return bytesOf(0x60, 0, 0, 0, uint16(len(payload)), proto, 255, src, dst, payload)
}

// msg returns an ICMP message: type, code, checksum, the second half of the
// header, and the body.
func msg(typ, code int, rest uint32, body ...any) []byte {
	return bytesOf(typ, code, uint16(0), rest, bytesOf(body...))
}

// events records every ICMP event as "name fields".
func events(h *event.Hooks) *bytes.Buffer {
	out := new(bytes.Buffer)
	info := func(name string, i *event.ICMPInfo) {
		v := 4
		if i.V6 {
			v = 6
		}
		fmt.Fprintf(out, "%s v%d %d/%d len=%d ttl=%d", name, v, i.IType, i.ICode, i.Len, i.TTL)
	}
	quote := func(c *event.ICMPContext) {
		fmt.Fprintf(out, " [%s %d>%s %d %s ip=%d len=%d proto=%d frag=%d", c.ID.OrigH, c.ID.OrigP, c.ID.RespH, c.ID.RespP,
			c.ID.Proto, c.ID.IPProto, c.Len, c.Proto, c.FragOffset)
		for _, f := range []struct {
			on   bool
			name string
		}{{c.BadHdrLen, " badhdr"}, {c.BadChecksum, " badsum"}, {c.MF, " MF"}, {c.DF, " DF"}} {
			if f.on {
				out.WriteString(f.name)
			}
		}
		out.WriteString("]")
	}
	options := func(opts []event.ICMP6NDOption) {
		for _, o := range opts {
			fmt.Fprintf(out, " {%d %d", o.OType, o.Len)
			if o.LinkAddress.OK {
				fmt.Fprintf(out, " link=%x", o.LinkAddress.V)
			}
			if p := o.Prefix; p.OK {
				fmt.Fprintf(out, " prefix=%s/%d %v %v %v %v", p.V.Prefix, p.V.PrefixLen, p.V.LFlag, p.V.AFlag, p.V.ValidLifetime, p.V.PreferredLifetime)
			}
			if o.Redirect.OK {
				quote(&o.Redirect.V)
			}
			if o.MTU.OK {
				fmt.Fprintf(out, " mtu=%d", o.MTU.V)
			}
			if o.Payload.OK {
				fmt.Fprintf(out, " payload=%x", o.Payload.V)
			}
			out.WriteString("}")
		}
	}
	e := &h.ICMP
	e.Sent.Listen(func(e *event.ICMPSent) { info("sent", &e.Info); out.WriteString("; ") })
	e.SentPayload.Listen(func(e *event.ICMPSentPayload) { info("sent_payload", &e.Info); fmt.Fprintf(out, " %x", e.Payload) })
	e.EchoRequest.Listen(func(e *event.ICMPEchoRequest) {
		info("echo_request", &e.Info)
		fmt.Fprintf(out, " id=%d seq=%d %x", e.ID, e.Seq, e.Payload)
	})
	e.EchoReply.Listen(func(e *event.ICMPEchoReply) {
		info("echo_reply", &e.Info)
		fmt.Fprintf(out, " id=%d seq=%d %x", e.ID, e.Seq, e.Payload)
	})
	e.Unreachable.Listen(func(e *event.ICMPUnreachable) { info("unreachable", &e.Info); quote(&e.Context) })
	e.TimeExceeded.Listen(func(e *event.ICMPTimeExceeded) { info("time_exceeded", &e.Info); quote(&e.Context) })
	e.PacketTooBig.Listen(func(e *event.ICMPPacketTooBig) { info("packet_too_big", &e.Info); quote(&e.Context) })
	e.ParameterProblem.Listen(func(e *event.ICMPParameterProblem) { info("parameter_problem", &e.Info); quote(&e.Context) })
	e.ErrorMessage.Listen(func(e *event.ICMPErrorMessage) { info("error_message", &e.Info); quote(&e.Context) })
	e.RouterSolicitation.Listen(func(e *event.ICMPRouterSolicitation) { info("router_solicitation", &e.Info); options(e.Options) })
	e.RouterAdvertisement.Listen(func(e *event.ICMPRouterAdvertisement) {
		info("router_advertisement", &e.Info)
		fmt.Fprintf(out, " hop=%d %v %v %v %d %v %d %v %v %v", e.CurHopLimit, e.Managed, e.Other, e.HomeAgent, e.Pref, e.Proxy, e.Rsv,
			e.RouterLifetime, e.ReachableTime, e.RetransTimer)
		options(e.Options)
	})
	e.NeighborSolicitation.Listen(func(e *event.ICMPNeighborSolicitation) {
		info("neighbor_solicitation", &e.Info)
		fmt.Fprintf(out, " %s", e.Tgt)
		options(e.Options)
	})
	e.NeighborAdvertisement.Listen(func(e *event.ICMPNeighborAdvertisement) {
		info("neighbor_advertisement", &e.Info)
		fmt.Fprintf(out, " %v %v %v %s", e.Router, e.Solicited, e.Override, e.Tgt)
		options(e.Options)
	})
	e.Redirect.Listen(func(e *event.ICMPRedirect) {
		info("redirect", &e.Info)
		fmt.Fprintf(out, " %s %s", e.Tgt, e.Dest)
		options(e.Options)
	})
	return out
}

const (
	a4, b4 = "10.0.0.1", "10.0.0.2"
	a6, b6 = "fe80::1", "fe80::2"
)

var udp = bytesOf(uint16(30000), uint16(13000), uint16(12), uint16(0), []byte("data"))

var cases = []struct {
	name  string
	ip    []byte
	want  string
	weird string
}{
	{"echo", ip4(1, a4, b4, msg(8, 0, 0x00070009, []byte("ping"))),
		"echo_request v4 8/0 len=4 ttl=64 id=7 seq=9 70696e67", ""},
	{"echo reply", ip4(1, a4, b4, msg(0, 0, 0x00070009)),
		"echo_reply v4 0/0 len=0 ttl=64 id=7 seq=9 ", ""},
	{"timestamp", ip4(1, a4, b4, msg(13, 0, 0, []byte("x"))),
		"sent v4 13/0 len=1 ttl=64; sent_payload v4 13/0 len=1 ttl=64 78", ""},
	{"unreachable", ip4(1, a4, b4, msg(3, 3, 0, ip4(17, b4, a4, udp))),
		"unreachable v4 3/3 len=32 ttl=64 [10.0.0.2 30000>10.0.0.1 13000 udp ip=1 len=32 proto=2 frag=0 DF]", ""},
	{"unreachable, no ports", ip4(1, a4, b4, msg(3, 3, 0, ip4(17, b4, a4, udp)[:23])),
		"unreachable v4 3/3 len=23 ttl=64 [10.0.0.2 0>10.0.0.1 0 unknown_transport ip=1 len=32 proto=0 frag=0 badhdr DF]", ""},
	{"unreachable, no header", ip4(1, a4, b4, msg(3, 3, 0, ip4(17, b4, a4, udp)[:19])),
		"unreachable v4 3/3 len=19 ttl=64 [:: 0>:: 0 unknown_transport ip=1 len=0 proto=0 frag=0 badhdr]", ""},
	{"time exceeded, damaged", ip4(1, a4, b4, msg(11, 0, 0, func() []byte {
		q := ip4(6, b4, a4, udp)
		q[6], q[7] = 0x20, 0x10
		return q
	}())),
		"time_exceeded v4 11/0 len=32 ttl=64 [10.0.0.2 30000>10.0.0.1 13000 tcp ip=1 len=32 proto=1 frag=128 badsum MF]", ""},
	{"quoted ICMP", ip4(1, a4, b4, msg(11, 0, 0, ip4(1, b4, a4, msg(8, 0, 0)))),
		"time_exceeded v4 11/0 len=28 ttl=64 [10.0.0.2 2048>10.0.0.1 0 icmp ip=1 len=28 proto=3 frag=0 DF]", ""},

	{"echo 6", ip6(58, a6, b6, msg(128, 0, 0x00010002, []byte("a"))),
		"echo_request v6 128/0 len=1 ttl=255 id=1 seq=2 61", ""},
	{"ICMPv4 in IPv6", ip6(1, a6, b6, msg(8, 0, 0x00010002)),
		"echo_request v4 8/0 len=0 ttl=255 id=1 seq=2 ", ""},
	{"too big", ip6(58, a6, b6, msg(2, 0, 1280, ip6(17, b6, a6, udp))),
		"packet_too_big v6 2/0 len=52 ttl=255 [fe80::2 30000>fe80::1 13000 udp ip=58 len=52 proto=2 frag=0]", ""},
	{"parameter problem, quoted ICMPv6", ip6(58, a6, b6, msg(4, 1, 0, ip6(58, b6, a6, msg(128, 0, 0)))),
		"parameter_problem v6 4/1 len=48 ttl=255 [fe80::2 32768>fe80::1 33024 icmp ip=58 len=48 proto=3 frag=0]", ""},
	{"time exceeded 6, fragment", ip6(58, a6, b6, msg(3, 0, 0, ip6(44, b6, a6, bytesOf(17, 0, uint16(0x0101), uint32(1), udp)))),
		"time_exceeded v6 3/0 len=60 ttl=255 [fe80::2 30000>fe80::1 13000 udp ip=58 len=60 proto=2 frag=256 MF]", ""},
	{"unreachable 6, cut extension", ip6(58, a6, b6, msg(1, 0, 0, ip6(0, b6, a6, bytesOf(17, 1, uint32(0))))),
		"unreachable v6 1/0 len=46 ttl=255 [fe80::2 0>fe80::1 0 unknown_transport ip=58 len=46 proto=0 frag=0]", ""},
	{"unreachable 6, cut", ip6(58, a6, b6, msg(1, 0, 0, ip6(17, b6, a6, udp)[:39])),
		"unreachable v6 1/0 len=39 ttl=255 [:: 0>:: 0 unknown_transport ip=58 len=0 proto=0 frag=0 badhdr]", ""},
	{"unknown error", ip6(58, a6, b6, msg(100, 2, 0, ip6(17, b6, a6, udp))),
		"error_message v6 100/2 len=52 ttl=255 [fe80::2 30000>fe80::1 13000 udp ip=58 len=52 proto=2 frag=0]", ""},
	{"MLD", ip6(58, a6, "ff02::16", msg(143, 0, 0)),
		"sent v6 143/0 len=0 ttl=255; sent_payload v6 143/0 len=0 ttl=255 ", ""},
	{"router solicitation", ip6(58, a6, b6, msg(133, 0, 0, 1, 1, []byte("ABCDEF"))),
		"router_solicitation v6 133/0 len=8 ttl=255 {1 1 link=414243444546}", ""},
	{"router advertisement", ip6(58, a6, b6, msg(134, 0, 0x40ea0708, uint32(1500), uint32(250), 5, 1, uint16(0), uint32(1480),
		3, 4, 64, 0xc0, uint32(7200), uint32(0xffffffff), uint32(0), "2001:db8::", 200, 1, []byte("zzzzzz"))),
		"router_advertisement v6 134/0 len=56 ttl=255 hop=64 true true true 1 false 2 1800 1.5 0.25" +
			" {5 1 mtu=1480} {3 4 prefix=2001:db8::/64 true true 7200 4.294967295e+09} {200 1 payload=7a7a7a7a7a7a}", ""},
	{"router advertisement, cut", ip6(58, a6, b6, msg(134, 0, 0, uint32(0))),
		"", "icmp6_ra_bad_opt_offset 8 (length 4) net"},
	{"neighbor solicitation", ip6(58, a6, b6, msg(135, 0, 0, "fe80::3", 1, 2, []byte("ABCDEF"))),
		"neighbor_solicitation v6 135/0 len=24 ttl=255 fe80::3 {1 2 payload=414243444546}", ""},
	{"neighbor solicitation, cut", ip6(58, a6, b6, msg(135, 0, 0)), "", "icmp6_ns_bad_opt_offset 16 (length 0) net"},
	{"neighbor advertisement", ip6(58, a6, b6, msg(136, 0, 0xa0000000, "fe80::3", 2, 0)),
		"neighbor_advertisement v6 136/0 len=18 ttl=255 true false true fe80::3", "zero_length_ICMPv6_ND_option "},
	{"neighbor advertisement, cut", ip6(58, a6, b6, msg(136, 0, 0, uint32(0))), "", "icmp6_na_bad_opt_offset 16 (length 4) net"},
	{"redirect", ip6(58, a6, b6, msg(137, 0, 0, "fe80::3", "2001:db8::1", 4, 8, uint16(0), uint32(0), ip6(17, b6, a6, udp), uint32(0), 1)),
		"redirect v6 137/0 len=97 ttl=255 fe80::3 2001:db8::1 {4 8 [fe80::2 30000>fe80::1 13000 udp ip=58 len=52 proto=2 frag=0]}",
		"truncated_ICMPv6_ND_options "},
	{"redirect, cut", ip6(58, a6, b6, msg(137, 0, 0, "fe80::3")), "", "icmp6_redirect_bad_opt_offset 32 (length 16) net"},
}

func deliver(t testing.TB, a *Analyzer, b []byte) (int, Weird) {
	var ip packet.IP
	var w packet.Weirds
	if !ip.View(b, &w) {
		t.Skip("no IP header")
	}
	return a.Deliver(nil, &ip, &w)
}

func TestDeliver(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var h event.Hooks
			out := events(&h)
			n, w := deliver(t, New(&h), c.ip)
			if hdr := 48; c.ip[0]>>4 == 6 && n != len(c.ip)-hdr || c.ip[0]>>4 == 4 && n != len(c.ip)-28 {
				t.Errorf("counted %d bytes", n)
			}
			if got := out.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			weird := ""
			if w.Name != "" {
				weird = w.Name + " " + w.Addl
				if w.Net {
					weird += " net"
				}
			}
			if weird != c.weird {
				t.Errorf("weird %q, want %q", weird, c.weird)
			}
		})
	}
}

// TestSnapped parses partly captured messages: the events have what was
// captured, with the lengths of the header.
func TestSnapped(t *testing.T) {
	var h event.Hooks
	out := events(&h)
	b := ip4(1, a4, b4, msg(8, 0, 0x00070009, []byte("ping")))
	n, _ := deliver(t, New(&h), b[:30])
	if want := "echo_request v4 8/0 len=4 ttl=64 id=7 seq=9 7069"; n != 4 || out.String() != want {
		t.Errorf("%d, %s", n, out)
	}
}

// TestCut cuts every message at every byte, once by the snap length and once on
// the wire.
func TestCut(t *testing.T) {
	var h event.Hooks
	out := events(&h)
	a := New(&h)
	for _, c := range cases {
		hdr := 20
		if c.ip[0]>>4 == 6 {
			hdr = 40
		}
		for n := hdr; n < len(c.ip); n++ {
			b := bytes.Clone(c.ip[:n])
			deliver(t, a, b)
			if hdr == 20 {
				binary.BigEndian.PutUint16(b[2:], uint16(n))
			} else {
				binary.BigEndian.PutUint16(b[4:], uint16(n-hdr))
			}
			out.Reset()
			if got, w := deliver(t, a, b); n < hdr+HeaderLen && (got != 0 || w.Name != "" || out.Len() != 0) {
				t.Errorf("%s: %d bytes without a header make %d, %v, %s", c.name, n, got, w, out)
			}
		}
	}
}

func TestNoListener(t *testing.T) {
	a := New(new(event.Hooks))
	for _, c := range cases {
		if _, w := deliver(t, a, c.ip); w.Name != "" {
			t.Errorf("%s: weird %s", c.name, w.Name)
		}
	}
}

func TestAllocs(t *testing.T) {
	var h event.Hooks
	n := 0
	e := &h.ICMP
	e.EchoRequest.Listen(func(x *event.ICMPEchoRequest) { n++ })
	e.Unreachable.Listen(func(*event.ICMPUnreachable) { n++ })
	e.PacketTooBig.Listen(func(*event.ICMPPacketTooBig) { n++ })
	e.RouterAdvertisement.Listen(func(*event.ICMPRouterAdvertisement) { n++ })
	e.Redirect.Listen(func(*event.ICMPRedirect) { n++ })
	e.Sent.Listen(func(*event.ICMPSent) { n++ })
	probe, scratch := event.Hook[event.ICMPSent]{}, new(event.ICMPSent)
	poisoned := false
	probe.Listen(func(x *event.ICMPSent) { poisoned = x != scratch })
	if probe.Raise(scratch); poisoned {
		t.Skip("the poison build allocates")
	}
	a := New(&h)
	var ips []packet.IP
	var w packet.Weirds
	for _, c := range cases {
		var ip packet.IP
		if c.weird == "" && ip.View(c.ip, &w) {
			ips = append(ips, ip)
		}
	}
	if got := testing.AllocsPerRun(100, func() {
		for i := range ips {
			a.Deliver(nil, &ips[i], &w)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if n == 0 {
		t.Error("no events")
	}
}

func FuzzDeliver(f *testing.F) {
	for _, c := range cases {
		f.Add(c.ip)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h event.Hooks
		events(&h)
		deliver(t, New(&h), b)
	})
}
