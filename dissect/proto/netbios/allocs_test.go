//go:build !poison

package netbios

import "testing"

func TestAllocations(t *testing.T) {
	tcp, udp, request, names := listening(t)
	if n := testing.AllocsPerRun(100, func() {
		tcp.Data(true, request)
		tcp.Data(true, request[:20]) // in two segments
		tcp.Data(true, request[20:])
		udp.Data(true, names)
	}); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}
