//go:build !poison

package ncp

import "testing"

func TestAllocations(t *testing.T) {
	a, request, reply := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, request)
		a.Data(false, reply[:10]) // in two segments
		a.Data(false, reply[10:])
	}); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}
