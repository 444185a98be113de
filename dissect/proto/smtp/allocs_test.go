//go:build !poison

package smtp

import "testing"

// TestAllocations checks that a message allocates nothing once the buffers have grown.
func TestAllocations(t *testing.T) {
	a, _ := silent(t)
	client, server := mailTurns()
	message := func() {
		a.Data(true, client)
		a.Data(false, server)
	}
	message()
	if n := testing.AllocsPerRun(100, message); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}
