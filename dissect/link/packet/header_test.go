package packet

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func fill(t *testing.T, b []byte) (*event.PktHdr, string) {
	t.Helper()
	ip, p, drop := parse(t, b, Options{})
	if drop != DropNone {
		t.Fatal(drop, names(&p.Weirds))
	}
	p.Weirds.Reset()
	h := new(event.PktHdr)
	ip.FillPktHdr(h, new(HeaderScratch), &p.Weirds)
	return h, names(&p.Weirds)
}

func TestFillPktHdr(t *testing.T) {
	h, _ := fill(t, v4(ProtoTCP, cat(tcpSegment, zeros(3)), fragBits(0, false, true)))
	if !h.IP.OK || h.IP6.OK || !h.TCP.OK || h.UDP.OK || h.ICMP.OK {
		t.Fatalf("%+v", h)
	}
	ip := h.IP.V
	if ip.HL != 20 || ip.Len != 43 || ip.ID != 0x1234 || !ip.DF || ip.MF || ip.Offset != 0 || ip.TTL != 64 || ip.P != 6 ||
		ip.Sum == 0 || ip.Src != netip.MustParseAddr("10.0.0.1") || ip.Dst != netip.MustParseAddr("10.0.0.2") {
		t.Errorf("%+v", ip)
	}
	tcp := h.TCP.V
	if tcp.SPort != (value.Port{Num: 0xc001, Proto: value.ProtoTCP}) || tcp.DPort.Num != 80 || tcp.Seq != 1 || tcp.Ack != 0 ||
		tcp.HL != 20 || tcp.DL != 3 || tcp.Flags != 2 || tcp.Win != 0xffff {
		t.Errorf("%+v", tcp)
	}

	h, _ = fill(t, v4(ProtoUDP, unhex("0001 0002 0008 0000"), fragBits(1480, true, false)))
	if h.IP.V.Offset != 1480 || !h.IP.V.MF || !h.UDP.OK || h.UDP.V.SPort.Num != 1 || h.UDP.V.ULen != 8 {
		t.Errorf("%+v", h)
	}
	if h, _ = fill(t, v4(ProtoICMP, zeros(8))); h.ICMP.OK {
		t.Error("Zeek shows ICMP from 28 bytes on")
	}
	if h, _ = fill(t, v4(ProtoICMP, cat([]byte{3}, zeros(27)))); !h.ICMP.OK || h.ICMP.V.ICMPType != 3 {
		t.Errorf("%+v", h.ICMP)
	}
	if h, _ = fill(t, v6(ProtoICMPv6, cat([]byte{128}, zeros(7)))); !h.ICMP.OK || h.ICMP.V.ICMPType != 128 {
		t.Errorf("%+v", h.ICMP)
	}
}

func TestFillIP6Hdr(t *testing.T) {
	cases := extensionCases()
	h, _ := fill(t, cases[0])
	ip := h.IP6.V
	if ip.Class != 0 || ip.Flow != 0x12345 || ip.Nxt != 0 || ip.Hlim != 64 || len(ip.Exts) != 2 ||
		ip.Src != netip.MustParseAddr("2001:db8::1") || ip.Dst != netip.MustParseAddr("2001:db8::2") {
		t.Fatalf("%+v", ip)
	}
	hbh := ip.Exts[0].HopOpts
	if !hbh.OK || hbh.V.Nxt != 60 || hbh.V.Len != 0 || len(hbh.V.Options) != 2 || hbh.V.Options[0].OType != 5 ||
		len(hbh.V.Options[0].Data) != 2 || hbh.V.Options[1].OType != 1 || hbh.V.Options[1].Len != 0 {
		t.Errorf("%+v", hbh)
	}
	dst := ip.Exts[1].DstOpts
	home := addr16("2001:db8::9")
	if !dst.OK || dst.V.Len != 2 || dst.V.Options[0].OType != 201 || !bytes.Equal(dst.V.Options[0].Data, home[:]) {
		t.Errorf("%+v", dst)
	}
	if !h.TCP.OK {
		t.Error("no TCP header")
	}

	h, _ = fill(t, cases[1])
	if r := h.IP6.V.Exts[0].Routing; !r.OK || r.V.RType != 0 || r.V.SegLeft != 1 || r.V.Len != 4 || len(r.V.Data) != 36 {
		t.Errorf("%+v", r)
	}
	h, _ = fill(t, cases[3])
	if f := h.IP6.V.Exts[0].Fragment; !f.OK || f.V.ID != 1 || !f.V.More || f.V.Offset != 0 || f.V.Nxt != 6 {
		t.Errorf("%+v", f)
	}
	h, _ = fill(t, cases[4])
	if a := h.IP6.V.Exts[0].AH; !a.OK || a.V.SPI != 1 || a.V.Seq != value.Some(uint64(2)) || len(a.V.Data.V) != 12 {
		t.Errorf("%+v", a)
	}
	h, _ = fill(t, v6(protoESP, unhex("00000001 00000002 ffff")))
	if e := h.IP6.V.Exts[0].ESP; !e.OK || e.V.SPI != 1 || e.V.Seq != 2 {
		t.Errorf("%+v", e)
	}
}

func TestFillMobility(t *testing.T) {
	mobility := func(typ byte, body string) (event.IP6MobilityHdr, string) {
		b := cat([]byte{ProtoNoNext, 0, typ, 0, 0xab, 0xcd}, unhex(body))
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		b[1] = byte(len(b)/8 - 1)
		h, weirds := fill(t, v6(protoMobility, b))
		return h.IP6.V.Exts[0].Mobility.V, weirds
	}
	m, _ := mobility(0, "0009")
	if !m.Msg.BRR.OK || m.Msg.BRR.V.Rsv != 9 || m.Chksum != 0xabcd || m.MHType != 0 || m.Nxt != 59 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(1, "0000 0102030405060708")
	if !m.Msg.HoTI.OK || m.Msg.HoTI.V.Cookie != 0x0102030405060708 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(2, "0000 0102030405060708")
	if !m.Msg.CoTI.OK || m.Msg.CoTI.V.Cookie != 0x0102030405060708 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(3, "0002 0000000000000001 0000000000000002")
	if !m.Msg.HoT.OK || m.Msg.HoT.V.NonceIdx != 2 || m.Msg.HoT.V.Cookie != 1 || m.Msg.HoT.V.Token != 2 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(4, "0002 0000000000000001 0000000000000002")
	if !m.Msg.CoT.OK || m.Msg.CoT.V.Token != 2 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(5, "0007 a000 0009 0302 0001")
	if u := m.Msg.BU; !u.OK || u.V.Seq != 7 || !u.V.A || u.V.H || !u.V.L || u.V.K || u.V.Life != 9 || len(u.V.Options) == 0 || u.V.Options[0].OType != 3 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(6, "0180 0007 0009")
	if a := m.Msg.BAck; !a.OK || a.V.Status != 1 || !a.V.K || a.V.Seq != 7 || a.V.Life != 9 {
		t.Errorf("%+v", m)
	}
	m, _ = mobility(7, "0100 20010db8000000000000000000000007")
	if e := m.Msg.BE; !e.OK || e.V.Status != 1 || e.V.HoA != netip.MustParseAddr("2001:db8::7") {
		t.Errorf("%+v", m)
	}
	if m, w := mobility(8, "0000"); w != "unknown_mobility_type[8]" || m.Msg.ID != 8 {
		t.Errorf("%s %+v", w, m)
	}
	if m, w := mobility(7, "0000"); w != "truncated_IPv6_option" || m.Msg.BE.OK {
		t.Errorf("%s %+v", w, m)
	}
}

func TestFillRawPktHdr(t *testing.T) {
	var d Decoder
	var p Packet
	var ip IP
	var h event.RawPktHdr
	var s HeaderScratch
	f := frame(LinkEthernet, eth(0x88a8, cat(unhex("b064 8100 00c8 86dd"), datagram6)))
	d.Decode(f, &p)
	ip.Parse(&p, &Options{})
	p.FillRawPktHdr(&h, f, &ip, &s, &p.Weirds)
	l2 := h.L2
	if l2.Encap != "LINK_ETHERNET" || l2.Proto != "L3_IPV6" || l2.Len != uint64(f.OrigLen) || l2.CapLen != uint64(len(f.Data)) ||
		string(l2.Src.V) != "02:00:00:00:00:01" || string(l2.Dst.V) != "02:00:00:00:00:02" || l2.VLAN != value.Some(uint64(100)) ||
		l2.VLANPCP != value.Some(uint64(5)) || l2.VLANDEI != value.Some(true) || l2.InnerVLAN != value.Some(uint64(200)) ||
		l2.EthType != value.Some(uint64(0x86dd)) || !h.IP6.OK || !h.TCP.OK {
		t.Errorf("%+v", h)
	}
	f = frame(linkNull, cat(unhex("02000000"), datagram4))
	d.Decode(f, &p)
	ip.Parse(&p, &Options{})
	p.FillRawPktHdr(&h, f, &ip, &s, &p.Weirds)
	if h.L2.Encap != "LINK_UNKNOWN" || h.L2.Proto != "L3_IPV4" || h.L2.Src.OK || !h.IP.OK {
		t.Errorf("%+v", h)
	}
	f = frame(LinkEthernet, eth(0x0806, zeros(28)))
	d.Decode(f, &p)
	p.FillRawPktHdr(&h, f, nil, &s, &p.Weirds)
	if h.L2.Proto != "L3_ARP" || h.IP.OK {
		t.Errorf("%+v", h)
	}
	f = frame(LinkEthernet, macs[:8])
	d.Decode(f, &p)
	p.FillRawPktHdr(&h, f, nil, &s, &p.Weirds)
	if string(h.L2.Dst.V) != "02:00:00:00:00:02" || string(h.L2.Src.V) != "00:00:00:00:00:00" {
		t.Errorf("%s %s", h.L2.Dst.V, h.L2.Src.V)
	}
}
