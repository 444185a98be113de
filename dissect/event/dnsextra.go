package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// DNSEDNSAdditional is the OPT record of EDNS, whose class and time to live have
// other meanings (RFC 6891 section 6.1).
//
//wirelog:record dns_edns_additional
type DNSEDNSAdditional struct {
	Query         []byte         `zeek:"query"`          // owner name, valid inside the call
	QType         uint64         `zeek:"qtype"`          // section of the message
	T             uint64         `zeek:"t"`              // type, 41
	PayloadSize   uint64         `zeek:"payload_size"`   // bytes of UDP payload that the sender accepts
	ExtendedRCode uint64         `zeek:"extended_rcode"` // all twelve bits of the response code
	Version       uint64         `zeek:"version"`        // 0
	ZField        uint64         `zeek:"z_field"`        // flags; 32768 asks for DNSSEC records
	TTL           value.Interval `zeek:"TTL"`            // the field as a time to live
	IsQuery       uint64         `zeek:"is_query"`       // 1 when the originator sent it
}

// DNSEDNSAddl is raised for an OPT record. Additional records are parsed only on
// demand; see the options of package dns.
//
//wirelog:event dns_EDNS_addl section=DNS
type DNSEDNSAddl struct {
	Conn Conn              `zeek:"c"`
	Msg  DNSMsg            `zeek:"msg"`
	Ans  DNSEDNSAdditional `zeek:"ans"`
}

// DNSEDNSECSOption is the client subnet option (RFC 7871 section 6).
//
//wirelog:record dns_edns_ecs
type DNSEDNSECSOption struct {
	Family          []byte     `zeek:"family"`            // "v4" or "v6"
	SourcePrefixLen uint64     `zeek:"source_prefix_len"` // bits that the asker gives
	ScopePrefixLen  uint64     `zeek:"scope_prefix_len"`  // bits that the answer is for
	Address         netip.Addr `zeek:"address"`
}

// DNSEDNSECS is raised for a client subnet option of an OPT record.
//
//wirelog:event dns_EDNS_ecs section=DNS own
type DNSEDNSECS struct {
	Conn Conn             `zeek:"c"`
	Msg  DNSMsg           `zeek:"msg"`
	Opt  DNSEDNSECSOption `zeek:"opt"`
}

// DNSEDNSTCPKeepaliveOption is the option of the same name (RFC 7828 section 3.1).
//
//wirelog:record dns_edns_tcp_keepalive
type DNSEDNSTCPKeepaliveOption struct {
	KeepaliveTimeoutOmitted bool   `zeek:"keepalive_timeout_omitted"`
	KeepaliveTimeout        uint64 `zeek:"keepalive_timeout"` // in tenths of a second
}

// DNSEDNSTCPKeepalive is raised for a TCP keepalive option of an OPT record.
//
//wirelog:event dns_EDNS_tcp_keepalive section=DNS own
type DNSEDNSTCPKeepalive struct {
	Conn Conn                      `zeek:"c"`
	Msg  DNSMsg                    `zeek:"msg"`
	Opt  DNSEDNSTCPKeepaliveOption `zeek:"opt"`
}

// DNSEDNSCookieOption is the cookie option (RFC 7873 section 4).
//
//wirelog:record dns_edns_cookie
type DNSEDNSCookieOption struct {
	ClientCookie []byte `zeek:"client_cookie"` // 8 bytes, valid inside the call
	ServerCookie []byte `zeek:"server_cookie"` // none or 8 to 32 bytes, valid inside the call
}

// DNSEDNSCookie is raised for a cookie option of an OPT record.
//
//wirelog:event dns_EDNS_cookie section=DNS own
type DNSEDNSCookie struct {
	Conn Conn                `zeek:"c"`
	Msg  DNSMsg              `zeek:"msg"`
	Opt  DNSEDNSCookieOption `zeek:"opt"`
}

// DNSSVCBParam is a parameter of a service binding (RFC 9460 section 7). The
// field of its key is set, or Raw if the key is unknown or its value malformed.
//
//wirelog:record dns_svcb_param
type DNSSVCBParam struct {
	Key       uint64                  `zeek:"key"`
	Mandatory value.Opt[[]uint64]     `zeek:"mandatory"` // keys that must be understood, valid inside the call
	ALPN      value.Opt[[][]byte]     `zeek:"alpn"`      // protocols, valid inside the call
	P         value.Opt[uint64]       `zeek:"p"`         // port
	Hint      value.Opt[[]netip.Addr] `zeek:"hint"`      // addresses, valid inside the call
	ECH       value.Opt[[]byte]       `zeek:"ech"`       // configuration of encrypted client hello in base 64, valid inside the call
	Raw       value.Opt[[]byte]       `zeek:"raw"`       // valid inside the call
}

// DNSSVCBRR is a service binding (RFC 9460 section 2.2).
//
//wirelog:record dns_svcb_rr
type DNSSVCBRR struct {
	SvcPriority uint64                    `zeek:"svc_priority"`                         // 0 for an alias
	TargetName  []byte                    `zeek:"target_name"`                          // in its case, "." for the owner; valid inside the call
	SvcParams   value.Opt[[]DNSSVCBParam] `zeek:"svc_params" type:"dns_svcb_param_vec"` // valid inside the call
}

// DNSSVCB is raised for an SVCB record.
//
//wirelog:event dns_SVCB section=DNS own
type DNSSVCB struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	SVCB DNSSVCBRR `zeek:"svcb"`
}

// DNSHTTPS is raised for an HTTPS record, which is a service binding of HTTP.
//
//wirelog:event dns_HTTPS section=DNS own
type DNSHTTPS struct {
	Conn  Conn      `zeek:"c"`
	Msg   DNSMsg    `zeek:"msg"`
	Ans   DNSAnswer `zeek:"ans"`
	HTTPS DNSSVCBRR `zeek:"https"`
}

// DNSDynamicUpdate is raised when zone, prerequisites and updates of a dynamic
// update have been parsed (RFC 2136).
//
//wirelog:event dns_dynamic_update section=DNS own
type DNSDynamicUpdate struct {
	Conn   Conn   `zeek:"c"`
	Msg    DNSMsg `zeek:"msg"`
	ZName  []byte `zeek:"zname"`  // zone in lower case, valid inside the call
	ZClass uint64 `zeek:"zclass"` // its class
}

// DNSDynamicUpdatePre is raised for every prerequisite of a dynamic update
// (RFC 2136 section 2.4).
//
//wirelog:event dns_dynamic_update_pre section=DNS own
type DNSDynamicUpdatePre struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
}

// DNSDynamicUpdateDel is raised for every deletion of a dynamic update (RFC 2136
// section 2.5).
//
//wirelog:event dns_dynamic_update_del section=DNS own
type DNSDynamicUpdateDel struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
}
