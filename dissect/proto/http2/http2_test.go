package http2

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// frame returns a frame.
func frame(typ, flags byte, stream uint32, payload string) string {
	h := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), typ, flags}
	return string(binary.BigEndian.AppendUint32(h, stream)) + payload
}

// coder encodes headers with a table of its own.
type coder struct {
	buf bytes.Buffer
	enc *hpack.Encoder
}

func newCoder() *coder {
	c := new(coder)
	c.enc = hpack.NewEncoder(&c.buf)
	return c
}

// fields encodes "name: value" lines; a name may begin with a colon.
func (c *coder) fields(lines ...string) string {
	c.buf.Reset()
	for _, l := range lines {
		i := strings.Index(l[1:], ":") + 1
		if err := c.enc.WriteField(hpack.HeaderField{Name: l[:i], Value: strings.TrimSpace(l[i+1:])}); err != nil {
			panic(err)
		}
	}
	return c.buf.String()
}

var settings = frame(frameSettings, 0, 0, "\x00\x03\x00\x00\x00\x64")

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

// newBench returns a bench whose events are recorded.
func newBench(t testing.TB, o Options) (*testconn.Bench, *Protocol, *[]string) {
	b := testconn.New(t, testconn.Config())
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, o)
	b.SetAttacher(detect.New([]*detect.Protocol{p.Protocol}))
	lines := new([]string)
	add := func(format string, args ...any) { *lines = append(*lines, fmt.Sprintf(format, args...)) }
	h := &b.Hooks.HTTP2
	h.Request.Listen(func(e *event.HTTP2Request) {
		add("request %d %v %s %s %s %s %s", e.Stream, e.IsOrig, e.Method, e.Authority, e.Host, e.OriginalURI, e.UnescapedURI)
	})
	h.Reply.Listen(func(e *event.HTTP2Reply) { add("reply %d %d", e.Stream, e.Code) })
	h.Header.Listen(func(e *event.HTTP2Header) { add("header %d %v %s=%.100s", e.Stream, e.IsOrig, e.Name, e.Value) })
	h.BeginEntity.Listen(func(e *event.HTTP2BeginEntity) { add("begin %d %v %s", e.Stream, e.IsOrig, e.ContentType) })
	h.EndEntity.Listen(func(e *event.HTTP2EndEntity) { add("end %d %v", e.Stream, e.IsOrig) })
	var body strings.Builder
	h.EntityData.Listen(func(e *event.HTTP2EntityData) { body.Write(e.Data) })
	h.EndEntity.Listen(func(*event.HTTP2EndEntity) {
		add("body %.100q", body.String())
		body.Reset()
	})
	h.StreamEnd.Listen(func(e *event.HTTP2StreamEnd) {
		add("done %d %d %d", e.Stream, e.Stats.RequestBodyLength, e.Stats.ResponseBodyLength)
	})
	h.RSTStreamEvent.Listen(func(e *event.HTTP2RSTStreamEvent) { add("rst %d %v %s", e.Stream, e.IsOrig, e.Error) })
	h.GoAwayEvent.Listen(func(e *event.HTTP2GoAwayEvent) { add("goaway %v %d %s", e.IsOrig, e.LastStream, e.Error) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { add("weird %s %s", e.Name, e.Addl) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { add("violation %s", e.Info.Reason) })
	b.Hooks.File.StateRemove.Listen(func(e *event.FileStateRemove) { add("file %d", e.File.SeenBytes()) })
	return b, p, lines
}

func play(t testing.TB, o Options, n int, parts []string) []string {
	b, p, lines := newBench(t, o)
	b.Play(&p.Protocol.Protocol, n, parts)
	return *lines
}

const get = ":method: GET"

type talk struct {
	name  string
	parts []string
	want  string // lines, separated by |
}

func talks() []talk {
	c, s := newCoder(), newCoder()
	start := []string{">" + preface + settings, "<" + settings + frame(frameSettings, flagAck, 0, "")}
	with := func(parts ...string) []string { return append(slices.Clone(start), parts...) }
	long := strings.Repeat("x", 300)
	again := newCoder()
	first := again.fields(get, ":path: /%41?a", ":authority: a.example", "user-agent: agent")
	second := again.fields(get, ":path: /2", ":authority: a.example", "user-agent: agent")
	split := c.fields(get, ":path: /split", "x: "+long)
	return []talk{
		{"get", with(
			">"+frame(frameHeaders, flagEndStream|flagEndHeaders, 1, first),
			"<"+frame(frameHeaders, flagEndHeaders, 1, s.fields(":status: 200", "content-type: text/html"))+frame(frameData, 0, 1, "hello")+frame(frameData, flagEndStream, 1, " world"),
			// The second request refers to the headers of the first.
			">"+frame(frameHeaders, flagEndStream|flagEndHeaders, 3, second),
			"<"+frame(frameHeaders, flagEndStream|flagEndHeaders, 3, s.fields(":status: 404")),
		), "request 1 true GET a.example  /%41?a /A?a|header 1 true user-agent=agent|reply 1 200|header 1 false content-type=text/html|begin 1 false text/html|" +
			"file 11|end 1 false|body \"hello world\"|done 1 0 11|request 3 true GET a.example  /2 /2|header 3 true user-agent=agent|reply 3 404|done 3 0 0"},
		{"interleaved", with(
			">"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":method: POST", ":path: /1")),
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 3, newCoder().fields(get, ":path: /3", "host: h")),
			">"+frame(frameData, flagEndStream, 1, "up"),
			"<"+frame(frameHeaders, flagEndHeaders, 3, newCoder().fields(":status: 103"))+frame(frameHeaders, flagEndHeaders, 3, newCoder().fields(":status: 200"))+frame(frameData, 0, 3, "ab"),
			"<"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(":status: 204"))+frame(frameData, flagEndStream, 3, "cd"),
		), "request 1 true POST   /1 /1|request 3 true GET  h /3 /3|header 3 true host=h|begin 1 true |file 2|end 1 true|body \"up\"|reply 3 103|reply 3 200|begin 3 false |" +
			"reply 1 204|done 1 2 0|file 4|end 3 false|body \"abcd\"|done 3 0 4"},
		{"continued and padded", with(
			">"+frame(frameHeaders, flagEndStream|flagPadded|flagPriority, 1, "\x03\x00\x00\x00\x00\x10"+split[:20]+"pad")+
				frame(frameContinuation, 0, 1, split[20:30])+frame(frameContinuation, flagEndHeaders, 1, split[30:]),
			"<"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200"))+frame(frameData, flagEndStream|flagPadded, 1, "\x02datapp"),
		), "request 1 true GET   /split /split|header 1 true x=" + long[:100] + "|reply 1 200|begin 1 false |file 4|end 1 false|body \"data\"|done 1 0 4"},
		{"trailers", with(
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(":method: POST", ":path: /grpc")),
			"<"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200"))+frame(frameData, 0, 1, "x")+
				frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields("grpc-status: 0")),
		), "request 1 true POST   /grpc /grpc|reply 1 200|begin 1 false |header 1 false grpc-status=0|file 1|end 1 false|body \"x\"|done 1 0 1"},
		{"compressed", with(
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(get, ":path: /z")),
			"<"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200", "content-encoding: gzip", "content-length: 99"))+
				frame(frameData, flagEndStream, 1, gzipped("unpacked")),
		), "request 1 true GET   /z /z|reply 1 200|header 1 false content-encoding=gzip|header 1 false content-length=99|begin 1 false |file 8|end 1 false|body \"unpacked\"|done 1 0 8"},
		{"push", with(
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(get, ":path: /")),
			"<"+frame(framePushPromise, flagEndHeaders, 1, "\x00\x00\x00\x02"+s.fields(get, ":path: /style"))+
				frame(frameHeaders, flagEndHeaders|flagEndStream, 2, s.fields(":status: 200")),
		), "request 1 true GET   / /|request 2 false GET   /style /style|reply 2 200|done 2 0 0|done 1 0 0"},
		{"reset", with(
			">"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(get, ":path: /")),
			"<"+frame(frameRSTStream, 0, 1, "\x00\x00\x00\x07")+frame(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x0bwhy"),
			">"+frame(frameData, flagEndStream, 1, "late"),
		), "request 1 true GET   / /|rst 1 false REFUSED_STREAM|done 1 0 0|goaway false 1 ENHANCE_YOUR_CALM"},
		{"connect", with(
			">" + frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":method: CONNECT", ":authority: h:1")) + frame(frameData, 0, 1, "tunnel"),
		), "request 1 true CONNECT h:1   |done 1 6 0"},
		{"gap in a body", with(
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(get, ":path: /")),
			"<"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200"))+frame(frameData, flagEndStream, 1, "0123456789")[:headerSize+3], "<~4", "<789",
		), "request 1 true GET   / /|reply 1 200|begin 1 false |file 6|end 1 false|body \"012789\"|done 1 0 10"},
		{"gap between frames", with(
			">~7", ">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(get, ":path: /")),
			"<"+frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200"))+frame(frameData, flagEndStream, 1, "x"),
		), "weird HTTP2_gap |reply 1 200|begin 1 false |file 1|end 1 false|body \"x\"|done 1 0 1"},
		{"no SETTINGS", []string{">" + preface + frame(frameData, 0, 1, "x")}, "violation the first frame is no SETTINGS"},
		{"HTTP/1", []string{">" + preface + settings, "<HTTP/1.1 400 Bad Request\r\n\r\n"}, "violation the first frame is no SETTINGS"},
		{"too long", with(">" + frame(frameData, 0, 1, strings.Repeat("x", minLargest+1))), "violation a frame is longer than allowed"},
		{"not continued", with(">" + frame(frameHeaders, 0, 1, "\x82") + frame(frameData, 0, 1, "x")), "violation headers are not continued"},
		{"bad headers", with(
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, "\xff\xff\xff\xff\xff\xff\xff"),
			"<"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(":status: 400")),
			">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 3, "\x82"),
			"<"+frame(frameHeaders, flagEndHeaders|flagEndStream, 3, newCoder().fields(":status: 400")),
		), "weird HTTP2_headers_lost |request 1 true     |reply 1 400|done 1 0 0|reply 3 400|done 3 0 0"},
	}
}

func TestEvents(t *testing.T) {
	for _, c := range talks() {
		for _, n := range []int{1, 2, 7, 1 << 20} {
			if got := strings.Join(play(t, DefaultOptions(), n, c.parts), "|"); got != c.want {
				t.Errorf("%s in pieces of %d:\n%s\nwant:\n%s", c.name, n, got, c.want)
			}
		}
	}
}

// TestUpgrade has a connection of HTTP/1.1 that becomes one of HTTP/2.
func TestUpgrade(t *testing.T) {
	b, p, lines := newBench(t, DefaultOptions())
	p.Upgrade([]byte("GET"), []byte("/a"), []byte("h"))
	b.Play(&p.Protocol.Protocol, 5, []string{
		">" + preface + settings,
		"<" + settings + frame(frameHeaders, flagEndHeaders, 1, newCoder().fields(":status: 200")) + frame(frameData, flagEndStream, 1, "x"),
	})
	want := "request 1 true GET  h /a /a|reply 1 200|begin 1 false |file 1|end 1 false|body \"x\"|done 1 0 1"
	if got := strings.Join(*lines, "|"); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
}

// TestLimits has what is cut: headers that are long, many, or come again and again from the
// table, tables that are too large, and open streams.
func TestLimits(t *testing.T) {
	o := DefaultOptions()
	o.Block, o.List, o.Streams = 2048, 4096, 2
	start := []string{">" + preface + settings}
	count := func(lines []string, prefix string) (n int) {
		for _, l := range lines {
			if strings.HasPrefix(l, prefix) {
				n++
			}
		}
		return n
	}
	endless := slices.Clone(start)
	endless = append(endless, ">"+frame(frameHeaders, 0, 1, "\x82"))
	for range 100 {
		endless = append(endless, ">"+frame(frameContinuation, 0, 1, strings.Repeat("\x82", 100)))
	}
	if got := play(t, o, 100, endless); count(got, "weird HTTP2_headers_lost header_block") != 1 {
		t.Errorf("endless headers: %.500q", got)
	}
	// A header of 1 KB is referred to by a byte each time (an HPACK bomb).
	c := newCoder()
	bomb := c.fields(get, ":path: /", "x: "+strings.Repeat("#", 1000)) + strings.Repeat("\xbe", 1000)
	got := play(t, o, 100, append(slices.Clone(start), ">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, bomb)))
	if count(got, "header") != 3 || count(got, "weird HTTP2_header_list_too_long") != 1 || count(got, "request 1 true GET") != 1 {
		t.Errorf("a bomb: %.500q", got)
	}
	// The server may not keep more than the client allows.
	got = play(t, o, 100, append(slices.Clone(start), "<"+settings,
		">"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, newCoder().fields(get, ":path: /")),
		"<"+frame(frameHeaders, flagEndHeaders|flagEndStream, 1, "\x3f\xe1\xff\x03\x88")))
	if count(got, "weird HTTP2_headers_lost") != 1 {
		t.Errorf("a large table: %q", got)
	}
	many := slices.Clone(start)
	for i := range 5 {
		many = append(many, ">"+frame(frameHeaders, flagEndHeaders, uint32(2*i+1), newCoder().fields(get, ":path: /")))
	}
	got = play(t, o, 100, many)
	if count(got, "weird HTTP2_too_many_streams") != 3 || count(got, "done") != 5 || got[2] != "done 1 0 0" && got[3] != "done 1 0 0" {
		t.Errorf("many streams: %q", got)
	}
}

// TestMemory checks that a connection gives back what it held.
func TestMemory(t *testing.T) {
	for _, c := range talks() {
		b, p, _ := newBench(t, DefaultOptions())
		b.Play(&p.Protocol.Protocol, 3, c.parts)
		if n := b.Table.StateHeld(); n != 0 {
			t.Errorf("%s: %d bytes are held at the end", c.name, n)
		}
	}
}

func FuzzHTTP2(f *testing.F) {
	for _, c := range talks() {
		var parts []string
		for _, p := range c.parts {
			if !strings.HasPrefix(p[1:], "~") {
				parts = append(parts, p[:1]+strings.TrimPrefix(p[1:], preface))
			}
		}
		f.Add([]byte(strings.Join(parts, "\x00\xfe\xff")), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, n uint8) {
		if len(in) > 1<<14 {
			return
		}
		parts := []string{">" + preface}
		for _, p := range strings.Split(string(in), "\x00\xfe\xff") {
			if len(p) > 1 && (p[0] == '<' || p[0] == '>') && p[1] != '~' {
				parts = append(parts, p)
			}
		}
		o := DefaultOptions()
		o.Block, o.List, o.Streams = 2048, 2048, 10
		whole, pieces := play(t, o, 1<<20, parts), play(t, o, int(n)+1, parts)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}

// request and reply of typical size, whose headers are in the tables of both sides.
func steady(b *testconn.Bench, p *Protocol) func() {
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol.Protocol)
	a.Data(true, []byte(preface+settings))
	a.Data(false, []byte(settings))
	cc, sc := newCoder(), newCoder()
	ask := []string{get, ":scheme: http", ":path: /index.html", ":authority: www.example.org", "user-agent: Mozilla/5.0 (X11; Linux x86_64)", "accept: text/html", "accept-encoding: gzip"}
	answer := []string{":status: 200", "server: nginx", "content-type: text/html; charset=utf-8", "content-length: 13"}
	id := uint32(1)
	round := func(q, r string) {
		x := []byte(frame(frameHeaders, flagEndStream|flagEndHeaders, id, q))
		y := []byte(frame(frameHeaders, flagEndHeaders, id, r) + frame(frameData, flagEndStream, id, "<html></html>"))
		a.Data(true, x)
		a.Data(false, y)
		id += 2
	}
	round(cc.fields(ask...), sc.fields(answer...))
	q := []byte(frame(frameHeaders, flagEndStream|flagEndHeaders, 0, cc.fields(ask...)))
	r := []byte(frame(frameHeaders, flagEndHeaders, 0, sc.fields(answer...)))
	data := []byte(frame(frameData, flagEndStream, 0, "<html></html>"))
	return func() {
		for _, b := range [][]byte{q, r, data} {
			binary.BigEndian.PutUint32(b[5:], id)
		}
		a.Data(true, q)
		a.Data(false, r)
		a.Data(false, data)
		id += 2
	}
}
