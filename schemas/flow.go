package schemas

import "github.com/wirelog/wirelog/value"

// Flow are the optional columns of every log whose rows are about connections, beside
// conn, which has them among its own. A builder need not set them: package logs adds them to
// a Flowing record.
type Flow struct {
	// Community ID flow hash of the connection, version 1.
	CommunityID value.Opt[string] `zeek:"community_id,optional=community-id"`
	// Link-layer address of the originator.
	OrigL2Addr value.Opt[string] `zeek:"orig_l2_addr,optional=mac-logging"`
	// Link-layer address of the responder, if it has sent something by then.
	RespL2Addr value.Opt[string] `zeek:"resp_l2_addr,optional=mac-logging"`
	// Outer VLAN identifier.
	VLAN value.Opt[int64] `zeek:"vlan,optional=vlan-logging"`
	// Inner VLAN identifier.
	InnerVLAN value.Opt[int64] `zeek:"inner_vlan,optional=vlan-logging"`
	Source
}

// Source says where the first packet of a row's connection is, and what a mirror had put
// around it. For a row without a
// connection, or whose connection has ended before, it is the packet that gave rise to the
// row, and unset if a timer or the end of the run did.
type Source struct {
	// Capture with the first packet of the connection, or the packet that gave rise to
	// the row.
	File value.Opt[string] `zeek:"source_file,optional=source"`
	// Number of that packet's interface in its section of a pcapng capture, from 0.
	Interface value.Opt[uint64] `zeek:"source_interface,optional=source"`
	// Number of that packet in its capture, from 1, as other programs count them.
	Packet value.Opt[uint64] `zeek:"source_packet,optional=source"`
	// Tunnel in which a mirror sent that packet, the outermost of several: vxlan, geneve,
	// erspan or gre.
	MirrorType value.Opt[string] `zeek:"mirror_type,optional=mirror"`
	// Its identifier: the VNI, the session of ERSPAN or the key of GRE.
	MirrorID value.Opt[uint64] `zeek:"mirror_id,optional=mirror"`
	// The innermost of several such tunnels.
	InnerMirrorType value.Opt[string] `zeek:"inner_mirror_type,optional=mirror"`
	// Its identifier.
	InnerMirrorID value.Opt[uint64] `zeek:"inner_mirror_id,optional=mirror"`
}

// Flowing is a record with the columns of Flow, or of Source.
type Flowing interface {
	Record
	// SetFlow sets them to what of returns for the record's uid, "" if it has none. They
	// are unset if of returns nil.
	SetFlow(of func(uid string) *Flow)
}
