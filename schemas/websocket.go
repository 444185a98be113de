package schemas

import "github.com/wirelog/wirelog/value"

// WebSocket is an HTTP connection that was upgraded to a WebSocket.
//
//wirelog:log websocket
type WebSocket struct {
	// Time at which the server accepted.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Value of the Host header.
	Host value.Opt[string] `zeek:"host"`
	// URI of the request.
	URI value.Opt[string] `zeek:"uri"`
	// Value of the User-Agent header.
	UserAgent value.Opt[string] `zeek:"user_agent"`
	// Subprotocol that the server chose.
	Subprotocol value.Opt[string] `zeek:"subprotocol"`
	// Subprotocols that the client offered.
	ClientProtocols value.Vector[string] `zeek:"client_protocols"`
	// Extensions that the server chose.
	ServerExtensions value.Vector[string] `zeek:"server_extensions"`
	// Extensions that the client offered.
	ClientExtensions value.Vector[string] `zeek:"client_extensions"`
	*Flow
}
