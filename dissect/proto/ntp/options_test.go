package ntp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestSessionTimeout sends one message and looks when its flow ends, with and without
// another timeout for flows over UDP.
func TestSessionTimeout(t *testing.T) {
	def, udp := DefaultOptions().Timeout, conn.DefaultOptions().UDPInactivity
	for _, c := range []struct{ session, udp, want time.Duration }{
		{def, udp, udp},
		{def, 0, def},
		{20 * time.Second, udp, 20 * time.Second},
		{0, udp, udp},
		{time.Hour, 0, time.Hour},
	} {
		cfg := testconn.Config()
		cfg.UDPInactivity = c.udp
		b := testconn.New(t, cfg)
		ended := false
		b.Hooks.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { ended = true })
		b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, Options{Timeout: c.session})}))
		b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
		b.Datagram(true, []byte(standardMessage(3, 0, "INIT")))
		if b.Advance(value.Time(c.want - time.Second)); ended {
			t.Errorf("%+v: ended early", c)
		}
		if b.Advance(value.Time(2 * time.Second)); !ended {
			t.Errorf("%+v: not ended", c)
		}
	}
}
