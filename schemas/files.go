package schemas

// Files is a file that was transferred, a row for each connection that carried it.
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
	// How deep it was nested in what was transferred.
	Depth uint64 `zeek:"depth"`
	// Analyzers that were put on it.
	Analyzers Set[string] `zeek:"analyzers"`
	// Media type that its beginning shows.
	MIMEType Opt[string] `zeek:"mime_type"`
	// Name that the protocol gave it.
	Filename Opt[string] `zeek:"filename"`
	// Time between the first and the last that was seen of it.
	Duration Interval `zeek:"duration"`
	// Whether the sender is in a local network.
	LocalOrig Opt[bool] `zeek:"local_orig"`
	// Whether the originator of the connection sent it.
	IsOrig Opt[bool] `zeek:"is_orig"`
	// Bytes analyzed.
	SeenBytes uint64 `zeek:"seen_bytes"`
	// Bytes that the protocol said there would be.
	TotalBytes Opt[uint64] `zeek:"total_bytes"`
	// Bytes that were missing.
	MissingBytes uint64 `zeek:"missing_bytes"`
	// Bytes passed over, because too many were waiting for earlier ones.
	OverflowBytes uint64 `zeek:"overflow_bytes"`
	// Whether it ended because nothing more of it came.
	TimedOut bool `zeek:"timedout"`
	// Identifier of the file in which it was.
	ParentFUID Opt[string] `zeek:"parent_fuid"`
	// MD5 of the contents, in hexadecimal.
	MD5 Opt[string] `zeek:"md5"`
	// SHA-1 of the contents, in hexadecimal.
	SHA1 Opt[string] `zeek:"sha1"`
	// SHA-256 of the contents, in hexadecimal.
	SHA256 Opt[string] `zeek:"sha256"`
	// Name of the file on disk that has the contents.
	Extracted Opt[string] `zeek:"extracted"`
	// Whether the file on disk was cut off at the size limit.
	ExtractedCutoff Opt[bool] `zeek:"extracted_cutoff"`
	// Bytes in the file on disk, if it was cut off.
	ExtractedSize Opt[uint64] `zeek:"extracted_size"`
}
