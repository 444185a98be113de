package schemas

// MySQL is a command to a MySQL server, or the login.
//
//wirelog:log mysql
type MySQL struct {
	// Time of the command.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the command, or login.
	Cmd string `zeek:"cmd"`
	// Argument of the command, such as the text of a query or the name of a user.
	Arg string `zeek:"arg"`
	// Whether the server reports success.
	Success Opt[bool] `zeek:"success"`
	// Number of affected rows.
	Rows Opt[uint64] `zeek:"rows"`
	// The server's message, which comes with an error.
	Response Opt[string] `zeek:"response"`
}
