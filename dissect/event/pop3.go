package event

// POP3Request is raised for every command of a client (RFC 1939).
//
//wirelog:event pop3_request section=POP3
type POP3Request struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"` // always true
	Command string `zeek:"command"` // in upper case
	Arg     []byte `zeek:"arg"`     // what follows, valid inside the call
}

// POP3Reply is raised for every status of a server (RFC 1939 section 3).
//
//wirelog:event pop3_reply section=POP3
type POP3Reply struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // always false
	Cmd    string `zeek:"cmd"`     // OK or ERR
	Msg    []byte `zeek:"msg"`     // what follows, valid inside the call
}

// POP3Data is raised for every line of a multi-line reply after the first.
//
//wirelog:event pop3_data section=POP3
type POP3Data struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // always false
	Data   []byte `zeek:"data"`    // the line, each run of blanks reduced to one; valid inside the call
}

// POP3Unexpected is raised for a command in a state in which it is not allowed, or for
// a reply that shows that the session was in another state.
//
//wirelog:event pop3_unexpected section=POP3
type POP3Unexpected struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    string `zeek:"msg"`    // the command or status
	Detail []byte `zeek:"detail"` // the fault; valid inside the call
}

// POP3StartTLS is raised when a server agrees to STLS (RFC 2595 section 4). What
// follows is TLS.
//
//wirelog:event pop3_starttls section=POP3
type POP3StartTLS struct {
	Conn Conn `zeek:"c"`
}

// POP3LoginSuccess is raised when a server accepts a user whose name is known.
//
//wirelog:event pop3_login_success section=POP3
type POP3LoginSuccess struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`  // always false
	User     []byte `zeek:"user"`     // valid inside the call
	Password []byte `zeek:"password"` // empty if not sent in the clear; valid inside the call
}

// POP3LoginFailure is raised when a server refuses a user whose name is known.
//
//wirelog:event pop3_login_failure section=POP3
type POP3LoginFailure struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`  // always false
	User     []byte `zeek:"user"`     // valid inside the call
	Password []byte `zeek:"password"` // empty if not sent in the clear; valid inside the call
}
