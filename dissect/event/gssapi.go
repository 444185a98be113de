package event

// GSSAPINegResult is raised when a SPNEGO response reports how the negotiation of a mechanism
// went (RFC 4178 section 4.2.2).
//
//wirelog:event gssapi_neg_result section=GSSAPI
type GSSAPINegResult struct {
	Conn Conn `zeek:"c"`
	// State is 0 for accepted, 1 for incomplete, 2 for rejected and 3 if the server asks
	// for a check of its list of mechanisms.
	State uint64 `zeek:"state"`
}
