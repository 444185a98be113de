package event

import "net/netip"

// ARPRequest is raised for every ARP request (RFC 826, opcode 1).
//
//wirelog:event arp_request section=ARP
type ARPRequest struct {
	// MACSrc and MACDst are the addresses of the frame, six hexadecimal pairs
	// with colons; valid inside the call, as all strings of this event.
	MACSrc []byte     `zeek:"mac_src"`
	MACDst []byte     `zeek:"mac_dst"`
	SPA    netip.Addr `zeek:"SPA"` // sender protocol address
	SHA    []byte     `zeek:"SHA"` // sender hardware address, printed as MACSrc
	TPA    netip.Addr `zeek:"TPA"` // target protocol address
	THA    []byte     `zeek:"THA"` // target hardware address, printed as MACSrc
}

// ARPReply is raised for every ARP reply (RFC 826, opcode 2).
//
//wirelog:event arp_reply section=ARP
type ARPReply struct {
	// MACSrc and MACDst are the addresses of the frame, six hexadecimal pairs
	// with colons; valid inside the call, as all strings of this event.
	MACSrc []byte     `zeek:"mac_src"`
	MACDst []byte     `zeek:"mac_dst"`
	SPA    netip.Addr `zeek:"SPA"` // sender protocol address
	SHA    []byte     `zeek:"SHA"` // sender hardware address, printed as MACSrc
	TPA    netip.Addr `zeek:"TPA"` // target protocol address
	THA    []byte     `zeek:"THA"` // target hardware address, printed as MACSrc
}

// BadARP is raised for an ARP packet that contradicts RFC 826 or the frame that
// carries it: wrong address lengths, an unknown opcode, a sender that is not
// the frame's source.
//
//wirelog:event bad_arp section=ARP
type BadARP struct {
	SPA netip.Addr `zeek:"SPA"` // sender protocol address
	// SHA is the sender hardware address, six hexadecimal pairs with colons;
	// valid inside the call, as all strings of this event.
	SHA         []byte     `zeek:"SHA"`
	TPA         netip.Addr `zeek:"TPA"`         // target protocol address
	THA         []byte     `zeek:"THA"`         // target hardware address, printed as SHA
	Explanation []byte     `zeek:"explanation"` // what is wrong, in Zeek's words
}
