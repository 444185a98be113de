package schemas

import "github.com/wirelog/wirelog/value"

// Weird is something unexpected in the traffic.
//
//wirelog:log weird
type Weird struct {
	// Time at which it occurred.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection in which it occurred.
	UID value.Opt[string] `zeek:"uid"`
	// The endpoints of that connection, or the two hosts with ports of 0.
	ID value.Opt[ID] `zeek:"id"`
	// Name of the weird.
	Name string `zeek:"name"`
	// Details, such as the offending value.
	Addl value.Opt[string] `zeek:"addl"`
	// Whether a notice was also raised for it.
	Notice bool `zeek:"notice"`
	// Name of the sensor that saw it.
	Peer string `zeek:"peer"`
	// The analyzer that reported it.
	Source value.Opt[string] `zeek:"source"`
	*Flow
}
