//go:build !poison

package gssapi

import "testing"

func TestAllocations(t *testing.T) {
	r, all := quiet(t)
	if n := testing.AllocsPerRun(100, func() {
		for _, m := range all {
			r.h.Data(true, m)
		}
	}); n != 0 {
		t.Errorf("%v allocations per negotiation", n)
	}
}
