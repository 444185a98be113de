//go:build !poison

package watch

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// watchers returns each watcher, with listeners to its events.
func watchers(b *testconn.Bench) map[string]*detect.Protocol {
	b.Hooks.BackDoor.HTTPSignatureFound.Listen(func(*event.HTTPSignatureFound) {})
	b.Hooks.BackDoor.BackdoorStats.Listen(func(*event.BackdoorStats) {})
	b.Hooks.InterConn.InterconnStats.Listen(func(*event.InterconnStats) {})
	o := DefaultOptions()
	merged := new(event.Hooks)
	merged.SteppingStone.STPCreateEndp.Listen(func(*event.STPCreateEndp) {})
	merged.SteppingStone.STPResumeEndp.Listen(func(*event.STPResumeEndp) {})
	k := NewCorrelator(merged, o)
	stone := o
	stone.Notes = k.Note
	return map[string]*detect.Protocol{
		"BackDoor": NewBackDoor(b.Hooks, o), "InterConn": NewInterConn(b.Hooks, o), "SteppingStone": NewSteppingStone(stone),
	}
}

func open(b *testconn.Bench) (c *conn.Conn) {
	b.SetAttacher(detect.New(nil))
	b.Open()
	b.Table.All(func(x *conn.Conn) { c = x })
	return c
}

// TestAllocations checks that a connection's chunks allocate nothing, and that few things
// are allocated for a connection, whose name SteppingStone keeps.
func TestAllocations(t *testing.T) {
	b := newBench(t, 22, func(*event.Hooks) *detect.Protocol { return NewSteppingStone(DefaultOptions()) })
	list := watchers(b)
	c := open(b)
	request, answer := []byte("GET /index HTTP/1.0\r\n\r\n"), []byte("SSH-2.0-x\r\nline\r\n")
	for name, p := range list {
		a := b.Attach(c, &p.Protocol)
		chunks := func() {
			b.Now += value.Second
			b.Table.SetNow(b.Now, b.Num)
			a.Data(true, request)
			a.Data(false, answer)
		}
		for range 10 {
			chunks()
		}
		if n := testing.AllocsPerRun(1000, chunks); n > 0 {
			t.Errorf("%s: %v allocations for chunks", name, n)
		}
	}
}

func BenchmarkWatch(bm *testing.B) {
	for _, name := range []string{"BackDoor", "InterConn", "SteppingStone"} {
		bm.Run(name, func(bm *testing.B) {
			b := newBench(bm, 22, func(*event.Hooks) *detect.Protocol { return NewSteppingStone(DefaultOptions()) })
			p := watchers(b)[name]
			a := b.Attach(open(b), &p.Protocol)
			line := []byte("ls -l /usr/local/bin\r\n")
			bm.ReportAllocs()
			for bm.Loop() {
				a.Data(true, line)
			}
		})
	}
}
