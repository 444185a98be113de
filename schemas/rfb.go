package schemas

import "github.com/wirelog/wirelog/value"

// RFB is a session of RFB, the protocol of VNC, from its handshake.
//
//wirelog:log rfb
type RFB struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Major version of the client.
	ClientMajorVersion value.Opt[string] `zeek:"client_major_version"`
	// Minor version of the client.
	ClientMinorVersion value.Opt[string] `zeek:"client_minor_version"`
	// Major version of the server.
	ServerMajorVersion value.Opt[string] `zeek:"server_major_version"`
	// Minor version of the server.
	ServerMinorVersion value.Opt[string] `zeek:"server_minor_version"`
	// Name of the security type.
	AuthenticationMethod value.Opt[string] `zeek:"authentication_method"`
	// Whether the authentication succeeded.
	Auth value.Opt[bool] `zeek:"auth"`
	// Whether the client shares the desktop with others.
	ShareFlag value.Opt[bool] `zeek:"share_flag"`
	// Name of the desktop.
	DesktopName value.Opt[string] `zeek:"desktop_name"`
	// Width of the desktop, in pixels.
	Width value.Opt[uint64] `zeek:"width"`
	// Height of the desktop, in pixels.
	Height value.Opt[uint64] `zeek:"height"`
	*Flow
}
