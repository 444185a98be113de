// Package netbios analyzes the NetBIOS session service over TCP (RFC 1002 section 4.3) and,
// as far as their headers, the messages of the datagram service (section 4.4). It follows
// Zeek's NetBIOS analyzer.
package netbios

import (
	"time"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "NETBIOSSSN"

	// Ports (RFC 1002 section 5).
	namePort     = 137
	datagramPort = 138
	sessionPort  = 139

	// headerLen is the length in bytes of the header of a session packet, and maxPacket that
	// of the longest packet.
	headerLen = 4
	maxPacket = headerLen + 1<<17 - 1
)

// Options configure the analyzers. DefaultOptions returns Zeek's.
type Options struct {
	Timeout time.Duration `key:"timeouts.netbios_ssn_session_timeout" doc:"silence that ends a flow to NetBIOS's ports over UDP, if netbiosssn is chosen (netbios_ssn_session_timeout)"`
	Compat  compat.Set    // whose lengths to read
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options { return Options{Timeout: 15 * time.Second} }

// New returns NetBIOS over TCP and over UDP for the detector. Their analyzers raise their
// events on h.
func New(h *event.Hooks, o Options) (tcp, udp *detect.Protocol) {
	session := NewSession(h, source)
	session.messages = true
	size := sessionLen(o.Compat.Has(compat.NetBIOSSession))
	f := &factory{
		session: session, size: size, framer: wire.NewFramer(headerLen, maxPacket, size),
		done: &h.Conn.UDPSessionDone, timeout: value.Time(o.Timeout),
	}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{sessionPort}}
	tcp.Protocol = conn.Protocol{Name: source, New: f.newStream, Size: freelist.Size[stream]()}
	udp = &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{namePort, datagramPort}}
	udp.Protocol = conn.Protocol{Name: source, New: f.newDatagrams}
	return tcp, udp
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	session *Session
	size    func(header []byte) int
	framer  *wire.Framer
	done    *event.UDPSessionDoneHook
	timeout value.Time

	streams   freelist.List[stream]
	datagrams freelist.List[datagrams]
}

func (f *factory) newStream(u conn.Use) conn.Analyzer {
	a := f.streams.Get()
	*a = stream{f: f, Use: u}
	return a
}

// stream follows one TCP connection. Index 0 is the originator's side.
type stream struct {
	conn.Use
	f      *factory
	frames [2]wire.Frames
	lost   [2]bool // where packets begin is not known
	off    bool    // the analysis has ended
}

// Data takes the next bytes of a stream.
func (a *stream) Data(isOrig bool, b []byte) {
	i := conn.Side(isOrig)
	for f := &a.frames[i]; len(b) > 0 && !a.lost[i] && !a.off; {
		kept := f.Kept()
		m, rest, state := f.Next(a.f.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		if state == wire.FrameWhole {
			a.f.session.Packet(&a.Use, isOrig, m[0], m[headerLen:])
		} else if a.Full(source) {
			a.Detach()
		}
	}
}

// Gap skips missing bytes inside a packet, which is lost. If they may hold the beginning of
// one, the side can no longer be followed. Zeek goes on as if nothing were missing.
func (a *stream) Gap(isOrig bool, n uint64) {
	i := conn.Side(isOrig)
	if a.lost[i] || a.Compat(compat.PeerGaps) {
		return
	}
	if f := &a.frames[i]; !f.Gap(a.f.framer, n) {
		a.lost[i] = true
		a.Hold(-f.Reset(a.f.framer))
	}
}

// End takes the beginning of a last packet for all of it, unless it is a header alone.
func (a *stream) End(isOrig bool) {
	f := &a.frames[conn.Side(isOrig)]
	if m := f.Partial(); len(m) > headerLen && !a.off {
		a.Weird("truncated_netbios_message", shorter(len(m)-headerLen, a.f.size(m)-headerLen), source)
		a.f.session.Packet(&a.Use, isOrig, m[0], m[headerLen:])
		a.Hold(-f.Reset(a.f.framer))
	}
}

// Flip swaps the two sides.
func (a *stream) Flip() {
	a.frames[0], a.frames[1] = a.frames[1], a.frames[0]
	a.lost[0], a.lost[1] = a.lost[1], a.lost[0]
}

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	a.off = true
	a.Hold(-a.frames[0].Reset(a.f.framer) - a.frames[1].Reset(a.f.framer))
	a.f.streams.Put(a)
}
