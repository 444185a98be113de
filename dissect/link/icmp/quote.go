package icmp

import (
	"encoding/binary"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

const (
	ipv4Header = 20
	ipv6Header = 40
	portsLen   = 4
)

// transports are Zeek's numbers of transport protocols.
var transports = [...]uint64{value.ProtoUnknown: 0, value.ProtoTCP: 1, value.ProtoUDP: 2, value.ProtoICMP: 3}

// quote4 describes the IPv4 packet whose beginning an ICMP error quotes.
func (a *Analyzer) quote4(b []byte, q *event.ICMPContext) {
	q.ID = event.ConnID{OrigH: netip.IPv6Unspecified(), RespH: netip.IPv6Unspecified(), IPProto: packet.ProtoICMP}
	if len(b) < ipv4Header {
		q.BadHdrLen = true
		return
	}
	hdr := int(b[0]&0x0f) * 4
	if hdr <= len(b) {
		q.BadChecksum = packet.Checksum(b[:hdr]) != 0
	}
	frag := binary.BigEndian.Uint16(b[6:])
	q.Len = uint64(binary.BigEndian.Uint16(b[2:]))
	q.DF, q.MF, q.FragOffset = frag&0x4000 != 0, frag&0x2000 != 0, uint64(frag&0x1fff)*8
	q.ID.OrigH = netip.AddrFrom4([4]byte(b[12:]))
	q.ID.RespH = netip.AddrFrom4([4]byte(b[16:]))
	if len(b) < hdr+portsLen {
		q.BadHdrLen = true
		return
	}
	transport(q, false, b[9], b[hdr:])
}

// quote6 describes the IPv6 packet whose beginning an ICMPv6 error or a
// redirected header option quotes. Zeek does not check its version; one other
// than 6 can only be damage, and is treated as a quote without a header.
func (a *Analyzer) quote6(b []byte, q *event.ICMPContext) {
	q.ID = event.ConnID{OrigH: netip.IPv6Unspecified(), RespH: netip.IPv6Unspecified(), IPProto: packet.ProtoICMPv6}
	ip := &a.quoted
	if len(b) < ipv6Header || b[0]>>4 != 6 || !ip.View(b, a.weirds) {
		q.BadHdrLen = true
		return
	}
	q.Len = uint64(ip.TotalLen)
	q.FragOffset, q.MF = uint64(ip.FragOffset), ip.MF
	q.ID.OrigH, q.ID.RespH = packet.AddrFrom16(&ip.Src).Netip(), packet.AddrFrom16(&ip.Dst).Netip()
	if len(b) < ip.HdrLen+portsLen {
		q.BadHdrLen = true
		return
	}
	transport(q, true, ip.Proto, b[ip.HdrLen:])
}

// transport sets protocol and ports; b has at least portsLen bytes. For ICMP,
// type and counterpart are in the upper byte of the ports, as in Zeek.
func transport(q *event.ICMPContext, v6 bool, proto uint8, b []byte) {
	switch proto {
	case packet.ProtoTCP:
		q.ID.Proto = value.ProtoTCP
	case packet.ProtoUDP:
		q.ID.Proto = value.ProtoUDP
	case packet.ProtoICMP, packet.ProtoICMPv6:
		q.ID.Proto = value.ProtoICMP
	}
	q.Proto = transports[q.ID.Proto]
	switch q.ID.Proto {
	case value.ProtoTCP, value.ProtoUDP:
		q.ID.OrigP, q.ID.RespP = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	case value.ProtoICMP:
		counter, _ := Counterpart(v6, b[0], b[1])
		q.ID.OrigP, q.ID.RespP = uint16(b[0])<<8, counter<<8
	default: // the others have no ports
	}
}
