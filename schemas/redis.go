package schemas

import "github.com/wirelog/wirelog/value"

// Redis is a command to a Redis server and its reply.
//
//wirelog:log redis
type Redis struct {
	// Time of the command, or of the reply if the command was not seen.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the command: its first word.
	Name value.Opt[string] `zeek:"cmd.name"`
	// Key, if the command is known to have one.
	Key value.Opt[string] `zeek:"cmd.key"`
	// Value, if the command is known to have one.
	Value value.Opt[string] `zeek:"cmd.value"`
	// Whether the reply is no error; unset without a reply.
	Success value.Opt[bool] `zeek:"success"`
	// The reply as text.
	Reply value.Opt[string] `zeek:"reply.value"`
	*Flow
}
