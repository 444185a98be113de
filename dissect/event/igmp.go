package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// IGMPGroup is a group record of a report of version 3 (RFC 3376 section 4.2.4).
//
//wirelog:record IGMP::Group
type IGMPGroup struct {
	GroupType     value.Enum   `zeek:"group_type" type:"IGMP::GroupType"` // such as "IGMP::MODE_IS_INCLUDE"
	AuxDataLen    uint64       `zeek:"aux_data_len"`                      // as in the record, which is in units of 32 bits
	NumSources    uint64       `zeek:"num_sources"`
	MulticastAddr netip.Addr   `zeek:"multicast_addr"`
	Sources       []netip.Addr `zeek:"sources"`  // valid inside the call
	AuxData       []byte       `zeek:"aux_data"` // valid inside the call
}

// IGMPMessage is raised for every IGMP message (RFC 1112, RFC 2236, RFC 3376).
//
//wirelog:event IGMP::message section=IGMP own
type IGMPMessage struct {
	Packet  RawPktHdr  `zeek:"packet"`
	MsgType value.Enum `zeek:"msg_type" type:"IGMP::MessageType"` // such as "IGMP::MEMBERSHIP_QUERY"
}

// IGMPMembershipQuery is raised for every membership query (RFC 3376 section 4.1).
//
//wirelog:event IGMP::membership_query section=IGMP own
type IGMPMembershipQuery struct {
	Source    netip.Addr `zeek:"source"`
	GroupAddr netip.Addr `zeek:"group_addr"` // 0.0.0.0 for all groups
}

// IGMPMembershipReportV1 is raised for every membership report of version 1 (RFC 1112).
//
//wirelog:event IGMP::membership_report_v1 section=IGMP own
type IGMPMembershipReportV1 struct {
	Source    netip.Addr `zeek:"source"`
	GroupAddr netip.Addr `zeek:"group_addr"`
}

// IGMPMembershipReportV2 is raised for every membership report of version 2 (RFC 2236
// section 2).
//
//wirelog:event IGMP::membership_report_v2 section=IGMP own
type IGMPMembershipReportV2 struct {
	Source    netip.Addr `zeek:"source"`
	GroupAddr netip.Addr `zeek:"group_addr"`
}

// IGMPLeaveGroup is raised for every leave group message (RFC 2236 section 2).
//
//wirelog:event IGMP::leave_group section=IGMP own
type IGMPLeaveGroup struct {
	Source    netip.Addr `zeek:"source"`
	GroupAddr netip.Addr `zeek:"group_addr"`
}

// IGMPMembershipReportV3 is raised for every membership report of version 3 (RFC 3376
// section 4.2).
//
//wirelog:event IGMP::membership_report_v3 section=IGMP own
type IGMPMembershipReportV3 struct {
	Source netip.Addr  `zeek:"source"`
	Groups []IGMPGroup `zeek:"groups"` // valid inside the call
}
