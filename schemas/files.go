package schemas

// Files is a transferred file, with one row per connection that carried it.
//
//wirelog:log files
type Files struct {
	// Time at which the file was first seen.
	TS Time `zeek:"ts"`
	// Identifier of the file.
	FUID string `zeek:"fuid"`
	// Identifier of the connection that carried it, if one did.
	UID Opt[string] `zeek:"uid"`
	// The endpoints of that connection.
	ID Opt[ID] `zeek:"id"`
	// Protocol that transferred it.
	Source Opt[string] `zeek:"source"`
	// Nesting depth of the file in what was transferred.
	Depth uint64 `zeek:"depth"`
	// Analyzers that were attached to it.
	Analyzers Set[string] `zeek:"analyzers"`
	// Media type, detected from the beginning.
	MIMEType Opt[string] `zeek:"mime_type"`
	// Name that the protocol gave it.
	Filename Opt[string] `zeek:"filename"`
	// Time from the first to the last data of the file.
	Duration Interval `zeek:"duration"`
	// Whether the sender is in a local network.
	LocalOrig Opt[bool] `zeek:"local_orig"`
	// Whether the originator of the connection sent it.
	IsOrig Opt[bool] `zeek:"is_orig"`
	// Bytes analyzed.
	SeenBytes uint64 `zeek:"seen_bytes"`
	// Size announced by the protocol, in bytes.
	TotalBytes Opt[uint64] `zeek:"total_bytes"`
	// Bytes that were missing.
	MissingBytes uint64 `zeek:"missing_bytes"`
	// Bytes skipped because too many were waiting for earlier ones.
	OverflowBytes uint64 `zeek:"overflow_bytes"`
	// Whether it ended because no more data came.
	TimedOut bool `zeek:"timedout"`
	// Identifier of the file that contained it.
	ParentFUID Opt[string] `zeek:"parent_fuid"`
	// MD5 of the contents, in hexadecimal.
	MD5 Opt[string] `zeek:"md5"`
	// SHA-1 of the contents, in hexadecimal.
	SHA1 Opt[string] `zeek:"sha1"`
	// SHA-256 of the contents, in hexadecimal.
	SHA256 Opt[string] `zeek:"sha256"`
	// Name of the file on disk with the contents.
	Extracted Opt[string] `zeek:"extracted"`
	// Whether the file on disk was cut off at the size limit.
	ExtractedCutoff Opt[bool] `zeek:"extracted_cutoff"`
	// Bytes in the file on disk, if it was cut off.
	ExtractedSize Opt[uint64] `zeek:"extracted_size"`
}
