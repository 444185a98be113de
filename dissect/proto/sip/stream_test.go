package sip

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// newStreams returns a bench for SIP over TCP that records the events in the result, without
// names of connections, and files as "file" with their contents.
func newStreams(t testing.TB, o Options) (*testconn.Bench, *detect.Protocol, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := b.Events("sip_", "analyzer_violation", "conn_weird")
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	b.Hooks.File.New.Listen(func(e *event.FileNew) { *lines = append(*lines, "file") })
	b.Hooks.File.StateRemove.Listen(func(e *event.FileStateRemove) {
		*lines = append(*lines, fmt.Sprint("file of ", e.File.SeenBytes(), " bytes without ", e.File.MissingBytes()))
	})
	return b, NewTCP(b.Hooks, fm, o), lines
}

// talked returns the events of a talk in pieces of n bytes.
func talked(t testing.TB, n int, o Options, parts []string) []string {
	b, p, lines := newStreams(t, o)
	b.SetAttacher(detect.New(nil))
	b.Play(&p.Protocol, n, parts)
	if b.Table.Stats().Panics != 0 {
		t.Fatal("panic")
	}
	var got []string
	for _, s := range *lines {
		got = append(got, strings.NewReplacer("sip_", "", `"is_orig":true`, "ours", `"is_orig":false`, "theirs").Replace(s))
	}
	return got
}

const (
	asked    = `request {"method":"OPTIONS","original_URI":"sip:b@x","version":"2.0"}`
	answered = `reply {"version":"2.0","code":200,"reason":"OK"}`
)

func violated(reason string) string {
	return `analyzer_violation_info {"atype":"Analyzer::ANALYZER_SIP_TCP","info":{"reason":"` + reason + `"}}`
}

// heard returns the events of a message with its headers, given by name and value.
func heard(first, side string, headers ...string) []string {
	list := []string{first, "begin_entity {" + side + "}"}
	var all []string
	for i := 0; i < len(headers); i += 2 {
		name, value := headers[i], headers[i+1]
		list = append(list, fmt.Sprintf(`header {%s,"name":"%s","value":"%s"}`, side, strings.ToUpper(name), value))
		all = append(all, fmt.Sprintf(`"%d":{"original_name":"%s","name":"%s","value":"%s"}`, i/2+1, name, strings.ToUpper(name), value))
	}
	return append(list, fmt.Sprintf("all_headers {%s,\"hlist\":{%s}}", side, strings.Join(all, ",")), "end_entity {"+side+"}")
}

// withBody returns the events of a message with the file of its body.
func withBody(events []string, file string) []string {
	n := len(events) - 1
	return slices.Concat(events[:n], []string{"file", file}, events[n:])
}

var streamCases = map[string]struct {
	in   []string
	want []string
}{
	"request and response": {[]string{start + "A: b\r\n\r\n", "<SIP/2.0 200 OK\r\n\r\n"},
		slices.Concat(heard(asked, "ours", "A", "b"), heard(answered, "theirs"))},
	"both sides ask": {[]string{"<" + start[1:] + "\r\n", ">SIP/2.0 200 OK\r\n\r\n"},
		slices.Concat(heard(asked, "ours"), heard(answered, "theirs"))},
	"pipelined, with line ends between": {[]string{">\r\n\r\n" + start[1:] + "\r\n\r\n\r\n" + start[1:] + "\r\n", "<\r\n"},
		slices.Concat(heard(asked, "ours"), heard(asked, "ours"))},
	"body": {[]string{start + "content-length: 10\r\n\r\nv=0\r\nSIP/2" + start[1:] + "\r\n"},
		slices.Concat(withBody(heard(asked, "ours", "content-length", "10"), "file of 10 bytes without 0"), heard(asked, "ours"))},
	"a length is not kept": {[]string{start + "l: 2\n\nab" + start[1:] + "\n"},
		slices.Concat(withBody(heard(asked, "ours", "l", "2"), "file of 2 bytes without 0"), heard(asked, "ours"))},
	"a header goes on":   {[]string{start + "A: b\r\n\t c\r\n d\r\nB: e\r\n\r\n"}, heard(asked, "ours", "A", "b c d", "B", "e")},
	"a hole in a body":   {[]string{start + "L: 10\r\n\r\nabc", ">~5", ">de", start + "\r\n"}, slices.Concat(withBody(heard(asked, "ours", "L", "10"), "file of 5 bytes without 5"), heard(asked, "ours"))},
	"a hole ends a body": {[]string{start + "L: 3\r\n\r\n", ">~3", start + "\r\n"}, slices.Concat(withBody(heard(asked, "ours", "L", "3"), "file of 0 bytes without 3"), heard(asked, "ours"))},
	"an unfinished body": {[]string{start + "L: 3\r\n\r\na", ">~"}, withBody(heard(asked, "ours", "L", "3"), "file of 1 bytes without 0")[:6]},
	"a hole between headers": {[]string{start + "A: b\r\nC", ">~9", ">VITE sip:b@x SIP/2.0\r\nd: e\r\n\r\n" + start[1:] + "\r\n"}, slices.Concat(
		[]string{asked, "begin_entity {ours}", `conn_weird {"name":"gap_outside_body","addl":"","source":"SIP_TCP"}`}, heard(asked, "ours"))},

	"another protocol": {[]string{">GET / HTTP/1.1\r\n\r\n"}, []string{violated(notSIP)}},
	"binary":           {[]string{">\x16\x03\x01\x00"}, []string{violated(notSIP)}},
	"header":           {[]string{start + "A b: c\r\n\r\n"}, []string{asked, "begin_entity {ours}", violated(`string mismatch at zeek/src/analyzer/protocol/sip/sip-protocol.pac:62: \nexpected pattern: \":\"\nactual data: \"b: c\"`)}},
	"length":           {[]string{start + "Content-Length: -2\r\n\r\n"}, []string{asked, "begin_entity {ours}", violated("invalid length string: -2")}},
}

func TestStreams(t *testing.T) {
	for name, c := range streamCases {
		for _, n := range []int{1, 3, 1000} {
			if got := talked(t, n, DefaultOptions(), c.in); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d:\ngot  %s\nwant %s", name, n, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}

// TestGapThenViolation goes on with the next start line where a violation is not believed.
func TestGapThenViolation(t *testing.T) {
	b, p, lines := newStreams(t, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip5060(b)
	b.Open()
	b.Skip(true, 100)
	b.Talk(true, []byte("x: y\r\n\r\n"+start[1:]+"A b: c\r\n\r\n"+start[1:]+"\r\n"))
	b.Close()
	b.Drain()
	if n := strings.Count(strings.Join(*lines, "\n"), "sip_request"); n != 2 || strings.Contains(strings.Join(*lines, "\n"), "violation") {
		t.Errorf("%q", *lines)
	}
}

// TestStreamSignature tests what is found at other ports.
func TestStreamSignature(t *testing.T) {
	for in, want := range map[string]detect.Verdict{
		"":                            detect.NeedMore,
		"S":                           detect.NeedMore,
		"SIP/2.":                      detect.NeedMore,
		"SIP/2.0 200 OK\r\n":          detect.Match,
		"SIP/2.0 2x0 OK\r\n":          detect.NoMatch,
		"OPTIONS sip:b@x":             detect.NeedMore,
		"OPTIONS sip:b@x SIP/2.0\r\n": detect.Match,
		"OPTIONS sip:b@x SIP/2.0\n":   detect.Match,
		"OPTIONS SIP/2.0\r\n":         detect.NoMatch,
		"GET / HTTP/1.1\r\n":          detect.NoMatch,
		"\x16\x03\x01":                detect.NoMatch,
		strings.Repeat("A", 100):      detect.NoMatch,
	} {
		if got := startLine([]byte(in)); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
	b, p, lines := newStreams(t, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Converse([]string{start + "\r\n", "<SIP/2.0 200 OK\r\n\r\n"}, 5)
	if n := len(*lines); n != 8 {
		t.Errorf("%q", *lines)
	}
}

// TestStreamLimits tests lines and headers without an end, many headers and little memory.
func TestStreamLimits(t *testing.T) {
	o := Options{Line: 1000, Headers: 10}
	long := strings.Repeat("a", 400)
	for _, c := range []struct {
		name, in string
		limit    string
		lines    uint64
		bytes    int
	}{
		{"a line without end", start + "A: " + strings.Repeat(long, 4), "line", 0, 0},
		{"a header that goes on", start + "A: " + long + "\r\n " + long + "\r\n " + long + "\r\n", "line", 0, 0},
		{"headers", start + strings.Repeat("A: b\r\n", 100) + "\r\n", "headers", 0, 0},
		{"lines of all connections", start + "A: " + long, "line", 200, 0},
		{"headers of all connections", start + strings.Repeat("A: b\r\n", 9), "incomplete_messages", 0, 50},
	} {
		cfg := testconn.Config()
		if c.bytes > 0 {
			cfg.MessageBytes = c.bytes
		}
		b := testconn.New(t, cfg)
		b.SetAttacher(detect.New(nil))
		b.Hooks.SIP.AllHeaders.Listen(func(*event.SIPAllHeaders) {})
		o.Lines = &contentline.Budget{Limit: c.lines}
		b.Play(&NewTCP(b.Hooks, nil, o).Protocol, 100, []string{c.in})
		if n := b.Table.LimitCounts()[conn.Limit{Protocol: "SIP_TCP", Name: c.limit}]; n != 1 {
			t.Errorf("%s: %v", c.name, b.Table.LimitCounts())
		}
	}
}

// TestFlip swaps the sides of a connection in the middle of a message.
func TestFlip(t *testing.T) {
	b, p, lines := newStreams(t, DefaultOptions())
	b.SetAttacher(detect.New(nil))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	a.Data(true, []byte(start[1:]+"L: 4\r\nA: "))
	a.(conn.Flipper).Flip()
	a.Data(false, []byte("b\r\n\r\n1234"))
	if got := strings.Join(*lines, "\n"); !strings.Contains(got, `"name":"A","value":"b"`) || !strings.Contains(got, "sip_end_entity") {
		t.Errorf("%q", *lines)
	}
}

// listeningStream is listening over TCP.
func listeningStream(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.SIP
	h.Request.Listen(func(*event.SIPRequest) {})
	h.Reply.Listen(func(*event.SIPReply) {})
	h.EndEntity.Listen(func(*event.SIPEndEntity) {})
	h.Header.Listen(func(*event.SIPHeader) {})
	h.AllHeaders.Listen(func(*event.SIPAllHeaders) {})
	p := NewTCP(b.Hooks, nil, DefaultOptions())
	b.SetAttacher(detect.New(nil))
	return b.New(&p.Protocol)
}

func BenchmarkStream(b *testing.B) {
	a := listeningStream(b)
	b.SetBytes(int64(len(talk[0]) + len(talk[1])))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
	}
}

// FuzzStreams checks that no segmentation changes the events.
func FuzzStreams(f *testing.F) {
	for _, c := range streamCases {
		f.Add(strings.Join(c.in, "\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		parts := testconn.Parts(in)
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		o := Options{Line: 200, Headers: 10}
		whole, pieces := talked(t, 1<<20, o, parts), talked(t, int(n)+1, o, parts)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}
