package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// FTPDataChannel is the data connection that a command has negotiated.
type FTPDataChannel struct {
	Passive value.Opt[bool]       `zeek:"passive"` // Whether the server waits for the client.
	OrigH   value.Opt[netip.Addr] `zeek:"orig_h"`  // Host that is to connect.
	RespH   value.Opt[netip.Addr] `zeek:"resp_h"`  // Host to connect to.
	RespP   value.Opt[Port]       `zeek:"resp_p"`  // Port to connect to.
}

// FTP is an FTP command that transfers or removes a file, or negotiates a data
// connection.
//
//wirelog:log ftp
type FTP struct {
	// Time at which the command was sent.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the control connection.
	UID string `zeek:"uid"`
	// The control connection's endpoints.
	ID ID `zeek:"id"`
	// User name of the session.
	User string `zeek:"user"`
	// Password of the session; recorded only for guests.
	Password value.Opt[string] `zeek:"password"`
	// Command of the client.
	Command value.Opt[string] `zeek:"command"`
	// Its argument, as a URL if it is a file.
	Arg value.Opt[string] `zeek:"arg"`
	// Media type of the file, from its contents.
	MIMEType value.Opt[string] `zeek:"mime_type"`
	// Size of the file according to the server, in bytes.
	FileSize value.Opt[uint64] `zeek:"file_size"`
	// Code of the server's last reply.
	ReplyCode value.Opt[uint64] `zeek:"reply_code"`
	// Text of the server's last reply.
	ReplyMsg value.Opt[string] `zeek:"reply_msg"`
	// The data connection that was negotiated.
	DataChannel FTPDataChannel `zeek:"data_channel"`
	// Identifier of the file in files.log.
	FUID value.Opt[string] `zeek:"fuid"`
	*Flow
}
