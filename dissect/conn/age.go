package conn

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// An age is one of those of event.Ages, with the connections that have not reached it. A
// connection takes an entry and nothing else.
type age struct {
	alarms
	after value.Time // the time since the age before
	first bool       // whether it is the first of its Ages
	next  int        // index in Table.ages of the one that follows, or -1
	call  func(event.Conn)
}

// newAges returns the ages that somebody wants to hear of.
func newAges(list []event.Ages) (ages []age) {
	for i := range list {
		a := &list[i]
		before := value.Time(0)
		for j, at := range a.First {
			ages = append(ages, age{after: at - before, first: j == 0, next: len(ages) + 1, call: a.Call})
			before = at
		}
		switch n := len(ages); {
		case a.Every != 0:
			ages = append(ages, age{after: a.Every, first: len(a.First) == 0, next: n, call: a.Call})
		case len(a.First) > 0:
			ages[n-1].next = -1
		}
	}
	return ages
}

// watchAges begins to wait for the ages of c.
func (t *Table) watchAges(c *Conn) {
	for i := range t.ages {
		if a := &t.ages[i]; a.first {
			t.pushAlarm(&a.alarms, c, t.now+a.after, t.lasting)
		}
	}
}

// reach tells who wants to hear of it that c has reached an age.
func (t *Table) reach(c *Conn, a *age, deadline value.Time) {
	if a.next >= 0 {
		next := &t.ages[a.next]
		t.pushAlarm(&next.alarms, c, deadline+next.after, t.lasting)
	}
	defer t.containListeners(c)
	a.call(c)
}
