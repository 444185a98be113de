// Package dhcp analyzes the Dynamic Host Configuration Protocol for IPv4 (RFC 2131) with its
// options (RFC 2132 and others). Parsing follows Zeek's dhcp-protocol.pac: an option of
// fixed size has that size, whatever its length says, and what follows it is read as the
// next option.
package dhcp

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Ports (RFC 2131 section 4.1).
const (
	portServer = 67
	portClient = 68
	portProxy  = 4011 // of servers for boot images (PXE)
)

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	s := &shard{decoder: decoder{hook: &h.DHCP.Message}}
	p := &detect.Protocol{
		Transport: value.ProtoUDP, Ports: []uint16{portServer, portClient, portProxy},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(hasCookie)}, {Resp: detect.Anywhere(hasCookie)}},
	}
	p.Protocol = conn.Protocol{Name: "DHCP", Service: "dhcp", New: s.attach}
	return p
}

// shard holds what the analyzers of one shard share.
type shard struct {
	decoder
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

// Data takes a message. What is wrong with a message that could be parsed is reported
// before its event, as in Zeek, and the analyzer leaves after it.
func (a *analyzer) Data(isOrig bool, b []byte) {
	d := &a.s.decoder
	if err := d.decode(b); err != nil {
		a.Violate(conn.Violation{Reason: err.Error()})
		return
	}
	leave := false
	if d.msg.MType == 0 {
		leave = a.Violate(conn.Violation{Reason: "no DHCP message type option", Stay: true})
	}
	if d.cookie != cookie {
		leave = a.Violate(conn.Violation{Reason: "bad cookie (" + strconv.Itoa(int(int32(d.cookie))) + ")", Stay: true}) || leave
	} else {
		if e := d.hook.Begin(); e != nil {
			e.Conn, e.IsOrig, e.Msg, e.Options = a.Conn(), isOrig, d.msg, d.options
			d.hook.Raise(e)
		}
		a.Confirm()
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
func (a *analyzer) Done() { a.s.free.Put(a) }
