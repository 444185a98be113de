package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

func TestStates(t *testing.T) {
	var h event.Hooks
	var b states[int]
	var ended []*int
	b.init(&h, func(_ event.Conn, s *int) { ended = append(ended, s) })
	c, other := new(fakeConn), new(fakeConn)
	if b.known(nil) != nil || b.known(c) != nil {
		t.Error("a connection has a state that none was given to")
	}
	s := b.add(c)
	if b.known(c) != s || b.known(other) != nil {
		t.Error("the state is not on its connection")
	}
	h.End(other, nil)
	if len(ended) != 0 {
		t.Error("the end of a connection without a state was told")
	}
	h.End(c, nil)
	if len(ended) != 1 || ended[0] != s || b.known(c) != nil {
		t.Error("the end of a connection with a state was not told once, or the state is still there")
	}
	if b.add(other) != s || b.add(c) == s {
		t.Error("a state that was left is not used again, or twice")
	}
	b.drop(c, b.known(c))
	if h.End(c, nil); len(ended) != 1 {
		t.Error("the end was told of a state that had been dropped")
	}

	h.Terminate()
	n := b.free.Len()
	if h.End(other, nil); len(ended) != 2 || b.free.Len() != n {
		t.Error("at the end of the run a state's end is not told, or the state is left for nobody")
	}
}
