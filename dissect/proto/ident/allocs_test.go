//go:build !poison

package ident

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestAllocations checks that a conversation allocates nothing.
func TestAllocations(t *testing.T) {
	b, p := newBench(t, testconn.Config())
	b.Hooks.Ident.Request.Listen(func(*event.IdentRequest) {})
	b.Hooks.Ident.Reply.Listen(func(*event.IdentReply) {})
	b.Hooks.Ident.Error.Listen(func(*event.IdentError) {})
	query, answer := []byte("6193, 23\r\n"), []byte("6193, 23 : USERID : UNIX : alice\r\n")
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

func BenchmarkIdent(bm *testing.B) {
	b, p := newBench(bm, testconn.Config())
	b.Hooks.Ident.Request.Listen(func(*event.IdentRequest) {})
	b.Hooks.Ident.Reply.Listen(func(*event.IdentReply) {})
	b.Hooks.Ident.Error.Listen(func(*event.IdentError) {})
	a := b.New(&p.Protocol)
	query := []byte("6193, 23\r\n")
	bm.ReportAllocs()
	for bm.Loop() {
		a.Data(true, query)
	}
}
