//go:build !poison

package finger

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestAllocations checks that a conversation allocates nothing.
func TestAllocations(t *testing.T) {
	b, p := newBench(t, testconn.Config())
	b.Hooks.Finger.Request.Listen(func(*event.FingerRequest) {})
	b.Hooks.Finger.Reply.Listen(func(*event.FingerReply) {})
	query, answer := []byte("/W alice@host\r\n"), []byte("Login: alice\r\nNo Plan.\r\n")
	session := func() {
		a := b.New(&p.Protocol)
		a.Data(true, query)
		a.Data(false, answer)
		a.Done()
	}
	session()
	if n := testing.AllocsPerRun(100, session); n > 0 {
		t.Errorf("%v allocations a conversation", n)
	}
}

func BenchmarkFinger(bm *testing.B) {
	b, p := newBench(bm, testconn.Config())
	b.Hooks.Finger.Request.Listen(func(*event.FingerRequest) {})
	b.Hooks.Finger.Reply.Listen(func(*event.FingerReply) {})
	a := b.New(&p.Protocol)
	query := []byte("/W alice@host\r\n")
	bm.ReportAllocs()
	for bm.Loop() {
		a.Data(true, query)
	}
}
