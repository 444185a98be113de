package event

// TunnelChanged is raised when a connection's packets arrive in other tunnels
// than before, or no longer in any. Conn.Tunnel still has the old stack.
//
//wirelog:event tunnel_changed section=Tunnel
type TunnelChanged struct {
	Conn Conn `zeek:"c"`
	// E is the new stack, outermost first, empty outside tunnels; valid inside
	// the call.
	E []Encapsulation `zeek:"e" type:"EncapsulatingConnVector"`
}
