package packet

import "encoding/binary"

// Host is an address of 16 bytes, IPv4 mapped, as two big-endian words.
type Host struct{ Hi, Lo uint64 }

// v4Prefix is the upper half of the lower word of a mapped address.
const v4Prefix = 0xffff << 32

func host(b []byte) Host {
	return Host{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// Hosts returns the addresses of the outermost IP header of f, which are those of IP.Src
// and IP.Dst: for choosing a shard. ok is false if there is none that
// Decode and Parse would accept, and for every 802.11 frame, because an A-MSDU
// can carry packets of several host pairs. Hosts may accept what Parse rejects,
// never the other way round, and counts nothing.
func (d *Decoder) Hosts(f *Frame) (src, dst Host, ok bool) {
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
		src.Lo = v4Prefix | uint64(binary.BigEndian.Uint32(b[12:]))
		dst.Lo = v4Prefix | uint64(binary.BigEndian.Uint32(b[16:]))
		return src, dst, true
	case b[0]>>4 == 6 && len(b) >= ipv6HdrLen && !isExtHeader(b[6]):
		return host(b[8:24]), host(b[24:40]), true
	}
	return d.slowHosts(f)
}

// slowHosts takes the way of every other packet.
func (d *Decoder) slowHosts(f *Frame) (src, dst Host, ok bool) {
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
	return host(d.ip.Src[:]), host(d.ip.Dst[:]), true
}
