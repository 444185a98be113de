package event

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestHook(t *testing.T) {
	var h Hook[TCPPacket]
	if h.On() || h.Count() != 0 {
		t.Fatal("a new hook is on or has a count")
	}
	var order []int
	for i := range 3 {
		h.Listen(func(e *TCPPacket) { order = append(order, i*10+int(e.Len)) })
	}
	if !h.On() {
		t.Fatal("a hook with listeners is off")
	}
	h.Raise(&TCPPacket{Len: 1})
	h.Raise(&TCPPacket{Len: 2})
	if want := []int{1, 11, 21, 2, 12, 22}; !slices.Equal(order, want) {
		t.Errorf("listeners ran as %v, want %v", order, want)
	}
	if h.Count() != 2 {
		t.Errorf("count %d, want 2", h.Count())
	}
}

func TestRaiseAllocatesNothing(t *testing.T) {
	if poison {
		t.Skip("the poison build copies events")
	}
	var h Hooks
	var bytes uint64
	h.TCP.Packet.Listen(func(e *TCPPacket) { bytes += e.Len })
	h.TCP.Packet.Listen(func(e *TCPPacket) { bytes += uint64(len(e.Payload)) })
	payload := make([]byte, 100)
	var e TCPPacket
	if n := testing.AllocsPerRun(100, func() {
		e = TCPPacket{Len: 100, Payload: payload}
		h.TCP.Packet.Raise(&e)
	}); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func TestCounts(t *testing.T) {
	var h Hooks
	h.Weird.Net.Raise(&NetWeird{})
	h.TCP.Packet.Raise(&TCPPacket{})
	h.TCP.Packet.Raise(&TCPPacket{})
	got := map[string]uint64{}
	names := 0
	for name, n := range h.Counts() {
		names++
		if n != 0 {
			got[name] = n
		}
	}
	if names != len(built) || len(got) != 2 || got["net_weird"] != 1 || got["tcp_packet"] != 2 {
		t.Errorf("%d names, counts %v", names, got)
	}
}

func TestSlots(t *testing.T) {
	var h Hooks
	for i := range 255 {
		if s := h.NewSlot(); s != Slot(i) {
			t.Fatalf("slot %d, want %d", s, i)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a 256th slot was handed out")
		}
	}()
	h.NewSlot()
}

func TestMakeUID(t *testing.T) {
	for _, c := range []struct {
		hi, lo uint64
		want   string
	}{
		{0, 0, "C"},
		{0, 61, "Cz"},
		{1, 62, "C011"},
		{^uint64(0), ^uint64(0), "CF8AQvQvihfL4GfC4"},
	} {
		u := value.MakeUID('C', c.hi, c.lo)
		if len(u.String()) > 19 {
			t.Errorf("%q is too long", u)
		}
		if c.hi <= 1 && u.String() != c.want {
			t.Errorf("%d %d: %s, want %s", c.hi, c.lo, u, c.want)
		}
		if string(u.Append(nil)) != u.String() || u.IsZero() {
			t.Errorf("%s: Append or IsZero disagrees", u)
		}
	}
}

func TestMakeFileUID(t *testing.T) {
	for _, c := range []struct {
		hi, lo uint64
		want   string
	}{
		{0, 0, "F00"},
		{61, 36, "FZA"},
		{1 << 63, 62, "F001"},
		{^uint64(0), ^uint64(0), "F3cfFG4fyha61AhGYl"},
	} {
		if u := value.MakeFileUID(c.hi, c.lo); u.String() != c.want {
			t.Errorf("%d %d: %s, want %s", c.hi, c.lo, u, c.want)
		}
	}
}

func BenchmarkRaise(b *testing.B) {
	var h Hooks
	var bytes uint64
	h.TCP.Packet.Listen(func(e *TCPPacket) { bytes += e.Len })
	e := TCPPacket{Len: 1}
	for b.Loop() {
		h.TCP.Packet.Raise(&e)
	}
}
