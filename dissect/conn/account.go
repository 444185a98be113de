package conn

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/internal/linked"
)

// An account is what builders and analyzers hold in memory for one connection. It exists
// while that is more than nothing. slotValue.holds says which builders hold something.
type account struct {
	c         *Conn
	bytes     int
	age       linked.Node[account]
	analyzers analyzerSet // those that hold something
	sized     analyzerSet // those that have a size
	greedy    bool        // in accounts.greedy
}

// An analyzerSet has a bit for each index in ext.analyzers. The last one stands for all
// further analyzers as well.
type analyzerSet uint16

func analyzerBit(i int) analyzerSet { return 1 << min(i, 15) }

// accounts bound the memory of all accounts and of each. The connection that has held
// something for the longest time loses first.
type accounts struct {
	limit, share int
	bytes        int
	byAge        linked.List[account]
	greedy       []*account // that are beyond share
	free         freelist.List[account]
}

func (s *accounts) init(o *Options) {
	s.limit = o.StateBytes
	s.share = min(o.ConnStateBytes, o.StateBytes)
}

// account returns the account of c, and opens it if it has none.
func (t *Table) account(c *Conn) *account {
	x := c.extra()
	if x.account != nil {
		return x.account
	}
	s := &t.accounts
	a := s.free.Get()
	*a = account{c: c}
	s.byAge.Add(&a.age, a)
	x.account = a
	return a
}

// hold adds n bytes to the account of c, and closes it when nothing is left: connections
// outlive what their analyzers hold. n may be negative, and is ignored then if the account
// has been closed. hold returns nil if there is no account afterwards.
func (t *Table) hold(c *Conn, n int) *account {
	if n <= 0 && (c.ext == nil || c.ext.account == nil) {
		return nil
	}
	a := t.account(c)
	n = max(n, -a.bytes)
	a.bytes += n
	t.accounts.bytes += n
	if a.bytes == 0 {
		t.closeAccount(c.ext)
		return nil
	}
	if a.bytes > t.accounts.share && !a.greedy {
		a.greedy = true
		t.accounts.greedy = append(t.accounts.greedy, a)
	}
	return a
}

// weigh adds the size of the analyzer with index i to the account of c.
func (t *Table) weigh(c *Conn, i, size int) {
	if size > 0 {
		t.hold(c, size).sized |= analyzerBit(i)
	}
}

// Hold adds n to the bytes that the state in slot s takes, n is negative when they are
// released. If there is too much, the table ends the state of some connection after the
// current packet; see event.Hooks.EndSlot.
func (c *Conn) Hold(s event.Slot, n int) {
	if c.t.hold(c, n) == nil {
		return
	}
	for x := &c.ext.slots; x != nil; x = x.next {
		if x.slot == s && x.v != nil {
			x.holds = true
			return
		}
	}
}

// closeAccount forgets what is held, at the end of a connection or of its state.
func (t *Table) closeAccount(x *ext) {
	a, s := x.account, &t.accounts
	x.account = nil
	s.bytes -= a.bytes
	s.byAge.Remove(&a.age)
	if a.greedy {
		i := slices.Index(s.greedy, a)
		s.greedy = slices.Delete(s.greedy, i, i+1)
	}
	*a = account{}
	if !t.hooks.Terminating() {
		s.free.Put(a)
	}
}

// StateHeld returns how many bytes builders and analyzers hold.
func (t *Table) StateHeld() int { return t.accounts.bytes }

// Greedy reports whether a connection holds more than its share.
func (t *Table) Greedy() bool { return len(t.accounts.greedy) > 0 }

// Reclaim ends the state of connections that hold more than their share, and of the
// oldest until all together hold no more than they may. It is called between packets,
// when no analyzer and no builder is running.
func (t *Table) Reclaim() {
	s := &t.accounts
	for len(s.greedy) > 0 {
		t.endState(s.greedy[0], limitOne)
	}
	for s.bytes > s.limit {
		a := s.byAge.Oldest()
		if a == nil {
			break
		}
		t.endState(a, limitAll)
	}
}

// EndOldest ends the state of the connection that has held some for the longest time, if
// there is one. Like Reclaim, it is called between packets.
func (t *Table) EndOldest() {
	if a := t.accounts.byAge.Oldest(); a != nil {
		t.endState(a, limitAll)
	}
}

// Names of the limits of all accounts and of one.
const (
	limitAll = "state_bytes"
	limitOne = "connection_state_bytes"
)

// endState ends what analyzers and builders hold for a connection, with the rows that
// they make of it. The connection itself goes on.
func (t *Table) endState(a *account, limit string) {
	c := a.c
	t.limited.count("STATE", limit)
	t.weird(c, "too_much_state", limit, "")
	x := c.ext
	losers := a.analyzers
	if limit == limitAll {
		losers |= a.sized
	}
	for i := range x.analyzers {
		if !x.analyzers[i].off && losers&analyzerBit(i) != 0 {
			t.turnOff(c, i)
		}
	}
	panicked := func(r any) { t.panicked(c, &listeners, r) }
	// Builders keep something for each connection besides what they have counted. They end
	// in the order of their slots.
	var slots event.SlotSet
	for s := &x.slots; s != nil; s = s.next {
		if s.v != nil && (s.holds || limit == limitAll) {
			slots.Add(s.slot)
		}
	}
	for i, word := range slots {
		for b := range 64 {
			if word&(1<<b) != 0 {
				t.hooks.EndSlot(event.Slot(i*64+b), c, panicked)
			}
		}
	}
	// Those who ended have released what they held, or it goes with the account.
	if x.account == a {
		t.closeAccount(x)
	}
}
