package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// SOCKSAddress is an address or a name given to or by a proxy, or both.
type SOCKSAddress struct {
	Host value.Opt[netip.Addr] `zeek:"host"` // Address.
	Name value.Opt[string]     `zeek:"name"` // Name.
}

// SOCKS is a request to a SOCKS proxy.
//
//wirelog:log socks
type SOCKS struct {
	// Time at which the proxy connection was detected.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection to the proxy.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Version of the protocol, 4 or 5.
	Version uint64 `zeek:"version"`
	// User name of the client's login.
	User value.Opt[string] `zeek:"user"`
	// Password of the client's login; not recorded.
	Password value.Opt[string] `zeek:"password"`
	// The server's answer.
	Status value.Opt[string] `zeek:"status"`
	// What the client requested.
	Request  SOCKSAddress    `zeek:"request"`
	RequestP value.Opt[Port] `zeek:"request_p"` // Port that the client requested.
	// Address that the server bound.
	Bound  SOCKSAddress    `zeek:"bound"`
	BoundP value.Opt[Port] `zeek:"bound_p"` // Port that the server bound.
	*Flow
}
