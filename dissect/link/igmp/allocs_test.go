//go:build !poison

package igmp

import "testing"

func TestAllocations(t *testing.T) {
	a, link, f, ip := listening()
	a.Deliver(link, f, ip, true)
	if n := testing.AllocsPerRun(100, func() { a.Deliver(link, f, ip, true) }); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
