package event

import "github.com/wirelog/wirelog/value"

// File is a file as listeners see it (Zeek's fa_file record): bytes that one or
// more connections carried and that file analysis reassembled. It is valid until
// FileStateRemove has been raised for it.
type File interface {
	// FUID is the unique identifier of the file, "F" followed by base-62 digits.
	FUID() value.UID
	// Source names the protocol that carried it, such as "HTTP".
	Source() string
	// IsOrig reports whether the originator of the first connection sent it; ok is
	// false for a file that came without a connection.
	IsOrig() (isOrig, ok bool)
	// Parent is the identifier of the file that contained this one, or
	// the zero UID.
	Parent() value.UID
	// Start is the time at which the file was opened, LastActive that of the
	// last activity on it.
	Start() value.Time
	LastActive() value.Time
	// SeenBytes is the number of bytes that were analyzed, MissingBytes of those
	// that were not seen, and OverflowBytes of those skipped because too many
	// bytes after them were held.
	SeenBytes() uint64
	MissingBytes() uint64
	OverflowBytes() uint64
	// TotalBytes is the size that the protocol announced, if any.
	TotalBytes() (n uint64, ok bool)
	// MIMEType is the file's media type; "" while it is unknown.
	MIMEType() string
	// Analyzers appends the names of the analyzers that were attached to the file,
	// such as "PE" and "MD5", in that order.
	Analyzers(dst []string) []string
	// Conns are the connections that carried the file, in order. The slice is
	// valid inside the call and must not be changed.
	Conns() []FileConn
	// Extracted is the name of the file on disk that gets the contents; "" when
	// the file is not extracted.
	Extracted() string

	// Filename is the file's name in the protocol, and Depth how deep it is nested
	// (as in a multipart message). The builder of the protocol's log sets them; the
	// name is copied. ok is false for a file without a name.
	Filename() (name string, ok bool)
	Depth() uint64
	SetFilename(name []byte)
	SetDepth(n uint64)

	// Slot and SetSlot keep a builder's state on this file. NewFileSlot hands
	// out slots while the pipeline is built.
	Slot(s FileSlot) any
	SetSlot(s FileSlot, v any)
}

// FileConn is a connection that carried a file. It remains valid after the
// connection has ended.
type FileConn struct {
	ID  ConnID
	UID value.UID
}

// FileSlot is an index into a file's attachments.
type FileSlot uint8

// NewFileSlot hands out the next slot of the files whose events h raises. It may
// only be called while the pipeline is built.
func (h *Hooks) NewFileSlot() FileSlot {
	s := h.fileSlots
	h.fileSlots++
	if h.fileSlots == 0 {
		panic("event: more than 255 file slots")
	}
	return s
}

// FileNew is raised when a file is opened, before any of its bytes are
// analyzed.
//
//wirelog:event file_new section=File
type FileNew struct {
	File File `zeek:"f"`
}

// FileOverNewConnection is raised for each connection that begins to carry a
// file, including the first.
//
//wirelog:event file_over_new_connection section=File
type FileOverNewConnection struct {
	File File `zeek:"f"`
	Conn Conn `zeek:"c"`
	// IsOrig reports whether the originator of Conn sends it.
	IsOrig bool `zeek:"is_orig"`
}

// FileSniff is raised once per file, when its type was detected from its
// beginning or named by the protocol. It is not raised for a file without bytes.
//
//wirelog:event file_sniff section=File
type FileSniff struct {
	File File         `zeek:"f"`
	Meta FileMetadata `zeek:"meta"`
}

// FileMetadata describes a file according to its beginning.
//
//wirelog:record fa_metadata
type FileMetadata struct {
	// MIMEType is the best of the matches.
	MIMEType value.Opt[string] `zeek:"mime_type"`
	// MIMETypes are all matches, best first, or only the best if the shard's options say
	// that nobody needs the others; valid inside the call.
	MIMETypes []MIMEMatch `zeek:"mime_types" type:"mime_matches"`
	// Inferred is set if the type comes from the contents, not set if the protocol
	// named it.
	Inferred bool `zeek:"inferred"`
}

// MIMEMatch is one media type that matches the beginning of a file.
//
//wirelog:record mime_match
type MIMEMatch struct {
	Strength int64  `zeek:"strength"` // higher is more certain
	MIME     string `zeek:"mime"`
}

// FileGap is raised when bytes of a file are missing for good.
//
//wirelog:event file_gap section=File
type FileGap struct {
	File   File   `zeek:"f"`
	Offset uint64 `zeek:"offset"` // of the first missing byte
	Len    uint64 `zeek:"len"`    // bytes missing
}

// FileReassemblyOverflow is raised when a hole in a file is abandoned because too
// many bytes after it are held.
//
//wirelog:event file_reassembly_overflow section=File
type FileReassemblyOverflow struct {
	File    File   `zeek:"f"`
	Offset  uint64 `zeek:"offset"`  // up to here the file was analyzed
	Skipped uint64 `zeek:"skipped"` // bytes skipped
}

// FileHash is raised when a file for which hashes were requested has been seen
// from its first to its last byte.
//
//wirelog:event file_hash section=File own
type FileHash struct {
	File File   `zeek:"f"`
	Kind string `zeek:"kind"` // "md5", "sha1" or "sha256"
	Hash string `zeek:"hash"` // in hexadecimal
}

// FileExtractionLimit is raised when a file that is written to disk has reached
// the size limit; the rest is not written.
//
//wirelog:event file_extraction_limit section=File own
type FileExtractionLimit struct {
	File  File   `zeek:"f"`
	Limit uint64 `zeek:"limit"` // bytes
	Len   uint64 `zeek:"len"`   // bytes of the piece that passed the limit
}

// FileTimeout is raised when a file has seen no activity for its timeout. The
// file ends there.
//
//wirelog:event file_timeout section=File end
type FileTimeout struct {
	File File `zeek:"f"`
}

// FileStateRemove is raised when the analysis of a file has ended, last of its
// events.
//
//wirelog:event file_state_remove section=File end
type FileStateRemove struct {
	File File `zeek:"f"`
}
