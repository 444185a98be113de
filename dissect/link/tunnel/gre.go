package tunnel

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

// GRE header bits (RFC 2784 section 2.1, RFC 2890 section 2, RFC 2637 section 4.1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1 only
	greReserved = 0x0078
	greVersion  = 0x0007
)

// Protocol types in GRE headers.
const (
	etherTEB     = 0x6558 // transparent Ethernet bridging, NVGRE (RFC 7637)
	etherERSPAN2 = 0x88be // ERSPAN types I and II
	etherERSPAN3 = 0x22eb // ERSPAN type III
	etherPPTP    = 0x880b // PPP (RFC 2637)
	etherAruba   = 0x8200 // 0x8200 to 0x8370, in steps of 0x10: Aruba's 802.11
	etherAruba9  = 0x9000

	ethernetHeader = 14
	erspan2Header  = 8
	erspan3Header  = 12
	erspan3Option  = 8
	erspanSession  = 0x03ff // of the second word
	erspanCut      = 0x0400 // T: the frame was cut to fit
	minPPP         = 4      // what Zeek wants of a PPP header
	pppIPv4        = 0x0021
	pppIPv6        = 0x0057
)

// gre decodes a GRE packet. Like Zeek, it takes the payload of an unknown
// protocol type for IP.
func (d *Decoder) gre(c *Carrier, b []byte, r *Result) {
	const minHeader = 4
	if len(b) < minHeader {
		d.weird(GRE, "truncated_GRE", "")
		return
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	version := flags & greVersion
	hdr := minHeader
	for _, bit := range [...]uint16{greChecksum, greKey, greSequence, greAck} {
		if flags&bit != 0 {
			hdr += 4
		}
	}
	if version > 1 {
		d.weird(GRE, "unknown_gre_version", "version="+strconv.Itoa(int(version)))
		return
	}

	skip, need := 0, 0 // bytes between GRE header and inner packet; minimum length of the inner packet
	inner := InnerIP
	if version == 1 {
		if typ != etherPPTP {
			d.weird(GRE, "egre_protocol_type", "proto="+strconv.Itoa(int(typ)))
			return
		}
		need = minPPP
	} else {
		truncated := false
		switch {
		case typ == etherTEB:
			inner, need = InnerEthernet, ethernetHeader
			truncated = len(b) <= hdr+need
		case typ == etherERSPAN2:
			inner, need = InnerEthernet, ethernetHeader
			truncated = len(b) <= hdr+need
			if flags&greSequence != 0 { // type II; type I has no header of its own
				skip = erspan2Header
				need += skip
			}
		case typ == etherERSPAN3:
			inner, skip, need = InnerEthernet, erspan3Header, erspan3Header+ethernetHeader
			truncated = len(b) <= hdr+need
			if !truncated && b[hdr+erspan3Header-1]&1 != 0 { // O: platform specific subheader
				skip += erspan3Option
				need += erspan3Option
				truncated = len(b) <= hdr+need
			}
		case typ == etherAruba9, typ&0x820f == etherAruba:
			inner = InnerWLAN
			truncated = len(b) <= hdr
		}
		if truncated || len(b) < hdr+need {
			d.weird(GRE, "truncated_GRE", "")
			return
		}
	}
	switch {
	case flags&greRouting != 0:
		d.weird(GRE, "gre_routing", "")
		return
	case flags&greReserved != 0:
		d.weird(GRE, "unknown_gre_flags", "")
		return
	case len(b) < hdr+need:
		d.weird(GRE, "truncated_GRE", "")
		return
	}

	if version == 1 {
		ppp := b[hdr:]
		switch proto, n, _ := packet.PPPHeader(ppp); proto {
		case pppIPv4:
			d.checkedIP(c, protoIPv4, ppp[n:], r)
		case pppIPv6:
			d.checkedIP(c, protoIPv6, ppp[n:], r)
		default:
			d.weird(GRE, "non_ip_packet_in_encap", "")
		}
		return
	}
	if d.tooDeep(IP, c) {
		return
	}
	r.Inner, r.Payload = inner, b[hdr+skip:]
	switch {
	case skip > 0:
		h := binary.BigEndian.Uint16(b[hdr+2:])
		r.VNI, r.HasVNI, r.Cut = uint32(h&erspanSession), true, h&erspanCut != 0
	case flags&greKey != 0:
		at := minHeader
		if flags&greChecksum != 0 {
			at += 4
		}
		r.VNI, r.HasVNI = binary.BigEndian.Uint32(b[at:]), true
	}
}
