package schemas

// WebSocket is an HTTP connection that was upgraded to a WebSocket.
//
//wirelog:log websocket
type WebSocket struct {
	// Time at which the server accepted.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Value of the Host header.
	Host Opt[string] `zeek:"host"`
	// URI of the request.
	URI Opt[string] `zeek:"uri"`
	// Value of the User-Agent header.
	UserAgent Opt[string] `zeek:"user_agent"`
	// Subprotocol that the server chose.
	Subprotocol Opt[string] `zeek:"subprotocol"`
	// Subprotocols that the client offered.
	ClientProtocols Vector[string] `zeek:"client_protocols"`
	// Extensions that the server chose.
	ServerExtensions Vector[string] `zeek:"server_extensions"`
	// Extensions that the client offered.
	ClientExtensions Vector[string] `zeek:"client_extensions"`
}
