//go:build !poison

package socks

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestAllocations checks that a connection allocates nothing once the free list is filled.
func TestAllocations(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.SOCKS.Request.Listen(func(*event.SOCKSRequest) {})
	b.Hooks.SOCKS.Reply.Listen(func(*event.SOCKSReply) {})
	p := New(b.Hooks)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	offer, chosen := []byte(v5offer[1:]), []byte(v5chosen[1:])
	request, reply := []byte(v5request[1:]), []byte(v5reply[1:])
	a := p.New(b.Table.Nested(c, &p.Protocol))
	a.Done()
	n := testing.AllocsPerRun(100, func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		a.Data(true, offer)
		a.Data(false, chosen)
		a.Data(true, request)
		a.Data(false, reply)
		a.Done()
	})
	if n > 0 {
		t.Errorf("a negotiation makes %v allocations", n)
	}
}
