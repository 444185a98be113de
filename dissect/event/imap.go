package event

// IMAPCapabilities is raised when a server lists its capabilities (RFC 9051 section
// 7.2.2).
//
//wirelog:event imap_capabilities section=IMAP
type IMAPCapabilities struct {
	Conn         Conn     `zeek:"c"`
	Capabilities [][]byte `zeek:"capabilities" type:"string_vec"` // valid inside the call
}

// IMAPStartTLS is raised when a server agrees to STARTTLS (RFC 9051 section 6.2.1).
// What follows is TLS.
//
//wirelog:event imap_starttls section=IMAP
type IMAPStartTLS struct {
	Conn Conn `zeek:"c"`
}
