package conn

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// An alarmed is an Analyzer that does something at a time; see Use.SetAlarm.
type alarmed interface{ Alarm() }

// SetAlarm has the analyzer's method Alarm called at d, which is later than the clock: at the
// first packet of the run whose clock has reached d. An analyzer sets an alarm when it is made
// and in Alarm, so that it has at most one. Alarms do not go off at the end of a run.
func (u Use) SetAlarm(d value.Time) { u.c.t.setAlarm(u.c, u.n, d) }

// An alarm is the time of an analyzer's SetAlarm.
type alarm struct {
	at value.Time // 0 once it has gone off
	n  int32      // index of the analyzer, or statusAlarm
}

// statusAlarm takes the place of an analyzer's index in the alarm of ConnectionStatusUpdate.
const statusAlarm = -1

// alarms holds connections by the times of their alarms. They are apart from the wheel
// because few runs have alarms, and nothing else postpones them.
type alarms struct {
	due   dueHeap
	sweep int // length of due at which the entries of ended connections are deleted
}

// soonest returns what goes off first: the alarms or an age.
func (t *Table) soonest() (first *alarms, a *age) {
	first = &t.alarms
	for i := range t.ages {
		if o := &t.ages[i]; len(o.due) > 0 && (len(first.due) == 0 || o.due[0].before(&first.due[0])) {
			first, a = &o.alarms, o
		}
	}
	return first, a
}

// minAlarmSweep is the smallest number of alarms that triggers a sweep.
const minAlarmSweep = 1024

func (t *Table) setAlarm(c *Conn, n int32, d value.Time) {
	d = max(d, t.now+1)
	x := c.observing()
	i := 0
	for i < len(x.alarms) && x.alarms[i].n != n {
		i++
	}
	if i == len(x.alarms) {
		x.alarms = append(x.alarms, alarm{})
	}
	x.alarms[i] = alarm{d, n}
	t.pushAlarm(&t.alarms, c, d, t.alarmed)
}

// pushAlarm adds c to a under a deadline. waits says which entries still count.
func (t *Table) pushAlarm(a *alarms, c *Conn, d value.Time, waits func(*dueEntry) *Conn) {
	if len(a.due) >= max(a.sweep, minAlarmSweep) {
		a.prune(waits)
	}
	a.due.push(dueEntry{d, c.first, c.idx, uint32(c.key.hash(&t.cfg.Seed))})
	t.wheel.next = min(t.wheel.next, d)
}

// prune deletes the entries of ended connections. The rest is pushed anew, in its order,
// which is cheap and leaves a heap.
func (a *alarms) prune(waits func(*dueEntry) *Conn) {
	list := a.due
	a.due = a.due[:0]
	for _, e := range list {
		if waits(&e) != nil {
			a.due.push(e)
		}
	}
	a.sweep = 2 * len(a.due)
}

// lasting returns the connection of an entry if it is still open, or nil.
func (t *Table) lasting(e *dueEntry) *Conn {
	c := t.at(e.idx)
	if c.flags&flagLive == 0 || c.first != e.first {
		return nil
	}
	return c
}

// alarmed returns the connection of an entry if it still waits for it, or nil.
func (t *Table) alarmed(e *dueEntry) *Conn {
	c := t.lasting(e)
	if c == nil {
		return nil
	}
	x := c.ifObserved()
	if x == nil {
		return nil
	}
	for _, a := range x.alarms {
		if a.at == e.deadline {
			return c
		}
	}
	return nil
}

// alarm lets the alarms go off that come before the timers of the wheel's current bucket
// and of those after it. now is the clock of the next packet.
func (t *Table) alarm(now value.Time, clock Clock) {
	for {
		first, age := t.soonest()
		if len(first.due) == 0 {
			return
		}
		d := first.due[0].deadline
		w := &t.wheel
		if d > now || int64(d)>>bucketShift > w.cur || len(w.due) > 0 && w.due[0].deadline < d {
			return
		}
		e := first.due.pop()
		if age != nil {
			if c := t.lasting(&e); c != nil {
				t.goOff(c, d, clock)
				t.reach(c, age, d)
			}
		} else if c := t.alarmed(&e); c != nil {
			t.goOff(c, d, clock)
			t.ring(c, d)
		}
	}
}

// goOff sets the time and the cause of what happens to c at a deadline.
func (t *Table) goOff(c *Conn, deadline value.Time, clock Clock) {
	now, num := clock.At(deadline)
	num = max(num, t.afterPacket)
	t.SetNow(now, num)
	t.cause(deadline, c.first, num)
}

// ring lets the alarms of c with a deadline go off.
func (t *Table) ring(c *Conn, deadline value.Time) {
	for i := range c.ext.rare.observed.alarms {
		if a := &c.ext.rare.observed.alarms[i]; a.at == deadline {
			a.at = 0
			t.ringOne(c, a.n)
		}
	}
}

func (t *Table) ringOne(c *Conn, n int32) {
	if n == statusAlarm {
		t.statusUpdate(c)
		return
	}
	if at := &c.ext.analyzers[n]; !at.off {
		if a, ok := at.a.(alarmed); ok {
			defer t.contain(c, int(n))
			a.Alarm()
		}
	}
}

// watchStatus begins the updates of c, if they are wanted.
func (t *Table) watchStatus(c *Conn) {
	if d := t.cfg.StatusUpdate; d > 0 && c.transport != value.ProtoUnknown && t.hooks.Conn.ConnectionStatusUpdate.On() {
		t.setAlarm(c, statusAlarm, t.now+value.Time(d))
	}
}

func (t *Table) statusUpdate(c *Conn) {
	defer t.containListeners(c)
	e := t.hooks.Conn.ConnectionStatusUpdate.Begin()
	*e = event.ConnectionStatusUpdate{Conn: c}
	t.hooks.Conn.ConnectionStatusUpdate.Raise(e)
	t.setAlarm(c, statusAlarm, t.now+value.Time(t.cfg.StatusUpdate))
}
