package conn_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// aged returns a table whose connections are told of at ages.
func aged(t *testing.T, o conn.Options, list ...event.Ages) *testconn.Bench {
	b := testconn.New(t, o)
	for _, a := range list {
		b.Hooks.OnAges(a)
	}
	b.Table = conn.NewTable(o, b.Hooks, nil)
	return b
}

func seconds(list ...value.Time) []value.Time {
	for i := range list {
		list[i] *= value.Second
	}
	return list
}

// Idle connections of all transports are told of at their ages, until they end.
func TestAges(t *testing.T) {
	o := testconn.Config()
	var b *testconn.Bench
	var lines []string
	told := func(who string) func(event.Conn) {
		return func(c event.Conn) {
			lines = append(lines, fmt.Sprintf("%s %s %d", who, c.ID().Proto, (b.Table.Now()-testconn.Start)/value.Second))
		}
	}
	b = aged(t, o,
		event.Ages{First: seconds(10, 30), Every: 60 * value.Second, Call: told("a")},
		event.Ages{Every: 25 * value.Second, Call: told("b")},
		event.Ages{First: seconds(40), Call: told("c")},
		event.Ages{Call: told("never")})
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		lines = append(lines, fmt.Sprintf("%s ends", e.Conn.ID().Proto))
	})
	b.Datagram(true, []byte("x"))
	b.Advance(5 * value.Second)
	b.Packet(testconn.ICMP(b.Client.Addr(), b.Server.Addr(), 8, 0, make([]byte, 8)))
	b.Advance(150 * value.Second) // everything is due at once
	b.Open()
	b.Advance(32 * value.Second)
	want := []string{
		"a udp 10", "a icmp 15", "b udp 25", "a udp 30", "b icmp 30", "a icmp 35", "c udp 40", "c icmp 45", "b udp 50", "b icmp 55",
		"udp ends", "icmp ends", "a tcp 165", "b tcp 180", "a tcp 185",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
	lines = nil
	b.Advance(50 * value.Second)
	if !slices.Equal(lines, []string{"c tcp 195", "b tcp 205", "b tcp 230"}) {
		t.Errorf("then %q", lines)
	}
}

// What waits for connections that have ended is forgotten.
func TestAgesOfTheEnded(t *testing.T) {
	told := 0
	b := aged(t, testconn.Config(), event.Ages{First: seconds(10_000_000), Call: func(event.Conn) { told++ }})
	for range 5000 {
		b.Open()
		b.Close()
		b.Advance(6 * value.Second)
	}
	if n := b.Table.Aging(); n > 2048 {
		t.Errorf("%d entries are held, %d connections live", n, b.Table.Len())
	}
	if told != 0 {
		t.Errorf("told %d times of connections that have ended", told)
	}
}

// A listener that panics is counted, and hears of the next age.
func TestAgePanic(t *testing.T) {
	told := 0
	b := aged(t, testconn.Config(), event.Ages{Every: value.Second, Call: func(event.Conn) { told++; panic("told") }})
	b.Datagram(true, []byte("x"))
	b.Advance(7 * value.Second / 2)
	if n := b.Table.Stats().Panics; told != 3 || n != 3 {
		t.Errorf("told %d times, %d panics", told, n)
	}
}
