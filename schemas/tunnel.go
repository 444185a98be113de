package schemas

import "github.com/wirelog/wirelog/value"

// Tunnel is the discovery, closing or expiry of a tunnel.
//
//wirelog:log tunnel
type Tunnel struct {
	// Time of the activity.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection that is the tunnel, if it is one.
	UID value.Opt[string] `zeek:"uid"`
	// The tunnel's endpoints; the ports are 0 for tunnels directly over IP.
	ID ID `zeek:"id"`
	// Kind of tunnel, such as Tunnel::GRE.
	TunnelType value.Enum `zeek:"tunnel_type"`
	// What happened: Tunnel::DISCOVER, Tunnel::CLOSE or Tunnel::EXPIRE.
	Action value.Enum `zeek:"action"`
	*Flow
}
