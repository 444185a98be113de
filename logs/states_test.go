package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

func TestStates(t *testing.T) {
	var h event.Hooks
	b := newStates[int](&h)
	c, other := new(fakeConn), new(fakeConn)
	if b.known(nil) != nil || b.known(c) != nil || b.take(c) != nil {
		t.Error("a connection has a state that none was given to")
	}
	s := b.add(c)
	if b.known(c) != s || b.known(other) != nil || b.take(c) != s || b.known(c) != nil {
		t.Error("the state is not on its connection")
	}
	b.keep(s)
	if b.add(other) != s || b.add(c) == s {
		t.Error("a state that was kept is not used again, or twice")
	}
}
