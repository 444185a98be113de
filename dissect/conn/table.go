// Package conn keeps connections: the table, TCP's state and history, stream
// reassembly and timers, with Zeek's meaning of each.
//
// A Table belongs to one shard. Everything that it does depends only on the
// packets of the connections it holds and on the run's clock, so that the
// result is the same for any number of shards.
package conn

import (
	"unsafe"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/icmp"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Stats counts what a table did.
type Stats struct {
	Created       uint64
	Removed       uint64
	Peak          int    // most live connections at once
	Evicted       uint64 // removed early because of Options.Connections
	HistoryCut    uint64 // history letters beyond the cap
	StreamDropped uint64 // payload bytes given up because of the reassembly limits
	Panics        uint64 // analyzers that panicked
	TimersFired   uint64
	Weirds        uint64 // weirds seen, those sampled away included
	Unexpected    uint64 // announced connections not waited for, because of an Expectation's limit
}

// Table holds the connections of one shard. It is not safe for concurrent use.
type Table struct {
	cfg   Options
	hooks *event.Hooks
	stats Stats

	// deliverOrig and deliverResp are Options.Contents.
	deliverOrig, deliverResp bool

	now    value.Time // network time of the packet or timer at work
	pktNum uint64     // its packet
	cause  func(deadline value.Time, first, num uint64)

	// Open addressing with linear probing: the slot holds a connection's index
	// plus 1 and the upper half of its hash.
	slots  []slot
	mask   uint64
	live   int
	latest *Conn // that Lookup found
	named  *Conn // that was asked for its uid last, which is name
	name   value.UID

	chunks [][]Conn
	free   []uint32

	late []lateViolation
	// head and tail of the live connections in order of creation.
	head, tail uint32
	oldestHalf uint32 // no older connection is half-open

	wheel      wheel
	exts       freelist.List[ext]
	pairs      freelist.List[[2]attached]
	slotValues freelist.List[slotValue]
	streams    streamPool
	icmp       *icmp.Analyzer

	// successor was attached instead of an analyzer that the current data has shown wrong.
	successor  Handover
	attacher   Attacher
	expected   expectations
	services   []string // that connections had
	panics     map[*Protocol]int
	nested     []*Protocol // of analyzers that others make; see Use.Nested
	flowWeirds flowWeirds
	limited    limits
	held       int // bytes of incomplete messages
	scratch    scratch
}

type slot struct {
	tag uint32 // the lower half of the key's hash, which also says where the slot is
	ref uint32 // index + 1, 0 when empty
}

const (
	chunkBits = 9
	chunkSize = 1 << chunkBits
	none      = ^uint32(0)
)

// NewTable returns an empty table that raises its events on hooks. cause is
// called before anything that a timer raises, with the timer's deadline, the
// first packet of its connection and the packet before which it fires; it may be nil.
func NewTable(o Options, hooks *event.Hooks, cause func(deadline value.Time, first, num uint64)) *Table {
	if cause == nil {
		cause = func(value.Time, uint64, uint64) {}
	}
	if o.Seed == (Seed{}) {
		o.Seed = RandomSeed()
	}
	t := &Table{cfg: o, hooks: hooks, cause: cause, icmp: icmp.New(hooks), panics: make(map[*Protocol]int), head: none, tail: none, oldestHalf: none}
	t.slots = make([]slot, 1<<10)
	t.mask = uint64(len(t.slots) - 1)
	t.wheel.init()
	t.streams.limit = o.ReassemblyBytes
	t.deliverOrig = o.Contents == ContentsOrig || o.Contents == ContentsBoth
	t.deliverResp = o.Contents == ContentsResp || o.Contents == ContentsBoth
	return t
}

func (t *Table) deliversContents(isOrig bool) bool {
	if isOrig {
		return t.deliverOrig
	}
	return t.deliverResp
}

// Stats returns the counters.
func (t *Table) Stats() Stats { return t.stats }

// Len returns the number of live connections.
func (t *Table) Len() int { return t.live }

// Now returns the network time of the packet or timer at work.
func (t *Table) Now() value.Time { return t.now }

// SetNow says which packet is about to be processed, and the run's clock at it.
func (t *Table) SetNow(now value.Time, num uint64) { t.now, t.pktNum = now, num }

// PacketNum returns the number of the packet at work, or of that at which a timer fires.
func (t *Table) PacketNum() uint64 { return t.pktNum }

func (t *Table) at(idx uint32) *Conn { return &t.chunks[idx>>chunkBits][idx&(chunkSize-1)] }

// Lookup finds the connection of a key, or nil.
func (t *Table) Lookup(k *Key) *Conn {
	// Packets come in bursts.
	if c := t.latest; c != nil && c.key.equal(k) {
		return c
	}
	tag := uint32(k.hash(&t.cfg.Seed))
	for i := uint64(tag) & t.mask; ; i = (i + 1) & t.mask {
		s := t.slots[i]
		if s.ref == 0 {
			return nil
		}
		if s.tag == tag {
			if c := t.at(s.ref - 1); c.key.equal(k) {
				t.latest = c
				return c
			}
		}
	}
}

// insert creates the record of a new connection.
func (t *Table) insert(k *Key) *Conn {
	if t.live >= t.cfg.Connections {
		t.evict()
	}
	if uint64(t.live+1)*4 > uint64(len(t.slots))*3 {
		t.grow()
	}
	var idx uint32
	if n := len(t.free); n > 0 {
		idx = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		idx = uint32(t.live)
		if int(idx)>>chunkBits == len(t.chunks) {
			t.chunks = append(t.chunks, make([]Conn, chunkSize))
		}
	}
	c := t.at(idx)
	if c.t == nil {
		c.t = t
	}
	if t.named == c {
		t.named = nil
	}
	c.record = record{}
	c.key, c.idx, c.flags = *k, idx, flagActive|flagLive
	c.bucket, c.livePrev, c.liveNext = noBucket, t.tail, none
	if t.tail != none {
		t.at(t.tail).liveNext = idx
	} else {
		t.head = idx
	}
	t.tail = idx
	if t.oldestHalf == none {
		t.oldestHalf = idx
	}
	t.place(slot{uint32(k.hash(&t.cfg.Seed)), idx + 1})
	t.live++
	t.stats.Created++
	t.stats.Peak = max(t.stats.Peak, t.live)
	return c
}

func (t *Table) place(s slot) {
	i := uint64(s.tag) & t.mask
	for t.slots[i].ref != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = s
}

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	// Memory that is read before it is written takes two page faults, and the second
	// one stops the other processors.
	clear(t.slots)
	t.mask = uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.ref != 0 {
			t.place(s)
		}
	}
}

// unlink takes a connection out of the table. Its record can be used again
// once release is called.
func (t *Table) unlink(c *Conn) {
	if t.latest == c {
		t.latest = nil
	}
	if !t.hooks.Terminating() { // nobody looks anything up any more
		t.vacate(c)
	}
	if c.livePrev != none {
		t.at(c.livePrev).liveNext = c.liveNext
	} else {
		t.head = c.liveNext
	}
	if c.liveNext != none {
		t.at(c.liveNext).livePrev = c.livePrev
	} else {
		t.tail = c.livePrev
	}
	if t.oldestHalf == c.idx {
		t.oldestHalf = c.liveNext
	}
	c.flags &^= flagLive
	t.live--
	t.stats.Removed++
}

// vacate frees the slot of c.
func (t *Table) vacate(c *Conn) {
	i := uint64(uint32(c.key.hash(&t.cfg.Seed))) & t.mask
	for t.slots[i].ref != c.idx+1 {
		i = (i + 1) & t.mask
	}
	// Close the hole: entries of the same run move up unless that would put
	// them before their home.
	for j := i; ; {
		j = (j + 1) & t.mask
		if t.slots[j].ref == 0 {
			break
		}
		home := uint64(t.slots[j].tag) & t.mask
		if (j-home)&t.mask >= (j-i)&t.mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
}

func (t *Table) release(c *Conn) {
	if t.hooks.Terminating() { // nothing is needed again
		c.ext = nil
		return
	}
	if x := c.ext; x != nil {
		c.ext = nil
		t.freeExt(x)
	}
	t.free = append(t.free, c.idx)
}

func (t *Table) newExt() *ext {
	x := t.exts.Get()
	if x.analyzers == nil {
		x.analyzers = x.one[:0]
	}
	return x
}

func (t *Table) freeExt(x *ext) {
	for i := range x.streams {
		if st := &x.streams[i]; st.next != 0 {
			t.streams.drop(st, len(st.blocks))
		}
	}
	for s := x.slots.next; s != nil; {
		next := s.next
		*s = slotValue{}
		t.slotValues.Put(s)
		s = next
	}
	clear(x.analyzers)
	if r := x.rare; r != nil {
		*r = rare{hist: r.hist[:0], weirds: r.weirds[:0]}
	}
	*x = ext{analyzers: x.analyzers[:0], rare: x.rare}
	t.exts.Put(x)
}

// Remove ends a connection: its analyzers finish, ConnectionStateRemove is raised,
// and the record is reused. c must not be used afterwards.
func (t *Table) Remove(c *Conn) {
	if c.flags&flagLive == 0 {
		return
	}
	t.wheel.remove(t, c)
	t.finish(c)
	t.unlink(c)
	t.release(c)
}

// finish is what happens at the end of a connection that others can see.
func (t *Table) finish(c *Conn) {
	t.finishAnalyzers(c)
	panicked := func(r any) { t.panicked(c, &listeners, r) }
	if e := t.hooks.Conn.ConnectionStateRemove.Begin(); e != nil {
		e.Conn = c
		t.hooks.Conn.ConnectionStateRemove.RaiseAll(e, panicked)
	}
	if c.ext != nil && (c.ext.slots.v != nil || c.ext.slots.next != nil) {
		t.hooks.End(c, panicked)
	}
}

func (t *Table) finishAnalyzers(c *Conn) {
	defer t.containListeners(c)
	if t.hooks.Terminating() && c.transport == value.ProtoTCP && c.flags&flagActive != 0 &&
		!(c.side[0].flags&sideClosed != 0 && c.side[1].flags&sideClosed != 0) {
		if e := t.hooks.TCP.ConnectionPending.Begin(); e != nil {
			e.Conn = c
			t.hooks.TCP.ConnectionPending.Raise(e)
		}
	}
	if len(t.late) > 0 {
		t.settle()
	}
	if c.flags&flagUndetected != 0 {
		t.attacher.Idle(c)
	}
	t.analyzersDone(c)
	t.finishContents(c)
}

// evict makes room for one connection: the oldest half-open one or, when there
// is none, the oldest. A connection that has been answered stays so, which is why
// the search goes on where the last one ended.
func (t *Table) evict() {
	for t.oldestHalf != none && !t.at(t.oldestHalf).half() {
		t.oldestHalf = t.at(t.oldestHalf).liveNext
	}
	victim := t.oldestHalf
	if victim == none {
		victim = t.head
	}
	t.stats.Evicted++
	t.Remove(t.at(victim))
}

// half reports whether only one side has been seen.
func (c *Conn) half() bool { return c.side[0].packets == 0 || c.side[1].packets == 0 }

// Drain ends the connections whose first packet has a number below limit, in the
// order of those packets. Before each, cause is called with that number. It is for
// the end of a run: open TCP connections raise ConnectionPending.
func (t *Table) Drain(limit uint64, cause func(first uint64)) {
	t.hooks.Terminate()
	for t.head != none {
		c := t.at(t.head)
		if c.first >= limit {
			return
		}
		cause(c.first)
		// Zeek lets these timers go off early at the end of a run.
		if c.attempt != 0 && !t.contained(c, timerAttempt) {
			continue
		}
		if c.endsAfterSilence() {
			t.contained(c, timerInactivity)
			continue
		}
		t.Remove(c)
	}
}

// All calls f for every live connection in the order of their first packets.
func (t *Table) All(f func(*Conn)) {
	for i := t.head; i != none; {
		c := t.at(i)
		i = c.liveNext
		f(c)
	}
}

// Memory returns the bytes that the table's own structures occupy, reassembly aside.
func (t *Table) Memory() uint64 {
	return uint64(len(t.chunks))*chunkSize*uint64(unsafe.Sizeof(Conn{})) + uint64(len(t.slots))*8 + uint64(cap(t.free))*4
}

// scratch is memory that events point into, so that raising them allocates nothing.
type scratch struct {
	optionList []event.TCPOptionValue
	sack       []uint64
	addl       []byte
	headers    packet.HeaderScratch
}
