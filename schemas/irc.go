package schemas

// IRC is a command of an IRC client, or a file sent by DCC.
//
//wirelog:log irc
type IRC struct {
	// Time at which the command was seen.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Nickname that the client had before the command.
	Nick Opt[string] `zeek:"nick"`
	// User name that the client had before the command.
	User Opt[string] `zeek:"user"`
	// NICK, USER, JOIN, or DCC for a file.
	Command Opt[string] `zeek:"command"`
	// Argument of the command: the nickname, user name or channel.
	Value Opt[string] `zeek:"value"`
	// Further arguments.
	Addl Opt[string] `zeek:"addl"`
	// Name of the file.
	DCCFileName Opt[string] `zeek:"dcc_file_name"`
	// Size of the file according to the sender, in bytes.
	DCCFileSize Opt[uint64] `zeek:"dcc_file_size"`
	// Media type of the file, from its contents.
	DCCMIMEType Opt[string] `zeek:"dcc_mime_type"`
	// Identifier of the file in files.log.
	FUID Opt[string] `zeek:"fuid"`
}
