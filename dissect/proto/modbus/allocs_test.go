//go:build !poison

package modbus

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
		a.Data(false, talk[1][:9]) // in two segments
		a.Data(false, talk[1][9:])
	}); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
