package event

// XMPPStartTLS is raised when an XMPP server agrees to a client's starttls: TLS follows
// (RFC 6120 section 5).
//
//wirelog:event xmpp_starttls section=XMPP
type XMPPStartTLS struct {
	Conn Conn `zeek:"c"`
}
