package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// RADIUS is an authentication over RADIUS, which may take several exchanges.
//
//wirelog:log radius
type RADIUS struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the user.
	Username value.Opt[string] `zeek:"username"`
	// The user's hardware address.
	MAC value.Opt[string] `zeek:"mac"`
	// Address that a challenge gives to the user.
	FramedAddr value.Opt[netip.Addr] `zeek:"framed_addr"`
	// The client's end of a tunnel: an address or a name.
	TunnelClient value.Opt[string] `zeek:"tunnel_client"`
	// What is known of the user's connection.
	ConnectInfo value.Opt[string] `zeek:"connect_info"`
	// Text of a challenge, for the user.
	ReplyMsg value.Opt[string] `zeek:"reply_msg"`
	// success, failed, or unknown without a decision.
	Result value.Opt[string] `zeek:"result"`
	// Time from the first message to the decision, in seconds.
	TTL value.Opt[value.Interval] `zeek:"ttl"`
	*Flow
}
