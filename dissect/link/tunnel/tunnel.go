// Package tunnel decodes tunnel protocols. It takes the payload of the carrying
// packet and returns the inner packet and how to decode it. It never recurses,
// holds no packets and does not know the connection table; the engine does the
// recursion.
//
// # Wiring
//
// The engine calls this package as follows:
//
//   - IP protocols 4 and 41 go to Decode with kind IP, protocol 47 to kind GRE.
//     They have no connection. An accepted inner packet belongs to the tunnel
//     that Table.Get returns for the addresses of the carrying packet.
//   - For every UDP datagram of a connection, in both directions and beside the
//     ordinary analyzers (a tunnel does not replace them), Decoder.UDP gives the
//     kind, by the responder's port and then by content. Unless it is None, the
//     datagram goes to Decode. The tunnel's uid is the connection's, except for
//     GRE over UDP, whose tunnel comes from Table.Get like any GRE tunnel.
//
// Decode fills a Result:
//
//   - Inner other than InnerNone: Payload is accepted. It is decoded with one
//     more Encapsulation, of type Result.Type, on the stack of the carrying
//     packet. This happens whether the analyzer is confirmed or not: confirmation
//     only decides the connection's service.
//   - Verdict Confirmed or Violated: the analyzer's state on this connection has
//     changed with this packet; raise the confirmation or violation event once.
//     State remembers it. After a violation, all but GTPv1 ignore the connection;
//     GTPv1 goes on decoding packets, as in Zeek, but reports no more.
//   - Weirds: ScopePacket weirds belong to the IP addresses of the carrying
//     packet, and have "_in_tunnel" appended if that is itself in a tunnel.
//   - TooDeep: the tunnel was not decoded because of Options.MaxDepth; the
//     connection gets Zeek's history mark for packets that could not be analyzed
//     ('X'). GRE, IP in IP and GTPv1 leave it at the weird.
//
// The checksum of the carrying UDP packet is verified before; NeedsChecksum
// implements VXLAN's exception.
//
// The Teredo and GTPv1 events are raised from within Decode, before the inner
// packet is decoded.
package tunnel

import (
	"slices"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Kind is a tunnel protocol.
type Kind uint8

// The tunnel protocols.
const (
	None   Kind = iota
	IP          // IP in IP: 4in4, 6in4, 4in6, 6in6 (RFC 2003, RFC 2473, RFC 4213)
	GRE         // RFC 2784, RFC 2890, RFC 2637, and ERSPAN, NVGRE, Aruba over it
	Teredo      // RFC 4380
	ayiya       // draft-massar-v6ops-ayiya
	VXLAN       // RFC 7348
	Geneve      // RFC 8926
	GTPv1       // 3GPP TS 29.060 and 29.281
	kinds
)

var analyzerNames = [kinds]string{
	IP: "IPTUNNEL", GRE: "GRE", Teredo: "TEREDO", ayiya: "AYIYA",
	VXLAN: "VXLAN", Geneve: "GENEVE", GTPv1: "GTPV1",
}

var types = [kinds]value.Enum{
	IP: "Tunnel::IP", GRE: "Tunnel::GRE", Teredo: "Tunnel::TEREDO", ayiya: "Tunnel::AYIYA",
	VXLAN: "Tunnel::VXLAN", Geneve: "Tunnel::GENEVE", GTPv1: "Tunnel::GTPv1",
}

// Analyzer returns Zeek's name of the packet analyzer, such as "GTPV1": the
// source of its weirds and, after "PacketAnalyzer::ANALYZER_", its tag.
func (k Kind) Analyzer() string { return analyzerNames[k] }

var services = [kinds]string{
	IP: "iptunnel", GRE: "gre", Teredo: "teredo", ayiya: "ayiya",
	VXLAN: "vxlan", Geneve: "geneve", GTPv1: "gtpv1",
}

// Service returns the name in conn.log's service column for a connection that
// carries the tunnel.
func (k Kind) Service() string { return services[k] }

// Type returns Zeek's Tunnel::Type, such as "Tunnel::TEREDO".
func (k Kind) Type() value.Enum { return types[k] }

// Inner says how to decode an inner packet.
type Inner uint8

// The kinds of inner packets.
const (
	InnerNone     Inner = iota
	InnerIP             // IPv4 or IPv6, according to the version in its header
	InnerEthernet       // an Ethernet frame
	InnerWLAN           // an 802.11 frame without radiotap
	InnerARP            // an ARP packet without link header
)

// Verdict is a packet's evidence about the analyzer of a connection.
type Verdict uint8

// Verdicts.
const (
	Undecided Verdict = iota
	Confirmed
	Violated
)

// Scope says what a weird belongs to.
type Scope uint8

// Scopes of weirds, after Zeek's flow_weird, conn_weird and net_weird.
const (
	ScopePacket Scope = iota // the addresses of the carrying packet
	ScopeConn                // the carrying connection
	ScopeNet                 // nothing in particular
)

// Weird is one observation of odd traffic.
type Weird struct {
	Name  string
	Addl  string
	Scope Scope
	// Source is the analyzer that reports it, by Zeek's name.
	Source string
}

// State is the state of tunnel analyzers on a connection. Its zero value is the
// state of a new connection; it needs no cleanup.
type State struct {
	verdict                [kinds]Verdict
	teredoOrig, teredoResp bool // valid packets seen from that side
	gtpOrig, gtpResp       bool // the last packet from that side was valid
}

// Verdict returns the evidence so far about the analyzer of kind k.
func (s *State) Verdict(k Kind) Verdict { return s.verdict[k] }

// Carrier describes the packet around a tunnel.
type Carrier struct {
	// Conn and State belong to the carrying UDP connection; nil for IP and for
	// GRE outside UDP.
	Conn  event.Conn
	State *State
	// IsOrig reports whether the originator of Conn sent the packet.
	IsOrig bool
	// Proto is the IP protocol number that announced the payload; for kind IP
	// it selects the inner version (4 or 41).
	Proto uint8
	// Depth is the number of tunnels around the carrying packet, Last the type of
	// the innermost of them (empty if Depth is 0).
	Depth int
	Last  value.Enum
	// Weirds, if not nil, collects the weirds about the extension headers of an
	// inner packet. Decoding that packet reports them once more.
	Weirds *packet.Weirds
}

// Result is what Decode found. It is reused: Payload points into the packet,
// Weirds into the Decoder; both are valid until the next call of Decode.
type Result struct {
	Inner   Inner
	Payload []byte
	// Type is Zeek's Tunnel::Type of this tunnel.
	Type value.Enum
	// VNI is the network identifier of VXLAN and Geneve, the TEID of GTPv1, the key of GRE,
	// the session of ERSPAN. HasVNI is false for GRE without a key and ERSPAN I.
	VNI    uint32
	HasVNI bool
	// Cut reports that an ERSPAN header says that Payload is not all of the frame.
	Cut bool
	// Verdict is not Undecided when this packet has changed the state of the
	// analyzer; Reason is Zeek's reason of a violation, and Data the bytes that
	// Zeek shows with it, if any.
	Verdict Verdict
	Reason  string
	Data    []byte
	Weirds  []Weird
	// TooDeep is set if a packet of the connection was not decoded because of
	// Options.MaxDepth.
	TooDeep bool
}

// Options are Zeek's Tunnel:: options and the ports of the analyzers.
type Options struct {
	MaxDepth int `key:"limits.tunnel_max_depth" unit:"count" min:"0" doc:"depth to which nested tunnels are decoded; 0 decodes none (Tunnel::max_depth)"`
	// DelayTeredoConfirmation confirms Teredo only after a valid packet from
	// both sides (Tunnel::delay_teredo_confirmation).
	DelayTeredoConfirmation bool
	// DelayGTPConfirmation confirms GTPv1 only when the last packets of both
	// sides were valid (Tunnel::delay_gtp_confirmation).
	DelayGTPConfirmation bool
	// ValidateVXLANChecksums verifies non-zero outer UDP checksums of VXLAN
	// (Tunnel::validate_vxlan_checksums).
	ValidateVXLANChecksums bool
	// Ports are the UDP ports of the responder that select a tunnel protocol.
	Ports []Port

	// IPTunnels is how many tunnels without a connection, such as GRE, a Table holds;
	// beyond it the one that was idle longest is forgotten.
	IPTunnels       int
	IPTunnelTimeout time.Duration `key:"timeouts.ip_tunnel_timeout" doc:"silence that ends a tunnel without a connection, such as GRE (Tunnel::ip_tunnel_timeout)"`
}

// Port assigns the datagrams to a UDP port to a tunnel protocol.
type Port struct {
	Num  uint16
	Kind Kind
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options {
	return Options{
		MaxDepth:                4,
		DelayTeredoConfirmation: true,
		ValidateVXLANChecksums:  true,
		Ports: []Port{
			{2123, GTPv1}, {2152, GTPv1}, {3544, Teredo}, {4754, GRE},
			{4789, VXLAN}, {5072, ayiya}, {6081, Geneve},
		},
		IPTunnels:       1 << 16,
		IPTunnelTimeout: 24 * time.Hour,
	}
}

// Decoder decodes tunnels. It belongs to one shard.
type Decoder struct {
	opt    Options
	ports  [1 << 16 / 64]uint64 // which ports are in opt.Ports
	weirds []Weird

	inner   packet.IP // the inner packet, for parsers that read its header
	headers packet.HeaderScratch
	discard packet.Weirds
	teredo  teredoEvents
	gtp     gtpEvents
}

// maxWeirds bounds the weirds of one packet.
const maxWeirds = 32

// New returns a Decoder that raises its events on hooks.
func New(hooks *event.Hooks, opt Options) *Decoder {
	opt.Ports = slices.Clone(opt.Ports)
	d := &Decoder{opt: opt, weirds: make([]Weird, 0, maxWeirds)}
	for _, p := range opt.Ports {
		d.ports[p.Num>>6] |= 1 << (p.Num & 63)
	}
	d.teredo.on = &hooks.Teredo
	d.gtp.on = &hooks.GTPv1
	return d
}

// UDP returns the tunnel protocol of a UDP payload to or from a responder's
// port, or None. It is called for every datagram, since the content decides if
// the port does not.
func (d *Decoder) UDP(respPort uint16, payload []byte) Kind {
	if k := d.byPort(respPort); k != None {
		return k
	}
	switch {
	case looksLikeAYIYA(payload):
		return ayiya
	case looksLikeTeredo(payload):
		return Teredo
	}
	return None
}

func (d *Decoder) byPort(port uint16) Kind {
	if d.ports[port>>6]&(1<<(port&63)) == 0 {
		return None
	}
	for _, p := range d.opt.Ports {
		if p.Num == port {
			return p.Kind
		}
	}
	return None
}

// NeedsChecksum reports whether the checksum of a UDP datagram to dstPort must
// be right. RFC 7348 section 5 makes an exception for VXLAN, which sends zero
// or leaves the check to the receiver. udpLen is the length of the datagram,
// including its header of 8 bytes.
func (d *Decoder) NeedsChecksum(dstPort, checksum uint16, udpLen int, payload []byte) bool {
	const vxlanAndEthernet = 8 + vxlanHeader + ethernetHeader
	if udpLen <= vxlanAndEthernet || len(payload) == 0 || payload[0]&vxlanFlagI == 0 || d.byPort(dstPort) != VXLAN {
		return true
	}
	return checksum != 0 && d.opt.ValidateVXLANChecksums
}

// Decode decodes payload, a tunnel packet of kind k carried by c, and writes
// the result to r.
func (d *Decoder) Decode(k Kind, c *Carrier, payload []byte, r *Result) {
	*r = Result{Type: k.Type()}
	d.weirds = d.weirds[:0]
	switch k {
	case IP:
		d.ipInIP(c, payload, r)
	case GRE:
		d.gre(c, payload, r)
	case Teredo:
		if d.enter(k, c, r) {
			d.decodeTeredo(c, payload, r)
		}
	case ayiya:
		if d.enter(k, c, r) {
			d.ayiya(c, payload, r)
		}
	case VXLAN:
		if d.enter(k, c, r) {
			d.vxlan(c, payload, r)
		}
	case Geneve:
		if d.enter(k, c, r) {
			d.geneve(c, payload, r)
		}
	case GTPv1:
		d.decodeGTPv1(c, payload, r)
	default: // not a tunnel
	}
	r.Weirds = d.weirds
}

// enter does the common checks of the analyzers over UDP. It reports false
// after a violation or if the tunnel is nested too deep.
func (d *Decoder) enter(k Kind, c *Carrier, r *Result) bool {
	if c.State.verdict[k] == Violated {
		return false
	}
	r.TooDeep = d.tooDeep(k, c)
	return !r.TooDeep
}

func (d *Decoder) tooDeep(k Kind, c *Carrier) bool {
	if c.Depth < d.opt.MaxDepth {
		return false
	}
	d.weird(k, "exceeded_tunnel_max_depth", "")
	return true
}

func (d *Decoder) weird(k Kind, name, addl string) { d.add(k, ScopePacket, name, addl) }

func (d *Decoder) connWeird(k Kind, name string) { d.add(k, ScopeConn, name, "") }

func (d *Decoder) netWeird(k Kind, name, addl string) { d.add(k, ScopeNet, name, addl) }

func (d *Decoder) add(k Kind, s Scope, name, addl string) {
	if len(d.weirds) < maxWeirds {
		d.weirds = append(d.weirds, Weird{Name: name, Addl: addl, Scope: s, Source: k.Analyzer()})
	}
}

// headerWeirds returns the list for weirds about the headers of the inner
// packet.
func (d *Decoder) headerWeirds(c *Carrier) *packet.Weirds {
	if c.Weirds != nil {
		return c.Weirds
	}
	d.discard.Reset()
	return &d.discard
}

// confirm marks the analyzer as confirmed, once and never after a violation.
func confirm(k Kind, c *Carrier, r *Result) {
	if v := &c.State.verdict[k]; *v == Undecided {
		*v = Confirmed
		r.Verdict = Confirmed
	}
}

// violate marks the analyzer as violated, once.
func violate(k Kind, c *Carrier, r *Result, reason string, data []byte) {
	if v := &c.State.verdict[k]; *v != Violated {
		*v = Violated
		r.Verdict, r.Reason, r.Data = Violated, reason, data
	}
}
