package packet

import "encoding/binary"

// Hosts returns the addresses of the outermost IP header of f, as IP.Src and
// IP.Dst have them: for choosing a shard. ok is false if there is none that
// Decode and Parse would accept, and for every 802.11 frame, because an A-MSDU
// can carry packets of several host pairs. Hosts may accept what Parse rejects,
// never the other way round, and counts nothing.
func (d *Decoder) Hosts(f *Frame) (src, dst [16]byte, ok bool) {
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
	case LinkRaw, LinkIPv4, LinkIPv6:
	case Link80211, Link80211Radiotap, LinkPrism, LinkAVS, LinkPPI:
		return src, dst, false
	default:
		return d.slowHosts(f)
	}
	switch {
	case len(b) < ipv4HdrLen:
		return src, dst, false
	case b[0]>>4 == 4:
		src[10], src[11] = 0xff, 0xff
		dst[10], dst[11] = 0xff, 0xff
		copy(src[12:], b[12:16])
		copy(dst[12:], b[16:20])
		return src, dst, true
	case b[0]>>4 == 6 && len(b) >= ipv6HdrLen && !isExtHeader(b[6]):
		copy(src[:], b[8:24])
		copy(dst[:], b[24:40])
		return src, dst, true
	}
	return d.slowHosts(f)
}

// slowHosts takes the way of every other packet.
func (d *Decoder) slowHosts(f *Frame) (src, dst [16]byte, ok bool) {
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
	return d.ip.Src, d.ip.Dst, true
}
