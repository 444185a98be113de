package logs

import "github.com/wirelog/wirelog/dissect/event"

// states are what a builder remembers of connections: a state in its slot of each that it has
// heard of, and states that are left for others.
type states[T any] struct {
	slot event.Slot
	free []*T
}

func newStates[T any](h *event.Hooks) states[T] { return states[T]{slot: h.NewSlot()} }

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
	var s *T
	if n := len(p.free); n > 0 {
		s, p.free = p.free[n-1], p.free[:n-1]
	} else {
		s = new(T)
	}
	c.SetSlot(p.slot, s)
	return s
}

// take takes the state off a connection, if it has one. The builder may keep it.
func (p *states[T]) take(c event.Conn) *T {
	s := p.known(c)
	if s != nil {
		c.SetSlot(p.slot, nil)
	}
	return s
}

// keep leaves a state for another connection.
func (p *states[T]) keep(s *T) { p.free = append(p.free, s) }
