package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// PktHdr is the headers of an IP packet. One of IP and IP6 is set, and one of
// TCP, UDP and ICMP if it is such a packet and its header is complete.
//
//wirelog:record pkt_hdr
type PktHdr struct {
	IP   value.Opt[IP4Hdr]  `zeek:"ip"`
	IP6  value.Opt[IP6Hdr]  `zeek:"ip6"`
	TCP  value.Opt[TCPHdr]  `zeek:"tcp"`
	UDP  value.Opt[UDPHdr]  `zeek:"udp"`
	ICMP value.Opt[ICMPHdr] `zeek:"icmp"`
}

// RawPktHdr is the headers of a frame, with those of the IP packet in it as in
// PktHdr.
//
//wirelog:record raw_pkt_hdr
type RawPktHdr struct {
	L2   L2Hdr              `zeek:"l2"`
	IP   value.Opt[IP4Hdr]  `zeek:"ip"`
	IP6  value.Opt[IP6Hdr]  `zeek:"ip6"`
	TCP  value.Opt[TCPHdr]  `zeek:"tcp"`
	UDP  value.Opt[UDPHdr]  `zeek:"udp"`
	ICMP value.Opt[ICMPHdr] `zeek:"icmp"`
}

// L2Hdr is the link layer of a frame. All fields except Encap, Len, CapLen and
// Proto are set for Ethernet only.
//
//wirelog:record l2_hdr
type L2Hdr struct {
	Encap        value.Enum        `zeek:"encap" type:"link_encap"`   // LINK_ETHERNET or LINK_UNKNOWN
	Len          uint64            `zeek:"len"`                       // length on the wire in bytes
	CapLen       uint64            `zeek:"cap_len"`                   // captured length in bytes
	Src          value.Opt[[]byte] `zeek:"src"`                       // printed MAC address, valid inside the call
	Dst          value.Opt[[]byte] `zeek:"dst"`                       // printed MAC address, valid inside the call
	VLAN         value.Opt[uint64] `zeek:"vlan"`                      // outermost VLAN id
	VLANPCP      value.Opt[uint64] `zeek:"vlan_pcp"`                  // its priority code point
	VLANDEI      value.Opt[bool]   `zeek:"vlan_dei"`                  // its drop eligible indicator
	InnerVLAN    value.Opt[uint64] `zeek:"inner_vlan"`                // innermost VLAN id, if there are two
	InnerVLANPCP value.Opt[uint64] `zeek:"inner_vlan_pcp"`            // its priority code point
	InnerVLANDEI value.Opt[bool]   `zeek:"inner_vlan_dei"`            // its drop eligible indicator
	EthType      value.Opt[uint64] `zeek:"eth_type"`                  // innermost EtherType
	Proto        value.Enum        `zeek:"proto" type:"layer3_proto"` // L3_IPV4, L3_IPV6, L3_ARP or L3_UNKNOWN
}

// IP4Hdr is an IPv4 header (RFC 791 section 3.1).
//
//wirelog:record ip4_hdr
type IP4Hdr struct {
	HL     uint64     `zeek:"hl"`     // header length in bytes
	TOS    uint64     `zeek:"tos"`    // type of service
	Len    uint64     `zeek:"len"`    // total length in bytes
	ID     uint64     `zeek:"id"`     // identification
	DF     bool       `zeek:"DF"`     // don't-fragment flag
	MF     bool       `zeek:"MF"`     // more-fragments flag
	Offset uint64     `zeek:"offset"` // fragment offset in units of 8 bytes
	TTL    uint64     `zeek:"ttl"`    // time to live
	P      uint64     `zeek:"p"`      // protocol
	Sum    uint64     `zeek:"sum"`    // header checksum
	Src    netip.Addr `zeek:"src"`
	Dst    netip.Addr `zeek:"dst"`
}

// IP6Hdr is an IPv6 header with its extension headers (RFC 8200 sections 3 and 4).
//
//wirelog:record ip6_hdr
type IP6Hdr struct {
	Class uint64      `zeek:"class"` // traffic class
	Flow  uint64      `zeek:"flow"`  // flow label
	Len   uint64      `zeek:"len"`   // payload length in bytes
	Nxt   uint64      `zeek:"nxt"`   // next header
	Hlim  uint64      `zeek:"hlim"`  // hop limit
	Src   netip.Addr  `zeek:"src"`
	Dst   netip.Addr  `zeek:"dst"`
	Exts  []IP6ExtHdr `zeek:"exts" type:"ip6_ext_hdr_chain"` // in the order of the packet, valid inside the call
}

// IP6ExtHdr is one extension header of IPv6. ID is its protocol number, and the
// field of that type is set.
//
//wirelog:record ip6_ext_hdr
type IP6ExtHdr struct {
	ID       uint64                    `zeek:"id"`
	HopOpts  value.Opt[IP6HopOpts]     `zeek:"hopopts"`  // 0
	DstOpts  value.Opt[IP6DstOpts]     `zeek:"dstopts"`  // 60
	Routing  value.Opt[IP6Routing]     `zeek:"routing"`  // 43
	Fragment value.Opt[IP6Fragment]    `zeek:"fragment"` // 44
	AH       value.Opt[IP6AH]          `zeek:"ah"`       // 51
	ESP      value.Opt[IP6ESP]         `zeek:"esp"`      // 50
	Mobility value.Opt[IP6MobilityHdr] `zeek:"mobility"` // 135
}

// IP6Option is a type-length-value option of an extension header (RFC 8200
// section 4.2, RFC 6275 section 6.2).
//
//wirelog:record ip6_option
type IP6Option struct {
	OType uint64 `zeek:"otype"` // type
	Len   uint64 `zeek:"len"`   // bytes of Data; 0 for Pad1
	Data  []byte `zeek:"data"`  // valid inside the call
}

// IP6HopOpts is a hop-by-hop options header (RFC 8200 section 4.3).
//
//wirelog:record ip6_hopopts
type IP6HopOpts struct {
	Nxt     uint64      `zeek:"nxt"`                        // next header
	Len     uint64      `zeek:"len"`                        // length after the first 8 bytes, in units of 8 bytes
	Options []IP6Option `zeek:"options" type:"ip6_options"` // valid inside the call
}

// IP6DstOpts is a destination options header (RFC 8200 section 4.6).
//
//wirelog:record ip6_dstopts
type IP6DstOpts struct {
	Nxt     uint64      `zeek:"nxt"`                        // next header
	Len     uint64      `zeek:"len"`                        // length after the first 8 bytes, in units of 8 bytes
	Options []IP6Option `zeek:"options" type:"ip6_options"` // valid inside the call
}

// IP6Routing is a routing header (RFC 8200 section 4.4).
//
//wirelog:record ip6_routing
type IP6Routing struct {
	Nxt     uint64 `zeek:"nxt"`     // next header
	Len     uint64 `zeek:"len"`     // length after the first 8 bytes, in units of 8 bytes
	RType   uint64 `zeek:"rtype"`   // routing type
	SegLeft uint64 `zeek:"segleft"` // segments left
	Data    []byte `zeek:"data"`    // what follows the first 4 bytes, valid inside the call
}

// IP6Fragment is a fragment header (RFC 8200 section 4.5).
//
//wirelog:record ip6_fragment
type IP6Fragment struct {
	Nxt    uint64 `zeek:"nxt"`    // next header
	Rsv1   uint64 `zeek:"rsv1"`   // reserved byte
	Offset uint64 `zeek:"offset"` // in units of 8 bytes
	Rsv2   uint64 `zeek:"rsv2"`   // two reserved bits
	More   bool   `zeek:"more"`   // more fragments
	ID     uint64 `zeek:"id"`     // identification
}

// IP6AH is an authentication header (RFC 4302 section 2).
//
//wirelog:record ip6_ah
type IP6AH struct {
	Nxt uint64 `zeek:"nxt"` // next header
	Len uint64 `zeek:"len"` // length after the first 8 bytes, in units of 4 bytes
	Rsv uint64 `zeek:"rsv"` // reserved
	SPI uint64 `zeek:"spi"` // security parameters index
	// Seq and Data are unset when Len is 0.
	Seq  value.Opt[uint64] `zeek:"seq"`  // sequence number
	Data value.Opt[[]byte] `zeek:"data"` // integrity check value, valid inside the call
}

// IP6ESP is the start of an encapsulating security payload (RFC 4303 section 2).
//
//wirelog:record ip6_esp
type IP6ESP struct {
	SPI uint64 `zeek:"spi"` // security parameters index
	Seq uint64 `zeek:"seq"` // sequence number
}

// IP6MobilityHdr is a mobility header (RFC 6275 section 6.1).
//
//wirelog:record ip6_mobility_hdr
type IP6MobilityHdr struct {
	Nxt    uint64         `zeek:"nxt"`     // payload protocol
	Len    uint64         `zeek:"len"`     // length after the first 8 bytes, in units of 8 bytes
	MHType uint64         `zeek:"mh_type"` // type of the message
	Rsv    uint64         `zeek:"rsv"`     // reserved
	Chksum uint64         `zeek:"chksum"`  // checksum
	Msg    IP6MobilityMsg `zeek:"msg"`
}

// IP6MobilityMsg is the message of a mobility header; the field of its type is
// set, if the type is known and the message complete.
//
//wirelog:record ip6_mobility_msg
type IP6MobilityMsg struct {
	ID   uint64                     `zeek:"id"`   // type of the message
	BRR  value.Opt[IP6MobilityBRR]  `zeek:"brr"`  // 0
	HoTI value.Opt[IP6MobilityHoTI] `zeek:"hoti"` // 1
	CoTI value.Opt[IP6MobilityCoTI] `zeek:"coti"` // 2
	HoT  value.Opt[IP6MobilityHoT]  `zeek:"hot"`  // 3
	CoT  value.Opt[IP6MobilityCoT]  `zeek:"cot"`  // 4
	BU   value.Opt[IP6MobilityBU]   `zeek:"bu"`   // 5
	BAck value.Opt[IP6MobilityBAck] `zeek:"back"` // 6
	BE   value.Opt[IP6MobilityBE]   `zeek:"be"`   // 7
}

// IP6MobilityBRR is a binding refresh request (RFC 6275 section 6.1.2).
//
//wirelog:record ip6_mobility_brr
type IP6MobilityBRR struct {
	Rsv     uint64      `zeek:"rsv"`     // reserved
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// IP6MobilityHoTI is a home test init (RFC 6275 section 6.1.3).
//
//wirelog:record ip6_mobility_hoti
type IP6MobilityHoTI struct {
	Rsv     uint64      `zeek:"rsv"`     // reserved
	Cookie  uint64      `zeek:"cookie"`  // home init cookie
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// IP6MobilityCoTI is a care-of test init (RFC 6275 section 6.1.4).
//
//wirelog:record ip6_mobility_coti
type IP6MobilityCoTI struct {
	Rsv     uint64      `zeek:"rsv"`     // reserved
	Cookie  uint64      `zeek:"cookie"`  // care-of init cookie
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// IP6MobilityHoT is a home test (RFC 6275 section 6.1.5).
//
//wirelog:record ip6_mobility_hot
type IP6MobilityHoT struct {
	NonceIdx uint64      `zeek:"nonce_idx"` // home nonce index
	Cookie   uint64      `zeek:"cookie"`    // home init cookie
	Token    uint64      `zeek:"token"`     // home keygen token
	Options  []IP6Option `zeek:"options"`   // valid inside the call
}

// IP6MobilityCoT is a care-of test (RFC 6275 section 6.1.6).
//
//wirelog:record ip6_mobility_cot
type IP6MobilityCoT struct {
	NonceIdx uint64      `zeek:"nonce_idx"` // care-of nonce index
	Cookie   uint64      `zeek:"cookie"`    // care-of init cookie
	Token    uint64      `zeek:"token"`     // care-of keygen token
	Options  []IP6Option `zeek:"options"`   // valid inside the call
}

// IP6MobilityBU is a binding update (RFC 6275 section 6.1.7).
//
//wirelog:record ip6_mobility_bu
type IP6MobilityBU struct {
	Seq     uint64      `zeek:"seq"`     // sequence number
	A       bool        `zeek:"a"`       // acknowledge
	H       bool        `zeek:"h"`       // home registration
	L       bool        `zeek:"l"`       // link-local address compatibility
	K       bool        `zeek:"k"`       // key management mobility capability
	Life    uint64      `zeek:"life"`    // lifetime in units of 4 seconds
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// IP6MobilityBAck is a binding acknowledgement (RFC 6275 section 6.1.8).
//
//wirelog:record ip6_mobility_back
type IP6MobilityBAck struct {
	Status  uint64      `zeek:"status"`
	K       bool        `zeek:"k"`       // key management mobility capability
	Seq     uint64      `zeek:"seq"`     // sequence number of the update
	Life    uint64      `zeek:"life"`    // lifetime in units of 4 seconds
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// IP6MobilityBE is a binding error (RFC 6275 section 6.1.9).
//
//wirelog:record ip6_mobility_be
type IP6MobilityBE struct {
	Status  uint64      `zeek:"status"`
	HoA     netip.Addr  `zeek:"hoa"`     // home address
	Options []IP6Option `zeek:"options"` // valid inside the call
}

// TCPHdr is a TCP header (RFC 9293 section 3.1).
//
//wirelog:record tcp_hdr
type TCPHdr struct {
	SPort    value.Port `zeek:"sport"`
	DPort    value.Port `zeek:"dport"`
	Seq      uint64     `zeek:"seq"`      // sequence number as on the wire
	Ack      uint64     `zeek:"ack"`      // acknowledgment number as on the wire
	HL       uint64     `zeek:"hl"`       // header length in bytes
	DL       uint64     `zeek:"dl"`       // bytes of payload by the IP header
	Reserved uint64     `zeek:"reserved"` // the four bits after the data offset
	Flags    uint64     `zeek:"flags"`    // the eight flags
	Win      uint64     `zeek:"win"`      // window, not scaled
}

// UDPHdr is a UDP header (RFC 768).
//
//wirelog:record udp_hdr
type UDPHdr struct {
	SPort value.Port `zeek:"sport"`
	DPort value.Port `zeek:"dport"`
	ULen  uint64     `zeek:"ulen"` // length in bytes, header included
}

// ICMPHdr is an ICMP header (RFC 792, RFC 4443).
//
//wirelog:record icmp_hdr
type ICMPHdr struct {
	ICMPType uint64 `zeek:"icmp_type"`
}
