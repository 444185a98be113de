package packet

import "fmt"

// Kind is the kind of Packet.Net.
type Kind uint8

// The kinds of network payload.
const (
	// kindNone: nothing that can be decoded further; Packet.Drop says why.
	kindNone Kind = iota
	// KindIP: an IP header of either version. As in Zeek, the header itself
	// decides on the version: an ethertype of IPv4 may lead to an IPv6 header.
	KindIP
	// KindARP: ARP or RARP (RFC 826, RFC 903).
	KindARP
)

// Drop is the reason why a packet goes no further.
type Drop uint8

// The reasons. Each is a counter of dropped packets.
const (
	// DropNone: not dropped.
	DropNone Drop = iota
	// dropTruncated: a header was cut, by the snap length or on the wire.
	dropTruncated
	// dropMalformed: a header contradicts itself or the packet.
	dropMalformed
	// dropUnknownProtocol: a protocol identifier without a decoder.
	dropUnknownProtocol
	// dropDepth: more layers than maxDepth, or too many extension headers.
	dropDepth
	// dropNotData: an 802.11 frame that carries no readable data: management,
	// control, null data, encrypted, or LLC other than SNAP with ethertype.
	dropNotData
	// DropChecksum: a wrong checksum of the IP or mobility header.
	DropChecksum
	// dropFragmentCut: a later fragment that was not captured in full.
	dropFragmentCut
	// DropLinkType: a link type that nothing decodes.
	DropLinkType
	// DropEmpty: a record without data.
	DropEmpty
	// dropNoLength: an IPv4 header whose total length is 0.
	dropNoLength
	// DropTCPChecksum, DropUDPChecksum and DropICMPChecksum: a wrong checksum.
	DropTCPChecksum
	DropUDPChecksum
	DropICMPChecksum
	// DropPartialChecksum: a checksum of TCP or UDP that was left to the network
	// card; see IP.PartialChecksum.
	DropPartialChecksum
	// DropTruncatedHeader: a transport header was cut, by the snap length or on the
	// wire, or says that it is shorter than it can be.
	DropTruncatedHeader
	numDrops
)

var dropNames = [numDrops]string{
	"none", "truncated", "malformed", "unknown_protocol", "depth", "not_data",
	"bad_checksum", "fragment_cut", "unknown_link_type", "empty", "no_length",
	"bad_tcp_checksum", "bad_udp_checksum", "bad_icmp_checksum", "partial_checksum", "truncated_header",
}

// NumDrops is the number of reasons, DropNone included.
const NumDrops = int(numDrops)

// String returns the reason as counters name it.
func (d Drop) String() string {
	if d < numDrops {
		return dropNames[d]
	}
	return fmt.Sprintf("drop_%d", uint8(d))
}

// Tag is an 802.1Q tag.
type Tag struct {
	// ID is the VLAN id, 12 bits; PCP the priority, 3 bits; DEI the drop
	// eligible bit. OK reports whether there was a tag.
	ID  uint16
	PCP uint8
	DEI bool
	OK  bool
}

// Packet is the result of decoding the link layers of a frame. The caller owns
// it and reuses it for the next frame. Its slice points into the frame.
type Packet struct {
	// Net is the captured bytes from the network header on, without trailing
	// bytes that a link layer marks as padding. For an unknown protocol it is
	// the data after the last known header.
	Net []byte
	// WireLen is the number of bytes that the frame had on the wire from the
	// network header on, padding included. It exceeds len(Net) if the frame was
	// cut by the snap length.
	WireLen int
	// Offset is the offset of Net in the frame.
	Offset int

	Kind Kind
	Drop Drop

	// HasL2 reports whether SrcMAC and DstMAC are known. As in Zeek, both are all
	// zeros if the link layer has only one of them (Linux cooked).
	HasL2          bool
	SrcMAC, DstMAC [6]byte
	// EtherType is the innermost ethertype or 802.3 length, for Ethernet and VLANs.
	EtherType uint16
	// VLAN is the outermost tag, InnerVLAN the innermost of several.
	VLAN, InnerVLAN Tag

	// UnknownAnalyzer and UnknownProtocol are the last decoded layer and the
	// identifier that it has no decoder for, if Drop is dropUnknownProtocol or
	// DropLinkType (Zeek's event unknown_protocol; the bytes are in Net).
	// UnknownAnalyzer is empty if the layer has no identifier.
	UnknownAnalyzer string
	UnknownProtocol uint64

	// Weirds are the weirds of this packet, including those of IP.Parse and of
	// Reassembler.Feed if that gets this list.
	Weirds Weirds

	unsummed bool // Frame.Unsummed
	capRest  int  // captured bytes from Net on to the end of the frame, padding included
	depth    int
	stack    [maxDepth]layer
	amsdu    struct{ off, end, depth int } // rest of an A-MSDU; off 0 if none
}

// maxDepth is the number of layers that a packet may have over all its tunnels
// (Zeek's PacketAnalyzer::max_depth).
const maxDepth = 25

// Depth returns the number of layers so far, counted like Zeek's analyzers: one
// per header, including the network layer. It is the depth to pass to DecodeAt
// for a tunnel's contents.
func (p *Packet) Depth() int { return p.depth }

// Unknown reports whether the last decoded layer has an identifier for what follows, but
// there is no decoder for it: UnknownAnalyzer and UnknownProtocol say which.
func (p *Packet) Unknown() bool {
	return (p.Drop == dropUnknownProtocol || p.Drop == DropLinkType) && p.UnknownAnalyzer != ""
}

// AppendHistory appends Zeek's names of the decoded layers, outermost first.
func (p *Packet) AppendHistory(dst []string) []string {
	for _, l := range p.stack[:p.depth] {
		dst = append(dst, l.String())
	}
	return dst
}
