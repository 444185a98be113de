package schemas

import "github.com/wirelog/wirelog/value"

// IRC is a command of an IRC client, or a file sent by DCC.
//
//wirelog:log irc
type IRC struct {
	// Time at which the command was seen.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Nickname that the client had before the command.
	Nick value.Opt[string] `zeek:"nick"`
	// User name that the client had before the command.
	User value.Opt[string] `zeek:"user"`
	// NICK, USER, JOIN, or DCC for a file.
	Command value.Opt[string] `zeek:"command"`
	// Argument of the command: the nickname, user name or channel.
	Value value.Opt[string] `zeek:"value"`
	// Further arguments.
	Addl value.Opt[string] `zeek:"addl"`
	// Name of the file.
	DCCFileName value.Opt[string] `zeek:"dcc_file_name"`
	// Size of the file according to the sender, in bytes.
	DCCFileSize value.Opt[uint64] `zeek:"dcc_file_size"`
	// Media type of the file, from its contents.
	DCCMIMEType value.Opt[string] `zeek:"dcc_mime_type"`
	// Identifier of the file in files.log.
	FUID value.Opt[string] `zeek:"fuid"`
	*Flow
}
