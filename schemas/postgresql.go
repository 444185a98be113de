package schemas

import "github.com/wirelog/wirelog/value"

// PostgreSQL is a request of a client to a PostgreSQL server with its answer.
//
//wirelog:log postgresql
type PostgreSQL struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the user.
	User value.Opt[string] `zeek:"user"`
	// Name of the database.
	Database value.Opt[string] `zeek:"database"`
	// Name that the client's program gives itself.
	ApplicationName value.Opt[string] `zeek:"application_name"`
	// The client's message: ssl_request, startup, simple_query or terminate.
	Frontend value.Opt[string] `zeek:"frontend"`
	// Its argument, such as the text of a query.
	FrontendArg value.Opt[string] `zeek:"frontend_arg"`
	// The server's answer, such as auth_ok or error.
	Backend value.Opt[string] `zeek:"backend"`
	// Its argument: kinds of authentication, fields of errors and notices.
	BackendArg value.Opt[string] `zeek:"backend_arg"`
	// Whether the login or query was successful.
	Success value.Opt[bool] `zeek:"success"`
	// Number of rows returned.
	Rows value.Opt[uint64] `zeek:"rows"`
	*Flow
}
