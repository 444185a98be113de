package schemas

import "github.com/wirelog/wirelog/value"

// SMBTimes are the four times of a file.
type SMBTimes struct {
	// Time at which the contents were changed.
	Modified value.Opt[value.Time] `zeek:"modified"`
	// Time of the last access.
	Accessed value.Opt[value.Time] `zeek:"accessed"`
	// Time at which the file was made.
	Created value.Opt[value.Time] `zeek:"created"`
	// Time at which contents or attributes were changed.
	Changed value.Opt[value.Time] `zeek:"changed"`
}

// SMBFiles is an operation on a file over SMB.
//
//wirelog:log smb_files
type SMBFiles struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Identifier of the file in files.log.
	FUID value.Opt[string] `zeek:"fuid"`
	// What was done.
	Action value.Opt[value.Enum] `zeek:"action"`
	// Share that contains the file.
	Path value.Opt[string] `zeek:"path"`
	// Name of the file in the share.
	Name value.Opt[string] `zeek:"name"`
	// Size when it was opened, in bytes.
	FileSize uint64 `zeek:"size"`
	// Name before it was renamed.
	PrevName value.Opt[string] `zeek:"prev_name"`
	// The file's times when it was opened.
	Times SMBTimes `zeek:"times"`
	*Flow
}

// SMBMapping is a share that a client connected to over SMB.
//
//wirelog:log smb_mapping
type SMBMapping struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the share.
	Path value.Opt[string] `zeek:"path"`
	// Kind of resource, as SMB1 names it.
	Service value.Opt[string] `zeek:"service"`
	// File system of the share, as reported by SMB1.
	NativeFileSystem value.Opt[string] `zeek:"native_file_system"`
	// DISK, PIPE or PRINT.
	ShareType string `zeek:"share_type"`
	*Flow
}

// SMBCmd is an SMB command with its response.
//
//wirelog:log smb_cmd optional
type SMBCmd struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// The command.
	Command string `zeek:"command"`
	// Function of the command, if it has several.
	SubCommand value.Opt[string] `zeek:"sub_command"`
	// Argument of the command, such as the name of a file.
	Argument value.Opt[string] `zeek:"argument"`
	// The reply's status.
	Status value.Opt[string] `zeek:"status"`
	// Time from request to reply.
	RTT value.Opt[value.Interval] `zeek:"rtt"`
	// SMB1 or SMB2.
	Version string `zeek:"version"`
	// Name of the user.
	Username value.Opt[string] `zeek:"username"`
	// The share.
	Tree value.Opt[string] `zeek:"tree"`
	// Kind of resource that the share is.
	TreeService value.Opt[string] `zeek:"tree_service"`
	// The file.
	ReferencedFile SMBFile `zeek:"referenced_file"`
	*Flow
}

// SMBFile is the file that a command is about. All of it is unset if there is none.
type SMBFile struct {
	// Time at which it was first referred to.
	TS value.Opt[value.Time] `zeek:"ts"`
	// Unique identifier of the connection.
	UID value.Opt[string] `zeek:"uid"`
	// The connection's endpoints.
	ID value.Opt[ID] `zeek:"id"`
	// Identifier of the file in files.log.
	FUID value.Opt[string] `zeek:"fuid"`
	// What was done.
	Action value.Opt[value.Enum] `zeek:"action"`
	// Share that contains the file.
	Path value.Opt[string] `zeek:"path"`
	// Name of the file in the share.
	Name value.Opt[string] `zeek:"name"`
	// Size when it was opened, in bytes.
	FileSize value.Opt[uint64] `zeek:"size"`
	// Name before it was renamed.
	PrevName value.Opt[string] `zeek:"prev_name"`
	// The file's times when it was opened.
	Times SMBTimes `zeek:"times"`
}
