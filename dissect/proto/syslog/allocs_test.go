//go:build !poison

package syslog

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() { a.Data(true, message) }); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
