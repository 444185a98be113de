package schemas

import "github.com/wirelog/wirelog/value"

// Files is a transferred file, with one row per connection that carried it.
//
//wirelog:log files
type Files struct {
	// Time at which the file was first seen.
	TS value.Time `zeek:"ts"`
	// Identifier of the file.
	FUID string `zeek:"fuid"`
	// Identifier of the connection that carried it, if one did.
	UID value.Opt[string] `zeek:"uid"`
	// The endpoints of that connection.
	ID value.Opt[ID] `zeek:"id"`
	// Protocol that transferred it.
	Source value.Opt[string] `zeek:"source"`
	// Nesting depth of the file in what was transferred.
	Depth uint64 `zeek:"depth"`
	// Analyzers that were attached to it.
	Analyzers value.Set[string] `zeek:"analyzers"`
	// Media type, detected from the beginning.
	MIMEType value.Opt[string] `zeek:"mime_type"`
	// Name that the protocol gave it.
	Filename value.Opt[string] `zeek:"filename"`
	// Time from the first to the last data of the file.
	Duration value.Interval `zeek:"duration"`
	// Whether the sender is in a local network.
	LocalOrig value.Opt[bool] `zeek:"local_orig"`
	// Whether the originator of the connection sent it.
	IsOrig value.Opt[bool] `zeek:"is_orig"`
	// Bytes analyzed.
	SeenBytes uint64 `zeek:"seen_bytes"`
	// Size announced by the protocol, in bytes.
	TotalBytes value.Opt[uint64] `zeek:"total_bytes"`
	// Bytes that were missing.
	MissingBytes uint64 `zeek:"missing_bytes"`
	// Bytes skipped because too many were waiting for earlier ones.
	OverflowBytes uint64 `zeek:"overflow_bytes"`
	// Whether it ended because no more data came.
	TimedOut bool `zeek:"timedout"`
	// Identifier of the file that contained it.
	ParentFUID value.Opt[string] `zeek:"parent_fuid"`
	// MD5 of the contents, in hexadecimal.
	MD5 value.Opt[string] `zeek:"md5"`
	// SHA-1 of the contents, in hexadecimal.
	SHA1 value.Opt[string] `zeek:"sha1"`
	// SHA-256 of the contents, in hexadecimal.
	SHA256 value.Opt[string] `zeek:"sha256"`
	// Path of the file on disk with the contents, in the folder of the logs if it is relative.
	Extracted value.Opt[string] `zeek:"extracted"`
	// Whether the file on disk was cut off at the size limit.
	ExtractedCutoff value.Opt[bool] `zeek:"extracted_cutoff"`
	// Bytes in the file on disk, if it was cut off.
	ExtractedSize value.Opt[uint64] `zeek:"extracted_size"`
	*Flow
}
