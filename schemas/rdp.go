package schemas

// RDP is an RDP connection, as far as it is seen before encryption starts.
//
//wirelog:log rdp
type RDP struct {
	// Time of the connection request.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// The client's cookie: usually the user name, possibly only its first 9 characters.
	Cookie Opt[string] `zeek:"cookie"`
	// Outcome: encrypted, the reason why the server refused, or the result of creating
	// the conference.
	Result Opt[string] `zeek:"result"`
	// Security protocol that the server chose.
	SecurityProtocol Opt[string] `zeek:"security_protocol"`
	// Virtual channels that the client asked for.
	ClientChannels Vector[string] `zeek:"client_channels"`
	// The client's keyboard layout.
	KeyboardLayout Opt[string] `zeek:"keyboard_layout"`
	// The client's version.
	ClientBuild Opt[string] `zeek:"client_build"`
	// Name of the client's machine.
	ClientName Opt[string] `zeek:"client_name"`
	// Product identifier of the client's machine.
	ClientDigProductID Opt[string] `zeek:"client_dig_product_id"`
	// Width of the client's screen in pixels.
	DesktopWidth Opt[uint64] `zeek:"desktop_width"`
	// Height of the client's screen in pixels.
	DesktopHeight Opt[uint64] `zeek:"desktop_height"`
	// Color depth that the client asked for.
	RequestedColorDepth Opt[string] `zeek:"requested_color_depth"`
	// Kind of the server's certificate, with RDP's own encryption.
	CertType Opt[string] `zeek:"cert_type"`
	// Number of certificates.
	CertCount uint64 `zeek:"cert_count"`
	// Whether the certificate is permanent.
	CertPermanent Opt[bool] `zeek:"cert_permanent"`
	// Level of RDP's own encryption.
	EncryptionLevel Opt[string] `zeek:"encryption_level"`
	// Method of RDP's own encryption.
	EncryptionMethod Opt[string] `zeek:"encryption_method"`
}
