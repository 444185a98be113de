package schemas

import "net/netip"

// FTPDataChannel is the data connection that a command has negotiated.
type FTPDataChannel struct {
	Passive Opt[bool]       `zeek:"passive"` // Whether the server waits for the client.
	OrigH   Opt[netip.Addr] `zeek:"orig_h"`  // Host that is to connect.
	RespH   Opt[netip.Addr] `zeek:"resp_h"`  // Host to connect to.
	RespP   Opt[Port]       `zeek:"resp_p"`  // Port to connect to.
}

// FTP is an FTP command that transfers or removes a file, or negotiates a data
// connection.
//
//wirelog:log ftp
type FTP struct {
	// Time at which the command was sent.
	TS Time `zeek:"ts"`
	// Unique identifier of the control connection.
	UID string `zeek:"uid"`
	// The control connection's endpoints.
	ID ID `zeek:"id"`
	// User name of the session.
	User string `zeek:"user"`
	// Password of the session; recorded only for guests.
	Password Opt[string] `zeek:"password"`
	// Command of the client.
	Command Opt[string] `zeek:"command"`
	// Its argument, as a URL if it is a file.
	Arg Opt[string] `zeek:"arg"`
	// Media type of the file, from its contents.
	MIMEType Opt[string] `zeek:"mime_type"`
	// Size of the file according to the server, in bytes.
	FileSize Opt[uint64] `zeek:"file_size"`
	// Code of the server's last reply.
	ReplyCode Opt[uint64] `zeek:"reply_code"`
	// Text of the server's last reply.
	ReplyMsg Opt[string] `zeek:"reply_msg"`
	// The data connection that was negotiated.
	DataChannel FTPDataChannel `zeek:"data_channel"`
	// Identifier of the file in files.log.
	FUID Opt[string] `zeek:"fuid"`
}
