package conn_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestStateBudget has a builder hold bytes for connections, by the client's port, and checks
// whose state ends early.
func TestStateBudget(t *testing.T) {
	type hold struct {
		conn, bytes int
	}
	for _, tt := range []struct {
		name   string
		holds  []hold
		ended  string
		held   int
		limits string
	}{
		{"all fits", []hold{{0, 40}, {1, 30}, {2, 30}}, "", 100, ""},
		{"the oldest loses", []hold{{0, 40}, {1, 30}, {2, 31}}, "0", 61, "state_bytes"},
		{"two lose", []hold{{0, 5}, {1, 50}, {2, 50}, {2, 1}}, "0 1", 51, "state_bytes state_bytes"},
		{"released in time", []hold{{0, 40}, {1, 30}, {0, -40}, {2, 60}}, "", 90, ""},
		{"released and held again", []hold{{0, 40}, {1, 40}, {0, -40}, {0, 30}, {2, 50}}, "1", 80, "state_bytes"},
		{"a share", []hold{{0, 40}, {1, 61}}, "1", 40, "connection_state_bytes"},
		{"never below nothing", []hold{{0, 10}, {0, -50}, {1, 20}}, "", 20, ""},
	} {
		b, _ := newBench(t, func(o *conn.Options) { o.StateBytes, o.ConnStateBytes = 100, 60 })
		slot := b.Hooks.NewSlot()
		var ended []string
		b.Hooks.OnEnd(slot, func(c event.Conn) {
			ended = append(ended, fmt.Sprint(c.Slot(slot)))
			c.SetSlot(slot, nil)
		})
		var conns []*conn.Conn
		for i := range 3 {
			from := netip.AddrPortFrom(b.Client.Addr(), b.Client.Port()+uint16(i))
			b.Packet(testconn.UDP(from, b.Server, []byte("x")))
			conns = append(conns, theConn(b))
			conns[i].SetSlot(slot, i)
		}
		for _, h := range tt.holds {
			conns[h.conn].Hold(slot, h.bytes)
			b.Table.Reclaim()
		}
		var limits []string
		for l, n := range b.Table.LimitCounts() {
			for range n {
				limits = append(limits, l.Name)
			}
		}
		if got := strings.Join(ended, " "); got != tt.ended || b.Table.StateHeld() != tt.held || strings.Join(limits, " ") != tt.limits {
			t.Errorf("%s: ended %q, %d bytes are held, limits %v; want %q, %d, %q", tt.name, got, b.Table.StateHeld(), limits, tt.ended, tt.held, tt.limits)
		}
		for _, c := range conns {
			b.Table.Remove(c)
		}
		if b.Table.StateHeld() != 0 {
			t.Errorf("%s: %d bytes are held without connections", tt.name, b.Table.StateHeld())
		}
	}
}
