package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// TeredoAuth is the authentication encapsulation of a Teredo packet (RFC 4380
// section 5.1.1).
//
//wirelog:record teredo_auth
type TeredoAuth struct {
	ID      []byte `zeek:"id"`      // client identifier, valid inside the call
	Value   []byte `zeek:"value"`   // authentication value, valid inside the call
	Nonce   uint64 `zeek:"nonce"`   // chosen by the client, repeated by the server
	Confirm uint64 `zeek:"confirm"` // confirmation byte: not 0 when the client needs a new key
}

// TeredoOrigin is the origin indication of a Teredo packet (RFC 4380 section
// 5.1.1), in clear.
//
//wirelog:record teredo_origin
type TeredoOrigin struct {
	P value.Port `zeek:"p"` // UDP port of the client as the server sees it
	A netip.Addr `zeek:"a"` // IPv4 address of the client as the server sees it
}

// TeredoHdr is what a Teredo packet carries: the optional encapsulations and
// the inner packet.
//
//wirelog:record teredo_hdr
type TeredoHdr struct {
	Auth   value.Opt[TeredoAuth]   `zeek:"auth"`
	Origin value.Opt[TeredoOrigin] `zeek:"origin"`
	Hdr    PktHdr                  `zeek:"hdr"` // the inner IPv6 header and what follows it
}

// TeredoPacket is raised for every IPv6 packet in a Teredo tunnel (RFC 4380).
//
//wirelog:event teredo_packet section=Teredo
type TeredoPacket struct {
	Conn  Conn      `zeek:"outer"` // the UDP flow that is the tunnel
	Inner TeredoHdr `zeek:"inner"`
}

// TeredoAuthentication is raised for every Teredo packet with an authentication
// encapsulation (RFC 4380 section 5.1.1).
//
//wirelog:event teredo_authentication section=Teredo
type TeredoAuthentication struct {
	Conn  Conn      `zeek:"outer"` // the UDP flow that is the tunnel
	Inner TeredoHdr `zeek:"inner"`
}

// TeredoOriginIndication is raised for every Teredo packet with an origin
// indication (RFC 4380 section 5.1.1).
//
//wirelog:event teredo_origin_indication section=Teredo
type TeredoOriginIndication struct {
	Conn  Conn      `zeek:"outer"` // the UDP flow that is the tunnel
	Inner TeredoHdr `zeek:"inner"`
}

// TeredoBubble is raised for every Teredo bubble: an IPv6 header whose next
// header is 59, none (RFC 4380 section 2.8).
//
//wirelog:event teredo_bubble section=Teredo
type TeredoBubble struct {
	Conn  Conn      `zeek:"outer"` // the UDP flow that is the tunnel
	Inner TeredoHdr `zeek:"inner"`
}
