package conn

import (
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestLikelyServerPort(t *testing.T) {
	for _, c := range []struct {
		proto value.Proto
		port  uint16
		want  bool
	}{
		{value.ProtoTCP, 21, true}, {value.ProtoTCP, 79, true}, {value.ProtoTCP, 6669, true}, {value.ProtoTCP, 20000, true},
		{value.ProtoUDP, 53, true}, {value.ProtoUDP, 6081, true}, {value.ProtoUDP, 20000, true},
		{value.ProtoTCP, 110, false}, {value.ProtoTCP, 389, false}, {value.ProtoTCP, 161, false},
		{value.ProtoUDP, 79, false}, {value.ProtoUDP, 80, false}, {value.ProtoUDP, 0, false},
	} {
		if got := likelyServerPort(c.proto, c.port); got != c.want {
			t.Errorf("%v %d: %v", c.proto, c.port, got)
		}
	}
}

// TestAddServerPort adds a port of one transport.
func TestAddServerPort(t *testing.T) {
	var table Table
	table.AddServerPort(value.ProtoTCP, 524)
	for _, c := range []struct {
		proto value.Proto
		port  uint16
		want  bool
	}{
		{value.ProtoTCP, 524, true}, {value.ProtoUDP, 524, false}, {value.ProtoTCP, 21, true},
	} {
		if got := table.likelyServer(c.proto, c.port); got != c.want {
			t.Errorf("%v %d: %v", c.proto, c.port, got)
		}
	}
}
