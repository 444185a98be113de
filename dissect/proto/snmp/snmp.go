// Package snmp analyzes the Simple Network Management Protocol, versions 1 (RFC 1157), 2c
// (RFC 1901) and 3 (RFC 3412), over UDP. Parsing follows Zeek's snmp-protocol.pac: elements
// of ASN.1 with a definite length, in the order of the standards. Encrypted PDUs are not
// decrypted.
package snmp

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Ports of agents, and of those who receive notifications (RFC 3417 section 3.2).
const (
	port     = 161
	trapPort = 162
)

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	s := &shard{decoder: decoder{hooks: &h.SNMP}, done: &h.Conn.UDPSessionDone}
	s.tooLong = func(n int) { s.NetWeird(asn1.WeirdTooLong, strconv.Itoa(n), "") }
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port, trapPort}}
	p.Protocol = conn.Protocol{Name: "SNMP", Service: "snmp", New: s.attach}
	return p
}

// shard holds what the analyzers of one shard share.
type shard struct {
	decoder
	done *event.UDPSessionDoneHook
	free freelist.List[analyzer]
}

type analyzer struct {
	conn.Use
	s *shard
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s}
	return a
}

// Data takes a message.
func (a *analyzer) Data(isOrig bool, b []byte) {
	d := &a.s.decoder
	d.Use, d.isOrig, d.leave = a.Use, isOrig, false
	err := d.decode(b)
	leave := d.leave
	d.Use = conn.Use{}
	if err != nil {
		a.Violate(conn.Violation{Reason: err.Error()})
	}
	if leave {
		a.Leave()
	}
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	if e := a.s.done.Begin(); e != nil {
		e.Conn = a.Conn()
		a.s.done.Raise(e)
	}
	a.s.free.Put(a)
}
