package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// states are a builder's states of connections: one in the builder's slot of each connection
// that it follows, and a pool of free ones.
type states[T any] struct {
	slot event.Slot
	free freelist.List[T]
}

// init reserves the slot. When a connection with a state ends, end is called unless it is
// nil; then the state returns to the pool, except when the run is ending.
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

// known returns the state of a connection, or nil.
func (p *states[T]) known(c event.Conn) *T {
	if c == nil {
		return nil
	}
	s, _ := c.Slot(p.slot).(*T)
	return s
}

// add attaches a pooled state to a connection. It may hold stale data.
func (p *states[T]) add(c event.Conn) *T {
	s := p.free.Get()
	c.SetSlot(p.slot, s)
	return s
}

// hold adds n to the bytes that a connection's state takes; see event.Conn.
func (p *states[T]) hold(c event.Conn, n int) {
	if n != 0 {
		c.Hold(p.slot, n)
	}
}

// keep makes *held, the bytes that a connection's state is known to take, n.
func (p *states[T]) keep(c event.Conn, held *int, n int) {
	if n != *held {
		c.Hold(p.slot, n-*held)
		*held = n
	}
}

// smallState is how many bytes of text a state takes without being counted.
const smallState = 512

// drop detaches a connection's state and returns it to the pool.
func (p *states[T]) drop(c event.Conn, s *T) {
	c.SetSlot(p.slot, nil)
	p.free.Put(s)
}
