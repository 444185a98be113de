package packet

import (
	"encoding/binary"
	"strconv"
)

// Link types with a decoder of their own (tcpdump.org/linktypes.html). Every
// other one is taken for raw IP, which is what Zeek does.
const (
	LinkNull          LinkType = 0   // BSD loopback, address family in host order
	LinkEthernet      LinkType = 1   // Ethernet
	LinkPPP           LinkType = 9   // PPP, with or without HDLC framing
	LinkFDDI          LinkType = 10  // FDDI
	LinkPPPSerial     LinkType = 50  // PPP in HDLC framing
	LinkPPPoE         LinkType = 51  // PPPoE session without Ethernet
	LinkRaw           LinkType = 101 // IPv4 or IPv6
	Link80211         LinkType = 105 // 802.11
	LinkLoop          LinkType = 108 // OpenBSD loopback, address family in network order
	LinkLinuxSLL      LinkType = 113 // Linux cooked v1
	LinkPrism         LinkType = 119 // 802.11 after a Prism or AVS header
	Link80211Radiotap LinkType = 127 // 802.11 after a radiotap header
	LinkAVS           LinkType = 163 // 802.11 after an AVS header
	LinkPPI           LinkType = 192 // another link type after a PPI header
	LinkIPv4          LinkType = 228 // IPv4
	LinkIPv6          LinkType = 229 // IPv6
	LinkNFLog         LinkType = 239 // Linux netfilter log
	LinkLinuxSLL2     LinkType = 276 // Linux cooked v2
)

// EtherTypes and other identifiers that layers dispatch on.
const (
	etherIPv4       = 0x0800
	etherARP        = 0x0806
	etherRARP       = 0x8035
	etherVLAN       = 0x8100
	etherIPv6       = 0x86dd
	etherMPLS       = 0x8847
	etherPPPoE      = 0x8864
	etherQinQ       = 0x88a8
	etherPBB        = 0x88e7
	etherFabricPath = 0x8903
	etherVNTag      = 0x8926
	etherOldQinQ    = 0x9100

	// Zeek's identifiers for what has a length in the place of the ethertype.
	keySNAP   = 1
	keyNovell = 2
	keyLLC    = 3

	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
	pppMPLS = 0x0281
)

// Decoder decodes link layers. The zero value is ready for use. It belongs to
// one goroutine.
type Decoder struct {
	dropped [numDrops]uint64
	scratch Packet // of Hosts
	ip      IP
}

// Dropped is the number of frames that Decode dropped for a reason.
func (d *Decoder) Dropped(r Drop) uint64 { return d.dropped[r] }

// Decode walks the link layers of f and leaves the result in out, whose slices
// are valid as long as f.Data. For an A-MSDU (802.11) that is the first
// subframe; Next gives the others.
func (d *Decoder) Decode(f *Frame, out *Packet) { d.DecodeAt(f, 0, out) }

// DecodeAt is Decode for a frame inside a tunnel: depth is the number of layers
// around it, so that MaxDepth holds for the packet as a whole.
func (d *Decoder) DecodeAt(f *Frame, depth int, out *Packet) {
	out.reset()
	b := f.Data
	if f.Link == LinkEthernet && depth+2 <= MaxDepth && len(b) > 16 {
		// By far the most frequent case, with the outcome that walk would have.
		switch et := binary.BigEndian.Uint16(b[12:]); et {
		case etherIPv4, etherIPv6:
			out.stack[depth] = layerEthernet
			out.stack[depth+1] = layerIP
			out.depth = depth + 2
			out.HasL2 = true
			copy(out.DstMAC[:], b[0:6])
			copy(out.SrcMAC[:], b[6:12])
			out.EtherType = et
			out.Net = b[14:]
			out.Offset = 14
			out.WireLen = int(f.OrigLen) - 14
			out.capRest = len(b) - 14
			out.Kind = KindIP
			return
		}
	}
	out.depth = min(depth, MaxDepth)
	out.walk(f, rootLayer(f.Link), layerRoot, uint64(f.Link), 0, len(b))
	if out.Drop != DropNone {
		d.dropped[out.Drop]++
	}
}

// Next decodes the next subframe of the A-MSDU that out comes from and reports
// whether there was one. ok tells whether the subframe before it was of use: as
// in Zeek, the rest is given up after one that was not.
func (d *Decoder) Next(f *Frame, out *Packet, ok bool) bool {
	off, end, depth := out.amsdu.off, out.amsdu.end, out.amsdu.depth
	if off == 0 {
		return false
	}
	out.Weirds.Reset()
	out.amsdu.off = 0
	out.Kind, out.Drop, out.Net = KindNone, DropNone, nil
	out.depth = depth
	if !ok {
		out.malformed(layer80211, "invalid_802_11_amsdu_inner_packet")
		d.dropped[out.Drop]++
		return true
	}
	if off == end {
		return false
	}
	out.amsduSubframe(f, off, end)
	if out.Drop != DropNone {
		d.dropped[out.Drop]++
	}
	return true
}

func (p *Packet) reset() {
	p.Weirds.Reset()
	p.Net = nil
	p.WireLen, p.Offset, p.capRest = 0, 0, 0
	p.Kind, p.Drop = KindNone, DropNone
	p.HasL2 = false
	p.SrcMAC, p.DstMAC = [6]byte{}, [6]byte{}
	p.EtherType = 0
	p.VLAN, p.InnerVLAN = Tag{}, Tag{}
	p.amsdu.off = 0
}

func (p *Packet) truncated(l layer, name string) {
	p.Weirds.net(l, name, "")
	p.Drop = DropTruncated
}

func (p *Packet) malformed(l layer, name string) {
	p.Weirds.net(l, name, "")
	p.Drop = DropMalformed
}

// walk decodes f.Data[off:end] as next, to which the layer cur dispatched with id.
func (p *Packet) walk(f *Frame, next, cur layer, id uint64, off, end int) {
	for {
		b := f.Data[off:end]
		if p.depth >= MaxDepth {
			p.Weirds.net(cur, "max_packet_analyzer_depth_exceeded", "")
			p.Drop = DropDepth
			return
		}
		if next == layerNone {
			p.UnknownAnalyzer, p.UnknownProtocol = cur.String(), id
			p.Net = b
			p.Offset = off
			p.WireLen = int(f.OrigLen) - off
			p.Drop = DropUnknownProtocol
			return
		}
		p.stack[p.depth] = next
		p.depth++

		cur = next
		switch cur {
		case layerIP, layerARP:
			p.Net = b
			p.Offset = off
			p.WireLen = int(f.OrigLen) - off
			p.capRest = len(f.Data) - off
			p.Kind = KindIP
			if cur == layerARP {
				p.Kind = KindARP
			}
			return

		case layerEthernet:
			if len(b) <= 16 {
				p.truncated(cur, "truncated_ethernet_frame")
				return
			}
			// Cisco FabricPath: 16 bytes with an ethertype of their own before the frame.
			if binary.BigEndian.Uint16(b[12:]) == etherFabricPath {
				const fabricPathLen = 16
				if len(b) <= fabricPathLen+14 {
					p.truncated(cur, "truncated_link_header_cfp")
					return
				}
				off += fabricPathLen
				b = b[fabricPathLen:]
			}
			et := binary.BigEndian.Uint16(b[12:])
			p.EtherType = et
			p.HasL2 = true
			copy(p.DstMAC[:], b[0:6])
			copy(p.SrcMAC[:], b[6:12])
			off += 14
			switch {
			case et >= 1536:
				id, next = uint64(et), etherLayer(et)
			case et <= 1500:
				if len(b)-14 < 2 {
					p.truncated(cur, "truncated_ethernet_frame")
					return
				}
				id, next = lengthLayer(b[14:])
				end = min(end, off+int(et))
			default:
				p.malformed(cur, "undefined_ether_type")
				return
			}

		case layerVLAN: // IEEE 802.1Q section 9
			if len(b) <= 4 {
				p.truncated(cur, "truncated_VLAN_header")
				return
			}
			tci := binary.BigEndian.Uint16(b)
			tag := Tag{ID: tci & 0xfff, PCP: uint8(tci >> 13), DEI: tci&0x1000 != 0, OK: true}
			if !p.VLAN.OK {
				p.VLAN = tag
			} else {
				if p.InnerVLAN.OK {
					p.Weirds.net(cur, "triple_tagged_vlan_unsupported", "inner VLAN tag overwritten")
				}
				p.InnerVLAN = tag
			}
			et := binary.BigEndian.Uint16(b[2:])
			off += 4
			switch {
			case et >= 1536:
				p.EtherType = et
				id, next = uint64(et), vlanLayer(et)
			case et <= 1500:
				if len(b)-4 < 2 {
					p.truncated(cur, "truncated_VLAN_header")
					return
				}
				id, next = lengthLayer(b[4:])
				end = min(end, off+int(et))
			default:
				p.malformed(cur, "undefined_vlan_protocol")
				return
			}

		case layerLLC: // IEEE 802.2; nothing above it is known
			if len(b) < 3 || len(b) < llcLen(b) {
				p.truncated(cur, "truncated_llc_header")
				return
			}
			id, next = uint64(b[0]), layerNone

		case layerSNAP: // RFC 1042
			if len(b) < 3 {
				p.truncated(cur, "truncated_snap_llc_header")
				return
			}
			n := llcLen(b)
			if len(b) < n+5 {
				p.truncated(cur, "truncated_snap_header")
				return
			}
			oui := uint64(b[n])<<16 | uint64(b[n+1])<<8 | uint64(b[n+2])
			et := binary.BigEndian.Uint16(b[n+3:])
			id, next = oui<<16|uint64(et), layerNone
			if oui == 0 {
				next = cookedLayer(et)
			}
			off += n + 5

		case layerNovell: // IPX, which nothing decodes
			p.Weirds.net(cur, "no_suitable_analyzer_found", "")
			p.Drop = DropUnknownProtocol
			p.UnknownAnalyzer, p.UnknownProtocol = cur.String(), 0
			p.Net, p.Offset, p.WireLen = b, off, int(f.OrigLen)-off
			return

		case layerMPLS: // RFC 3032
			for bottom := false; !bottom; {
				if len(b) <= 4 {
					p.truncated(cur, "truncated_link_header")
					return
				}
				bottom = b[2]&1 != 0
				b = b[4:]
				off += 4
			}
			next = layerIP

		case layerPBB: // IEEE 802.1ah: the I-TAG, then the customer's frame
			if len(b) <= 18 {
				p.truncated(cur, "truncated_PBB_header")
				return
			}
			off += 4
			next = layerEthernet

		case layerVNTag:
			if len(b) <= 6 {
				p.truncated(cur, "truncated_vntag_header")
				return
			}
			et := binary.BigEndian.Uint16(b[4:])
			id, next = uint64(et), layerNone
			switch et {
			case etherVLAN, etherQinQ, etherOldQinQ:
				next = layerVLAN
			}
			off += 6

		case layerPPPoE: // RFC 2516
			if len(b) <= 8 {
				p.truncated(cur, "truncated_pppoe_header")
				return
			}
			n := int(binary.BigEndian.Uint16(b[4:]))
			if n < len(b)-6 {
				p.Weirds.net(cur, "pppoe_extra_data_after_payload", "")
			} else if n > len(b)-6 {
				p.Weirds.net(cur, "pppoe_truncated_payload", "")
			}
			proto := binary.BigEndian.Uint16(b[6:])
			id, next = uint64(proto), pppLayer(proto, false)
			off += 8
			end = min(end, off+max(n-2, 0))

		case layerPPP: // RFC 1661, RFC 1662
			if len(b) <= 2 {
				p.truncated(cur, "truncated_ppp_header")
				return
			}
			if b[0] == 0xff && b[1] == 0x03 {
				if len(b) <= 4 {
					p.truncated(cur, "truncated_ppp_hdlc_header")
					return
				}
				b = b[2:]
				off += 2
			}
			proto := binary.BigEndian.Uint16(b)
			id, next = uint64(proto), pppLayer(proto, true)
			off += 2

		case layerPPPSerial:
			if len(b) <= 4 {
				p.truncated(cur, "truncated_ppp_serial_header")
				return
			}
			proto := binary.BigEndian.Uint16(b[2:])
			id, next = uint64(proto), pppLayer(proto, true)
			off += 4

		case layerNull, layerLoop:
			if len(b) <= 4 {
				p.truncated(cur, "null_analyzer_failed")
				return
			}
			af := binary.LittleEndian.Uint32(b)
			if cur == layerLoop || af > 0xffff {
				// Network order, or a host of the other byte order. Zeek
				// reads little endian only.
				af = binary.BigEndian.Uint32(b)
			}
			id, next = uint64(af), familyLayer(af)
			off += 4

		case layerNFLog:
			if len(b) <= 4 {
				p.truncated(cur, "truncated_nflog_header")
				return
			}
			if b[1] != 0 {
				p.malformed(cur, "unknown_nflog_version")
				return
			}
			id, next = uint64(b[0]), layerNone
			if b[0] == 2 || b[0] == 10 { // AF_INET, AF_INET6 of Linux
				next = layerIP
			}
			n := p.nflogPayload(b[4:])
			if n < 0 {
				return
			}
			off += 4 + n

		case layerSLL:
			if len(b) <= 16 {
				p.truncated(cur, "truncated_Linux_SLL_header")
				return
			}
			p.HasL2 = true
			p.DstMAC = [6]byte{}
			copy(p.SrcMAC[:], b[6:12])
			et := binary.BigEndian.Uint16(b[14:])
			id, next = uint64(et), cookedLayer(et)
			off += 16

		case layerSLL2:
			if len(b) <= 20 {
				p.truncated(cur, "truncated_Linux_SLL2_header")
				return
			}
			p.HasL2 = true
			p.DstMAC = [6]byte{}
			copy(p.SrcMAC[:], b[12:18])
			et := binary.BigEndian.Uint16(b)
			id, next = uint64(et), cookedLayer(et)
			off += 20

		case layerFDDI: // 13 bytes of header, 8 of LLC and SNAP
			if len(b) <= 21 {
				p.truncated(cur, "FDDI_analyzer_failed")
				return
			}
			off += 21
			next = layerIP

		case layerRadiotap: // radiotap.org
			if len(b) <= 3 {
				p.truncated(cur, "truncated_radiotap_header")
				return
			}
			n := int(binary.LittleEndian.Uint16(b[2:]))
			if n >= len(b) {
				p.truncated(cur, "truncated_radiotap_header")
				return
			}
			off += n
			next = layer80211

		case layerPPI: // CACE PPI 1.0.10 section 3
			if len(b) <= 8 {
				p.truncated(cur, "truncated_ppi_header")
				return
			}
			n := int(binary.LittleEndian.Uint16(b[2:]))
			if n < 8 {
				p.malformed(cur, "bad_ppi_header_len")
				return
			}
			if n >= len(b) {
				p.truncated(cur, "truncated_ppi_header")
				return
			}
			dlt := binary.LittleEndian.Uint32(b[4:])
			id, next = uint64(dlt), layerNone
			if dlt <= 0xffff {
				next = rootLayer(LinkType(dlt))
			}
			off += n

		case layerPrism:
			if len(b) > 4 && isAVS(b) {
				p.stack[p.depth-1] = layerAVS
				if off = p.avs(b, off); p.Drop != DropNone {
					return
				}
				next = layer80211
				break
			}
			if len(b) <= 8 {
				p.truncated(cur, "truncated_prism_header")
				return
			}
			// Message length in the capturing host's byte order; the header is
			// 144 bytes with every driver.
			n := binary.LittleEndian.Uint32(b[4:])
			if n > 0xffff {
				n = binary.BigEndian.Uint32(b[4:])
			}
			if n < 24 {
				p.malformed(cur, "bad_prism_header_len")
				return
			}
			if uint64(n) >= uint64(len(b)) {
				p.truncated(cur, "truncated_prism_header")
				return
			}
			off += int(n)
			next = layer80211

		case layerAVS:
			if off = p.avs(b, off); p.Drop != DropNone {
				return
			}
			next = layer80211

		case layer80211:
			var amsdu bool
			if off, amsdu = p.ieee80211(b, off); p.Drop != DropNone {
				return
			}
			if amsdu {
				p.amsduSubframe(f, off, end)
				return
			}
			et, ok := p.snap80211(f.Data[off:end])
			if !ok {
				return
			}
			id, next = uint64(et), cookedLayer(et)
			off += 8
		}
	}
}

// avs skips an AVS capture header and returns the offset behind it.
func (p *Packet) avs(b []byte, off int) int {
	if len(b) <= 8 {
		p.truncated(layerAVS, "truncated_avs_header")
		return off
	}
	n := binary.BigEndian.Uint32(b[4:])
	if n < 8 {
		p.malformed(layerAVS, "bad_avs_header_len")
		return off
	}
	if uint64(n) >= uint64(len(b)) {
		p.truncated(layerAVS, "truncated_avs_header")
		return off
	}
	return off + int(n)
}

// isAVS recognises the version field of an AVS header, which some drivers put
// where the link type says Prism.
func isAVS(b []byte) bool {
	return binary.BigEndian.Uint32(b)&0xfffff000 == 0x80211000
}

// nflogPayload finds the packet among the attributes of a netfilter log
// message and returns its offset, or -1.
func (p *Packet) nflogPayload(b []byte) int {
	const attrPayload = 9
	off := 0
	for {
		rest := len(b) - off
		if rest <= 4 {
			p.malformed(layerNFLog, "nflog_no_pcap_payload")
			return -1
		}
		// Both in host order, which is little endian wherever such captures are made.
		n := int(binary.LittleEndian.Uint16(b[off:]))
		if binary.LittleEndian.Uint16(b[off+2:]) == attrPayload {
			return off + 4
		}
		if n < 4 {
			p.malformed(layerNFLog, "nflog_bad_tlv_len")
			return -1
		}
		n = (n + 3) &^ 3
		if n > rest {
			addl := "(" + strconv.Itoa(n) + " > " + strconv.Itoa(rest) + ")"
			p.Weirds.net(layerNFLog, "nflog_bad_tlv_len", addl)
			p.Drop = DropMalformed
			return -1
		}
		off += n
	}
}

// ieee80211 reads an 802.11 header (IEEE 802.11-2020 section 9.2) and returns
// the offset of the frame body and whether that is an A-MSDU.
func (p *Packet) ieee80211(b []byte, off int) (int, bool) {
	n := 24
	if len(b) <= n {
		p.truncated(layer80211, "truncated_802_11_header")
		return off, false
	}
	const (
		typeData     = 0x08 // of the first byte: type data
		subtypeNull  = 0x40 // without a frame body
		subtypeQoS   = 0x80
		protected    = 0x40 // of the second byte
		toDS, fromDS = 0x01, 0x02
	)
	if b[0]&typeData == 0 || b[0]&subtypeNull != 0 {
		p.Drop = DropNotData
		return off, false
	}
	ds := b[1] & (toDS | fromDS)
	if ds == toDS|fromDS {
		n += 6 // the fourth address
	}
	if len(b) <= n {
		p.truncated(layer80211, "truncated_802_11_header")
		return off, false
	}
	amsdu := false
	if b[0]&subtypeQoS != 0 {
		amsdu = b[n]&0x80 != 0
		if b[1]&protected != 0 {
			p.Drop = DropNotData
			return off, false
		}
		n += 2
	}
	if len(b) <= n {
		p.truncated(layer80211, "truncated_802_11_header")
		return off, false
	}
	src, dst := 10, 4
	switch ds {
	case toDS:
		dst = 16
	case fromDS:
		src = 16
	case toDS | fromDS:
		src, dst = 24, 16
	}
	p.HasL2 = true
	copy(p.SrcMAC[:], b[src:src+6])
	copy(p.DstMAC[:], b[dst:dst+6])
	return off + n, amsdu
}

// snap80211 reads the LLC and SNAP headers of an 802.11 frame body, 8 bytes, and
// returns the ethertype.
func (p *Packet) snap80211(b []byte) (uint16, bool) {
	if len(b) < 8 {
		p.truncated(layer80211, "truncated_802_11_llc_header")
		return 0, false
	}
	if binary.BigEndian.Uint32(b) != 0xaaaa0300 || b[4] != 0 || b[5] != 0 {
		p.Drop = DropNotData
		return 0, false
	}
	return binary.BigEndian.Uint16(b[6:]), true
}

// amsduSubframe decodes the subframe of an A-MSDU at off and remembers where the
// next one begins.
func (p *Packet) amsduSubframe(f *Frame, off, end int) {
	b := f.Data[off:end]
	if len(b) < 14 {
		p.truncated(layer80211, "truncated_802_11_amsdu_header")
		return
	}
	n := int(binary.BigEndian.Uint16(b[12:]))
	if len(b) < n+14 {
		p.truncated(layer80211, "truncated_802_11_amsdu_packet")
		return
	}
	off += 14
	depth := p.depth
	et, ok := p.snap80211(f.Data[off : off+n])
	if ok {
		p.walk(f, cookedLayer(et), layer80211, uint64(et), off+8, off+n)
	}
	if p.Drop != DropNone {
		p.Weirds.net(layer80211, "invalid_802_11_amsdu_inner_packet", "")
		return
	}
	// The padding as Zeek computes it; 802.11 pads header and body to a multiple of 4.
	next := off + n
	if pad := n % 4; end-next >= pad {
		next += pad
	}
	p.amsdu.off, p.amsdu.end, p.amsdu.depth = next, end, depth
}

// llcLen is the length of an LLC header of at least three bytes: unnumbered
// frames have a control field of one byte, others of two.
func llcLen(b []byte) int {
	if b[2]&3 != 3 {
		return 4
	}
	return 3
}

// rootLayer is what a link type begins with.
func rootLayer(l LinkType) layer {
	switch l {
	case LinkEthernet:
		return layerEthernet
	case LinkNull:
		return layerNull
	case LinkLoop:
		return layerLoop
	case LinkPPP:
		return layerPPP
	case LinkPPPSerial:
		return layerPPPSerial
	case LinkPPPoE:
		return layerPPPoE
	case LinkFDDI:
		return layerFDDI
	case Link80211:
		return layer80211
	case Link80211Radiotap:
		return layerRadiotap
	case LinkPrism:
		return layerPrism
	case LinkAVS:
		return layerAVS
	case LinkPPI:
		return layerPPI
	case LinkLinuxSLL:
		return layerSLL
	case LinkLinuxSLL2:
		return layerSLL2
	case LinkNFLog:
		return layerNFLog
	default:
		return layerIP
	}
}

// cookedLayer is what an ethertype means after SNAP, Linux cooked and 802.11.
func cookedLayer(et uint16) layer {
	switch et {
	case etherIPv4, etherIPv6:
		return layerIP
	case etherARP, etherRARP:
		return layerARP
	}
	return layerNone
}

// etherLayer is what an ethertype means in an Ethernet header.
func etherLayer(et uint16) layer {
	switch et {
	case etherQinQ, etherOldQinQ:
		return layerVLAN
	}
	return vlanLayer(et)
}

// vlanLayer is what an ethertype means behind a VLAN tag.
func vlanLayer(et uint16) layer {
	switch et {
	case etherVLAN:
		return layerVLAN
	case etherMPLS:
		return layerMPLS
	case etherPBB:
		return layerPBB
	case etherPPPoE:
		return layerPPPoE
	case etherVNTag:
		return layerVNTag
	}
	return cookedLayer(et)
}

// lengthLayer is what follows an 802.3 length.
func lengthLayer(b []byte) (uint64, layer) {
	switch {
	case b[0] == 0xaa && b[1] == 0xaa:
		return keySNAP, layerSNAP
	case b[0] == 0xff && b[1] == 0xff:
		return keyNovell, layerNovell
	}
	return keyLLC, layerLLC
}

func pppLayer(proto uint16, mpls bool) layer {
	switch {
	case proto == pppIPv4 || proto == pppIPv6:
		return layerIP
	case proto == pppMPLS && mpls:
		return layerMPLS
	}
	return layerNone
}

// familyLayer is what a BSD address family means; AF_INET6 has a number of its
// own in each family of systems.
func familyLayer(af uint32) layer {
	switch af {
	case 2, 24, 28, 30:
		return layerIP
	}
	return layerNone
}
