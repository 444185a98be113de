//go:build !poison

package tftp

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	ack := []byte("\x00\x04\x00\x01")
	if n := testing.AllocsPerRun(100, func() { a.Data(true, block); a.Data(false, ack) }); n > 0 {
		t.Errorf("%v allocations per block", n)
	}
}
