package tunnel

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

const (
	protoIPv4 = packet.ProtoIPv4
	protoIPv6 = packet.ProtoIPv6

	ipv4Header = 20
	ipv6Header = 40
)

// ipInIP decodes the payload of an IP packet of protocol 4 or 41.
func (d *Decoder) ipInIP(c *Carrier, b []byte, r *Result) { d.checkedIP(c, c.Proto, b, r) }

// checkedIP accepts b as an inner packet if it is exactly one IP packet of the
// version that proto announces.
func (d *Decoder) checkedIP(c *Carrier, proto uint8, b []byte, r *Result) {
	if d.tooDeep(IP, c) {
		return
	}
	switch d.checkInner(c, proto, b) {
	case innerOK:
		r.Inner, r.Payload = InnerIP, b
	case innerBadVersion:
		d.weird(IP, "invalid_inner_IP_version", "")
	case innerTooShort:
		d.weird(IP, "truncated_inner_IP", "")
	case innerTooLong:
		d.weird(IP, "inner_IP_payload_length_mismatch", "")
	}
}

type innerCheck uint8

const (
	innerOK innerCheck = iota
	innerBadVersion
	innerTooShort // less captured than the header says
	innerTooLong  // more captured than the header says
)

// checkInner compares b with the IP header that should be at its beginning. A
// truncated IPv4 header counts as a bad version, a truncated IPv6 header as too
// short, as in Zeek.
//
// Zeek parses the IPv6 extension headers for this, and again when it decodes the
// inner packet: weirds about them are reported twice.
func (d *Decoder) checkInner(c *Carrier, proto uint8, b []byte) innerCheck {
	var total int
	switch proto {
	case protoIPv4:
		if len(b) < ipv4Header || b[0]>>4 != 4 {
			return innerBadVersion
		}
		total = int(binary.BigEndian.Uint16(b[2:]))
	case protoIPv6:
		if len(b) < ipv6Header {
			return innerTooShort
		}
		if b[0]>>4 != 6 {
			return innerBadVersion
		}
		d.inner.View(b, d.headerWeirds(c))
		total = ipv6Header + int(binary.BigEndian.Uint16(b[4:]))
	default:
		return innerBadVersion
	}
	switch {
	case len(b) < total:
		return innerTooShort
	case len(b) > total:
		return innerTooLong
	}
	return innerOK
}
