package dns

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// EDNS options that are parsed (IANA dns-parameters).
const (
	optClientSubnet = 8  // RFC 7871 section 6
	optCookie       = 10 // RFC 7873 section 4
	optTCPKeepalive = 11 // RFC 7828 section 3.1
)

// optRecord parses an OPT record with n bytes of options (RFC 6891 section 6.1).
func (d *decoder) optRecord(n int) bool {
	end := d.off + n
	if e := begin(d, &d.hooks.EDNSAddl); e != nil {
		ttl := uint64(d.ans.TTL)
		e.Conn, e.Msg = d.conn, d.msg
		e.Ans = event.DNSEDNSAdditional{
			Query: d.ans.Query, QType: d.ans.AnswerType, T: d.ans.QType, PayloadSize: d.ans.QClass,
			ExtendedRCode: ttl>>24<<4 | d.msg.RCode, Version: ttl >> 16 & 0xff, ZField: ttl & 0xffff,
			TTL: d.ans.TTL, IsQuery: d.isQuery(),
		}
		d.hooks.EDNSAddl.Raise(e)
	}
	for end-d.off >= 4 {
		code, size := d.u16(), int(d.u16())
		if size > end-d.off {
			break
		}
		b := d.bytes(size)
		switch code {
		case optClientSubnet:
			d.clientSubnet(b)
		case optTCPKeepalive:
			d.tcpKeepalive(b)
		case optCookie:
			d.cookie(b)
		}
	}
	if d.off < end {
		d.weird("EDNS_truncated_option", "")
		return false
	}
	return true
}

func (d *decoder) clientSubnet(b []byte) {
	if len(b) <= 4 {
		d.weird("EDNS_ECS_invalid_option_len", "")
		return
	}
	family, source, scope := binary.BigEndian.Uint16(b), int(b[2]), b[3]
	b = b[4:]
	var name string
	var max int
	switch family { // IANA address-family-numbers
	case 1:
		name, max = "v4", 32
	case 2:
		name, max = "v6", 128
	default:
		return
	}
	if source > max {
		d.weird("EDNS_ECS_invalid_addr_"+name+"_prefix", strconv.Itoa(source)+" bits")
		return
	}
	if source > len(b)*8 {
		d.weird("EDNS_ECS_invalid_addr_"+name, "need "+strconv.Itoa(source)+" bits, have "+strconv.Itoa(len(b)*8)+" bits")
		return
	}
	e := d.hooks.EDNSECS.Begin()
	if e == nil {
		return
	}
	var a [16]byte
	copy(a[:], b[:(source+7)/8])
	addr := netip.AddrFrom4([4]byte(a[:4]))
	if max == 128 {
		addr = netip.AddrFrom16(a).Unmap()
	}
	e.Conn, e.Msg = d.conn, d.msg
	e.Opt = event.DNSEDNSECSOption{Family: append(d.name1[:0], name...), SourcePrefixLen: uint64(source),
		ScopePrefixLen: uint64(scope), Address: addr}
	d.hooks.EDNSECS.Raise(e)
}

func (d *decoder) tcpKeepalive(b []byte) {
	if len(b) != 0 && len(b) != 2 {
		return
	}
	o := event.DNSEDNSTCPKeepaliveOption{KeepaliveTimeoutOmitted: len(b) == 0}
	if len(b) == 2 {
		o.KeepaliveTimeout = uint64(binary.BigEndian.Uint16(b))
	}
	if d.conn.ID().Proto == value.ProtoUDP {
		d.weird("EDNS_TCP_Keepalive_In_UDP", "")
	}
	if e := d.hooks.EDNSTCPKeepalive.Begin(); e != nil {
		e.Conn, e.Msg, e.Opt = d.conn, d.msg, o
		d.hooks.EDNSTCPKeepalive.Raise(e)
	}
}

func (d *decoder) cookie(b []byte) {
	const client, least, most = 8, 16, 40
	if len(b) != client && (len(b) < least || len(b) > most) {
		return
	}
	if e := d.hooks.EDNSCookie.Begin(); e != nil {
		e.Conn, e.Msg = d.conn, d.msg
		e.Opt = event.DNSEDNSCookieOption{ClientCookie: b[:client:client], ServerCookie: b[client:]}
		d.hooks.EDNSCookie.Raise(e)
	}
}
