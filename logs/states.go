package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// states are what a builder remembers of connections: a state in its slot of each that it has
// heard of, and states that are left for others.
type states[T any] struct {
	slot event.Slot
	free freelist.List[T]
}

// init gives the states their slot. At the end of each connection that has a state, end is
// called with it, if it is not nil; then the state is left for another connection, if one may
// come.
func (p *states[T]) init(h *event.Hooks, end func(event.Conn, *T)) {
	p.slot = h.NewSlot()
	h.OnEnd(p.slot, func(c event.Conn) {
		s := p.known(c)
		if end != nil {
			end(c, s)
		}
		if !h.Terminating() {
			p.drop(c, s)
		}
	})
}

// known returns the state of a connection, nil if it has none.
func (p *states[T]) known(c event.Conn) *T {
	if c == nil {
		return nil
	}
	s, _ := c.Slot(p.slot).(*T)
	return s
}

// add gives a connection a state, in which another connection's may still stand.
func (p *states[T]) add(c event.Conn) *T {
	s := p.free.Get()
	c.SetSlot(p.slot, s)
	return s
}

// drop takes a connection's state off it and leaves it for another.
func (p *states[T]) drop(c event.Conn, s *T) {
	c.SetSlot(p.slot, nil)
	p.free.Put(s)
}
