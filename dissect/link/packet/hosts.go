package packet

import "encoding/binary"

// Hosts returns the addresses of the outermost IP header of f, the same as IP.Src and
// IP.Dst, for choosing a shard. ok is false if there is no header that Decode and Parse
// would accept, and for every 802.11 frame, because an A-MSDU can carry packets of
// several host pairs. Hosts may accept a header that Parse rejects, but never rejects
// one that Parse accepts. It counts nothing.
func (d *Decoder) Hosts(f *Frame) (src, dst Addr, ok bool) {
	b := f.Data
	switch f.Link {
	case LinkEthernet:
		if len(b) < 34 {
			return src, dst, false
		}
		et := binary.BigEndian.Uint16(b[12:])
		off := 14
		if et == etherVLAN || et == etherQinQ || et == etherOldQinQ {
			et = binary.BigEndian.Uint16(b[16:])
			off = 18
			if et == etherVLAN {
				et = binary.BigEndian.Uint16(b[20:])
				off = 22
			}
		}
		if et == etherIPv4 || et == etherIPv6 {
			b = b[off:]
			break
		}
		return d.slowHosts(f)
	case LinkRaw, linkIPv4, linkIPv6:
	case Link80211, link80211Radiotap, linkPrism, linkAVS, linkPPI:
		return src, dst, false
	default:
		return d.slowHosts(f)
	}
	switch {
	case len(b) < ipv4HdrLen:
		return src, dst, false
	case b[0]>>4 == 4:
		src = addrFrom4(binary.BigEndian.Uint32(b[12:]))
		dst = addrFrom4(binary.BigEndian.Uint32(b[16:]))
		return src, dst, true
	case b[0]>>4 == 6 && len(b) >= ipv6HdrLen && !isExtHeader(b[6]):
		return AddrFrom16((*[16]byte)(b[8:])), AddrFrom16((*[16]byte)(b[24:])), true
	}
	return d.slowHosts(f)
}

// slowHosts decodes the link layers in full.
func (d *Decoder) slowHosts(f *Frame) (src, dst Addr, ok bool) {
	p := &d.scratch
	p.reset()
	p.depth = 0
	p.walk(f, rootLayer(f.Link), layerRoot, uint64(f.Link), 0, len(f.Data))
	if p.Kind != KindIP {
		return src, dst, false
	}
	b := p.Net
	switch {
	case len(b) < ipv4HdrLen:
		return src, dst, false
	case b[0]>>4 == 4:
		d.ip.setIPv4(b)
	case b[0]>>4 == 6 && len(b) >= ipv6HdrLen:
		if !d.ip.setIPv6(b, -1, &p.Weirds) {
			return src, dst, false
		}
	default:
		return src, dst, false
	}
	return AddrFrom16(&d.ip.Src), AddrFrom16(&d.ip.Dst), true
}
