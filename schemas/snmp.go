package schemas

import "github.com/wirelog/wirelog/value"

// SNMP is the SNMP traffic of a flow, written when it ends.
//
//wirelog:log snmp
type SNMP struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Time from the first message to the last one, in seconds.
	Duration value.Interval `zeek:"duration"`
	// Version of the first message: 1, 2c or 3.
	Version string `zeek:"version"`
	// Community of the first message with one; for version 3 the first user name.
	Community value.Opt[string] `zeek:"community"`
	// Variables in GetRequest and GetNextRequest messages.
	GetRequests uint64 `zeek:"get_requests"`
	// Variables in GetBulkRequest messages.
	GetBulkRequests uint64 `zeek:"get_bulk_requests"`
	// Variables in Response messages.
	GetResponses uint64 `zeek:"get_responses"`
	// Variables in SetRequest messages.
	SetRequests uint64 `zeek:"set_requests"`
	// The responder's description of its system.
	DisplayString value.Opt[string] `zeek:"display_string"`
	// Time at which the responder claims to have started.
	UpSince value.Opt[value.Time] `zeek:"up_since"`
	*Flow
}
