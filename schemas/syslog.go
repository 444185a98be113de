package schemas

import "github.com/wirelog/wirelog/value"

// Syslog is a syslog message.
//
//wirelog:log syslog
type Syslog struct {
	// Time of the message's packet.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto value.Enum `zeek:"proto"`
	// Facility: the part of the system that reports. UNSPECIFIED without a priority.
	Facility value.Opt[string] `zeek:"facility"`
	// Severity, from EMERG to DEBUG. UNSPECIFIED without a priority.
	Severity value.Opt[string] `zeek:"severity"`
	// The message after its priority.
	Message value.Opt[string] `zeek:"message"`
	*Flow
}
