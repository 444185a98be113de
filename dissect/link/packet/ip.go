package packet

import (
	"encoding/binary"
	"strconv"
	"time"
)

// Options say which checksums are verified, and set the limits of a
// Reassembler.
type Options struct {
	// IgnoreChecksums accepts every checksum (Zeek's ignore_checksums, -C). With
	// it, a total length of 0 in an IPv4 header, as segmentation offload leaves
	// it, means the rest of the captured frame; without it such a packet is dropped.
	IgnoreChecksums bool `key:"no_checksums" flag:"no-checksums" short:"C" doc:"accept packets with wrong checksums, whatever checksums says"`
	// Checksums says which packets are accepted without IgnoreChecksums. It is one of
	// the constants below; ChecksumsIgnore is the same as IgnoreChecksums.
	Checksums string `key:"checksums" flag:"checksums" oneof:"verify,auto,ignore" doc:"packets to accept by their checksums: verify (only right ones), auto (also the partial ones that checksum offloading leaves) or ignore (all, as -C)"`
	// IgnoreFrom, if set, reports for an address in the source field of an IP header whether
	// the checksums of its packets are ignored (Zeek's ignore_checksums_nets).
	IgnoreFrom func(src *[16]byte) bool

	// FragmentBytes is raised to the memory of one datagram if lower.
	FragmentBytes     int           `key:"limits.fragment_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of IP fragments held at once, in all; beyond it the oldest datagram is dropped"`
	FragmentDatagrams int           `key:"limits.fragment_datagrams" unit:"count" per:"run" min:"1" doc:"incomplete IP datagrams held at once, in all"`
	FragmentTimeout   time.Duration `key:"timeouts.frag_timeout" doc:"wait for the missing fragments of an IP datagram"`
}

// Values of Options.Checksums.
const (
	// ChecksumsVerify accepts right checksums only, as Zeek does.
	ChecksumsVerify = "verify"
	// ChecksumsAuto also accepts what offloading to a network card leaves: a partial
	// checksum (IP.PartialChecksum), a checksum of 0 in an IPv4 header, and a total
	// length of 0 there.
	ChecksumsAuto = "auto"
	// ChecksumsIgnore accepts everything.
	ChecksumsIgnore = "ignore"
)

// DefaultOptions returns the defaults, Zeek's where Zeek has them.
func DefaultOptions() Options {
	return Options{Checksums: ChecksumsVerify, FragmentBytes: 64 << 20, FragmentDatagrams: 32_768, FragmentTimeout: 5 * time.Minute}
}

// Skip reports whether the checksums of a packet with this header are ignored.
func (o *Options) Skip(ip *IP) bool {
	if o.IgnoreChecksums {
		return true
	}
	if o.IgnoreFrom == nil {
		return false
	}
	src := ip.HeaderSrc()
	return o.IgnoreFrom(&src)
}

// IP is a validated view of an IP header of either version with everything up
// to the transport header. Parse may refill it. Slices point into the frame, or
// into the Reassembler that made the datagram.
type IP struct {
	// Src and Dst are the addresses by which connections are known, IPv4 mapped
	// into ::ffff:0:0/96. They are those of the header, except for a home address
	// option (RFC 6275 section 6.3), which replaces the source, and a routing
	// header with segments left, whose last address replaces the destination
	// (RFC 2460 section 4.4).
	Src, Dst [16]byte

	// Payload is the captured part of the bytes after the last extension
	// header, bounded by the length in the IP header.
	Payload []byte
	// PayloadLen is the payload's length on the wire according to the IP
	// header; 0 if the header has no length (segmentation offload, jumbograms).
	PayloadLen int
	// TotalLen is the datagram's length according to the IP header, headers
	// included; 0 for IPv4 with segmentation offload.
	TotalLen int
	// HdrLen is the length of the header, extension headers included.
	HdrLen int

	// ID is the identification of the datagram: 16 bits for IPv4; for IPv6 the 32
	// bits of the fragment header, or 0 without one.
	ID uint32
	// FragOffset is the offset of a fragment in bytes.
	FragOffset uint16
	// Version is 4 or 6.
	Version uint8
	// Proto is the protocol of the payload: the next header field of the last
	// extension header, for IPv6.
	Proto uint8
	// TTL is the time to live or hop limit.
	TTL uint8
	// LastHeader is the type of the last header in an IPv6 chain (41 for the
	// IPv6 header itself); 255 for IPv4.
	LastHeader uint8
	// MF and DF are the flags more fragments and don't fragment.
	MF, DF bool
	// Fragment reports whether this is a fragment. IPv6 atomic fragments (RFC 6946)
	// are fragments too.
	Fragment bool
	// Reassembled reports whether this is the result of reassembly.
	Reassembled bool
	// Partial reports that the header's checksum or total length is 0 and was accepted
	// because of ChecksumsAuto.
	Partial bool
	// Snapped reports whether the frame was longer on the wire than captured. A
	// transport checksum can't be verified then.
	Snapped bool
	// Unsummed is that of the frame.
	Unsummed bool
	// NumHeaders is the number of headers in an IPv6 chain, the IPv6 header
	// included; 1 for IPv4.
	NumHeaders int

	raw      []byte // captured bytes from the IP header on
	totalLen int    // TotalLen, or the captured length if that is used instead
}

// Protocol numbers that the IP layer itself looks at (IANA protocol-numbers).
const (
	protoHopByHop = 0
	ProtoICMP     = 1
	ProtoIPv4     = 4
	ProtoTCP      = 6
	ProtoUDP      = 17
	ProtoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	ProtoGRE      = 47
	protoESP      = 50
	protoAH       = 51
	ProtoICMPv6   = 58
	ProtoNoNext   = 59
	protoDstOpts  = 60
	protoMobility = 135
	protoRaw      = 255
)

// maxExtHeaders bounds the chain of IPv6 extension headers. Zeek has no bound;
// RFC 8504 section 5.3 lets a node have one, and real chains have three or four.
const maxExtHeaders = 64

const (
	ipv4HdrLen = 20
	ipv6HdrLen = 40
)

// Parse validates the IP header that p.Net begins with, with Zeek's checks in
// Zeek's order, and fills ip. Weirds go to p.Weirds. With any result but
// DropNone ip must not be used, except that Src and Dst are valid after
// DropChecksum, DropPartialChecksum and dropNoLength.
func (ip *IP) Parse(p *Packet, o *Options) Drop {
	b := p.Net
	ip.Partial, ip.Unsummed = false, p.unsummed
	if len(b) < ipv4HdrLen {
		p.Weirds.net(layerIP, "truncated_IP", "")
		return dropTruncated
	}
	switch b[0] >> 4 {
	case 4:
		ip.setIPv4(b)
	case 6:
		if len(b) < ipv6HdrLen {
			p.Weirds.net(layerIP, "truncated_IP", "")
			return dropTruncated
		}
		if !ip.setIPv6(b, -1, &p.Weirds) {
			p.Weirds.flow(ip, layerIP.String(), "max_ipv6_ext_headers_exceeded", "")
			return dropDepth
		}
	default:
		p.Weirds.net(layerIP, "unknown_ip_version", "")
		return dropMalformed
	}
	total := ip.TotalLen
	if total == 0 {
		p.Weirds.net(layerIP, "ip_hdr_len_zero", "")
		if !o.IgnoreChecksums {
			if o.Checksums != ChecksumsAuto {
				return dropNoLength
			}
			ip.Partial = true
		}
		total = p.capRest
	}
	ip.totalLen = total
	if p.WireLen < total {
		p.Weirds.net(layerIP, "truncated_IP_len", "")
		return dropTruncated
	}
	if ip.HdrLen > total {
		p.Weirds.net(layerIP, "invalid_IP_header_size", "")
		return dropMalformed
	}
	if ip.HdrLen > len(b) {
		p.Weirds.net(layerIP, "internally_truncated_header", "")
		return dropTruncated
	}
	if ip.Version == 4 {
		if ip.HdrLen < ipv4HdrLen {
			p.Weirds.net(layerIP, "IPv4_min_header_size", "")
			return dropMalformed
		}
		if !o.IgnoreChecksums && !headerOK(b[:ip.HdrLen]) && !o.Skip(ip) {
			why := DropChecksum
			if b[10] == 0 && b[11] == 0 {
				why = DropPartialChecksum
			}
			if why == DropChecksum || o.Checksums != ChecksumsAuto {
				p.Weirds.flow(ip, layerIP.String(), "bad_IP_checksum", "")
				return why
			}
			ip.Partial = true
		}
	}
	ip.Snapped = p.WireLen > p.capRest
	ip.setPayload(b)
	return DropNone
}

// setPayload bounds the payload as Zeek does: by the header's length, unless that is 0.
func (ip *IP) setPayload(b []byte) {
	ip.raw = b
	// Zeek computes the length in 16 bits.
	ip.PayloadLen = 0
	if ip.TotalLen != 0 {
		ip.PayloadLen = int(uint16(ip.TotalLen - ip.HdrLen))
	}
	b = b[ip.HdrLen:]
	if ip.PayloadLen != 0 && ip.PayloadLen < len(b) {
		b = b[:ip.PayloadLen]
	}
	ip.Payload = b
}

// setIPv4 fills ip from a header of at least 20 bytes, which it does not validate.
func (ip *IP) setIPv4(b []byte) {
	_ = b[19]
	// Whole words are written, because they are read as words soon after.
	const mapped = 0xffff << 16
	binary.LittleEndian.PutUint64(ip.Src[0:], 0)
	binary.LittleEndian.PutUint64(ip.Src[8:], uint64(binary.LittleEndian.Uint32(b[12:]))<<32|mapped)
	binary.LittleEndian.PutUint64(ip.Dst[0:], 0)
	binary.LittleEndian.PutUint64(ip.Dst[8:], uint64(binary.LittleEndian.Uint32(b[16:]))<<32|mapped)

	ip.Version = 4
	ip.HdrLen = int(b[0]&0xf) * 4
	ip.TotalLen = int(binary.BigEndian.Uint16(b[2:]))
	ip.ID = uint32(binary.BigEndian.Uint16(b[4:]))
	frag := binary.BigEndian.Uint16(b[6:])
	ip.FragOffset = frag & 0x1fff * 8
	ip.MF = frag&0x2000 != 0
	ip.DF = frag&0x4000 != 0
	ip.Fragment = frag&0x3fff != 0
	ip.TTL = b[8]
	ip.Proto = b[9]
	ip.LastHeader = protoRaw
	ip.NumHeaders = 1
	ip.Reassembled = false
}

// setIPv6 fills ip from an IPv6 header and walks the chain of extension headers
// in b as far as it was captured (RFC 8200 section 4). It reports false if the
// chain is too long. If next is not negative, it replaces, in b itself, every
// next header field that announces a fragment header: this removes that header
// from a reassembled datagram.
func (ip *IP) setIPv6(b []byte, next int, w *Weirds) bool {
	_ = b[39]
	copy(ip.Src[:], b[8:24])
	copy(ip.Dst[:], b[24:40])
	ip.Version = 6
	ip.TotalLen = int(binary.BigEndian.Uint16(b[4:])) + ipv6HdrLen
	ip.ID = 0
	ip.FragOffset = 0
	ip.MF, ip.DF, ip.Fragment, ip.Reassembled = false, false, false, false
	ip.TTL = b[7]

	if next >= 0 && b[6] == protoFragment {
		b[6] = byte(next)
	}
	ip.HdrLen = ipv6HdrLen
	ip.LastHeader = ProtoIPv6
	ip.NumHeaders = 1
	ip.Proto = b[6]
	if !isExtHeader(ip.Proto) {
		return true
	}
	return ip.walkChain(b, next, w)
}

func isExtHeader(proto uint8) bool {
	switch proto {
	case protoHopByHop, protoRouting, protoFragment, protoESP, protoAH, protoDstOpts, protoMobility:
		return true
	}
	return false
}

func (ip *IP) walkChain(b []byte, next int, w *Weirds) bool {
	home, final := false, false
	for isExtHeader(ip.Proto) {
		h := b[ip.HdrLen:]
		if len(h) < 2 {
			return true
		}
		typ := ip.Proto
		n := extHeaderLen(typ, h)
		if n > len(h) {
			return true
		}
		if ip.NumHeaders > maxExtHeaders {
			return false
		}
		h = h[:n]
		if typ == protoESP {
			ip.Proto = ProtoNoNext
		} else {
			if next >= 0 && h[0] == protoFragment {
				h[0] = byte(next)
			}
			ip.Proto = h[0]
		}
		ip.HdrLen += n
		ip.LastHeader = typ
		ip.NumHeaders++
		switch typ {
		case protoRouting:
			final = ip.routingHeader(h, final, w)
		case protoDstOpts:
			home = ip.dstOpts(h[2:], home, w)
		case protoFragment: // RFC 8200 section 4.5
			off := binary.BigEndian.Uint16(h[2:])
			ip.FragOffset = off &^ 7
			ip.MF = off&1 != 0
			ip.ID = binary.BigEndian.Uint32(h[4:])
			ip.Fragment = true
			return true
		case protoESP, protoMobility:
			return true
		}
	}
	return true
}

// extHeaderLen returns the length that an extension header claims. h has at least two bytes.
func extHeaderLen(typ uint8, h []byte) int {
	switch typ {
	case protoFragment, protoESP:
		return 8
	case protoAH: // RFC 4302 section 2.2
		return 8 + 4*int(h[1])
	default:
		return 8 + 8*int(h[1])
	}
}

// routingHeader looks for the final destination in a whole routing header. final
// reports whether an earlier one had it.
func (ip *IP) routingHeader(h []byte, final bool, w *Weirds) bool {
	if final {
		w.flow(ip, "", "multiple_routing_headers", "")
		return true
	}
	hlen, typ, left := h[1], h[2], h[3]
	switch typ {
	case 0: // RFC 2460 section 4.4, deprecated by RFC 5095
		if left > 0 && hlen >= 2 {
			if hlen%2 == 0 {
				copy(ip.Dst[:], h[len(h)-16:])
				final = true
			} else {
				w.flow(ip, "", "odd_routing0_len", "")
			}
		}
		w.flow(ip, "", "routing0_hdr", "")
	case 2: // RFC 6275 section 6.4
		if left > 0 {
			if hlen == 2 {
				copy(ip.Dst[:], h[len(h)-16:])
				final = true
			} else {
				w.flow(ip, "", "bad_routing2_len", "")
			}
		}
	default:
		w.flow(ip, "", "unknown_routing_type", decimals[typ])
	}
	return final
}

// dstOpts looks for a home address among destination options (RFC 8200 section
// 4.2). home reports whether an earlier header had one.
func (ip *IP) dstOpts(b []byte, home bool, w *Weirds) bool {
	const homeAddress = 201 // RFC 6275 section 6.3
	for len(b) > 0 {
		if b[0] == 0 { // Pad1
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			w.flow(ip, "", "bad_ipv6_dest_opt_len", "")
			return home
		}
		n := 2 + int(b[1])
		if b[0] == homeAddress {
			switch {
			case n != 2+16:
				w.flow(ip, "", "bad_home_addr_len", "")
			case home:
				w.flow(ip, "", "multiple_home_addr_opts", "")
			default:
				copy(ip.Src[:], b[2:18])
				home = true
			}
		}
		b = b[n:]
	}
	return home
}

// Upper is the kind of content that the IP layer passes on.
type Upper uint8

// The kinds of content of an IP datagram.
const (
	// UpperTransport: Proto and Payload go to the protocol's decoder.
	UpperTransport Upper = iota
	// UpperESP: encrypted (Zeek's event esp_packet); decoding ends.
	UpperESP
	// UpperMobility: a mobility header (Zeek's event mobile_ipv6_message),
	// decoding ends.
	UpperMobility
	// UpperNone: no next header; decoding ends.
	UpperNone
	// UpperBad: a mobility header with a wrong checksum.
	UpperBad
)

// Upper decides how to handle a complete datagram. inTeredo is set if it came
// in a Teredo tunnel, where a datagram without a next header is a bubble.
func (ip *IP) Upper(o *Options, inTeredo bool, w *Weirds) Upper {
	if ip.Version == 4 {
		// Zeek does not check the version here.
		if ip.Proto == ProtoNoNext {
			return ip.noNext(inTeredo, w)
		}
		return UpperTransport
	}
	switch ip.LastHeader {
	case protoESP:
		return UpperESP
	case protoMobility:
		if !o.IgnoreChecksums && !ip.mobilityChecksumOK(w) {
			w.flow(ip, layerIP.String(), "bad_MH_checksum", "")
			return UpperBad
		}
		if ip.Proto != ProtoNoNext {
			w.flow(ip, layerIP.String(), "mobility_piggyback", "")
		}
		return UpperMobility
	}
	if ip.Proto == ProtoNoNext {
		return ip.noNext(inTeredo, w)
	}
	return UpperTransport
}

func (ip *IP) noNext(inTeredo bool, w *Weirds) Upper {
	if !inTeredo {
		w.flow(ip, layerIP.String(), "ipv6_no_next", "")
	}
	return UpperNone
}

// Header returns the IP header with its extension headers. It is valid as long
// as Payload.
func (ip *IP) Header() []byte { return ip.raw[:ip.HdrLen] }

// Raw returns the captured bytes from the IP header on, padding included. It is
// valid as long as Payload.
func (ip *IP) Raw() []byte { return ip.raw }

// HeaderSrc returns the source address in the header, regardless of a home
// address option.
func (ip *IP) HeaderSrc() [16]byte {
	if ip.Version == 6 && ip.NumHeaders > 1 && len(ip.raw) >= ipv6HdrLen {
		return [16]byte(ip.raw[8:24])
	}
	return ip.Src
}

// HeaderDst returns the destination address in the header, regardless of a
// routing header.
func (ip *IP) HeaderDst() [16]byte {
	if ip.Version == 6 && ip.NumHeaders > 1 && len(ip.raw) >= ipv6HdrLen {
		return [16]byte(ip.raw[24:40])
	}
	return ip.Dst
}

// TOS returns the type of service or traffic class.
func (ip *IP) TOS() uint8 {
	if ip.Version == 4 {
		return ip.raw[1]
	}
	return ip.raw[0]<<4 | ip.raw[1]>>4
}

// FlowLabel returns the flow label of IPv6, 20 bits; 0 for IPv4.
func (ip *IP) FlowLabel() uint32 {
	if ip.Version == 4 {
		return 0
	}
	return binary.BigEndian.Uint32(ip.raw) & 0xfffff
}

// decimals are the values of a byte in decimal, so that a weird with one
// allocates nothing.
var decimals = func() (s [256]string) {
	for i := range s {
		s[i] = strconv.Itoa(i)
	}
	return s
}()
