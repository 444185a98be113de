package conn

import (
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// An Analyzer parses one application protocol on one connection. It gets the bytes of
// TCP's two streams in order, or UDP's datagrams one by one. Slices are valid only
// inside the call; an analyzer copies what it keeps. A panic costs the analyzer its
// connection and nothing else.
type Analyzer interface {
	// Data takes the next bytes of a stream, or one datagram. isOrig reports that the
	// originator sent them.
	Data(isOrig bool, b []byte)
	// Gap reports that n bytes of a stream are missing before those that follow.
	Gap(isOrig bool, n uint64)
	// End reports that a stream is complete: everything up to its FIN or RST was
	// delivered.
	End(isOrig bool)
	// Done is the last call: the connection has ended, or the analyzer was taken off
	// it.
	Done()
}

// A Flipper is an Analyzer that keeps state by side. Flip is called when originator and
// responder change places.
type Flipper interface{ Flip() }

// A turner is an Analyzer that may swap the roles of a UDP connection. Turns reports
// whether it will do so for a datagram of the originator, before any event.
type turner interface{ Turns(b []byte) bool }

// Protocol describes an analyzer to the table.
type Protocol struct {
	// Name is Zeek's name of the analyzer, such as "HTTP".
	Name string
	// Service is the name in conn.log's service column; empty for none.
	Service string
	// New returns the analyzer of the connection of u, or nil if it has no use for that
	// connection. It may return an analyzer again whose Done was called.
	New func(u Use) Analyzer
	// Tag is the analyzer's name in events. If it is empty, the name is
	// "Analyzer::ANALYZER_" followed by Name.
	Tag value.Enum
	// Tolerant analyzers stay on the connection after a violation (Zeek's
	// DPD::ignore_violations).
	Tolerant bool
	// Passing analyzers leave no trace: once taken off, they may be attached again.
	Passing bool
	// Size is about how many bytes of memory an analyzer takes while it is attached, what
	// builders keep for each of its connections included. It counts for
	// limits.state_bytes. What grows with traffic does not belong to it; see
	// Use.HoldState.
	Size int
}

// EventTag returns the analyzer's name in events: Tag, or what stands for it.
func (p *Protocol) EventTag() value.Enum { return p.tag() }

func (p *Protocol) tag() value.Enum {
	if p.Tag == "" {
		p.Tag = value.Enum("Analyzer::ANALYZER_" + p.Name)
	}
	return p.Tag
}

// Attacher decides which analyzers a connection gets.
type Attacher interface {
	// Attach is called once for each TCP or UDP connection, before its first payload
	// bytes are delivered.
	Attach(t *Table, c *Conn)
	// Inner returns the protocol whose analyzer detects protocols in a stream inside a
	// connection; see Use.Inner.
	Inner() *Protocol
	// Idle is called at the end of a connection that has had no payload.
	Idle(c *Conn)
	// Violated is called after a violation has taken an analyzer off. If it attaches
	// another one, it returns that one's Handover, which gets the bytes that showed the
	// violation.
	Violated(t *Table, c *Conn) Handover
}

const (
	// maxPanics is how often the analyzers of one protocol may panic before they are no
	// longer attached.
	maxPanics = 16
	// violationsCountUntil is Zeek's DPD::ignore_violations_after: the number of
	// payload bytes of a connection after which a violation takes nothing off.
	violationsCountUntil = 10 * 1024
	// maxViolations is how many violations of one analyzer are reported (Zeek's
	// max_analyzer_violations).
	maxViolations = 1000
	// maxInner is how many analyzers on inner streams a connection may get.
	maxInner = 16
)

type attached struct {
	a         Analyzer
	p         *Protocol
	confirmed bool
	off       bool
	fedBy     feeder
	mute      bool // gets no more data
	// violated is the turn in which a violation took the analyzer off, 0 if none has.
	violated Turn
	// violations is how many were reported, plus 1 for the weird beyond maxViolations.
	violations uint16
}

// gets reports whether the table calls Data.
func (at *attached) gets() bool { return !at.off && !at.mute && at.fedBy == byTable }

// feeder is who calls an analyzer's Data.
type feeder uint8

const (
	byTable     feeder = iota
	byAnalyzer         // another one of the connection
	byAnalyzers        // every one of the connection that has messages for it
)

// A Turn is the number of a part of a connection in which only one side speaks, or of a
// datagram. It does not depend on how a side's bytes are cut into segments. Numbers begin
// at 1 and are used again after 65,535.
type Turn uint16

// speak begins a turn if it is not that of the side.
func (x *ext) speak(isOrig, datagram bool) {
	if x.turn != 0 && x.origSpeaks == isOrig && !datagram {
		return
	}
	x.origSpeaks = isOrig
	if x.turn++; x.turn == 0 {
		x.turn = 1
	}
}

// Attach adds an analyzer of p to c. The result feeds it, and is the zero Handover if c
// already has or had an analyzer of p, unless a violation took that one off, or if
// analyzers of p have panicked too often.
//
// An analyzer that a violation took off counts until the turn ends. Otherwise the bytes
// that showed the violation would attach it again.
func (t *Table) Attach(c *Conn, p *Protocol) Handover {
	x := c.extra()
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.p == p && at.fedBy == byTable && (at.violated == 0 || at.violated == x.turn) {
			return Handover{}
		}
	}
	return t.attach(c, p, byTable)
}

// attach makes an analyzer and adds it to c. It takes the place in the list first, because
// the analyzer may attach others while it is made.
func (t *Table) attach(c *Conn, p *Protocol, by feeder) Handover {
	if t.panics[p] >= maxPanics {
		return Handover{}
	}
	x := c.extra()
	n := len(x.analyzers)
	if n == cap(x.analyzers) {
		t.growAnalyzers(x)
	}
	x.analyzers = x.analyzers[:n+1]
	at := &x.analyzers[n]
	*at = attached{}
	at.p, at.fedBy, at.off = p, by, true
	a := t.newAnalyzer(Use{c, int32(n)}, p)
	if a == nil {
		if n == len(x.analyzers)-1 {
			x.analyzers[n] = attached{}
			x.analyzers = x.analyzers[:n]
		}
		return Handover{}
	}
	x.analyzers[n].a, x.analyzers[n].off = a, false
	x.countNothing()
	t.weigh(c, n, p.Size)
	return Handover{c: c, n: int32(n), on: true, fed: true}
}

// growAnalyzers makes room in x for another analyzer.
func (t *Table) growAnalyzers(x *ext) {
	old := x.analyzers
	switch len(old) {
	case 1:
		x.analyzers = append(t.pairs.Get()[:0], old...)
	case 2:
		x.analyzers = append(t.fours.Get()[:0], old...)
	default:
		x.analyzers = append(make([]attached, 0, 2*len(old)), old...)
	}
	t.freeAnalyzers(old)
}

// freeAnalyzers takes a list back.
func (t *Table) freeAnalyzers(list []attached) {
	clear(list)
	switch cap(list) {
	case 2:
		t.pairs.Put((*[2]attached)(list[:2]))
	case 4:
		t.fours.Put((*[4]attached)(list[:4]))
	}
}

// shed removes the analyzer that was attached last if it is off and was passing, as
// most connections' second one is. No analyzer may be running.
func (t *Table) shed(x *ext) {
	n := len(x.analyzers) - 1
	if n < 0 || !x.analyzers[n].off || !x.analyzers[n].p.Passing {
		return
	}
	x.analyzers[n] = attached{}
	x.analyzers = x.analyzers[:n]
	if n == 1 && cap(x.analyzers) == 2 {
		pair := (*[2]attached)(x.analyzers[:2])
		x.one[0], pair[0] = pair[0], attached{}
		x.analyzers = x.one[:1]
		t.pairs.Put(pair)
	}
}

func (t *Table) turnOff(c *Conn, i int) {
	c.ext.analyzers[i].off = true
	c.ext.countNothing()
	t.hold(c, -c.ext.analyzers[i].p.Size)
	defer t.contain(c, i)
	c.ext.analyzers[i].a.Done()
}

// detected has the attacher choose the analyzers of c when its first bytes arrive.
func (t *Table) detected(c *Conn) {
	if c.flags&flagUndetected != 0 {
		c.flags &^= flagUndetected
		t.attacher.Attach(t, c)
	}
}

// SetAttacher sets the attacher. It may be called only before the first packet.
func (t *Table) SetAttacher(a Attacher) { t.attacher = a }

// AddWatcher has an analyzer of p attached to every TCP connection with its first packet,
// beside those that the attacher chooses. Watchers have no service and raise no violation.
// AddWatcher may be called only before the first packet.
func (t *Table) AddWatcher(p *Protocol) { t.watchers = append(t.watchers, p) }

// serviceNumber returns the number of a service in ext.services, or 0 if there are too
// many. Services are constants of the analyzers, so there never are.
func (t *Table) serviceNumber(name string) uint8 {
	i := slices.Index(t.services, name)
	if i < 0 {
		if i = len(t.services); i == 255 {
			return 0
		}
		t.services = append(t.services, name)
	}
	return uint8(i + 1)
}

func (x *ext) addService(n uint8) {
	for i, s := range x.services {
		if s == n {
			return
		}
		if s == 0 {
			x.services[i] = n
			return
		}
	}
}

func (x *ext) removeService(n uint8) {
	if i := slices.Index(x.services[:], n); i >= 0 && n != 0 {
		copy(x.services[i:], x.services[i+1:])
		x.services[maxServices-1] = 0
	}
}

// excused reports whether violations on c are ignored.
func (c *Conn) excused() bool { return c.transport == value.ProtoTCP && c.Incomplete() }

// suffers reports whether a violation on c takes an analyzer of p off.
func (c *Conn) suffers(p *Protocol) bool {
	return !p.Tolerant && c.Orig().Size+c.Resp().Size <= violationsCountUntil
}

// settle reports the violations that were postponed to the end of the packet.
func (t *Table) settle() {
	for i := 0; i < len(t.late); i++ {
		t.settleOne(i)
	}
	t.late = t.late[:0]
}

func (t *Table) settleOne(i int) {
	v := t.late[i]
	t.late[i] = lateViolation{}
	if v.use.c != nil {
		t.violateNow(&v)
	}
}

func (t *Table) violateNow(v *lateViolation) {
	c, n := v.use.c, int(v.use.n)
	if c.ext == nil || n >= len(c.ext.analyzers) {
		return
	}
	at := &c.ext.analyzers[n]
	switch {
	case !at.off:
		defer t.contain(c, n)
		v.use.Violate(Violation{Reason: v.reason, Data: v.data})
	case at.violated == 0 && !c.excused():
		// It has detached itself since, because its streams ended.
		t.tell(c, at, &Violation{Reason: v.reason, Data: v.data})
	}
}

func (t *Table) raiseViolation(c *Conn, p *Protocol, reason string, data []byte) {
	e := t.hooks.Analyzer.ViolationInfo.Begin()
	if e == nil {
		return
	}
	t.scratch.addl = append(t.scratch.addl[:0], reason...)
	*e = event.AnalyzerViolationInfo{AType: p.tag(), Conn: c, Tolerated: p.Tolerant}
	e.Info.Reason = t.scratch.addl
	if data != nil {
		e.Info.Data = value.Some(data)
	}
	t.hooks.Analyzer.ViolationInfo.Raise(e)
}

// Incomplete reports whether bytes of c's streams are missing, or their beginning is.
func (c *Conn) Incomplete() bool {
	return c.flags&flagPartial != 0 || (c.side[0].flags|c.side[1].flags)&sideGap != 0
}

// contain is deferred around every call of an analyzer. A panic takes that analyzer off
// that connection and has no other effect.
func (t *Table) contain(c *Conn, i int) {
	if r := recover(); r != nil {
		t.blame(c, i, r)
	}
}

// blame takes an analyzer that panicked off.
func (t *Table) blame(c *Conn, i int, r any) {
	at := &c.ext.analyzers[i]
	at.off = true
	c.ext.countNothing()
	t.panicked(c, at.p, r)
}

func (t *Table) panicked(c *Conn, p *Protocol, r any) {
	t.stats.Panics++
	t.panics[p]++
	if t.panics[p] == 1 {
		slog.Error("analyzer panicked and was taken off its connection", "analyzer", p.Name,
			"uid", c.UID().String(), "panic", r, "stack", string(debug.Stack()))
	}
}

// newAnalyzer returns nil if the protocol panics.
func (t *Table) newAnalyzer(u Use, p *Protocol) (a Analyzer) {
	defer func() {
		if r := recover(); r != nil {
			a = nil
			t.panicked(u.c, p, r)
		}
	}()
	return p.New(u)
}

// listeners stands for the listeners to the events of this package in reports of
// panics.
var listeners = Protocol{Name: "listeners"}

// containListeners is deferred around the end of a connection, so that a panic there
// does not keep the connection in the table.
func (t *Table) containListeners(c *Conn) {
	if r := recover(); r != nil {
		t.panicked(c, &listeners, r)
	}
}

func (t *Table) analyzersData(c *Conn, isOrig bool, b []byte) {
	t.detected(c)
	if c.ext == nil {
		return
	}
	if r := c.ext.rare; r != nil && r.counted != nil && r.counted.Count(isOrig, b) {
		return
	}
	c.ext.speak(isOrig, c.transport == value.ProtoUDP)
	t.successor = Handover{}
	for i := range c.ext.analyzers {
		if c.ext.analyzers[i].gets() {
			t.callData(c, i, isOrig, b)
		}
	}
	if t.successor.c == c {
		t.successor.Data(isOrig, b)
	}
	t.shed(c.ext)
}

// callData does what contain does, but calls recover only after a panic: it costs as much as
// many a datagram.
func (t *Table) callData(c *Conn, i int, isOrig bool, b []byte) {
	returned := false
	defer func() {
		if !returned {
			t.blame(c, i, recover())
		}
	}()
	c.ext.analyzers[i].a.Data(isOrig, b)
	returned = true
}

func (t *Table) analyzersGap(c *Conn, isOrig bool, n uint64) {
	t.detected(c)
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if at := &c.ext.analyzers[i]; !at.off && at.fedBy == byTable {
			t.callGap(c, i, isOrig, n)
		}
	}
}

func (t *Table) callGap(c *Conn, i int, isOrig bool, n uint64) {
	defer t.contain(c, i)
	c.ext.analyzers[i].a.Gap(isOrig, n)
}

func (t *Table) analyzersEnd(c *Conn, isOrig bool) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if at := &c.ext.analyzers[i]; !at.off && at.fedBy == byTable {
			t.callEnd(c, i, isOrig)
		}
	}
	t.shed(c.ext)
}

func (t *Table) callEnd(c *Conn, i int, isOrig bool) {
	defer t.contain(c, i)
	c.ext.analyzers[i].a.End(isOrig)
}

func (t *Table) analyzersDone(c *Conn) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if !c.ext.analyzers[i].off {
			t.turnOff(c, i)
		}
	}
}
