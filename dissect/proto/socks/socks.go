// Package socks analyzes the SOCKS proxy protocol, versions 4, 4a and 5 with user
// name and password. What a proxy carries once it has agreed is looked at like
// any other stream.
//
// Version 4 has no RFC: it is Koblas' memo "SOCKS: A protocol for TCP proxy across
// firewalls", with the extension 4A for names. Version 5 is RFC 1928, its user
// name and password RFC 1929.
package socks

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

const (
	version4 = 4
	version5 = 5

	// authVersion is that of user name and password (RFC 1929 section 2).
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

	// lastNameless is the highest address that SOCKS4A takes to mean that a name
	// follows.
	lastNameless = 0x000000ff

	// maxPending is how many bytes of a side may wait for the rest of a message or
	// for the other side's turn. The longest message has two strings of any length
	// in SOCKS4, and less than 600 bytes in SOCKS5.
	maxPending = 4096

	source = "SOCKS"
)

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.SOCKS}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{1080},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: "SOCKS", Service: "SOCKS", New: f.new}
	return p
}

// factory makes the analyzers of a shard and keeps those that are done.
type factory struct {
	hooks *event.SOCKSEvents
	free  freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, pending: [2][]byte{reuse(a.pending[0]), reuse(a.pending[1])}}
	return a
}

// reuse empties a buffer that is not too large to be kept.
func reuse(b []byte) []byte {
	if cap(b) > 2*maxPending {
		return nil
	}
	return b[:0]
}

// phase is how far a side has come.
type phase uint8

const (
	phaseTalk   phase = iota // a message of the side is next
	phaseWait                // it is the other side's turn
	phaseDone                // its part of the negotiation is over
	phaseOpaque              // it speaks an authentication that is not known here
)

// analyzer follows one negotiation. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	phase   [2]phase
	pending [2][]byte // bytes that no message has taken yet
	// What the responder's choice of a method has led to (RFC 1928 section 3).
	chosen, authenticating bool
	method                 byte

	off    bool // no longer interested
	opened bool // inner was asked for
	inner  conn.Handover
}

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// Data takes the next bytes of a stream.
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
	i := index(isOrig)
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
		a.Detach() // the other side is not to be seen
	}
}

// agreed reports whether both sides are through with the negotiation.
func (a *analyzer) agreed() bool { return a.phase[0] == phaseDone && a.phase[1] == phaseDone }

// step parses the next message of a side, and reports whether there was one.
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
		// A reply of version 4, too, which the signatures know by two bytes: sooner
		// the analyzer would be taken off and called for again.
	case b[0] != version5:
		// Replies of version 4 begin with 0: Zeek, which this follows, takes that
		// for a version that it does not know.
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

// negotiation parses an offer of methods, or the choice of one (RFC 1928 section
// 3), and returns the message's length, 0 if there is more to come.
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

// authentication parses a message of the negotiation by the chosen method (RFC
// 1929 section 2). The extent of other methods' messages is not known.
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
		a.phase[index(isOrig)] = phaseOpaque
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

// shortString takes a string off b that follows a byte with its length.
func shortString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

// request4 parses a request of version 4 or 4A: version, command, port, address,
// user and, if the address cannot be one, name.
func (a *analyzer) request4(b []byte) int {
	if len(b) < 9 {
		return 0
	}
	user, rest, ok := bytes.Cut(b[8:], []byte{0})
	if !ok {
		return 0
	}
	addr := event.SOCKSAddress{Host: value.Some(netip.AddrFrom4([4]byte(b[4:])))}
	if binary.BigEndian.Uint32(b[4:]) <= lastNameless {
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

// reply4 parses a reply of version 4 from a server that begins it with its version.
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

// message5 is what requests and replies of version 5 have in common (RFC 1928
// sections 4 and 6).
type message5 struct {
	code, reserved byte // code is the command or the status
	addrType       byte
	addr           event.SOCKSAddress
	port           value.Port
}

// parse5 parses a request or reply and returns its length, 0 if there is more to
// come. Nothing is known of what follows an address type that is not known.
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

// violate gives up: what the analyzer sees is not SOCKS.
func (a *analyzer) violate(reason string) {
	a.off = true
	a.Violate(conn.Violation{Reason: reason, Late: true})
}

// forward hands on what the proxy carries.
func (a *analyzer) forward(isOrig bool, b []byte) {
	if !a.opened {
		a.opened = true
		a.inner = a.Inner()
	}
	a.inner.Data(isOrig, b)
}

// Gap gives up a negotiation with missing bytes, which cannot be followed. Analyzers of what
// the proxy carries are not told: in Zeek they take what follows for what comes next.
func (a *analyzer) Gap(bool, uint64) {
	if !a.agreed() {
		a.Detach()
	}
}

// End goes on to what the proxy carries.
func (a *analyzer) End(isOrig bool) {
	a.inner.End(isOrig)
}

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() {
	a.phase[0], a.phase[1] = a.phase[1], a.phase[0]
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
}

// Done keeps the analyzer for another connection.
func (a *analyzer) Done() {
	a.off = true
	a.inner.Done()
	a.f.free.Put(a)
}
