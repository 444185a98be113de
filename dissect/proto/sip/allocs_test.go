//go:build !poison

package sip

import "testing"

func TestAllocations(t *testing.T) {
	a := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
		a.Data(true, talk[0][:50]) // in two datagrams
		a.Data(true, talk[0][50:])
	}); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}

func TestStreamAllocations(t *testing.T) {
	a := listeningStream(t)
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, talk[0])
		a.Data(false, talk[1][:100]) // in two segments
		a.Data(false, talk[1][100:])
	}); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
}
