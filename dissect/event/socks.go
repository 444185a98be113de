package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// SOCKSAddress is the place that a SOCKS proxy is asked to connect to or has
// bound: an address, a name, or for SOCKS4a both.
//
//wirelog:record SOCKS::Address
type SOCKSAddress struct {
	Host value.Opt[netip.Addr] `zeek:"host"`
	Name value.Opt[[]byte]     `zeek:"name"` // valid inside the call
}

// SOCKSRequest is raised for a SOCKS client's request to reach an address or name
// (RFC 1928 section 4; for version 4 the memo "SOCKS: A protocol for TCP proxy
// across firewalls").
//
//wirelog:event socks_request section=SOCKS
type SOCKSRequest struct {
	Conn        Conn         `zeek:"c"`
	Version     uint64       `zeek:"version"`      // 4 or 5
	RequestType uint64       `zeek:"request_type"` // command: 1 connect, 2 bind, 3 UDP associate
	SA          SOCKSAddress `zeek:"sa"`           // destination
	P           value.Port   `zeek:"p"`
	User        []byte       `zeek:"user"` // of SOCKS4, empty for SOCKS5; valid inside the call
}

// SOCKSReply is raised for a SOCKS server's reply, with status, address and port
// (RFC 1928 section 6).
//
//wirelog:event socks_reply section=SOCKS
type SOCKSReply struct {
	Conn    Conn         `zeek:"c"`
	Version uint64       `zeek:"version"`
	Reply   uint64       `zeek:"reply"` // status, 0 for success
	SA      SOCKSAddress `zeek:"sa"`    // address that the server has bound
	P       value.Port   `zeek:"p"`
}

// SOCKSLoginUserpassRequest is raised for the user name and password of a SOCKS5
// client (RFC 1929).
//
//wirelog:event socks_login_userpass_request section=SOCKS
type SOCKSLoginUserpassRequest struct {
	Conn     Conn   `zeek:"c"`
	User     []byte `zeek:"user"`     // valid inside the call
	Password []byte `zeek:"password"` // valid inside the call
}

// SOCKSLoginUserpassReply is raised for a SOCKS5 server's answer to user name and
// password (RFC 1929).
//
//wirelog:event socks_login_userpass_reply section=SOCKS
type SOCKSLoginUserpassReply struct {
	Conn Conn   `zeek:"c"`
	Code uint64 `zeek:"code"` // 0 for success
}
