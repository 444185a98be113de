// Package dns analyzes DNS over UDP and TCP and the protocols that share its format:
// multicast DNS (RFC 6762), LLMNR (RFC 4795) and the NetBIOS name service (RFC 1002).
//
// The decoder parses one message and raises its events, independent of the transport.
// The analyzer feeds it datagrams, or the messages of a stream.
package dns

import (
	"net/netip"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// source is the source of the weirds.
const source = "DNS"

// Options configure the analyzer. DefaultOptions returns Zeek's defaults.
type Options struct {
	// With both of SkipAllAuth and SkipAllAddl, parsing stops after the answers.
	SkipAllAuth bool `key:"dns.skip_all_auth" doc:"skip the records of authority sections (dns_skip_all_auth)"`
	SkipAllAddl bool `key:"dns.skip_all_addl" doc:"skip the records of additional sections (dns_skip_all_addl)"`
	// SkipAuth and SkipAddl have an effect on messages with answers only.
	SkipAuth []netip.Addr `key:"dns.skip_auth" doc:"addresses of servers whose answers come without their authority sections if dns.skip_all_auth is off (dns_skip_auth)"`
	SkipAddl []netip.Addr `key:"dns.skip_addl" doc:"addresses of servers whose answers come without their additional sections if dns.skip_all_addl is off (dns_skip_addl)"`

	MaxQueries int `key:"limits.dns_max_queries" unit:"count" min:"0" max:"65535" doc:"questions of a DNS message; one with more is not DNS; 0 is no bound (dns_max_queries)"`
	// MaxPointers is the longest chain of compression pointers in a name
	// (dns_max_compression_chain_depth).
	MaxPointers int

	SessionTimeout time.Duration `key:"timeouts.dns_session_timeout" doc:"silence that ends a DNS flow over UDP (dns_session_timeout)"`
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options {
	return Options{SkipAllAuth: true, SkipAllAddl: true, MaxQueries: 25, MaxPointers: 20, SessionTimeout: 10 * time.Second}
}

// Ports of the responder (Zeek's DNS::ports).
const (
	portDNS     = 53
	portNetBIOS = 137
	portMDNS    = 5353
	portLLMNR   = 5355
)

// New returns the protocol over transport, UDP or TCP, for one shard. Its analyzers raise
// their events on hooks.
func New(hooks *event.Hooks, transport value.Proto, o Options) *detect.Protocol {
	s := &shard{udpDone: &hooks.Conn.UDPSessionDone, timeout: value.Time(o.SessionTimeout), framer: newFramer()}
	s.dec.init(&hooks.DNS, o)
	p := &detect.Protocol{Protocol: conn.Protocol{Name: "DNS", Service: "dns", New: s.attach}, Transport: transport}
	if transport == value.ProtoTCP {
		p.Ports = []uint16{portDNS}
	} else {
		p.Ports = []uint16{portDNS, portNetBIOS, portMDNS, portLLMNR}
	}
	return p
}

// Opcodes (RFC 1035 section 4.1.1).
const (
	opQuery  = 0
	opNotify = 4 // RFC 1996 section 3.1
	opUpdate = 5 // RFC 2136 section 2.2
)

// Record types that are parsed (IANA dns-parameters).
const (
	typeA          = 1     // RFC 1035 section 3.4.1
	typeNS         = 2     // RFC 1035 section 3.3.11
	typeCNAME      = 5     // RFC 1035 section 3.3.1
	typeSOA        = 6     // RFC 1035 section 3.3.13
	typeWKS        = 11    // RFC 1035 section 3.4.2
	typePTR        = 12    // RFC 1035 section 3.3.12
	typeHINFO      = 13    // RFC 1035 section 3.3.2
	typeMX         = 15    // RFC 1035 section 3.3.9
	typeTXT        = 16    // RFC 1035 section 3.3.14
	typeAAAA       = 28    // RFC 3596 section 2.1
	typeLOC        = 29    // RFC 1876 section 2
	typeNB         = 32    // RFC 1002 section 4.2.1.3
	typeSRV        = 33    // RFC 2782; NBSTAT in RFC 1002
	typeNAPTR      = 35    // RFC 3403 section 4
	typeA6         = 38    // RFC 2874
	typeOPT        = 41    // RFC 6891 section 6.1
	typeDS         = 43    // RFC 4034 section 5
	typeSSHFP      = 44    // RFC 4255
	typeRRSIG      = 46    // RFC 4034 section 3
	typeNSEC       = 47    // RFC 4034 section 4
	typeDNSKEY     = 48    // RFC 4034 section 2
	typeNSEC3      = 50    // RFC 5155 section 3
	typeNSEC3PARAM = 51    // RFC 5155 section 4
	typeSVCB       = 64    // RFC 9460 section 2
	typeHTTPS      = 65    // RFC 9460 section 9
	typeSPF        = 99    // RFC 4408 section 3.1.1
	typeTKEY       = 249   // RFC 2930 section 2
	typeTSIG       = 250   // RFC 8945 section 4.2
	typeCAA        = 257   // RFC 8659 section 4.1
	typeBINDS      = 65534 // private to BIND
)

// Classes with a special meaning in dynamic updates (RFC 2136 section 2.4).
const (
	classNone = 254
	classAny  = 255
)
