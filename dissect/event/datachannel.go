package event

// DataConnection is raised when a connection announced by another one begins,
// such as an FTP data connection. Zeek has no such event.
//
//wirelog:event data_connection section=File own
type DataConnection struct {
	Conn   Conn   `zeek:"c"`
	Source string `zeek:"source"` // Zeek's name of the analyzer, such as "FTP_DATA"
	// Control is the connection that announced it, nil if that has ended.
	Control Conn `zeek:"-"`
}

// FileTransferred is raised when a connection that carries the contents of a file has
// delivered its beginning, or all of it.
//
//wirelog:event file_transferred section=File
type FileTransferred struct {
	Conn     Conn   `zeek:"c"`
	Prefix   []byte `zeek:"prefix"`    // the first 1024 bytes, of both sides together; valid inside the call
	Descr    string `zeek:"descr"`     // always "<unknown>"
	MIMEType string `zeek:"mime_type"` // "<unknown>" if the bytes do not show it
}
