package conn_test

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

func TestLikelyServerPort(t *testing.T) {
	for _, c := range []struct {
		proto event.Proto
		port  uint16
		want  bool
	}{
		{event.ProtoTCP, 21, true}, {event.ProtoTCP, 79, true}, {event.ProtoTCP, 6669, true}, {event.ProtoTCP, 20000, true},
		{event.ProtoUDP, 53, true}, {event.ProtoUDP, 6081, true}, {event.ProtoUDP, 20000, true},
		{event.ProtoTCP, 110, false}, {event.ProtoTCP, 389, false}, {event.ProtoTCP, 161, false},
		{event.ProtoUDP, 79, false}, {event.ProtoUDP, 80, false}, {event.ProtoUDP, 0, false},
	} {
		if got := conn.LikelyServerPort(c.proto, c.port); got != c.want {
			t.Errorf("%v %d: %v", c.proto, c.port, got)
		}
	}
}
