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
	a := &t.alarms
	if len(a.due) >= max(a.sweep, minAlarmSweep) {
		t.sweepAlarms()
	}
	a.due.push(dueEntry{d, c.first, c.idx, uint32(c.key.hash(&t.cfg.Seed))})
	t.wheel.next = min(t.wheel.next, d)
}

// sweepAlarms deletes the entries of ended connections. The rest is pushed anew, in its
// order, which is cheap and leaves a heap.
func (t *Table) sweepAlarms() {
	a := &t.alarms
	list := a.due
	a.due = a.due[:0]
	for _, e := range list {
		if t.alarmed(&e) != nil {
			a.due.push(e)
		}
	}
	a.sweep = 2 * len(a.due)
}

// alarmed returns the connection of an entry if it still waits for it, or nil.
func (t *Table) alarmed(e *dueEntry) *Conn {
	c := t.at(e.idx)
	if c.flags&flagLive == 0 || c.first != e.first {
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
	for due := &t.alarms.due; len(*due) > 0; {
		d := (*due)[0].deadline
		w := &t.wheel
		if d > now || int64(d)>>bucketShift > w.cur || len(w.due) > 0 && w.due[0].deadline < d {
			return
		}
		e := due.pop()
		if c := t.alarmed(&e); c != nil {
			t.ring(c, e.deadline, clock)
		}
	}
}

// ring lets the alarms of c with a deadline go off.
func (t *Table) ring(c *Conn, deadline value.Time, clock Clock) {
	now, num := clock.At(deadline)
	num = max(num, t.afterPacket)
	t.SetNow(now, num)
	t.cause(deadline, c.first, num)
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
