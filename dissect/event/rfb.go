package event

// RFBServerVersion is raised for the protocol version of a server (RFC 6143 section
// 7.1.1).
//
//wirelog:event rfb_server_version section=RFB
type RFBServerVersion struct {
	Conn         Conn   `zeek:"c"`
	MajorVersion []byte `zeek:"major_version"` // three digits, such as 003; valid inside the call
	MinorVersion []byte `zeek:"minor_version"` // three digits; valid inside the call
}

// RFBClientVersion is raised for the protocol version of a client (RFC 6143 section
// 7.1.1).
//
//wirelog:event rfb_client_version section=RFB
type RFBClientVersion struct {
	Conn         Conn   `zeek:"c"`
	MajorVersion []byte `zeek:"major_version"` // three digits, such as 003; valid inside the call
	MinorVersion []byte `zeek:"minor_version"` // three digits; valid inside the call
}

// RFBAuthenticationType is raised for the security type of a connection, which the server
// chooses before version 3.7 and the client from then on (RFC 6143 section 7.1.2).
//
//wirelog:event rfb_authentication_type section=RFB
type RFBAuthenticationType struct {
	Conn     Conn   `zeek:"c"`
	AuthType uint64 `zeek:"authtype"`
}

// RFBAuthResult is raised for the result of the authentication (RFC 6143 section 7.1.3).
//
//wirelog:event rfb_auth_result section=RFB
type RFBAuthResult struct {
	Conn   Conn `zeek:"c"`
	Result bool `zeek:"result"` // the authentication failed: a status other than 0, as in Zeek
}

// RFBShareFlag is raised for the initialization of a client (RFC 6143 section 7.3.1).
//
//wirelog:event rfb_share_flag section=RFB
type RFBShareFlag struct {
	Conn Conn `zeek:"c"`
	Flag bool `zeek:"flag"` // other clients stay connected
}

// RFBServerParameters is raised for the initialization of a server (RFC 6143 section
// 7.3.2).
//
//wirelog:event rfb_server_parameters section=RFB
type RFBServerParameters struct {
	Conn   Conn   `zeek:"c"`
	Name   []byte `zeek:"name"`   // of the desktop; valid inside the call
	Width  uint64 `zeek:"width"`  // pixels
	Height uint64 `zeek:"height"` // pixels
}

// RFBEvent is raised after every message of either side up to the server's initialization,
// and after the type and the rest of every later one of the client, following the message's
// own event. Zeek 3.0 was the last release with it.
//
//wirelog:event rfb_event section=RFB
type RFBEvent struct {
	Conn Conn `zeek:"c"`
}
