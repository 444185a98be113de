package event

// TunnelChanged is raised when a connection is found in other tunnels than
// before, or in none any more. Conn.Tunnel still has the old stack.
//
//wirelog:event tunnel_changed section=Tunnel
type TunnelChanged struct {
	Conn Conn `zeek:"c"`
	// E is the new stack, outermost first, empty outside tunnels; valid inside
	// the call.
	E []Encapsulation `zeek:"e" type:"EncapsulatingConnVector"`
}

// TunnelActivity is raised for the stages in the life of a tunnel that
// tunnel.log has rows for: its discovery, by the first connection that is found
// in it; its close, when the connection that carries it is removed; its expiry,
// when no connection was new in it for Zeek's Tunnel::expiration_interval (one
// hour).
//
//wirelog:event tunnel_activity section=Tunnel own unraised
type TunnelActivity struct {
	Tunnel Encapsulation `zeek:"tunnel"`
	// Action is Tunnel::DISCOVER, Tunnel::CLOSE or Tunnel::EXPIRE.
	Action Enum `zeek:"action" type:"Tunnel::Action"`
}
