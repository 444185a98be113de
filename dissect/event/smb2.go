package event

import "github.com/wirelog/wirelog/value"

// SMB2Header is the header of an SMB2 message (MS-SMB2 section 2.2.1).
//
//wirelog:record SMB2::Header
type SMB2Header struct {
	CreditCharge uint64 `zeek:"credit_charge"` // credits that the request costs
	// Status is the reply's NTSTATUS (MS-ERREF section 2.3). In a request of SMB 3 it is
	// a channel sequence.
	Status    uint64 `zeek:"status"`
	Command   uint64 `zeek:"command"`
	Credits   uint64 `zeek:"credits"` // asked for or granted
	Flags     uint64 `zeek:"flags"`
	MessageID uint64 `zeek:"message_id"` // matches a reply to its request
	// ProcessID and TreeID are the two halves of the asynchronous id in asynchronous
	// messages.
	ProcessID uint64 `zeek:"process_id"`
	TreeID    uint64 `zeek:"tree_id"`
	SessionID uint64 `zeek:"session_id"`
	Signature []byte `zeek:"signature"` // 16 bytes, zeros unless signed; valid inside the call
}

// SMB2GUID is a 16-byte identifier, of an open file or of anything else.
//
//wirelog:record SMB2::GUID
type SMB2GUID struct {
	Persistent uint64 `zeek:"persistent"` // kept when a file is opened again after a disconnect
	Volatile   uint64 `zeek:"volatile"`
}

// SMB2Message is raised for every SMB2 message, including those in a compound (MS-SMB2
// section 2.2.1), before the event of its command.
//
//wirelog:event smb2_message section=SMB
type SMB2Message struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB2Header `zeek:"hdr"`
	IsOrig bool       `zeek:"is_orig"`
}

// SMB2TransformHdr is the header before an encrypted SMB3 message (MS-SMB2 section
// 2.2.41).
//
//wirelog:record SMB2::Transform_header
type SMB2TransformHdr struct {
	Signature   []byte `zeek:"signature"`     // 16 bytes; valid inside the call
	Nonce       []byte `zeek:"nonce"`         // 16 bytes; valid inside the call
	OrigMsgSize uint64 `zeek:"orig_msg_size"` // bytes of the message
	Flags       uint64 `zeek:"flags"`         // the algorithm in older dialects
	SessionID   uint64 `zeek:"session_id"`
}

// SMB2TransformHeader is raised for every encrypted SMB3 message. Nothing else of the
// message is known.
//
//wirelog:event smb2_transform_header section=SMB own
type SMB2TransformHeader struct {
	Conn Conn             `zeek:"c"`
	Hdr  SMB2TransformHdr `zeek:"hdr"`
}

// SMB2FileAttrs are the attributes of a file (MS-FSCC section 2.6).
//
//wirelog:record SMB2::FileAttrs
type SMB2FileAttrs struct {
	ReadOnly          bool `zeek:"read_only"`
	Hidden            bool `zeek:"hidden"`
	System            bool `zeek:"system"`
	Directory         bool `zeek:"directory"`
	Archive           bool `zeek:"archive"`
	Normal            bool `zeek:"normal"`
	Temporary         bool `zeek:"temporary"`
	SparseFile        bool `zeek:"sparse_file"`
	ReparsePoint      bool `zeek:"reparse_point"`
	Compressed        bool `zeek:"compressed"`
	Offline           bool `zeek:"offline"`
	NotContentIndexed bool `zeek:"not_content_indexed"`
	Encrypted         bool `zeek:"encrypted"`
	IntegrityStream   bool `zeek:"integrity_stream"`
	NoScrubData       bool `zeek:"no_scrub_data"`
}

// SMB2NegotiateRequest is raised for an SMB2 request to negotiate, with the dialects that
// the client speaks (MS-SMB2 section 2.2.3).
//
//wirelog:event smb2_negotiate_request section=SMB
type SMB2NegotiateRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB2Header `zeek:"hdr"`
	Dialects []uint64   `zeek:"dialects" type:"index_vec"` // such as 0x0311; valid inside the call
}

// SMB2NegotiateResponse is raised for an SMB2 reply to a request to negotiate (MS-SMB2
// section 2.2.4).
//
//wirelog:event smb2_negotiate_response section=SMB
type SMB2NegotiateResponse struct {
	Conn     Conn                `zeek:"c"`
	Hdr      SMB2Header          `zeek:"hdr"`
	Response SMB2NegotiateResult `zeek:"response"`
}

// SMB2NegotiateResult is what an SMB2 server chose and says of itself.
//
//wirelog:record SMB2::NegotiateResponse
type SMB2NegotiateResult struct {
	DialectRevision uint64   `zeek:"dialect_revision"` // such as 0x0311
	SecurityMode    uint64   `zeek:"security_mode"`    // whether messages may or must be signed
	ServerGUID      SMB2GUID `zeek:"server_guid"`
	// SystemTime is that of the server, ServerStartTime when it started; both in seconds
	// since 1970.
	SystemTime      float64 `zeek:"system_time" type:"time"`
	ServerStartTime float64 `zeek:"server_start_time" type:"time"`
	// NegotiateContextCount is the number of contexts, in dialect 0x0311.
	NegotiateContextCount  uint64                      `zeek:"negotiate_context_count"`
	NegotiateContextValues []SMB2NegotiateContextValue `zeek:"negotiate_context_values" type:"SMB2::NegotiateContextValues"` // valid inside the call
}

// SMB2NegotiateContextValue is one context of an SMB 3.1.1 reply (MS-SMB2 section 2.2.4.1).
//
//wirelog:record SMB2::NegotiateContextValue
type SMB2NegotiateContextValue struct {
	ContextType uint64 `zeek:"context_type"`
	DataLength  uint64 `zeek:"data_length"` // bytes
	// ContextType decides which of the following fields is set.
	PreAuthInfo     value.Opt[SMB2PreAuthIntegrityCapabilities] `zeek:"preauth_info"`
	EncryptionInfo  value.Opt[SMB2EncryptionCapabilities]       `zeek:"encryption_info"`
	CompressionInfo value.Opt[SMB2CompressionCapabilities]      `zeek:"compression_info"`
	Netname         value.Opt[[]byte]                           `zeek:"netname"` // UTF-16 as sent; valid inside the call
}

// SMB2PreAuthIntegrityCapabilities are the hashes that protect the negotiation (MS-SMB2
// section 2.2.3.1.1).
//
//wirelog:record SMB2::PreAuthIntegrityCapabilities
type SMB2PreAuthIntegrityCapabilities struct {
	HashAlgCount uint64   `zeek:"hash_alg_count"`
	SaltLength   uint64   `zeek:"salt_length"` // bytes
	HashAlg      []uint64 `zeek:"hash_alg"`    // valid inside the call
	Salt         []byte   `zeek:"salt"`        // valid inside the call
}

// SMB2EncryptionCapabilities are ciphers (MS-SMB2 section 2.2.3.1.2).
//
//wirelog:record SMB2::EncryptionCapabilities
type SMB2EncryptionCapabilities struct {
	CipherCount uint64   `zeek:"cipher_count"`
	Ciphers     []uint64 `zeek:"ciphers"` // valid inside the call
}

// SMB2CompressionCapabilities are compression algorithms (MS-SMB2 section
// 2.2.3.1.3).
//
//wirelog:record SMB2::CompressionCapabilities
type SMB2CompressionCapabilities struct {
	AlgCount uint64   `zeek:"alg_count"`
	Algs     []uint64 `zeek:"algs"` // valid inside the call
}

// SMB2SessionSetupRequest is raised for an SMB2 request to set up a session, a step of the
// authentication (MS-SMB2 section 2.2.5).
//
//wirelog:event smb2_session_setup_request section=SMB
type SMB2SessionSetupRequest struct {
	Conn    Conn                 `zeek:"c"`
	Hdr     SMB2Header           `zeek:"hdr"`
	Request SMB2SessionSetupArgs `zeek:"request"`
}

// SMB2SessionSetupArgs are the arguments of a request to set up a session.
//
//wirelog:record SMB2::SessionSetupRequest
type SMB2SessionSetupArgs struct {
	SecurityMode uint64 `zeek:"security_mode"` // whether messages may or must be signed
}

// SMB2SessionSetupResponse is raised for an SMB2 reply to a request to set up a session
// (MS-SMB2 section 2.2.6).
//
//wirelog:event smb2_session_setup_response section=SMB
type SMB2SessionSetupResponse struct {
	Conn     Conn                   `zeek:"c"`
	Hdr      SMB2Header             `zeek:"hdr"`
	Response SMB2SessionSetupResult `zeek:"response"`
}

// SMB2SessionSetupResult is what a server answers to a request to set up a session.
//
//wirelog:record SMB2::SessionSetupResponse
type SMB2SessionSetupResult struct {
	Flags SMB2SessionSetupFlags `zeek:"flags"`
}

// SMB2SessionSetupFlags say what kind of session it is.
//
//wirelog:record SMB2::SessionSetupFlags
type SMB2SessionSetupFlags struct {
	Guest     bool `zeek:"guest"`
	Anonymous bool `zeek:"anonymous"`
	Encrypt   bool `zeek:"encrypt"` // messages must be encrypted
}

// SMB2TreeConnectRequest is raised for an SMB2 request to connect to a share (MS-SMB2
// section 2.2.9).
//
//wirelog:event smb2_tree_connect_request section=SMB
type SMB2TreeConnectRequest struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB2Header `zeek:"hdr"`
	Path []byte     `zeek:"path"` // in UTF-8; valid inside the call
}

// SMB2TreeConnectResponse is raised for an SMB2 reply to a request to connect to a share
// (MS-SMB2 section 2.2.10).
//
//wirelog:event smb2_tree_connect_response section=SMB
type SMB2TreeConnectResponse struct {
	Conn     Conn                  `zeek:"c"`
	Hdr      SMB2Header            `zeek:"hdr"`
	Response SMB2TreeConnectResult `zeek:"response"`
}

// SMB2TreeConnectResult says what a share is.
//
//wirelog:record SMB2::TreeConnectResponse
type SMB2TreeConnectResult struct {
	ShareType uint64 `zeek:"share_type"` // 1 disk, 2 named pipes, 3 printer
}

// SMB2TreeDisconnectRequest is raised for an SMB2 request to disconnect from a share
// (MS-SMB2 section 2.2.11).
//
//wirelog:event smb2_tree_disconnect_request section=SMB
type SMB2TreeDisconnectRequest struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB2Header `zeek:"hdr"`
}

// SMB2TreeDisconnectResponse is raised for an SMB2 reply to a request to disconnect from a
// share (MS-SMB2 section 2.2.12).
//
//wirelog:event smb2_tree_disconnect_response section=SMB
type SMB2TreeDisconnectResponse struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB2Header `zeek:"hdr"`
}
