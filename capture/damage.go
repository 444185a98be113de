package capture

import (
	"fmt"
	"strings"
)

// DamageError is damage to a capture file, or an error of another source. The
// packets before it were delivered.
type DamageError struct {
	// File is the path, "standard input", or the name of the source.
	File string
	// Offset is where the damaged record starts, in bytes from the start of the
	// file; in a compressed file it counts uncompressed bytes. It is -1 for a
	// source that is no file.
	Offset int64
	// Compression is "gzip", "zstd", "bzip2", "xz", or empty.
	Compression string
	// Reason says what is wrong.
	Reason string
	// Tolerated is set if reading went on after the record, which is
	// contradictory but of certain extent.
	Tolerated bool
	// Count is the number of records in the file with this damage, 1 if it ended
	// the reading.
	Count uint64
	// Err is the underlying error, such as an I/O error, or nil if the bytes
	// themselves are wrong.
	Err error
}

// Error returns the file, the offset and the reason.
func (e *DamageError) Error() string {
	var s strings.Builder
	s.WriteString(e.File)
	if e.Offset >= 0 {
		fmt.Fprintf(&s, ": damaged at offset %d", e.Offset)
	}
	if e.Compression != "" {
		fmt.Fprintf(&s, " of the data inside %s", e.Compression)
	}
	s.WriteString(": " + e.Reason)
	if e.Err != nil {
		s.WriteString(": " + e.Err.Error())
	}
	if e.Count > 1 {
		fmt.Fprintf(&s, " (and %d more such records)", e.Count-1)
	}
	if e.Tolerated {
		s.WriteString("; reading went on")
	}
	return s.String()
}

// Unwrap returns Err.
func (e *DamageError) Unwrap() error { return e.Err }
