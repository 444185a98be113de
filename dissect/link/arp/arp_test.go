package arp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

var (
	macA = [6]byte{0xc2, 0x3d, 0x19, 0x6c, 0, 1}
	macB = [6]byte{0xc2, 0x3c, 0x19, 0x6c, 0, 2}
	bc   = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

// packet builds an ARP packet with addresses of the given lengths.
func packet(hrd, pro uint16, hln, pln int, op uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, hrd)
	b = binary.BigEndian.AppendUint16(b, pro)
	b = append(b, byte(hln), byte(pln))
	b = binary.BigEndian.AppendUint16(b, op)
	part := func(addr []byte, n int) {
		b = append(b, addr[:min(n, len(addr))]...)
		b = append(b, make([]byte, max(n-len(addr), 0))...)
	}
	part(macA[:], hln)
	part([]byte{10, 0, 0, 1}, pln)
	part(macB[:], hln)
	part([]byte{10, 0, 0, 2}, pln)
	return b
}

func record(h *event.Hooks) *bytes.Buffer {
	var out bytes.Buffer
	h.ARP.Request.Listen(func(e *event.ARPRequest) {
		fmt.Fprintf(&out, "request %s>%s %s %s %s %s", e.MACSrc, e.MACDst, e.SPA, e.SHA, e.TPA, e.THA)
	})
	h.ARP.Reply.Listen(func(e *event.ARPReply) {
		fmt.Fprintf(&out, "reply %s>%s %s %s %s %s", e.MACSrc, e.MACDst, e.SPA, e.SHA, e.TPA, e.THA)
	})
	h.ARP.Bad.Listen(func(e *event.BadARP) {
		fmt.Fprintf(&out, "bad %s %s %s %s %s", e.SPA, e.SHA, e.TPA, e.THA, e.Explanation)
	})
	return &out
}

func TestPacket(t *testing.T) {
	const (
		ends = " 10.0.0.1 c2:3d:19:6c:00:01 10.0.0.2 c2:3c:19:6c:00:02"
		bad  = "bad" + ends + " "
	)
	for _, c := range []struct {
		name string
		src  [6]byte
		b    []byte
		want string
	}{
		{"request", macA, packet(1, 0x800, 6, 4, 1), "request c2:3d:19:6c:00:01>ff:ff:ff:ff:ff:ff" + ends},
		{"IEEE 802", macA, packet(6, 0x800, 6, 4, 1), "request c2:3d:19:6c:00:01>ff:ff:ff:ff:ff:ff" + ends},
		{"reply", macA, packet(1, 0x800, 6, 4, 2), "reply c2:3d:19:6c:00:01>ff:ff:ff:ff:ff:ff" + ends},
		{"padding", macA, append(packet(1, 0x800, 6, 4, 2), make([]byte, 18)...), "reply c2:3d:19:6c:00:01>ff:ff:ff:ff:ff:ff" + ends},
		{"other sender", macB, packet(1, 0x800, 6, 4, 1), bad + "weird-arp-sha"},
		{"RARP", macA, packet(1, 0x800, 6, 4, 3), bad + "unimplemented-arp-opcode (3)"},
		{"RARP reply", macA, packet(1, 0x800, 6, 4, 4), bad + "unimplemented-arp-opcode (4)"},
		{"InARP", macA, packet(1, 0x800, 6, 4, 8), bad + "unimplemented-arp-opcode (8)"},
		{"opcode", macA, packet(1, 0x800, 6, 4, 77), bad + "invalid-arp-opcode (opcode=77)"},
		{"hardware", macA, packet(15, 0x800, 6, 4, 1), bad + "unknown-arp-hw-address (hrd=15)"},
		{"protocol", macA, packet(1, 0x86dd, 6, 4, 1), bad + "unknown-arp-proto-address (pro=34525)"},
		{"hln", macA, packet(1, 0x800, 255, 4, 1), bad + "corrupt-arp-header (hrd=1, hln=255)"},
		{"short hln", macA, packet(1, 0x800, 5, 4, 1), "bad 10.0.0.1  10.0.0.2  corrupt-arp-header (hrd=1, hln=5)"},
		{"pln", macA, packet(1, 0x800, 6, 16, 1), bad + "corrupt-arp-header (pro=2048, pln=16)"},
		{"short pln", macA, packet(1, 0x800, 6, 0, 1), "bad 0.0.0.0 c2:3d:19:6c:00:01 0.0.0.0 c2:3c:19:6c:00:02 corrupt-arp-header (pro=2048, pln=0)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h event.Hooks
			out := record(&h)
			if w := New(&h).Packet(&c.src, &bc, c.b); w != "" {
				t.Fatal("weird", w)
			}
			if out.String() != c.want {
				t.Errorf("got  %s\nwant %s", out, c.want)
			}
		})
	}
}

// TestTruncated checks that a packet cut at any byte is reported as truncated,
// and nothing else.
func TestTruncated(t *testing.T) {
	var h event.Hooks
	out := record(&h)
	a := New(&h)
	for _, whole := range [][]byte{packet(1, 0x800, 6, 4, 1), packet(1, 0x800, 255, 255, 1)} {
		for n := range whole {
			if w := a.Packet(&macA, &bc, whole[:n:n]); w != "truncated_ARP" {
				t.Fatalf("%d bytes: weird %q", n, w)
			}
		}
	}
	if out.Len() != 0 {
		t.Error("events:", out)
	}
}

func TestAllocs(t *testing.T) {
	var h event.Hooks
	var n int
	h.ARP.Request.Listen(func(*event.ARPRequest) { n++ })
	h.ARP.Reply.Listen(func(*event.ARPReply) { n++ })
	h.ARP.Bad.Listen(func(*event.BadARP) { n++ })
	if poisoned() {
		t.Skip("the poison build allocates")
	}
	a := New(&h)
	packets := [][]byte{
		packet(1, 0x800, 6, 4, 1), packet(1, 0x800, 6, 4, 2), packet(1, 0x800, 6, 4, 3),
		packet(1, 0x800, 255, 4, 1), packet(1, 0x800, 6, 4, 1)[:20],
	}
	if got := testing.AllocsPerRun(100, func() {
		for _, b := range packets {
			a.Packet(&macA, &bc, b)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if n == 0 {
		t.Error("no events")
	}
}

// poisoned reports whether events are copied before they are raised.
func poisoned() bool {
	var e event.BadARP
	var seen *event.BadARP
	probe := event.Hook[event.BadARP]{}
	probe.Listen(func(x *event.BadARP) { seen = x })
	probe.Raise(&e)
	return seen != &e
}

func FuzzPacket(f *testing.F) {
	f.Add(packet(1, 0x800, 6, 4, 1))
	f.Add(packet(1, 0x800, 255, 255, 2))
	f.Add([]byte{0, 1, 8, 0, 6, 4, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var h event.Hooks
		out := record(&h)
		w := New(&h).Packet(&macA, &bc, b)
		if (w == "") != (out.Len() != 0) {
			t.Errorf("weird %q with event %q", w, out)
		}
	})
}
