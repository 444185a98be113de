//go:build !poison

package oncrpc

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// dialogue returns a function that has an analyzer of NFS read a LOOKUP and its reply.
func dialogue(t testing.TB) func() {
	b := testconn.New(t, testconn.Config())
	b.Hooks.RPC.Call.Listen(func(*event.RPCCall) {})
	b.Hooks.RPC.NFSProcLookup.Listen(func(*event.NFSProcLookup) {})
	b.Hooks.RPC.Dialogue.Listen(func(*event.RPCDialogue) {})
	_, _, nfs := New(b.Hooks, DefaultOptions())
	p := nfs[0]
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	call := []byte(marked(ask(7, 100003, 3, nfsLookup, o("directory")+o("name")), 1<<16))
	reply := []byte(marked(answer(7, u(0)+o("handle")+u(1)+attrs+u(1)+attrs), 1<<16))
	return func() {
		a.Data(true, call)
		a.Data(false, reply[:50]) // in two segments
		a.Data(false, reply[50:])
	}
}

func TestAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(100, dialogue(t)); n > 0 {
		t.Errorf("%v allocations per dialogue", n)
	}
}

// BenchmarkDialogue measures two messages.
func BenchmarkDialogue(b *testing.B) {
	f := dialogue(b)
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}
