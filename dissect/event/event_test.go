package event

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestHook(t *testing.T) {
	var h Hook[TCPPacket]
	if h.On() || h.count != 0 {
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
	if h.count != 2 {
		t.Errorf("count %d, want 2", h.count)
	}
}

func TestBegin(t *testing.T) {
	var h Hook[TCPPacket]
	if h.Begin() != nil {
		t.Fatal("Begin without a listener returned a value")
	}
	var before, after []uint64
	h.Listen(func(e *TCPPacket) {
		before = append(before, e.Len)
		if e.Len > 0 {
			inner := h.Begin()
			*inner = TCPPacket{Len: e.Len - 1}
			h.Raise(inner)
		}
		after = append(after, e.Len)
	})
	for range 2 {
		before, after = nil, nil
		e := h.Begin()
		*e = TCPPacket{Len: 3}
		h.Raise(e)
		if want := []uint64{3, 2, 1, 0}; !slices.Equal(before, want) {
			t.Errorf("values before nested calls %v, want %v", before, want)
		}
		if want := []uint64{0, 1, 2, 3}; !slices.Equal(after, want) {
			t.Errorf("values after nested calls %v, want %v", after, want)
		}
	}
}

// TestBeginBegin tests that two values begun at once are different, in either order
// of being raised.
func TestBeginBegin(t *testing.T) {
	for _, first := range []int{0, 1} {
		var h Hook[TCPPacket]
		var got []uint64
		h.Listen(func(e *TCPPacket) { got = append(got, e.Len) })
		e := [2]*TCPPacket{h.Begin(), h.Begin()}
		e[0].Len, e[1].Len = 10, 11
		h.Raise(e[first])
		third := h.Begin()
		third.Len = 12
		h.Raise(e[1-first])
		h.Raise(third)
		if want := []uint64{uint64(10 + first), uint64(11 - first), 12}; !slices.Equal(got, want) {
			t.Errorf("raised %v, want %v", got, want)
		}
	}
}

// TestBeginHeals tests that a scratch value that was lost is replaced once: later
// events allocate nothing.
func TestBeginHeals(t *testing.T) {
	if poison {
		t.Skip("the poison build copies events")
	}
	for _, c := range []struct {
		name string
		lose func(h *Hook[TCPPacket])
	}{
		{"not raised", func(h *Hook[TCPPacket]) { h.Begin() }},
		{"panic", func(h *Hook[TCPPacket]) {
			defer func() { _ = recover() }()
			e := h.Begin()
			*e = TCPPacket{Len: 666}
			h.Raise(e)
		}},
		{"panic in RaiseAll", func(h *Hook[TCPPacket]) {
			e := h.Begin()
			*e = TCPPacket{Len: 666}
			h.RaiseAll(e, func(any) {})
		}},
		{"own value", func(h *Hook[TCPPacket]) { h.Raise(&TCPPacket{Len: 1}) }},
	} {
		var h Hook[TCPPacket]
		var sum uint64
		h.Listen(func(e *TCPPacket) {
			if e.Len == 666 {
				panic("listener")
			}
			sum += e.Len
		})
		raise := func() {
			if e := h.Begin(); e != nil {
				*e = TCPPacket{Len: 2}
				h.Raise(e)
			}
		}
		c.lose(&h)
		raise()
		if n := testing.AllocsPerRun(100, raise); n != 0 {
			t.Errorf("%s: %v allocations an event afterwards", c.name, n)
		}
		if sum < 2*101 {
			t.Errorf("%s: events are missing", c.name)
		}
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
	if n := testing.AllocsPerRun(100, func() {
		if e := h.TCP.Packet.Begin(); e != nil {
			*e = TCPPacket{Len: 100, Payload: payload}
			h.TCP.Packet.Raise(e)
		}
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

// BenchmarkHook raises an event of 176 bytes from the hook's scratch value and from
// one of the caller's own, and one without a listener.
func BenchmarkHook(b *testing.B) {
	var h, off Hooks
	var bytes int
	h.DNS.Request.Listen(func(e *DNSRequest) { bytes += len(e.Query) })
	query := []byte("example.com")
	msg := DNSMsg{ID: 1}
	var own DNSRequest
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			if h := &h.DNS.Request; h.On() {
				own = DNSRequest{Msg: msg, Query: query, QType: 1, QClass: 1, OriginalQuery: query}
				h.Raise(&own)
			}
		}
	})
	b.Run("scratch", func(b *testing.B) {
		for b.Loop() {
			if e := h.DNS.Request.Begin(); e != nil {
				*e = DNSRequest{Msg: msg, Query: query, QType: 1, QClass: 1, OriginalQuery: query}
				h.DNS.Request.Raise(e)
			}
		}
	})
	b.Run("fields", func(b *testing.B) {
		for b.Loop() {
			if e := h.DNS.Request.Begin(); e != nil {
				e.Conn, e.Msg, e.Query, e.QType, e.QClass, e.OriginalQuery = nil, msg, query, 1, 1, query
				h.DNS.Request.Raise(e)
			}
		}
	})
	b.Run("off", func(b *testing.B) {
		for b.Loop() {
			if e := off.DNS.Request.Begin(); e != nil {
				*e = DNSRequest{Msg: msg}
				off.DNS.Request.Raise(e)
			}
		}
	})
}
