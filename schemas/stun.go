package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// STUN is a message of STUN or TURN, as Corelight's package zeek-spicy-stun logs it.
//
//wirelog:log stun
type STUN struct {
	// Time of the message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto value.Enum `zeek:"proto"`
	// Whether the originator of the connection sent the message.
	IsOrig value.Opt[bool] `zeek:"is_orig"`
	// Transaction identifier, which an answer repeats: 12 bytes.
	TransID value.Opt[string] `zeek:"trans_id"`
	// Method, such as BINDING or ALLOCATE.
	Method value.Opt[string] `zeek:"method"`
	// REQUEST, INDICATION, RESPONSE_SUCCESS or RESPONSE_ERROR.
	Class value.Opt[string] `zeek:"class"`
	// Names of the attributes.
	AttrTypes value.Vector[string] `zeek:"attr_types"`
	// Values of the attributes, in the same order: addresses as address:port, error codes with
	// their reason, priority and fingerprint as numbers, all others as they are.
	AttrVals value.Vector[string] `zeek:"attr_vals"`
	*Flow
}

// STUNNAT is the address of a host behind a translator of addresses, as a STUN server has
// seen it.
//
//wirelog:log stun_nat
type STUNNAT struct {
	// Time of the message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto value.Enum `zeek:"proto"`
	// Whether the originator of the connection sent the message.
	IsOrig value.Opt[bool] `zeek:"is_orig"`
	// Addresses that the server has seen.
	WANAddrs value.Vector[netip.Addr] `zeek:"wan_addrs"`
	// Ports that the server has seen.
	WANPorts value.Vector[uint64] `zeek:"wan_ports"`
	// Address of the host itself, for each of them.
	LANAddrs value.Vector[netip.Addr] `zeek:"lan_addrs"`
	*Flow
}
