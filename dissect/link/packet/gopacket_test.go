package packet

import (
	"bytes"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// TestAgainstGopacket decodes what gopacket serializes, with gopacket's lengths
// and checksums.
func TestAgainstGopacket(t *testing.T) {
	ip4 := func(p layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 61, TOS: 0x10, Id: 77, Protocol: p, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{198, 51, 100, 9}}
	}
	ip6 := func(p layers.IPProtocol) *layers.IPv6 {
		return &layers.IPv6{Version: 6, HopLimit: 61, TrafficClass: 0x10, FlowLabel: 0xabcde, NextHeader: p,
			SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::fffe")}
	}
	ethernet := func(et layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: et}
	}
	for _, size := range []int{0, 1, 2, 63, 64, 65, 1399, 1400} {
		payload := gopacket.Payload(counting(size))
		for i, stack := range [][]gopacket.SerializableLayer{
			{ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), &layers.TCP{SrcPort: 49152, DstPort: 80, Seq: 1, ACK: true, Window: 1024}, payload},
			{ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 49152, DstPort: 53}, payload},
			{ethernet(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, payload},
			{ethernet(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), &layers.TCP{SrcPort: 49152, DstPort: 80, Seq: 1, SYN: true}, payload},
			{ethernet(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), &layers.UDP{SrcPort: 49152, DstPort: 53}, payload},
			{ethernet(layers.EthernetTypeIPv6), ip6(layers.IPProtocolICMPv6), &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}, payload},
			{ethernet(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 42, Priority: 3, Type: layers.EthernetTypeMPLSUnicast},
				&layers.MPLS{Label: 7, StackBottom: true, TTL: 9}, ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}, payload},
		} {
			var network gopacket.NetworkLayer
			for _, l := range stack {
				switch l := l.(type) {
				case gopacket.NetworkLayer:
					network = l
				case interface {
					SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
				}:
					if err := l.SetNetworkLayerForChecksum(network); err != nil {
						t.Fatal(err)
					}
				}
			}
			buf := gopacket.NewSerializeBuffer()
			if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
				t.Fatal(err)
			}
			// gopacket pads to the minimum Ethernet frame; the length on the wire does
			// not include that.
			b := buf.Bytes()
			var d Decoder
			var p Packet
			var ip IP
			d.Decode(frame(LinkEthernet, b), &p)
			if p.Kind != KindIP {
				t.Fatalf("%d/%d: %v", i, size, p.Drop)
			}
			if drop := ip.Parse(&p, &Options{}); drop != DropNone {
				t.Fatalf("%d/%d: %v %s", i, size, drop, names(&p.Weirds))
			}
			if !ip.ChecksumOK() {
				t.Errorf("%d/%d: checksum", i, size)
			}
			if ip.TTL != 61 || ip.TOS() != 0x10 || !bytes.HasSuffix(ip.Payload, payload) || len(ip.Payload) != ip.PayloadLen {
				t.Errorf("%d/%d: %+v", i, size, ip)
			}
			if size > 0 {
				bad := bytes.Clone(b)
				bad[p.Offset+ip.HdrLen+len(ip.Payload)-1] ^= 0x40
				d.Decode(frame(LinkEthernet, bad), &p)
				ip.Parse(&p, &Options{})
				if ip.ChecksumOK() {
					t.Errorf("%d/%d: a changed byte went unnoticed", i, size)
				}
			}
		}
	}
}
