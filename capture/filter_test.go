package capture

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// frame builds packets for filters.
type frame []byte

func hexMAC(s string) []byte {
	m, _ := parseMAC(s)
	return m[:]
}

func ethernet(typ uint16) frame {
	f := append(frame{}, hexMAC("00:00:00:00:00:02")...)
	f = append(f, hexMAC("00:00:00:00:00:01")...)
	return binary.BigEndian.AppendUint16(f, typ)
}

func (f frame) u16(v ...uint16) frame {
	f = append(frame{}, f...)
	for _, x := range v {
		f = binary.BigEndian.AppendUint16(f, x)
	}
	return f
}

func (f frame) ip4(proto byte, frag uint16, src, dst string) frame {
	f = append(append(frame{}, f...), 0x46, 0, 0, 44, 0, 0, byte(frag>>8), byte(frag), 64, proto, 0, 0)
	f = append(f, netip.MustParseAddr(src).AsSlice()...)
	f = append(f, netip.MustParseAddr(dst).AsSlice()...)
	return append(f, 1, 1, 1, 0) // an option, so that ports are not at the usual offset
}

func (f frame) ip6(next byte, src, dst string) frame {
	f = append(append(frame{}, f...), 0x60, 0, 0, 0, 0, 20, next, 64)
	f = append(f, netip.MustParseAddr(src).AsSlice()...)
	return append(f, netip.MustParseAddr(dst).AsSlice()...)
}

func (f frame) tcp(src, dst uint16, flags byte) frame {
	f = f.u16(src, dst)
	return append(f, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0, 0, 0, 0, 0, 0)
}

func (f frame) udp(src, dst uint16) frame { return f.u16(src, dst, 8, 0) }

// TestFilter lists the packets that each expression matches, as tcpdump does.
func TestFilter(t *testing.T) {
	eth := ethernet(etherIP)
	packets := map[string]frame{
		"syn":   eth.ip4(6, 0, "10.0.0.1", "192.168.1.2").tcp(1024, 80, 2),
		"ack":   eth.ip4(6, 0, "192.168.1.2", "10.0.0.1").tcp(80, 1024, 16),
		"dns":   eth.ip4(17, 0, "10.0.0.1", "10.0.0.53").udp(1025, 53),
		"frag":  eth.ip4(17, 3, "10.0.0.1", "10.0.0.53").udp(1025, 53),
		"ping":  append(eth.ip4(1, 0, "10.0.0.1", "224.0.0.1"), 8, 0, 0, 0),
		"syn6":  ethernet(etherIP6).ip6(6, "fe80::1", "2001:db8::2").tcp(1024, 443, 2),
		"frag6": append(ethernet(etherIP6).ip6(44, "fe80::1", "ff02::2"), 17, 0, 0, 1, 0, 0, 0, 0),
		"nd":    append(ethernet(etherIP6).ip6(58, "fe80::1", "ff02::2"), 135, 0, 0, 0),
		"arp":   append(ethernet(etherARP).u16(1, 0x800, 0x604, 1), append(append(make([]byte, 6), 10, 0, 0, 1), append(make([]byte, 6), 10, 0, 0, 2)...)...),
		"vlan":  ethernet(0x8100).u16(5, etherIP).ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2),
		"qinq":  ethernet(0x88a8).u16(6, 0x8100, 7, etherIP).ip4(17, 0, "10.0.0.1", "10.0.0.2").udp(1, 53),
		"mpls":  append(ethernet(etherMPLS), 0, 0, 0x50, 0, 0, 0, 0x61, 64).ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2),
		"pppoe": ethernet(etherPPPs).u16(0x1100, 3, 50, 0x21).ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2),
		"stp":   append(ethernet(38), 0x42, 0x42, 3, 0),
		"bcast": append(frame{255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 9, 8, 0}, 0x45),
	}
	for _, c := range []struct{ expr, pass string }{
		{"", "syn ack dns frag ping syn6 frag6 nd arp vlan qinq mpls pppoe stp bcast"},
		{"tcp", "syn ack syn6"},
		{"udp", "dns frag frag6"},
		{"tcp port 80", "syn ack"},
		{"port 53", "dns"},
		{"dst port 80", "syn"},
		{"tcp src port 80", "ack"},
		{"src and dst port 80", ""},
		{"src or dst port 80", "syn ack"},
		{"port 80 or 443", "syn ack syn6"},
		{"port (80 or 443)", "syn ack syn6"},
		{"port domain", "dns"},
		{"portrange 50-90", "syn ack dns"},
		{"portrange 90-50", "syn ack dns"},
		{"udp dst portrange 53", "dns"},
		{"host 10.0.0.1", "syn ack dns frag ping arp"},
		{"src host 10.0.0.1", "syn dns frag ping arp"},
		{"dst 10.0.0.1", "ack"},
		{"ip host 10.0.0.1 and not 10.0.0.53", "syn ack ping"},
		{"arp host 10.0.0.2", "arp"},
		{"host 192.168", "syn ack"},
		{"net 192.168", "syn ack"},
		{"net 192.168.1.0/24", "syn ack"},
		{"net 192.168.0.0 mask 255.255.0.0", "syn ack"},
		{"dst net 10", "ack dns frag arp"},
		{"ip6", "syn6 frag6 nd"},
		{"host fe80::1", "syn6 frag6 nd"},
		{"dst net 2001:db8::/32", "syn6"},
		{"net fe80::/10 and not icmp6", "syn6 frag6"},
		{"icmp", "ping"},
		{"icmp6", "nd"},
		{"icmp[icmptype] = icmp-echo", "ping"},
		{"icmp6[icmp6type] == icmp6-neighborsolicit", "nd"},
		{"arp", "arp"},
		{"proto 17", "dns frag frag6"},
		{`ip proto \udp`, "dns frag"},
		{"ip6 proto 17", "frag6"},
		{`ether proto \arp`, "arp"},
		{"ether proto 0x86dd", "syn6 frag6 nd"},
		{"stp or llc", "stp"},
		{"tcp[13] & 2 != 0", "syn"},
		{"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-ack", "ack"},
		{"(tcp or udp) and port 53", "dns"},
		{"not (tcp or udp or vlan)", "ping nd arp mpls pppoe stp"},
		{"ip[0] & 0xf > 5", "syn ack dns frag ping"},
		{"ip[6:2] & 0x1fff != 0", "frag"},
		{"not tcp[40] = 1", "dns frag ping syn6 frag6 nd arp vlan qinq mpls pppoe stp"},
		{"ip multicast", "ping"},
		{"ip6 multicast", "frag6 nd"},
		{"broadcast", "bcast"},
		{"ether multicast", "bcast"},
		{"ether src 00:00:00:00:00:01", "syn ack dns frag ping syn6 frag6 nd arp vlan qinq mpls pppoe stp"},
		{"ether host 0-0-0-0-0-9", "bcast"},
		{"ether dst 0000.0000.0002 and tcp", "syn ack syn6"},
		{"vlan", "vlan qinq"},
		{"vlan 5", "vlan"},
		{"vlan and tcp", "vlan"},
		{"vlan 6 and vlan 7 and udp port 53", "qinq"},
		{"vlan and ether[12:2] = 0x8100", "vlan"},
		{"arp or vlan and tcp", "vlan"},
		{"mpls", "mpls"},
		{"mpls 5 and mpls 6 and host 10.0.0.2", "mpls"},
		{"mpls and ip", ""},
		{"pppoes 3 and tcp port 80", "pppoe"},
		{"pppoes 4", ""},
		{"less 20", "stp bcast"},
		{"greater 62 and not vlan", "syn6 frag6 mpls pppoe"},
		{"len = 15 or len - 10 = 8", "stp bcast"},
		{"tcp[(ip[0] & 15) + 7] = 2", "syn"},
		{"ip[ip[9] * 2] = 10", "syn"},
		{"ip[2:2] - ((ip[0] & 0xf) << 2) = 20 and ip[9] ^ 6 = 0", "syn ack"},
		{"(ether[0] * 256 + ether[1]) % 7 = 1 or (ip[9] / ip[8]) | 1 = 0", "bcast"},
		{"arp or tcp and vlan", ""}, // and binds no tighter than or; vlan comes too late for tcp,
	} {
		f, err := compileFilter(c.expr, linkEthernet)
		if err != nil {
			t.Error(err)
			continue
		}
		want := map[string]bool{}
		for _, name := range strings.Fields(c.pass) {
			want[name] = true
		}
		for name, p := range packets {
			if got := f.match(new(view), p, uint32(len(p))); got != want[name] {
				t.Errorf("%q on %s: %v", c.expr, name, got)
			}
			checkProgram(t, c.expr, f, p, want[name])
		}
	}
}

func TestFilterLinkTypes(t *testing.T) {
	syn := frame{}.ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2)
	syn6 := frame{}.ip6(6, "fe80::1", "fe80::2").tcp(1, 80, 2)
	under := func(head string, f frame) frame { return append(frame(head), f...) }
	sll := func(typ string) string { return strings.Repeat("\x00", 14) + typ }
	sll2 := func(typ string) string { return typ + strings.Repeat("\x00", 18) }
	for _, c := range []struct {
		link int
		p4   frame
		p6   frame
	}{
		{linkRaw, syn, syn6},
		{linkIPv4, syn, nil},
		{linkIPv6, nil, syn6},
		{linkNull, under("\x02\x00\x00\x00", syn), under("\x1e\x00\x00\x00", syn6)},
		{linkNull, under("\x00\x00\x00\x02", syn), under("\x00\x00\x00\x0a", syn6)},
		{linkLoop, under("\x00\x00\x00\x02", syn), under("\x00\x00\x00\x18", syn6)},
		{linkPPP, under("\xff\x03\x00\x21", syn), under("\xff\x03\x00\x57", syn6)},
		{linkSLL, under(sll("\x08\x00"), syn), under(sll("\x86\xdd"), syn6)},
		{linkSLL2, under(sll2("\x08\x00"), syn), under(sll2("\x86\xdd"), syn6)},
		{linkHDLC, under("\x0f\x00\x08\x00", syn), under("\x0f\x00\x86\xdd", syn6)},
		{linkIPoIB, under(strings.Repeat("\x00", 40)+"\x08\x00\x00\x00", syn), under(strings.Repeat("\x00", 40)+"\x86\xdd\x00\x00", syn6)},
		{linkSLIP, under(strings.Repeat("\x00", 16), syn), under(strings.Repeat("\x00", 16), syn6)},
		{linkBSDOS, under(strings.Repeat("\x00", 24), syn), under(strings.Repeat("\x00", 24), syn6)},
	} {
		for _, e := range []struct {
			expr   string
			p4, p6 bool
		}{{"tcp port 80", true, true}, {"ip", true, false}, {"ip6 and dst host fe80::2", false, true}, {"src net 10", true, false}, {"arp", false, false}} {
			f, err := compileFilter(e.expr, uint16(c.link))
			if err != nil {
				t.Error(err)
				continue
			}
			if c.p4 != nil && f.match(new(view), c.p4, 60) != e.p4 || c.p6 != nil && f.match(new(view), c.p6, 60) != e.p6 {
				t.Errorf("link type %d: %q is wrong", c.link, e.expr)
			}
		}
		for _, expr := range []string{"ether host 1:2:3:4:5:6", "broadcast", "vlan"} {
			if _, err := compileFilter(expr, uint16(c.link)); err == nil {
				t.Errorf("link type %d: %q compiles", c.link, expr)
			}
		}
	}
	if _, err := compileFilter("tcp", 127); err == nil {
		t.Error("link type 127 is looked into")
	}
	f, err := compileFilter("inbound", linkSLL)
	if err != nil || f.match(new(view), under("\x00\x04"+strings.Repeat("\x00", 14), nil), 60) {
		t.Errorf("an outgoing packet is inbound, %v", err)
	}
}

func TestFilterRefused(t *testing.T) {
	for _, expr := range []string{
		"1.2.3.4", "proto tcp", "ip proto tcp", "tcp or 443", "port 80-90", "10.0.0.0/8", "src 10.0.0.0/8",
		"ip host 1.2.3.4 or fe80::1", "tcp host 1.2.3.4", "tcp src 1.2.3.4", "udp proto 4", "port 65536", "host 1.2.3.4/24",
		"ether 00:11:22:33:44:55", "ip[0:3]=1", "tcp = 6", "not", "tcp-syn", "vlan 4096", "host 300.1.1.1", "net 1.2.3.4.5",
		"tcp and (port 80 or port 81", "len = 5 or", "net 10/8", "net 10.1.2.1/24", "arp port 5", "ip6 net 10", "src proto 6",
		"(", ")", "tcp[", "tcp[1", "tcp[1:", "tcp[1] =", "tcp[1]", "and tcp", "tcp and", "host", "port", "port nonesuch",
		"host foo.example", "ether host 1.2.3.4", "host 00:11:22:33:44:55", "ip broadcast", "gateway 1.2.3.4", "ip protochain 6",
		"wlan host 00:11:22:33:44:55", "len / 0 = 1", "len >> 32 = 1", "host 1.2.3.4 5.6.7.8", "less", "less tcp", "08 = 8", "ip[0] = 4294967296",
		"host ::1/64", "net ::1/64", "ip proto 256", "tcp src", "src", "dst and src port", "tcp & udp", "tcp; udp", `"tcp"`, `\`,
		"ip[0] + 1 ^ 3 = 0", "ip[0] % 3 % 2 = 0", "ip[0] ^ 2 & 1 = 0", "tcp port smtp and udp port 80 http", "inbound", "geneve",
		"mpls and arp", "mpls and vlan", "ether", "link proto foo", "arp proto 5", "udp multicast", "tcp broadcast",
		strings.Repeat("(", 300) + "tcp" + strings.Repeat(")", 300), strings.Repeat("tcp or ", 10000) + "tcp",
	} {
		_, err := compileFilter(expr, linkEthernet)
		var fe *FilterError
		if !errors.As(err, &fe) || fe.Pos < 0 || fe.Pos > len(expr) || fe.Reason == "" {
			t.Errorf("%q: %v", expr, err)
		}
	}
}

func TestFilterAllocations(t *testing.T) {
	f, err := compileFilter("tcp port 80 and tcp[13] & 2 != 0 or net fe80::/10", linkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	p := ethernet(etherIP).ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2)
	var v view
	if n := testing.AllocsPerRun(100, func() { f.match(&v, p, 60) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"tcp port 80 or 443", "vlan 5 and not (ip[2:2] + 1 > len)", "net fe80::/10", `ip proto \udp`, "mpls 3 and pppoes", "ether host 0:1:2:3:4:5"} {
		f.Add(s, uint16(1), []byte(ethernet(etherIP).ip4(6, 0, "10.0.0.1", "10.0.0.2").tcp(1, 80, 2)))
	}
	f.Fuzz(func(t *testing.T, expr string, link uint16, data []byte) {
		fl, err := compileFilter(expr, link)
		if err != nil {
			return
		}
		for n := range min(len(data), 128) {
			fl.match(new(view), data[:n], uint32(len(data)))
		}
	})
}
