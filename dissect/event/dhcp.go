package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// DHCPMsg is the fixed part of a DHCP message (RFC 2131 section 2), with its type.
//
//wirelog:record DHCP::Msg
type DHCPMsg struct {
	Op     uint64         `zeek:"op"`     // 1 from a client, 2 from a server
	MType  uint64         `zeek:"m_type"` // option 53; 0 without it
	XID    uint64         `zeek:"xid"`    // transaction identifier
	Secs   value.Interval `zeek:"secs"`   // since the client began
	Flags  uint64         `zeek:"flags"`
	CIAddr netip.Addr     `zeek:"ciaddr"` // address that the client has
	YIAddr netip.Addr     `zeek:"yiaddr"` // address that it gets
	SIAddr netip.Addr     `zeek:"siaddr"` // server for the next step of a boot
	GIAddr netip.Addr     `zeek:"giaddr"` // relay
	CHAddr []byte         `zeek:"chaddr"` // hardware address as text, valid inside the call
	SName  []byte         `zeek:"sname"`  // name of the server, valid inside the call
	FileN  []byte         `zeek:"file_n"` // boot file, valid inside the call
}

// DHCPClientID is the client's identifier (RFC 2132 section 9.14).
//
//wirelog:record DHCP::ClientID
type DHCPClientID struct {
	HWType uint64 `zeek:"hwtype"`
	HWAddr []byte `zeek:"hwaddr"` // as sent for type 0, else a hardware address as text; valid inside the call
}

// DHCPClientFQDN is the client's name (RFC 4702 section 2).
//
//wirelog:record DHCP::ClientFQDN
type DHCPClientFQDN struct {
	Flags      uint64 `zeek:"flags"`
	RCode1     uint64 `zeek:"rcode1"`
	RCode2     uint64 `zeek:"rcode2"`
	DomainName []byte `zeek:"domain_name"` // as sent, valid inside the call
}

// DHCPSubOpt is a sub-option of the relay (RFC 3046 section 2.0).
//
//wirelog:record DHCP::SubOpt
type DHCPSubOpt struct {
	Code  uint64 `zeek:"code"`
	Value []byte `zeek:"value"` // valid inside the call
}

// DHCPOptions are the options of a message (RFC 2132, unless stated otherwise). All slices
// are valid inside the call. Of an option that occurs again, the last one counts.
//
//wirelog:record DHCP::Options
type DHCPOptions struct {
	Options         value.Opt[[]uint64]       `zeek:"options" type:"index_vec"`        // codes in the order of the message
	SubnetMask      value.Opt[netip.Addr]     `zeek:"subnet_mask"`                     // option 1
	Routers         value.Opt[[]netip.Addr]   `zeek:"routers" type:"DHCP::Addrs"`      // option 3
	DNSServers      value.Opt[[]netip.Addr]   `zeek:"dns_servers" type:"DHCP::Addrs"`  // option 6
	HostName        value.Opt[[]byte]         `zeek:"host_name"`                       // option 12
	DomainName      value.Opt[[]byte]         `zeek:"domain_name"`                     // option 15
	Forwarding      value.Opt[bool]           `zeek:"forwarding"`                      // option 19
	Broadcast       value.Opt[netip.Addr]     `zeek:"broadcast"`                       // option 28
	Vendor          value.Opt[[]byte]         `zeek:"vendor"`                          // option 43
	NBNS            value.Opt[[]netip.Addr]   `zeek:"nbns" type:"DHCP::Addrs"`         // option 44
	AddrRequest     value.Opt[netip.Addr]     `zeek:"addr_request"`                    // option 50
	Lease           value.Opt[value.Interval] `zeek:"lease"`                           // option 51
	ServAddr        value.Opt[netip.Addr]     `zeek:"serv_addr"`                       // option 54
	ParamList       value.Opt[[]uint64]       `zeek:"param_list" type:"index_vec"`     // option 55
	Message         value.Opt[[]byte]         `zeek:"message"`                         // option 56
	MaxMsgSize      value.Opt[uint64]         `zeek:"max_msg_size"`                    // option 57, in bytes
	RenewalTime     value.Opt[value.Interval] `zeek:"renewal_time"`                    // option 58
	RebindingTime   value.Opt[value.Interval] `zeek:"rebinding_time"`                  // option 59
	VendorClass     value.Opt[[]byte]         `zeek:"vendor_class"`                    // option 60
	ClientID        value.Opt[DHCPClientID]   `zeek:"client_id"`                       // option 61
	UserClass       value.Opt[[]byte]         `zeek:"user_class"`                      // option 77 (RFC 3004)
	ClientFQDN      value.Opt[DHCPClientFQDN] `zeek:"client_fqdn"`                     // option 81
	SubOpt          value.Opt[[]DHCPSubOpt]   `zeek:"sub_opt" type:"DHCP::SubOpts"`    // option 82
	AutoConfig      value.Opt[bool]           `zeek:"auto_config"`                     // option 116 (RFC 2563)
	AutoProxyConfig value.Opt[[]byte]         `zeek:"auto_proxy_config"`               // option 252, without a newline at its end
	TimeOffset      value.Opt[int64]          `zeek:"time_offset"`                     // option 2, in seconds
	TimeServers     value.Opt[[]netip.Addr]   `zeek:"time_servers" type:"DHCP::Addrs"` // option 4
	NameServers     value.Opt[[]netip.Addr]   `zeek:"name_servers" type:"DHCP::Addrs"` // option 5
	NTPServers      value.Opt[[]netip.Addr]   `zeek:"ntp_servers" type:"DHCP::Addrs"`  // option 42
}

// DHCPMessage is raised for every DHCP message, with the fields of its fixed part and all
// known options.
//
//wirelog:event dhcp_message section=DHCP
type DHCPMessage struct {
	Conn    Conn        `zeek:"c"`
	IsOrig  bool        `zeek:"is_orig"`
	Msg     DHCPMsg     `zeek:"msg"`
	Options DHCPOptions `zeek:"options"`
}
