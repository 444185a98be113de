package logs

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"math/bits"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// IP protocol numbers (IANA protocol-numbers).
const (
	ipProtoICMP   = 1
	ipProtoTCP    = 6
	ipProtoUDP    = 17
	ipProtoICMPv6 = 58
	ipProtoSCTP   = 132
)

// appendCommunityID appends the Community ID of a connection, version 1 with seed 0: a hash
// of its endpoints, the smaller one first, so that both directions and all tools agree
// (github.com/corelight/community-id-spec).
func appendCommunityID(dst []byte, id *event.ConnID) []byte {
	proto, ports := id.IPProto, true
	orig, resp := id.OrigH.As16(), id.RespH.As16()
	v4 := id.OrigH.Is4()
	oneWay := false
	switch id.Proto {
	case value.ProtoTCP:
		proto = ipProtoTCP
	case value.ProtoUDP:
		proto = ipProtoUDP
	case value.ProtoICMP:
		proto = ipProtoICMPv6
		if v4 {
			proto = ipProtoICMP
		}
		oneWay = !icmpHasCounterpart(v4, id.OrigP)
	case value.ProtoUnknown:
		ports = proto == ipProtoSCTP
	}
	a, b, ap, bp := orig[:], resp[:], id.OrigP, id.RespP
	// The specification orders the ports of one address as numbers. Zeek on little-endian
	// machines compares their low bytes first; this code does the same, to get the same
	// identifiers.
	c := bytes.Compare(a, b)
	if c == 0 {
		c = cmp.Compare(bits.ReverseBytes16(ap), bits.ReverseBytes16(bp))
	}
	if c > 0 && !oneWay {
		a, b, ap, bp = b, a, bp, ap
	}
	if v4 {
		a, b = a[12:], b[12:]
	}
	var buf [2 + 16 + 16 + 2 + 4]byte // the seed comes first
	in := append(append(buf[:2], a...), b...)
	in = append(in, proto, 0)
	if ports {
		in = binary.BigEndian.AppendUint16(in, ap)
		in = binary.BigEndian.AppendUint16(in, bp)
	}
	sum := sha1.Sum(in)
	return base64.StdEncoding.AppendEncode(append(dst, "1:"...), sum[:])
}

// icmpHasCounterpart reports whether ICMP messages of the type are requests or replies, in
// which case the responder's port holds the type of its counterpart.
func icmpHasCounterpart(v4 bool, typ uint16) bool {
	if v4 {
		switch typ {
		case 0, 8, // echo, RFC 792
			9, 10, // router discovery, RFC 1256
			13, 14, // timestamp, RFC 792
			15, 16, // information, RFC 792
			17, 18: // address mask, RFC 950
			return true
		}
		return false
	}
	switch typ {
	case 128, 129, // echo, RFC 4443
		130, 131, // multicast listeners, RFC 2710
		133, 134, // router discovery, RFC 4861
		135, 136, // neighbor discovery, RFC 4861
		139, 140, // node information, RFC 4620
		144, 145: // home agent discovery, RFC 6275
		return true
	}
	return false
}
