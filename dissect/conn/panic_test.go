package conn_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// faulty panics in the method that where names, and records its calls.
type faulty struct {
	where string
	calls *[]string
}

func (f *faulty) call(name string) {
	*f.calls = append(*f.calls, name)
	if name == f.where {
		panic("at " + name)
	}
}

func (f *faulty) Data(bool, []byte) { f.call("data") }
func (f *faulty) Gap(bool, uint64)  { f.call("gap") }
func (f *faulty) End(bool)          { f.call("end") }
func (f *faulty) Done()             { f.call("done") }

// attachAll attaches every protocol to every connection.
type attachAll []*conn.Protocol

func (a attachAll) Attach(t *conn.Table, c *conn.Conn) {
	for _, p := range a {
		t.Attach(c, p)
	}
}
func (a attachAll) Inner() *conn.Protocol                          { return nil }
func (a attachAll) Idle(*conn.Conn)                                {}
func (a attachAll) Violated(*conn.Table, *conn.Conn) conn.Handover { return conn.Handover{} }

// quiet keeps reports of panics out of the test's output and counts them.
func quiet(t *testing.T) *int {
	n := new(int)
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(counting{n}, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return n
}

type counting struct{ n *int }

func (c counting) Write(p []byte) (int, error) {
	*c.n++
	return io.Discard.Write(p)
}

// TestPanics is case 26: a panic costs the analyzer on that connection, once, and
// nothing else; after maxPanics of them the protocol is no longer attached. An analyzer
// cannot loop without progress: it gets bytes and returns, and never gets the same
// bytes again.
func TestPanics(t *testing.T) {
	for _, where := range []string{"data", "gap", "end", "done", "new"} {
		reports := quiet(t)
		var bad, good []string
		b, r := newBench(t, nil)
		faultyProto := &conn.Protocol{Name: "FAULTY", Service: "FAULTY", New: func(conn.Use) conn.Analyzer {
			if where == "new" {
				bad = append(bad, "new")
				panic("at new")
			}
			return &faulty{where, &bad}
		}}
		sound := &conn.Protocol{Name: "SOUND", Service: "SOUND", New: func(conn.Use) conn.Analyzer {
			return &faulty{"", &good}
		}}
		b.Table.SetAttacher(attachAll{faultyProto, sound})
		const n = 40
		for i := range n {
			b.Client = netip.AddrPortFrom(b.Client.Addr(), uint16(20000+i))
			b.Open()
			b.Talk(true, []byte("x"))
			b.Skip(true, 5)
			b.Talk(true, []byte("y"))
			b.Talk(false, []byte("z"))
			b.Close()
			b.Advance(60 * value.Second)
		}
		if len(r.conns) != n || strings.Join(good, " ") != strings.Repeat("data gap data data end end done ", n)[:len("data gap data data end end done ")*n-1] {
			t.Errorf("%s: %d connections, the other analyzer was called %q", where, len(r.conns), good)
		}
		for _, c := range r.conns {
			if c != "ShADaGdFf closed/closed 7/1 7/5" {
				t.Errorf("%s: %s", where, c)
				break
			}
		}
		st := b.Table.Stats()
		calls := map[string]int{}
		for _, c := range bad {
			calls[c]++
		}
		if st.Panics != 16 || calls[where] != 16 || *reports != 1 {
			t.Errorf("%s: %d panics, %v, %d reports", where, st.Panics, calls, *reports)
		}
		if where != "done" && calls["done"] != 0 {
			t.Errorf("%s: %d calls of Done after a panic", where, calls["done"])
		}
	}
}

// TestListenerPanics checks that a listener that panics at the end of a connection,
// caused by a packet or a timer, leaves the table consistent.
func TestListenerPanics(t *testing.T) {
	reports := quiet(t)
	b := testconn.New(t, testconn.Config())
	n := 0
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) {
		n++
		panic("no")
	})
	b.Script("> S 100; > S 200; +6")
	for i := range 100 {
		b.Packet(testconn.UDP(netip.AddrPortFrom(b.Client.Addr(), uint16(i)), b.Server, nil))
	}
	b.Advance(61 * value.Second)
	b.Packet(testconn.UDP(b.Client, b.Server, nil))
	b.Drain()
	if st := b.Table.Stats(); n != 103 || st.Panics != 103 || st.Created != 103 || st.Removed != 103 || b.Table.Len() != 0 || *reports != 1 {
		t.Errorf("%d ends, %d left, %d reports, %+v", n, b.Table.Len(), *reports, st)
	}
}

// TestTimerPanics is case 26 for listeners to the end of a connection that a timer
// causes: the connection ends, and all listeners are called.
func TestTimerPanics(t *testing.T) {
	quiet(t)
	ends := []struct{ name, script string }{
		{"attempt", "> S 100; +10"},
		{"rejected", "> S 100; < RA 0 101; +10"},
		{"closing", open + "> FA 101 501; < FA 501 102; > A 102 502; +10"},
		{"partial close", "> FA 101 501; +10; +10"},
		{"silence", open + "+400"},
	}
	for _, drained := range []bool{false, true} {
		for _, e := range ends {
			b := testconn.New(t, testconn.Config())
			panics, heard := 0, 0
			no := func() { panics++; panic("no") }
			h := b.Hooks
			h.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { no() })
			h.TCP.ConnectionAttempt.Listen(func(*event.ConnectionAttempt) { no() })
			h.TCP.ConnectionPartialClose.Listen(func(*event.ConnectionPartialClose) { no() })
			h.TCP.ConnectionPending.Listen(func(*event.ConnectionPending) { no() })
			h.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { no() })
			h.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { heard++ })
			state := h.NewSlot()
			h.Conn.NewConnection.Listen(func(e *event.NewConnection) { e.Conn.SetSlot(state, 1) })
			h.OnEnd(state, func(event.Conn) { no() })
			h.OnEnd(state, func(event.Conn) { heard++ })
			script := e.script
			if drained {
				script, _, _ = strings.Cut(script, "+")
			}
			b.Script(script)
			if drained {
				b.Drain()
			}
			st := b.Table.Stats()
			if heard != 2 || b.Table.Len() != 0 || panics < 2 || int(st.Panics) != panics {
				t.Errorf("%s, drained %v: %d of %d panics counted, %d left, %d calls of the last listener", e.name, drained, st.Panics, panics, b.Table.Len(), heard)
			}
			b.Script("> S 7000; < SA 9000 7001")
			b.Drain()
			if heard != 4 {
				t.Errorf("%s, drained %v: the next connection did not end", e.name, drained)
			}
		}
	}
}

// TestLateViolationPanics checks that a listener that panics at a late violation costs
// the analyzer and nothing else.
func TestLateViolationPanics(t *testing.T) {
	quiet(t)
	b := testconn.New(t, testconn.Config())
	b.Hooks.Analyzer.ViolationInfo.Listen(func(*event.AnalyzerViolationInfo) { panic("no") })
	var calls []string
	p := &conn.Protocol{Name: "X"}
	p.New = func(u conn.Use) conn.Analyzer {
		a := &doer{faulty: faulty{calls: &calls}}
		a.do = func(bool, []byte) {
			calls = append(calls, "data")
			u.Violate(conn.Violation{Reason: "bad", Late: true})
		}
		return a
	}
	b.Table.SetAttacher(attachAll{p})
	b.Open()
	b.Talk(true, []byte("x"))
	b.Talk(true, []byte("y"))
	b.Drain()
	if got := strings.Join(calls, " "); got != "data" || b.Table.Stats().Panics != 1 {
		t.Errorf("calls %q, %+v", got, b.Table.Stats())
	}
}

// doer is an analyzer that calls a function with its data.
type doer struct {
	faulty
	do func(isOrig bool, b []byte)
}

func (d *doer) Data(isOrig bool, b []byte) { d.do(isOrig, b) }

// TestConfirmAndViolate checks how confirmations and violations change services and
// raise events.
func TestConfirmAndViolate(t *testing.T) {
	for _, c := range []struct {
		name, script string // of an analyzer that obeys: confirm, violate, late, detach, mute
		want         string
	}{
		{"nothing", "hello", "data hello, done, services []"},
		{"confirmed", "confirm", "confirmed X, data confirm, done, services [X]"},
		{"confirmed twice", "confirm; > PA 108 501 confirm", "confirmed X, data confirm, data confirm, done, services [X]"},
		{"violated", "violate; > PA 108 501 more", "violation X bad, done, data violate, services []"},
		{"confirmed, violated", "confirm; > PA 108 501 violate", "confirmed X, data confirm, violation X bad, done, data violate, services []"},
		{"violated after the packet", "late", "data late, violation X bad, done, services []"},
		{"taken off", "detach; > PA 107 501 more", "done, data detach, services []"},
		{"mute", "mute; > PA 105 501 more", "data mute, done, services []"},
		{"violated after 10 KB", "confirm; < PA 501 108 len=6000; < PA 6501 108 len=6000; > PA 108 501 violate",
			"confirmed X, data confirm, data …, data …, violation X bad, data violate, done, services [X]"},
	} {
		b, _ := newBench(t, nil)
		var got []string
		add := func(format string, a ...any) { got = append(got, fmt.Sprintf(format, a...)) }
		b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { add("confirmed %s", e.AType[len("Analyzer::ANALYZER_"):]) })
		b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
			add("violation %s %s", e.AType[len("Analyzer::ANALYZER_"):], e.Info.Reason)
		})
		b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { add("services %v", e.Conn.Services(nil)) })
		p := &conn.Protocol{Name: "X", Service: "X"}
		p.New = func(u conn.Use) conn.Analyzer {
			a := &doer{faulty: faulty{calls: &got}}
			a.do = func(_ bool, data []byte) {
				switch string(data) {
				case "confirm":
					u.Confirm()
				case "violate":
					u.Violate(conn.Violation{Reason: "bad", Data: data})
				case "late":
					u.Violate(conn.Violation{Reason: "bad", Late: true})
				case "detach":
					u.Detach()
				case "mute":
					u.Mute()
				}
				if len(data) > 1000 {
					data = []byte("…")
				}
				add("data %s", data)
			}
			return a
		}
		b.Table.SetAttacher(attachAll{p})
		b.Script(open + "> PA 101 501 " + c.script)
		b.Drain()
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, s, c.want)
		}
	}
}

// TestManyViolations checks that no more violations are reported than by Zeek.
func TestManyViolations(t *testing.T) {
	b, _ := newBench(t, nil)
	var violations, weirds int
	b.Hooks.Analyzer.ViolationInfo.Listen(func(*event.AnalyzerViolationInfo) { violations++ })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) {
		if e.Name == "too_many_analyzer_violations" && e.Source == "X" {
			weirds++
		}
	})
	p := &conn.Protocol{Name: "X", Tolerant: true}
	p.New = func(u conn.Use) conn.Analyzer {
		var calls []string
		a := &doer{faulty: faulty{calls: &calls}}
		a.do = func(bool, []byte) {
			for range 2000 {
				u.Violate(conn.Violation{Reason: "bad"})
			}
		}
		return a
	}
	b.Table.SetAttacher(attachAll{p})
	b.Script(open + "> PA 101 501 x")
	b.Drain()
	if violations != 1000 || weirds != 1 {
		t.Errorf("%d violations, %d weirds", violations, weirds)
	}
}

// TestIncomplete checks that violations are ignored where bytes are missing.
func TestIncomplete(t *testing.T) {
	for _, c := range []struct {
		script string
		want   bool
	}{
		{open + "> PA 101 501 x", false},
		{open + "> PA 101 501 x; > PA 110 501 y; < A 501 111", true},
		{"> PA 101 501 x", true},
	} {
		b, _ := newBench(t, nil)
		b.Script(c.script)
		if got := theConn(b).Incomplete(); got != c.want {
			t.Errorf("%s: %v", c.script, got)
		}
	}
}
