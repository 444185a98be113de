package conn

import (
	"math"
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/tunnel"
	"github.com/wirelog/wirelog/value"
)

// Conn is one connection: the compact record of the table. It implements event.Conn.
// State that idle and unanswered connections do without is in ext.
type Conn struct {
	t   *Table
	ext *ext
	record
}

// record is the part of a connection without pointers, so that starting a connection
// costs no write barriers.
type record struct {
	// Fields that every packet uses come first, to share cache lines.
	key         Key
	start, last value.Time
	flags       flags
	seen        uint16 // history letters already written
	bucket      uint16 // of the wheel, noBucket outside
	transport   value.Proto
	origin      uint8   // index of the originator in side
	side        [2]side // in the order of the key: originator is side[origin]

	first uint64 // number of the first packet
	// Deadlines, 0 when not set. attempt serves tcp_attempt_delay and, once the
	// handshake is over, tcp_reset_delay; closing serves tcp_partial_close_delay
	// and, once both sides are done, tcp_close_delay.
	attempt, expire, closing value.Time
	armed                    value.Time // deadline under which the wheel holds the connection
	silence                  millis     // allowed time without packets, 0 for any
	idx                      uint32
	wheelNext, wheelPrev     uint32
	liveNext, livePrev       uint32
	vlan, innerVLAN          uint16
	hist                     [10]byte
	nhist                    uint8
	tunnelChanges            uint8
}

// millis is a duration of at most seven weeks, in milliseconds. It saves memory: a
// connection has several.
type millis uint32

func toMillis(d value.Time) millis { return millis(min(d/1e6, math.MaxUint32)) }

func (m millis) time() value.Time { return value.Time(m) * 1e6 }

type flags uint16

const (
	flagVLAN flags = 1 << iota
	flagInnerVLAN
	flagPartial       // no initial handshake
	flagActive        // not yet finished, reset or timed out
	flagFirstOrig     // first packet of the originator was seen
	flagFirstResp     // and of the responder
	flagCloseDeferred // closed, with data still to deliver
	flagDeferredEvent // and to be reported when delivered
	flagFirstAck      // connection_first_ACK was raised
	flagWeird         // had a weird already
	flagSkip          // deliveries are over for the connection
	flagLive          // in the table
	flagClosing       // closing holds tcp_close_delay, not the partial one
	flagUndetected    // no analyzers have been chosen yet
	flagResetTimer    // attempt holds tcp_reset_delay
	flagTurned        // originator and responder changed places before its analyzers were chosen
)

// side is one endpoint.
type side struct {
	// Fields that every packet uses come first.
	packets, ipBytes             uint64
	startSeq, lastSeq, ackSeq    uint32
	window, windowAck, windowSeq uint32
	lastSeen                     uint32 // last packet, milliseconds after the connection's start, plus 1
	flowLabel                    uint32
	seqWraps, ackWraps           uint16
	scale                        uint8
	state, prev                  event.EndpointState
	flags                        sideFlags

	// size is the number of payload bytes. For TCP, which takes that from sequence
	// numbers, it is the relative sequence number after the FIN.
	size                       uint64
	histSYN, histFIN, histRST  uint32
	gaps, rexmits, zeroWindows uint32
	badSums                    uint32
	fins, rsts                 uint16
	l2                         [6]byte
	thresholds                 uint16 // four exponents of 10: the counts at which counters are next reported
}

type sideFlags uint8

const (
	sideClosed   sideFlags = 1 << iota // its close was reported
	sideEOF                            // all its data was delivered
	sideGap                            // had a content gap
	sideSeen                           // flow label known
	sideL2                             // l2 known
	sideActive                         // UDP or ICMP side that has sent
	sideNoStream                       // its reassembly is off
	sideSigned                         // signatures are matched against what it sends
)

// ext is what only connections with an analyzer or a stream need. It is pooled.
type ext struct {
	streams   [2]stream // by side index
	slots     slotValue
	analyzers []attached
	tunnel    *Encap
	rare      *rare
	account   *account // of what builders and analyzers hold; nil if that is nothing
	services  [maxServices]uint8
	session   millis // of EndAfterSilence or EndAfter
	turn      Turn   // 0 before the first payload
	// origSpeaks reports that the turn is the originator's.
	origSpeaks bool
	// fixed reports that session counts from the beginning: it is of EndAfter.
	fixed bool
	// one is the first backing array of analyzers: one analyzer takes no allocation.
	one [1]attached
}

// slotValue is an element of the list of values that SetSlot has stored. Most
// connections have at most one, which is in ext.
type slotValue struct {
	v     any // nil if there is none
	slot  event.Slot
	holds bool // the value counts in account
	next  *slotValue
}

// maxServices is how many services a connection can have. They are indexes into the
// table's list, plus 1, in the order of confirmation.
const maxServices = 8

// rare holds state that few connections need.
type rare struct {
	hist      []byte // the whole history once it is longer than Conn.hist
	byteThr   [2]uint64
	packetThr [2]uint64
	weirds    []weirdCount
	tunnels   tunnel.State // of the tunnels that the connection carries
	strays    strays
	counted   *Counted // datagrams that no analyzer gets; nil if there are none
	observed  *observed
	// sessionEnd is the packet count from which ext.session no longer applies, 0 for
	// none.
	sessionEnd uint64
}

// observed holds state that few runs need, but for many connections then.
type observed struct {
	contents [2]event.ContentsWriter
	alarms   []alarm
	stats    connStats
	counts   bool // somebody listens to ConnStats
}

// reset empties o, which may be nil, and returns it.
func (o *observed) reset() *observed {
	if o != nil {
		*o = observed{alarms: o.alarms[:0]}
	}
	return o
}

// observing returns the state of c that few runs need.
func (c *Conn) observing() *observed {
	r := c.rarely()
	if r.observed == nil {
		r.observed = new(observed)
	}
	return r.observed
}

// ifObserved is observing without allocating: nil if there is no such state.
func (c *Conn) ifObserved() *observed {
	if r := c.ifRare(); r != nil {
		return r.observed
	}
	return nil
}

func (c *Conn) extra() *ext {
	if c.ext == nil {
		c.ext = c.t.newExt()
	}
	return c.ext
}

func (c *Conn) rarely() *rare {
	x := c.extra()
	if x.rare == nil {
		x.rare = c.t.rares.Get()
	}
	return x.rare
}

// ifRare is rarely without allocating: nil if there is no such state.
func (c *Conn) ifRare() *rare {
	if c.ext == nil {
		return nil
	}
	return c.ext.rare
}

func (c *Conn) orig() *side { return &c.side[c.origin&1] }
func (c *Conn) resp() *side { return &c.side[c.origin&1^1] }

// sideOf returns the sending and the receiving side.
func (c *Conn) sideOf(isOrig bool) (s, peer *side) {
	if isOrig {
		return c.orig(), c.resp()
	}
	return c.resp(), c.orig()
}

func (c *Conn) isOrig(s *side) bool { return s == c.orig() }

func (c *Conn) index(isOrig bool) int {
	if isOrig {
		return int(c.origin)
	}
	return int(c.origin ^ 1)
}

// ID returns the five-tuple.
func (c *Conn) ID() (id event.ConnID) {
	a, b, pa, pb := &c.key.a, &c.key.b, c.key.pa, c.key.pb
	if c.origin == 1 {
		a, b, pa, pb = b, a, pb, pa
	}
	id.OrigH, id.OrigP = a.Netip(), pa
	id.RespH, id.RespP = b.Netip(), pb
	id.Proto, id.IPProto = c.transport, c.key.proto
	return id
}

// Signed reports whether signatures are matched against what a side of a TCP connection
// sends. Zeek prepares them with the side's first packet, but not for a side whose SYN
// is taken for lost because the other one's SYN-ACK was seen. If originator and
// responder have changed places by then, it is the sender of the SYN-ACK that has none.
func (c *Conn) Signed(isOrig bool) bool {
	s, _ := c.sideOf(isOrig)
	return s.flags&sideSigned != 0
}

// FirstRespPort returns the port, in host order, of the side that was taken for the
// responder when the connection began. Zeek chooses analyzers by port at that time,
// before it may find that originator and responder must change places.
func (c *Conn) FirstRespPort() uint16 {
	if (c.origin == 1) != (c.flags&flagTurned != 0) {
		return c.key.pa
	}
	return c.key.pb
}

// RespPort returns the responder's port in host order.
func (c *Conn) RespPort() uint16 {
	if c.origin == 1 {
		return c.key.pa
	}
	return c.key.pb
}

// OrigAddr returns the originator's address.
func (c *Conn) OrigAddr() netip.Addr {
	if c.origin == 1 {
		return c.key.b.Netip()
	}
	return c.key.a.Netip()
}

// UID returns the connection's unique identifier.
func (c *Conn) UID() value.UID {
	if t := c.t; t.named != c {
		t.named, t.name = c, c.key.UID(&t.cfg.Seed, c.start, c.first)
	}
	return c.t.name
}

// Start returns the time of the first packet.
func (c *Conn) Start() value.Time { return c.start }

// Last returns the time of the latest packet that counted as activity.
func (c *Conn) Last() value.Time { return c.last }

// FirstPacket returns the number of the first packet.
func (c *Conn) FirstPacket() uint64 { return c.first }

// Transport returns the transport protocol.
func (c *Conn) Transport() value.Proto { return c.transport }

// Orig describes the originator's side.
func (c *Conn) Orig() (e event.Endpoint) {
	c.endpoint(&e, c.orig(), c.resp())
	return e
}

// Resp describes the responder's side.
func (c *Conn) Resp() (e event.Endpoint) {
	c.endpoint(&e, c.resp(), c.orig())
	return e
}

// endpoint sets e, which is empty.
func (c *Conn) endpoint(e *event.Endpoint, s, peer *side) {
	e.Packets, e.IPBytes, e.Size = s.packets, s.ipBytes, s.size
	e.FlowLabel, e.State, e.HasL2, e.L2 = s.flowLabel, s.state, s.flags&sideL2 != 0, s.l2
	if c.transport == value.ProtoTCP {
		e.Size = s.tcpSize(peer)
	} else if s.flags&sideActive != 0 {
		e.State = event.StateEstablished
	}
}

// VLAN returns the outer VLAN id of the first packet.
func (c *Conn) VLAN() (uint16, bool) { return c.vlan, c.flags&flagVLAN != 0 }

// InnerVLAN returns the inner VLAN id of the first packet.
func (c *Conn) InnerVLAN() (uint16, bool) { return c.innerVLAN, c.flags&flagInnerVLAN != 0 }

// Tunnel returns the stack of tunnels around the connection, outermost first.
func (c *Conn) Tunnel() []event.Encapsulation {
	if c.ext == nil || c.ext.tunnel == nil {
		return nil
	}
	return c.ext.tunnel.Layers
}

// Domain identifies the pair of hosts of the outermost tunnel around the connection; it
// is 0 outside tunnels.
func (c *Conn) Domain() uint32 { return uint32(c.key.domain) }

// Tunnels returns the state of the tunnels that c carries.
func (c *Conn) Tunnels() *tunnel.State { return &c.rarely().tunnels }

// Slot returns what SetSlot stored, or nil.
func (c *Conn) Slot(s event.Slot) any {
	if c.ext == nil {
		return nil
	}
	for x := &c.ext.slots; x != nil; x = x.next {
		if x.slot == s && x.v != nil {
			return x.v
		}
	}
	return nil
}

// UsedSlots returns the slots that have a value.
func (c *Conn) UsedSlots() (used event.SlotSet) {
	if c.ext != nil {
		for x := &c.ext.slots; x != nil; x = x.next {
			if x.v != nil {
				used.Add(x.slot)
			}
		}
	}
	return used
}

// SetSlot stores a builder's state. Storing nil in an empty slot takes no memory.
func (c *Conn) SetSlot(s event.Slot, v any) {
	if v == nil && c.ext == nil {
		return
	}
	var free *slotValue
	last := &c.extra().slots
	for x := last; x != nil; x = x.next {
		if x.v == nil {
			free = x
		} else if x.slot == s {
			x.v, x.holds = v, x.holds && v != nil
			return
		}
		last = x
	}
	if v == nil {
		return
	}
	if free == nil {
		free = c.t.slotValues.Get()
		last.next = free
	}
	free.slot, free.v = s, v
}

// SetBytesThreshold has ConnBytesThresholdCrossed raised once a side has sent n bytes,
// headers included.
func (c *Conn) SetBytesThreshold(n uint64, isOrig bool) {
	c.rarely().byteThr[c.index(isOrig)] = n
	c.checkThresholds(isOrig)
}

// SetPacketsThreshold has ConnPacketsThresholdCrossed raised once a side has sent n
// packets.
func (c *Conn) SetPacketsThreshold(n uint64, isOrig bool) {
	c.rarely().packetThr[c.index(isOrig)] = n
	c.checkThresholds(isOrig)
}

// BytesThreshold returns the threshold that was set and not yet crossed, or 0.
func (c *Conn) BytesThreshold(isOrig bool) uint64 {
	r := c.ifRare()
	if r == nil {
		return 0
	}
	return r.byteThr[c.index(isOrig)]
}

// PacketsThreshold returns the threshold that was set and not yet crossed, or 0.
func (c *Conn) PacketsThreshold(isOrig bool) uint64 {
	r := c.ifRare()
	if r == nil {
		return 0
	}
	return r.packetThr[c.index(isOrig)]
}

func (c *Conn) checkThresholds(isOrig bool) {
	x := c.ifRare()
	if x == nil {
		return
	}
	i := c.index(isOrig)
	s, _ := c.sideOf(isOrig)
	if n := x.byteThr[i]; n != 0 && s.ipBytes >= n {
		x.byteThr[i] = 0
		if e := c.t.hooks.ConnSize.ConnBytesThresholdCrossed.Begin(); e != nil {
			*e = event.ConnBytesThresholdCrossed{Conn: c, Threshold: n, IsOrig: isOrig}
			c.t.hooks.ConnSize.ConnBytesThresholdCrossed.Raise(e)
		}
	}
	if n := x.packetThr[i]; n != 0 && s.packets >= n {
		x.packetThr[i] = 0
		if e := c.t.hooks.ConnSize.ConnPacketsThresholdCrossed.Begin(); e != nil {
			*e = event.ConnPacketsThresholdCrossed{Conn: c, Threshold: n, IsOrig: isOrig}
			c.t.hooks.ConnSize.ConnPacketsThresholdCrossed.Raise(e)
		}
	}
}

// OrigSeq returns the highest acknowledged sequence number of the originator,
// relative to its first; 0 for anything but TCP.
func (c *Conn) OrigSeq() uint64 { return c.ackedSeq(c.orig()) }

// RespSeq is OrigSeq for the responder.
func (c *Conn) RespSeq() uint64 { return c.ackedSeq(c.resp()) }

func (c *Conn) ackedSeq(s *side) uint64 {
	if c.transport != value.ProtoTCP {
		return 0
	}
	return s.relative(s.ackSeq, s.ackWraps)
}

// SetContentsFile records the reassembled stream; see event.Conn. It reports
// whether the connection has streams, which only TCP connections have.
func (c *Conn) SetContentsFile(d event.Direction, w event.ContentsWriter) bool {
	if c.transport != value.ProtoTCP {
		return false
	}
	x := c.observing()
	if d == event.DirectionNone || d == event.DirectionOrig || d == event.DirectionBoth {
		x.contents[c.index(true)] = w
	}
	if d == event.DirectionNone || d == event.DirectionResp || d == event.DirectionBoth {
		x.contents[c.index(false)] = w
	}
	if d == event.DirectionNone {
		x.contents = [2]event.ContentsWriter{}
	}
	return true
}

// ContentsFile returns the writer for d, or nil; for DirectionBoth only if both sides
// have the same one.
func (c *Conn) ContentsFile(d event.Direction) event.ContentsWriter {
	x := c.ifObserved()
	if x == nil {
		return nil
	}
	o, r := x.contents[c.index(true)], x.contents[c.index(false)]
	switch d {
	case event.DirectionOrig:
		return o
	case event.DirectionResp:
		return r
	case event.DirectionBoth:
		if o == r {
			return o
		}
	case event.DirectionNone:
	}
	return nil
}

// Services appends the services of the connection to dst, in the order of their
// confirmation.
func (c *Conn) Services(dst []string) []string {
	if c.ext == nil {
		return dst
	}
	for _, i := range c.ext.services {
		if i == 0 {
			break
		}
		dst = append(dst, c.t.services[i-1])
	}
	return dst
}

// Confirmed reports whether the connection has a service.
func (c *Conn) Confirmed() bool { return c.ext != nil && c.ext.services[0] != 0 }

// EndAfterSilence ends a connection that is not TCP when it has been silent for
// about d, looking every d, as Zeek's DNS analyzer does (dns_session_timeout). A shorter
// silence that another analyzer has set stays.
func (c *Conn) EndAfterSilence(d value.Time) {
	if s := c.extra().session; s != 0 && s <= toMillis(d) {
		return
	}
	c.ext.session = toMillis(d)
	c.expire = c.t.now + d
	c.t.rearm(c)
}

// EndAfter ends a connection that is not TCP after d, whatever it carries, as Zeek's RPC
// analyzers do (rpc_timeout).
func (c *Conn) EndAfter(d value.Time) {
	c.EndAfterSilence(d)
	c.ext.fixed = true
}

// NoEndAfterSilence revokes EndAfterSilence from the packet after the current one on.
// That is when Zeek deletes an analyzer that was taken off, and its timer.
func (c *Conn) NoEndAfterSilence() { c.rarely().sessionEnd = c.allPackets() + 2 }

// endsAfterSilence reports whether EndAfterSilence holds.
func (c *Conn) endsAfterSilence() bool {
	if c.ext == nil || c.ext.session == 0 {
		return false
	}
	r := c.ext.rare
	return r == nil || r.sessionEnd == 0 || c.allPackets() < r.sessionEnd
}

// allPackets is the number of packets before the current one.
func (c *Conn) allPackets() uint64 { return c.side[0].packets + c.side[1].packets }

// SetInactivityTimeout changes how long the connection may be silent.
func (c *Conn) SetInactivityTimeout(d value.Time) {
	c.setSilence(d)
	c.t.rearm(c)
}

// ShortenInactivityTimeout is SetInactivityTimeout if the connection may be silent for longer
// than d.
func (c *Conn) ShortenInactivityTimeout(d value.Time) {
	if c.silence == 0 || d < c.silence.time() {
		c.SetInactivityTimeout(d)
	}
}

func (c *Conn) setSilence(d value.Time) { c.silence = toMillis(d) }

// NoteUnknown adds an X to the history, once per connection, for data that an
// analyzer cannot follow (Zeek's HIST_UNKNOWN_PKT).
func (c *Conn) NoteUnknown() {
	if c.seen&histUnknown == 0 {
		c.seen |= histUnknown
		c.addHistory('X')
	}
}

// flip exchanges originator and responder.
func (c *Conn) flip() {
	c.origin ^= 1
	f := c.flags &^ (flagFirstOrig | flagFirstResp)
	if c.flags&flagFirstOrig != 0 {
		f |= flagFirstResp
	}
	if c.flags&flagFirstResp != 0 {
		f |= flagFirstOrig
	}
	c.flags = f &^ flagPartial
	if f&flagUndetected != 0 {
		c.flags ^= flagTurned
	}
	if a, b := &c.side[0], &c.side[1]; (a.flags^b.flags)&sideSigned != 0 {
		a.flags ^= sideSigned // it stays with the role
		b.flags ^= sideSigned
	}
	if c.nhist > 0 {
		c.seen ^= histTurned
	}
	c.addHistory('^')
	if c.ext != nil {
		c.ext.origSpeaks = !c.ext.origSpeaks
		for i := range c.ext.analyzers {
			if f, ok := c.ext.analyzers[i].a.(Flipper); ok && !c.ext.analyzers[i].off {
				f.Flip()
			}
		}
	}
	if f&flagUndetected != 0 && len(c.t.expected.m) > 0 {
		c.t.attachExpected(c)
	}
	if e := c.t.hooks.Conn.ConnectionFlipped.Begin(); e != nil {
		*e = event.ConnectionFlipped{Conn: c}
		c.t.hooks.Conn.ConnectionFlipped.Raise(e)
	}
}
