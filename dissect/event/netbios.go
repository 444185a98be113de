package event

// NetBIOSSessionMessage is raised for every packet of the NetBIOS session service (RFC
// 1002 section 4.3), before the event of its type, and for every datagram (section 4.4).
//
//wirelog:event netbios_session_message section=NetBIOS
type NetBIOSSessionMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	MsgType uint64 `zeek:"msg_type"` // such as 0x81 for a session request
	DataLen uint64 `zeek:"data_len"` // bytes after the header
}

// NetBIOSSessionRequest is raised for a NetBIOS session request (RFC 1002 section 4.3.2)
// whose called name can be decoded.
//
//wirelog:event netbios_session_request section=NetBIOS
type NetBIOSSessionRequest struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // called name, decoded, with its padding and its type, the last byte; valid inside the call
}

// NetBIOSSessionAccepted is raised for a NetBIOS positive session response (RFC 1002
// section 4.3.3).
//
//wirelog:event netbios_session_accepted section=NetBIOS
type NetBIOSSessionAccepted struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // what follows the header, normally nothing; valid inside the call
}

// NetBIOSSessionRejected is raised for a NetBIOS negative session response (RFC 1002
// section 4.3.4).
//
//wirelog:event netbios_session_rejected section=NetBIOS
type NetBIOSSessionRejected struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // the error code, one byte; valid inside the call
}

// NetBIOSSessionRetArgResp is raised for a NetBIOS retarget response (RFC 1002 section
// 4.3.5).
//
//wirelog:event netbios_session_ret_arg_resp section=NetBIOS
type NetBIOSSessionRetArgResp struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // address and port to go to; valid inside the call
}

// NetBIOSSessionKeepalive is raised for a NetBIOS session keep-alive (RFC 1002 section
// 4.3.7).
//
//wirelog:event netbios_session_keepalive section=NetBIOS
type NetBIOSSessionKeepalive struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // what follows the header, normally nothing; valid inside the call
}

// NetBIOSSessionRawMessage is raised for a NetBIOS session message (RFC 1002 section
// 4.3.6) that does not carry SMB.
//
//wirelog:event netbios_session_raw_message section=NetBIOS
type NetBIOSSessionRawMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    []byte `zeek:"msg"` // valid inside the call
}
