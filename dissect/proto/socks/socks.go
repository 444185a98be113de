// Package socks analyzes the SOCKS proxy protocol: versions 4, 4A and 5, the latter with
// user name and password. The data that a proxy relays after the negotiation is analyzed
// like any other stream.
//
// Version 4 has no RFC. It is described in Koblas' memo "SOCKS: A protocol for TCP proxy
// across firewalls"; its extension 4A adds names. Version 5 is RFC 1928, its authentication
// by user name and password RFC 1929.
package socks

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	version4 = 4
	version5 = 5

	// authVersion is the version of user name and password authentication (RFC 1929
	// section 2).
	authVersion = 1

	// Authentication methods (RFC 1928 section 3).
	methodNone     = 0x00
	methodPassword = 0x02
	methodRefused  = 0xff

	// Commands (RFC 1928 section 4).
	cmdConnect      = 1
	cmdUDPAssociate = 3

	// Address types (RFC 1928 section 5).
	addrIPv4 = 1
	addrName = 3
	addrIPv6 = 4

	// lastNameAddr is the highest address that announces a name in SOCKS4A.
	lastNameAddr = 0x000000ff

	// maxPending limits the bytes of a side that wait for the rest of a message or for
	// the other side's turn. A SOCKS4 message has two strings of any length; a SOCKS5
	// message has less than 600 bytes.
	maxPending = 4096

	source = "SOCKS"
)

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.SOCKS}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{1080},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: "SOCKS", Service: "SOCKS", New: f.new, Size: freelist.Size[analyzer]() + 512}
	return p
}

// factory makes the analyzers of a shard and keeps a free list of them.
type factory struct {
	hooks *event.SOCKSEvents
	free  freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, pending: [2][]byte{reuse(a.pending[0]), reuse(a.pending[1])}}
	return a
}

// reuse empties b, or drops it if it is too large to keep.
func reuse(b []byte) []byte {
	if cap(b) > 2*maxPending {
		return nil
	}
	return b[:0]
}

// phase is the progress of a side.
type phase uint8

const (
	phaseTalk   phase = iota // the side sends the next message
	phaseWait                // it is the other side's turn
	phaseDone                // the side has finished the negotiation
	phaseOpaque              // the side uses an unsupported authentication
)

// analyzer follows one negotiation. Side 0 is the originator, side 1 the responder.
type analyzer struct {
	f *factory
	conn.Use

	phase   [2]phase
	pending [2][]byte // bytes that have not been parsed yet
	// State after the responder's choice of a method (RFC 1928 section 3).
	chosen, authenticating bool
	method                 byte

	off    bool // all further data is ignored
	opened bool // inner has been obtained
	inner  conn.Handover
}

// Data analyzes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	switch {
	case a.off:
		return
	case a.agreed():
		a.forward(isOrig, b)
		return
	case a.Conn().Incomplete():
		return
	}
	i := conn.Side(isOrig)
	if a.phase[i] == phaseOpaque {
		return
	}
	a.pending[i] = append(a.pending[i], b...)
	for a.step(0) || a.step(1) {
	}
	switch {
	case a.off:
	case a.agreed():
		for i, p := range a.pending {
			if len(p) > 0 {
				a.forward(i == 0, p)
			}
			a.pending[i] = p[:0]
		}
	case len(a.pending[i]) > maxPending && a.phase[i] == phaseTalk:
		a.violate("message is too long")
	case len(a.pending[i]) > maxPending:
		a.Detach() // the capture lacks the other side
	}
}

// agreed reports whether both sides have finished the negotiation.
func (a *analyzer) agreed() bool { return a.phase[0] == phaseDone && a.phase[1] == phaseDone }

// step parses the next message of a side and reports whether it was complete.
func (a *analyzer) step(i int) bool {
	b := a.pending[i]
	if a.off || a.phase[i] != phaseTalk || len(b) == 0 {
		return false
	}
	var n int
	switch {
	case a.authenticating:
		n = a.authentication(i == 0, b)
	case b[0] == version4 && i == 0:
		n = a.request4(b)
	case b[0] == version4:
		n = a.reply4(b)
	case b[0] == 0 && i == 1 && len(b) < 2:
		// This may be a reply of version 4, whose signature needs two bytes. A violation
		// after the first would detach the analyzer only to attach it again.
	case b[0] != version5:
		// Replies of version 4 begin with 0, which Zeek treats as an unknown version.
		a.violate("unsupported/unknown SOCKS version " + strconv.Itoa(int(b[0])))
	case !a.chosen:
		n = a.negotiation(i == 0, b)
	case i == 0:
		n = a.request5(b)
	default:
		n = a.reply5(b)
	}
	if a.phase[i] == phaseOpaque {
		n = len(b)
	}
	a.pending[i] = b[:copy(b, b[n:])]
	return n > 0
}

// negotiation parses an offer of methods, or the choice of one (RFC 1928 section 3). It
// returns the length of the message, or 0 if it is incomplete.
func (a *analyzer) negotiation(isOrig bool, b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if isOrig {
		n := 2 + int(b[1])
		if len(b) < n {
			return 0
		}
		a.phase[0] = phaseWait
		return n
	}
	a.chosen = true
	a.method = b[1]
	a.authenticating = a.method != methodNone && a.method != methodRefused
	a.phase[0] = phaseTalk
	return 2
}

// authentication parses a message of the chosen method, of which only user name and
// password is supported (RFC 1929 section 2). It returns the length of the message, or 0 if
// it is incomplete; a message of an unsupported method takes all of b.
func (a *analyzer) authentication(isOrig bool, b []byte) int {
	known := false
	switch {
	case a.method != methodPassword:
		a.WeirdNumber("socks5_unsupported_authentication_method", int(a.method), source)
	case b[0] != authVersion:
		a.Weird("socks5_unsupported_authentication",
			"method "+strconv.Itoa(int(a.method))+", version "+strconv.Itoa(int(b[0])), source)
	default:
		known = true
	}
	if !known {
		a.phase[conn.Side(isOrig)] = phaseOpaque
		if !isOrig {
			a.Detach()
		}
		return len(b)
	}
	if isOrig {
		user, rest, ok := shortString(b[1:])
		if !ok {
			return 0
		}
		password, rest, ok := shortString(rest)
		if !ok {
			return 0
		}
		if e := a.f.hooks.LoginUserpassRequest.Begin(); e != nil {
			*e = event.SOCKSLoginUserpassRequest{Conn: a.Conn(), User: user, Password: password}
			a.f.hooks.LoginUserpassRequest.Raise(e)
		}
		a.phase[0] = phaseWait
		return len(b) - len(rest)
	}
	if len(b) < 2 {
		return 0
	}
	if e := a.f.hooks.LoginUserpassReply.Begin(); e != nil {
		*e = event.SOCKSLoginUserpassReply{Conn: a.Conn(), Code: uint64(b[1])}
		a.f.hooks.LoginUserpassReply.Raise(e)
	}
	a.authenticating = false
	if a.phase[0] == phaseOpaque {
		a.Detach()
	} else {
		a.phase[0] = phaseTalk
	}
	return 2
}

// shortString splits off a string that is preceded by a one-byte length.
func shortString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

// request4 parses a request of version 4 or 4A: version, command, port, address, user
// and, if the address announces it, name. It returns the length, or 0 if the request is
// incomplete.
func (a *analyzer) request4(b []byte) int {
	if len(b) < 9 {
		return 0
	}
	user, rest, ok := bytes.Cut(b[8:], []byte{0})
	if !ok {
		return 0
	}
	addr := event.SOCKSAddress{Host: value.Some(netip.AddrFrom4([4]byte(b[4:])))}
	if binary.BigEndian.Uint32(b[4:]) <= lastNameAddr {
		var name []byte
		if name, rest, ok = bytes.Cut(rest, []byte{0}); !ok {
			return 0
		}
		addr.Name = value.Some(name)
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.SOCKSRequest{Conn: a.Conn(), Version: 4, RequestType: uint64(b[1]), SA: addr, P: port(b[2:]), User: user}
		a.f.hooks.Request.Raise(e)
	}
	a.phase[0] = phaseDone
	return len(b) - len(rest)
}

// reply4 parses a reply of version 4 from a server that puts the version first. It returns
// the length, or 0 if the reply is incomplete.
func (a *analyzer) reply4(b []byte) int {
	const length = 9 // version, zero, status, port, address
	if len(b) < length {
		return 0
	}
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.SOCKSReply{Conn: a.Conn(), Version: 4, Reply: uint64(b[2]), P: port(b[3:])}
		e.SA.Host = value.Some(netip.AddrFrom4([4]byte(b[5:])))
		a.f.hooks.Reply.Raise(e)
	}
	a.Confirm()
	a.phase[1] = phaseDone
	return length
}

// message5 is a request or reply of version 5 (RFC 1928 sections 4 and 6).
type message5 struct {
	code, reserved byte // code is the command of a request, the status of a reply
	addrType       byte
	addr           event.SOCKSAddress
	port           value.Port
}

// parse5 parses a request or reply of version 5 and returns its length, or 0 if it is
// incomplete. Parsing stops at an unknown address type.
func parse5(b []byte) (m message5, n int) {
	if len(b) < 5 {
		return m, 0
	}
	m.code, m.reserved, m.addrType = b[1], b[2], b[3]
	at := 4
	switch m.addrType {
	case addrIPv4:
		n = at + 4
	case addrName:
		at++
		n = at + int(b[4])
	case addrIPv6:
		n = at + 16
	default:
		return m, at
	}
	if len(b) < n+2 {
		return m, 0
	}
	switch m.addrType {
	case addrIPv4:
		m.addr.Host = value.Some(netip.AddrFrom4([4]byte(b[at:])))
	case addrIPv6:
		m.addr.Host = value.Some(netip.AddrFrom16([16]byte(b[at:])))
	default:
		m.addr.Name = value.Some(b[at:n])
	}
	m.port = port(b[n:])
	return m, n + 2
}

// badAddrType returns the reason of a violation if the address type is unknown, else "".
func (m *message5) badAddrType() string {
	switch m.addrType {
	case addrIPv4, addrName, addrIPv6:
		return ""
	}
	return "invalid SOCKSv5 addr type: " + strconv.Itoa(int(m.addrType))
}

func (a *analyzer) request5(b []byte) int {
	m, n := parse5(b)
	if n == 0 {
		return 0
	}
	bad := ""
	switch {
	case m.reserved != 0:
		bad = "invalid value in reserved field: " + strconv.Itoa(int(m.reserved))
	case m.code < cmdConnect || m.code > cmdUDPAssociate:
		bad = "undefined value in command field: " + strconv.Itoa(int(m.code))
	default:
		bad = m.badAddrType()
	}
	if bad != "" {
		a.violate(bad)
		return 0
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.SOCKSRequest{Conn: a.Conn(), Version: 5, RequestType: uint64(m.code), SA: m.addr, P: m.port}
		a.f.hooks.Request.Raise(e)
	}
	a.phase[0] = phaseDone
	return n
}

func (a *analyzer) reply5(b []byte) int {
	m, n := parse5(b)
	if n == 0 {
		return 0
	}
	if bad := m.badAddrType(); bad != "" {
		a.violate(bad)
		return 0
	}
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.SOCKSReply{Conn: a.Conn(), Version: 5, Reply: uint64(m.code), SA: m.addr, P: m.port}
		a.f.hooks.Reply.Raise(e)
	}
	a.Confirm()
	a.phase[1] = phaseDone
	return n
}

func port(b []byte) value.Port {
	return value.Port{Num: binary.BigEndian.Uint16(b), Proto: value.ProtoTCP}
}

// violate stops the analysis: the data is not SOCKS.
func (a *analyzer) violate(reason string) {
	a.off = true
	a.Violate(conn.Violation{Reason: reason, Late: true})
}

// forward passes on the data that the proxy relays.
func (a *analyzer) forward(isOrig bool, b []byte) {
	if !a.opened {
		a.opened = true
		a.inner = a.Inner()
	}
	a.inner.Data(isOrig, b)
}

// Gap detaches the analyzer during the negotiation, which cannot be followed across missing
// bytes. Analyzers of the relayed data do not learn of the gap, as in Zeek: to them the
// stream looks contiguous.
func (a *analyzer) Gap(bool, uint64) {
	if !a.agreed() {
		a.Detach()
	}
}

// End ends a side of the relayed data.
func (a *analyzer) End(isOrig bool) { a.inner.End(isOrig) }

// Flip swaps the sides when the connection swaps its roles.
func (a *analyzer) Flip() {
	a.phase[0], a.phase[1] = a.phase[1], a.phase[0]
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	a.inner.Done()
	a.f.free.Put(a)
}
