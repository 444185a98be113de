package packet

// Link types with their own decoder (tcpdump.org/linktypes.html). As in Zeek,
// any other link type is taken for raw IP.
const (
	linkNull          LinkType = 0   // BSD loopback, address family in host order
	LinkEthernet      LinkType = 1   // Ethernet
	linkPPP           LinkType = 9   // PPP, with or without HDLC framing
	linkFDDI          LinkType = 10  // FDDI
	linkPPPSerial     LinkType = 50  // PPP in HDLC framing
	linkPPPoE         LinkType = 51  // PPPoE session without Ethernet
	LinkRaw           LinkType = 101 // IPv4 or IPv6
	Link80211         LinkType = 105 // 802.11
	linkLoop          LinkType = 108 // OpenBSD loopback, address family in network order
	linkLinuxSLL      LinkType = 113 // Linux cooked v1
	linkPrism         LinkType = 119 // 802.11 after a Prism or AVS header
	link80211Radiotap LinkType = 127 // 802.11 after a radiotap header
	linkAVS           LinkType = 163 // 802.11 after an AVS header
	linkPPI           LinkType = 192 // another link type after a PPI header
	linkIPv4          LinkType = 228 // IPv4
	linkIPv6          LinkType = 229 // IPv6
	linkNFLog         LinkType = 239 // Linux netfilter log
	linkLinuxSLL2     LinkType = 276 // Linux cooked v2
)

// EtherTypes and other identifiers that layers dispatch on.
const (
	etherIPv4       = 0x0800
	etherARP        = 0x0806
	etherRARP       = 0x8035
	etherVLAN       = 0x8100
	etherIPv6       = 0x86dd
	etherMPLS       = 0x8847
	etherPPPoE      = 0x8864
	etherQinQ       = 0x88a8
	etherPBB        = 0x88e7
	etherFabricPath = 0x8903
	etherVNTag      = 0x8926
	etherOldQinQ    = 0x9100

	// Zeek's identifiers for frames with a length in place of the ethertype.
	keySNAP   = 1
	keyNovell = 2
	keyLLC    = 3

	// PPP protocol numbers.
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
	pppMPLS = 0x0281

	// Address families of BSD and Darwin; AF_INET6 differs between the systems.
	familyINET    = 2
	familyNetBSD6 = 24 // and OpenBSD
	familyFree6   = 28
	familyDarwin6 = 30
)

// layer identifies a packet analyzer, of Zeek or our own.
type layer uint8

const (
	layerRoot layer = iota
	layerEthernet
	layerVLAN
	layerLLC
	layerSNAP
	layerNovell
	layerMPLS
	layerPBB
	layerVNTag
	layerPPPoE
	layerPPP
	layerPPPSerial
	layerNull
	layerLoop
	layerNFLog
	layerSLL
	layerSLL2
	layerFDDI
	layerRadiotap
	layer80211
	layerPPI
	layerAVS
	layerPrism
	layerIP // the first network layer: the walk ends here
	layerARP
	numLayers
)

// Outcomes of a decoder that are not layers.
const (
	layerNone  layer = 0xff - iota // no decoder for the identifier
	layerDone                      // the packet was dropped
	layerAMSDU                     // an A-MSDU follows, which holds several frames
)

// hop is the outcome of decoding one header: where the next one is and what it is.
type hop struct {
	next layer
	id   uint64 // the identifier that led to next, for unknown_protocol
	skip int    // bytes from this header to the next
	size int    // maximum number of bytes from there on that belong to the frame, or toEnd
}

// toEnd as the size of a hop keeps everything after the header.
const toEnd = 1<<31 - 1

var done = hop{next: layerDone}

// linkLayer describes a layer: its name in Zeek, the link type whose frames begin
// with it, if any, and the decoder of its header, which is nil for network
// layers. The decoder gets the rest of the frame from the header on and stores
// its results in p; it sets p.Drop and returns done if the packet goes no
// further.
type linkLayer struct {
	name   string
	link   LinkType
	root   bool // link is set
	decode func(p *Packet, b []byte) hop
}

// decoders is the table of all layers. A new link type needs a constant above, a
// row here and its decoder.
var decoders = [numLayers]linkLayer{
	layerRoot:      {name: "ROOT"},
	layerEthernet:  {"ETHERNET", LinkEthernet, true, (*Packet).ethernet},
	layerVLAN:      {"VLAN", 0, false, (*Packet).vlan},
	layerLLC:       {"LLC", 0, false, (*Packet).llc},
	layerSNAP:      {"SNAP", 0, false, (*Packet).snap},
	layerNovell:    {"NOVELL_802_3", 0, false, (*Packet).novell},
	layerMPLS:      {"MPLS", 0, false, (*Packet).mpls},
	layerPBB:       {"PBB", 0, false, (*Packet).pbb},
	layerVNTag:     {"VNTAG", 0, false, (*Packet).vntag},
	layerPPPoE:     {"PPPOE", linkPPPoE, true, (*Packet).pppoe},
	layerPPP:       {"PPP", linkPPP, true, (*Packet).ppp},
	layerPPPSerial: {"PPPSERIAL", linkPPPSerial, true, (*Packet).pppSerial},
	layerNull:      {"NULL", linkNull, true, (*Packet).null},
	layerLoop:      {"LOOP", linkLoop, true, (*Packet).loop},
	layerNFLog:     {"NFLOG", linkNFLog, true, (*Packet).nflog},
	layerSLL:       {"LINUXSLL", linkLinuxSLL, true, (*Packet).sll},
	layerSLL2:      {"LINUXSLL2", linkLinuxSLL2, true, (*Packet).sll2},
	layerFDDI:      {"FDDI", linkFDDI, true, (*Packet).fddi},
	layerRadiotap:  {"IEEE802_11_RADIO", link80211Radiotap, true, (*Packet).radiotap},
	layer80211:     {"IEEE802_11", Link80211, true, (*Packet).wlan},
	layerPPI:       {"PPI", linkPPI, true, (*Packet).ppi},
	layerAVS:       {"AVS", linkAVS, true, (*Packet).avs},
	layerPrism:     {"PRISM", linkPrism, true, (*Packet).prism},
	layerIP:        {"IP", LinkRaw, true, nil},
	layerARP:       {"ARP", 0, false, nil},
}

// layerNames and roots are decoders' names by layer and its layers by link
// type. They are filled at start, because decoders refer to their layers.
var (
	layerNames [numLayers]string
	roots      [512]layer // all link types in use are lower
)

func init() {
	for i := range roots {
		roots[i] = layerIP
	}
	for i, l := range decoders {
		layerNames[i] = l.name
		if l.root {
			roots[l.link] = layer(i)
		}
	}
}

func (l layer) String() string { return layerNames[l] }

// rootLayer returns the layer that frames of a link type begin with.
func rootLayer(l LinkType) layer {
	if int(l) < len(roots) {
		return roots[l]
	}
	return layerIP
}

// dispatch maps an identifier to a layer, for identifiers found in the layers
// of in.
type dispatch struct {
	id   uint32
	in   uint8
	next layer
}

// Groups of layers that differ in the meaning of identifiers.
const (
	inEthernet uint8 = 1 << iota // Ethernet header
	inVLAN                       // VLAN tag
	inVNTag                      // VN-Tag
	inCooked                     // SNAP, Linux cooked, 802.11

	inPPP   // PPP with or without HDLC framing
	inPPPoE // PPPoE session

	inAny = ^uint8(0)
)

// etherTypes, pppTypes and families map identifiers to layers, the most
// frequent first.
var etherTypes = [...]dispatch{
	{etherIPv4, inEthernet | inVLAN | inCooked, layerIP},
	{etherIPv6, inEthernet | inVLAN | inCooked, layerIP},
	{etherVLAN, inEthernet | inVLAN | inVNTag, layerVLAN},
	{etherARP, inEthernet | inVLAN | inCooked, layerARP},
	{etherMPLS, inEthernet | inVLAN, layerMPLS},
	{etherPPPoE, inEthernet | inVLAN, layerPPPoE},
	{etherQinQ, inEthernet | inVNTag, layerVLAN},
	{etherOldQinQ, inEthernet | inVNTag, layerVLAN},
	{etherPBB, inEthernet | inVLAN, layerPBB},
	{etherVNTag, inEthernet | inVLAN, layerVNTag},
	{etherRARP, inEthernet | inVLAN | inCooked, layerARP},
}

var pppTypes = [...]dispatch{
	{pppIPv4, inPPP | inPPPoE, layerIP},
	{pppIPv6, inPPP | inPPPoE, layerIP},
	{pppMPLS, inPPP, layerMPLS},
}

var families = [...]dispatch{
	{familyINET, inAny, layerIP},
	{familyNetBSD6, inAny, layerIP},
	{familyFree6, inAny, layerIP},
	{familyDarwin6, inAny, layerIP},
}

// nextLayer returns the layer that id selects in a layer of in, or layerNone.
func nextLayer(table []dispatch, id uint32, in uint8) layer {
	for i := range table {
		if d := &table[i]; d.id == id && d.in&in != 0 {
			return d.next
		}
	}
	return layerNone
}

// etherHop skips n bytes to the layer that the ethertype et selects in a layer
// of in.
func etherHop(et uint16, in uint8, n int) hop {
	return hop{next: nextLayer(etherTypes[:], uint32(et), in), id: uint64(et), skip: n, size: toEnd}
}

// pppHop skips n bytes to the layer that the PPP protocol selects in a layer of
// in.
func pppHop(proto uint16, in uint8, n int) hop {
	return hop{next: nextLayer(pppTypes[:], uint32(proto), in), id: uint64(proto), skip: n, size: toEnd}
}

// lengthHop skips n bytes to the data b after an 802.3 length; length bytes of
// b belong to the frame.
func lengthHop(b []byte, length uint16, n int) hop {
	h := hop{next: layerLLC, id: keyLLC, skip: n, size: int(length)}
	switch {
	case b[0] == 0xaa && b[1] == 0xaa:
		h.next, h.id = layerSNAP, keySNAP
	case b[0] == 0xff && b[1] == 0xff:
		h.next, h.id = layerNovell, keyNovell
	}
	return h
}
