// Package packet decodes link layers and IP headers, verifies checksums and
// reassembles IP fragments. It validates once and reads lazily, allocates
// nothing on the common path, and never fails: it reports what it cannot decode
// with Zeek's weird and counts it by reason.
//
// A frame is processed as follows; the weirds of all steps are in one list, in
// order:
//
//	d.Decode(frame, &p)
//	for more := true; more; more = d.Next(frame, &p, used) { // once, except for A-MSDUs
//		if p.Kind != KindIP || ip.Parse(&p, &opt) != DropNone { ... }
//		q := &ip
//		if ip.Fragment {
//			q, drop = reassembler.Feed(&ip, frame.Now, &p.Weirds) // q may be nil
//		}
//		if q.Upper(&opt, inTeredo, &p.Weirds) == UpperTransport {
//			... q.Proto, q.Payload
//		}
//	}
package packet

import "github.com/wirelog/wirelog/value"

// LinkType is a link-layer header type, numbered as in capture files
// (LINKTYPE_ values of tcpdump.org/linktypes.html).
type LinkType uint16

// Frame is one captured packet as it enters dissection.
type Frame struct {
	// Data is the captured bytes, valid until the frame has been processed.
	Data []byte
	// Time is the packet's timestamp as captured; Now is the run's clock, which
	// never goes back (Zeek's network_time).
	Time, Now value.Time
	// Num is the packet's number in the run, from 1.
	Num uint64
	// OrigLen is the length on the wire, at least len(Data).
	OrigLen uint32
	Link    LinkType
	// Unsummed says that the checksum of the outermost transport header has not been
	// computed yet, so that it cannot be verified.
	Unsummed bool
}
