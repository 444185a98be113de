package event

// SMTPRequest is raised for every command of a client (RFC 5321 section 4.1), for the
// "." that ends a message, and for a client's answers during authentication, whose
// command is "**".
//
//wirelog:event smtp_request section=SMTP
type SMTPRequest struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"` // the originator is the client: true until TURN
	Command []byte `zeek:"command"` // in upper case; valid inside the call
	Arg     []byte `zeek:"arg"`     // what follows, valid inside the call
}

// SMTPReply is raised for every line of a reply (RFC 5321 section 4.2).
//
//wirelog:event smtp_reply section=SMTP
type SMTPReply struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Code     uint64 `zeek:"code"`
	Cmd      string `zeek:"cmd"`       // the command it answers, ">" for the greeting, "." for the end of a message
	Msg      []byte `zeek:"msg"`       // the text, valid inside the call
	ContResp bool   `zeek:"cont_resp"` // more lines follow
}

// SMTPData is raised for every line of a mail message that is sent with DATA.
//
//wirelog:event smtp_data section=SMTP
type SMTPData struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Data   []byte `zeek:"data"` // the line without its end and without a dot added in front; valid inside the call
}

// SMTPUnexpected is raised for input that SMTP does not allow, and for commands and
// replies that are unusual in their state.
//
//wirelog:event smtp_unexpected section=SMTP
type SMTPUnexpected struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    string `zeek:"msg"`    // the fault
	Detail []byte `zeek:"detail"` // particulars, valid inside the call
}

// SMTPStartTLS is raised when a server agrees to STARTTLS (RFC 3207). What follows is
// TLS.
//
//wirelog:event smtp_starttls section=SMTP
type SMTPStartTLS struct {
	Conn Conn `zeek:"c"`
}
