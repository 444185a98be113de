package event

// File is a file as listeners see it (Zeek's fa_file record): bytes that a
// connection carried and that were put together by file analysis.
type File interface {
	// FUID is the unique identifier of the file, "F" followed by base-62 digits.
	FUID() UID
	// Source names the protocol that carried it, such as "HTTP".
	Source() string
}
