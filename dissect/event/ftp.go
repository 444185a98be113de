package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// FTPRequest is raised for every command of an FTP client (RFC 959 section 4.1).
//
//wirelog:event ftp_request section=FTP
type FTPRequest struct {
	Conn    Conn   `zeek:"c"`
	Command []byte `zeek:"command"` // in upper case; valid inside the call
	Arg     []byte `zeek:"arg"`     // the rest of the line; valid inside the call
}

// FTPReply is raised for every line of an FTP server's replies (RFC 959 section 4.2).
//
//wirelog:event ftp_reply section=FTP
type FTPReply struct {
	Conn Conn   `zeek:"c"`
	Code uint64 `zeek:"code"` // 0 for a line inside a multi-line reply
	Msg  []byte `zeek:"msg"`  // the line without its code; valid inside the call
	// ContResp is set if more lines of the reply follow.
	ContResp bool `zeek:"cont_resp"`
	// Command and Arg are the command that the line is assumed to answer, and Seq its
	// number on the connection; Command is nil if the line answers none. Both are valid
	// inside the call.
	Command []byte `zeek:"-"`
	Arg     []byte `zeek:"-"`
	Seq     uint64 `zeek:"-"`
}

// FTPCommand is raised when a command of an FTP client is finished: the next one has
// arrived after its reply, or the connection has ended, with or without a reply. Zeek
// has no such event; there, a script pairs commands and replies.
//
//wirelog:event ftp_command section=FTP own
type FTPCommand struct {
	Conn    Conn       `zeek:"c"`
	TS      value.Time `zeek:"ts"`      // when it was sent
	Command []byte     `zeek:"command"` // "<init>" for the server's greeting; valid inside the call
	Arg     []byte     `zeek:"arg"`     // valid inside the call
	// Seq is the number of the command on its connection.
	Seq uint64 `zeek:"seq"`
}

// FTPDataChannel is raised when a connection for data is agreed on: by PORT or EPRT,
// or by the reply to PASV or EPSV (RFC 959, RFC 2428). It has no event in Zeek.
//
//wirelog:event ftp_data_channel section=FTP own
type FTPDataChannel struct {
	Conn    Conn                   `zeek:"c"`
	Channel FTPExpectedDataChannel `zeek:"channel"`
}

// FTPExpectedDataChannel says who will connect where (Zeek's FTP::ExpectedDataChannel).
//
//wirelog:record FTP::ExpectedDataChannel
type FTPExpectedDataChannel struct {
	Passive bool       `zeek:"passive"` // the server waits for the client
	OrigH   netip.Addr `zeek:"orig_h"`  // who will connect
	RespH   netip.Addr `zeek:"resp_h"`  // to whom
	RespP   value.Port `zeek:"resp_p"`
}
