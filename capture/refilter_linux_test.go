package capture

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel runs the filter that replaces another one from the next packet on. Packets that
// are in the ring by then pass both.
func TestSetFilterInTheKernel(t *testing.T) {
	var to [2]net.Conn
	var ports [2]int
	for i := range to {
		l, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.LocalAddr().(*net.UDPAddr).Port
		if to[i], err = net.Dial("udp4", l.LocalAddr().String()); err != nil {
			t.Fatal(err)
		}
		defer to[i].Close()
	}
	filter := func(i int) string { return fmt.Sprintf("udp dst port %d", ports[i]) }
	o := DefaultListenOptions()
	o.Ring, o.Block, o.Filter = 1<<20, 1<<16, filter(0)
	s, err := Listen([]string{"lo"}, o)
	if err != nil {
		fd, err2 := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if errors.Is(err2, unix.EPERM) {
			t.Skip("capturing is not permitted: ", err)
		}
		_ = unix.Close(fd)
		t.Fatal(err)
	}
	defer s.Close()
	send := func(text string) {
		t.Helper()
		for i, c := range to {
			if _, err := fmt.Fprintf(c, "%s%d", text, i); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []string
	until := func(n int) {
		t.Helper()
		for len(got) < n {
			b, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range b.Packets {
				got = append(got, string(p.Data[42:44]))
			}
			b.Release()
		}
	}
	send("a")
	until(1)
	send("b") // waits in the ring
	if err := s.(Refilterer).SetFilter("udp dst port"); err == nil {
		t.Error("a wrong filter")
	}
	if err := s.(Refilterer).SetFilter(filter(1)); err != nil {
		t.Fatal(err)
	}
	send("c")
	until(2)
	if err := s.(Refilterer).SetFilter(""); err != nil {
		t.Fatal(err)
	}
	send("d")
	until(4)
	st := s.Stats()
	if want := []string{"a0", "c1", "d0", "d1"}; !slices.Equal(got, want) || st.Filtered != 1 || st.Interfaces[0].Filter != "" {
		t.Errorf("packets %q, want %q; %d filtered here, now %q", got, want, st.Filtered, st.Interfaces[0].Filter)
	}
}
