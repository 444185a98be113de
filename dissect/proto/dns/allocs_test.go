//go:build !poison

package dns

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

func TestMessageAllocations(t *testing.T) {
	d := listening()
	ask, answer := transaction()
	if n := testing.AllocsPerRun(100, func() {
		d.header(nopReporter{}, nil, ask, false)
		d.body(fromOrig, portDNS)
		d.header(nopReporter{}, nil, answer, false)
		d.body(fromResp, portDNS)
	}); n != 0 {
		t.Errorf("a transaction makes %v allocations", n)
	}
}

func TestStreamAllocations(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	p := New(b.Hooks, value.ProtoTCP, DefaultOptions())
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	ask, answer := transaction()
	ask, answer = conversation(ask, ask), conversation(answer)
	if n := testing.AllocsPerRun(100, func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		a.Data(true, ask[:20])
		a.Data(true, ask[20:])
		a.Data(false, answer[:1])
		a.Data(false, answer[1:])
		a.Done()
	}); n != 0 {
		t.Errorf("a connection makes %v allocations", n)
	}
}
