package logs

import (
	"fmt"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// steps is a clock of packets one second apart.
type steps struct{}

func (steps) At(d value.Time) (value.Time, uint64) { return (d + 1e9 - 1) / 1e9 * 1e9, uint64(d / 1e9) }

func TestTunnel(t *testing.T) {
	b := newBench(t, "tunnel")
	carrier := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:3544"), uid: uid(1)}
	teredo := event.Encapsulation{ID: carrier.id, Type: "Tunnel::TEREDO", UID: carrier.uid}
	gre := event.Encapsulation{ID: connID(t, value.ProtoUnknown, "10.0.0.3:0 10.0.0.4:0"), Type: "Tunnel::GRE", UID: uid(2)}
	row := func(ts any, e *event.Encapsulation, action string) string {
		return fmt.Sprintf("tunnel ts=%v uid=%s id.orig_h=%s id.orig_p=%d id.resp_h=%s id.resp_p=%d tunnel_type=%s action=Tunnel::%s",
			ts, e.UID, e.ID.OrigH, e.ID.OrigP, e.ID.RespH, e.ID.RespP, e.Type, action)
	}
	found := func(stack ...event.Encapsulation) {
		b.hooks.Conn.NewConnection.Raise(&event.NewConnection{Conn: &fakeConn{tunnel: stack}})
	}
	removed := func(c event.Conn) {
		endConn(&b.hooks, c)
	}

	found()
	removed(carrier)
	b.out.expect(t)

	found(gre, teredo)
	b.out.expect(t, row(1, &gre, "DISCOVER"), row(1, &teredo, "DISCOVER"))
	found(teredo)
	b.out.expect(t)

	// Another connection with the addresses of the carrier is not the tunnel.
	again := *carrier
	again.uid = uid(3)
	removed(&again)
	b.out.expect(t)
	b.now = 5e9
	removed(carrier)
	b.out.expect(t, row(5, &teredo, "CLOSE"))
	removed(carrier)
	b.out.expect(t)

	// A connection that moves into a tunnel reveals it too.
	b.now = 6e9
	b.hooks.Tunnel.Changed.Raise(&event.TunnelChanged{Conn: &fakeConn{}, E: []event.Encapsulation{teredo}})
	b.out.expect(t, row(6, &teredo, "DISCOVER"))

	// An hour without a new connection ends a tunnel; use of one does not extend the other.
	b.now = 3600e9
	found(teredo)
	b.builders.Advance(3600e9, steps{})
	b.out.expect(t)
	b.builders.Advance(3700e9, steps{})
	b.out.expect(t, row(3601, &gre, "EXPIRE"))
	b.builders.Advance(7200e9-1, steps{})
	b.out.expect(t)
	b.builders.Advance(9000e9, steps{})
	b.out.expect(t, row(7200, &teredo, "EXPIRE"))
	removed(carrier)
	b.builders.Advance(90000e9, steps{})
	b.out.expect(t)
}

func TestTunnelExpiryCause(t *testing.T) {
	var h event.Hooks
	now := value.Time(1e9)
	out := &recorder{logs: []string{"tunnel"}}
	var causes []string
	b := Install(&h, out, Options{
		Now:   func() value.Time { return now },
		Cause: func(d value.Time, num uint64) { causes = append(causes, fmt.Sprint(d.Seconds(), num)) },
	})
	for i := range uint64(3) {
		id := connID(t, value.ProtoUnknown, fmt.Sprintf("10.0.0.1:0 10.0.1.%d:0", i))
		h.Conn.NewConnection.Raise(&event.NewConnection{Conn: &fakeConn{
			first: 10 + i, tunnel: []event.Encapsulation{{ID: id, UID: uid(i + 1)}},
		}})
		now += 1e9
	}
	out.take()
	b.Advance(3602e9, steps{})
	if got := fmt.Sprint(causes); got != "[3601 10 3602 11]" || len(out.take()) != 2 {
		t.Errorf("causes %s", got)
	}
}

func TestTunnelBound(t *testing.T) {
	var h event.Hooks
	out := &recorder{quiet: true, logs: []string{"tunnel"}}
	b := Install(&h, out, Options{Now: func() value.Time { return 1 }}).tunnels
	id := connID(t, value.ProtoUnknown, "10.0.0.1:0 10.0.0.2:0")
	for i := range maxTunnels + 100 {
		id.OrigP, id.RespP = uint16(i), uint16(i>>16)
		b.register(&fakeConn{}, []event.Encapsulation{{ID: id}})
	}
	if len(b.active) != maxTunnels {
		t.Errorf("%d tunnels are known", len(b.active))
	}
	n := 0
	var newest *activeTunnel
	for newest = range b.byUse.All() {
		n++
	}
	if oldest := b.byUse.Oldest(); n != maxTunnels || oldest.ID.OrigP != 100 || newest.ID != id {
		t.Errorf("the list has %d, from %v to %v", n, oldest.ID, newest.ID)
	}
}
