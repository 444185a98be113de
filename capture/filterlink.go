package capture

import "bytes"

// Link types that only filters need.
const (
	linkSLIP  = 8
	linkPPP   = 9
	linkBSDOS = 102 // of BSD/OS
	linkHDLC  = 104 // Cisco's
	linkLoop  = 108
	linkSLL   = 113
	linkIPv4  = 228
	linkIPv6  = 229
	linkIPoIB = 242 // IP over InfiniBand
	linkSLL2  = 276
	// linkAny is no link type: every well-formed expression compiles for it. The
	// filter is not run.
	linkAny = -1
)

// layers holds the offsets of headers at one point of an expression: vlan, mpls
// and pppoes move them for everything to their right.
type layers struct {
	kind    int // link type, which decides how the network protocol is encoded
	known   bool
	typ     uint32 // offset of the protocol number
	payload uint32 // offset of the end of the link header
	labels  int    // MPLS labels passed
}

func newLayers(link int) layers {
	l := layers{kind: link, known: true}
	switch link {
	case linkEthernet, linkAny:
		l.kind, l.typ, l.payload = linkEthernet, 12, 14
	case linkNull, linkLoop:
		l.payload = 4
	case linkPPP:
		l.typ, l.payload = 2, 4
	case linkSLL:
		l.typ, l.payload = 14, 16
	case linkSLL2:
		l.typ, l.payload = 0, 20
	case linkHDLC:
		l.typ, l.payload = 2, 4
	case linkIPoIB:
		l.typ, l.payload = 40, 44
	case linkSLIP:
		l.kind, l.payload = linkRaw, 16
	case linkBSDOS:
		l.kind, l.payload = linkRaw, 24
	case linkRaw, linkIPv4, linkIPv6:
	default:
		l.known = false
	}
	return l
}

// net returns the offset of the network header.
func (l *layers) net() uint32 { return l.payload + 4*uint32(l.labels) }

// Ethertypes.
const (
	etherIP   = 0x0800
	etherARP  = 0x0806
	etherRARP = 0x8035
	etherIP6  = 0x86dd
	etherMPLS = 0x8847
	etherPPPs = 0x8864
)

const maxEtherLength = 1500 // above it the type field is a protocol, not a length

func equal(off uint32, size uint8, v uint32) node {
	return &field{off: off, size: size, mask: ^uint32(0), lo: v, hi: v}
}

func masked(off uint32, size uint8, mask, v uint32) node {
	return &field{off: off, size: size, mask: mask, lo: v, hi: v}
}

// ethertype returns a test for the protocol that the link layer carries.
func (l *layers) ethertype(p *filterParser, t token, v uint32) node {
	if !l.known {
		p.failAt(t, "link type %d cannot be looked into; only len, less and greater can be used on it", p.link)
	}
	if l.labels > 0 {
		version := uint32(0x40)
		switch v {
		case etherIP:
		case etherIP6:
			version = 0x60
		default:
			p.failAt(t, "only IPv4 and IPv6 are known under mpls")
		}
		return allOf(masked(l.net()-2, 1, 1, 1), masked(l.net(), 1, 0xf0, version))
	}
	switch l.kind {
	case linkEthernet:
		if v <= maxEtherLength {
			return allOf(&field{off: l.typ, size: 2, mask: 0xffff, hi: maxEtherLength}, equal(l.payload, 1, v))
		}
		return equal(l.typ, 2, v)
	case linkSLL:
		if v <= maxEtherLength {
			return allOf(equal(l.typ, 2, 4), equal(l.payload, 1, v)) // 4: an 802.2 frame
		}
		return equal(l.typ, 2, v)
	case linkSLL2, linkHDLC, linkIPoIB:
		return equal(l.typ, 2, v)
	case linkPPP:
		switch v {
		case etherIP:
			v = 0x21
		case etherIP6:
			v = 0x57
		case etherMPLS:
			v = 0x281
		}
		return equal(l.typ, 2, v)
	case linkNull, linkLoop:
		// The address family has the number of the capturing system: AF_INET is 2
		// everywhere, AF_INET6 is 10, 24, 28 or 30. For linkNull it has the byte
		// order of that system too.
		var families []uint32
		switch v {
		case etherIP:
			families = []uint32{2}
		case etherIP6:
			families = []uint32{10, 24, 28, 30}
		}
		n := node(constant(false))
		for _, f := range families {
			n = anyOf(n, equal(0, 4, f))
			if l.kind == linkNull {
				n = anyOf(n, equal(0, 4, f<<24))
			}
		}
		return n
	case linkRaw:
		switch v {
		case etherIP:
			return masked(l.payload, 1, 0xf0, 0x40)
		case etherIP6:
			return masked(l.payload, 1, 0xf0, 0x60)
		}
	case linkIPv4:
		return constant(v == etherIP)
	case linkIPv6:
		return constant(v == etherIP6)
	}
	return constant(false)
}

// ipProtos maps keywords to IP protocol numbers. Those in bothVersions stand for
// either version of IP.
var ipProtos = map[string]uint32{
	"icmp": 1, "igmp": 2, "tcp": 6, "igrp": 9, "udp": 17, "esp": 50, "ah": 51,
	"icmp6": 58, "pim": 103, "vrrp": 112, "carp": 112, "sctp": 132,
}

var bothVersions = map[string]bool{"tcp": true, "udp": true, "sctp": true, "esp": true, "ah": true, "pim": true}

// etherProtos maps the keywords of protocols on a link layer to Ethernet types, or
// to 802.2 SAPs.
var etherProtos = map[string]uint32{
	"ip": etherIP, "ip6": etherIP6, "arp": etherARP, "rarp": etherRARP,
	"mopdl": 0x6001, "moprc": 0x6002, "decnet": 0x6003, "lat": 0x6004, "sca": 0x6007,
	"stp": 0x42,
}

// protoNames has the keywords that may come before a direction or a type.
var protoNames = map[string]bool{"ether": true, "link": true}

// keywords has the words that are names only if escaped.
var keywords = map[string]bool{}

// unsupported lists the keywords of pcap-filter(7) that are refused by name.
var unsupported = map[string]bool{}

func init() {
	for k := range ipProtos {
		protoNames[k] = true
	}
	for k := range etherProtos {
		protoNames[k] = true
	}
	for k := range protoNames {
		keywords[k] = true
	}
	for k := range namedNumber {
		keywords[k] = true
	}
	for _, k := range []string{"src", "dst", "host", "net", "mask", "port", "portrange", "proto", "less", "greater",
		"vlan", "mpls", "pppoed", "pppoes", "broadcast", "multicast", "inbound", "outbound", "llc", "len", "and", "or", "not"} {
		keywords[k] = true
	}
	for _, k := range []string{"gateway", "protochain", "wlan", "fddi", "tr", "atalk", "aarp", "ipx", "netbeui",
		"iso", "clnp", "esis", "isis", "es-is", "is-is", "geneve", "ifname", "on", "rnr", "rulenum", "srnr",
		"subrulenum", "rset", "ruleset", "reason", "action", "type", "subtype", "dir", "addr1", "addr2", "addr3",
		"addr4", "ra", "ta", "slip", "ppp", "lane", "vpi", "vci", "radio", "byte", "l1", "l2"} {
		keywords[k] = true
		unsupported[k] = true
	}
}

// proto returns a test for the protocol with that keyword.
func (p *filterParser) proto(t token, name string) node {
	if v, ok := etherProtos[name]; ok {
		return p.layer.ethertype(p, t, v)
	}
	v, ok := ipProtos[name]
	if !ok {
		p.failAt(t, "unexpected %q", name)
	}
	switch {
	case bothVersions[name]:
		return anyOf(p.ipProto(t, v), p.ip6Proto(t, v))
	case name == "icmp6":
		return p.ip6Proto(t, v)
	}
	return p.ipProto(t, v)
}

func (p *filterParser) ipProto(t token, v uint32) node {
	return allOf(p.layer.ethertype(p, t, etherIP), equal(p.layer.net()+9, 1, v))
}

// ip6Proto tests the first next-header field, and the one of a fragment header.
func (p *filterParser) ip6Proto(t token, v uint32) node {
	net := p.layer.net()
	return allOf(p.layer.ethertype(p, t, etherIP6),
		anyOf(equal(net+6, 1, v), allOf(equal(net+6, 1, 44), equal(net+40, 1, v))))
}

// protoNumber parses the operand of "proto 6", "ip proto \tcp" or
// "ether proto 0x88cc".
func (p *filterParser) protoNumber(t token, q qualifier) node {
	v := t.num
	if t.kind == tokWord {
		var ok bool
		if q.proto == "ether" || q.proto == "link" {
			v, ok = etherProtos[t.text]
		} else if v, ok = ipProtos[t.text]; !ok {
			v, ok = moreIPProtos[t.text]
		}
		if !ok {
			p.failAt(t, "no protocol is named %s", t.describe())
		}
	} else if t.kind != tokNum {
		p.failAt(t, "a protocol expected, not %s", t.describe())
	}
	switch q.proto {
	case "ether", "link":
		if v > 0xffff {
			p.failAt(t, "%d is over 65535", v)
		}
		return p.layer.ethertype(p, t, v)
	case "ip", "ip6", "":
		if v > 255 {
			p.failAt(t, "%d is over 255", v)
		}
	default:
		p.failAt(t, "%s proto says nothing", q.proto)
	}
	switch q.proto {
	case "ip":
		return p.ipProto(t, v)
	case "ip6":
		return p.ip6Proto(t, v)
	}
	return anyOf(p.ipProto(t, v), p.ip6Proto(t, v))
}

// moreIPProtos has the names for "ip proto" that are no keywords.
var moreIPProtos = map[string]uint32{
	"ipip": 4, "ipencap": 4, "egp": 8, "ipv6": 41, "rsvp": 46, "gre": 47, "ipv6-icmp": 58, "icmpv6": 58,
	"eigrp": 88, "ospf": 89, "l2tp": 115, "dccp": 33, "udplite": 136,
}

// bothDirs applies a test of one end to the ends that dir names.
func bothDirs(dir qualDir, test func(src bool) node) node {
	switch dir {
	case dirSrc:
		return test(true)
	case dirDst:
		return test(false)
	case dirBoth:
		return allOf(test(true), test(false))
	}
	return anyOf(test(true), test(false))
}

// net4 tests for an IPv4 address or network, also in ARP.
func (p *filterParser) net4(t token, q qualifier, addr, mask uint32) node {
	in := func(typ, src, dst uint32) node {
		return bothDirs(q.dir, func(s bool) node {
			off := dst
			if s {
				off = src
			}
			return allOf(p.layer.ethertype(p, t, typ), masked(p.layer.net()+off, 4, mask, addr))
		})
	}
	switch q.proto {
	case "":
		n := in(etherIP, 12, 16)
		if p.layer.labels == 0 {
			n = anyOf(n, in(etherARP, 14, 24), in(etherRARP, 14, 24))
		}
		return n
	case "ip":
		return in(etherIP, 12, 16)
	case "arp":
		return in(etherARP, 14, 24)
	case "rarp":
		return in(etherRARP, 14, 24)
	}
	p.failAt(t, "%s has no IPv4 addresses", q.proto)
	return nil
}

// net6 tests for an IPv6 address or network.
func (p *filterParser) net6(t token, q qualifier, bits int) node {
	if q.proto != "" && q.proto != "ip6" {
		p.failAt(t, "%s has no IPv6 addresses", q.proto)
	}
	mask := make([]byte, 16)
	for i := range bits {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	addr := t.addr.As16()
	val := make([]byte, 16)
	for i := range val {
		val[i] = addr[i] & mask[i]
	}
	if !bytes.Equal(val, addr[:]) {
		p.failAt(t, "%s has bits set that the mask takes away", t.text)
	}
	return bothDirs(q.dir, func(src bool) node {
		off := uint32(24)
		if src {
			off = 8
		}
		return allOf(p.layer.ethertype(p, t, etherIP6), &bytesEqual{off: p.layer.net() + off, val: val, mask: mask})
	})
}

// ports tests for a range of ports of a transport protocol, or of TCP, UDP and
// SCTP if proto is "".
func (p *filterParser) ports(t token, proto string, dir qualDir, lo, hi uint32) node {
	var protos []uint32
	switch proto {
	case "":
		protos = []uint32{132, 6, 17}
	case "tcp", "udp", "sctp":
		protos = []uint32{ipProtos[proto]}
	default:
		p.failAt(t, "%s has no ports", proto)
	}
	net := p.layer.net()
	var any4, any6 node = constant(false), constant(false)
	for _, v := range protos {
		any6 = anyOf(any6, allOf(equal(net+6, 1, v), bothDirs(dir, func(src bool) node {
			return &field{off: net + 40 + portOffset(src), size: 2, mask: 0xffff, lo: lo, hi: hi}
		})))
		any4 = anyOf(any4, allOf(equal(net+9, 1, v), masked(net+6, 2, 0x1fff, 0), bothDirs(dir, func(src bool) node {
			return &field{off: net + portOffset(src), behind: true, ip: net, size: 2, mask: 0xffff, lo: lo, hi: hi}
		})))
	}
	return anyOf(allOf(p.layer.ethertype(p, t, etherIP6), any6), allOf(p.layer.ethertype(p, t, etherIP), any4))
}

func portOffset(src bool) uint32 {
	if src {
		return 0
	}
	return 2
}

// ethernet fails for link types without Ethernet addresses.
func (p *filterParser) ethernet(t token) {
	if p.link != linkAny && p.link != linkEthernet {
		p.failAt(t, "link type %d has no Ethernet addresses", p.link)
	}
}

func (p *filterParser) etherHost(t token, q qualifier) node {
	p.ethernet(t)
	all := bytes.Repeat([]byte{0xff}, 6)
	mac := t.mac
	return bothDirs(q.dir, func(src bool) node {
		off := uint32(0)
		if src {
			off = 6
		}
		return &bytesEqual{off: off, val: mac[:], mask: all}
	})
}

// groupAddress handles "ether broadcast", "ip6 multicast" and the like.
func (p *filterParser) groupAddress(t token, what string) node {
	switch {
	case t.text == "ether" && what == "broadcast":
		return p.broadcast(t)
	case t.text == "ether" && what == "multicast":
		return p.multicast(t)
	case t.text == "ip" && what == "multicast":
		return allOf(p.proto(t, "ip"), &field{off: p.layer.net() + 16, size: 1, mask: 0xff, lo: 224, hi: 255})
	case t.text == "ip6" && what == "multicast":
		return allOf(p.proto(t, "ip6"), equal(p.layer.net()+24, 1, 0xff))
	case t.text == "ip":
		p.failAt(t, "ip broadcast needs the network's mask, which a file does not have")
	}
	p.failAt(t, "%s has no %s", t.text, what)
	return nil
}

func (p *filterParser) broadcast(t token) node {
	p.ethernet(t)
	all := bytes.Repeat([]byte{0xff}, 6)
	return &bytesEqual{val: all, mask: all}
}

func (p *filterParser) multicast(t token) node {
	p.ethernet(t)
	return masked(0, 1, 1, 1)
}

// direction handles inbound and outbound, which only cooked captures record.
func (p *filterParser) direction(t token) node {
	var out node
	switch p.link {
	case linkSLL, linkAny:
		out = equal(0, 2, 4)
	case linkSLL2:
		out = equal(10, 1, 4)
	default:
		p.failAt(t, "link type %d does not record the direction", p.link)
	}
	if t.text == "inbound" {
		return not{out}
	}
	return out
}

func (p *filterParser) llc(t token) node {
	p.ethernet(t)
	return allOf(&field{off: p.layer.typ, size: 2, mask: 0xffff, hi: maxEtherLength},
		not{equal(p.layer.payload, 2, 0xffff)})
}

// vlan tests for an 802.1Q tag and moves the layers behind it.
func (p *filterParser) vlan(t token) node {
	l := &p.layer
	if l.kind != linkEthernet {
		p.failAt(t, "link type %d has no VLAN tags", p.link)
	}
	if l.labels > 0 {
		p.failAt(t, "vlan after mpls")
	}
	n := anyOf(equal(l.typ, 2, 0x8100), equal(l.typ, 2, 0x88a8), equal(l.typ, 2, 0x9100))
	if p.peek().kind == tokNum {
		n = allOf(n, masked(l.payload, 2, 0xfff, p.upTo(4095)))
	}
	l.typ += 4
	l.payload += 4
	return n
}

// mpls tests for a label and moves the layers behind it.
func (p *filterParser) mpls(t token) node {
	l := &p.layer
	if l.kind != linkEthernet && l.kind != linkPPP {
		p.failAt(t, "link type %d has no MPLS labels", p.link)
	}
	var n node
	if l.labels > 0 {
		n = masked(l.net()-2, 1, 1, 0) // the previous label is not the last
	} else {
		n = l.ethertype(p, t, etherMPLS)
	}
	if p.peek().kind == tokNum {
		n = allOf(n, masked(l.net(), 4, 0xfffff000, p.upTo(0xfffff)<<12))
	}
	l.labels++
	return n
}

// pppoes tests for a PPPoE session and moves the layers into its PPP frame.
func (p *filterParser) pppoes(t token) node {
	l := &p.layer
	n := l.ethertype(p, t, etherPPPs)
	if p.peek().kind == tokNum {
		n = allOf(n, masked(l.net(), 4, 0xffff, p.upTo(0xffff)))
	}
	*l = layers{kind: linkPPP, known: true, typ: l.net() + 6, payload: l.net() + 8}
	return n
}

// loadFrom returns the number proto[index:size], and adds to present the test for
// that protocol.
func (p *filterParser) loadFrom(t token, index number, size uint8, present *node) number {
	net := p.layer.net()
	need := func(n ...node) { *present = allOf(*present, n...) }
	switch name := t.text; name {
	case "ether", "link":
		return &loaded{index: index, size: size}
	case "ip", "ip6", "arp", "rarp", "decnet", "lat", "moprc", "mopdl", "sca":
		need(p.proto(t, name))
		return &loaded{base: net, index: index, size: size}
	case "icmp6":
		need(p.layer.ethertype(p, t, etherIP6), equal(net+6, 1, ipProtos[name]))
		return &loaded{base: net + 40, index: index, size: size}
	case "tcp", "udp", "sctp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp":
		need(p.ipProto(t, ipProtos[name]), masked(net+6, 2, 0x1fff, 0))
		return &loaded{base: net, behind: true, ip: net, index: index, size: size}
	}
	p.failAt(t, "%s[ is not supported", t.text)
	return nil
}

// namedNumber has the named constants of pcap-filter(7).
var namedNumber = map[string]uint32{
	"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,

	"tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,

	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8,
	"icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12,
	"icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15, "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,

	"icmp6-destinationunreach": 1, "icmp6-destinationrunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4,
	"icmp6-echo": 128, "icmp6-echoreply": 129, "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
	"icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135,
	"icmp6-neighboradvert": 136, "icmp6-redirect": 137, "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
	"icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141, "icmp6-ineighbordiscoveryadvert": 142,
	"icmp6-multicastlistenerreportv2": 143, "icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
	"icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147, "icmp6-certpathsolicit": 148,
	"icmp6-certpathadvert": 149, "icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152,
	"icmp6-multicastrouterterm": 153,
}

func isNamedNumber(s string) bool {
	_, ok := namedNumber[s]
	return ok
}
