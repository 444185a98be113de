// Package arp raises the events of ARP and RARP (RFC 826, RFC 903).
//
// The engine gives it the payload of every frame whose protocol type is ARP
// (0x0806) or reverse ARP (0x8035), and of Geneve tunnels that carry ARP. ARP
// has no connections.
package arp

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// Source is Zeek's name of the analyzer, for its weirds.
const Source = "ARP"

// Hardware types and opcodes (RFC 826 and IANA's registry).
const (
	headerLen  = 8
	hwEthernet = 1
	hwIEEE802  = 6
	protoIPv4  = 0x0800
	opRequest  = 1
	opReply    = 2
	opRARP     = 3 // RFC 903
	opRARPRep  = 4
	opInARP    = 8 // RFC 2390
	opInARPRep = 9
	macLen     = 6
	ipv4Len    = 4
)

// Analyzer raises the ARP events. It belongs to one shard.
type Analyzer struct {
	events *event.ARPEvents

	text [4][3*macLen - 1]byte // printed hardware addresses
	expl []byte
}

// New returns an Analyzer that raises its events on hooks.
func New(hooks *event.Hooks) *Analyzer { return &Analyzer{events: &hooks.ARP} }

// Packet raises the event of the ARP packet b. src and dst are the addresses of
// the frame, zero if the link layer has none. weird, if not empty, is Zeek's
// name of the fault because of which b is not analyzed at all.
func (a *Analyzer) Packet(src, dst *[6]byte, b []byte) (weird string) {
	if len(b) < headerLen {
		return "truncated_ARP"
	}
	hln, pln := int(b[4]), int(b[5])
	if len(b) < headerLen+2*hln+2*pln {
		return "truncated_ARP"
	}
	hrd := binary.BigEndian.Uint16(b)
	pro := binary.BigEndian.Uint16(b[2:])
	op := binary.BigEndian.Uint16(b[6:])
	p := fields{
		sha: b[headerLen:][:hln], spa: b[headerLen+hln:][:pln],
		tha: b[headerLen+hln+pln:][:hln], tpa: b[headerLen+2*hln+pln:][:pln],
	}
	switch {
	case hrd != hwEthernet && hrd != hwIEEE802:
		a.raiseBad(&p, "unknown-arp-hw-address (hrd=", int(hrd), "", 0)
	case hln != macLen:
		a.raiseBad(&p, "corrupt-arp-header (hrd=", int(hrd), ", hln=", hln)
	case pro != protoIPv4:
		a.raiseBad(&p, "unknown-arp-proto-address (pro=", int(pro), "", 0)
	case pln != ipv4Len:
		a.raiseBad(&p, "corrupt-arp-header (pro=", int(pro), ", pln=", pln)
	case *src != [6]byte(p.sha):
		a.raiseBad(&p, "weird-arp-sha", -1, "", 0)
	case op == opRequest:
		if e := a.events.Request.Begin(); e != nil {
			*e = event.ARPRequest{MACSrc: a.mac(0, src[:]), MACDst: a.mac(1, dst[:]),
				SPA: ip(p.spa), SHA: a.mac(2, p.sha), TPA: ip(p.tpa), THA: a.mac(3, p.tha)}
			a.events.Request.Raise(e)
		}
	case op == opReply:
		if e := a.events.Reply.Begin(); e != nil {
			*e = event.ARPReply{MACSrc: a.mac(0, src[:]), MACDst: a.mac(1, dst[:]),
				SPA: ip(p.spa), SHA: a.mac(2, p.sha), TPA: ip(p.tpa), THA: a.mac(3, p.tha)}
			a.events.Reply.Raise(e)
		}
	case op == opRARP, op == opRARPRep, op == opInARP, op == opInARPRep:
		a.raiseBad(&p, "unimplemented-arp-opcode (", int(op), "", 0)
	default:
		a.raiseBad(&p, "invalid-arp-opcode (opcode=", int(op), "", 0)
	}
	return ""
}

// fields are the four addresses of a packet, with the lengths that the packet
// claims.
type fields struct{ sha, spa, tha, tpa []byte }

// raiseBad raises BadARP with Zeek's explanation: a text followed by one or two
// numbers. Without numbers (x < 0) it has no closing parenthesis.
func (a *Analyzer) raiseBad(p *fields, what string, x int, and string, y int) {
	e := a.events.Bad.Begin()
	if e == nil {
		return
	}
	a.expl = append(a.expl[:0], what...)
	if x >= 0 {
		a.expl = strconv.AppendInt(a.expl, int64(x), 10)
		if and != "" {
			a.expl = append(a.expl, and...)
			a.expl = strconv.AppendInt(a.expl, int64(y), 10)
		}
		a.expl = append(a.expl, ')')
	}
	*e = event.BadARP{SPA: ip(p.spa), SHA: a.mac(2, p.sha), TPA: ip(p.tpa), THA: a.mac(3, p.tha), Explanation: a.expl}
	a.events.Bad.Raise(e)
}

// mac prints the first six bytes of a hardware address to a.text[i]. It returns
// an empty text for a shorter address.
func (a *Analyzer) mac(i int, b []byte) []byte {
	const digits = "0123456789abcdef"
	t := &a.text[i]
	if len(b) < macLen {
		return t[:0]
	}
	for j, x := range b[:macLen] {
		if j > 0 {
			t[3*j-1] = ':'
		}
		t[3*j], t[3*j+1] = digits[x>>4], digits[x&15]
	}
	return t[:]
}

// ip returns the IPv4 address in the first four bytes of b, or 0.0.0.0 if b is
// shorter.
func ip(b []byte) netip.Addr {
	if len(b) < ipv4Len {
		return netip.IPv4Unspecified()
	}
	return netip.AddrFrom4([4]byte(b))
}
