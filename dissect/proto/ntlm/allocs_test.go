//go:build !poison

package ntlm

import "testing"

func TestAllocations(t *testing.T) {
	r, all := quiet(t)
	if n := testing.AllocsPerRun(100, func() {
		for _, m := range all {
			r.send(m)
		}
	}); n != 0 {
		t.Errorf("%v allocations per authentication", n)
	}
}
