//go:build !poison

package rfb

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, pointer)
		a.Data(true, pointer[:3]) // in two segments
		a.Data(true, pointer[3:])
	}); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
