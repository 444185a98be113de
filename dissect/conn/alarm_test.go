package conn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

func TestStatusUpdate(t *testing.T) {
	o := testconn.Config()
	o.StatusUpdate = 10 * time.Second
	b := testconn.New(t, o)
	var lines []string
	at := func() value.Time { return (b.Table.Now() - testconn.Start) / value.Second }
	b.Hooks.Conn.ConnectionStatusUpdate.Listen(func(e *event.ConnectionStatusUpdate) {
		lines = append(lines, fmt.Sprintf("%s %d", e.Conn.ID().Proto, at()))
	})
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		lines = append(lines, fmt.Sprintf("%s ends %d", e.Conn.ID().Proto, at()))
	})
	b.Datagram(true, []byte("x"))
	b.Advance(25 * value.Second) // two are due
	b.Open()
	b.Advance(15 * value.Second)
	b.Advance(100 * value.Second)
	want := []string{"udp 10", "udp 20", "udp 30", "tcp 35", "udp 40", "tcp 45", "udp 50", "tcp 55", "udp 60", "udp ends 60", "tcp 65"}
	if len(lines) < len(want) || !slices.Equal(lines[:len(want)], want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if n := strings.Count(strings.Join(lines, "\n"), "udp"); n != 7 {
		t.Errorf("an ended connection is updated: %q", lines)
	}
}

// bell is an analyzer with an alarm every second.
type bell struct {
	conn.Use
	rung *int
}

func (a *bell) Data(bool, []byte) {}
func (a *bell) Gap(bool, uint64)  {}
func (a *bell) End(bool)          {}
func (a *bell) Done()             {}
func (a *bell) Alarm() {
	if *a.rung++; *a.rung == 5 {
		panic("rung too often")
	}
	a.SetAlarm(a.Now() + value.Second)
}

// An analyzer that panics in its alarm is taken off.
func TestAlarm(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	rung := 0
	b.Table.AddWatcher(&conn.Protocol{Name: "BELL", New: func(u conn.Use) conn.Analyzer {
		u.SetAlarm(u.Now() + value.Second)
		return &bell{u, &rung}
	}})
	b.Open()
	for range 20 {
		b.Advance(value.Second)
	}
	if rung != 5 {
		t.Errorf("%d alarms", rung)
	}
	if n := b.Table.Stats().Panics; n != 1 {
		t.Errorf("%d panics", n)
	}
}

// Alarms of ended connections are forgotten.
func TestAlarmsOfTheEnded(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	rung := 0
	b.Table.AddWatcher(&conn.Protocol{Name: "BELL", New: func(u conn.Use) conn.Analyzer {
		u.SetAlarm(u.Now() + 1000*value.Second)
		return &bell{u, &rung}
	}})
	for range 5000 {
		b.Open()
		b.Close()
		b.Advance(6 * value.Second)
	}
	if n := b.Table.Alarms(); n > 2048 {
		t.Errorf("%d alarms are held, %d connections live", n, b.Table.Len())
	}
	if rung != 0 {
		t.Errorf("%d alarms of ended connections", rung)
	}
}

func TestConnStats(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	var got []event.ConnStats
	b.Hooks.Conn.Stats.Listen(func(e *event.ConnStats) { got = append(got, *e) })
	ids := map[bool]uint16{}
	send := func(isOrig bool, step int, s testconn.Segment) {
		s.Src, s.Dst = b.Client, b.Server
		if !isOrig {
			s.Src, s.Dst = s.Dst, s.Src
		}
		s.Window = 8192
		ids[isOrig] += uint16(step)
		p := s.Bytes()
		p[4], p[5] = byte(ids[isOrig]>>8), byte(ids[isOrig])
		b.Now += 1e6
		b.Packet(testconn.Resum(p))
	}
	send(true, 100, testconn.Segment{Flags: "S", Seq: 100})
	send(false, 256, testconn.Segment{Flags: "SA", Seq: 500, Ack: 101})
	send(true, 1, testconn.Segment{Flags: "A", Seq: 101, Ack: 501})
	send(true, 1, testconn.Segment{Flags: "A", Seq: 101, Ack: 501, Data: []byte("hello")})
	send(false, 256, testconn.Segment{Flags: "A", Seq: 501, Ack: 106, Data: []byte("answer")})
	send(true, 1, testconn.Segment{Flags: "A", Seq: 101, Ack: 501, Data: []byte("hello")}) // again
	send(true, 0, testconn.Segment{Flags: "A", Seq: 106, Ack: 507, Data: []byte("more")})  // the same number
	send(true, 3, testconn.Segment{Flags: "A", Seq: 110, Ack: 507, Data: []byte("more")})
	send(true, -1, testconn.Segment{Flags: "A", Seq: 114, Ack: 507, Data: []byte("more")}) // out of order
	b.Drain()
	want := event.ConnStats{
		OS: event.EndpointStats{NumPkts: 7, NumRxmit: 1, NumRxmitBytes: 5, NumInOrder: 4, NumOO: 1, NumRepl: 1, EndianType: 2},
		RS: event.EndpointStats{NumPkts: 2, NumInOrder: 1, EndianType: 1},
	}
	if len(got) != 1 || got[0].OS != want.OS || got[0].RS != want.RS {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A weird that a listener raises at the end of a connection is one of an expired connection.
func TestExpiredConnWeird(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	var lines []string
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { lines = append(lines, e.Name) })
	b.Hooks.Weird.ExpiredConn.Listen(func(e *event.ExpiredConnWeird) {
		lines = append(lines, fmt.Sprintf("%s %s %s %d", e.Name, e.Addl, e.Source, e.ID.RespP))
	})
	b.Hooks.TCP.ConnectionEstablished.Listen(func(e *event.ConnectionEstablished) { e.Conn.Weird("alive", "", "") })
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { e.Conn.Weird("gone", "so", "X") })
	b.Open()
	b.Drain()
	if want := []string{"alive", "gone so X 9999"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

func TestScheduledAnalyzerApplied(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	p := &conn.Protocol{Name: "DATA", New: func(u conn.Use) conn.Analyzer { return &bell{Use: u} }}
	var applied []string
	b.Hooks.Conn.ScheduledAnalyzerApplied.Listen(func(e *event.ScheduledAnalyzerApplied) {
		applied = append(applied, fmt.Sprintf("%s %d", e.A, e.Conn.ID().RespP))
	})
	b.Hooks.TCP.ConnectionEstablished.Listen(func(e *event.ConnectionEstablished) {
		if e.Conn.ID().RespP == 9999 {
			b.Table.Nested(e.Conn.(*conn.Conn), p).Expect(false, 700, conn.Expectation{Protocol: p, Lifetime: value.Second, Limit: 1})
		}
	})
	b.Open()
	b.Script("> S 1")
	b.Server = testconn.WithPort(b.Server, 700)
	b.Open()
	if want := []string{"Analyzer::ANALYZER_DATA 700"}; !slices.Equal(applied, want) {
		t.Errorf("got %q, want %q", applied, want)
	}
}
