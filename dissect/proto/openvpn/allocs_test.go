//go:build !poison

package openvpn

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, usualControl)
		a.Data(true, usualData)
	}); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
