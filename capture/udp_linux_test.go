package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// stripper takes IP and UDP headers off, and what is after them is a packet if it begins with E.
type stripper struct{ heads []string }

func (s *stripper) Unwrap(p *Packet, m *Mirror) Unwrapped {
	b, head := p.Data, 20
	from, to := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	if b[0]>>4 == 6 {
		head = 40
		from, to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	}
	s.heads = append(s.heads, fmt.Sprintf("%s %s %d %d %d", from, to, int(b[head+2])<<8|int(b[head+3]), int(b[head+4])<<8|int(b[head+5]), p.OrigLen))
	if b = b[head+8:]; len(b) == 0 || b[0] != 'E' {
		return UnwrapPlain
	}
	p.Data, p.OrigLen = b, p.OrigLen-uint32(head)-8
	m.Outer.Name = "test"
	return UnwrapDone
}

// freePort returns a port of UDP that nobody uses.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// sendTo sends datagrams to a port of this host.
func sendTo(t *testing.T, host string, port int, datagrams ...string) {
	t.Helper()
	c, err := net.Dial("udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, d := range datagrams {
		if _, err := c.Write([]byte(d)); err != nil {
			t.Fatal(err)
		}
	}
}

// readUntil reads packets until there are n, and returns their data.
func readUntil(t *testing.T, src Source, n int) (got []string) {
	t.Helper()
	for len(got) < n {
		b, err := src.Next()
		if err != nil {
			t.Fatal(err, got)
		}
		for i := range b.Packets {
			got = append(got, string(b.Packets[i].Data))
		}
		b.Release()
	}
	return got
}

func TestListenUDP(t *testing.T) {
	ports := []int{freePort(t), freePort(t)}
	list := []string{fmt.Sprintf("vxlan:%d", ports[0]), fmt.Sprintf("geneve:127.0.0.1:%d", ports[1])}
	o, by := DefaultListenOptions(), new(stripper)
	o.Unwrap, o.Mirrors, o.Origins, o.Snaplen = by, true, true, 100
	src, err := ListenUDP(list, o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	sendTo(t, "127.0.0.1", ports[0], "Efirst", "no tunnel", "Esecond")
	sendTo(t, "127.0.0.1", ports[1], "Ethird", "E"+strings.Repeat("x", 200))
	got := readUntil(t, src, 4)
	want := []string{"Efirst", "Esecond", "Ethird", "E" + strings.Repeat("x", 99)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
	if h := by.heads[4]; !strings.HasPrefix(h, "127.0.0.1 127.0.0.1 ") || !strings.HasSuffix(h, fmt.Sprintf("%d 209 229", ports[1])) {
		t.Errorf("headers %q", h)
	}
	if n := 5; net.ParseIP("::1") != nil {
		if c, err := net.Dial("udp", fmt.Sprintf("[::1]:%d", ports[0])); err == nil {
			if _, err := c.Write([]byte("Esix")); err == nil {
				if got := readUntil(t, src, 1); got[0] != "Esix" || !strings.HasPrefix(by.heads[n], "::1 ::1 ") {
					t.Errorf("over IPv6: %q, headers %q", got, by.heads[n])
				}
			}
			c.Close()
		}
	}
	s := src.Stats()
	a, b := s.Interfaces[0], s.Interfaces[1]
	if a.Name != list[0] || a.Strange != 1 || a.Kernel != a.Read || b.Name != list[1] || b.Read != 2 || b.Kernel != 2 || s.Cut != 1 || s.Unwrapped != s.Packets {
		t.Errorf("%+v", s)
	}
	// What has come by the time of Stop is read, and nothing after it.
	sendTo(t, "127.0.0.1", ports[0], "Elast")
	sendTo(t, "127.0.0.1", ports[1], "Every last")
	src.(Stopper).Stop()
	sendTo(t, "127.0.0.1", ports[1], "Etoo late")
	if s := src.Stats(); s.Interfaces[0].Left+s.Interfaces[1].Left != 2 {
		t.Errorf("before the end: %+v", s.Interfaces)
	}
	got = readUntil(t, src, 2)
	if _, err := src.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if fmt.Sprint(got) != "[Elast Every last]" {
		t.Errorf("%q at the end", got)
	}
	for _, i := range src.Stats().Interfaces {
		if i.Left != 0 || i.Dropped != 0 || i.Kernel != i.Read {
			t.Errorf("%+v", i)
		}
	}
}

// What does not fit into the receive buffer is counted, and the sum is right.
func TestListenUDPDrops(t *testing.T) {
	port := freePort(t)
	o := DefaultListenOptions()
	o.Unwrap, o.Ring = new(stripper), 1<<17
	var notices []string
	o.OnNotice = func(msg string) { notices = append(notices, msg) }
	src, err := ListenUDP([]string{fmt.Sprintf("vxlan:127.0.0.1:%d", port)}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	const sent = 500
	for range sent {
		sendTo(t, "127.0.0.1", port, "E"+strings.Repeat("x", 2000))
	}
	src.(Stopper).Stop()
	for {
		b, err := src.Next()
		if err != nil {
			break
		}
		b.Release()
	}
	s := src.Stats()
	if i := s.Interfaces[0]; i.Kernel != sent || i.Read+i.Dropped != sent || i.Dropped == 0 || i.Read == 0 || i.Full == 0 || s.Packets != i.Read {
		t.Errorf("%+v", s)
	}
	if len(notices) == 0 || !strings.HasPrefix(notices[len(notices)-1], "listening to vxlan:127.0.0.1:") {
		t.Errorf("%q", notices)
	}
}

func TestParseUDPMirror(t *testing.T) {
	for text, want := range map[string]string{
		"vxlan:4789": "vxlan:4789", "geneve:192.0.2.1:6081": "geneve:192.0.2.1:6081", "vxlan:[2001:db8::1]:1": "vxlan:[2001:db8::1]:1",
		"": "error", "vxlan": "error", "gre:4789": "error", "vxlan:0": "error", "vxlan:65536": "error", "vxlan:host:1": "error",
		"vxlan:[fe80::1%eth0]:1": "error", "4789": "error", "vxlan:192.0.2.1": "error",
	} {
		m, err := ParseUDPMirror(text)
		got := m.String()
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
	if _, err := ListenUDP([]string{"vxlan:4789"}, DefaultListenOptions()); err == nil {
		t.Error("no error without an Unwrapper")
	}
	o := DefaultListenOptions()
	o.Unwrap = new(stripper)
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	where := "vxlan:" + taken.LocalAddr().String()
	if _, err := ListenUDP([]string{where}, o); !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), where) {
		t.Error(err)
	}
}
