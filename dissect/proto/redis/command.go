package redis

import (
	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/value"
)

// known is what is known of a command.
type known struct {
	name       value.Enum
	key, value int8 // index of the word, 0 for none
	// subscribes is set for commands after which the messages of the server are pushes,
	// in version 2 (Redis::enter_subscribed_mode).
	subscribes bool
}

const (
	prefix    = "Redis::RedisCommand_"
	nameSet   = prefix + "SET"
	nameGet   = prefix + "GET"
	nameAuth  = prefix + "AUTH"
	nameHello = prefix + "HELLO"
)

// commands has the commands that Zeek knows, in lower case.
var commands = func() map[string]*known {
	m := make(map[string]*known)
	add := func(k known, names ...string) {
		for _, n := range names {
			c := k
			upper := []byte(n)
			ascii.Upper(upper)
			c.name = value.Enum(prefix + string(upper))
			m[n] = &c
		}
	}
	add(known{}, "auth", "client", "hello", "punsubscribe", "quit", "reset", "sunsubscribe", "unsubscribe")
	add(known{subscribes: true}, "psubscribe", "ssubscribe", "subscribe")
	add(known{key: 1}, "bitcount", "bitfield", "bitfield_ro", "bitpos", "blpop", "brpop", "copy", "decr", "del", "dump", "exists",
		"expiretime", "get", "getdel", "getex", "getrange", "hset", "incr", "keys", "mget", "persist", "strlen", "ttl", "type")
	add(known{key: 1, value: 2}, "append", "decrby", "expire", "expireat", "getbit", "getset", "hdel", "hget", "incrby", "move",
		"mset", "rename", "set")
	add(known{key: 2}, "bitop")  // after the operation; the destination
	add(known{key: 3}, "blmpop") // after the time to wait and the number of keys
	return m
}()

// maxName is the length of the longest known name.
const maxName = 12

// lookup returns what is known of a command, or nil.
func lookup(name []byte) *known {
	var lower [maxName]byte
	if len(name) > maxName {
		return nil
	}
	copy(lower[:], name)
	ascii.Lower(lower[:len(name)])
	return commands[string(lower[:len(name)])]
}
