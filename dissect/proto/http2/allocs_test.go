//go:build !poison

package http2

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newSilent(t testing.TB) (*testconn.Bench, *Protocol) {
	b := testconn.New(t, testconn.Config())
	p := New(b.Hooks, nil, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p.Protocol}))
	h := &b.Hooks.HTTP2
	h.Request.Listen(func(*event.HTTP2Request) {})
	h.Reply.Listen(func(*event.HTTP2Reply) {})
	h.Header.Listen(func(*event.HTTP2Header) {})
	h.StreamEnd.Listen(func(*event.HTTP2StreamEnd) {})
	return b, p
}

// TestAllocations checks that a request and its reply, whose headers are in the tables of both
// sides, allocate nothing.
func TestAllocations(t *testing.T) {
	b, p := newSilent(t)
	exchange := steady(b, p)
	exchange()
	if n := testing.AllocsPerRun(100, exchange); n > 0 {
		t.Errorf("an exchange makes %v allocations", n)
	}
}

func BenchmarkExchange(bm *testing.B) {
	b, p := newSilent(bm)
	exchange := steady(b, p)
	bm.ReportAllocs()
	for bm.Loop() {
		exchange()
	}
}
