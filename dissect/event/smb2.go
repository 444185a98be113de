package event

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
	MessageID uint64 `zeek:"message_id"` // by which a reply belongs to its request
	// ProcessID and TreeID are the two halves of the asynchronous id in asynchronous
	// messages.
	ProcessID uint64 `zeek:"process_id"`
	TreeID    uint64 `zeek:"tree_id"`
	SessionID uint64 `zeek:"session_id"`
	Signature []byte `zeek:"signature"` // 16 bytes, zeros unless signed; valid inside the call
}

// SMB2GUID identifies an open file, or anything else by 16 bytes.
//
//wirelog:record SMB2::GUID
type SMB2GUID struct {
	Persistent uint64 `zeek:"persistent"` // stays when a file is opened again after a disconnect
	Volatile   uint64 `zeek:"volatile"`
}

// SMB2Message is raised for every SMB2 message, also those in a compound (MS-SMB2 section
// 2.2.1), before the event of its command.
//
//wirelog:event smb2_message section=SMB
type SMB2Message struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB2Header `zeek:"hdr"`
	IsOrig bool       `zeek:"is_orig"`
}

// SMB2TransformHdr is what stands before an encrypted SMB3 message (MS-SMB2 section
// 2.2.41).
//
//wirelog:record SMB2::Transform_header
type SMB2TransformHdr struct {
	Signature   []byte `zeek:"signature"`     // 16 bytes; valid inside the call
	Nonce       []byte `zeek:"nonce"`         // 16 bytes; valid inside the call
	OrigMsgSize uint64 `zeek:"orig_msg_size"` // bytes of the message
	Flags       uint64 `zeek:"flags"`         // in older dialects the algorithm
	SessionID   uint64 `zeek:"session_id"`
}

// SMB2TransformHeader is raised for every encrypted SMB3 message. Nothing else is known
// of it.
//
//wirelog:event smb2_transform_header section=SMB own
type SMB2TransformHeader struct {
	Conn Conn             `zeek:"c"`
	Hdr  SMB2TransformHdr `zeek:"hdr"`
}
