package event

import "github.com/wirelog/wirelog/value"

// SMB1Header is the header of an SMB1 message (MS-CIFS section 2.2.3.1).
//
//wirelog:record SMB1::Header
type SMB1Header struct {
	Command uint64 `zeek:"command"` // SMB_COM_* of the first command in a chain
	Status  uint64 `zeek:"status"`  // an NT status, or a class and an error code of DOS (by SMB_FLAGS2_NT_STATUS)
	Flags   uint64 `zeek:"flags"`
	Flags2  uint64 `zeek:"flags2"`
	TID     uint64 `zeek:"tid"` // tree identifier
	PID     uint64 `zeek:"pid"` // process identifier, of 32 bits
	UID     uint64 `zeek:"uid"` // user identifier
	MID     uint64 `zeek:"mid"` // multiplex identifier, which matches a response to its request
}

// SMB1Message is raised for every SMB1 message, with its header, before the events of
// its commands.
//
//wirelog:event smb1_message section=SMB
type SMB1Message struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB1Header `zeek:"hdr"`
	IsOrig bool       `zeek:"is_orig"`
}

// SMB1EmptyResponse is raised for a message that has neither parameters nor data and no
// error in its status, and for every response SMB_COM_CLOSE.
//
//wirelog:event smb1_empty_response section=SMB
type SMB1EmptyResponse struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB1Header `zeek:"hdr"`
}

// SMB1Error is raised for a message that has neither parameters nor data, but a status
// other than success.
//
//wirelog:event smb1_error section=SMB
type SMB1Error struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB1Header `zeek:"hdr"`
	IsOrig bool       `zeek:"is_orig"`
}

// SMB1NegotiateRequest is raised for a request SMB_COM_NEGOTIATE (MS-CIFS section
// 2.2.4.52.1).
//
//wirelog:event smb1_negotiate_request section=SMB
type SMB1NegotiateRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB1Header `zeek:"hdr"`
	Dialects [][]byte   `zeek:"dialects" type:"string_vec"` // in the client's order of ascending preference; valid inside the call
}

// SMB1NegotiateResponse is raised for a response SMB_COM_NEGOTIATE (MS-CIFS section
// 2.2.4.52.2).
//
//wirelog:event smb1_negotiate_response section=SMB
type SMB1NegotiateResponse struct {
	Conn     Conn                     `zeek:"c"`
	Hdr      SMB1Header               `zeek:"hdr"`
	Response SMB1NegotiateResponseRec `zeek:"response"`
}

// SMB1NegotiateResponseRec has one of three forms, depending on the dialect.
//
//wirelog:record SMB1::NegotiateResponse
type SMB1NegotiateResponseRec struct {
	Core   value.Opt[SMB1NegotiateResponseCore]   `zeek:"core"`   // PC NETWORK PROGRAM 1.0, or no dialect at all
	LANMAN value.Opt[SMB1NegotiateResponseLANMAN] `zeek:"lanman"` // dialects up to LANMAN 2.1
	NTLM   value.Opt[SMB1NegotiateResponseNTLM]   `zeek:"ntlm"`   // NT LM 0.12
}

// SMB1NegotiateResponseCore is the answer of a server that speaks the core
// protocol.
//
//wirelog:record SMB1::NegotiateResponseCore
type SMB1NegotiateResponseCore struct {
	DialectIndex uint64 `zeek:"dialect_index"` // among those offered; 65535 for none
}

// SMB1NegotiateResponseLANMAN is what a LAN Manager server says of itself (the SMB
// extensions 2.0 document; MS-SMB section 2.2.4.5.2 names the fields that NT LM
// kept).
//
//wirelog:record SMB1::NegotiateResponseLANMAN
type SMB1NegotiateResponseLANMAN struct {
	WordCount     uint64                        `zeek:"word_count"`    // 13
	DialectIndex  uint64                        `zeek:"dialect_index"` // among those offered
	SecurityMode  SMB1NegotiateResponseSecurity `zeek:"security_mode"`
	MaxBufferSize uint64                        `zeek:"max_buffer_size"` // bytes
	MaxMpxCount   uint64                        `zeek:"max_mpx_count"`   // requests that may be pending
	MaxNumberVCs  uint64                        `zeek:"max_number_vcs"`  // connections between the two
	RawMode       SMB1NegotiateRawMode          `zeek:"raw_mode"`
	SessionKey    uint64                        `zeek:"session_key"`
	ServerTime    float64                       `zeek:"server_time" type:"time"` // seconds since the epoch, in the server's time zone
	EncryptionKey []byte                        `zeek:"encryption_key"`          // the challenge; valid inside the call
	PrimaryDomain []byte                        `zeek:"primary_domain"`          // valid inside the call
}

// SMB1NegotiateRawMode has the raw transfers that a LAN Manager server supports.
//
//wirelog:record SMB1::NegotiateRawMode
type SMB1NegotiateRawMode struct {
	ReadRaw  bool `zeek:"read_raw"`
	WriteRaw bool `zeek:"write_raw"`
}

// SMB1NegotiateResponseSecurity is the security mode of a server.
//
//wirelog:record SMB1::NegotiateResponseSecurity
type SMB1NegotiateResponseSecurity struct {
	UserLevel          bool            `zeek:"user_level"`          // users log in; otherwise shares have passwords
	ChallengeResponse  bool            `zeek:"challenge_response"`  // passwords are not sent in clear
	SignaturesEnabled  value.Opt[bool] `zeek:"signatures_enabled"`  // NT LM 0.12 only
	SignaturesRequired value.Opt[bool] `zeek:"signatures_required"` // NT LM 0.12 only
}

// SMB1NegotiateResponseNTLM is what a server with the dialect NT LM 0.12 says of itself
// (MS-CIFS section 2.2.4.52.2, MS-SMB section 2.2.4.5.2).
//
//wirelog:record SMB1::NegotiateResponseNTLM
type SMB1NegotiateResponseNTLM struct {
	WordCount     uint64                        `zeek:"word_count"`    // 17
	DialectIndex  uint64                        `zeek:"dialect_index"` // among those offered
	SecurityMode  SMB1NegotiateResponseSecurity `zeek:"security_mode"`
	MaxBufferSize uint64                        `zeek:"max_buffer_size"` // bytes
	MaxMpxCount   uint64                        `zeek:"max_mpx_count"`   // requests that may be pending
	MaxNumberVCs  uint64                        `zeek:"max_number_vcs"`  // connections between the two
	MaxRawSize    uint64                        `zeek:"max_raw_size"`    // bytes
	SessionKey    uint64                        `zeek:"session_key"`
	Capabilities  SMB1NegotiateCapabilities     `zeek:"capabilities"`
	ServerTime    float64                       `zeek:"server_time" type:"time"` // seconds since the epoch
	EncryptionKey value.Opt[[]byte]             `zeek:"encryption_key"`          // the challenge; without extended security; valid inside the call
	DomainName    value.Opt[[]byte]             `zeek:"domain_name"`             // without extended security; valid inside the call
	GUID          value.Opt[[]byte]             `zeek:"guid"`                    // 16 bytes; with extended security; valid inside the call
	SecurityBlob  value.Opt[[]byte]             `zeek:"security_blob"`           // never set, as in Zeek, which hands it to GSSAPI; valid inside the call
}

// SMB1NegotiateCapabilities are the capabilities of a server, by the names of the bits
// CAP_* (MS-CIFS section 2.2.4.52.2, MS-SMB section 2.2.4.5.2.1).
//
//wirelog:record SMB1::NegotiateCapabilities
type SMB1NegotiateCapabilities struct {
	RawMode           bool `zeek:"raw_mode"`
	MpxMode           bool `zeek:"mpx_mode"`
	Unicode           bool `zeek:"unicode"`
	LargeFiles        bool `zeek:"large_files"`
	NTSMBs            bool `zeek:"nt_smbs"`
	RPCRemoteAPIs     bool `zeek:"rpc_remote_apis"`
	Status32          bool `zeek:"status32"`
	Level2Oplocks     bool `zeek:"level_2_oplocks"`
	LockAndRead       bool `zeek:"lock_and_read"`
	NTFind            bool `zeek:"nt_find"`
	DFS               bool `zeek:"dfs"`
	InfolevelPassthru bool `zeek:"infolevel_passthru"`
	LargeReadX        bool `zeek:"large_readx"`
	LargeWriteX       bool `zeek:"large_writex"`
	Unix              bool `zeek:"unix"`
	BulkTransfer      bool `zeek:"bulk_transfer"`
	CompressedData    bool `zeek:"compressed_data"`
	ExtendedSecurity  bool `zeek:"extended_security"`
}

// SMB1SessionSetupAndXRequest is raised for a request SMB_COM_SESSION_SETUP_ANDX, the
// login of a user (MS-CIFS section 2.2.4.53.1, MS-SMB section 2.2.4.6.1). Events of
// commands chained to it, and those of its security blob, come before.
//
//wirelog:event smb1_session_setup_andx_request section=SMB
type SMB1SessionSetupAndXRequest struct {
	Conn    Conn                           `zeek:"c"`
	Hdr     SMB1Header                     `zeek:"hdr"`
	Request SMB1SessionSetupAndXRequestRec `zeek:"request"`
}

// SMB1SessionSetupAndXRequestRec has one of three forms, told apart by the word
// count: 10 before NT LM 0.12; in NT LM 0.12 it is 12 with extended security and 13
// without.
//
//wirelog:record SMB1::SessionSetupAndXRequest
type SMB1SessionSetupAndXRequestRec struct {
	WordCount               uint64                                      `zeek:"word_count"`
	MaxBufferSize           uint64                                      `zeek:"max_buffer_size"` // bytes
	MaxMpxCount             uint64                                      `zeek:"max_mpx_count"`   // requests that may be pending
	VCNumber                uint64                                      `zeek:"vc_number"`       // number of the connection between the two, from 0
	SessionKey              uint64                                      `zeek:"session_key"`
	NativeOS                []byte                                      `zeek:"native_os"`                 // valid inside the call
	NativeLANMAN            []byte                                      `zeek:"native_lanman"`             // valid inside the call
	AccountName             value.Opt[[]byte]                           `zeek:"account_name"`              // word counts 10 and 13; valid inside the call
	AccountPassword         value.Opt[[]byte]                           `zeek:"account_password"`          // or the answer to the challenge; word count 10; valid inside the call
	PrimaryDomain           value.Opt[[]byte]                           `zeek:"primary_domain"`            // word counts 10 and 13; valid inside the call
	CaseInsensitivePassword value.Opt[[]byte]                           `zeek:"case_insensitive_password"` // or the LM answer to the challenge; word count 13; valid inside the call
	CaseSensitivePassword   value.Opt[[]byte]                           `zeek:"case_sensitive_password"`   // or the NT answer to the challenge; word count 13; valid inside the call
	SecurityBlob            value.Opt[[]byte]                           `zeek:"security_blob"`             // never set, as in Zeek, which hands it to GSSAPI; valid inside the call
	Capabilities            value.Opt[SMB1SessionSetupAndXCapabilities] `zeek:"capabilities"`              // word counts 12 and 13
}

// SMB1SessionSetupAndXCapabilities are the capabilities of a client, by the names of the
// bits CAP_* (MS-CIFS section 2.2.4.53.1).
//
//wirelog:record SMB1::SessionSetupAndXCapabilities
type SMB1SessionSetupAndXCapabilities struct {
	Unicode       bool `zeek:"unicode"`
	LargeFiles    bool `zeek:"large_files"`
	NTSMBs        bool `zeek:"nt_smbs"`
	Status32      bool `zeek:"status32"`
	Level2Oplocks bool `zeek:"level_2_oplocks"`
	NTFind        bool `zeek:"nt_find"`
}

// SMB1SessionSetupAndXResponse is raised for a response SMB_COM_SESSION_SETUP_ANDX
// (MS-CIFS section 2.2.4.53.2, MS-SMB section 2.2.4.6.2). Events of commands chained to
// it, and those of its security blob, come before.
//
//wirelog:event smb1_session_setup_andx_response section=SMB
type SMB1SessionSetupAndXResponse struct {
	Conn     Conn                            `zeek:"c"`
	Hdr      SMB1Header                      `zeek:"hdr"`
	Response SMB1SessionSetupAndXResponseRec `zeek:"response"`
}

// SMB1SessionSetupAndXResponseRec is what the server says of itself. If the word count
// is neither 3 nor 4, it is the only field set.
//
//wirelog:record SMB1::SessionSetupAndXResponse
type SMB1SessionSetupAndXResponseRec struct {
	WordCount     uint64            `zeek:"word_count"`     // 4 with extended security, 3 without
	IsGuest       value.Opt[bool]   `zeek:"is_guest"`       // the user is a guest
	NativeOS      value.Opt[[]byte] `zeek:"native_os"`      // valid inside the call
	NativeLANMAN  value.Opt[[]byte] `zeek:"native_lanman"`  // valid inside the call
	PrimaryDomain value.Opt[[]byte] `zeek:"primary_domain"` // word count 3; valid inside the call
	SecurityBlob  value.Opt[[]byte] `zeek:"security_blob"`  // never set, as in Zeek, which hands it to GSSAPI; valid inside the call
}

// SMB1LogoffAndX is raised for a message SMB_COM_LOGOFF_ANDX, the end of a user's
// session (MS-CIFS section 2.2.4.54). Events of commands chained to it come before.
//
//wirelog:event smb1_logoff_andx section=SMB
type SMB1LogoffAndX struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // the message's direction; always true for a logoff chained to another, as in Zeek
}

// SMB1TreeConnectAndXRequest is raised for a request SMB_COM_TREE_CONNECT_ANDX, access
// to a share (MS-CIFS section 2.2.4.55.1).
//
//wirelog:event smb1_tree_connect_andx_request section=SMB
type SMB1TreeConnectAndXRequest struct {
	Conn    Conn       `zeek:"c"`
	Hdr     SMB1Header `zeek:"hdr"`
	Path    []byte     `zeek:"path"`    // of the share, with that of the server; valid inside the call
	Service []byte     `zeek:"service"` // type of the resource, "?????" for any; valid inside the call
}

// SMB1TreeConnectAndXResponse is raised for a response SMB_COM_TREE_CONNECT_ANDX
// (MS-CIFS section 2.2.4.55.2).
//
//wirelog:event smb1_tree_connect_andx_response section=SMB
type SMB1TreeConnectAndXResponse struct {
	Conn             Conn       `zeek:"c"`
	Hdr              SMB1Header `zeek:"hdr"`
	Service          []byte     `zeek:"service"`            // "A:" for a disk, "LPT1:" for a printer, "IPC" for named pipes, "COMM" for a device; valid inside the call
	NativeFileSystem []byte     `zeek:"native_file_system"` // valid inside the call
}

// SMB1TreeDisconnect is raised for a message SMB_COM_TREE_DISCONNECT, the end of access
// to a share (MS-CIFS section 2.2.4.51).
//
//wirelog:event smb1_tree_disconnect section=SMB
type SMB1TreeDisconnect struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB1Header `zeek:"hdr"`
	IsOrig bool       `zeek:"is_orig"`
}
