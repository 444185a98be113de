package conn_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// TestContents sends one message each way over TCP and over UDP and checks which of them
// are delivered.
func TestContents(t *testing.T) {
	zeek, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	const client, server = 40000, 80
	ports := []uint16{7, server, 65535}
	for _, c := range []struct {
		what     string
		change   func(*conn.Options)
		tcp, udp string
	}{
		{"default", func(o *conn.Options) { o.Contents = conn.DefaultOptions().Contents }, "", ""},
		{"all of originators", func(o *conn.Options) { o.Contents = conn.ContentsOrig }, "q", "q"},
		{"all of responders", func(o *conn.Options) { o.Contents = conn.ContentsResp }, "a", "a"},
		{"all", func(o *conn.Options) { o.Contents = conn.ContentsBoth }, "qa", "qa"},
		{"TCP ports, originators", func(o *conn.Options) { o.TCPPortsOrig = ports }, "q", ""},
		{"TCP ports, responders", func(o *conn.Options) { o.TCPPortsResp = ports }, "a", ""},
		{"UDP ports, originators", func(o *conn.Options) { o.UDPPortsOrig = ports }, "", "q"},
		{"UDP ports, responders", func(o *conn.Options) { o.UDPPortsResp = ports }, "", "a"},
		{"other ports", func(o *conn.Options) {
			list := []uint16{server - 1, server + 1, server + 64, client}
			o.TCPPortsOrig, o.TCPPortsResp, o.UDPPortsOrig, o.UDPPortsResp = list, list, list, list
		}, "", ""},
		{"as Zeek, the server's port", func(o *conn.Options) {
			o.Compat, o.UDPPortsOrig, o.UDPPortsResp = zeek, ports, ports
		}, "", "q"},
		{"as Zeek, the client's port", func(o *conn.Options) {
			o.Compat, o.UDPPortsOrig, o.UDPPortsResp = zeek, []uint16{client}, []uint16{client}
		}, "", "a"},
	} {
		cfg := testconn.Config()
		c.change(&cfg)
		b := testconn.New(t, cfg)
		b.Client, b.Server = netip.AddrPortFrom(b.Client.Addr(), client), netip.AddrPortFrom(b.Server.Addr(), server)
		var tcp, udp []byte
		b.Hooks.TCP.Contents.Listen(func(e *event.TCPContents) { tcp = append(tcp, e.Contents...) })
		b.Hooks.UDP.Contents.Listen(func(e *event.UDPContents) { udp = append(udp, e.Contents...) })
		b.Script(open + "> PA 101 501 q; < PA 501 102 a; > A 102 502")
		for i, text := range []string{"q", "a"} {
			src, dst := b.Client, b.Server
			if i == 1 {
				src, dst = dst, src
			}
			b.Packet(testconn.UDP(src, dst, []byte(text)))
		}
		if !slices.Equal(tcp, []byte(c.tcp)) || !slices.Equal(udp, []byte(c.udp)) {
			t.Errorf("%s: %q over TCP and %q over UDP, want %q and %q", c.what, tcp, udp, c.tcp, c.udp)
		}
	}
}
