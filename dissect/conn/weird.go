package conn

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// weirdCount is the sampling state of one name.
type weirdCount struct {
	name  string
	count uint64
	since value.Time // when sampling began
}

// passes counts an occurrence and reports whether it is raised.
func (w *weirdCount) passes(s *value.Sampling, now value.Time) bool {
	w.count++
	if w.count <= s.Threshold {
		return true
	}
	if w.count == s.Threshold+1 {
		w.since = now
	} else if now > w.since+value.Time(s.Duration) {
		w.count = 1
		return true
	}
	return s.Rate != 0 && (w.count-s.Threshold)%s.Rate == 0
}

// maxWeirdNames bounds the names that one connection counts. Names are constants of the
// analyzers, so that only very many analyzers could exceed it.
const maxWeirdNames = 256

// Weird raises ConnWeird for c, unless it is sampled away. At the end of the connection
// it raises ExpiredConnWeird instead: Zeek's scripts hear of the events of that time when
// the connection is out of memory.
func (c *Conn) Weird(name, addl, source string) {
	if t := c.t; t.ending == c {
		t.expiredWeird(c, name, addl, source)
	} else {
		t.weird(c, name, addl, source)
	}
}

func (t *Table) expiredWeird(c *Conn, name, addl, source string) {
	t.stats.Weirds++
	h := &t.hooks.Weird.ExpiredConn
	if !h.On() || !t.permitWeird(c, name) {
		return
	}
	t.scratch.addl = append(t.scratch.addl[:0], addl...)
	e := h.Begin()
	*e = event.ExpiredConnWeird{Name: name, ID: c.ID(), UID: c.UID(), Addl: t.scratch.addl, Source: source, Domain: uint64(c.key.domain)}
	h.Raise(e)
}

func (t *Table) weird(c *Conn, name, addl, source string) {
	if t.wantsWeird(c, name) {
		t.raiseWeird(c, name, append(t.scratch.addl[:0], addl...), source)
	}
}

// weirdNumber is weird with a number for addl, which is formatted only if the weird is
// raised.
func (t *Table) weirdNumber(c *Conn, name string, n int, source string) {
	if t.wantsWeird(c, name) {
		t.raiseWeird(c, name, strconv.AppendInt(t.scratch.addl[:0], int64(n), 10), source)
	}
}

// wantsWeird counts a weird and reports whether to raise it.
func (t *Table) wantsWeird(c *Conn, name string) bool {
	c.flags |= flagWeird
	t.stats.Weirds++
	return t.hooks.Weird.Conn.On() && t.permitWeird(c, name)
}

func (t *Table) raiseWeird(c *Conn, name string, addl []byte, source string) {
	t.scratch.addl = addl
	e := t.hooks.Weird.Conn.Begin()
	*e = event.ConnWeird{Name: name, Conn: c, Addl: addl, Source: source}
	t.hooks.Weird.Conn.Raise(e)
}

func (t *Table) permitWeird(c *Conn, name string) bool {
	x := c.rarely()
	for i := range x.weirds {
		if w := &x.weirds[i]; identical(w.name, name) || w.name == name {
			return w.passes(&t.cfg.Weirds, t.now)
		}
	}
	if len(x.weirds) == maxWeirdNames {
		return false
	}
	x.weirds = append(x.weirds, weirdCount{name: name, count: 1})
	return t.cfg.Weirds.Threshold > 0
}

// flowWeirds is the sampling state of pairs of hosts.
type flowWeirds struct {
	counts map[flowWeirdKey]*weirdCount
}

type flowWeirdKey struct {
	src, dst [16]byte
	domain   Domain
	name     string
}

// maxFlowWeirds bounds the pairs and names that are counted. Beyond it counting starts
// anew, so that a flood of addresses costs rows, not memory.
const maxFlowWeirds = 1 << 16

// FlowWeird raises FlowWeird for a pair of hosts, unless it is sampled away.
func (t *Table) FlowWeird(src, dst *[16]byte, d Domain, name, addl, source string) {
	t.stats.Weirds++
	h := &t.hooks.Weird.Flow
	if !h.On() {
		return
	}
	k := flowWeirdKey{*src, *dst, d, name}
	w := t.flowWeirds.counts[k]
	if w == nil {
		if len(t.flowWeirds.counts) >= maxFlowWeirds || t.flowWeirds.counts == nil {
			t.flowWeirds.counts = make(map[flowWeirdKey]*weirdCount)
		}
		w = &weirdCount{since: t.now}
		t.flowWeirds.counts[k] = w
	}
	// A pair's state, unlike a connection's, is reset Duration after the first
	// occurrence.
	if t.now >= w.since+value.Time(t.cfg.Weirds.Duration) {
		*w = weirdCount{since: t.now}
	}
	w.count++
	if s := &t.cfg.Weirds; w.count > s.Threshold && (s.Rate == 0 || (w.count-s.Threshold)%s.Rate != 0) {
		return
	}
	a, b := packet.AddrFrom16(src), packet.AddrFrom16(dst)
	t.scratch.addl = append(t.scratch.addl[:0], addl...)
	e := h.Begin()
	*e = event.FlowWeird{Name: name, Src: a.Netip(), Dst: b.Netip(), Addl: t.scratch.addl, Source: source, Domain: uint64(d)}
	h.Raise(e)
}

// NetWeird raises NetWeird. Its sampling spans hosts, so it is done where the shards'
// records are merged.
func (t *Table) NetWeird(name, addl, source string) {
	t.stats.Weirds++
	if e := t.hooks.Weird.Net.Begin(); e != nil {
		t.scratch.addl = append(t.scratch.addl[:0], addl...)
		*e = event.NetWeird{Name: name, Addl: t.scratch.addl, Source: source}
		t.hooks.Weird.Net.Raise(e)
	}
}
