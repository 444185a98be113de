// Package syslog analyzes syslog messages (RFC 3164, RFC 5424) over UDP (RFC 5426) and TCP
// (RFC 6587).
//
// Like Zeek, it takes any datagram without a priority for a message. A datagram that begins
// a priority and does not complete it is not syslog.
package syslog

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const port = 514 // RFC 5426 section 3.3

// unspecified is Zeek's facility and severity of a message without a priority.
const unspecified = 999

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	s := &shard{message: &h.Syslog.Message, done: &h.Conn.UDPSessionDone}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}}
	p.Protocol = conn.Protocol{Name: "SYSLOG", Service: "syslog", New: s.attach}
	return p
}

// shard holds what the analyzers of one shard share.
type shard struct {
	message *event.SyslogMessageHook
	done    *event.UDPSessionDoneHook
	free    freelist.List[analyzer]
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
func (a *analyzer) Data(_ bool, b []byte) {
	facility, severity, b, wrong := parse(b)
	if wrong != "" {
		a.Violate(conn.Violation{Reason: wrong})
		return
	}
	if !a.Compat(compat.NoSpicy) {
		a.Confirm()
	}
	if e := a.s.message.Begin(); e != nil {
		*e = event.SyslogMessage{Conn: a.Conn(), Facility: facility, Severity: severity, Msg: b}
		a.s.message.Raise(e)
	}
}

// parse splits a message into facility, severity and what follows them. It returns what is
// wrong with it, or "".
func parse(b []byte) (facility, severity uint64, rest []byte, wrong string) {
	if len(b) == 0 || b[0] != '<' {
		return unspecified, unspecified, b, ""
	}
	n, rest, wrong := priority(b[1:])
	return n >> 3 & 0x7f, n & 7, rest, wrong
}

// priority reads a priority after its opening bracket. It returns what follows the closing
// one, or what is wrong.
func priority(b []byte) (n uint64, rest []byte, wrong string) {
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		// The lower 10 bits hold facility and severity.
		n = (n*10 + uint64(b[i]-'0')) & (1<<32 - 1)
	}
	switch {
	case i == 0:
		return 0, nil, "failed to match regular expression"
	case i == len(b) || b[i] != '>':
		return 0, nil, `failed to expect bytes literal ">"`
	}
	return n, b[i+1:], ""
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
