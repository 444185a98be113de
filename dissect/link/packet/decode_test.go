package packet

import (
	"bytes"
	"slices"
	"testing"
)

// linkCases has frames for every link type and every path through its decoder.
var linkCases = []struct {
	name   string
	link   LinkType
	data   []byte
	kind   Kind
	drop   Drop
	offset int // of the network header, or of an unknown protocol's payload
	weirds string
	hist   string
	check  func(t *testing.T, p *Packet)
}{
	{name: "ethernet", link: LinkEthernet, data: eth(0x0800, datagram4), kind: KindIP, offset: 14, hist: "ETHERNET IP",
		check: func(t *testing.T, p *Packet) {
			if !p.HasL2 || p.DstMAC[5] != 2 || p.SrcMAC[5] != 1 || p.EtherType != 0x0800 {
				t.Errorf("link addresses %v %v %v, ethertype %#x", p.HasL2, p.SrcMAC, p.DstMAC, p.EtherType)
			}
		}},
	{name: "ethernet ipv6", link: LinkEthernet, data: eth(0x86dd, datagram6), kind: KindIP, offset: 14, hist: "ETHERNET IP"},
	{name: "ethernet arp", link: LinkEthernet, data: eth(0x0806, zeros(28)), kind: KindARP, offset: 14, hist: "ETHERNET ARP"},
	{name: "ethernet rarp", link: LinkEthernet, data: eth(0x8035, zeros(28)), kind: KindARP, offset: 14, hist: "ETHERNET ARP"},
	{name: "ethernet unknown", link: LinkEthernet, data: eth(0x88cc, zeros(20)), drop: dropUnknownProtocol, offset: 14, hist: "ETHERNET",
		check: func(t *testing.T, p *Packet) {
			if p.UnknownAnalyzer != "ETHERNET" || p.UnknownProtocol != 0x88cc || len(p.Net) != 20 {
				t.Errorf("unknown %s %#x, %d bytes", p.UnknownAnalyzer, p.UnknownProtocol, len(p.Net))
			}
		}},
	{name: "ethernet undefined type", link: LinkEthernet, data: eth(1501, zeros(20)), drop: dropMalformed, weirds: "undefined_ether_type@ETHERNET", hist: "ETHERNET"},
	{name: "ethernet short", link: LinkEthernet, data: eth(0x0800, zeros(2)), drop: dropTruncated, weirds: "truncated_ethernet_frame@ETHERNET", hist: "ETHERNET"},
	{name: "snap", link: LinkEthernet, data: eth(8+40, cat(unhex("aaaa03 000000 0800"), datagram4, zeros(6))), kind: KindIP, offset: 22, hist: "ETHERNET SNAP IP",
		check: func(t *testing.T, p *Packet) {
			if len(p.Net) != 40 || p.WireLen != 46 {
				t.Errorf("the 802.3 length leaves %d of %d bytes", len(p.Net), p.WireLen)
			}
		}},
	{name: "snap with sequence control", link: LinkEthernet, data: eth(9+40, cat(unhex("aaaa0000 000000 0800"), datagram4)), kind: KindIP, offset: 23, hist: "ETHERNET SNAP IP"},
	{name: "snap cdp", link: LinkEthernet, data: eth(20, cat(unhex("aaaa03 00000c 2000"), zeros(12))), drop: dropUnknownProtocol, offset: 22, hist: "ETHERNET SNAP",
		check: func(t *testing.T, p *Packet) {
			if p.UnknownProtocol != 0x0c2000 {
				t.Errorf("unknown %#x", p.UnknownProtocol)
			}
		}},
	{name: "snap short llc", link: LinkEthernet, data: eth(2, unhex("aaaa03 00")), drop: dropTruncated, weirds: "truncated_snap_llc_header@SNAP", hist: "ETHERNET SNAP"},
	{name: "snap short", link: LinkEthernet, data: eth(7, cat(unhex("aaaa03 00000008"), zeros(4))), drop: dropTruncated, weirds: "truncated_snap_header@SNAP", hist: "ETHERNET SNAP"},
	{name: "novell", link: LinkEthernet, data: eth(30, cat(unhex("ffff"), zeros(28))), drop: dropUnknownProtocol, offset: 14, weirds: "no_suitable_analyzer_found@NOVELL_802_3", hist: "ETHERNET NOVELL_802_3"},
	{name: "llc", link: LinkEthernet, data: eth(38, cat(unhex("424203"), zeros(35))), drop: dropUnknownProtocol, offset: 14, hist: "ETHERNET LLC"},
	{name: "llc short", link: LinkEthernet, data: eth(3, cat(unhex("424200"), zeros(35))), drop: dropTruncated, weirds: "truncated_llc_header@LLC", hist: "ETHERNET LLC"},
	{name: "vlan", link: LinkEthernet, data: eth(0x8100, cat(unhex("b064 0800"), datagram4)), kind: KindIP, offset: 18, hist: "ETHERNET VLAN IP",
		check: func(t *testing.T, p *Packet) {
			if want := (Tag{ID: 100, PCP: 5, DEI: true, OK: true}); p.VLAN != want || p.InnerVLAN.OK {
				t.Errorf("tags %+v %+v", p.VLAN, p.InnerVLAN)
			}
		}},
	{name: "qinq", link: LinkEthernet, data: eth(0x88a8, cat(unhex("0064 8100 00c8 86dd"), datagram6)), kind: KindIP, offset: 22, hist: "ETHERNET VLAN VLAN IP",
		check: func(t *testing.T, p *Packet) {
			if p.VLAN.ID != 100 || p.InnerVLAN.ID != 200 || p.EtherType != 0x86dd {
				t.Errorf("tags %+v %+v, ethertype %#x", p.VLAN, p.InnerVLAN, p.EtherType)
			}
		}},
	{name: "old qinq", link: LinkEthernet, data: eth(0x9100, cat(unhex("0064 8100 00c8 0800"), datagram4)), kind: KindIP, offset: 22, hist: "ETHERNET VLAN VLAN IP"},
	{name: "triple tag", link: LinkEthernet, data: eth(0x8100, cat(unhex("0001 8100 0002 8100 0003 0800"), datagram4)), kind: KindIP, offset: 26,
		weirds: "triple_tagged_vlan_unsupported[inner VLAN tag overwritten]@VLAN", hist: "ETHERNET VLAN VLAN VLAN IP",
		check: func(t *testing.T, p *Packet) {
			if p.VLAN.ID != 1 || p.InnerVLAN.ID != 3 {
				t.Errorf("tags %+v %+v", p.VLAN, p.InnerVLAN)
			}
		}},
	{name: "vlan snap", link: LinkEthernet, data: eth(0x8100, cat(unhex("0064 0030 aaaa03 000000 0800"), datagram4, zeros(4))), kind: KindIP, offset: 26, hist: "ETHERNET VLAN SNAP IP"},
	{name: "vlan undefined", link: LinkEthernet, data: eth(0x8100, cat(unhex("0064 05ff"), zeros(8))), drop: dropMalformed, weirds: "undefined_vlan_protocol@VLAN", hist: "ETHERNET VLAN"},
	{name: "vlan short", link: LinkEthernet, data: eth(0x8100, unhex("0064 0800")), drop: dropTruncated, weirds: "truncated_VLAN_header@VLAN", hist: "ETHERNET VLAN"},
	{name: "mpls", link: LinkEthernet, data: eth(0x8847, cat(unhex("00010040 00020140"), datagram4)), kind: KindIP, offset: 22, hist: "ETHERNET MPLS IP"},
	{name: "mpls ipv6", link: LinkEthernet, data: eth(0x8847, cat(unhex("00020140"), datagram6)), kind: KindIP, offset: 18, hist: "ETHERNET MPLS IP"},
	{name: "mpls without bottom", link: LinkEthernet, data: eth(0x8847, zeros(64)), drop: dropTruncated, weirds: "truncated_link_header@MPLS", hist: "ETHERNET MPLS"},
	{name: "pppoe", link: LinkEthernet, data: eth(0x8864, cat(unhex("1100 0001 002a 0021"), datagram4)), kind: KindIP, offset: 22, hist: "ETHERNET PPPOE IP"},
	{name: "pppoe extra", link: LinkEthernet, data: eth(0x8864, cat(unhex("1100 0001 002a 0021"), datagram4, zeros(3))), kind: KindIP, offset: 22,
		weirds: "pppoe_extra_data_after_payload@PPPOE", hist: "ETHERNET PPPOE IP",
		check: func(t *testing.T, p *Packet) {
			if len(p.Net) != 40 {
				t.Errorf("%d bytes", len(p.Net))
			}
		}},
	{name: "pppoe lcp", link: LinkEthernet, data: eth(0x8864, cat(unhex("1100 0001 000a c021"), zeros(8))), drop: dropUnknownProtocol, offset: 22, hist: "ETHERNET PPPOE"},
	{name: "pppoe cut", link: LinkEthernet, data: eth(0x8864, cat(unhex("1100 0001 0100 0057"), datagram6)), kind: KindIP, offset: 22, weirds: "pppoe_truncated_payload@PPPOE", hist: "ETHERNET PPPOE IP"},
	{name: "pppoe without ethernet", link: linkPPPoE, data: cat(unhex("1100 0001 002a 0021"), datagram4), kind: KindIP, offset: 8, hist: "PPPOE IP"},
	{name: "vntag", link: LinkEthernet, data: eth(0x8926, cat(unhex("00010002 8100 0064 0800"), datagram4)), kind: KindIP, offset: 24, hist: "ETHERNET VNTAG VLAN IP"},
	{name: "vntag without vlan", link: LinkEthernet, data: eth(0x8926, cat(unhex("00010002 0800"), datagram4)), drop: dropUnknownProtocol, offset: 20, hist: "ETHERNET VNTAG"},
	{name: "pbb", link: LinkEthernet, data: eth(0x88e7, cat(unhex("00000001"), unhex("020000000004 020000000003"), be16(0x0800), datagram4)), kind: KindIP, offset: 32, hist: "ETHERNET PBB ETHERNET IP",
		check: func(t *testing.T, p *Packet) {
			if p.SrcMAC[5] != 3 || p.DstMAC[5] != 4 {
				t.Errorf("link addresses %v %v", p.SrcMAC, p.DstMAC)
			}
		}},
	{name: "fabric path", link: LinkEthernet, data: eth(0x8903, cat(zeros(2), eth(0x0800, datagram4))), kind: KindIP, offset: 30, hist: "ETHERNET IP",
		check: func(t *testing.T, p *Packet) {
			if p.SrcMAC[5] != 1 {
				t.Errorf("source %v", p.SrcMAC)
			}
		}},
	{name: "fabric path short", link: LinkEthernet, data: eth(0x8903, zeros(16)), drop: dropTruncated, weirds: "truncated_link_header_cfp@ETHERNET", hist: "ETHERNET"},
	{name: "raw", link: LinkRaw, data: datagram4, kind: KindIP, hist: "IP"},
	{name: "raw ipv4", link: linkIPv4, data: datagram4, kind: KindIP, hist: "IP"},
	{name: "raw ipv6", link: linkIPv6, data: datagram6, kind: KindIP, hist: "IP"},
	{name: "raw of bsd", link: 12, data: datagram6, kind: KindIP, hist: "IP"},
	{name: "ppp", link: linkPPP, data: cat(unhex("0021"), datagram4), kind: KindIP, offset: 2, hist: "PPP IP"},
	{name: "ppp hdlc", link: linkPPP, data: cat(unhex("ff03 0057"), datagram6), kind: KindIP, offset: 4, hist: "PPP IP"},
	{name: "ppp hdlc short", link: linkPPP, data: unhex("ff03 0057"), drop: dropTruncated, weirds: "truncated_ppp_hdlc_header@PPP", hist: "PPP"},
	{name: "ppp mpls", link: linkPPP, data: cat(unhex("0281 00010140"), datagram4), kind: KindIP, offset: 6, hist: "PPP MPLS IP"},
	{name: "ppp serial", link: linkPPPSerial, data: cat(unhex("ff03 0021"), datagram4), kind: KindIP, offset: 4, hist: "PPPSERIAL IP"},
	{name: "null", link: linkNull, data: cat(unhex("02000000"), datagram4), kind: KindIP, offset: 4, hist: "NULL IP"},
	{name: "null darwin", link: linkNull, data: cat(unhex("1e000000"), datagram6), kind: KindIP, offset: 4, hist: "NULL IP"},
	{name: "null big endian", link: linkNull, data: cat(unhex("00000018"), datagram6), kind: KindIP, offset: 4, hist: "NULL IP"},
	{name: "null unknown", link: linkNull, data: cat(unhex("07000000"), datagram6), drop: dropUnknownProtocol, offset: 4, hist: "NULL"},
	{name: "loop", link: linkLoop, data: cat(unhex("00000002"), datagram4), kind: KindIP, offset: 4, hist: "LOOP IP"},
	{name: "sll", link: linkLinuxSLL, data: cat(unhex("0000 0001 0006 020000000001 0000 0800"), datagram4), kind: KindIP, offset: 16, hist: "LINUXSLL IP",
		check: func(t *testing.T, p *Packet) {
			if !p.HasL2 || p.SrcMAC[5] != 1 || p.DstMAC != [6]byte{} {
				t.Errorf("link addresses %v %v %v", p.HasL2, p.SrcMAC, p.DstMAC)
			}
		}},
	{name: "sll arp", link: linkLinuxSLL, data: cat(unhex("0000 0001 0006 020000000001 0000 0806"), zeros(28)), kind: KindARP, offset: 16, hist: "LINUXSLL ARP"},
	{name: "sll2", link: linkLinuxSLL2, data: cat(unhex("86dd 0000 00000002 0001 00 06 020000000001 0000"), datagram6), kind: KindIP, offset: 20, hist: "LINUXSLL2 IP",
		check: func(t *testing.T, p *Packet) {
			if !p.HasL2 || p.SrcMAC[5] != 1 {
				t.Errorf("link addresses %v %v", p.HasL2, p.SrcMAC)
			}
		}},
	{name: "fddi", link: linkFDDI, data: cat(zeros(21), datagram4), kind: KindIP, offset: 21, hist: "FDDI IP"},
	{name: "nflog", link: linkNFLog, data: cat(unhex("0200 0000 0600 0300 0102 0000 2c00 0900"), datagram4), kind: KindIP, offset: 16, hist: "NFLOG IP"},
	{name: "nflog version", link: linkNFLog, data: cat(unhex("0201 0000"), zeros(8)), drop: dropMalformed, weirds: "unknown_nflog_version@NFLOG", hist: "NFLOG"},
	{name: "nflog short tlv", link: linkNFLog, data: cat(unhex("0200 0000 0300 0300"), zeros(8)), drop: dropMalformed, weirds: "nflog_bad_tlv_len@NFLOG", hist: "NFLOG"},
	{name: "nflog long tlv", link: linkNFLog, data: cat(unhex("0200 0000 fe00 0300"), zeros(4)), drop: dropMalformed, weirds: "nflog_bad_tlv_len[(256 > 8)]@NFLOG", hist: "NFLOG"},
	{name: "nflog no payload", link: linkNFLog, data: cat(unhex("0200 0000 0800 0300"), zeros(4)), drop: dropMalformed, weirds: "nflog_no_pcap_payload@NFLOG", hist: "NFLOG"},
	{name: "802.11", link: Link80211, data: cat(dot11(0x08, 0x00, 24), snap, datagram4), kind: KindIP, offset: 32, hist: "IEEE802_11 IP", check: macsAre(10, 4)},
	{name: "802.11 to ds", link: Link80211, data: cat(dot11(0x08, 0x01, 24), snap, datagram4), kind: KindIP, offset: 32, hist: "IEEE802_11 IP", check: macsAre(10, 16)},
	{name: "802.11 from ds, qos", link: Link80211, data: cat(dot11(0x88, 0x02, 26), snap, datagram4), kind: KindIP, offset: 34, hist: "IEEE802_11 IP", check: macsAre(16, 4)},
	{name: "802.11 wds", link: Link80211, data: cat(dot11(0x88, 0x03, 32), snap, datagram4), kind: KindIP, offset: 40, hist: "IEEE802_11 IP", check: macsAre(24, 16)},
	{name: "802.11 beacon", link: Link80211, data: cat(dot11(0x80, 0, 24), zeros(20)), drop: dropNotData, hist: "IEEE802_11"},
	{name: "802.11 null data", link: Link80211, data: cat(dot11(0x48, 0, 24), zeros(20)), drop: dropNotData, hist: "IEEE802_11"},
	{name: "802.11 protected", link: Link80211, data: cat(dot11(0x88, 0x41, 26), zeros(20)), drop: dropNotData, hist: "IEEE802_11"},
	{name: "802.11 short body", link: Link80211, data: cat(dot11(0x08, 0, 24), zeros(7)), drop: dropTruncated, weirds: "truncated_802_11_llc_header@IEEE802_11", hist: "IEEE802_11"},
	{name: "802.11 short", link: Link80211, data: dot11(0x08, 0, 24), drop: dropTruncated, weirds: "truncated_802_11_header@IEEE802_11", hist: "IEEE802_11"},
	{name: "radiotap", link: link80211Radiotap, data: cat(unhex("0000 0900 00000000 00"), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 41, hist: "IEEE802_11_RADIO IEEE802_11 IP"},
	{name: "radiotap long", link: link80211Radiotap, data: unhex("0000 0900 00000000 00"), drop: dropTruncated, weirds: "truncated_radiotap_header@IEEE802_11_RADIO", hist: "IEEE802_11_RADIO"},
	{name: "prism", link: linkPrism, data: cat(le32(0x44), le32(144), zeros(136), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 176, hist: "PRISM IEEE802_11 IP"},
	{name: "prism big endian", link: linkPrism, data: cat(be32(0x44), be32(144), zeros(136), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 176, hist: "PRISM IEEE802_11 IP"},
	{name: "avs as prism", link: linkPrism, data: cat(be32(0x80211001), be32(64), zeros(56), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 96, hist: "AVS IEEE802_11 IP"},
	{name: "avs", link: linkAVS, data: cat(be32(0x80211001), be32(64), zeros(56), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 96, hist: "AVS IEEE802_11 IP"},
	{name: "ppi 802.11", link: linkPPI, data: cat(unhex("0000 0c00 69000000 00000000"), dot11(0x08, 0, 24), snap, datagram4), kind: KindIP, offset: 44, hist: "PPI IEEE802_11 IP"},
	{name: "ppi ethernet", link: linkPPI, data: cat(unhex("0000 0800 01000000"), eth(0x0800, datagram4)), kind: KindIP, offset: 22, hist: "PPI ETHERNET IP"},
	{name: "ppi unknown", link: linkPPI, data: cat(unhex("0000 0800 00000100"), zeros(4)), drop: dropUnknownProtocol, offset: 8, hist: "PPI"},
	{name: "ppi bad length", link: linkPPI, data: cat(unhex("0000 0400 01000000"), zeros(4)), drop: dropMalformed, weirds: "bad_ppi_header_len@PPI", hist: "PPI"},
	{name: "amsdu", link: Link80211, data: amsduFrame, kind: KindIP, offset: 26 + 14 + 8, hist: "IEEE802_11 IP"},
}

var (
	snap       = unhex("aaaa03 000000 0800")
	amsduFrame = cat(dot11(0x88, 0, 26, 0x80),
		macs, be16(8+40), snap, datagram4,
		macs, be16(8+60), unhex("aaaa03 000000 86dd"), datagram6)
)

// dot11 makes an 802.11 header of n bytes; an address begins with its offset.
func dot11(fc, flags byte, n int, qos ...byte) []byte {
	b := make([]byte, n)
	b[0], b[1] = fc, flags
	for _, off := range []int{4, 10, 16, 24} {
		if off+6 <= n {
			b[off] = byte(off)
		}
	}
	copy(b[n-2:], qos)
	return b
}

func macsAre(src, dst byte) func(*testing.T, *Packet) {
	return func(t *testing.T, p *Packet) {
		if !p.HasL2 || p.SrcMAC[0] != src || p.DstMAC[0] != dst {
			t.Errorf("addresses at %d and %d, want %d and %d", p.SrcMAC[0], p.DstMAC[0], src, dst)
		}
	}
}

func TestDecode(t *testing.T) {
	var d Decoder
	var p Packet // shared by all: nothing may remain from the packet before
	for _, c := range linkCases {
		t.Run(c.name, func(t *testing.T) {
			before := d.Dropped(c.drop)
			d.Decode(frame(c.link, c.data), &p)
			if p.Kind != c.kind || p.Drop != c.drop {
				t.Fatalf("kind %v, drop %v; want %v, %v (%s)", p.Kind, p.Drop, c.kind, c.drop, names(&p.Weirds))
			}
			if c.kind != kindNone || c.drop == dropUnknownProtocol {
				if p.Offset != c.offset || p.WireLen != len(c.data)-c.offset {
					t.Errorf("offset %d, wire length %d; want %d, %d", p.Offset, p.WireLen, c.offset, len(c.data)-c.offset)
				}
				if !bytes.HasPrefix(c.data[c.offset:], p.Net) {
					t.Errorf("payload %x", p.Net)
				}
			}
			if got := names(&p.Weirds); got != c.weirds {
				t.Errorf("weirds %q, want %q", got, c.weirds)
			}
			var hist []byte
			for i, h := range p.AppendHistory(nil) {
				if i > 0 {
					hist = append(hist, ' ')
				}
				hist = append(hist, h...)
			}
			if string(hist) != c.hist {
				t.Errorf("history %q, want %q", hist, c.hist)
			}
			if c.drop != DropNone && d.Dropped(c.drop) != before+1 {
				t.Errorf("drop %v was not counted", c.drop)
			}
			if c.check != nil {
				c.check(t, &p)
			}
		})
	}
}

func TestAMSDU(t *testing.T) {
	var d Decoder
	var p Packet
	var ip IP
	f := frame(Link80211, amsduFrame)
	var versions []uint8
	d.Decode(f, &p)
	for more := true; more; more = d.Next(f, &p, true) {
		if p.Kind != KindIP || ip.Parse(&p, &Options{}) != DropNone {
			t.Fatalf("subframe %d: %v %v %s", len(versions), p.Kind, p.Drop, names(&p.Weirds))
		}
		versions = append(versions, ip.Version)
		if p.Depth() != 2 {
			t.Errorf("depth %d", p.Depth())
		}
	}
	if !slices.Equal(versions, []uint8{4, 6}) {
		t.Errorf("versions %v", versions)
	}

	d.Decode(f, &p)
	if !d.Next(f, &p, false) || names(&p.Weirds) != "invalid_802_11_amsdu_inner_packet@IEEE802_11" {
		t.Errorf("after a useless subframe: %s", names(&p.Weirds))
	}
	if d.Next(f, &p, false) {
		t.Error("there is no third result")
	}

	d.Decode(frame(LinkEthernet, eth(0x0800, datagram4)), &p)
	if d.Next(f, &p, true) {
		t.Error("Ethernet frames have no subframes")
	}
}

// TestCutEverywhere cuts every frame at every byte, once by the snap length and
// once on the wire, and expects exactly one outcome each time.
func TestCutEverywhere(t *testing.T) {
	var d, h Decoder
	var p Packet
	var ip IP
	r := NewReassembler(DefaultOptions())
	frames := [][]byte{}
	links := []LinkType{}
	for _, c := range linkCases {
		frames, links = append(frames, c.data), append(links, c.link)
	}
	for _, b := range extensionCases() {
		frames, links = append(frames, eth(0x86dd, b)), append(links, LinkEthernet)
	}
	for i, b := range frames {
		for n := range len(b) + 1 {
			for _, orig := range []int{n, len(b)} {
				f := &Frame{Data: b[:n:n], OrigLen: uint32(orig), Link: links[i], Num: 1}
				_, _, hok := h.Hosts(f)
				d.Decode(f, &p)
				for more := true; more; more = d.Next(f, &p, true) {
					if (p.Kind == kindNone) == (p.Drop == DropNone) {
						t.Fatalf("%d cut to %d: kind %v and drop %v", i, n, p.Kind, p.Drop)
					}
					if p.Drop == dropTruncated && len(p.Weirds.All()) == 0 {
						t.Fatalf("%d cut to %d: truncated without a weird", i, n)
					}
					if p.Kind != KindIP {
						continue
					}
					before := len(p.Weirds.All())
					drop := ip.Parse(&p, &Options{})
					if drop != DropNone {
						if len(p.Weirds.All()) == before {
							t.Fatalf("%d cut to %d: %v without a weird", i, n, drop)
						}
						continue
					}
					if !hok && links[i] != Link80211 && links[i] != link80211Radiotap && links[i] != linkPrism && links[i] != linkAVS && links[i] != linkPPI {
						t.Fatalf("%d cut to %d: no hosts", i, n)
					}
					if ip.Fragment {
						r.Feed(&ip, f.Now, &p.Weirds)
					}
					ip.Upper(&Options{}, false, &p.Weirds)
				}
			}
		}
	}
}

func TestDepth(t *testing.T) {
	tags := bytes.Repeat(unhex("0001 8100"), 1000)
	pbb := datagram4
	for range 1000 {
		pbb = eth(0x88e7, cat(zeros(4), pbb))
	}
	for _, c := range []struct {
		name string
		data []byte
		src  string
	}{
		{"vlan", eth(0x8100, cat(tags, unhex("0001 0800"), datagram4)), "VLAN"},
		{"pbb", pbb, "ETHERNET"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			var p Packet
			d.Decode(frame(LinkEthernet, c.data), &p)
			if p.Drop != dropDepth || p.Depth() != maxDepth {
				t.Fatalf("drop %v at depth %d", p.Drop, p.Depth())
			}
			all := p.Weirds.All()
			if w := all[len(all)-1]; w.Name != "max_packet_analyzer_depth_exceeded" || w.Source != c.src {
				t.Errorf("weird %+v", w)
			}
			if _, _, ok := d.Hosts(frame(LinkEthernet, c.data)); ok {
				t.Error("hosts found")
			}
		})
	}
	// A tunnel does not restart the count of layers.
	var d Decoder
	var p Packet
	d.DecodeAt(frame(LinkEthernet, eth(0x0800, datagram4)), maxDepth-2, &p)
	if p.Kind != KindIP {
		t.Errorf("two layers below the limit: %v", p.Drop)
	}
	d.DecodeAt(frame(LinkEthernet, eth(0x0800, datagram4)), maxDepth-1, &p)
	if p.Drop != dropDepth {
		t.Errorf("one layer below the limit: %v", p.Drop)
	}
}

func TestHosts(t *testing.T) {
	var d, h Decoder
	var p Packet
	var ip IP
	cases := []*Frame{}
	for _, c := range linkCases {
		cases = append(cases, frame(c.link, c.data))
	}
	for _, b := range extensionCases() {
		cases = append(cases, frame(LinkEthernet, eth(0x86dd, b)), frame(LinkRaw, b))
	}
	for i, f := range cases {
		src, dst, ok := h.Hosts(f)
		d.Decode(f, &p)
		switch f.Link {
		case Link80211, link80211Radiotap, linkPrism, linkAVS, linkPPI:
			if ok {
				t.Errorf("%d: hosts of an 802.11 frame", i)
			}
			continue
		}
		if p.Kind != KindIP || ip.Parse(&p, &Options{}) != DropNone {
			continue
		}
		if !ok || src != AddrFrom16(&ip.Src) || dst != AddrFrom16(&ip.Dst) {
			t.Errorf("%d: hosts %v %v %v, parsed %v %v", i, src, dst, ok, ip.Src, ip.Dst)
		}
	}
}
