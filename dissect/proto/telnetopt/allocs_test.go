//go:build !poison

package telnetopt

import "testing"

func TestAllocations(t *testing.T) {
	a, _, _ := newTerminal(t)
	ask, answer := []byte(say(do, termType)+sub(termType+"\x01")), []byte(say(will, termType)+sub(envOption+"\x01"))
	if n := testing.AllocsPerRun(100, func() {
		a.opts.Reset(a.Use, a.opts.hooks, &a.lines, nil)
		a.Data(false, ask)
		a.Data(true, answer)
	}); n > 0 {
		t.Errorf("%v allocations a negotiation", n)
	}
}
