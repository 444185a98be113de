// Package packet decodes link, network and transport headers, takes tunnels
// apart and reassembles IP fragments. It validates once and reads lazily,
// never allocates on the common path, and never fails: what it cannot decode it
// names with the weird that Zeek uses.
package packet

import "github.com/wirelog/wirelog/dissect/event"

// LinkType is a link-layer header type, numbered as in capture files
// (LINKTYPE_ values of tcpdump.org/linktypes.html).
type LinkType uint16

// Frame is one captured packet as it enters dissection.
type Frame struct {
	// Data is what was captured. It is valid until the frame has been processed.
	Data []byte
	// Time is the packet's timestamp as captured; Now is the run's clock, which
	// never goes back (Zeek's network_time).
	Time, Now event.Time
	// Num is the packet's number in the run, from 1.
	Num uint64
	// OrigLen is the length on the wire, at least len(Data).
	OrigLen uint32
	Link    LinkType
}
