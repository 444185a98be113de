package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// ICMPInfo is the header of an ICMP message (RFC 792, RFC 4443).
//
//wirelog:record icmp_info
type ICMPInfo struct {
	V6    bool   `zeek:"v6"`    // ICMPv6
	IType uint64 `zeek:"itype"` // type
	ICode uint64 `zeek:"icode"` // code
	Len   uint64 `zeek:"len"`   // bytes after the 8 bytes of header
	TTL   uint64 `zeek:"ttl"`   // time to live or hop limit of the IP header
}

// ICMPContext is the packet that an ICMP error message quotes.
//
//wirelog:record icmp_context
type ICMPContext struct {
	// ID has the quoted packet's addresses and ports; fields not in the quote
	// are zero. Its IPProto is that of the ICMP message.
	ID         ConnID `zeek:"id"`
	Len        uint64 `zeek:"len"`         // length of the quoted IP datagram by its header
	Proto      uint64 `zeek:"proto"`       // transport: 0 unknown, 1 TCP, 2 UDP, 3 ICMP
	FragOffset uint64 `zeek:"frag_offset"` // in units of 8 bytes
	// BadHdrLen is set if the quote ends before the end of the IP header or
	// before the ports.
	BadHdrLen   bool `zeek:"bad_hdr_len"`
	BadChecksum bool `zeek:"bad_checksum"` // the quoted IP header's checksum is wrong
	MF          bool `zeek:"MF"`           // more-fragments flag
	DF          bool `zeek:"DF"`           // don't-fragment flag
}

// ICMP6NDPrefixInfo is a prefix information option of neighbor discovery
// (RFC 4861 section 4.6.2).
//
//wirelog:record icmp6_nd_prefix_info
type ICMP6NDPrefixInfo struct {
	PrefixLen uint64 `zeek:"prefix_len"` // leading bits of Prefix that count
	LFlag     bool   `zeek:"L_flag"`     // on-link
	AFlag     bool   `zeek:"A_flag"`     // autonomous address configuration
	// ValidLifetime and PreferredLifetime are 0xffffffff seconds for infinity.
	ValidLifetime     value.Interval `zeek:"valid_lifetime"`
	PreferredLifetime value.Interval `zeek:"preferred_lifetime"`
	Prefix            netip.Addr     `zeek:"prefix"`
}

// ICMP6NDOption is an option of neighbor discovery (RFC 4861 section 4.6).
// Besides OType and Len, only the fields of that type are set.
//
//wirelog:record icmp6_nd_option
type ICMP6NDOption struct {
	OType uint64 `zeek:"otype"` // type
	Len   uint64 `zeek:"len"`   // length with type and length, in units of 8 bytes
	// LinkAddress is the address of types 1 and 2 as it is on the link; valid
	// inside the call.
	LinkAddress value.Opt[[]byte]            `zeek:"link_address"`
	Prefix      value.Opt[ICMP6NDPrefixInfo] `zeek:"prefix"`   // type 3
	Redirect    value.Opt[ICMPContext]       `zeek:"redirect"` // type 4, the packet that is redirected
	MTU         value.Opt[uint64]            `zeek:"mtu"`      // type 5, bytes
	// Payload is what follows type and length when the type is not known or the
	// option is cut short; valid inside the call.
	Payload value.Opt[[]byte] `zeek:"payload"`
}

// ICMPSent is raised for every ICMP message that has no event of its own.
//
//wirelog:event icmp_sent section=ICMP
type ICMPSent struct {
	Conn Conn     `zeek:"c"`
	Info ICMPInfo `zeek:"info"`
}

// ICMPSentPayload is raised with ICMPSent, for the message's payload.
//
//wirelog:event icmp_sent_payload section=ICMP
type ICMPSentPayload struct {
	Conn    Conn     `zeek:"c"`
	Info    ICMPInfo `zeek:"info"`
	Payload []byte   `zeek:"payload"` // what follows the 8 bytes of header, valid inside the call
}

// ICMPEchoRequest is raised for every echo request (RFC 792, RFC 4443 section 4.1).
//
//wirelog:event icmp_echo_request section=ICMP
type ICMPEchoRequest struct {
	Conn    Conn     `zeek:"c"`
	Info    ICMPInfo `zeek:"info"`
	ID      uint64   `zeek:"id"`      // identifier
	Seq     uint64   `zeek:"seq"`     // sequence number
	Payload []byte   `zeek:"payload"` // data, valid inside the call
}

// ICMPEchoReply is raised for every echo reply (RFC 792, RFC 4443 section 4.2).
//
//wirelog:event icmp_echo_reply section=ICMP
type ICMPEchoReply struct {
	Conn    Conn     `zeek:"c"`
	Info    ICMPInfo `zeek:"info"`
	ID      uint64   `zeek:"id"`      // identifier
	Seq     uint64   `zeek:"seq"`     // sequence number
	Payload []byte   `zeek:"payload"` // data, valid inside the call
}

// ICMPErrorMessage is raised for every ICMPv6 error message (type below 128)
// that has no event of its own.
//
//wirelog:event icmp_error_message section=ICMP
type ICMPErrorMessage struct {
	Conn    Conn        `zeek:"c"`
	Info    ICMPInfo    `zeek:"info"`
	Code    uint64      `zeek:"code"`
	Context ICMPContext `zeek:"context"` // the packet that caused it
}

// ICMPUnreachable is raised for every destination unreachable message (RFC 792,
// RFC 4443 section 3.1).
//
//wirelog:event icmp_unreachable section=ICMP
type ICMPUnreachable struct {
	Conn    Conn        `zeek:"c"`
	Info    ICMPInfo    `zeek:"info"`
	Code    uint64      `zeek:"code"`
	Context ICMPContext `zeek:"context"` // the packet that caused it
}

// ICMPPacketTooBig is raised for every ICMPv6 packet too big message (RFC 4443
// section 3.2).
//
//wirelog:event icmp_packet_too_big section=ICMP
type ICMPPacketTooBig struct {
	Conn    Conn        `zeek:"c"`
	Info    ICMPInfo    `zeek:"info"`
	Code    uint64      `zeek:"code"`
	Context ICMPContext `zeek:"context"` // the packet that caused it
}

// ICMPTimeExceeded is raised for every time exceeded message (RFC 792, RFC 4443
// section 3.3).
//
//wirelog:event icmp_time_exceeded section=ICMP
type ICMPTimeExceeded struct {
	Conn    Conn        `zeek:"c"`
	Info    ICMPInfo    `zeek:"info"`
	Code    uint64      `zeek:"code"`
	Context ICMPContext `zeek:"context"` // the packet that caused it
}

// ICMPParameterProblem is raised for every ICMPv6 parameter problem message
// (RFC 4443 section 3.4).
//
//wirelog:event icmp_parameter_problem section=ICMP
type ICMPParameterProblem struct {
	Conn    Conn        `zeek:"c"`
	Info    ICMPInfo    `zeek:"info"`
	Code    uint64      `zeek:"code"`
	Context ICMPContext `zeek:"context"` // the packet that caused it
}

// ICMPRouterSolicitation is raised for every router solicitation (RFC 4861
// section 4.1).
//
//wirelog:event icmp_router_solicitation section=ICMP
type ICMPRouterSolicitation struct {
	Conn    Conn            `zeek:"c"`
	Info    ICMPInfo        `zeek:"info"`
	Options []ICMP6NDOption `zeek:"options" type:"icmp6_nd_options"` // valid inside the call
}

// ICMPRouterAdvertisement is raised for every router advertisement (RFC 4861
// section 4.2).
//
//wirelog:event icmp_router_advertisement section=ICMP
type ICMPRouterAdvertisement struct {
	Conn           Conn            `zeek:"c"`
	Info           ICMPInfo        `zeek:"info"`
	CurHopLimit    uint64          `zeek:"cur_hop_limit"`                   // hop limit for outgoing packets, 0 for unspecified
	Managed        bool            `zeek:"managed"`                         // M flag: addresses by DHCPv6
	Other          bool            `zeek:"other"`                           // O flag: other configuration by DHCPv6
	HomeAgent      bool            `zeek:"home_agent"`                      // H flag (RFC 6275 section 7.1)
	Pref           uint64          `zeek:"pref"`                            // router preference, two bits (RFC 4191 section 2.2)
	Proxy          bool            `zeek:"proxy"`                           // neighbor discovery proxy flag (RFC 4389 section 4.1.3.3)
	Rsv            uint64          `zeek:"rsv"`                             // the two reserved bits
	RouterLifetime value.Interval  `zeek:"router_lifetime"`                 // time of use as a default router
	ReachableTime  value.Interval  `zeek:"reachable_time"`                  // time that a neighbor counts as reachable
	RetransTimer   value.Interval  `zeek:"retrans_timer"`                   // time between repeated solicitations
	Options        []ICMP6NDOption `zeek:"options" type:"icmp6_nd_options"` // valid inside the call
}

// ICMPNeighborSolicitation is raised for every neighbor solicitation (RFC 4861
// section 4.3).
//
//wirelog:event icmp_neighbor_solicitation section=ICMP
type ICMPNeighborSolicitation struct {
	Conn    Conn            `zeek:"c"`
	Info    ICMPInfo        `zeek:"info"`
	Tgt     netip.Addr      `zeek:"tgt"`                             // address that is asked for
	Options []ICMP6NDOption `zeek:"options" type:"icmp6_nd_options"` // valid inside the call
}

// ICMPNeighborAdvertisement is raised for every neighbor advertisement (RFC
// 4861 section 4.4).
//
//wirelog:event icmp_neighbor_advertisement section=ICMP
type ICMPNeighborAdvertisement struct {
	Conn      Conn            `zeek:"c"`
	Info      ICMPInfo        `zeek:"info"`
	Router    bool            `zeek:"router"`                          // the sender is a router
	Solicited bool            `zeek:"solicited"`                       // answer to a solicitation
	Override  bool            `zeek:"override"`                        // replaces a cached entry
	Tgt       netip.Addr      `zeek:"tgt"`                             // address that is advertised
	Options   []ICMP6NDOption `zeek:"options" type:"icmp6_nd_options"` // valid inside the call
}

// ICMPRedirect is raised for every redirect message (RFC 792, RFC 4861 section 4.5).
//
//wirelog:event icmp_redirect section=ICMP
type ICMPRedirect struct {
	Conn    Conn            `zeek:"c"`
	Info    ICMPInfo        `zeek:"info"`
	Tgt     netip.Addr      `zeek:"tgt"`                             // the better first hop
	Dest    netip.Addr      `zeek:"dest"`                            // destination that is redirected
	Options []ICMP6NDOption `zeek:"options" type:"icmp6_nd_options"` // valid inside the call
}
