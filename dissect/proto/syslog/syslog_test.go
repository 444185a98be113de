package syslog

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("syslog")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"<165>Apr  5 12:56:51 host: text", []string{"confirmed SYSLOG", `syslog_message {"facility":20,"severity":5,"msg":"Apr  5 12:56:51 host: text"}`}},
		{"<0>1 - - - - - -", []string{"confirmed SYSLOG", `syslog_message {"facility":0,"severity":0,"msg":"1 - - - - - -"}`}},
		{"<191>", []string{"confirmed SYSLOG", `syslog_message {"facility":23,"severity":7,"msg":""}`}},
		{"<999>x", []string{"confirmed SYSLOG", `syslog_message {"facility":124,"severity":7,"msg":"x"}`}},
		{"<18446744073709551617>x", []string{"confirmed SYSLOG", `syslog_message {"facility":0,"severity":1,"msg":"x"}`}},
		{"no priority", []string{"confirmed SYSLOG", `syslog_message {"facility":999,"severity":999,"msg":"no priority"}`}},
		{"", []string{"confirmed SYSLOG", `syslog_message {"facility":999,"severity":999,"msg":""}`}},
		{"<", []string{"violation failed to match regular expression", "done"}},
		{"<a>", []string{"violation failed to match regular expression", "done"}},
		{"<12", []string{`violation failed to expect bytes literal ">"`, "done"}},
		{"<12 >", []string{`violation failed to expect bytes literal ">"`, "done"}},
	} {
		b, raised := newBench(t)
		b.Datagram(true, []byte(c.in))
		if got := raised(); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// A flow reports its end, and messages of both sides.
func TestFlow(t *testing.T) {
	b, raised := newBench(t)
	b.Datagram(true, []byte("<1>a"))
	b.Datagram(false, []byte("<2>b"))
	b.Drain()
	want := []string{
		"confirmed SYSLOG", `syslog_message {"facility":0,"severity":1,"msg":"a"}`, `syslog_message {"facility":0,"severity":2,"msg":"b"}`, "done",
	}
	if got := raised(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{"<165>1 text", "text", "<", "<1", "<>"} {
		f.Add([]byte(s), []byte("<7>again"))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 4096 {
			return
		}
		b, raised := newBench(t)
		b.Datagram(true, first)
		b.Datagram(false, second)
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if got := raised(); len(got) == 0 || got[len(got)-1] != "done" && !slices.Contains(got, "done") {
			t.Errorf("%q", got)
		}
	})
}

// listening returns an analyzer whose events have a listener.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.Syslog.Message.Listen(func(*event.SyslogMessage) {})
	p := New(b.Hooks)
	b.Datagram(true, []byte("x"))
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return p.New(b.Table.Nested(c, &p.Protocol))
}

var message = []byte("<165>1 2026-11-29T13:31:56.696839+00:00 host app 1234 - - a message of usual length that says something")

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, message)
	}
}
