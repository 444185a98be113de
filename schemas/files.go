package schemas

import "github.com/wirelog/wirelog/value"

// Files is a file that was transferred, a row for each connection that carried it.
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
	// How deep it was nested in what was transferred.
	Depth uint64 `zeek:"depth"`
	// Analyzers that were put on it.
	Analyzers value.Set[string] `zeek:"analyzers"`
	// Media type that its beginning shows.
	MIMEType value.Opt[string] `zeek:"mime_type"`
	// Name that the protocol gave it.
	Filename value.Opt[string] `zeek:"filename"`
	// Time between the first and the last that was seen of it.
	Duration value.Interval `zeek:"duration"`
	// Whether the sender is in a local network.
	LocalOrig value.Opt[bool] `zeek:"local_orig"`
	// Whether the originator of the connection sent it.
	IsOrig value.Opt[bool] `zeek:"is_orig"`
	// Bytes analyzed.
	SeenBytes uint64 `zeek:"seen_bytes"`
	// Bytes that the protocol said there would be.
	TotalBytes value.Opt[uint64] `zeek:"total_bytes"`
	// Bytes that were missing.
	MissingBytes uint64 `zeek:"missing_bytes"`
	// Bytes passed over, because too many were waiting for earlier ones.
	OverflowBytes uint64 `zeek:"overflow_bytes"`
	// Whether it ended because nothing more of it came.
	TimedOut bool `zeek:"timedout"`
	// Identifier of the file in which it was.
	ParentFUID value.Opt[string] `zeek:"parent_fuid"`
	// MD5 of the contents, in hexadecimal.
	MD5 value.Opt[string] `zeek:"md5"`
	// SHA-1 of the contents, in hexadecimal.
	SHA1 value.Opt[string] `zeek:"sha1"`
	// SHA-256 of the contents, in hexadecimal.
	SHA256 value.Opt[string] `zeek:"sha256"`
	// Name of the file on disk that has the contents.
	Extracted value.Opt[string] `zeek:"extracted"`
	// Whether the file on disk was cut off at the size limit.
	ExtractedCutoff value.Opt[bool] `zeek:"extracted_cutoff"`
	// Bytes in the file on disk, if it was cut off.
	ExtractedSize value.Opt[uint64] `zeek:"extracted_size"`
}
