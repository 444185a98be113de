package packet

import (
	"encoding/binary"
	"strconv"
)

// Decoder decodes link layers. The zero value is ready for use. It belongs to
// one goroutine.
type Decoder struct {
	// ZeekLinks takes frames of a link type that Zeek 8.2 has no analyzer for as IP
	// packets, as it does.
	ZeekLinks bool

	dropped [numDrops]uint64
	scratch Packet // for Hosts
	ip      IP
}

// Dropped returns the number of frames that Decode dropped for reason r.
func (d *Decoder) Dropped(r Drop) uint64 { return d.dropped[r] }

// Decode decodes the link layers of f to out, whose slices are valid as long as
// f.Data. For an A-MSDU (802.11), out is the first subframe; Next decodes the
// others.
func (d *Decoder) Decode(f *Frame, out *Packet) { d.DecodeAt(f, 0, out) }

// DecodeAt is Decode for a frame inside a tunnel. depth is the number of layers
// around it, so that maxDepth applies to the whole packet.
func (d *Decoder) DecodeAt(f *Frame, depth int, out *Packet) {
	out.reset()
	out.unsummed = f.Unsummed
	b := f.Data
	if f.Link == LinkEthernet && depth+2 <= maxDepth && len(b) > 16 {
		// A fast path for by far the most frequent case, with the same result
		// as walk.
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
	out.depth = min(depth, maxDepth)
	out.walk(f, d.root(f.Link), layerRoot, uint64(f.Link), 0, len(b))
	if out.Drop != DropNone {
		d.dropped[out.Drop]++
	}
}

// root returns the layer that frames of a link type begin with, or layerNone.
func (d *Decoder) root(link LinkType) layer {
	l := rootLayer(link)
	if d.ZeekLinks && (l == layerNone || decoders[l].own) {
		return layerIP
	}
	return l
}

// Next decodes the next subframe of the A-MSDU that out comes from and reports
// whether there was one. ok reports whether the previous subframe was usable: as
// in Zeek, the rest is dropped after one that was not.
func (d *Decoder) Next(f *Frame, out *Packet, ok bool) bool {
	off, end, depth := out.amsdu.off, out.amsdu.end, out.amsdu.depth
	if off == 0 {
		return false
	}
	out.Weirds.Reset()
	out.amsdu.off = 0
	out.Kind, out.Drop, out.Net = kindNone, DropNone, nil
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
	p.Kind, p.Drop = kindNone, DropNone
	p.HasL2 = false
	p.SrcMAC, p.DstMAC = [6]byte{}, [6]byte{}
	p.EtherType = 0
	p.VLAN, p.InnerVLAN = Tag{}, Tag{}
	p.amsdu.off = 0
}

// truncated drops the packet, whose layer l was cut, and raises a weird.
func (p *Packet) truncated(l layer, name string) hop {
	p.Weirds.net(l, name, "")
	p.Drop = dropTruncated
	return done
}

// malformed drops the packet, whose layer l is invalid, and raises a weird.
func (p *Packet) malformed(l layer, name string) hop {
	p.Weirds.net(l, name, "")
	p.Drop = dropMalformed
	return done
}

// walk decodes f.Data[off:end] as layer next, which the identifier id of layer cur
// selected.
func (p *Packet) walk(f *Frame, next, cur layer, id uint64, off, end int) {
	for {
		if p.depth >= maxDepth {
			p.Weirds.net(cur, "max_packet_analyzer_depth_exceeded", "")
			p.Drop = dropDepth
			return
		}
		if next == layerNone {
			p.unknown(cur, id, f.Data[off:end])
			if cur == layerRoot {
				p.Drop = DropLinkType
			}
			p.place(f, off)
			return
		}
		p.stack[p.depth] = next
		p.depth++

		cur = next
		if cur >= layerIP {
			p.Net, p.Kind = f.Data[off:end], KindIP
			if cur == layerARP {
				p.Kind = KindARP
			}
			p.place(f, off)
			return
		}
		h := decoders[cur].decode(p, f.Data[off:end])
		if h.next == layerDone {
			if p.Drop == dropUnknownProtocol {
				p.place(f, off)
			}
			return
		}
		if h.next == layerAMSDU {
			p.amsduSubframe(f, off+h.skip, end)
			return
		}
		off += h.skip
		end = off + min(end-off, h.size)
		next, id = h.next, h.id
	}
}

// unknown drops a packet because layer cur has no decoder for the identifier
// id; b is the payload that id describes.
func (p *Packet) unknown(cur layer, id uint64, b []byte) {
	p.UnknownAnalyzer, p.UnknownProtocol = cur.String(), id
	p.Net = b
	p.Drop = dropUnknownProtocol
}

// place sets the position of Net, which begins at off.
func (p *Packet) place(f *Frame, off int) {
	p.Offset = off
	p.WireLen = int(f.OrigLen) - off
	p.capRest = len(f.Data) - off
}

func (p *Packet) ethernet(b []byte) hop {
	if len(b) <= 16 {
		return p.truncated(layerEthernet, "truncated_ethernet_frame")
	}
	n := 14
	// Cisco FabricPath: 16 bytes with an ethertype of their own before the frame.
	if binary.BigEndian.Uint16(b[12:]) == etherFabricPath {
		const fabricPathLen = 16
		if len(b) <= fabricPathLen+14 {
			return p.truncated(layerEthernet, "truncated_link_header_cfp")
		}
		n += fabricPathLen
		b = b[fabricPathLen:]
	}
	et := binary.BigEndian.Uint16(b[12:])
	p.EtherType = et
	p.HasL2 = true
	copy(p.DstMAC[:], b[0:6])
	copy(p.SrcMAC[:], b[6:12])
	switch {
	case et >= 1536:
		return etherHop(et, inEthernet, n)
	case et > 1500:
		return p.malformed(layerEthernet, "undefined_ether_type")
	case len(b)-14 < 2:
		return p.truncated(layerEthernet, "truncated_ethernet_frame")
	}
	return lengthHop(b[14:], et, n)
}

// vlan decodes a tag of IEEE 802.1Q section 9.
func (p *Packet) vlan(b []byte) hop {
	if len(b) <= 4 {
		return p.truncated(layerVLAN, "truncated_VLAN_header")
	}
	tci := binary.BigEndian.Uint16(b)
	tag := Tag{ID: tci & 0xfff, PCP: uint8(tci >> 13), DEI: tci&0x1000 != 0, OK: true}
	if !p.VLAN.OK {
		p.VLAN = tag
	} else {
		if p.InnerVLAN.OK {
			p.Weirds.net(layerVLAN, "triple_tagged_vlan_unsupported", "inner VLAN tag overwritten")
		}
		p.InnerVLAN = tag
	}
	et := binary.BigEndian.Uint16(b[2:])
	switch {
	case et >= 1536:
		p.EtherType = et
		return etherHop(et, inVLAN, 4)
	case et > 1500:
		return p.malformed(layerVLAN, "undefined_vlan_protocol")
	case len(b)-4 < 2:
		return p.truncated(layerVLAN, "truncated_VLAN_header")
	}
	return lengthHop(b[4:], et, 4)
}

// llc checks a header of IEEE 802.2; nothing above it is known.
func (p *Packet) llc(b []byte) hop {
	if len(b) < 3 || len(b) < llcLen(b) {
		return p.truncated(layerLLC, "truncated_llc_header")
	}
	return hop{next: layerNone, id: uint64(b[0]), size: toEnd}
}

// snap decodes the LLC and SNAP headers of RFC 1042.
func (p *Packet) snap(b []byte) hop {
	if len(b) < 3 {
		return p.truncated(layerSNAP, "truncated_snap_llc_header")
	}
	n := llcLen(b)
	if len(b) < n+5 {
		return p.truncated(layerSNAP, "truncated_snap_header")
	}
	et := binary.BigEndian.Uint16(b[n+3:])
	if oui := uint64(b[n])<<16 | uint64(b[n+1])<<8 | uint64(b[n+2]); oui != 0 {
		return hop{next: layerNone, id: oui<<16 | uint64(et), skip: n + 5, size: toEnd}
	}
	return etherHop(et, inCooked, n+5)
}

// novell is IPX, which nothing decodes.
func (p *Packet) novell(b []byte) hop {
	p.Weirds.net(layerNovell, "no_suitable_analyzer_found", "")
	p.unknown(layerNovell, 0, b)
	p.UnknownAnalyzer = ""
	return done
}

// mpls skips the label stack of RFC 3032.
func (p *Packet) mpls(b []byte) hop {
	n := 0
	for bottom := false; !bottom; n += 4 {
		if len(b)-n <= 4 {
			return p.truncated(layerMPLS, "truncated_link_header")
		}
		bottom = b[n+2]&1 != 0
	}
	return hop{next: layerIP, skip: n, size: toEnd}
}

// pbb skips the I-TAG of IEEE 802.1ah, which precedes the customer's frame.
func (p *Packet) pbb(b []byte) hop {
	if len(b) <= 18 {
		return p.truncated(layerPBB, "truncated_PBB_header")
	}
	return hop{next: layerEthernet, skip: 4, size: toEnd}
}

func (p *Packet) vntag(b []byte) hop {
	if len(b) <= 6 {
		return p.truncated(layerVNTag, "truncated_vntag_header")
	}
	return etherHop(binary.BigEndian.Uint16(b[4:]), inVNTag, 6)
}

// pppoe decodes a session header of RFC 2516.
func (p *Packet) pppoe(b []byte) hop {
	if len(b) <= 8 {
		return p.truncated(layerPPPoE, "truncated_pppoe_header")
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < len(b)-6 {
		p.Weirds.net(layerPPPoE, "pppoe_extra_data_after_payload", "")
	} else if n > len(b)-6 {
		p.Weirds.net(layerPPPoE, "pppoe_truncated_payload", "")
	}
	proto, hdr, _ := PPPHeader(b[6:])
	h := pppHop(proto, inPPPoE, 6+hdr)
	h.size = max(n-hdr, 0)
	return h
}

// PPPHeader reads the header at the start of a PPP frame: the protocol, in two bytes or
// compressed to one (RFC 1661 section 6.5), after the address and control fields or
// without them (section 6.6). n is its length; ok is false if b ends before.
func PPPHeader(b []byte) (proto uint16, n int, ok bool) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		n = 2
	}
	switch {
	case len(b) > n && b[n]&1 != 0: // only the last byte of a protocol is odd
		return uint16(b[n]), n + 1, true
	case len(b) >= n+2:
		return binary.BigEndian.Uint16(b[n:]), n + 2, true
	}
	return 0, n, false
}

// ppp decodes a header of RFC 1661, in HDLC framing (RFC 1662) or without. Links of
// Cisco's own HDLC are recorded under the link type, too.
func (p *Packet) ppp(b []byte) hop {
	switch {
	case len(b) <= 2:
		return p.truncated(layerPPP, "truncated_ppp_header")
	case isCiscoHDLC(b):
		return hop{next: layerCiscoHDLC, size: toEnd}
	case b[0] == 0xff && b[1] == 0x03 && len(b) <= 4:
		return p.truncated(layerPPP, "truncated_ppp_hdlc_header")
	}
	proto, n, _ := PPPHeader(b)
	return pppHop(proto, inPPP, n)
}

func (p *Packet) pppSerial(b []byte) hop {
	switch {
	case len(b) <= 4:
		return p.truncated(layerPPPSerial, "truncated_ppp_serial_header")
	case isCiscoHDLC(b):
		return hop{next: layerCiscoHDLC, size: toEnd}
	}
	proto, n, _ := PPPHeader(b)
	return pppHop(proto, inPPP, n)
}

func (p *Packet) pppDir(b []byte) hop { return p.direction(layerPPPDir, layerPPP, b) }

// direction skips the byte for the direction before a header of next.
func (p *Packet) direction(l, next layer, b []byte) hop {
	if len(b) <= 1 {
		return p.truncated(l, "truncated_link_header")
	}
	return hop{next: next, skip: 1, size: toEnd}
}

// isCiscoHDLC recognises the address, of unicast or broadcast, and the control field of
// Cisco HDLC. No PPP protocol begins like that.
func isCiscoHDLC(b []byte) bool { return (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 }

// ciscoHDLC decodes address, control and ethertype (RFC 1547 section 4.3.1). 0x8035
// is SLARP there, not RARP.
func (p *Packet) ciscoHDLC(b []byte) hop {
	if len(b) <= 4 {
		return p.truncated(layerCiscoHDLC, "truncated_cisco_hdlc_header")
	}
	return etherHop(binary.BigEndian.Uint16(b[2:]), inSerial, 4)
}

func (p *Packet) ciscoHDLCDir(b []byte) hop {
	return p.direction(layerCiscoHDLCDir, layerCiscoHDLC, b)
}

// frameRelay decodes an address of Q.922 and what follows it: the encapsulation of RFC
// 2427, or Cisco's, which is an ethertype.
func (p *Packet) frameRelay(b []byte) hop {
	const (
		maxAddress = 4
		unnumbered = 0x03 // control: unnumbered information
		nlpidSNAP  = 0x80
		nlpidIPv6  = 0x8e
		nlpidIPv4  = 0xcc
		nlpidPPP   = 0xcf // RFC 1973

		ouiBridged = 0x0080c2 // RFC 2427 section 4.2
		withFCS    = 0x0001   // Ethernet
		withoutFCS = 0x0007
	)
	n := 1
	for n <= maxAddress && n <= len(b) && b[n-1]&1 == 0 { // the address goes on
		n++
	}
	switch {
	case n == 1 || n > maxAddress:
		return p.malformed(layerFrameRelay, "bad_frame_relay_address")
	case len(b) <= n+2:
		return p.truncated(layerFrameRelay, "truncated_frame_relay_header")
	case b[n] != unnumbered:
		return etherHop(binary.BigEndian.Uint16(b[n:]), inSerial, n+2)
	}
	n++
	if b[n] == 0 { // padding
		n++
	}
	id := b[n]
	n++
	switch id {
	case nlpidIPv4, nlpidIPv6:
		return hop{next: layerIP, id: uint64(id), skip: n, size: toEnd}
	case nlpidPPP:
		return hop{next: layerPPP, id: uint64(id), skip: n, size: toEnd}
	case nlpidSNAP:
	default:
		return hop{next: layerNone, id: uint64(id), skip: n, size: toEnd}
	}
	if len(b) <= n+5 {
		return p.truncated(layerFrameRelay, "truncated_frame_relay_header")
	}
	oui := uint64(b[n])<<16 | uint64(b[n+1])<<8 | uint64(b[n+2])
	typ := binary.BigEndian.Uint16(b[n+3:])
	n += 5
	switch {
	case oui == 0:
		return etherHop(typ, inSerial, n)
	case oui == ouiBridged && (typ == withFCS || typ == withoutFCS):
		return hop{next: layerEthernet, skip: n, size: toEnd}
	}
	return hop{next: layerNone, id: oui<<16 | uint64(typ), skip: n, size: toEnd}
}

func (p *Packet) frameRelayDir(b []byte) hop {
	return p.direction(layerFrameRelayDir, layerFrameRelay, b)
}

// slip skips the direction and the compressed header that BSD puts before an IP packet,
// which is not compressed any more.
func (p *Packet) slip(b []byte) hop {
	if len(b) <= 16 {
		return p.truncated(layerSLIP, "truncated_slip_header")
	}
	return hop{next: layerIP, skip: 16, size: toEnd}
}

func (p *Packet) slipBSDOS(b []byte) hop {
	if len(b) <= 24 {
		return p.truncated(layerSLIPBSDOS, "truncated_slip_header")
	}
	return hop{next: layerIP, skip: 24, size: toEnd}
}

// pflog skips the header of OpenBSD's pflog(4), whose first byte is its length without
// padding to a multiple of four.
func (p *Packet) pflog(b []byte) hop {
	const (
		minLen = 45 // up to the rule's number, in all versions
		maxLen = 252
	)
	if len(b) <= 4 {
		return p.truncated(layerPFLog, "truncated_pflog_header")
	}
	n := int(b[0])
	if n < minLen || n > maxLen {
		return p.malformed(layerPFLog, "bad_pflog_header_len")
	}
	n = (n + 3) &^ 3
	if n >= len(b) {
		return p.truncated(layerPFLog, "truncated_pflog_header")
	}
	h := familyHop(uint32(b[1]))
	h.skip = n
	return h
}

// ipoib skips a global routing header, of which the link type has the place of the
// destination, and the header of RFC 4391 section 6.
func (p *Packet) ipoib(b []byte) hop {
	const (
		grh    = 40
		header = grh + 4
	)
	if len(b) <= header {
		return p.truncated(layerIPoIB, "truncated_ipoib_header")
	}
	return etherHop(binary.BigEndian.Uint16(b[grh:]), inSerial, header)
}

// pktap skips the header of Apple's pktap, whose fields are in the byte order of its
// machines.
func (p *Packet) pktap(b []byte) hop {
	const (
		minLen    = 44 // up to the length of the link header
		hasPacket = 1
	)
	if len(b) <= minLen {
		return p.truncated(layerPKTAP, "truncated_pktap_header")
	}
	n := binary.LittleEndian.Uint32(b)
	switch {
	case n < minLen:
		return p.malformed(layerPKTAP, "bad_pktap_header_len")
	case uint64(n) >= uint64(len(b)):
		return p.truncated(layerPKTAP, "truncated_pktap_header")
	case binary.LittleEndian.Uint32(b[4:]) != hasPacket:
		p.Drop = dropNotData
		return done
	}
	dlt := binary.LittleEndian.Uint32(b[8:])
	h := hop{next: layerNone, id: uint64(dlt), skip: int(n), size: toEnd}
	if dlt <= 0xffff {
		h.next = rootLayer(LinkType(dlt))
	}
	if h.next == layerIP && looksLikeEthernet(b[n:]) {
		h.next = layerEthernet // a DLT of raw IP may stand before Ethernet
	}
	return h
}

// looksLikeEthernet reports whether b is an IP packet in Ethernet, and not one without.
func looksLikeEthernet(b []byte) bool {
	if len(b) < 15 || b[0]>>4 == 4 || b[0]>>4 == 6 {
		return false
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case etherIPv4:
		return b[14]>>4 == 4
	case etherIPv6:
		return b[14]>>4 == 6
	}
	return false
}

// null decodes the address family of a BSD loopback frame. A large value is in
// network order, or from a host of the other byte order; Zeek reads little
// endian only.
func (p *Packet) null(b []byte) hop {
	if len(b) <= 4 {
		return p.truncated(layerNull, "null_analyzer_failed")
	}
	af := binary.LittleEndian.Uint32(b)
	if af > 0xffff {
		af = binary.BigEndian.Uint32(b)
	}
	return familyHop(af)
}

func (p *Packet) loop(b []byte) hop {
	if len(b) <= 4 {
		return p.truncated(layerLoop, "null_analyzer_failed")
	}
	return familyHop(binary.BigEndian.Uint32(b))
}

// familyHop skips an address family of 4 bytes to the layer that it selects.
func familyHop(af uint32) hop {
	return hop{next: nextLayer(families[:], af, inAny), id: uint64(af), skip: 4, size: toEnd}
}

func (p *Packet) nflog(b []byte) hop {
	if len(b) <= 4 {
		return p.truncated(layerNFLog, "truncated_nflog_header")
	}
	if b[1] != 0 {
		return p.malformed(layerNFLog, "unknown_nflog_version")
	}
	next := layerNone
	if b[0] == 2 || b[0] == 10 { // AF_INET, AF_INET6 of Linux
		next = layerIP
	}
	n := p.nflogPayload(b[4:])
	if n < 0 {
		return done
	}
	return hop{next: next, id: uint64(b[0]), skip: 4 + n, size: toEnd}
}

func (p *Packet) sll(b []byte) hop {
	if len(b) <= 16 {
		return p.truncated(layerSLL, "truncated_Linux_SLL_header")
	}
	p.HasL2 = true
	p.DstMAC = [6]byte{}
	copy(p.SrcMAC[:], b[6:12])
	return etherHop(binary.BigEndian.Uint16(b[14:]), inCooked, 16)
}

func (p *Packet) sll2(b []byte) hop {
	if len(b) <= 20 {
		return p.truncated(layerSLL2, "truncated_Linux_SLL2_header")
	}
	p.HasL2 = true
	p.DstMAC = [6]byte{}
	copy(p.SrcMAC[:], b[12:18])
	return etherHop(binary.BigEndian.Uint16(b), inCooked, 20)
}

// fddi skips 13 bytes of header and 8 of LLC and SNAP.
func (p *Packet) fddi(b []byte) hop {
	if len(b) <= 21 {
		return p.truncated(layerFDDI, "FDDI_analyzer_failed")
	}
	return hop{next: layerIP, skip: 21, size: toEnd}
}

// radiotap skips a capture header (radiotap.org).
func (p *Packet) radiotap(b []byte) hop {
	if len(b) <= 3 {
		return p.truncated(layerRadiotap, "truncated_radiotap_header")
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n >= len(b) {
		return p.truncated(layerRadiotap, "truncated_radiotap_header")
	}
	return hop{next: layer80211, skip: n, size: toEnd}
}

// ppi decodes a header of CACE PPI 1.0.10 section 3.
func (p *Packet) ppi(b []byte) hop {
	if len(b) <= 8 {
		return p.truncated(layerPPI, "truncated_ppi_header")
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		return p.malformed(layerPPI, "bad_ppi_header_len")
	}
	if n >= len(b) {
		return p.truncated(layerPPI, "truncated_ppi_header")
	}
	dlt := binary.LittleEndian.Uint32(b[4:])
	h := hop{next: layerNone, id: uint64(dlt), skip: n, size: toEnd}
	if dlt <= 0xffff {
		h.next = rootLayer(LinkType(dlt))
	}
	return h
}

func (p *Packet) prism(b []byte) hop {
	if len(b) > 4 && isAVS(b) {
		p.stack[p.depth-1] = layerAVS
		return p.avs(b)
	}
	if len(b) <= 8 {
		return p.truncated(layerPrism, "truncated_prism_header")
	}
	// Message length in the capturing host's byte order; the header is 144 bytes
	// with every driver.
	n := binary.LittleEndian.Uint32(b[4:])
	if n > 0xffff {
		n = binary.BigEndian.Uint32(b[4:])
	}
	if n < 24 {
		return p.malformed(layerPrism, "bad_prism_header_len")
	}
	if uint64(n) >= uint64(len(b)) {
		return p.truncated(layerPrism, "truncated_prism_header")
	}
	return hop{next: layer80211, skip: int(n), size: toEnd}
}

// avs skips an AVS capture header.
func (p *Packet) avs(b []byte) hop {
	if len(b) <= 8 {
		return p.truncated(layerAVS, "truncated_avs_header")
	}
	n := binary.BigEndian.Uint32(b[4:])
	if n < 8 {
		return p.malformed(layerAVS, "bad_avs_header_len")
	}
	if uint64(n) >= uint64(len(b)) {
		return p.truncated(layerAVS, "truncated_avs_header")
	}
	return hop{next: layer80211, skip: int(n), size: toEnd}
}

// isAVS recognizes the version field of an AVS header, which some drivers send
// under the link type of Prism.
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
		// Both are in host order, which is little endian on practically all hosts
		// that make such captures.
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
			p.Drop = dropMalformed
			return -1
		}
		off += n
	}
}

// wlan decodes an 802.11 header (IEEE 802.11-2020 section 9.2) and the LLC and
// SNAP headers of its frame body, unless that is an A-MSDU.
func (p *Packet) wlan(b []byte) hop {
	n := 24
	if len(b) <= n {
		return p.truncated(layer80211, "truncated_802_11_header")
	}
	const (
		typeData     = 0x08 // of the first byte: type data
		subtypeNull  = 0x40 // without a frame body
		subtypeQoS   = 0x80
		protected    = 0x40 // of the second byte
		toDS, fromDS = 0x01, 0x02
	)
	if b[0]&typeData == 0 || b[0]&subtypeNull != 0 {
		p.Drop = dropNotData
		return done
	}
	ds := b[1] & (toDS | fromDS)
	if ds == toDS|fromDS {
		n += 6 // the fourth address
	}
	if len(b) <= n {
		return p.truncated(layer80211, "truncated_802_11_header")
	}
	amsdu := false
	if b[0]&subtypeQoS != 0 {
		amsdu = b[n]&0x80 != 0
		if b[1]&protected != 0 {
			p.Drop = dropNotData
			return done
		}
		n += 2
	}
	if len(b) <= n {
		return p.truncated(layer80211, "truncated_802_11_header")
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
	if amsdu {
		return hop{next: layerAMSDU, skip: n}
	}
	et, ok := p.snap80211(b[n:])
	if !ok {
		return done
	}
	return etherHop(et, inCooked, n+8)
}

// snap80211 reads the LLC and SNAP headers of an 802.11 frame body, 8 bytes, and
// returns the ethertype.
func (p *Packet) snap80211(b []byte) (uint16, bool) {
	if len(b) < 8 {
		p.truncated(layer80211, "truncated_802_11_llc_header")
		return 0, false
	}
	if binary.BigEndian.Uint32(b) != 0xaaaa0300 || b[4] != 0 || b[5] != 0 {
		p.Drop = dropNotData
		return 0, false
	}
	return binary.BigEndian.Uint16(b[6:]), true
}

// amsduSubframe decodes the A-MSDU subframe at off and records where the next
// one begins.
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
		h := etherHop(et, inCooked, 8)
		p.walk(f, h.next, layer80211, h.id, off+8, off+n)
	}
	if p.Drop != DropNone {
		p.Weirds.net(layer80211, "invalid_802_11_amsdu_inner_packet", "")
		return
	}
	// The padding is computed like Zeek's; 802.11 pads header and body to a multiple
	// of 4.
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
