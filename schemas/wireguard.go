package schemas

import "github.com/wirelog/wirelog/value"

// WireGuard is a connection of WireGuard with at least one message of a handshake, as
// Corelight's package zeek-spicy-wireguard logs it.
//
//wirelog:log wireguard
type WireGuard struct {
	// Time of the first message of a handshake.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Whether a response belongs to the initiation before it. Whether the handshake succeeded is
	// encrypted.
	Established bool `zeek:"established"`
	// Number of initiations of handshakes.
	Initiations uint64 `zeek:"initiations"`
	// Number of responses to them.
	Responses uint64 `zeek:"responses"`
	*Flow
}
