package packet

import (
	"encoding/binary"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// HeaderScratch is memory for the variable parts of header records, so that
// filling one allocates nothing in the long run. A record filled from it is
// valid until the scratch is used again. The zero value is ready for use.
type HeaderScratch struct {
	exts []event.IP6ExtHdr
	opts []event.IP6Option
	macs [2][17]byte
}

// FillPktHdr fills dst with the headers of ip and of the transport in it (Zeek's
// pkt_hdr). Weirds about IPv6 extension headers that Zeek finds only at this
// point are added to w. The addresses are those of the header.
func (ip *IP) FillPktHdr(dst *event.PktHdr, s *HeaderScratch, w *Weirds) {
	*dst = event.PktHdr{}
	if ip.Version == 4 {
		dst.IP.OK = true
		ip.FillIP4Hdr(&dst.IP.V)
	} else {
		dst.IP6.OK = true
		ip.FillIP6Hdr(&dst.IP6.V, s, w)
	}
	ip.fillTransport(&dst.TCP, &dst.UDP, &dst.ICMP)
}

// FillRawPktHdr fills dst with the headers of the frame f, for which p is the
// result (Zeek's raw_pkt_hdr). ip may be nil if there is none.
func (p *Packet) FillRawPktHdr(dst *event.RawPktHdr, f *Frame, ip *IP, s *HeaderScratch, w *Weirds) {
	*dst = event.RawPktHdr{}
	l2 := &dst.L2
	l2.Len = uint64(f.OrigLen)
	l2.CapLen = uint64(len(f.Data))
	l2.Proto = "L3_UNKNOWN"
	switch {
	case p.Kind == KindARP:
		l2.Proto = "L3_ARP"
	case ip != nil && ip.Version == 4:
		l2.Proto = "L3_IPV4"
	case ip != nil:
		l2.Proto = "L3_IPV6"
	}
	l2.Encap = "LINK_UNKNOWN"
	if f.Link == LinkEthernet {
		l2.Encap = "LINK_ETHERNET"
		var mac [12]byte
		if n := copy(mac[:], f.Data); n < 12 {
			clear(mac[n/6*6:])
		}
		l2.Dst = value.Some(appendMAC(s.macs[0][:0], mac[0:6]))
		l2.Src = value.Some(appendMAC(s.macs[1][:0], mac[6:12]))
		if t := p.VLAN; t.OK {
			l2.VLAN = value.Some(uint64(t.ID))
			l2.VLANPCP = value.Some(uint64(t.PCP))
			l2.VLANDEI = value.Some(t.DEI)
		}
		if t := p.InnerVLAN; t.OK {
			l2.InnerVLAN = value.Some(uint64(t.ID))
			l2.InnerVLANPCP = value.Some(uint64(t.PCP))
			l2.InnerVLANDEI = value.Some(t.DEI)
		}
		l2.EthType = value.Some(uint64(p.EtherType))
		if p.EtherType == etherARP || p.EtherType == etherRARP {
			l2.Proto = "L3_ARP"
		}
	}
	if ip == nil || len(f.Data) < ip.TotalLen && !ip.Reassembled {
		return
	}
	if ip.Version == 4 {
		dst.IP.OK = true
		ip.FillIP4Hdr(&dst.IP.V)
	} else {
		dst.IP6.OK = true
		ip.FillIP6Hdr(&dst.IP6.V, s, w)
	}
	ip.fillTransport(&dst.TCP, &dst.UDP, &dst.ICMP)
}

func appendMAC(dst, mac []byte) []byte {
	const hex = "0123456789abcdef"
	for i, x := range mac {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hex[x>>4], hex[x&15])
	}
	return dst
}

// FillIP4Hdr fills dst from an IPv4 header (Zeek's ip4_hdr). Offset is in bytes, as in Zeek.
func (ip *IP) FillIP4Hdr(dst *event.IP4Hdr) {
	src, dst16 := ip.Src, ip.Dst
	*dst = event.IP4Hdr{
		HL:     uint64(ip.HdrLen),
		TOS:    uint64(ip.raw[1]),
		Len:    uint64(ip.TotalLen),
		ID:     uint64(ip.ID),
		DF:     ip.DF,
		MF:     ip.MF,
		Offset: uint64(ip.FragOffset),
		TTL:    uint64(ip.TTL),
		P:      uint64(ip.Proto),
		Sum:    uint64(binary.BigEndian.Uint16(ip.raw[10:])),
		Src:    AddrFrom16(&src).Netip(),
		Dst:    AddrFrom16(&dst16).Netip(),
	}
}

// FillIP6Hdr fills dst from an IPv6 header and its extension headers (Zeek's ip6_hdr).
func (ip *IP) FillIP6Hdr(dst *event.IP6Hdr, s *HeaderScratch, w *Weirds) {
	b := ip.raw
	s.exts, s.opts = s.exts[:0], s.opts[:0]
	off := ipv6HdrLen
	typ := b[6]
	for range ip.NumHeaders - 1 {
		h := b[off:ip.HdrLen]
		h = h[:extHeaderLen(typ, h)]
		off += len(h)
		s.exts = append(s.exts, event.IP6ExtHdr{})
		s.fillExt(&s.exts[len(s.exts)-1], typ, h, w)
		typ = h[0]
	}
	*dst = event.IP6Hdr{
		Class: uint64(ip.TOS()),
		Flow:  uint64(ip.FlowLabel()),
		Len:   uint64(binary.BigEndian.Uint16(b[4:])),
		Nxt:   uint64(b[6]),
		Hlim:  uint64(b[7]),
		Src:   netip.AddrFrom16([16]byte(b[8:24])),
		Dst:   netip.AddrFrom16([16]byte(b[24:40])),
		Exts:  s.exts,
	}
}

// fillExt fills x from h, a whole extension header of at least 8 bytes.
func (s *HeaderScratch) fillExt(x *event.IP6ExtHdr, typ uint8, h []byte, w *Weirds) {
	x.ID = uint64(typ)
	nxt, hlen := uint64(h[0]), uint64(h[1])
	switch typ {
	case protoHopByHop:
		x.HopOpts = value.Some(event.IP6HopOpts{Nxt: nxt, Len: hlen, Options: s.options(h[2:])})
	case protoDstOpts:
		x.DstOpts = value.Some(event.IP6DstOpts{Nxt: nxt, Len: hlen, Options: s.options(h[2:])})
	case protoRouting:
		x.Routing = value.Some(event.IP6Routing{
			Nxt: nxt, Len: hlen, RType: uint64(h[2]), SegLeft: uint64(h[3]), Data: h[4:],
		})
	case protoFragment:
		off := binary.BigEndian.Uint16(h[2:])
		x.Fragment = value.Some(event.IP6Fragment{
			Nxt: nxt, Rsv1: hlen, Offset: uint64(off >> 3), Rsv2: uint64(off >> 1 & 3), More: off&1 != 0,
			ID: uint64(binary.BigEndian.Uint32(h[4:])),
		})
	case protoAH:
		ah := event.IP6AH{
			Nxt: nxt, Len: hlen,
			Rsv: uint64(binary.BigEndian.Uint16(h[2:])),
			SPI: uint64(binary.BigEndian.Uint32(h[4:])),
		}
		if len(h) >= 12 {
			ah.Seq = value.Some(uint64(binary.BigEndian.Uint32(h[8:])))
			ah.Data = value.Some(h[12:])
		}
		x.AH = value.Some(ah)
	case protoESP:
		x.ESP = value.Some(event.IP6ESP{
			SPI: uint64(binary.BigEndian.Uint32(h)),
			Seq: uint64(binary.BigEndian.Uint32(h[4:])),
		})
	case protoMobility:
		x.Mobility = value.Some(event.IP6MobilityHdr{
			Nxt: nxt, Len: hlen, MHType: uint64(h[2]), Rsv: uint64(h[3]),
			Chksum: uint64(binary.BigEndian.Uint16(h[4:])),
		})
		s.fillMobility(&x.Mobility.V.Msg, h, w)
	}
}

// fillMobility fills m from a mobility header (RFC 6275 section 6.1).
func (s *HeaderScratch) fillMobility(m *event.IP6MobilityMsg, h []byte, w *Weirds) {
	// Bytes of the message before its options, by type.
	fixed := [...]int{0: 2, 1: 10, 2: 10, 3: 18, 4: 18, 5: 6, 6: 6, 7: 18}
	typ := h[2]
	m.ID = uint64(typ)
	if int(typ) >= len(fixed) {
		w.Add(Weird{Name: "unknown_mobility_type", Addl: decimals[typ]})
		return
	}
	b := h[6:]
	if len(b) < fixed[typ] {
		w.Add(Weird{Name: "truncated_IPv6_option"})
		return
	}
	opts := s.options(b[fixed[typ]:])
	u16 := func(off int) uint64 { return uint64(binary.BigEndian.Uint16(b[off:])) }
	u64 := func(off int) uint64 { return binary.BigEndian.Uint64(b[off:]) }
	switch typ {
	case 0:
		m.BRR = value.Some(event.IP6MobilityBRR{Rsv: u16(0), Options: opts})
	case 1:
		m.HoTI = value.Some(event.IP6MobilityHoTI{Rsv: u16(0), Cookie: u64(2), Options: opts})
	case 2:
		m.CoTI = value.Some(event.IP6MobilityCoTI{Rsv: u16(0), Cookie: u64(2), Options: opts})
	case 3:
		m.HoT = value.Some(event.IP6MobilityHoT{NonceIdx: u16(0), Cookie: u64(2), Token: u64(10), Options: opts})
	case 4:
		m.CoT = value.Some(event.IP6MobilityCoT{NonceIdx: u16(0), Cookie: u64(2), Token: u64(10), Options: opts})
	case 5:
		flags := b[2]
		m.BU = value.Some(event.IP6MobilityBU{
			Seq: u16(0), A: flags&0x80 != 0, H: flags&0x40 != 0, L: flags&0x20 != 0, K: flags&0x10 != 0,
			Life: u16(4), Options: opts,
		})
	case 6:
		m.BAck = value.Some(event.IP6MobilityBAck{
			Status: uint64(b[0]), K: b[1]&0x80 != 0, Seq: u16(2), Life: u16(4), Options: opts,
		})
	case 7:
		m.BE = value.Some(event.IP6MobilityBE{
			Status: uint64(b[0]), HoA: netip.AddrFrom16([16]byte(b[2:18])).Unmap(), Options: opts,
		})
	}
}

// options decodes options until one does not fit.
func (s *HeaderScratch) options(b []byte) []event.IP6Option {
	first := len(s.opts)
	for len(b) >= 2 { // a lone Pad1 at the end is left out, as in Zeek
		if b[0] == 0 {
			s.opts = append(s.opts, event.IP6Option{Data: b[:0]})
			b = b[1:]
			continue
		}
		n := 2 + int(b[1])
		if len(b) < n {
			break
		}
		s.opts = append(s.opts, event.IP6Option{OType: uint64(b[0]), Len: uint64(b[1]), Data: b[2:n]})
		b = b[n:]
	}
	return s.opts[first:len(s.opts):len(s.opts)]
}

// fillTransport fills the header of TCP, UDP or ICMP if the datagram is complete.
func (ip *IP) fillTransport(tcp *value.Opt[event.TCPHdr], udp *value.Opt[event.UDPHdr], icmp *value.Opt[event.ICMPHdr]) {
	b := ip.Payload
	if len(ip.raw) < ip.HdrLen+ip.PayloadLen {
		return
	}
	b = b[:min(len(b), ip.PayloadLen)]
	switch ip.Proto {
	case ProtoTCP:
		if len(b) < 20 {
			return
		}
		hl := int(b[12]>>4) * 4
		tcp.OK = true
		tcp.V = event.TCPHdr{
			SPort:    value.Port{Num: binary.BigEndian.Uint16(b), Proto: value.ProtoTCP},
			DPort:    value.Port{Num: binary.BigEndian.Uint16(b[2:]), Proto: value.ProtoTCP},
			Seq:      uint64(binary.BigEndian.Uint32(b[4:])),
			Ack:      uint64(binary.BigEndian.Uint32(b[8:])),
			HL:       uint64(hl),
			DL:       uint64(max(len(b)-hl, 0)),
			Reserved: uint64(b[12] & 0xf),
			Flags:    uint64(b[13]),
			Win:      uint64(binary.BigEndian.Uint16(b[14:])),
		}
	case ProtoUDP:
		if len(b) < 8 {
			return
		}
		udp.OK = true
		udp.V = event.UDPHdr{
			SPort: value.Port{Num: binary.BigEndian.Uint16(b), Proto: value.ProtoUDP},
			DPort: value.Port{Num: binary.BigEndian.Uint16(b[2:]), Proto: value.ProtoUDP},
			ULen:  uint64(binary.BigEndian.Uint16(b[4:])),
		}
	case ProtoICMP, ProtoICMPv6:
		// Zeek asks for its struct's size: 28 bytes for ICMP.
		need := 8
		if ip.Proto == ProtoICMP {
			need = 28
		}
		if len(b) < need {
			return
		}
		icmp.OK = true
		icmp.V = event.ICMPHdr{ICMPType: uint64(b[0])}
	}
}
