package conn

import (
	"log/slog"
	"runtime/debug"

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
	// End tells that a stream is complete.
	End(isOrig bool)
	// Done is the last call: the connection ends or the analyzer is taken off.
	Done()
}

// Protocol describes an analyzer to the table.
type Protocol struct {
	// Tag is Zeek's name of the analyzer, such as "Analyzer::ANALYZER_HTTP".
	Tag event.Enum
	// Service is the name in conn.log's service column; empty for none.
	Service string
	// New makes the analyzer of a connection.
	New func(c *Conn) Analyzer
}

// Attacher decides which analyzers a connection gets. Attach is called once, when
// the connection begins.
type Attacher interface {
	Attach(t *Table, c *Conn)
}

// maxPanics is how often the analyzers of one protocol may panic before they are
// not attached any more.
const maxPanics = 16

type attached struct {
	a         Analyzer
	p         *Protocol
	confirmed bool
	violated  bool
	off       bool
}

// Attach adds an analyzer to c, unless it has one of that protocol or the
// protocol's analyzers have panicked too often.
func (t *Table) Attach(c *Conn, p *Protocol) {
	if t.panics[p] >= maxPanics {
		return
	}
	x := c.extra()
	for i := range x.analyzers {
		if x.analyzers[i].p == p {
			return
		}
	}
	x.analyzers = append(x.analyzers, attached{a: p.New(c), p: p})
}

func (t *Table) attachAnalyzers(c *Conn) {
	if t.attacher != nil {
		t.attacher.Attach(t, c)
	}
}

// SetAttacher sets who decides about analyzers. It may only be called before the first packet.
func (t *Table) SetAttacher(a Attacher) { t.attacher = a }

func (x *ext) find(a Analyzer) *attached {
	for i := range x.analyzers {
		if x.analyzers[i].a == a {
			return &x.analyzers[i]
		}
	}
	return nil
}

// Confirm notes that a is sure of its protocol: c has its service from now on.
func (t *Table) Confirm(c *Conn, a Analyzer) {
	at := c.extra().find(a)
	if at == nil || at.confirmed {
		return
	}
	at.confirmed = true
	t.ConfirmService(c, at.p.Tag, at.p.Service)
}

// ConfirmService is Confirm for what is not an Analyzer, such as tunnels.
func (t *Table) ConfirmService(c *Conn, tag event.Enum, service string) {
	if service != "" {
		c.extra().services = append(c.extra().services, service)
	}
	if h := &t.hooks.Analyzer.ConfirmationInfo; h.On() {
		h.Raise(&event.AnalyzerConfirmationInfo{AType: tag, Conn: c})
	}
}

// Violate notes that a has met what its protocol does not allow, and takes it off
// the connection. The data that shows it may be nil.
func (t *Table) Violate(c *Conn, a Analyzer, reason string, data []byte) {
	at := c.extra().find(a)
	if at == nil || at.violated {
		return
	}
	at.violated, at.off = true, true
	t.RaiseViolation(c, at.p.Tag, reason, data)
}

// RaiseViolation raises AnalyzerViolationInfo.
func (t *Table) RaiseViolation(c *Conn, tag event.Enum, reason string, data []byte) {
	h := &t.hooks.Analyzer.ViolationInfo
	if !h.On() {
		return
	}
	t.scratch.addl = append(t.scratch.addl[:0], reason...)
	e := event.AnalyzerViolationInfo{AType: tag, Conn: c}
	e.Info.Reason = t.scratch.addl
	if data != nil {
		e.Info.Data = event.Some(data)
	}
	h.Raise(&e)
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
	t.stats.Panics++
	t.panics[at.p]++
	if t.panics[at.p] == 1 {
		slog.Error("analyzer panicked and was taken off its connection", "analyzer", string(at.p.Tag),
			"uid", c.UID().String(), "panic", r, "stack", string(debug.Stack()))
	}
}

func (t *Table) analyzersData(c *Conn, isOrig bool, b []byte) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if !c.ext.analyzers[i].off {
			t.callData(c, i, isOrig, b)
		}
	}
}

func (t *Table) callData(c *Conn, i int, isOrig bool, b []byte) {
	defer t.contain(c, i)
	c.ext.analyzers[i].a.Data(isOrig, b)
}

func (t *Table) analyzersGap(c *Conn, isOrig bool, n uint64) {
	for i := range c.extra().analyzers {
		if !c.ext.analyzers[i].off {
			func() {
				defer t.contain(c, i)
				c.ext.analyzers[i].a.Gap(isOrig, n)
			}()
		}
	}
}

func (t *Table) analyzersEnd(c *Conn, isOrig bool) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if !c.ext.analyzers[i].off {
			func() {
				defer t.contain(c, i)
				c.ext.analyzers[i].a.End(isOrig)
			}()
		}
	}
}

func (t *Table) analyzersDone(c *Conn) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		func() {
			defer t.contain(c, i)
			c.ext.analyzers[i].a.Done()
		}()
	}
}
