package conn_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestSlots checks that a connection holds the last value stored in each slot, and that
// the next connection in the same memory holds none.
func TestSlots(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b, _ := newBench(t, nil)
	udp := func(b *testconn.Bench) { b.Packet(testconn.UDP(b.Client, b.Server, []byte("x"))) }
	var slots []event.Slot
	for range 6 {
		slots = append(slots, b.Hooks.NewSlot())
	}
	for range 50 {
		udp(b)
		c := theConn(b)
		want := make([]any, len(slots))
		for step := range 40 {
			if i := rng.IntN(len(slots)); rng.IntN(3) == 0 {
				want[i] = nil
				c.SetSlot(slots[i], nil)
			} else {
				want[i] = step
				c.SetSlot(slots[i], step)
			}
			for i, s := range slots {
				if got := c.Slot(s); got != want[i] {
					t.Fatalf("slot %d holds %v, not %v", i, got, want[i])
				}
			}
		}
		b.Advance(61 * value.Second)
		udp(b)
		for i, s := range slots {
			if got := theConn(b).Slot(s); got != nil {
				t.Fatalf("slot %d of a new connection holds %v", i, got)
			}
		}
		b.Advance(61 * value.Second)
	}
}

// leaver detaches itself at the bytes "leave".
type leaver struct {
	faulty
	conn.Use
}

func (l *leaver) Data(isOrig bool, b []byte) {
	l.faulty.Data(isOrig, b)
	if string(b) == "leave" {
		l.Detach()
	}
}

// TestPassing checks that an analyzer that has left may come back only if it is
// passing, and that the other one gets everything meanwhile.
func TestPassing(t *testing.T) {
	for _, passing := range []bool{true, false} {
		b := testconn.New(t, testconn.Config())
		var stays, leaves []string
		stayer := &conn.Protocol{Name: "STAYS", New: func(conn.Use) conn.Analyzer { return &faulty{calls: &stays} }}
		p := &conn.Protocol{Name: "LEAVES", Passing: passing, New: func(u conn.Use) conn.Analyzer {
			return &leaver{faulty{calls: &leaves}, u}
		}}
		b.Table.SetAttacher(attachAll{stayer, p})
		for range 3 { // the second and third with the memory of the first
			stays, leaves = nil, nil
			b.Open()
			b.Talk(true, []byte("a"))
			b.Talk(false, []byte("leave"))
			b.Talk(true, []byte("b"))
			c := theConn(b)
			if a := b.Attach(c, p); (a != nil) != passing {
				t.Errorf("passing %t: attached again %t", passing, a != nil)
			}
			if b.Attach(c, stayer) != nil {
				t.Error("attached twice")
			}
			b.Talk(true, []byte("c"))
			b.Close()
			b.Advance(60 * value.Second)
			if n := len(stays); n != 4+2+1 {
				t.Errorf("passing %t: the analyzer that stays got %v", passing, stays)
			}
			want := 2 + 1
			if passing {
				want += 1 + 2 + 1
			}
			if n := len(leaves); n != want {
				t.Errorf("passing %t: the analyzer that leaves got %v", passing, leaves)
			}
		}
	}
}

// counter is an analyzer that needs only some of the datagrams with a "c".
type counter struct {
	faulty
	conn.Use
	only conn.Counted
}

// heard is an analyzer that notes what it gets, and leaves at "leave".
type heard struct {
	faulty
	conn.Use
}

func (a *heard) Data(_ bool, b []byte) {
	a.call(string(b))
	if string(b) == "leave" {
		a.Detach()
	}
}

func (a *counter) Data(isOrig bool, b []byte) {
	if a.only.Count(isOrig, b) {
		return
	}
	if i := conn.Side(isOrig); b[0] == 'c' && len(b) > 1 {
		a.only.N[i], a.only.Until[i] = a.only.Until[i], 2*a.only.Until[i]
		a.CountOnly(&a.only)
	}
	a.call(string(b))
}

// TestCountOnly checks that an analyzer gets the datagrams that it needs, and the table counts
// the others only while no other analyzer needs them.
func TestCountOnly(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	var counted, others []string
	other := &conn.Protocol{Name: "OTHER", New: func(u conn.Use) conn.Analyzer { return &heard{faulty{calls: &others}, u} }}
	var a *counter
	p := &conn.Protocol{Name: "COUNTS", New: func(u conn.Use) conn.Analyzer {
		a = &counter{faulty{calls: &counted}, u, conn.Counted{Mask: 0x7f, Bits: 'c', Longer: 1, Until: [2]uint64{1, 1}}}
		return a
	}}
	b.Table.SetAttacher(attachAll{p})
	send := func(isOrig bool, payloads ...string) {
		for _, s := range payloads {
			from, to := b.Client, b.Server
			if !isOrig {
				from, to = to, from
			}
			b.Packet(testconn.UDP(from, to, []byte(s)))
		}
	}
	for _, step := range []struct {
		do              func()
		counted, others string
	}{
		{func() { send(true, "c1", "c2", "c3", "c4", "c5", "c6", "c7") }, "c1, c2, c4", ""},
		{func() { send(false, "c1", "c2", "c3") }, "c1, c2", ""},
		{func() { send(true, "c", "x") }, "c, x", ""}, // too short, and another kind
		{func() { b.Attach(theConn(b), other); send(true, "ca", "c8", "c9") }, "ca", "ca, c8, c9"},
		{func() { send(true, "leave", "cb") }, "leave", "leave, done"},
		{func() { send(false, "c4", "c5") }, "c4", ""},
		{func() { a.Detach(); send(false, "c6") }, "done", ""},
	} {
		counted, others = nil, nil
		step.do()
		if got := strings.Join(counted, ", "); got != step.counted {
			t.Errorf("the one that counts got %q, want %q", got, step.counted)
		}
		if got := strings.Join(others, ", "); got != step.others {
			t.Errorf("the other one got %q, want %q", got, step.others)
		}
	}
	if a.only.N != [2]uint64{11, 5} {
		t.Errorf("%d are counted", a.only.N)
	}
}
