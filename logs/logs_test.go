package logs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// fakeConn is a connection with fixed values.
type fakeConn struct {
	event.Conn
	id          event.ConnID
	uid         value.UID
	start, last value.Time
	first       uint64
	orig, resp  event.Endpoint
	history     string
	vlan, inner uint16
	tunnel      []event.Encapsulation
	services    []string
	slots       []any
	held        int // by builders
	weirds      []string
}

func (c *fakeConn) ID() event.ConnID              { return c.id }
func (c *fakeConn) UID() value.UID                { return c.uid }
func (c *fakeConn) Start() value.Time             { return c.start }
func (c *fakeConn) Last() value.Time              { return c.last }
func (c *fakeConn) FirstPacket() uint64           { return c.first }
func (c *fakeConn) Orig() event.Endpoint          { return c.orig }
func (c *fakeConn) Resp() event.Endpoint          { return c.resp }
func (c *fakeConn) History() []byte               { return []byte(c.history) }
func (c *fakeConn) VLAN() (uint16, bool)          { return c.vlan, c.vlan != 0 }
func (c *fakeConn) InnerVLAN() (uint16, bool)     { return c.inner, c.inner != 0 }
func (c *fakeConn) Tunnel() []event.Encapsulation { return c.tunnel }
func (c *fakeConn) Domain() uint32                { return 0 }
func (c *fakeConn) Services(dst []string) []string {
	return append(dst, c.services...)
}
func (c *fakeConn) Slot(s event.Slot) any {
	if int(s) >= len(c.slots) {
		return nil
	}
	return c.slots[s]
}
func (c *fakeConn) Weird(name, _, _ string)  { c.weirds = append(c.weirds, name) }
func (c *fakeConn) Hold(s event.Slot, n int) { c.held += n }
func (c *fakeConn) UsedSlots() (used event.SlotSet) {
	for s, v := range c.slots {
		if v != nil {
			used.Add(event.Slot(s))
		}
	}
	return used
}
func (c *fakeConn) SetSlot(s event.Slot, v any) {
	for len(c.slots) <= int(s) {
		c.slots = append(c.slots, nil)
	}
	c.slots[s] = v
}

// endConn ends a connection as the connection table does.
func endConn(h *event.Hooks, c event.Conn) {
	h.Conn.ConnectionStateRemove.Raise(&event.ConnectionStateRemove{Conn: c})
	h.End(c, nil)
}

func uid(n uint64) value.UID { return value.MakeUID('C', 0, n) }

// connID makes a connID of text like "10.0.0.1:1025 10.0.0.2:80".
func connID(t testing.TB, p value.Proto, s string) event.ConnID {
	t.Helper()
	orig, resp, _ := strings.Cut(s, " ")
	a, err := netip.ParseAddrPort(orig)
	if err != nil {
		t.Fatal(err)
	}
	b, err := netip.ParseAddrPort(resp)
	if err != nil {
		t.Fatal(err)
	}
	id := event.ConnID{OrigH: a.Addr(), OrigP: a.Port(), RespH: b.Addr(), RespP: b.Port(), Proto: p}
	switch p {
	case value.ProtoTCP:
		id.IPProto = ipProtoTCP
	case value.ProtoUDP:
		id.IPProto = ipProtoUDP
	case value.ProtoICMP:
		id.IPProto = ipProtoICMP
		if a.Addr().Is6() {
			id.IPProto = ipProtoICMPv6
		}
	case value.ProtoUnknown:
	}
	return id
}

// recorder encodes the emitted records, one per line: the set columns as
// name=value, and the gate. If quiet is set, it only encodes them.
type recorder struct {
	logs   []string // that are wanted; nil for all
	groups schemas.Groups
	quiet  bool
	rows   []string
	sink   textSink
}

func (r *recorder) On(s *schemas.Schema) bool {
	return r.logs == nil || slices.Contains(r.logs, s.Name)
}

func (r *recorder) Emit(rec schemas.Record) { r.EmitGated(rec, schemas.Gate{}) }

func (r *recorder) EmitGated(rec schemas.Record, g schemas.Gate) {
	if r.quiet {
		return
	}
	r.sink = textSink{groups: r.groups, fields: rec.Schema().With(r.groups).Fields}
	rec.Encode(&r.sink)
	row := rec.Schema().Name + r.sink.text
	if g.Kind != 0 {
		row += fmt.Sprintf(" [%d %q]", g.Kind, g.Key+g.Sub)
	}
	r.rows = append(r.rows, row)
}

// take returns and clears the rows.
func (r *recorder) take() []string {
	rows := r.rows
	r.rows = nil
	return rows
}

func (r *recorder) expect(t *testing.T, want ...string) {
	t.Helper()
	got := r.take()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// textSink writes the columns that are set as " name=value".
type textSink struct {
	groups schemas.Groups
	fields []schemas.Field
	text   string
	inside bool
}

func (s *textSink) put(v any) {
	if s.inside {
		s.text += fmt.Sprint(v, ",")
		return
	}
	s.text += fmt.Sprintf(" %s=%v", s.fields[0].Name, v)
	s.fields = s.fields[1:]
}

func (s *textSink) Groups() schemas.Groups { return s.groups }
func (s *textSink) Unset()                 { s.fields = s.fields[1:] }
func (s *textSink) Bool(v bool)            { s.put(v) }
func (s *textSink) Count(v uint64)         { s.put(v) }
func (s *textSink) Int(v int64)            { s.put(v) }
func (s *textSink) Double(v float64)       { s.put(v) }
func (s *textSink) Time(v value.Time)      { s.put(v.Seconds()) }
func (s *textSink) Interval(v float64)     { s.put(v) }
func (s *textSink) String(v string)        { s.put(v) }
func (s *textSink) Enum(v string)          { s.put(v) }
func (s *textSink) Addr(v netip.Addr)      { s.put(v) }
func (s *textSink) Subnet(v netip.Prefix)  { s.put(v) }
func (s *textSink) Port(v uint16)          { s.put(v) }
func (s *textSink) Begin(schemas.Container, int) {
	s.put("")
	s.inside = true
}
func (s *textSink) End() { s.inside = false }

// bench is a set of hooks with builders and a clock.
type bench struct {
	hooks    event.Hooks
	out      recorder
	now      value.Time
	builders *Builders
}

func newBench(t testing.TB, log string, groups ...string) *bench {
	t.Helper()
	return newLimitedBench(t, Limits{}, log, groups...)
}

// newLimitedBench is newBench with limits of rows.
func newLimitedBench(t testing.TB, limits Limits, log string, groups ...string) *bench {
	t.Helper()
	g, err := schemas.ParseGroups(groups)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{out: recorder{logs: []string{log}, groups: g}, now: 1e9}
	b.builders = Install(&b.hooks, &b.out, Options{
		Limits:    limits,
		Now:       func() value.Time { return b.now },
		LocalNets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Groups:    g,
	})
	return b
}

// TestEveryLogHasABuilder compares the table of builders with the logs of package schemas.
func TestEveryLogHasABuilder(t *testing.T) {
	for _, s := range schemas.All() {
		if s == &schemas.SensorSchema {
			continue // the run writes it
		}
		if !slices.ContainsFunc(builders, func(b Builder) bool { return slices.Contains(b.Schemas, s) }) {
			t.Errorf("no builder writes %s", s.Name)
		}
	}
}

func TestTimers(t *testing.T) {
	var (
		h     event.Hooks
		timer *Timer
		calls []value.Time
		again value.Time
	)
	b := Install(&h, &recorder{logs: []string{"weird"}}, Options{})
	b.Add(Builder{
		Schemas: []*schemas.Schema{&schemas.WeirdSchema},
		Install: func(_ *event.Hooks, _ schemas.Emitter, o *Options) {
			o.Cause(1, 1) // nil in the options of Install
			timer = o.NewTimer(func(now value.Time, _ Clock) {
				calls = append(calls, now)
				if again != 0 {
					timer.Set(again)
				}
			})
		},
	})
	if b.Due(1 << 62) {
		t.Error("a timer that is not set is due")
	}
	timer.Set(10)
	again = 20
	if b.Due(9) || !b.Due(10) {
		t.Error("a timer is not due at its deadline")
	}
	b.Advance(9, nil)
	b.Advance(12, nil)
	again = 0
	b.Advance(15, nil)
	b.Advance(20, nil)
	b.Advance(30, nil)
	timer.Set(40)
	timer.Stop()
	b.Advance(50, nil)
	if !slices.Equal(calls, []value.Time{12, 20}) {
		t.Errorf("called at %v", calls)
	}
}

func TestInstall(t *testing.T) {
	var h event.Hooks
	Install(&h, &recorder{logs: []string{"weird"}}, Options{})
	if h.Conn.ConnectionStateRemove.On() || h.Analyzer.ViolationInfo.On() || h.Tunnel.Changed.On() {
		t.Error("a builder listens whose log nobody wants")
	}
	if !h.Weird.Conn.On() || !h.Weird.Net.On() {
		t.Error("the builder of a wanted log does not listen")
	}
}
