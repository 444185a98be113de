package schemas

// DCERPC is a call of a DCE/RPC operation, written when it is answered.
//
//wirelog:log dce_rpc
type DCERPC struct {
	// Time of the request.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Time from the request to the response; unset if they came at the same time.
	RTT Opt[Interval] `zeek:"rtt"`
	// Secondary address that the server named when it accepted the binding: a named pipe or a
	// port.
	NamedPipe Opt[string] `zeek:"named_pipe"`
	// Name of the interface, or "unknown-" and its UUID.
	Endpoint Opt[string] `zeek:"endpoint"`
	// Name of the operation, or "unknown-" and its number.
	Operation Opt[string] `zeek:"operation"`
}
