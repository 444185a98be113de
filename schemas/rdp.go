package schemas

import "github.com/wirelog/wirelog/value"

// RDP is an RDP connection, as far as it is seen before encryption starts.
//
//wirelog:log rdp
type RDP struct {
	// Time of the connection request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// The client's cookie: usually the user name, possibly only its first 9 characters.
	Cookie value.Opt[string] `zeek:"cookie"`
	// Outcome: encrypted, the reason why the server refused, or the result of creating
	// the conference.
	Result value.Opt[string] `zeek:"result"`
	// Security protocol that the server chose.
	SecurityProtocol value.Opt[string] `zeek:"security_protocol"`
	// Virtual channels that the client asked for.
	ClientChannels value.Vector[string] `zeek:"client_channels"`
	// The client's keyboard layout.
	KeyboardLayout value.Opt[string] `zeek:"keyboard_layout"`
	// The client's version.
	ClientBuild value.Opt[string] `zeek:"client_build"`
	// Name of the client's machine.
	ClientName value.Opt[string] `zeek:"client_name"`
	// Product identifier of the client's machine.
	ClientDigProductID value.Opt[string] `zeek:"client_dig_product_id"`
	// Width of the client's screen in pixels.
	DesktopWidth value.Opt[uint64] `zeek:"desktop_width"`
	// Height of the client's screen in pixels.
	DesktopHeight value.Opt[uint64] `zeek:"desktop_height"`
	// Color depth that the client asked for.
	RequestedColorDepth value.Opt[string] `zeek:"requested_color_depth"`
	// Kind of the server's certificate, with RDP's own encryption.
	CertType value.Opt[string] `zeek:"cert_type"`
	// Number of certificates.
	CertCount uint64 `zeek:"cert_count"`
	// Whether the certificate is permanent.
	CertPermanent value.Opt[bool] `zeek:"cert_permanent"`
	// Level of RDP's own encryption.
	EncryptionLevel value.Opt[string] `zeek:"encryption_level"`
	// Method of RDP's own encryption.
	EncryptionMethod value.Opt[string] `zeek:"encryption_method"`
	*Flow
}
