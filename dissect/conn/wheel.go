package conn

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/value"
)

// A Clock maps deadlines to packets. Timers run before packets: one with deadline d
// fires at the first packet of the run, on whichever shard, whose clock has reached d.
// At returns that packet's clock and number.
type Clock interface {
	At(d value.Time) (now value.Time, num uint64)
}

// wheel holds every connection under its earliest deadline. A connection whose deadline
// was postponed is checked when the old deadline is reached.
type wheel struct {
	heads []uint32
	// due holds the connections of the current bucket in the order of firing.
	due dueHeap
	// cur is the current bucket: it and all before it are in due.
	cur  int64
	n    int        // connections in buckets
	next value.Time // no timer fires before
}

const (
	bucketShift = 30 // log2 of a bucket's nanoseconds: about a second
	wheelSize   = 1 << 12
	noBucket    = ^uint16(0)
)

func (w *wheel) init() {
	w.heads = make([]uint32, wheelSize)
	for i := range w.heads {
		w.heads[i] = none
	}
	w.cur = -1
}

type dueEntry struct {
	deadline value.Time
	first    uint64
	idx      uint32
	tie      uint32 // decides between connections begun by one packet, as in tunnels
}

// dueHeap is a binary min-heap by deadline, then by age of the connection. The order is
// total, so that it does not depend on the other connections of the shard.
type dueHeap []dueEntry

func (h dueHeap) less(i, j int) bool { return h[i].before(&h[j]) }

func (e *dueEntry) before(o *dueEntry) bool {
	if e.deadline != o.deadline {
		return e.deadline < o.deadline
	}
	if e.first != o.first {
		return e.first < o.first
	}
	return e.tie < o.tie
}

func (h *dueHeap) push(e dueEntry) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.less(i, up) {
			break
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

func (h *dueHeap) pop() dueEntry {
	s := *h
	top := s[0]
	n := len(s) - 1
	s[0] = s[n]
	s = s[:n]
	*h = s
	for i := 0; ; {
		child := 2*i + 1
		if child >= n {
			return top
		}
		if child+1 < n && s.less(child+1, child) {
			child++
		}
		if !s.less(child, i) {
			return top
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}

// add puts c, which is not in the wheel, under deadline d.
func (w *wheel) add(t *Table, c *Conn, d value.Time) {
	c.armed = d
	b := int64(d) >> bucketShift
	if b <= w.cur {
		w.due.push(dueEntry{d, c.first, c.idx, uint32(c.key.hash(&t.cfg.Seed))})
		w.next = min(w.next, d)
		return
	}
	// Deadlines beyond the horizon wait in the farthest bucket.
	c.bucket = uint16(min(b, w.cur+wheelSize-1) & (wheelSize - 1))
	head := &w.heads[c.bucket]
	c.wheelPrev, c.wheelNext = none, *head
	if *head != none {
		t.at(*head).wheelPrev = c.idx
	}
	*head = c.idx
	w.n++
}

// remove takes c out. An entry in due stays and is ignored when it is reached.
func (w *wheel) remove(t *Table, c *Conn) {
	c.armed = 0
	if c.bucket == noBucket {
		return
	}
	if c.wheelPrev != none {
		t.at(c.wheelPrev).wheelNext = c.wheelNext
	} else {
		w.heads[c.bucket] = c.wheelNext
	}
	if c.wheelNext != none {
		t.at(c.wheelNext).wheelPrev = c.wheelPrev
	}
	c.bucket = noBucket
	w.n--
}

// collect moves the connections of the next bucket to due.
func (w *wheel) collect(t *Table) {
	w.cur++
	head := &w.heads[w.cur&(wheelSize-1)]
	for i := *head; i != none; {
		c := t.at(i)
		i = c.wheelNext
		d := c.armed
		w.remove(t, c)
		w.add(t, c, d)
	}
}

// collectAll makes target the current bucket, which is at least wheelSize ahead. Every
// connection is looked at once, however far ahead that is.
func (w *wheel) collectAll(t *Table, target int64) {
	w.cur = target
	for b := range w.heads {
		i := w.heads[b]
		for i != none {
			c := t.at(i)
			i = c.wheelNext
			d := c.armed
			w.remove(t, c)
			w.add(t, c, d)
		}
	}
}

// Advance fires every timer whose deadline the clock has reached. now is the clock of
// the next packet.
func (t *Table) Advance(now value.Time, clock Clock) {
	if now >= t.wheel.next {
		t.advance(now, clock)
	}
	t.now, t.stamp = now, now
}

func (t *Table) advance(now value.Time, clock Clock) {
	w := &t.wheel
	t.afterPacket = t.pktNum + 1
	target := int64(now) >> bucketShift
	if w.cur < 0 {
		w.cur = target
	}
	for {
		for {
			t.alarm(now, clock)
			if len(w.due) == 0 || w.due[0].deadline > now {
				break
			}
			e := w.due.pop()
			c := t.at(e.idx)
			if c.flags&flagLive == 0 || c.first != e.first || c.armed != e.deadline || c.bucket != noBucket {
				continue
			}
			c.armed = 0
			t.fire(c, e.deadline, clock)
		}
		if w.cur >= target {
			break
		}
		switch {
		case w.n == 0:
			w.cur = target
		case target-w.cur >= wheelSize:
			w.collectAll(t, target)
		default:
			w.collect(t)
		}
	}
	w.next = value.Time((w.cur + 1) << bucketShift)
	if len(w.due) > 0 {
		w.next = min(w.next, w.due[0].deadline)
	}
	if first, _ := t.soonest(); len(first.due) > 0 {
		w.next = min(w.next, first.due[0].deadline)
	}
}

// fire runs the timer of c that is due first, at the packet that reaches the deadline.
// Later timers of c wait for their turn among others' timers, those of files included.
// Only silence is checked early. Zeek checks it when the connection is as old as the
// timeout, and again after each timeout; if the clock jumps ahead, the connection ends
// at that time.
func (t *Table) fire(c *Conn, deadline value.Time, clock Clock) {
	now, num := clock.At(deadline)
	num = max(num, t.afterPacket) // the clock may have been there when the timer was set
	d, kind := c.nextDeadline()
	look := d
	if kind == timerInactivity {
		look = c.start + c.silence.time()
	}
	switch {
	case d > now:
		t.rearm(c)
	case d != 0 && look > deadline:
		t.wheel.add(t, c, look)
	case d != 0:
		t.stats.TimersFired++
		t.SetNow(now, num)
		t.cause(deadline, c.first, num)
		if !t.contained(c, kind) {
			return
		}
		if d, _ := c.nextDeadline(); d != 0 && d <= now && c.armed == 0 {
			t.wheel.add(t, c, max(d, deadline))
		} else {
			t.rearm(c)
		}
	}
}

// contained runs one timer and reports whether c is still in the table. If a listener
// panics, the connection ends nevertheless.
func (t *Table) contained(c *Conn, kind timerKind) (there bool) {
	defer func() {
		if r := recover(); r != nil {
			t.panicked(c, &listeners, r)
			t.Remove(c)
			there = false
		}
	}()
	return t.expireTimer(c, kind)
}

// rearm ensures that the wheel looks at c no later than its earliest deadline.
func (t *Table) rearm(c *Conn) {
	d, _ := c.nextDeadline()
	if d == 0 {
		return
	}
	if d <= t.now {
		// Time went back. The timer fires when the clock moves on.
		if d = t.now; !t.cfg.Compat.Has(compat.LatePackets) {
			d++
		}
	}
	if c.armed != 0 && c.armed <= d {
		return
	}
	if c.armed != 0 {
		t.wheel.remove(t, c)
	}
	t.wheel.add(t, c, d)
}

type timerKind uint8

const (
	timerInactivity timerKind = iota
	timerAttempt
	timerExpire
	timerClosing
)

// nextDeadline returns the earliest of c's deadlines, 0 if it has none.
func (c *Conn) nextDeadline() (value.Time, timerKind) {
	var d value.Time
	kind := timerInactivity
	if c.silence != 0 {
		d = c.last + c.silence.time()
	}
	if c.attempt != 0 && (d == 0 || c.attempt < d) {
		d, kind = c.attempt, timerAttempt
	}
	if c.expire != 0 && (d == 0 || c.expire < d) {
		d, kind = c.expire, timerExpire
	}
	if c.closing != 0 && (d == 0 || c.closing < d) {
		d, kind = c.closing, timerClosing
	}
	return d, kind
}

// expireTimer runs one timer and reports whether c is still in the table.
func (t *Table) expireTimer(c *Conn, kind timerKind) bool {
	switch kind {
	case timerInactivity:
		t.timeout(c)
		return false
	case timerAttempt:
		c.attempt = 0
		return t.attemptTimer(c)
	case timerExpire:
		c.expire = 0
		if c.transport == value.ProtoTCP {
			return t.expireTCP(c, t.now)
		}
		return t.expireSession(c, t.now)
	case timerClosing:
		c.closing = 0
		return t.closingTimer(c)
	}
	return true
}

// expireSession ends a connection that has been silent as long as EndAfterSilence
// asked for, or at the time of EndAfter. One second less is enough, so that a query with one answer needs one
// check, not two.
func (t *Table) expireSession(c *Conn, now value.Time) bool {
	if !c.endsAfterSilence() {
		return true
	}
	silence := c.ext.session.time()
	if c.ext.fixed || now-c.last >= silence-value.Second {
		t.timeout(c)
		return false
	}
	c.expire = now + silence
	return true
}

// timeout ends a connection that has been silent for too long.
func (t *Table) timeout(c *Conn) {
	if e := t.hooks.Conn.ConnectionTimeout.Begin(); e != nil {
		e.Conn = c
		t.hooks.Conn.ConnectionTimeout.Raise(e)
	}
	t.Remove(c)
}
