//go:build !poison

package krb

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, exchange[0])
		a.Data(false, exchange[1][:50])
		a.Data(false, exchange[1][50:])
	}); n > 0 {
		t.Errorf("%v allocations per exchange", n)
	}
}
