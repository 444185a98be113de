package event

// TFTPReadRequest is raised for every request to read a file (RFC 1350 section 5).
//
//wirelog:event tftp::read_request section=TFTP own
type TFTPReadRequest struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	FName  []byte `zeek:"fname"` // name of the file; valid inside the call
	Mode   []byte `zeek:"mode"`  // netascii, octet or mail; valid inside the call
}

// TFTPWriteRequest is raised for every request to write a file (RFC 1350 section 5).
//
//wirelog:event tftp::write_request section=TFTP own
type TFTPWriteRequest struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	FName  []byte `zeek:"fname"` // name of the file; valid inside the call
	Mode   []byte `zeek:"mode"`  // netascii, octet or mail; valid inside the call
}

// TFTPData is raised for every block of a file (RFC 1350 section 5).
//
//wirelog:event tftp::data section=TFTP own
type TFTPData struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	BlockNum uint64 `zeek:"block_num"` // as in the packet: 0 follows 65535
	Data     []byte `zeek:"data"`      // valid inside the call
}

// TFTPAck is raised for every acknowledgment (RFC 1350 section 5).
//
//wirelog:event tftp::ack section=TFTP own
type TFTPAck struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	BlockNum uint64 `zeek:"block_num"` // 0 for a request to write
}

// TFTPError is raised for every error (RFC 1350 section 5).
//
//wirelog:event tftp::error section=TFTP own
type TFTPError struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Code   uint64 `zeek:"code"`
	Msg    []byte `zeek:"msg"` // valid inside the call
}

// TFTPOption is raised for every option of a request, after it, and of an option
// acknowledgment (RFC 2347).
//
//wirelog:event tftp::option section=TFTP own
type TFTPOption struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Name   []byte `zeek:"name"`  // such as blksize; valid inside the call
	Value  []byte `zeek:"value"` // valid inside the call
	Acked  bool   `zeek:"acked"` // in an option acknowledgment
}

// TFTPUnknownOpcode is raised for every packet of a type that TFTP does not have.
//
//wirelog:event tftp::unknown_opcode section=TFTP own
type TFTPUnknownOpcode struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Code   uint64 `zeek:"code"`
}
