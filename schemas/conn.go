package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

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
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto value.Enum `zeek:"proto"`
	// Application protocols that were confirmed, comma-separated.
	Service value.Opt[string] `zeek:"service"`
	// Time between the first and the last packet.
	Duration value.Opt[value.Interval] `zeek:"duration"`
	// Payload bytes from the originator; for TCP from sequence numbers.
	OrigBytes value.Opt[uint64] `zeek:"orig_bytes"`
	// Payload bytes from the responder; for TCP from sequence numbers.
	RespBytes value.Opt[uint64] `zeek:"resp_bytes"`
	// State in which the connection ended.
	ConnState value.Opt[string] `zeek:"conn_state"`
	// Whether the originator is in a local network.
	LocalOrig value.Opt[bool] `zeek:"local_orig"`
	// Whether the responder is in a local network.
	LocalResp value.Opt[bool] `zeek:"local_resp"`
	// Payload bytes that were missing in content gaps.
	MissedBytes uint64 `zeek:"missed_bytes"`
	// What happened, one letter per kind of event, upper case for the originator.
	History value.Opt[string] `zeek:"history"`
	// Packets from the originator.
	OrigPkts value.Opt[uint64] `zeek:"orig_pkts"`
	// IP bytes from the originator, headers included.
	OrigIPBytes value.Opt[uint64] `zeek:"orig_ip_bytes"`
	// Packets from the responder.
	RespPkts value.Opt[uint64] `zeek:"resp_pkts"`
	// IP bytes from the responder, headers included.
	RespIPBytes value.Opt[uint64] `zeek:"resp_ip_bytes"`
	// Identifiers of the tunnels that carry the connection.
	TunnelParents value.Set[string] `zeek:"tunnel_parents"`
	// IP protocol number.
	IPProto value.Opt[uint64] `zeek:"ip_proto"`
	// Community ID flow hash, version 1.
	CommunityID value.Opt[string] `zeek:"community_id,optional=community-id"`
	// Link-layer address of the originator.
	OrigL2Addr value.Opt[string] `zeek:"orig_l2_addr,optional=mac-logging"`
	// Link-layer address of the responder.
	RespL2Addr value.Opt[string] `zeek:"resp_l2_addr,optional=mac-logging"`
	// Outer VLAN identifier.
	VLAN value.Opt[int64] `zeek:"vlan,optional=vlan-logging"`
	// Inner VLAN identifier.
	InnerVLAN value.Opt[int64] `zeek:"inner_vlan,optional=vlan-logging"`
	*Source
}

// ConnLong is a connection that is still open, at each of the ages of conn_long.after.
//
//wirelog:log conn_long optional
type ConnLong Conn

// OpenConn is a connection that is still open, at each of the ages of open_conn.after: the
// same rows under the name, and with the times, of the Zeek package zeek-open-connections,
// which RITA reads.
//
//wirelog:log open_conn optional
type OpenConn Conn
