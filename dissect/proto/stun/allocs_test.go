//go:build !poison

package stun

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() { a.Data(true, usual) }); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
