// Package igmp raises the events of IGMP, by which hosts join multicast groups (RFC 1112,
// RFC 2236, RFC 3376). Its packets belong to no connection.
package igmp

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Proto is the number of IGMP among the protocols of IP.
const Proto = 2

// Source is Zeek's name of the analyzer, for its weirds.
const Source = "IGMP"

// Types of messages (RFC 3376 section 4).
const (
	typeQuery    = 0x11
	typeReportV1 = 0x12
	typeReportV2 = 0x16
	typeLeave    = 0x17
	typeReportV3 = 0x22
)

const (
	headerLen = 8  // of a message, with the group of versions 1 and 2
	queryLen  = 12 // of a query of version 3 without its sources (RFC 3376 section 4.1)
	recordLen = 8  // of a group record without its sources (section 4.2.4)
)

// Weird is an oddity in a message. Its source is Source.
type Weird struct{ Name, Addl string }

// Options say how messages are read.
type Options struct {
	// AsZeek is set if what is read is what Zeek reads: queries have the fields of version 3,
	// the auxiliary data of a record is as many bytes as it has 32-bit words, the checksum is
	// that of what is read, and what is malformed, or of another type, is no weird.
	AsZeek bool
}

// Analyzer raises the IGMP events. It belongs to one shard.
type Analyzer struct {
	on      *event.IGMPEvents
	opt     Options
	scratch packet.HeaderScratch
	groups  []event.IGMPGroup // reused
	addrs   []netip.Addr      // reused
}

// New returns an Analyzer that raises its events on hooks.
func New(hooks *event.Hooks, o Options) *Analyzer { return &Analyzer{on: &hooks.IGMP, opt: o} }

// Deliver raises the events of the message in ip, which came in the frame f whose link
// layers are link. verify is set if its checksum must be right. w has no Name if nothing is
// odd, and ok is set if the message could be read.
func (a *Analyzer) Deliver(link *packet.Packet, f *packet.Frame, ip *packet.IP, verify bool) (w Weird, ok bool) {
	b := ip.Payload
	sent := ip.PayloadLen
	if sent == 0 {
		sent = len(b)
	}
	b = b[:min(len(b), sent)]
	if len(b) == 0 {
		return a.odd(Weird{Name: "igmp_truncated"}), false
	}
	typ := b[0]
	name := typeName(typ)
	if name == "" {
		return a.odd(Weird{"igmp_unknown_type", strconv.Itoa(int(typ))}), false
	}
	n, ok := a.size(typ, b)
	if !ok {
		return a.odd(Weird{Name: "igmp_truncated"}), false
	}
	sum := b[:n]
	if !a.opt.AsZeek {
		sum = b
		verify = verify && len(b) == sent
	}
	right := packet.Checksum(sum) == 0
	if a.opt.AsZeek && len(sum)%2 != 0 {
		return Weird{}, false // Zeek reads numbers of 16 bits
	}
	if !right && verify {
		w.Name = "igmp_invalid_checksum"
	}
	if e := a.on.Message.Begin(); e != nil {
		e.MsgType = name
		link.FillRawPktHdr(&e.Packet, f, ip, &a.scratch, &link.Weirds)
		a.on.Message.Raise(e)
	}
	if right || !verify {
		a.message(typ, packet.AddrFrom16(&ip.Src).Netip(), b)
	}
	return w, true
}

// odd returns w unless Zeek knows nothing of it.
func (a *Analyzer) odd(w Weird) Weird {
	if a.opt.AsZeek {
		return Weird{}
	}
	return w
}

// typeName returns Zeek's name of a type, or "".
func typeName(typ byte) value.Enum {
	switch typ {
	case typeQuery:
		return "IGMP::MEMBERSHIP_QUERY"
	case typeReportV1:
		return "IGMP::MEMBERSHIP_REPORT_V1"
	case typeReportV2:
		return "IGMP::MEMBERSHIP_REPORT_V2"
	case typeLeave:
		return "IGMP::LEAVE_GROUP"
	case typeReportV3:
		return "IGMP::MEMBERSHIP_REPORT_V3"
	}
	return ""
}

// size returns the length of the message that b begins with, and whether all of it is there.
func (a *Analyzer) size(typ byte, b []byte) (n int, ok bool) {
	if len(b) < headerLen {
		return 0, false
	}
	switch typ {
	case typeQuery:
		if len(b) < queryLen {
			return len(b), !a.opt.AsZeek // versions 1 and 2
		}
		n = queryLen + 4*int(binary.BigEndian.Uint16(b[10:]))
		return len(b), n <= len(b)
	case typeReportV3:
		n = headerLen
		for range binary.BigEndian.Uint16(b[6:]) {
			if len(b)-n < recordLen {
				return 0, false
			}
			if n += a.recordSize(b[n:]); n > len(b) {
				return 0, false
			}
		}
		return n, true
	}
	return headerLen, true
}

// recordSize returns the length of a group record, which begins with b.
func (a *Analyzer) recordSize(b []byte) int {
	return recordLen + 4*int(binary.BigEndian.Uint16(b[2:])) + a.auxLen(b)
}

// auxLen returns the length of a record's auxiliary data in bytes.
func (a *Analyzer) auxLen(b []byte) int {
	if a.opt.AsZeek {
		return int(b[1])
	}
	return 4 * int(b[1])
}

func addr(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b[:4])) }

// message raises the event of a message.
func (a *Analyzer) message(typ byte, src netip.Addr, b []byte) {
	group := addr(b[4:])
	switch typ {
	case typeQuery:
		if e := a.on.MembershipQuery.Begin(); e != nil {
			*e = event.IGMPMembershipQuery{Source: src, GroupAddr: group}
			a.on.MembershipQuery.Raise(e)
		}
	case typeReportV1:
		if e := a.on.MembershipReportV1.Begin(); e != nil {
			*e = event.IGMPMembershipReportV1{Source: src, GroupAddr: group}
			a.on.MembershipReportV1.Raise(e)
		}
	case typeReportV2:
		if e := a.on.MembershipReportV2.Begin(); e != nil {
			*e = event.IGMPMembershipReportV2{Source: src, GroupAddr: group}
			a.on.MembershipReportV2.Raise(e)
		}
	case typeLeave:
		if e := a.on.LeaveGroup.Begin(); e != nil {
			*e = event.IGMPLeaveGroup{Source: src, GroupAddr: group}
			a.on.LeaveGroup.Raise(e)
		}
	case typeReportV3:
		if e := a.on.MembershipReportV3.Begin(); e != nil {
			*e = event.IGMPMembershipReportV3{Source: src, Groups: a.records(b)}
			a.on.MembershipReportV3.Raise(e)
		}
	}
}

// groupTypes are the types of group records (RFC 3376 section 4.2.12).
var groupTypes = [...]value.Enum{
	"IGMP::GroupType_Undef", "IGMP::MODE_IS_INCLUDE", "IGMP::MODE_IS_EXCLUDE", "IGMP::CHANGE_TO_INCLUDE_MODE",
	"IGMP::CHANGE_TO_EXCLUDE_MODE", "IGMP::ALLOW_NEW_SOURCES", "IGMP::BLOCK_OLD_SOURCES",
}

// records reads the group records of a report of version 3, all of which are in b.
func (a *Analyzer) records(b []byte) []event.IGMPGroup {
	a.groups, a.addrs = a.groups[:0], a.addrs[:0]
	left := binary.BigEndian.Uint16(b[6:])
	for b = b[headerLen:]; left > 0; left-- {
		n, from := int(binary.BigEndian.Uint16(b[2:])), len(a.addrs)
		for i := range n {
			a.addrs = append(a.addrs, addr(b[recordLen+4*i:]))
		}
		g := event.IGMPGroup{
			GroupType: groupTypes[0], AuxDataLen: uint64(b[1]), NumSources: uint64(n), MulticastAddr: addr(b[4:]),
			Sources: a.addrs[from:], AuxData: b[recordLen+4*n:][:a.auxLen(b)],
		}
		if int(b[0]) < len(groupTypes) {
			g.GroupType = groupTypes[b[0]]
		}
		a.groups = append(a.groups, g)
		b = b[a.recordSize(b):]
	}
	return a.groups
}
