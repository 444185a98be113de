package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// DNSMsg is the header of a DNS message (RFC 1035 section 4.1.1).
//
//wirelog:record dns_msg
type DNSMsg struct {
	ID     uint64 `zeek:"id"`     // transaction identifier
	Opcode uint64 `zeek:"opcode"` // kind of query; NetBIOS has its own kinds
	RCode  uint64 `zeek:"rcode"`  // response code, without the bits that EDNS adds
	QR     bool   `zeek:"QR"`     // response
	AA     bool   `zeek:"AA"`     // authoritative answer
	TC     bool   `zeek:"TC"`     // truncated
	RD     bool   `zeek:"RD"`     // recursion desired
	RA     bool   `zeek:"RA"`     // recursion available
	Z      uint64 `zeek:"Z"`      // three bits, the lower two being AD and CD
	AD     bool   `zeek:"AD"`     // authentic data (RFC 4035 section 3.2.3)
	CD     bool   `zeek:"CD"`     // checking disabled (RFC 4035 section 3.2.2)
	// The numbers of records that the header claims. For a dynamic update (RFC 2136)
	// they are zones, prerequisites, updates and additional records.
	NumQueries uint64 `zeek:"num_queries"`
	NumAnswers uint64 `zeek:"num_answers"`
	NumAuth    uint64 `zeek:"num_auth"`
	NumAddl    uint64 `zeek:"num_addl"`
	IsNetBIOS  bool   `zeek:"is_netbios"` // from or to port 137
}

// Values of DNSAnswer.AnswerType.
const (
	DNSQuestion     = 0
	DNSAnswerRR     = 1
	DNSAuthority    = 2
	DNSAdditional   = 3
	DNSPrerequisite = 4 // of a dynamic update (RFC 2136 section 2.4)
	DNSUpdate       = 5 // of a dynamic update (RFC 2136 section 2.5)
)

// DNSAnswer has the fields common to all resource records (RFC 1035 section
// 4.1.3).
//
//wirelog:record dns_answer
type DNSAnswer struct {
	AnswerType uint64         `zeek:"answer_type"` // section of the message, such as DNSAnswerRR
	Query      []byte         `zeek:"query"`       // owner name in lower case, valid inside the call
	QType      uint64         `zeek:"qtype"`       // type
	QClass     uint64         `zeek:"qclass"`      // class
	TTL        value.Interval `zeek:"TTL"`         // time to live
}

// DNSMessage is raised for every DNS message, before its other events.
//
//wirelog:event dns_message section=DNS
type DNSMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // sent by the originator
	Msg    DNSMsg `zeek:"msg"`
	Len    uint64 `zeek:"len"` // bytes of the message
}

// DNSRequest is raised for every question of a query (RFC 1035 section 4.1.2).
//
//wirelog:event dns_request section=DNS
type DNSRequest struct {
	Conn   Conn   `zeek:"c"`
	Msg    DNSMsg `zeek:"msg"`
	Query  []byte `zeek:"query"` // name asked for, in lower case; valid inside the call
	QType  uint64 `zeek:"qtype"`
	QClass uint64 `zeek:"qclass"`
	// OriginalQuery is the name as sent, except for compressed parts; valid inside
	// the call.
	OriginalQuery []byte `zeek:"original_query"`
}

// DNSRejected is raised for every question in a response without records.
//
//wirelog:event dns_rejected section=DNS
type DNSRejected struct {
	Conn          Conn   `zeek:"c"`
	Msg           DNSMsg `zeek:"msg"`
	Query         []byte `zeek:"query"` // name in lower case, valid inside the call
	QType         uint64 `zeek:"qtype"`
	QClass        uint64 `zeek:"qclass"`
	OriginalQuery []byte `zeek:"original_query"` // name as it was sent, valid inside the call
}

// DNSQueryReply is raised for every question in a response with records.
//
//wirelog:event dns_query_reply section=DNS
type DNSQueryReply struct {
	Conn          Conn   `zeek:"c"`
	Msg           DNSMsg `zeek:"msg"`
	Query         []byte `zeek:"query"` // name in lower case, valid inside the call
	QType         uint64 `zeek:"qtype"`
	QClass        uint64 `zeek:"qclass"`
	OriginalQuery []byte `zeek:"original_query"` // name as it was sent, valid inside the call
}

// DNSEnd is raised when a message has been analyzed as far as configured. It is
// the last of its events.
//
//wirelog:event dns_end section=DNS
type DNSEnd struct {
	Conn Conn   `zeek:"c"`
	Msg  DNSMsg `zeek:"msg"`
}

// DNSFullRequest is raised after the other events of a DNS request that was parsed to
// its end: its header and every record that it announces. It has no parameters, and no
// release of Zeek has raised it.
//
//wirelog:event dns_full_request section=DNS deprecated
type DNSFullRequest struct{}

// NonDNSRequest is raised for a datagram of the originator that an analyzer of DNS
// cannot parse: it is too short, has too many questions, or a record is cut off or
// malformed.
//
//wirelog:event non_dns_request section=DNS
type NonDNSRequest struct {
	Conn Conn   `zeek:"c"`
	Msg  []byte `zeek:"msg"` // the whole datagram, valid inside the call
}

// DNSAReply is raised for an A record, an IPv4 address (RFC 1035 section 3.4.1).
//
//wirelog:event dns_A_reply section=DNS
type DNSAReply struct {
	Conn Conn       `zeek:"c"`
	Msg  DNSMsg     `zeek:"msg"`
	Ans  DNSAnswer  `zeek:"ans"`
	A    netip.Addr `zeek:"a"`
}

// DNSAAAAReply is raised for an AAAA record, an IPv6 address (RFC 3596).
//
//wirelog:event dns_AAAA_reply section=DNS
type DNSAAAAReply struct {
	Conn Conn       `zeek:"c"`
	Msg  DNSMsg     `zeek:"msg"`
	Ans  DNSAnswer  `zeek:"ans"`
	A    netip.Addr `zeek:"a"`
}

// DNSA6Reply is raised for an A6 record, which is read as an IPv6 address
// (RFC 2874, historic by RFC 6563).
//
//wirelog:event dns_A6_reply section=DNS
type DNSA6Reply struct {
	Conn Conn       `zeek:"c"`
	Msg  DNSMsg     `zeek:"msg"`
	Ans  DNSAnswer  `zeek:"ans"`
	A    netip.Addr `zeek:"a"`
}

// DNSNSReply is raised for an NS record, a name server of a zone (RFC 1035
// section 3.3.11).
//
//wirelog:event dns_NS_reply section=DNS
type DNSNSReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	Name []byte    `zeek:"name"` // in lower case, valid inside the call
}

// DNSCNAMEReply is raised for a CNAME record, the true name behind an alias
// (RFC 1035 section 3.3.1).
//
//wirelog:event dns_CNAME_reply section=DNS
type DNSCNAMEReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	Name []byte    `zeek:"name"` // in lower case, valid inside the call
}

// DNSPTRReply is raised for a PTR record, as a rule the name of an address
// (RFC 1035 section 3.3.12).
//
//wirelog:event dns_PTR_reply section=DNS
type DNSPTRReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	Name []byte    `zeek:"name"` // in lower case, valid inside the call
}

// DNSSOA is what an SOA record says of its zone (RFC 1035 section 3.3.13).
//
//wirelog:record dns_soa
type DNSSOA struct {
	MName   []byte         `zeek:"mname"`  // primary server, in lower case; valid inside the call
	RName   []byte         `zeek:"rname"`  // mailbox, in lower case; valid inside the call
	Serial  uint64         `zeek:"serial"` // version of the zone
	Refresh value.Interval `zeek:"refresh"`
	Retry   value.Interval `zeek:"retry"`
	Expire  value.Interval `zeek:"expire"`
	Minimum value.Interval `zeek:"minimum"` // time to live of negative answers
}

// DNSSOAReply is raised for an SOA record, the parameters of a zone.
//
//wirelog:event dns_SOA_reply section=DNS
type DNSSOAReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	SOA  DNSSOA    `zeek:"soa"`
}

// DNSMXReply is raised for an MX record, a mail exchanger (RFC 1035 section 3.3.9).
//
//wirelog:event dns_MX_reply section=DNS
type DNSMXReply struct {
	Conn       Conn      `zeek:"c"`
	Msg        DNSMsg    `zeek:"msg"`
	Ans        DNSAnswer `zeek:"ans"`
	Name       []byte    `zeek:"name"`       // in lower case, valid inside the call
	Preference uint64    `zeek:"preference"` // lower is preferred
}

// DNSSRVReply is raised for an SRV record, host and port of a service (RFC 2782).
// The node status records of NetBIOS, which have the same type, raise nothing.
//
//wirelog:event dns_SRV_reply section=DNS
type DNSSRVReply struct {
	Conn     Conn      `zeek:"c"`
	Msg      DNSMsg    `zeek:"msg"`
	Ans      DNSAnswer `zeek:"ans"`
	Target   []byte    `zeek:"target"`   // in lower case, valid inside the call
	Priority uint64    `zeek:"priority"` // lower is tried first
	Weight   uint64    `zeek:"weight"`   // share among those of one priority
	P        uint64    `zeek:"p"`        // port
}

// DNSTXTReply is raised for a TXT record (RFC 1035 section 3.3.14).
//
//wirelog:event dns_TXT_reply section=DNS
type DNSTXTReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	Strs [][]byte  `zeek:"strs" type:"string_vec"` // all of its strings, valid inside the call
}

// DNSSPFReply is raised for an SPF record, which is built like TXT (RFC 4408
// section 3.1.1, obsolete by RFC 7208).
//
//wirelog:event dns_SPF_reply section=DNS own
type DNSSPFReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	Strs [][]byte  `zeek:"strs" type:"string_vec"` // all of its strings, valid inside the call
}

// DNSHINFOReply is raised for a HINFO record, which describes a host (RFC 1035
// section 3.3.2).
//
//wirelog:event dns_HINFO_reply section=DNS
type DNSHINFOReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	CPU  []byte    `zeek:"cpu"` // processor, valid inside the call
	OS   []byte    `zeek:"os"`  // operating system, valid inside the call
}

// DNSWKSReply is raised for a WKS record, the services of a host (RFC 1035
// section 3.4.2).
//
//wirelog:event dns_WKS_reply section=DNS
type DNSWKSReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
}

// DNSCAAReply is raised for a CAA record, which names the authorities that may
// issue certificates (RFC 8659).
//
//wirelog:event dns_CAA_reply section=DNS
type DNSCAAReply struct {
	Conn  Conn      `zeek:"c"`
	Msg   DNSMsg    `zeek:"msg"`
	Ans   DNSAnswer `zeek:"ans"`
	Flags uint64    `zeek:"flags"` // 128 is the critical flag
	Tag   []byte    `zeek:"tag"`   // property, valid inside the call
	Value []byte    `zeek:"value"` // of the property, valid inside the call
}

// DNSNAPTRRR is what a NAPTR record says (RFC 3403 section 4.1).
//
//wirelog:record dns_naptr_rr
type DNSNAPTRRR struct {
	Order       uint64 `zeek:"order"`
	Preference  uint64 `zeek:"preference"`  // among those of one order
	Flags       []byte `zeek:"flags"`       // valid inside the call, as all of the following
	Service     []byte `zeek:"service"`     // services along this way of rewriting
	Regexp      []byte `zeek:"regexp"`      // substitution
	Replacement []byte `zeek:"replacement"` // next name to ask for, in its case
}

// DNSNAPTRReply is raised for a NAPTR record, a rule for rewriting names.
//
//wirelog:event dns_NAPTR_reply section=DNS own
type DNSNAPTRReply struct {
	Conn  Conn       `zeek:"c"`
	Msg   DNSMsg     `zeek:"msg"`
	Ans   DNSAnswer  `zeek:"ans"`
	NAPTR DNSNAPTRRR `zeek:"naptr"`
}

// DNSSSHFP is raised for an SSHFP record, the fingerprint of an SSH host key
// (RFC 4255).
//
//wirelog:event dns_SSHFP section=DNS own
type DNSSSHFP struct {
	Conn        Conn      `zeek:"c"`
	Msg         DNSMsg    `zeek:"msg"`
	Ans         DNSAnswer `zeek:"ans"`
	Algo        uint64    `zeek:"algo"`        // of the key
	FPType      uint64    `zeek:"fptype"`      // digest
	Fingerprint []byte    `zeek:"fingerprint"` // valid inside the call
}

// DNSLOCRR is what a LOC record says (RFC 1876 section 2).
//
//wirelog:record dns_loc_rr
type DNSLOCRR struct {
	Query      []byte `zeek:"query"`       // owner name, valid inside the call
	AnswerType uint64 `zeek:"answer_type"` // section of the message
	Version    uint64 `zeek:"version"`     // 0
	Size       uint64 `zeek:"size"`        // diameter, as a digit and a power of ten of centimetres
	HorizPre   uint64 `zeek:"horiz_pre"`   // horizontal precision, as Size
	VertPre    uint64 `zeek:"vert_pre"`    // vertical precision, as Size
	Latitude   uint64 `zeek:"latitude"`    // thousandths of an arc second, 2^31 at the equator
	Longitude  uint64 `zeek:"longitude"`   // thousandths of an arc second, 2^31 at the prime meridian
	Altitude   uint64 `zeek:"altitude"`    // centimetres from 100 km below the reference spheroid
	IsQuery    uint64 `zeek:"is_query"`    // 1 when the originator sent it
}

// DNSLOC is raised for a LOC record, the location of a host.
//
//wirelog:event dns_LOC section=DNS own
type DNSLOC struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	LOC  DNSLOCRR  `zeek:"loc"`
}

// DNSUnknownReply is raised for a record whose type has no event of its own.
//
//wirelog:event dns_unknown_reply section=DNS
type DNSUnknownReply struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
}
