package conn

import (
	"bytes"
	"slices"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Use is an analyzer's handle on its connection, and all that it sees of the table.
// Protocol.New gets it; the analyzer keeps it, usually by embedding it. It has the size
// of two words, may be copied, and is valid until the analyzer's Done has returned.
type Use struct {
	c *Conn
	// n is the analyzer's index in ext.analyzers or, below 0, the complement of its
	// protocol's index in Table.nested.
	n int32
}

// Side returns the index of a side in what analyzers keep by side: 0 for the originator,
// 1 for the responder.
func Side(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// Conn returns the connection.
func (u Use) Conn() *Conn { return u.c }

// Now returns the network time of the current packet or timer.
func (u Use) Now() value.Time { return u.c.t.stamp }

// PacketNum returns the number of the current packet, or of the one before which the
// current timer fires.
func (u Use) PacketNum() uint64 { return u.c.t.pktNum }

// Compat reports whether the run follows Zeek at e.
func (u Use) Compat(e compat.Effect) bool { return u.c.t.cfg.Compat.Has(e) }

// Weird raises ConnWeird, unless it is sampled away. name and source are constants;
// source is the analyzer's name or "".
func (u Use) Weird(name, addl, source string) { u.c.t.weird(u.c, name, addl, source) }

// WeirdNumber is Weird with a number for addl. The number is formatted only if the
// weird is raised.
func (u Use) WeirdNumber(name string, n int, source string) {
	u.c.t.weirdNumber(u.c, name, n, source)
}

// NetWeird raises NetWeird, for an oddity that is not the connection's.
func (u Use) NetWeird(name, addl, source string) { u.c.t.NetWeird(name, addl, source) }

// Confirm reports that the analyzer is sure of its protocol: the connection has its
// service from now on. Later calls do nothing.
func (u Use) Confirm() {
	t, c := u.c.t, u.c
	if u.n < 0 {
		t.confirm(c, t.nested[^u.n])
		return
	}
	if at := &c.ext.analyzers[u.n]; !at.off && !at.confirmed {
		at.confirmed = true
		t.confirm(c, at.p)
	}
}

// AddService adds a service to the connection beside the protocol's own.
func (u Use) AddService(service string) { u.c.extra().addService(u.c.t.serviceNumber(service)) }

func (t *Table) confirm(c *Conn, p *Protocol) {
	if p.Service != "" {
		c.extra().addService(t.serviceNumber(p.Service))
	}
	if e := t.hooks.Analyzer.ConfirmationInfo.Begin(); e != nil {
		*e = event.AnalyzerConfirmationInfo{AType: p.tag(), Conn: c}
		t.hooks.Analyzer.ConfirmationInfo.Raise(e)
	}
}

// Violation is something in the traffic that the protocol does not allow.
type Violation struct {
	// Reason says what is wrong, in the words of Zeek's analyzer if it has any.
	Reason string
	// Data is the offending data; it may be nil.
	Data []byte
	// Late postpones the violation to the end of the packet. Until then the analyzer
	// gets more data, as in Zeek, which queues violations. Data is copied.
	Late bool
	// Stay keeps the analyzer until it calls Leave, for one that has more events to
	// raise for the message.
	Stay bool
}

type lateViolation struct {
	use    Use
	reason string
	data   []byte
}

// Violate reports a violation. It also takes the analyzer off and removes its service,
// unless the protocol is tolerant or the connection has already carried much data. On
// TCP connections with missing bytes or a missing beginning it does nothing.
//
// Violate returns whether the analyzer is taken off: at once, at the end of the packet
// if v.Late is set, or by the analyzer's own Leave if v.Stay is set.
func (u Use) Violate(v Violation) bool {
	c, t := u.c, u.c.t
	if c.excused() {
		return false
	}
	if u.n < 0 {
		t.raiseViolation(c, t.nested[^u.n], v.Reason, v.Data)
		return false
	}
	at := &c.ext.analyzers[u.n]
	if at.off {
		return false
	}
	if v.Late {
		t.late = append(t.late, lateViolation{u, v.Reason, bytes.Clone(v.Data)})
		return c.suffers(at.p)
	}
	if !t.tell(c, at, &v) {
		return false
	}
	if !v.Stay {
		u.Leave()
	}
	return true
}

// tell raises the event of a violation and removes the service. It returns whether the
// analyzer must go.
func (t *Table) tell(c *Conn, at *attached, v *Violation) bool {
	p := at.p
	if at.violations > maxViolations {
		return false
	}
	if at.violations++; at.violations > maxViolations {
		t.weird(c, "too_many_analyzer_violations", "", p.Name)
		return false
	}
	guest := at.fedBy == byAnalyzers
	t.raiseViolation(c, p, v.Reason, v.Data)
	if !c.suffers(p) {
		return false
	}
	if p.Service != "" {
		c.ext.removeService(t.serviceNumber(p.Service))
	}
	return !guest
}

// Leave takes the analyzer off after a Violation with Stay for which Violate returned
// true.
func (u Use) Leave() {
	c, t := u.c, u.c.t
	at := &c.ext.analyzers[u.n]
	if at.off {
		return
	}
	at.violated = max(c.ext.turn, 1) // a gap may come before the first turn
	t.turnOff(c, int(u.n))
	if t.attacher != nil {
		if h := t.attacher.Violated(t, c); h.fed {
			t.successor = h
		}
	}
}

// Detach takes the analyzer off. Only its Done is called afterwards.
func (u Use) Detach() {
	if u.n >= 0 && !u.c.ext.analyzers[u.n].off {
		u.c.t.turnOff(u.c, int(u.n))
	}
}

// Mute makes the table not call Data any more, for an analyzer that stays but has given up.
func (u Use) Mute() {
	if u.n >= 0 {
		u.c.ext.analyzers[u.n].mute = true
	}
}

// Counted are datagrams of which an analyzer needs nothing but their number: those of more
// than Longer bytes whose first byte has Bits under Mask.
type Counted struct {
	Mask, Bits byte
	Longer     uint8
	// N is how many have come from each side, by Side. The analyzer gets the one that makes
	// it Until.
	N, Until [2]uint64
}

// Count counts a datagram, and reports whether that was all that it needs.
func (k *Counted) Count(isOrig bool, b []byte) bool {
	i := Side(isOrig)
	if len(b) <= int(k.Longer) || b[0]&k.Mask != k.Bits || k.N[i]+1 == k.Until[i] {
		return false
	}
	k.N[i]++
	return true
}

// CountOnly has the table count such datagrams and not call Data with them, if no other
// analyzer of the flow gets its datagrams now, and until one is attached: the analyzer must
// count those that it gets. k belongs to the table until Done.
func (u Use) CountOnly(k *Counted) {
	if u.n < 0 {
		return
	}
	for i := range u.c.ext.analyzers {
		if at := &u.c.ext.analyzers[i]; i != int(u.n) && at.gets() {
			return
		}
	}
	u.c.rarely().counted = k
}

// countNothing ends what CountOnly has begun.
func (x *ext) countNothing() {
	if x.rare != nil {
		x.rare.counted = nil
	}
}

// Attach adds an analyzer of p to the connection, beside this one; see Table.Attach.
// The table feeds it like this one; the result is for bytes that came before.
func (u Use) Attach(p *Protocol) Handover { return u.c.t.Attach(u.c, p) }

// Turn returns the turn of the current bytes.
func (u Use) Turn() Turn { return u.c.ext.turn }

// Violated returns the turn in which a violation has last taken an analyzer of p off, 0
// if none has.
func (u Use) Violated(p *Protocol) (last Turn) {
	for i := range u.c.ext.analyzers {
		if at := &u.c.ext.analyzers[i]; at.p == p && at.fedBy == byTable && at.violated != 0 {
			last = at.violated
		}
	}
	return last
}

// Has reports whether an analyzer of p is on the connection.
func (u Use) Has(p *Protocol) bool {
	return slices.ContainsFunc(u.c.ext.analyzers, func(at attached) bool { return at.p == p && !at.off })
}

// Hold adds n to the bytes of incomplete messages that analyzers hold; n is negative
// when they are released. A caller that holds more calls Full next.
func (u Use) Hold(n int) {
	u.c.t.held += n
	u.HoldState(n)
}

// HoldState adds n to the bytes of other state that the analyzer holds; n is negative
// when they are released, at the latest in Done. If all builders and analyzers hold too
// much, the table takes some analyzer off after the current packet.
func (u Use) HoldState(n int) {
	if n == 0 {
		return
	}
	a := u.c.t.hold(u.c, n)
	switch {
	case a == nil:
	case u.n < 0: // any of the connection's analyzers may be the one that feeds it
		a.analyzers = ^analyzerSet(0)
	default:
		a.analyzers |= analyzerBit(int(u.n))
	}
}

// Full reports whether all analyzers together hold more bytes of incomplete messages
// than the limit. It then counts that and raises a weird whose source is protocol, and
// the caller must release what it holds for this connection.
func (u Use) Full(protocol string) bool {
	t := u.c.t
	return t.held > t.cfg.MessageBytes && t.full(u.c, protocol)
}

// Limited records that a limit of the protocol's analyzer was hit. Both names are
// constants; see Limit.
func (u Use) Limited(protocol, name string) { u.c.t.limited.count(protocol, name) }

// Opaque records that the rest of the connection cannot be followed; see Table.Opaque.
func (u Use) Opaque() { u.c.t.Opaque(u.c) }

// Interactive gives the connection the longer timeout of interactive sessions (Zeek's
// analyzer_inactivity_timeouts).
func (u Use) Interactive() { u.c.SetInactivityTimeout(value.Time(u.c.t.cfg.Interactive)) }

// SwapRoles exchanges originator and responder, for an analyzer that has learned their
// true roles.
func (u Use) SwapRoles() {
	c := u.c
	c.flip()
	if c.transport != value.ProtoUDP {
		return
	}
	// The byte counts so far stay with the roles, as in Zeek, which counts this packet
	// under the old ones.
	a, b := &c.side[0], &c.side[1]
	a.size, b.size = b.size, a.size
	if both := (a.flags ^ b.flags) & sideActive; both != 0 {
		a.flags ^= both
		b.flags ^= both
	}
	if t := c.t; t.turning == c {
		t.turning = nil
		t.udpRequest(c)
	}
}

// Nested returns the handle for an analyzer of p that the caller makes and feeds
// itself, for something inside the connection such as a named pipe. The table does not
// know that analyzer: its violations are reported and take nothing off, every Confirm
// counts, and the caller calls its Done.
func (u Use) Nested(p *Protocol) Use { return u.c.t.Nested(u.c, p) }

// Nested is Use.Nested for a caller that has no analyzer itself.
func (t *Table) Nested(c *Conn, p *Protocol) Use {
	i := slices.Index(t.nested, p)
	if i < 0 {
		i = len(t.nested)
		t.nested = append(t.nested, p)
	}
	return Use{c, ^int32(i)}
}
