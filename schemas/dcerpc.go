package schemas

import "github.com/wirelog/wirelog/value"

// DCERPC is a call of a DCE/RPC operation, written when it is answered.
//
//wirelog:log dce_rpc
type DCERPC struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Time from the request to the response; unset if they came at the same time.
	RTT value.Opt[value.Interval] `zeek:"rtt"`
	// Secondary address that the server named when it accepted the binding: a named pipe or a
	// port.
	NamedPipe value.Opt[string] `zeek:"named_pipe"`
	// Name of the interface, or "unknown-" and its UUID.
	Endpoint value.Opt[string] `zeek:"endpoint"`
	// Name of the operation, or "unknown-" and its number.
	Operation value.Opt[string] `zeek:"operation"`
	*Flow
}
