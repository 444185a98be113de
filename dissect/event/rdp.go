package event

// RDPEarlyCapabilityFlags are what an RDP client supports beyond the basics
// (MS-RDPBCGR section 2.2.1.3.2, earlyCapabilityFlags).
//
//wirelog:record RDP::EarlyCapabilityFlags
type RDPEarlyCapabilityFlags struct {
	SupportErrInfoPDU        bool `zeek:"support_err_info_pdu"`
	Want32bppSession         bool `zeek:"want_32bpp_session"`
	SupportStatusInfoPDU     bool `zeek:"support_statusinfo_pdu"`
	StrongAsymmetricKeys     bool `zeek:"strong_asymmetric_keys"`
	SupportMonitorLayoutPDU  bool `zeek:"support_monitor_layout_pdu"`
	SupportNetcharAutodetect bool `zeek:"support_netchar_autodetect"`
	SupportDynvcGfxProtocol  bool `zeek:"support_dynvc_gfx_protocol"`
	SupportDynamicTimeZone   bool `zeek:"support_dynamic_time_zone"`
	SupportHeartbeatPDU      bool `zeek:"support_heartbeat_pdu"`
}

// RDPClientCoreDataFields is an RDP client's description of itself (MS-RDPBCGR
// section 2.2.1.3.2). Texts are UTF-8.
//
//wirelog:record RDP::ClientCoreData
type RDPClientCoreDataFields struct {
	VersionMajor         uint64                  `zeek:"version_major"`
	VersionMinor         uint64                  `zeek:"version_minor"`
	DesktopWidth         uint64                  `zeek:"desktop_width"`  // pixels
	DesktopHeight        uint64                  `zeek:"desktop_height"` // pixels
	ColorDepth           uint64                  `zeek:"color_depth"`
	SASSequence          uint64                  `zeek:"sas_sequence"`
	KeyboardLayout       uint64                  `zeek:"keyboard_layout"`
	ClientBuild          uint64                  `zeek:"client_build"`
	ClientName           []byte                  `zeek:"client_name"` // valid inside the call
	KeyboardType         uint64                  `zeek:"keyboard_type"`
	KeyboardSub          uint64                  `zeek:"keyboard_sub"`
	KeyboardFunctionKey  uint64                  `zeek:"keyboard_function_key"` // number of function keys
	IMEFileName          []byte                  `zeek:"ime_file_name"`         // valid inside the call
	PostBeta2ColorDepth  uint64                  `zeek:"post_beta2_color_depth"`
	ClientProductID      uint64                  `zeek:"client_product_id"`
	SerialNumber         uint64                  `zeek:"serial_number"`
	HighColorDepth       uint64                  `zeek:"high_color_depth"`
	SupportedColorDepths uint64                  `zeek:"supported_color_depths"`
	ECFlags              RDPEarlyCapabilityFlags `zeek:"ec_flags"`
	DigProductID         []byte                  `zeek:"dig_product_id"` // valid inside the call
}

// RDPClientChannelDef is a virtual channel that an RDP client asks for (MS-RDPBCGR section
// 2.2.1.3.4.1).
//
//wirelog:record RDP::ClientChannelDef
type RDPClientChannelDef struct {
	Name         []byte `zeek:"name"` // 8 bytes, padded with zeros; valid inside the call
	Options      uint64 `zeek:"options"`
	Initialized  bool   `zeek:"initialized"`
	EncryptRDP   bool   `zeek:"encrypt_rdp"`
	EncryptSC    bool   `zeek:"encrypt_sc"`
	EncryptCS    bool   `zeek:"encrypt_cs"`
	PriHigh      bool   `zeek:"pri_high"`
	PriMed       bool   `zeek:"pri_med"`
	PriLow       bool   `zeek:"pri_low"`
	CompressRDP  bool   `zeek:"compress_rdp"`
	Compress     bool   `zeek:"compress"`
	ShowProtocol bool   `zeek:"show_protocol"`
	Persistent   bool   `zeek:"persistent"`
}

// RDPConnectRequest is raised for the X.224 connection request of an RDP client
// (MS-RDPBCGR section 2.2.1.1).
//
//wirelog:event rdp_connect_request section=RDP
type RDPConnectRequest struct {
	Conn   Conn   `zeek:"c"`
	Cookie []byte `zeek:"cookie"` // mostly the user's name, cut short; valid inside the call
	Flags  uint64 `zeek:"flags"`
}

// RDPNegotiationResponse is raised when an RDP server chooses one of the security
// protocols that the client offers (MS-RDPBCGR section 2.2.1.2.1).
//
//wirelog:event rdp_negotiation_response section=RDP
type RDPNegotiationResponse struct {
	Conn             Conn   `zeek:"c"`
	SecurityProtocol uint64 `zeek:"security_protocol"` // 0 RDP, 1 TLS, 2 CredSSP, 8 CredSSP with early authorization
	Flags            uint64 `zeek:"flags"`
}

// RDPNegotiationFailure is raised when an RDP server refuses the security protocols that
// the client offers (MS-RDPBCGR section 2.2.1.2.2).
//
//wirelog:event rdp_negotiation_failure section=RDP
type RDPNegotiationFailure struct {
	Conn        Conn   `zeek:"c"`
	FailureCode uint64 `zeek:"failure_code"`
	Flags       uint64 `zeek:"flags"`
}

// RDPClientCoreData is raised for an RDP client's description of itself: version, screen,
// keyboard and name (MS-RDPBCGR section 2.2.1.3.2).
//
//wirelog:event rdp_client_core_data section=RDP
type RDPClientCoreData struct {
	Conn Conn                    `zeek:"c"`
	Data RDPClientCoreDataFields `zeek:"data"`
}

// RDPClientNetworkData is raised for the virtual channels that an RDP client asks for, if
// there are any (MS-RDPBCGR section 2.2.1.3.4).
//
//wirelog:event rdp_client_network_data section=RDP own
type RDPClientNetworkData struct {
	Conn     Conn                  `zeek:"c"`
	Channels []RDPClientChannelDef `zeek:"channels" type:"RDP::ClientChannelList"` // valid inside the call
}

// RDPGCCServerCreateResponse is raised for the GCC conference create response of an RDP
// server (MS-RDPBCGR section 2.2.1.4, T.124 section 8.7).
//
//wirelog:event rdp_gcc_server_create_response section=RDP
type RDPGCCServerCreateResponse struct {
	Conn   Conn   `zeek:"c"`
	Result uint64 `zeek:"result"` // 0 for success
}

// RDPServerSecurity is raised for an RDP server's choice of encryption (MS-RDPBCGR section
// 2.2.1.4.3).
//
//wirelog:event rdp_server_security section=RDP
type RDPServerSecurity struct {
	Conn             Conn   `zeek:"c"`
	EncryptionMethod uint64 `zeek:"encryption_method"`
	EncryptionLevel  uint64 `zeek:"encryption_level"`
}

// RDPServerCertificate is raised for the certificate, or chain of them, in an RDP server's
// security data (MS-RDPBCGR section 2.2.1.4.3.1).
//
//wirelog:event rdp_server_certificate section=RDP
type RDPServerCertificate struct {
	Conn              Conn   `zeek:"c"`
	CertType          uint64 `zeek:"cert_type"` // 1 proprietary, 2 X.509
	PermanentlyIssued bool   `zeek:"permanently_issued"`
}

// RDPBeginEncryption is raised when an RDP connection becomes encrypted.
//
//wirelog:event rdp_begin_encryption section=RDP
type RDPBeginEncryption struct {
	Conn             Conn   `zeek:"c"`
	SecurityProtocol uint64 `zeek:"security_protocol"` // as in RDPNegotiationResponse
}
