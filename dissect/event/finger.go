package event

// FingerRequest is raised for each line of a Finger client that is not empty: the query {Q1}
// or {Q2} of RFC 1288 section 2.3.
//
//wirelog:event finger_request section=Finger
type FingerRequest struct {
	Conn     Conn   `zeek:"c"`
	Full     bool   `zeek:"full"`     // with the switch /W, which asks for more
	Username []byte `zeek:"username"` // empty if only /W or a host is given; valid inside the call
	Hostname []byte `zeek:"hostname"` // what follows the first @; valid inside the call
}

// FingerReply is raised for each line of a Finger server (RFC 1288 section 2.2) that is not
// empty.
//
//wirelog:event finger_reply section=Finger
type FingerReply struct {
	Conn      Conn   `zeek:"c"`
	ReplyLine []byte `zeek:"reply_line"` // without its end; valid inside the call
}
