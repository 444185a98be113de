package schemas

import "github.com/wirelog/wirelog/value"

// DNP3 is a request of DNP3 with its response, or either alone.
//
//wirelog:log dnp3
type DNP3 struct {
	// Time of the response or, without one, of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the request's function.
	FCRequest value.Opt[string] `zeek:"fc_request"`
	// Name of the response's function.
	FCReply value.Opt[string] `zeek:"fc_reply"`
	// Internal indications of the response.
	IIN value.Opt[uint64] `zeek:"iin"`
	*Flow
}
