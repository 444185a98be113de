package capture

import (
	"fmt"
	"strings"
)

// DamageError is damage to a capture file. What stood before it was delivered.
type DamageError struct {
	// File is the path, or "standard input".
	File string
	// Offset is where in the file the damaged record starts, in bytes. In a
	// compressed file it counts uncompressed bytes.
	Offset int64
	// Compression is "gzip", "zstd", "bzip2", "xz", or empty.
	Compression string
	// Reason says what is wrong there.
	Reason string
	// Tolerated is set when reading went on after the record: it is
	// contradictory, but its extent is certain.
	Tolerated bool
	// Count is the number of records in the file with this damage, 1 when it
	// ended the reading.
	Count uint64
	// Err is the cause, when there is one beside the bytes, such as an I/O error.
	Err error
}

// Error names the file, the offset and the reason.
func (e *DamageError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: damaged at offset %d", e.File, e.Offset)
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

// Unwrap returns the cause, if any.
func (e *DamageError) Unwrap() error { return e.Err }
