package logs

import (
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestSOCKS(t *testing.T) {
	b := newBench(t, "socks")
	h := &b.hooks.SOCKS
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:1080"), uid: uid(1)}
	removed := func() { endConn(&b.hooks, c) }
	const begin = "socks ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=1080"

	removed()
	b.out.expect(t)

	name := []byte("host")
	h.LoginUserpassRequest.Raise(&event.SOCKSLoginUserpassRequest{Conn: c, User: name, Password: []byte("secret")})
	b.now = 2e9
	h.LoginUserpassReply.Raise(&event.SOCKSLoginUserpassReply{Conn: c, Code: 1})
	c.services = []string{"SOCKS"}
	removed()
	b.out.expect(t, begin+" version=5 user=host status=general SOCKS server failure")
	removed()
	b.out.expect(t)

	// Removed by a violation.
	b.now = 1e9
	c.services = nil
	h.Request.Raise(&event.SOCKSRequest{Conn: c, Version: 4, P: value.Port{Num: 80}})
	removed()
	b.out.expect(t)

	c.services = []string{"http", "SOCKS"}
	h.Request.Raise(&event.SOCKSRequest{Conn: c, Version: 5, SA: event.SOCKSAddress{Name: value.Some(name)}, P: value.Port{Num: 80}})
	copy(name, "gone")
	addr := netip.MustParseAddr("192.0.2.1")
	h.Reply.Raise(&event.SOCKSReply{Conn: c, Version: 5, Reply: 9, SA: event.SOCKSAddress{Host: value.Some(addr)}, P: value.Port{Num: 81}})
	removed()
	b.out.expect(t, begin+" version=5 status=unknown-9 request.name=host request_p=80 bound.host=192.0.2.1 bound_p=81")
}

func TestSOCKSStatus(t *testing.T) {
	for _, c := range []struct {
		version, code uint64
		want          string
	}{
		{5, 0, "succeeded"}, {5, 8, "Address type not supported"}, {5, 255, "unknown-255"},
		{4, 0x5a, "succeeded"}, {4, 0x5d, "request failed because client's identd could not confirm the user ID string in the request"},
		{4, 0, "unknown-0"}, {4, 0x5e, "unknown-94"},
	} {
		if got := socksStatus(c.version, c.code).V; got != c.want {
			t.Errorf("version %d, %d: %s, not %s", c.version, c.code, got, c.want)
		}
	}
}

// TestTunnelProxy checks that connections to one proxy are one tunnel that does not close.
func TestTunnelProxy(t *testing.T) {
	b := newBench(t, "tunnel")
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:1080"), uid: uid(1)}
	request := func() { b.hooks.SOCKS.Request.Raise(&event.SOCKSRequest{Conn: c, Version: 5}) }
	request()
	b.out.expect(t, "tunnel ts=1 id.orig_h=10.0.0.1 id.orig_p=0 id.resp_h=10.0.0.2 id.resp_p=1080 tunnel_type=Tunnel::SOCKS action=Tunnel::DISCOVER")
	endConn(&b.hooks, c)
	c.id.OrigP = 1025
	request()
	b.out.expect(t)
}
