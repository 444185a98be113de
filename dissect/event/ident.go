package event

import "github.com/wirelog/wirelog/value"

// IdentRequest is raised for each query of an Ident client, which names a TCP connection by
// its two ports (RFC 1413 section 4).
//
//wirelog:event ident_request section=Ident
type IdentRequest struct {
	Conn  Conn       `zeek:"c"`
	LPort value.Port `zeek:"lport"` // the second of the query; 0 if it is out of range
	RPort value.Port `zeek:"rport"` // the first of the query; 0 if it is out of range
}

// IdentReply is raised for each reply of an Ident server that names the connection's user
// (RFC 1413 section 6.2, USERID).
//
//wirelog:event ident_reply section=Ident
type IdentReply struct {
	Conn   Conn       `zeek:"c"`
	LPort  value.Port `zeek:"lport"`
	RPort  value.Port `zeek:"rport"`
	UserID []byte     `zeek:"user_id"` // without blanks before it; valid inside the call
	// System is the operating system with the colon or comma that ends it, as in Zeek. It
	// is valid inside the call.
	System []byte `zeek:"system"`
}

// IdentError is raised for each reply of an Ident server that names an error instead of a
// user (RFC 1413 section 6.1, ERROR).
//
//wirelog:event ident_error section=Ident
type IdentError struct {
	Conn  Conn       `zeek:"c"`
	LPort value.Port `zeek:"lport"`
	RPort value.Port `zeek:"rport"`
	Line  []byte     `zeek:"line"` // the error, such as NO-USER; valid inside the call
}
