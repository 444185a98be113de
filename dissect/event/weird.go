package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// ConnWeird is raised for traffic of a connection that breaks its protocol,
// under Zeek's name for the fault.
//
//wirelog:event conn_weird section=Weird
type ConnWeird struct {
	Name   string `zeek:"name"` // such as "data_before_established"
	Conn   Conn   `zeek:"c"`
	Addl   []byte `zeek:"addl"`   // particulars, often empty; valid inside the call
	Source string `zeek:"source"` // analyzer that noticed, "" for the core
}

// ExpiredConnWeird is raised like ConnWeird, for a connection that is no longer
// in memory: a listener has found something odd at its end.
//
//wirelog:event expired_conn_weird section=Weird
type ExpiredConnWeird struct {
	Name   string    `zeek:"name"`
	ID     ConnID    `zeek:"id"`
	UID    value.UID `zeek:"uid"`
	Addl   []byte    `zeek:"addl"`   // particulars, often empty; valid inside the call
	Source string    `zeek:"source"` // analyzer that noticed, "" for the core
	Domain uint64    `zeek:"-"`      // of the hosts, see Conn.Domain
}

// FlowWeird is raised for odd traffic between two hosts that belongs to no
// connection, such as broken fragments.
//
//wirelog:event flow_weird section=Weird
type FlowWeird struct {
	Name   string     `zeek:"name"` // such as "fragment_overlap"
	Src    netip.Addr `zeek:"src"`
	Dst    netip.Addr `zeek:"dst"`
	Addl   []byte     `zeek:"addl"`   // particulars, often empty; valid inside the call
	Source string     `zeek:"source"` // analyzer that noticed, "" for the core
	Domain uint64     `zeek:"-"`      // of the hosts, see Conn.Domain
}

// NetWeird is raised for odd traffic that cannot be attributed to addresses,
// such as a truncated frame.
//
//wirelog:event net_weird section=Weird
type NetWeird struct {
	Name   string `zeek:"name"`   // such as "truncated_IP"
	Addl   []byte `zeek:"addl"`   // particulars, often empty; valid inside the call
	Source string `zeek:"source"` // analyzer that noticed, "" for the core
}

// FileWeird is raised for a file whose contents break its format.
//
//wirelog:event file_weird section=Weird
type FileWeird struct {
	Name   string `zeek:"name"`
	File   File   `zeek:"f"`
	Addl   []byte `zeek:"addl"`   // particulars, often empty; valid inside the call
	Source string `zeek:"source"` // analyzer that noticed, "" for the core
}
