package schemas

import "github.com/wirelog/wirelog/value"

// NTP is an NTP message of modes 0 to 5.
//
//wirelog:log ntp
type NTP struct {
	// Time of the message's packet.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Version of the protocol.
	Version value.Opt[uint64] `zeek:"version"`
	// Mode: 3 from a client, 4 from a server. Only modes 1 to 5 have the columns that follow.
	Mode value.Opt[uint64] `zeek:"mode"`
	// Stratum of the sender: 1 with a reference clock, 0 unspecified.
	Stratum value.Opt[uint64] `zeek:"stratum"`
	// The most seconds between two messages.
	Poll value.Opt[value.Interval] `zeek:"poll"`
	// Precision of the sender's clock, in seconds.
	Precision value.Opt[value.Interval] `zeek:"precision"`
	// Round trip to the reference clock, in seconds.
	RootDelay value.Opt[value.Interval] `zeek:"root_delay"`
	// Dispersion to the reference clock, in seconds.
	RootDisp value.Opt[value.Interval] `zeek:"root_disp"`
	// Reference: a code for stratum 0, a clock for stratum 1, otherwise an IPv4 address or the
	// first bytes of the MD5 hash of an IPv6 address.
	RefID value.Opt[string] `zeek:"ref_id"`
	// Time at which the sender's clock was last set.
	RefTime value.Opt[value.Time] `zeek:"ref_time"`
	// Time at which the request left the client.
	OrgTime value.Opt[value.Time] `zeek:"org_time"`
	// Time at which the request reached the server.
	RecTime value.Opt[value.Time] `zeek:"rec_time"`
	// Time at which the message was sent.
	XmtTime value.Opt[value.Time] `zeek:"xmt_time"`
	// Number of extension fields.
	NumExts uint64 `zeek:"num_exts"`
	*Flow
}
