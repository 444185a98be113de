// Package conn keeps connections: the table, TCP's state and history, stream
// reassembly and timers, with Zeek's meaning of each.
//
// A Table belongs to one shard. All that it does depends only on the packets of
// the connections it holds and on the run's clock, so that the result is the same
// for any number of shards.
//
// # Writing an analyzer
//
// An Analyzer parses one protocol on one connection. It embeds the handle Use, with
// which it confirms its protocol, reports violations and weirds, and hands streams
// over to other analyzers. A Protocol makes it:
//
//	type echo struct {
//		conn.Use
//		hook *event.Hook[EchoRequest]
//	}
//
//	func (a *echo) Data(isOrig bool, b []byte) {
//		if len(b) < 4 {
//			a.Violate(conn.Violation{Reason: "short message", Data: b})
//			return
//		}
//		a.Confirm()
//		if e := a.hook.Begin(); e != nil {
//			*e = EchoRequest{Conn: a.Conn(), IsOrig: isOrig, Text: b[4:]}
//			a.hook.Raise(e)
//		}
//	}
//
//	func (a *echo) Gap(isOrig bool, n uint64) { a.Detach() }
//	func (a *echo) End(isOrig bool)           {}
//	func (a *echo) Done()                     {}
//
//	p := conn.Protocol{Name: "ECHO", Service: "echo", New: func(u conn.Use) conn.Analyzer {
//		return &echo{u, hook}
//	}}
//
// Package detect says which connections get it. An analyzer that implements Flipper,
// Closer or SideCloser learns more about its connection. Everything runs on the
// goroutine of the shard.
package conn

import (
	"unsafe"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/icmp"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Stats counts what a table did.
type Stats struct {
	Created       uint64
	Removed       uint64
	Peak          int    // most live connections at once
	Evicted       uint64 // removed early because of Options.Connections
	HistoryCut    uint64 // history letters beyond the cap
	StreamDropped uint64 // payload bytes dropped by the reassembly limits
	Shed          uint64 // streams given up because of Table.Shed
	Panics        uint64 // analyzers that panicked
	TimersFired   uint64
	Weirds        uint64 // weirds seen, those sampled away included
	Unexpected    uint64 // expectations refused because of their Limit
	// Acks counts acknowledgements of something new on connections that are established on
	// both sides, Gaps those of them that reveal bytes which were not captured (Zeek's
	// get_gap_stats).
	Acks, Gaps uint64
	// Begun and Ended count connections by their transport.
	Begun, Ended [value.ProtoICMP + 1]uint64
}

// Table holds the connections of one shard. It is not safe for concurrent use.
type Table struct {
	cfg   Options
	hooks *event.Hooks
	stats Stats

	// tcpContents and udpContents are Options.Contents and the port lists, by Side.
	tcpContents, udpContents [2]contents

	shedding uint64 // bytes of a stream that are analyzed, 0 for all

	now    value.Time // the run's clock at the current packet or timer
	stamp  value.Time // now, or the packet's time while the clock does not follow it
	pktNum uint64     // number of the packet
	// afterPacket is the number after the last packet before the timers that fire now.
	afterPacket uint64
	cause       func(deadline value.Time, first, num uint64)

	// Open addressing with linear probing: the slot holds a connection's index
	// plus 1 and the lower half of its hash. room is how many of them may be taken.
	slots []slot
	mask  uint64
	room  int
	// slotKey keys the hash. It is not Options.Seed, which may be known: nobody can
	// choose addresses that collide here. Nothing that is reported depends on it.
	slotKey Seed
	live    int
	latest  *Conn // the last result of lookup
	ending  *Conn // whose end others hear of
	// endPanicked reports a panic of one who heard of it.
	endPanicked func(r any)
	named       *Conn // whose uid is name
	name        value.UID

	chunks [][]Conn
	free   []uint32

	late []lateViolation
	// turning is the connection whose udp_request waits for its roles to be swapped.
	turning *Conn
	// head and tail of the live connections in order of creation.
	head, tail uint32
	oldestHalf uint32 // no older connection is half-open
	hand       uint32 // the next connection that idlest looks at
	extended   int    // connections with an ext

	wheel      wheel
	alarms     alarms
	ages       []age
	exts       freelist.List[ext]
	pairs      freelist.List[[2]attached]
	fours      freelist.List[[4]attached]
	rares      freelist.List[rare]
	slotValues freelist.List[slotValue]
	streams    streamPool
	icmp       *icmp.Analyzer

	// successor replaces an analyzer that the current data has taken off.
	successor  Handover
	attacher   Attacher
	watchers   []*Protocol // see AddWatcher
	expected   expectations
	services   []string // that connections have had, by number
	panics     map[*Protocol]int
	nested     []*Protocol // see Use.Nested
	flowWeirds flowWeirds
	limited    limits
	held       int // bytes of incomplete messages
	strayBytes int // bytes of segments that are held back
	accounts   accounts
	scratch    scratch

	// serverPorts are those of AddServerPort.
	serverPorts map[value.Port]bool
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

// NewTable returns an empty table that raises its events on hooks. cause is called
// before the events of a timer, with the timer's deadline, the first packet of its
// connection and the packet before which it fires; it may be nil.
func NewTable(o Options, hooks *event.Hooks, cause func(deadline value.Time, first, num uint64)) *Table {
	if cause == nil {
		cause = func(value.Time, uint64, uint64) {}
	}
	if o.Seed == (Seed{}) {
		o.Seed = RandomSeed()
	}
	t := &Table{cfg: o, hooks: hooks, cause: cause, icmp: icmp.New(hooks), panics: make(map[*Protocol]int), head: none, tail: none, oldestHalf: none, hand: none}
	t.endPanicked = func(r any) { t.panicked(t.ending, &listeners, r) }
	t.slotKey = RandomSeed()
	t.setSlots(1 << 10)
	t.wheel.init()
	t.ages = newAges(hooks.Ages())
	t.streams.limit = o.ReassemblyBytes
	t.accounts.init(&o)
	t.tcpContents = [2]contents{newContents(&o, ContentsOrig, o.TCPPortsOrig), newContents(&o, ContentsResp, o.TCPPortsResp)}
	t.udpContents = [2]contents{newContents(&o, ContentsOrig, o.UDPPortsOrig), newContents(&o, ContentsResp, o.UDPPortsResp)}
	return t
}

// Stats returns the counters.
func (t *Table) Stats() Stats { return t.stats }

// StreamHeld returns how many bytes the reassembly of streams holds.
func (t *Table) StreamHeld() uint64 { return t.streams.used }

// Len returns the number of live connections.
func (t *Table) Len() int { return t.live }

// Now returns the network time of the current packet or timer, which rows and events
// carry. It is later than Clock while the clock does not follow a packet's jump.
func (t *Table) Now() value.Time { return t.stamp }

// Clock returns the run's clock at the current packet or timer, which never goes back.
// What expires reckons with it.
func (t *Table) Clock() value.Time { return t.now }

// SetNow sets the run's clock and the number of the packet that is processed next.
func (t *Table) SetNow(now value.Time, num uint64) { t.now, t.stamp, t.pktNum = now, now, num }

// SetStamp sets Now to the time of a packet that the clock does not follow.
func (t *Table) SetStamp(at value.Time) { t.stamp = at }

// PacketNum returns the number of the current packet, or of the one at which the
// current timer fires.
func (t *Table) PacketNum() uint64 { return t.pktNum }

func (t *Table) at(idx uint32) *Conn { return &t.chunks[idx>>chunkBits][idx&(chunkSize-1)] }

// lookup returns the connection of a key, or nil.
func (t *Table) lookup(k *Key) *Conn {
	// Packets come in bursts.
	if c := t.latest; c != nil && c.key.equal(k) {
		return c
	}
	tag := uint32(k.hash(&t.slotKey))
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
	for t.live > 0 && (t.live >= t.cfg.Connections || t.connBytes() > t.cfg.ConnectionBytes) {
		t.evict()
	}
	if t.live >= t.room {
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
	t.place(slot{uint32(k.hash(&t.slotKey)), idx + 1})
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
	t.setSlots(2 * len(old))
	// Without this each page takes two faults, one for reading and one for writing, and
	// the second one interrupts the other processors.
	clear(t.slots)
	for _, s := range old {
		if s.ref != 0 {
			t.place(s)
		}
	}
}

// setSlots makes n empty slots. Half of few stay free: with three quarters taken, a busy
// connection is now and then ten slots away from its place. Of many, each is a miss of the cache
// anyway.
func (t *Table) setSlots(n int) {
	t.slots, t.mask = make([]slot, n), uint64(n-1)
	t.room = n / 2
	if n > 1<<14 {
		t.room = n / 4 * 3
	}
}

// unlink takes a connection out of the table. Its record may be reused after release.
func (t *Table) unlink(c *Conn) {
	if t.latest == c {
		t.latest = nil
	}
	if !t.hooks.Terminating() { // nothing is looked up any more
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
	if t.hand == c.idx {
		t.hand = c.liveNext
	}
	c.flags &^= flagLive
	t.live--
	t.stats.Removed++
	t.stats.Ended[c.transport]++
}

// vacate frees the slot of c.
func (t *Table) vacate(c *Conn) {
	i := uint64(uint32(c.key.hash(&t.slotKey))) & t.mask
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
	if c.ext != nil && c.ext.account != nil {
		t.closeAccount(c.ext)
	}
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
	t.extended++
	x.analyzers = x.one[:0]
	return x
}

func (t *Table) freeExt(x *ext) {
	t.extended--
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
	t.freeAnalyzers(x.analyzers)
	if r := x.rare; r != nil {
		t.dropStrays(r)
		*r = rare{hist: r.hist[:0], weirds: r.weirds[:0], observed: r.observed.reset()}
		t.rares.Put(r)
	}
	*x = ext{}
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

// finish does the part of a connection's end that others see.
func (t *Table) finish(c *Conn) {
	around := t.ending
	t.ending = c
	t.finishAnalyzers(c)
	if e := t.hooks.Conn.ConnectionStateRemove.Begin(); e != nil {
		e.Conn = c
		t.hooks.Conn.ConnectionStateRemove.RaiseAll(e, t.endPanicked)
	}
	if c.ext != nil && (c.ext.slots.v != nil || c.ext.slots.next != nil) {
		t.hooks.End(c, t.endPanicked)
	}
	t.ending = around
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
	t.raiseStats(c)
	t.finishContents(c)
}

// evict makes room for one connection: it ends the oldest half-open one or, if there is
// none, one that has been idle for long. Where the oldest half-open one has hardly begun
// while others are old, and few are half-open, it is no flood of those, and it may be about to
// be answered. A connection that was answered is never half-open again, so the search continues
// where the last one ended.
func (t *Table) evict() {
	for t.oldestHalf != none && !t.at(t.oldestHalf).half() {
		t.oldestHalf = t.at(t.oldestHalf).liveNext
	}
	victim := t.oldestHalf
	if victim == none || t.fresh(t.at(victim)) {
		if idlest, halfOpen := t.idlest(); victim == none || !halfOpen {
			victim = idlest
		}
	}
	t.stats.Evicted++
	t.Remove(t.at(victim))
}

// fresh reports whether c began within the last second, and late beside the oldest connection.
func (t *Table) fresh(c *Conn) bool {
	age := t.now - c.start
	return age < value.Second && 2*age < t.now-t.at(t.head).start
}

// looks is how many connections idlest compares.
const looks = 16

// idlest returns, of the next few connections, the one that has been silent for longest, and
// reports whether half of them or more are half-open. All have their turn, so that one that is
// not silent stays.
func (t *Table) idlest() (victim uint32, halfOpen bool) {
	victim = none
	n, all := 0, min(looks, t.live)
	for range all {
		if t.hand == none {
			t.hand = t.head
		}
		c := t.at(t.hand)
		if victim == none || c.last < t.at(victim).last {
			victim = t.hand
		}
		if c.half() {
			n++
		}
		t.hand = c.liveNext
	}
	return victim, 2*n >= all
}

// Bytes that a connection takes: one that has had no payload, and what comes with the first, with
// the beginnings that detection keeps for a while.
const (
	bareBytes = uint64(unsafe.Sizeof(Conn{})) + 8*8/3
	extBytes  = uint64(unsafe.Sizeof(ext{})) + 256
)

// connBytes returns about what the live connections take, without what analyzers hold.
func (t *Table) connBytes() uint64 { return uint64(t.live)*bareBytes + uint64(t.extended)*extBytes }

// half reports whether only one side has been seen.
func (c *Conn) half() bool { return c.side[0].packets == 0 || c.side[1].packets == 0 }

// Drain ends the connections whose first packet has a number below limit, in the order
// of those packets. It calls cause with that number before each. It is meant for the
// end of a run: open TCP connections raise ConnectionPending.
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

// Memory returns the size of the table's own structures in bytes, without reassembly.
func (t *Table) Memory() uint64 {
	return uint64(len(t.chunks))*chunkSize*uint64(unsafe.Sizeof(Conn{})) + uint64(len(t.slots))*8 + uint64(cap(t.free))*4 +
		uint64(t.extended)*extBytes
}

// scratch is memory that events point into, so that raising them allocates nothing.
type scratch struct {
	optionList []event.TCPOptionValue
	sack       []uint64
	addl       []byte
	headers    packet.HeaderScratch
}
