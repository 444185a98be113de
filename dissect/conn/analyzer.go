package conn

import (
	"bytes"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/event"
)

// An Analyzer parses one application protocol on one connection. What it gets
// are the bytes of the two streams of TCP in order, or the datagrams of UDP; the
// slices are valid inside the call.
type Analyzer interface {
	// Data takes the next bytes of a stream, or one datagram.
	Data(isOrig bool, b []byte)
	// Gap tells that n bytes of a stream are missing before what follows.
	Gap(isOrig bool, n uint64)
	// End tells that a stream is complete: everything up to its FIN or RST was
	// delivered.
	End(isOrig bool)
	// Done is the last call: the connection ends or the analyzer is taken off.
	Done()
}

// A Flipper is an Analyzer that keeps something by side and so has to know when
// originator and responder change places.
type Flipper interface{ Flip() }

// Protocol describes an analyzer to the table.
type Protocol struct {
	// Name is Zeek's name of the analyzer, such as "HTTP".
	Name string
	// Service is the name in conn.log's service column; empty for none.
	Service string
	// New makes the analyzer of a connection. It may hand out a used one again
	// after its Done.
	New func(t *Table, c *Conn) Analyzer
	// Tag is what events call the analyzer: "Analyzer::ANALYZER_" and the name
	// unless set.
	Tag value.Enum
	// Tolerant tells that violations are told of and have no consequence (Zeek's
	// DPD::ignore_violations).
	Tolerant bool
	// Passing tells that the analyzer leaves nothing behind when it is taken off: the
	// connection is as if it never had it.
	Passing bool
}

func (p *Protocol) tag() value.Enum {
	if p.Tag == "" {
		p.Tag = value.Enum("Analyzer::ANALYZER_" + p.Name)
	}
	return p.Tag
}

// Attacher decides which analyzers a connection gets.
type Attacher interface {
	// Attach is called once a TCP or UDP connection, before its first payload bytes
	// are delivered.
	Attach(t *Table, c *Conn)
	// Inner describes what decides for the streams that an analyzer finds inside
	// those of its connection; see Table.Inner.
	Inner() *Protocol
	// Idle is called at the end of a connection of which no payload was delivered.
	Idle(c *Conn)
	// Violated is called when an analyzer has been taken off for a violation. What it
	// attaches in its place and returns also gets the bytes that showed it.
	Violated(t *Table, c *Conn) Analyzer
}

const (
	// maxPanics is how often the analyzers of one protocol may panic before they
	// are not attached any more.
	maxPanics = 16
	// violationsCountUntil is Zeek's DPD::ignore_violations_after: the number of
	// payload bytes of a connection after which a violation takes nothing off.
	violationsCountUntil = 10 * 1024
	// maxViolations is how many violations of one analyzer are told of (Zeek's
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
	violated  violation
	inner     bool // fed by another analyzer
	guest     bool // and by any that has messages for it
	// violations is how many have been told of, at most one more than maxViolations.
	violations uint16
}

// A violation is the reason why an analyzer was taken off.
type violation uint8

const (
	notViolated violation = iota
	violatedNow           // while the side speaks whose data are at work
	violatedBefore
)

// turn notes that data of a side follow those of the other one.
func (x *ext) turn(isOrig bool) {
	x.origSpeaks, x.respSpeaks = isOrig, !isOrig
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.violated == violatedNow {
			at.violated = violatedBefore
		}
	}
}

// Attach adds an analyzer to c and returns it. It returns nil if c has or had one of
// that protocol that was not taken off for a violation, or if the protocol's analyzers
// have panicked too often. One that has met its violation counts until the other side
// speaks: what has shown the violation does not call for an analyzer again.
func (t *Table) Attach(c *Conn, p *Protocol) Analyzer {
	if t.panics[p] >= maxPanics {
		return nil
	}
	x := c.extra()
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.p == p && !at.inner && at.violated != violatedBefore {
			return nil
		}
	}
	a := t.newAnalyzer(c, p)
	if a != nil {
		t.attach(x, attached{a: a, p: p})
	}
	return a
}

func (t *Table) attach(x *ext, at attached) {
	if len(x.analyzers) == 1 && cap(x.analyzers) == 1 {
		x.analyzers = append(t.pairs.Get()[:0], x.analyzers[0])
	}
	x.analyzers = append(x.analyzers, at)
}

// shed forgets the analyzer that was attached last if it is off and was passing, as most
// connections' second one is. No analyzer may be at work.
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

// Inner is for an analyzer whose protocol carries another stream, as proxies'
// do: what it returns looks in the stream for protocols, as is done for every
// connection, and is to be fed by the caller with Data, Gap and End. The caller
// takes it off with Detach in its own Done. It is nil when streams within
// streams have become too many.
func (t *Table) Inner(c *Conn) Analyzer {
	if t.attacher == nil {
		return nil
	}
	p := t.attacher.Inner()
	if i := t.AttachInner(c, p); i >= 0 {
		return c.ext.analyzers[i].a
	}
	return nil
}

// AttachInner adds an analyzer for an inner stream and returns its number on the
// connection, by which it is to be fed, or -1 if there is none.
func (t *Table) AttachInner(c *Conn, p *Protocol) int {
	if t.panics[p] >= maxPanics {
		return -1
	}
	x, n := c.extra(), 0
	for i := range x.analyzers {
		if x.analyzers[i].inner {
			n++
		}
	}
	if n >= maxInner {
		t.weird(c, "too_many_inner_streams", "", "")
		return -1
	}
	a := t.newAnalyzer(c, p)
	if a == nil {
		return -1
	}
	t.attach(x, attached{a: a, p: p, inner: true})
	return len(x.analyzers) - 1
}

// AttachGuest is for an analyzer that hands messages on to another one, each complete in
// itself, as are the tokens of an authentication. It returns a number as AttachInner does,
// that of the one analyzer of p that serves all who have such messages on the connection.
// It confirms its protocol for each of them. It stays until the connection ends: a
// violation only takes the service away.
func (t *Table) AttachGuest(c *Conn, p *Protocol) int {
	x := c.extra()
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.guest && at.p == p && !at.off {
			at.confirmed = false
			return i
		}
	}
	i := t.AttachInner(c, p)
	if i >= 0 {
		c.ext.analyzers[i].guest = true
	}
	return i
}

// InnerData gives the analyzer with number i the next bytes of its stream.
func (t *Table) InnerData(c *Conn, i int, isOrig bool, b []byte) {
	if !c.ext.analyzers[i].off {
		t.callData(c, i, isOrig, b)
	}
}

// InnerGap tells the analyzer with number i of missing bytes.
func (t *Table) InnerGap(c *Conn, i int, isOrig bool, n uint64) {
	if !c.ext.analyzers[i].off {
		t.callGap(c, i, isOrig, n)
	}
}

// InnerEnd tells the analyzer with number i that a stream is complete.
func (t *Table) InnerEnd(c *Conn, i int, isOrig bool) {
	if !c.ext.analyzers[i].off {
		t.callEnd(c, i, isOrig)
	}
}

// DetachInner takes the analyzer with number i off.
func (t *Table) DetachInner(c *Conn, i int) {
	if !c.ext.analyzers[i].off {
		t.turnOff(c, i)
	}
}

// Detach takes an analyzer off. It gets its Done and nothing more.
func (t *Table) Detach(c *Conn, a Analyzer) {
	if i := c.extra().find(a); i >= 0 && !c.ext.analyzers[i].off {
		t.turnOff(c, i)
	}
}

func (t *Table) turnOff(c *Conn, i int) {
	c.ext.analyzers[i].off = true
	defer t.contain(c, i)
	c.ext.analyzers[i].a.Done()
}

// detected has the analyzers of c chosen when its first bytes come.
func (t *Table) detected(c *Conn) {
	if c.flags&flagUndetected != 0 {
		c.flags &^= flagUndetected
		t.attacher.Attach(t, c)
	}
}

// SetAttacher sets who decides about analyzers. It may only be called before the
// first packet.
func (t *Table) SetAttacher(a Attacher) { t.attacher = a }

// find returns the index of a, or -1.
func (x *ext) find(a Analyzer) int {
	return slices.IndexFunc(x.analyzers, func(at attached) bool { return at.a == a && !at.off })
}

// Confirm notes that a is sure of its protocol: c has its service from now on.
func (t *Table) Confirm(c *Conn, a Analyzer) {
	i := c.extra().find(a)
	if i < 0 || c.ext.analyzers[i].confirmed {
		return
	}
	c.ext.analyzers[i].confirmed = true
	p := c.ext.analyzers[i].p
	t.ConfirmService(c, p.tag(), p.Service)
}

// serviceNumber returns the number of a service in ext.services, 0 if there are too
// many, which constants of the analyzers never are.
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

// AddService names a service of c that no analyzer confirms.
func (t *Table) AddService(c *Conn, service string) { c.extra().addService(t.serviceNumber(service)) }

// ConfirmService is Confirm for what is not an Analyzer, such as tunnels.
func (t *Table) ConfirmService(c *Conn, tag value.Enum, service string) {
	if service != "" {
		c.extra().addService(t.serviceNumber(service))
	}
	if h := &t.hooks.Analyzer.ConfirmationInfo; h.On() {
		t.scratch.confirmation = event.AnalyzerConfirmationInfo{AType: tag, Conn: c}
		h.Raise(&t.scratch.confirmation)
	}
}

// Violate notes that a has met what its protocol does not allow. Unless the
// connection has come far already, a is taken off it, and the service goes with
// it. On TCP connections with missing bytes or without their beginning it is to be
// expected, and nothing happens. The data that shows it may be nil.
func (t *Table) Violate(c *Conn, a Analyzer, reason string, data []byte) {
	if t.TellViolation(c, a, reason, data) {
		t.DetachViolator(c, a)
	}
}

// TellViolation is Violate for an analyzer that has more to tell of the message at work. It
// reports whether the analyzer is to be taken off then, with DetachViolator.
func (t *Table) TellViolation(c *Conn, a Analyzer, reason string, data []byte) bool {
	i := c.extra().find(a)
	if i < 0 || c.excused() {
		return false
	}
	at := &c.ext.analyzers[i]
	p := at.p
	if at.violations > maxViolations {
		return false
	}
	if at.violations++; at.violations > maxViolations {
		t.weird(c, "too_many_analyzer_violations", "", p.Name)
		return false
	}
	t.raiseViolation(c, p, reason, data)
	if !c.suffers(p) {
		return false
	}
	if p.Service != "" {
		c.ext.removeService(t.serviceNumber(p.Service))
	}
	return !c.ext.analyzers[i].guest
}

// DetachViolator takes off an analyzer of which TellViolation has said so.
func (t *Table) DetachViolator(c *Conn, a Analyzer) {
	i := c.extra().find(a)
	if i < 0 {
		return
	}
	c.ext.analyzers[i].violated = violatedNow
	t.turnOff(c, i)
	if t.attacher != nil {
		if a := t.attacher.Violated(t, c); a != nil {
			t.successor = a
		}
	}
}

// excused reports whether violations on c are to be expected.
func (c *Conn) excused() bool { return c.transport == value.ProtoTCP && c.Incomplete() }

// suffers reports whether a violation on c takes an analyzer of p off.
func (c *Conn) suffers(p *Protocol) bool {
	return !p.Tolerant && c.Orig().Size+c.Resp().Size <= violationsCountUntil
}

// lateViolation is a call of ViolateLate.
type lateViolation struct {
	c      *Conn
	a      Analyzer
	reason string
	data   []byte
}

// ViolateLate is Violate once the packet at work has been processed: until then the
// analyzer gets what there is, as in Zeek, where violations are queued.
func (t *Table) ViolateLate(c *Conn, a Analyzer, reason string) {
	t.late = append(t.late, lateViolation{c: c, a: a, reason: reason})
}

// ViolateLateWith is ViolateLate with the data that shows the violation, of which it
// takes a copy. It reports whether the analyzer will be taken off.
func (t *Table) ViolateLateWith(c *Conn, a Analyzer, reason string, data []byte) bool {
	i := c.extra().find(a)
	if i < 0 || c.excused() {
		return false
	}
	t.late = append(t.late, lateViolation{c, a, reason, bytes.Clone(data)})
	return c.suffers(c.ext.analyzers[i].p)
}

// settle does what ViolateLate has been asked for.
func (t *Table) settle() {
	for i := 0; i < len(t.late); i++ {
		v := t.late[i]
		t.late[i] = lateViolation{}
		if v.c != nil {
			t.violateNow(&v)
		}
	}
	t.late = t.late[:0]
}

func (t *Table) violateNow(v *lateViolation) {
	if i := v.c.extra().find(v.a); i >= 0 {
		defer t.contain(v.c, i)
		t.Violate(v.c, v.a, v.reason, v.data)
	}
}

// RaiseViolation raises AnalyzerViolationInfo.
func (t *Table) RaiseViolation(c *Conn, tag value.Enum, reason string, data []byte) {
	t.raiseViolation(c, &Protocol{Tag: tag}, reason, data)
}

// TolerateViolation is Violate for an analyzer of a Tolerant protocol that is not attached.
func (t *Table) TolerateViolation(c *Conn, p *Protocol, reason string) {
	if !c.excused() {
		t.raiseViolation(c, p, reason, nil)
	}
}

func (t *Table) raiseViolation(c *Conn, p *Protocol, reason string, data []byte) {
	h := &t.hooks.Analyzer.ViolationInfo
	if !h.On() {
		return
	}
	t.scratch.addl = append(t.scratch.addl[:0], reason...)
	e := event.AnalyzerViolationInfo{AType: p.tag(), Conn: c, Tolerated: p.Tolerant}
	e.Info.Reason = t.scratch.addl
	if data != nil {
		e.Info.Data = value.Some(data)
	}
	h.Raise(&e)
}

// Flip exchanges originator and responder, for an analyzer that has found out
// which is which.
func (t *Table) Flip(c *Conn) {
	c.flip()
	if c.transport != value.ProtoUDP {
		return
	}
	// The bytes so far stay with the role, as in Zeek: it was mistaken for the whole
	// of the packet at work.
	a, b := &c.side[0], &c.side[1]
	a.size, b.size = b.size, a.size
	if both := (a.flags ^ b.flags) & sideActive; both != 0 {
		a.flags ^= both
		b.flags ^= both
	}
}

// Incomplete reports whether bytes of c's streams are missing, or their beginning is.
func (c *Conn) Incomplete() bool {
	return c.flags&flagPartial != 0 || (c.side[0].flags|c.side[1].flags)&sideGap != 0
}

// Replay gives a bytes that had come before it was attached.
func (t *Table) Replay(c *Conn, a Analyzer, isOrig bool, b []byte) {
	if i := c.extra().find(a); i >= 0 {
		t.callData(c, i, isOrig, b)
	}
}

// ReplayGap tells a of bytes that were missing before it was attached.
func (t *Table) ReplayGap(c *Conn, a Analyzer, isOrig bool, n uint64) {
	if i := c.extra().find(a); i >= 0 {
		t.callGap(c, i, isOrig, n)
	}
}

// contain is deferred around every call of an analyzer: a panic costs that
// analyzer on that connection and nothing else.
func (t *Table) contain(c *Conn, i int) {
	r := recover()
	if r == nil {
		return
	}
	at := &c.ext.analyzers[i]
	at.off = true
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
func (t *Table) newAnalyzer(c *Conn, p *Protocol) (a Analyzer) {
	defer func() {
		if r := recover(); r != nil {
			a = nil
			t.panicked(c, p, r)
		}
	}()
	return p.New(t, c)
}

// listeners stands for what listens to the events of the core itself.
var listeners = Protocol{Name: "listeners"}

// containListeners is deferred around what happens at the end of a connection, so that a
// panic there does not keep the connection in the table.
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
	// Datagrams are each a matter of their own.
	if x := c.ext; !(x.origSpeaks && isOrig || x.respSpeaks && !isOrig) || c.transport == value.ProtoUDP {
		x.turn(isOrig)
	}
	t.successor = nil
	for i := range c.ext.analyzers {
		if at := &c.ext.analyzers[i]; !at.off && !at.inner {
			t.callData(c, i, isOrig, b)
		}
	}
	if a := t.successor; a != nil {
		if i := c.ext.find(a); i >= 0 {
			t.callData(c, i, isOrig, b)
		}
	}
	t.shed(c.ext)
}

func (t *Table) callData(c *Conn, i int, isOrig bool, b []byte) {
	defer t.contain(c, i)
	c.ext.analyzers[i].a.Data(isOrig, b)
}

func (t *Table) analyzersGap(c *Conn, isOrig bool, n uint64) {
	t.detected(c)
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if at := &c.ext.analyzers[i]; !at.off && !at.inner {
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
		if at := &c.ext.analyzers[i]; !at.off && !at.inner {
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
