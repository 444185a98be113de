package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// DHCP is a conversation of messages with the same transaction identifier, over one flow
// or several.
//
//wirelog:log dhcp
type DHCP struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifiers of the flows.
	UIDs value.Set[string] `zeek:"uids"`
	// Address of the client, or the one that it gets.
	ClientAddr value.Opt[netip.Addr] `zeek:"client_addr"`
	// Address of the server that gave the client its address.
	ServerAddr value.Opt[netip.Addr] `zeek:"server_addr"`
	// The client's hardware address.
	MAC value.Opt[string] `zeek:"mac"`
	// The client's name (option 12).
	HostName value.Opt[string] `zeek:"host_name"`
	// The client's full name (option 81).
	ClientFQDN value.Opt[string] `zeek:"client_fqdn"`
	// Domain that the server gives (option 15).
	Domain value.Opt[string] `zeek:"domain"`
	// Address that the client asks for.
	RequestedAddr value.Opt[netip.Addr] `zeek:"requested_addr"`
	// Address that the server gives.
	AssignedAddr value.Opt[netip.Addr] `zeek:"assigned_addr"`
	// Seconds for which the client has the address.
	LeaseTime value.Opt[value.Interval] `zeek:"lease_time"`
	// Text of the client, such as why it declines an address.
	ClientMessage value.Opt[string] `zeek:"client_message"`
	// Text of the server, such as why it refuses a request.
	ServerMessage value.Opt[string] `zeek:"server_message"`
	// Types of the messages in their order.
	MsgTypes value.Vector[string] `zeek:"msg_types"`
	// Time from the first message to the last one, in seconds.
	Duration value.Interval `zeek:"duration"`
}
