package syslog

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
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
	return b.New(&p.Protocol)
}

var message = []byte("<165>1 2026-11-29T13:31:56.696839+00:00 host app 1234 - - a message of usual length that says something")

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, message)
	}
}

// newStreams returns a bench for the protocol over TCP, at a port of the server.
func newStreams(t testing.TB, port uint16) (*testconn.Bench, func() []string) {
	return newStreamsWith(t, port, DefaultOptions())
}

func newStreamsWith(t testing.TB, port uint16, o Options) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("syslog")
	b.SetAttacher(detect.New([]*detect.Protocol{NewTCP(b.Hooks, o)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

func TestStreams(t *testing.T) {
	msg := func(facility, severity, msg string) string {
		return `syslog_message {"facility":` + facility + `,"severity":` + severity + `,"msg":"` + msg + `"}`
	}
	for _, c := range []struct {
		name, in string
		port     uint16
		want     []string
	}{
		{"counted", "5 <13>a11 <165>b\nc\n d", portTCP, []string{"confirmed SYSLOG_TCP", msg("1", "5", "a"), msg("20", "5", `b\nc\n d`)}},
		{"counted without a priority", "2 hi", portTCP, []string{"confirmed SYSLOG_TCP", msg("999", "999", "hi")}},
		{"lines", "<13>a\n<14>b\r\n\x00<15>c\n<16>unfinished", portTCP, []string{"confirmed SYSLOG_TCP", msg("1", "5", "a"), msg("1", "6", "b"), msg("1", "7", "c")}},
		{"both", "<13>a\n5 <14>b<15>c\n", portTCP, []string{"confirmed SYSLOG_TCP", msg("1", "5", "a"), msg("1", "6", "b"), msg("1", "7", "c")}},
		{"another port", "5 <13>a", 514, []string{"confirmed SYSLOG_TCP", msg("1", "5", "a")}},
		{"lines at another port", "<13>a\n", 514, nil},
		{"another protocol", "GET / HTTP/1.1\r\n", portTCP, []string{"violation neither a length nor a priority begins the message"}},
		{"no space", "12<13>a", portTCP, []string{`violation failed to expect bytes literal " "`}},
		{"broken priority", "5 <13 a", portTCP, []string{`violation failed to expect bytes literal ">"`}},
		{"long", "70000 <13>a", portTCP, nil},
		{"many digits", "1234567890123456789 <13>a", portTCP, nil},
		{"a line without end", "<13>" + strings.Repeat("x", DefaultOptions().Message), portTCP, nil},
	} {
		for _, size := range []int{1, 3, 1 << 14} {
			b, raised := newStreams(t, c.port)
			b.Converse([]string{">" + c.in}, size)
			if got := raised(); !slices.Equal(got, c.want) {
				t.Errorf("%s in segments of %d: %q, want %q", c.name, size, got, c.want)
			}
		}
	}
}

// TestLongest sends messages around the longest that is read.
func TestLongest(t *testing.T) {
	for _, most := range []int{DefaultOptions().Message, 5, 100_000} {
		for _, n := range []int{most, most + 1} {
			text := strings.Repeat("x", n-len("<13>"))
			for _, in := range []string{strconv.Itoa(n) + " <13>" + text, "<13>" + text + "\n"} {
				b, raised := newStreamsWith(t, portTCP, Options{Message: most})
				b.Converse([]string{">" + in}, 1000)
				got := 0
				for _, l := range raised() {
					if strings.HasPrefix(l, "syslog_message") {
						got++
					}
				}
				limited := b.Table.LimitCounts()[conn.Limit{Protocol: "SYSLOG_TCP", Name: "message_size"}]
				if want := most + 1 - n; got != want || limited != uint64(1-want) {
					t.Errorf("%d bytes, at most %d, %.10q: %d messages, limited %d times", n, most, in, got, limited)
				}
			}
		}
	}
}

func TestSignature(t *testing.T) {
	for in, want := range map[string]detect.Verdict{
		"": detect.NeedMore, "1": detect.NeedMore, "12 ": detect.NeedMore, "12 <": detect.NeedMore, "12 <13": detect.NeedMore, "12 <13>": detect.Match,
		"0": detect.NoMatch, "x": detect.NoMatch, "12x": detect.NoMatch, "12 x": detect.NoMatch, "12 <>": detect.NoMatch, "12 <1x": detect.NoMatch,
		"12 <1234": detect.NoMatch, "1234567890": detect.NoMatch,
	} {
		if got := isCounted([]byte(in)); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// What follows missing bytes is not read.
func TestStreamGap(t *testing.T) {
	b, raised := newStreams(t, portTCP)
	b.Open()
	b.Talk(true, []byte("5 <13>a9 <1"))
	b.Skip(true, 3)
	b.Talk(true, []byte(">b5 <13>c"))
	b.Close()
	b.Drain()
	if got := raised(); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func FuzzStream(f *testing.F) {
	for _, s := range []string{"5 <13>a9 <165>b\nc", "<13>a\n<14>b\r\n", "<13>a\n5 <14>b<15>c\n", "70000 <1>", "12<13>"} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		if len(in) > 4096 || len(in) == 0 {
			return
		}
		run := func(size int) []string {
			b, raised := newStreams(t, portTCP)
			b.Converse([]string{">" + string(in)}, size)
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return raised()
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
