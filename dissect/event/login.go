package event

// LoginInputLine is raised for each line that the user of a Telnet, rlogin or rsh session
// types. As all events about lines it comes without NULs and the line's end.
//
//wirelog:event login_input_line section=Login
type LoginInputLine struct {
	Conn Conn   `zeek:"c"`
	Line []byte `zeek:"line"` // valid inside the call
}

// LoginOutputLine is raised for each line that the server of a Telnet, rlogin or rsh session
// prints.
//
//wirelog:event login_output_line section=Login
type LoginOutputLine struct {
	Conn Conn   `zeek:"c"`
	Line []byte `zeek:"line"` // valid inside the call
}

// LoginSuccess is raised when the server's lines show that a login has succeeded.
//
//wirelog:event login_success section=Login
type LoginSuccess struct {
	Conn Conn `zeek:"c"`
	// User is the name that was typed or that the client sent, "<none>" if there is none.
	// It is valid inside the call, as are the others.
	User       []byte `zeek:"user"`
	ClientUser []byte `zeek:"client_user"` // name on the client's host, from rlogin or rsh (RFC 1282)
	Password   []byte `zeek:"password"`    // what was typed next, "<none>" if nothing was
	Line       []byte `zeek:"line"`        // the server's line, or "<EOF>" if a side has closed
}

// LoginFailure is raised when the server's lines show that a login has failed, or that the
// server no longer waits for it.
//
//wirelog:event login_failure section=Login
type LoginFailure struct {
	Conn       Conn   `zeek:"c"`
	User       []byte `zeek:"user"`        // as in LoginSuccess; valid inside the call
	ClientUser []byte `zeek:"client_user"` // as in LoginSuccess; valid inside the call
	Password   []byte `zeek:"password"`    // as in LoginSuccess, "<timeout>" if the server has given up; valid inside the call
	Line       []byte `zeek:"line"`        // the server's line; valid inside the call
}

// LoginConfused is raised when a login dialogue takes a course that the analyzer cannot
// follow.
//
//wirelog:event login_confused section=Login
type LoginConfused struct {
	Conn Conn   `zeek:"c"`
	Msg  string `zeek:"msg"`  // the reason, a word of Zeek's such as no_login_prompt
	Line []byte `zeek:"line"` // the line at fault; valid inside the call
}

// LoginConfusedText is raised after LoginConfused for the lines typed before that no login
// has used, for the line at fault, and then for each line that the user types.
//
//wirelog:event login_confused_text section=Login
type LoginConfusedText struct {
	Conn Conn   `zeek:"c"`
	Line []byte `zeek:"line"` // valid inside the call
}

// LoginTerminal is raised when the client of a session names its terminal: by the option
// TERMINAL-TYPE (RFC 1091), the variable TERM (RFC 1572), or rlogin's first bytes (RFC
// 1282), where the speed follows after a slash.
//
//wirelog:event login_terminal section=Login
type LoginTerminal struct {
	Conn     Conn   `zeek:"c"`
	Terminal []byte `zeek:"terminal"` // valid inside the call
}

// LoginDisplay is raised when a Telnet client passes the variable DISPLAY, the X11 display
// to use (RFC 1572).
//
//wirelog:event login_display section=Login
type LoginDisplay struct {
	Conn    Conn   `zeek:"c"`
	Display []byte `zeek:"display"` // valid inside the call
}

// LoginPrompt is raised when a Telnet client passes the variable TTYPROMPT (RFC 1572).
//
//wirelog:event login_prompt section=Login
type LoginPrompt struct {
	Conn   Conn   `zeek:"c"`
	Prompt []byte `zeek:"prompt"` // valid inside the call
}

// AuthenticationAccepted is raised when a side of a Telnet session accepts the other's
// authentication (RFC 2941, REPLY; RFC 2942, ACCEPT).
//
//wirelog:event authentication_accepted section=Login
type AuthenticationAccepted struct {
	Name []byte `zeek:"name"` // of the option's NAME, "<empty>" if there was none; valid inside the call
	Conn Conn   `zeek:"c"`
}

// AuthenticationRejected is raised when a side of a Telnet session rejects the other's
// authentication (RFC 2941, REPLY; RFC 2942, REJECT).
//
//wirelog:event authentication_rejected section=Login
type AuthenticationRejected struct {
	Name []byte `zeek:"name"` // of the option's NAME, "<empty>" if there was none; valid inside the call
	Conn Conn   `zeek:"c"`
}

// AuthenticationSkipped is raised when the server's lines show that a session goes on
// without a login. The rest of the session is not analyzed.
//
//wirelog:event authentication_skipped section=Login
type AuthenticationSkipped struct {
	Conn Conn `zeek:"c"`
}

// ActivatingEncryption is raised when a side of a Telnet session begins to encrypt (RFC
// 2946, START), after which what it sends is not analyzed.
//
//wirelog:event activating_encryption section=Login
type ActivatingEncryption struct {
	Conn Conn `zeek:"c"`
}

// BadOption is raised for a subnegotiation of a Telnet option that is not of the option's
// form (RFC 855).
//
//wirelog:event bad_option section=Login
type BadOption struct {
	Conn Conn `zeek:"c"`
}

// BadOptionTermination is raised for a subnegotiation of Telnet that another command than SE
// ends (RFC 855).
//
//wirelog:event bad_option_termination section=Login
type BadOptionTermination struct {
	Conn Conn `zeek:"c"`
}

// InconsistentOption is raised when the sides of a Telnet session contradict each other, or
// themselves, about an option (RFC 854, RFC 1143).
//
//wirelog:event inconsistent_option section=Login
type InconsistentOption struct {
	Conn Conn `zeek:"c"`
}

// RshRequest is raised for each line that the client of rsh sends after the names.
//
//wirelog:event rsh_request section=Login
type RshRequest struct {
	Conn       Conn   `zeek:"c"`
	ClientUser []byte `zeek:"client_user"` // name on the client's host, "<none>" if unknown; valid inside the call
	ServerUser []byte `zeek:"server_user"` // name on the server's host, "<none>" if unknown; valid inside the call
	Line       []byte `zeek:"line"`        // without blanks before it; valid inside the call
	NewSession bool   `zeek:"new_session"` // the line is the command
}

// RshReply is raised for each line that the server of rsh sends.
//
//wirelog:event rsh_reply section=Login
type RshReply struct {
	Conn       Conn   `zeek:"c"`
	ClientUser []byte `zeek:"client_user"` // as in RshRequest; valid inside the call
	ServerUser []byte `zeek:"server_user"` // as in RshRequest; valid inside the call
	Line       []byte `zeek:"line"`        // without blanks before it; valid inside the call
}
