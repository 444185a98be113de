//go:build !poison

package dnp3

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	cut := segments(0x44, hexa("c0 81 0000 1e02 00 0000 010500"), 5)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
		a.Data(false, talk[1][:9]) // in two segments
		a.Data(false, talk[1][9:])
		a.Data(false, cut) // in several frames
	}); n > 0 {
		t.Errorf("%v allocations per exchange", n)
	}
}
