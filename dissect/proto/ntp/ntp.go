// Package ntp analyzes the Network Time Protocol (RFC 5905) with its control messages (RFC
// 9327) and ntpd's private ones. Parsing follows Zeek's ntp-protocol.pac.
package ntp

import (
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const port = 123 // RFC 5905 section 7.2

// Options configure the analyzer. DefaultOptions returns the defaults.
type Options struct {
	// conn.Options.UDPInactivity ends a flow if it is less, as it is by default.
	Timeout time.Duration `key:"timeouts.ntp_session_timeout" doc:"silence that ends an NTP flow, if it is less than udp_inactivity_timeout (ntp_session_timeout)"`
}

// DefaultOptions returns the defaults, that of Bro for Timeout, which Zeek no longer has.
func DefaultOptions() Options { return Options{Timeout: 5 * time.Minute} }

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	s := &shard{message: &h.NTP.Message, done: &h.Conn.UDPSessionDone, timeout: value.Time(o.Timeout)}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}}
	p.Protocol = conn.Protocol{Name: "NTP", Service: "ntp", New: s.attach}
	return p
}

// shard holds what the analyzers of one shard share.
type shard struct {
	message *event.NTPMessageHook
	done    *event.UDPSessionDoneHook
	timeout value.Time
	free    freelist.List[analyzer]
}

type analyzer struct {
	conn.Use
	s *shard
	// turned has, by side of the sender, whether a message of it has swapped the roles.
	turned [2]bool
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s}
	if s.timeout > 0 {
		u.Conn().ShortenInactivityTimeout(s.timeout)
	}
	return a
}

// Data takes a message.
func (a *analyzer) Data(isOrig bool, b []byte) {
	var m event.NTPMessageData
	if err := decode(b, &m); err != nil {
		a.Violate(conn.Violation{Reason: err.Error()})
		return
	}
	a.Confirm()
	if a.turns(isOrig, m.Mode) {
		a.turned[conn.Side(isOrig)] = true
		a.SwapRoles()
	}
	if e := a.s.message.Begin(); e != nil {
		e.Conn, e.IsOrig, e.Msg = a.Conn(), isOrig, m
		a.s.message.Raise(e)
	}
}

// turns reports whether a message shows that its sender has the other role.
func (a *analyzer) turns(isOrig bool, mode uint64) bool {
	return (isOrig && mode == modeServer || !isOrig && mode == modeClient) && !a.turned[conn.Side(isOrig)]
}

// Turns reports whether the roles will be swapped for a datagram of the originator.
func (a *analyzer) Turns(b []byte) bool {
	if len(b) == 0 || !a.turns(true, uint64(b[0]&modeBits)) {
		return false
	}
	var m event.NTPMessageData
	return decode(b, &m) == nil
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
