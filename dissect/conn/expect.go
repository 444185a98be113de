package conn

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// An Expectation announces another connection, as a control connection announces one
// for data.
type Expectation struct {
	// Protocol is attached to the connection when it begins, in place of the protocols
	// of its port.
	Protocol *Protocol
	// Owner is what Expected returns.
	Owner any
	// Lifetime is how long the connection is waited for. Each call of Expected restarts
	// it.
	Lifetime value.Time
	// Limit is the largest number of pending expectations of the protocol.
	Limit int
	// UDP is set for a flow over UDP instead of a TCP connection.
	UDP bool
}

type expectKey struct {
	orig, resp packet.Addr
	port       uint16
	udp        bool
	domain     Domain
}

type expected struct {
	Expectation
	until value.Time
}

// expectations holds the announced connections.
type expectations struct {
	m     map[expectKey]*expected
	count map[*Protocol]int
	sweep int // length of m at which expired entries are deleted
}

// minSweep is the smallest number of expectations that triggers a sweep.
const minSweep = 1024

// Expect waits for connections between the two hosts of the connection: to port of
// its originator if toOrig is set, and of its responder otherwise. Other hosts cannot
// be named, because another shard may own their packets. Expect reports false, and
// counts a loss, if x.Limit is reached.
func (u Use) Expect(toOrig bool, port uint16, x Expectation) bool {
	c, t := u.c, u.c.t
	k := expectKey{c.key.a, c.key.b, port, x.UDP, c.key.domain}
	if toOrig == (c.origin == 0) {
		k.orig, k.resp = k.resp, k.orig
	}
	e := &t.expected
	if e.m == nil {
		e.m, e.count, e.sweep = make(map[expectKey]*expected), make(map[*Protocol]int), minSweep
	}
	if old := e.m[k]; old != nil {
		t.forget(k, old)
	}
	if len(e.m) >= e.sweep || e.count[x.Protocol] >= x.Limit {
		t.sweepExpected()
		if e.count[x.Protocol] >= x.Limit {
			t.stats.Unexpected++
			return false
		}
	}
	e.m[k] = &expected{x, t.now + x.Lifetime}
	e.count[x.Protocol]++
	return true
}

func (t *Table) forget(k expectKey, x *expected) {
	delete(t.expected.m, k)
	t.expected.count[x.Protocol]--
}

// sweepExpected deletes the expired expectations.
func (t *Table) sweepExpected() {
	for k, x := range t.expected.m {
		if x.until <= t.now {
			t.forget(k, x)
		}
	}
	t.expected.sweep = max(minSweep, 2*len(t.expected.m))
}

func (c *Conn) expectKey() expectKey {
	udp := c.transport == value.ProtoUDP
	if c.origin == 0 {
		return expectKey{c.key.a, c.key.b, c.key.pb, udp, c.key.domain}
	}
	return expectKey{c.key.b, c.key.a, c.key.pa, udp, c.key.domain}
}

func (t *Table) lookupExpected(k expectKey) *expected {
	x := t.expected.m[k]
	if x == nil {
		return nil
	}
	if x.until <= t.now {
		t.forget(k, x)
		return nil
	}
	x.until = t.now + x.Lifetime
	return x
}

// Expected returns the Owner of the expectation that the connection fulfils, or nil if
// there is none or it has expired.
func (u Use) Expected() any {
	if x := u.c.t.lookupExpected(u.c.expectKey()); x != nil {
		return x.Owner
	}
	return nil
}

// Unexpect deletes the expectation that the connection fulfils.
func (u Use) Unexpect() {
	t, k := u.c.t, u.c.expectKey()
	if x := t.expected.m[k]; x != nil {
		t.forget(k, x)
	}
}

// attachExpected attaches the protocol of the expectation that c fulfils, if any.
func (t *Table) attachExpected(c *Conn) {
	if x := t.lookupExpected(c.expectKey()); x != nil {
		p := x.Protocol
		if !t.Attach(c, p).Taken() {
			return
		}
		if e := t.hooks.Conn.ScheduledAnalyzerApplied.Begin(); e != nil {
			*e = event.ScheduledAnalyzerApplied{Conn: c, A: p.tag()}
			t.hooks.Conn.ScheduledAnalyzerApplied.Raise(e)
		}
	}
}

// Analyzed reports whether c has had an analyzer, watchers aside.
func (c *Conn) Analyzed() bool { return c.ext != nil && len(c.ext.analyzers) > c.watchers() }

// watchers returns the number of watchers of c, which come first among its analyzers.
func (c *Conn) watchers() (n int) {
	if list := c.t.watchers; len(list) > 0 && c.transport == value.ProtoTCP {
		for n < len(c.ext.analyzers) && slices.Contains(list, c.ext.analyzers[n].p) {
			n++
		}
	}
	return n
}
