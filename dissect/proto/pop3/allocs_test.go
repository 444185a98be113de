//go:build !poison

package pop3

import "testing"

// TestAllocations checks that a message allocates nothing once the buffers have grown.
func TestAllocations(t *testing.T) {
	a := silent(t)
	exchange := func() {
		a.Data(true, retr)
		a.Data(false, message)
	}
	exchange()
	if n := testing.AllocsPerRun(100, exchange); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}
