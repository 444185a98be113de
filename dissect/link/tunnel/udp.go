package tunnel

import (
	"encoding/binary"
	"strconv"
)

const (
	vxlanHeader = 8
	vxlanFlagI  = 0x08 // VNI present (RFC 7348 section 5)

	ayiyaHeader  = 8
	ayiyaForward = 1 // operation: forward the payload

	geneveHeader = 8
)

// looksLikeAYIYA recognizes a SHA-1 signed, forwarded packet with the usual
// identity.
func looksLikeAYIYA(b []byte) bool { return len(b) >= 3 && b[1] == 0x52 && b[2] == 0x11 }

// ayiya decodes an AYIYA packet (draft-massar-v6ops-ayiya-02 section 4).
func (d *Decoder) ayiya(c *Carrier, b []byte, r *Result) {
	if len(b) < ayiyaHeader {
		violate(ayiya, c, r, "Truncated AYIYA", nil)
		return
	}
	identity, signature := 1<<(b[0]>>4), int(b[1]>>4)*4
	hdr := ayiyaHeader + identity + signature
	if len(b) < hdr {
		violate(ayiya, c, r, "Truncated AYIYA", nil)
		return
	}
	if b[2]&0x0f != ayiyaForward {
		return
	}
	confirm(ayiya, c, r)
	if len(b) == hdr {
		d.weird(ayiya, "ayiya_empty_packet", "")
		return
	}
	if next := b[3]; next == protoIPv4 || next == protoIPv6 {
		r.Inner, r.Payload = InnerIP, b[hdr:]
	}
}

// vxlan decodes a VXLAN packet (RFC 7348 section 5).
func (d *Decoder) vxlan(c *Carrier, b []byte, r *Result) {
	if len(b) < vxlanHeader {
		violate(VXLAN, c, r, "VXLAN header truncation", b)
		return
	}
	if b[0]&vxlanFlagI == 0 {
		violate(VXLAN, c, r, "VXLAN 'I' flag not set", b)
		return
	}
	confirm(VXLAN, c, r)
	if len(b) == vxlanHeader {
		d.weird(VXLAN, "vxlan_empty_packet", "")
		return
	}
	r.VNI, r.HasVNI = binary.BigEndian.Uint32(b[4:])>>8, true
	r.Inner, r.Payload = InnerEthernet, b[vxlanHeader:]
}

// geneve decodes a Geneve packet (RFC 8926 section 3.4).
func (d *Decoder) geneve(c *Carrier, b []byte, r *Result) {
	if len(b) < geneveHeader {
		violate(Geneve, c, r, "Geneve header truncation", b)
		return
	}
	if version := b[0] >> 6; version != 0 {
		d.weird(Geneve, "geneve_invalid_version", strconv.Itoa(int(version)))
		return
	}
	hdr := geneveHeader + int(b[0]&0x3f)*4
	if len(b) < hdr {
		violate(Geneve, c, r, "Geneve option header truncation", b)
		return
	}
	confirm(Geneve, c, r)
	if len(b) == hdr {
		d.weird(Geneve, "geneve_empty_packet", "")
		return
	}
	r.VNI, r.HasVNI = binary.BigEndian.Uint32(b[4:])>>8, true
	switch binary.BigEndian.Uint16(b[2:]) {
	case etherTEB:
		r.Inner = InnerEthernet
	case 0x0800, 0x86dd:
		r.Inner = InnerIP
	case 0x0806:
		r.Inner = InnerARP
	default:
		return
	}
	r.Payload = b[hdr:]
}
