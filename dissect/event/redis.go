package event

import "github.com/wirelog/wirelog/value"

// RedisSetData is a SET command.
//
//wirelog:record Redis::SetCommand
type RedisSetData struct {
	Key   []byte `zeek:"key"`   // valid inside the call
	Value []byte `zeek:"value"` // valid inside the call
	NX    bool   `zeek:"nx"`    // only if the key does not exist
	XX    bool   `zeek:"xx"`    // only if the key exists
	Get   bool   `zeek:"get"`   // returns the old value
	// EX and PX are how long the key lives, in seconds and in milliseconds. EXAT and PXAT
	// are the Unix time of its end, in the same units.
	EX      value.Opt[uint64] `zeek:"ex"`
	PX      value.Opt[uint64] `zeek:"px"`
	EXAT    value.Opt[uint64] `zeek:"exat"`
	PXAT    value.Opt[uint64] `zeek:"pxat"`
	KeepTTL bool              `zeek:"keep_ttl"` // the key lives as long as before
}

// RedisAuthData is an AUTH command.
//
//wirelog:record Redis::AuthCommand
type RedisAuthData struct {
	Username value.Opt[[]byte] `zeek:"username"` // valid inside the call
	Password []byte            `zeek:"password"` // valid inside the call
}

// RedisHelloData is a HELLO command.
//
//wirelog:record Redis::HelloCommand
type RedisHelloData struct {
	RequestedRESPVersion value.Opt[[]byte] `zeek:"requested_resp_version"` // "2" or "3"; valid inside the call
}

// RedisCommandData is a command of a client.
//
//wirelog:record Redis::Command
type RedisCommandData struct {
	Raw   [][]byte              `zeek:"raw"`                              // its words; valid inside the call
	Name  []byte                `zeek:"name"`                             // the first word; valid inside the call
	Key   value.Opt[[]byte]     `zeek:"key"`                              // of a known command with a key; valid inside the call
	Value value.Opt[[]byte]     `zeek:"value"`                            // of a known command with a value; valid inside the call
	Known value.Opt[value.Enum] `zeek:"known" type:"Redis::RedisCommand"` // such as "Redis::RedisCommand_GET"
}

// RedisReplyData is a message of a server.
//
//wirelog:record Redis::ReplyData
type RedisReplyData struct {
	Attributes         value.Opt[[]byte] `zeek:"attributes"`           // as text like {key: value}; valid inside the call
	Value              []byte            `zeek:"value"`                // as text, arrays like [a, b]; valid inside the call
	MinProtocolVersion uint64            `zeek:"min_protocol_version"` // of RESP with this type, 2 or 3
}

// RedisSetCommand is raised for every SET command, before its RedisCommand.
//
//wirelog:event Redis::set_command section=Redis own
type RedisSetCommand struct {
	Conn    Conn         `zeek:"c"`
	Command RedisSetData `zeek:"command"`
}

// RedisGetCommand is raised for every GET command, before its RedisCommand.
//
//wirelog:event Redis::get_command section=Redis own
type RedisGetCommand struct {
	Conn Conn   `zeek:"c"`
	Key  []byte `zeek:"key"` // valid inside the call
}

// RedisAuthCommand is raised for every AUTH command, before its RedisCommand.
//
//wirelog:event Redis::auth_command section=Redis own
type RedisAuthCommand struct {
	Conn    Conn          `zeek:"c"`
	Command RedisAuthData `zeek:"command"`
}

// RedisHelloCommand is raised for every HELLO command, before its RedisCommand.
//
//wirelog:event Redis::hello_command section=Redis own
type RedisHelloCommand struct {
	Conn    Conn           `zeek:"c"`
	Command RedisHelloData `zeek:"command"`
}

// RedisCommand is raised for every command of a client.
//
//wirelog:event Redis::command section=Redis own
type RedisCommand struct {
	Conn Conn             `zeek:"c"`
	Cmd  RedisCommandData `zeek:"cmd"`
}

// RedisReply is raised for every message of a server that is no error, and no push of
// RESP3. In RESP2, where a push looks like a reply, RedisServerPush follows for a push.
//
//wirelog:event Redis::reply section=Redis own
type RedisReply struct {
	Conn Conn           `zeek:"c"`
	Data RedisReplyData `zeek:"data"`
}

// RedisError is raised for every error of a server.
//
//wirelog:event Redis::error section=Redis own
type RedisError struct {
	Conn Conn           `zeek:"c"`
	Data RedisReplyData `zeek:"data"`
}

// RedisServerPush is raised for every message of a server that answers no command.
//
//wirelog:event Redis::server_push section=Redis own
type RedisServerPush struct {
	Conn Conn           `zeek:"c"`
	Data RedisReplyData `zeek:"data"`
}
