//go:build !poison

package irc

import "testing"

// TestAllocations checks that ordinary lines allocate nothing.
func TestAllocations(t *testing.T) {
	a := newAnalyzer(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, benchMessage)
		a.Data(false, benchReplies)
	}); n > 0 {
		t.Errorf("%v allocations for three lines", n)
	}
}
