package schemas

import "github.com/wirelog/wirelog/value"

// MySQL is a command to a MySQL server, or the login.
//
//wirelog:log mysql
type MySQL struct {
	// Time of the command.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the command, or login.
	Cmd string `zeek:"cmd"`
	// Argument of the command, such as the text of a query or the name of a user.
	Arg string `zeek:"arg"`
	// Whether the server reports success.
	Success value.Opt[bool] `zeek:"success"`
	// Number of affected rows.
	Rows value.Opt[uint64] `zeek:"rows"`
	// The server's message, which comes with an error.
	Response value.Opt[string] `zeek:"response"`
	*Flow
}
