package schemas

import "github.com/wirelog/wirelog/value"

// TFTP is the transfer of a file over TFTP.
//
//wirelog:log tftp
type TFTP struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection with the request.
	UID string `zeek:"uid"`
	// The endpoints of that connection.
	ID ID `zeek:"id"`
	// Whether the file is written, instead of read.
	WRQ bool `zeek:"wrq"`
	// Name of the file.
	FName string `zeek:"fname"`
	// Mode of the transfer.
	Mode string `zeek:"mode"`
	// Unique identifier of the connection with the file.
	UIDData value.Opt[string] `zeek:"uid_data"`
	// Number of bytes sent.
	Bytes uint64 `zeek:"size"`
	// Highest number of a block that was sent.
	BlockSent uint64 `zeek:"block_sent"`
	// Highest number of a block that was acknowledged.
	BlockAcked uint64 `zeek:"block_acked"`
	// Code of the error that ended the transfer.
	ErrorCode value.Opt[uint64] `zeek:"error_code"`
	// Text of that error.
	ErrorMsg value.Opt[string] `zeek:"error_msg"`
	*Flow
}
