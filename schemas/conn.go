package schemas

import "net/netip"

// ID is the five-tuple of a connection, without the protocol.
type ID struct {
	OrigH netip.Addr `zeek:"orig_h"` // Originator's address.
	OrigP Port       `zeek:"orig_p"` // Originator's port; the ICMP type for ICMP.
	RespH netip.Addr `zeek:"resp_h"` // Responder's address.
	RespP Port       `zeek:"resp_p"` // Responder's port; the ICMP code for ICMP.
}

// Conn is one connection, written when it ends.
//
//wirelog:log conn
type Conn struct {
	// Time of the first packet.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto Enum `zeek:"proto"`
	// Application protocols that were confirmed, comma-separated.
	Service Opt[string] `zeek:"service"`
	// Time between the first and the last packet.
	Duration Opt[Interval] `zeek:"duration"`
	// Payload bytes from the originator; for TCP from sequence numbers.
	OrigBytes Opt[uint64] `zeek:"orig_bytes"`
	// Payload bytes from the responder; for TCP from sequence numbers.
	RespBytes Opt[uint64] `zeek:"resp_bytes"`
	// State in which the connection ended.
	ConnState Opt[string] `zeek:"conn_state"`
	// Whether the originator is in a local network.
	LocalOrig Opt[bool] `zeek:"local_orig"`
	// Whether the responder is in a local network.
	LocalResp Opt[bool] `zeek:"local_resp"`
	// Payload bytes that were missing in content gaps.
	MissedBytes uint64 `zeek:"missed_bytes"`
	// What happened, one letter per kind of event, upper case for the originator.
	History Opt[string] `zeek:"history"`
	// Packets from the originator.
	OrigPkts Opt[uint64] `zeek:"orig_pkts"`
	// IP bytes from the originator, headers included.
	OrigIPBytes Opt[uint64] `zeek:"orig_ip_bytes"`
	// Packets from the responder.
	RespPkts Opt[uint64] `zeek:"resp_pkts"`
	// IP bytes from the responder, headers included.
	RespIPBytes Opt[uint64] `zeek:"resp_ip_bytes"`
	// Identifiers of the tunnels that carry the connection.
	TunnelParents Set[string] `zeek:"tunnel_parents"`
	// IP protocol number.
	IPProto Opt[uint64] `zeek:"ip_proto"`
	// Community ID flow hash, version 1.
	CommunityID Opt[string] `zeek:"community_id,optional=community-id"`
	// Link-layer address of the originator.
	OrigL2Addr Opt[string] `zeek:"orig_l2_addr,optional=mac-logging"`
	// Link-layer address of the responder.
	RespL2Addr Opt[string] `zeek:"resp_l2_addr,optional=mac-logging"`
	// Outer VLAN identifier.
	VLAN Opt[int64] `zeek:"vlan,optional=vlan-logging"`
	// Inner VLAN identifier.
	InnerVLAN Opt[int64] `zeek:"inner_vlan,optional=vlan-logging"`
}
