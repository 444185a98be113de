package http

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// recorder records events. It joins adjacent pieces of a body, so that results do not
// depend on segmentation.
type recorder struct {
	lines []string
	data  bool
	raw   []byte
}

func (r *recorder) add(format string, a ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, a...))
	r.data = false
}

func arrow(isOrig bool) string {
	if isOrig {
		return ">"
	}
	return "<"
}

func newBench(t testing.TB) (*testconn.Bench, *recorder, *detect.Protocol) {
	b := testconn.New(t, testconn.Config())
	rec := new(recorder)
	h := &b.Hooks.HTTP
	h.Request.Listen(func(e *event.HTTPRequest) {
		rec.add("request %s %s %s %s", e.Method, e.OriginalURI, e.UnescapedURI, e.Version)
	})
	h.Reply.Listen(func(e *event.HTTPReply) { rec.add("reply %s %d %s", e.Version, e.Code, e.Reason) })
	h.BeginEntity.Listen(func(e *event.HTTPBeginEntity) { rec.add("%s(", arrow(e.IsOrig)) })
	h.EndEntity.Listen(func(e *event.HTTPEndEntity) { rec.add("%s)", arrow(e.IsOrig)) })
	h.Header.Listen(func(e *event.HTTPHeader) {
		rec.add("%s %s=%s", arrow(e.IsOrig), e.Name, e.Value)
	})
	h.AllHeaders.Listen(func(e *event.HTTPAllHeaders) {
		s := ""
		for _, x := range e.HList {
			s += fmt.Sprintf(" %s/%s", x.OriginalName, x.Value)
		}
		rec.add("%s all%s", arrow(e.IsOrig), s)
	})
	h.ContentType.Listen(func(e *event.HTTPContentType) { rec.add("%s %s/%s", arrow(e.IsOrig), e.Ty, e.Subty) })
	h.EntityData.Listen(func(e *event.HTTPEntityData) {
		if !rec.data {
			rec.add("")
			rec.raw = nil
		}
		rec.data = true
		rec.raw = append(rec.raw, e.Data...)
		rec.lines[len(rec.lines)-1] = fmt.Sprintf("%s data %q", arrow(e.IsOrig), rec.raw)
	})
	h.MessageDone.Listen(func(e *event.HTTPMessageDone) {
		s := &e.Stat
		rec.add("%s done %v body %d gap %d: %s", arrow(e.IsOrig), s.Interrupted, s.BodyLength, s.ContentGapLength, s.FinishMsg)
	})
	h.Event.Listen(func(e *event.HTTPEvent) { rec.add("event %s: %s", e.EventType, e.Detail) })
	h.Stats.Listen(func(e *event.HTTPStats) {
		rec.add("stats %d %d %.1f %.1f", e.Stats.NumRequests, e.Stats.NumReplies, e.Stats.RequestVersion, e.Stats.ReplyVersion)
	})
	h.ConnectionUpgrade.Listen(func(e *event.HTTPConnectionUpgrade) { rec.add("upgrade %s", e.Protocol) })
	b.Hooks.WebSocket.Established.Listen(func(*event.WebSocketEstablished) { rec.add("websocket") })
	b.Hooks.WebSocket.Frame.Listen(func(e *event.WebSocketFrame) { rec.add("%s frame %d", arrow(e.IsOrig), e.PayloadLen) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { rec.add("weird %s %s (%s)", e.Name, e.Addl, e.Source) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { rec.add("violation %s", e.Info.Reason) })
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, Successors{WebSocket: websocket.New(b.Hooks)}, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	return b, rec, p
}

// play feeds the parts in pieces of n bytes and returns the recorded lines. The first byte
// of a part, '>' or '<', is the side that sends the rest; the rest "~" ends the side, and
// "~n" is a gap of n bytes.
func play(t testing.TB, n int, parts []string) []string {
	b, rec, p := newBench(t)
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	for _, s := range parts {
		isOrig, rest := s[0] == '>', s[1:]
		var gap uint64
		switch {
		case rest == "~":
			a.End(isOrig)
		case strings.HasPrefix(rest, "~"):
			fmt.Sscanf(rest, "~%d", &gap)
			a.Gap(isOrig, gap)
		default:
			for d := []byte(rest); len(d) > 0; {
				k := min(n, len(d))
				a.Data(isOrig, bytes.Clone(d[:k]))
				d = d[k:]
			}
		}
	}
	b.Table.Remove(c)
	return rec.lines
}

const (
	get     = ">GET /a%20b HTTP/1.1\r\nHost: h\r\n\r\n"
	getSeen = "request GET /a%20b /a b 1.1|>(|> HOST=h|> all Host/h|> TEXT/PLAIN|>)|> done false body 0 gap 0: message ends normally"
	ok      = "<HTTP/1.1 200 OK\r\n"
)

var cases = []struct {
	name  string
	parts []string
	want  string // lines, separated by |
}{
	{"length", []string{get, ok + "Content-Length: 3\r\n\r\nabc"},
		getSeen + "|reply 1.1 200 OK|<(|< CONTENT-LENGTH=3|< all Content-Length/3|< TEXT/PLAIN|< data \"abc\"|<)|" +
			"< done false body 3 gap 0: message ends normally|stats 1 1 1.1 1.1"},
	{"credentials", []string{">GET / HTTP/1.1\r\nAuthorization: Basic  dXNlcg\r\nProxy-Authorization: bAsIc dTpw!?\r\nAuthorization: Digest !\r\n\r\n"},
		"request GET / / 1.1|>(|weird base64_illegal_encoding incomplete base64 group, padding with 12 bits of 0 ()|> AUTHORIZATION=Basic  dXNlcg|" +
			"weird base64_illegal_encoding character 33 ignored by Base64 decoding ()|> PROXY-AUTHORIZATION=bAsIc dTpw!?|> AUTHORIZATION=Digest !|" +
			"> all Authorization/Basic  dXNlcg Proxy-Authorization/bAsIc dTpw!? Authorization/Digest !|> TEXT/PLAIN|>)|" +
			"> done false body 0 gap 0: message ends normally|stats 1 0 1.1 0.0"},
	{"chunked", []string{get, ok + "Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: x\r\n\r\n"},
		getSeen + "|reply 1.1 200 OK|<(|< TRANSFER-ENCODING=chunked|< all Transfer-Encoding/chunked|< TEXT/PLAIN|< data \"abc0123456789\"|" +
			"< T=x|<)|< done false body 13 gap 0: message ends normally|stats 1 1 1.1 1.1"},
	{"until the end of the connection", []string{get, ok + "Connection: close\r\n\r\nab\r\nc", "<~"},
		getSeen + "|reply 1.1 200 OK|<(|< CONNECTION=close|< all Connection/close|< TEXT/PLAIN|< data \"ab\\r\\nc\"|<)|" +
			"< done false body 5 gap 0: message ends as connection contents are completely delivered|stats 1 1 1.1 1.1"},
	{"gap in a body", []string{get, ok + "Content-Length: 9\r\n\r\nabc", "<~4", "<hi"},
		getSeen + "|reply 1.1 200 OK|<(|< CONTENT-LENGTH=9|< all Content-Length/9|< TEXT/PLAIN|< data \"abc\"|event content gap: seq=42, len=4|" +
			"< data \"hi\"|<)|< done false body 9 gap 4: message ends normally|stats 1 1 1.1 1.1"},
	{"gap in a header", []string{get, ok + "Content-Le", "<~4", "<HTTP/1.1 200 OK\r\n"},
		getSeen + "|reply 1.1 200 OK|<(|event content gap: seq=28, len=4|< all|< TEXT/PLAIN|event illegal format: entity body missing|<)|" +
			"< done true body 0 gap 0: message interrupted by a content gap|stats 1 1 1.1 1.1"},
	{"head", []string{">HEAD / HTTP/1.0\r\n\r\n", "<HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n"},
		"request HEAD / / 1.0|>(|> all|> TEXT/PLAIN|>)|> done false body 0 gap 0: message ends normally|" +
			"reply 1.0 200 OK|<(|< CONTENT-LENGTH=3|< all Content-Length/3|< TEXT/PLAIN|<)|< done false body 0 gap 0: message ends normally|stats 1 1 1.0 1.0"},
	{"simple", []string{">GET /x\r\n\r\n", "<a\r\nb", "<~"},
		"request GET /x /x 0.9|>(|> all|> TEXT/PLAIN|>)|> done false body 0 gap 0: message ends normally|" +
			"reply 0.9 0 <empty>|<(|< all|< TEXT/PLAIN|< data \"a\\r\\nb\"|<)|< done false body 4 gap 0: message ends as connection contents are completely delivered|stats 1 0 0.9 0.9"},
	{"continue", []string{">PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "<HTTP/1.1 100 Continue\r\n\r\n", ">ab", "<HTTP/1.1 204 No\r\n\r\n"},
		"request PUT / / 1.1|>(|> EXPECT=100-continue|> CONTENT-LENGTH=2|> all Expect/100-continue Content-Length/2|> TEXT/PLAIN|" +
			"reply 1.1 100 Continue|<(|< all|< TEXT/PLAIN|<)|< done false body 0 gap 0: message ends normally|" +
			"> data \"ab\"|>)|> done false body 2 gap 0: message ends normally|" +
			"reply 1.1 204 No|<(|< all|< TEXT/PLAIN|<)|< done false body 0 gap 0: message ends normally|stats 1 2 1.1 1.1"},
	{"not http", []string{">\x16\x03\x01\r\n", "<SSH-2.0\r\n"},
		"weird bad_HTTP_request  (HTTP)|event bad_HTTP_reply: SSH-2.0|violation not a http request line|stats 0 0 0.0 0.0"},
	{"connect", []string{">CONNECT h:443 HTTP/1.1\r\n\r\n", "<HTTP/1.1 200 OK\r\n\r\n", ">GET / HTTP/1.0\r\n\r\n", "<HTTP/1.0 404 Not\r\n\r\n"},
		"request CONNECT h:443 h:443 1.1|>(|> all|> TEXT/PLAIN|>)|> done false body 0 gap 0: message ends normally|reply 1.1 200 OK|<(|< all|< TEXT/PLAIN|" +
			"request GET / / 1.0|>(|> all|> TEXT/PLAIN|>)|> done false body 0 gap 0: message ends normally|reply 1.0 404 Not|<(|< all|< TEXT/PLAIN|" +
			"<)|< done true body 0 gap 0: message interrupted when connection done|" +
			"<)|< done true body 0 gap 0: message interrupted when connection done|stats 1 1 1.0 1.0|stats 1 1 1.1 1.1"},
	{"websocket", []string{">GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"<HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "<\x89\x00"},
		"request GET / / 1.1|>(|> SEC-WEBSOCKET-KEY=dGhlIHNhbXBsZSBub25jZQ==|> all Sec-WebSocket-Key/dGhlIHNhbXBsZSBub25jZQ==|> TEXT/PLAIN|>)|" +
			"> done false body 0 gap 0: message ends normally|reply 1.1 101 Go|<(|< CONNECTION=Upgrade|< UPGRADE=websocket|" +
			"< SEC-WEBSOCKET-ACCEPT=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|< all Connection/Upgrade Upgrade/websocket Sec-WebSocket-Accept/s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|" +
			"< TEXT/PLAIN|<)|< done false body 0 gap 0: message ends normally|websocket|upgrade websocket|< frame 0|stats 1 1 1.1 1.1"},
	{"multipart", []string{">POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 29\r\n\r\n--b\r\nA: x\r\n\r\none\n\r\ntwo\r\n--b--", "<~", ">~"},
		"request POST / / 1.1|>(|> CONTENT-TYPE=multipart/form-data; boundary=b|> CONTENT-LENGTH=29|" +
			"> all Content-Type/multipart/form-data; boundary=b Content-Length/29|> MULTIPART/FORM-DATA|" +
			">(|> A=x|> all A/x|> TEXT/PLAIN|> data \"one\\n\\r\\ntwo\"|>)|>)|" +
			"> done false body 29 gap 0: message ends normally|stats 1 0 1.1 0.0"},
	{"chunk size", []string{get, ok + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc", "<~"},
		getSeen + "|reply 1.1 200 OK|<(|< TRANSFER-ENCODING=chunked|< all Transfer-Encoding/chunked|< TEXT/PLAIN|< data \"abc\"|<)|" +
			"< done false body 3 gap 0: message ends as connection contents are completely delivered|stats 1 1 1.1 1.1"},
	{"length that overflows", []string{get, ok + "Content-Length: 99999999999999999999\r\n\r\n"},
		getSeen + "|reply 1.1 200 OK|<(|weird HTTP_bad_content_length 99999999999999999999 (HTTP)|< CONTENT-LENGTH=99999999999999999999|" +
			"< all Content-Length/99999999999999999999|< TEXT/PLAIN|<)|< done false body 0 gap 0: message ends normally|stats 1 1 1.1 1.1"},
}

func TestMessages(t *testing.T) {
	for _, c := range cases {
		for _, n := range []int{1 << 20, 1, 3} {
			if got := strings.Join(play(t, n, c.parts), "|"); got != c.want {
				t.Errorf("%s, in pieces of %d bytes:\n%s\nwant\n%s", c.name, n, strings.ReplaceAll(got, "|", "\n"), strings.ReplaceAll(c.want, "|", "\n"))
				break
			}
		}
	}
}

func gzipped(data []byte) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.String()
}

func TestCodings(t *testing.T) {
	z := gzipped([]byte("hello"))
	reply := fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(z), z)
	if got := play(t, 1<<20, []string{get, reply}); !slices.Contains(got, `< data "hello"`) {
		t.Errorf("the body is not decompressed: %q", got)
	}
	// A decompression bomb is abandoned.
	z = gzipped(make([]byte, 64<<20))
	reply = fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(z), z)
	b, rec, p := newBench(t)
	b.Hooks.HTTP.EntityData = event.HTTPEntityDataHook{}
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	a.Data(true, []byte(get[1:]))
	a.Data(false, []byte(reply[1:]))
	if !slices.ContainsFunc(rec.lines, func(s string) bool { return strings.HasPrefix(s, "weird HTTP_inflated_too_large") }) {
		t.Errorf("a bomb raises no weird: %q", rec.lines)
	}
}

// TestEndless checks that endless headers are kept only in part.
func TestEndless(t *testing.T) {
	b, rec, p := newBench(t)
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol).(*analyzer)
	a.Data(true, []byte("GET / HTTP/1.1\r\nA: b\r\n"))
	line := append(bytes.Repeat([]byte(" x"), 500), "\r\n"...)
	for range 20000 {
		a.Data(true, line)
	}
	e := a.side[0].msg.top
	e.SetInHeader()
	a.Data(true, []byte("\r\n"))
	if n := len(rec.lines); n > 100 {
		t.Errorf("%d lines, want at most 100", n)
	}
	for _, s := range rec.lines {
		if len(s) > 1<<17 {
			t.Errorf("a line has %d bytes", len(s))
		}
	}
}

// TestPipelining sends more requests without replies than are kept.
func TestPipelining(t *testing.T) {
	parts := slices.Repeat([]string{get}, 10000)
	got := play(t, 1<<20, parts)
	if !slices.Contains(got, "weird HTTP_excessive_pipelining  ()") {
		t.Error("excessive pipelining raises no weird")
	}
	if last := got[len(got)-1]; last != "stats 10000 0 1.1 0.0" {
		t.Errorf("last line is %q", last)
	}
}

func TestSkipEntityData(t *testing.T) {
	b, rec, p := newBench(t)
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	if SkipEntityData(c, false) {
		t.Error("SkipEntityData finds HTTP before its analyzer is attached")
	}
	a := b.Attach(c, &p.Protocol)
	a.Data(true, []byte(get[1:]))
	a.Data(false, []byte(ok[1:]+"Content-Length: 4\r\n\r\nab"))
	if !SkipEntityData(c, false) {
		t.Error("SkipEntityData does not find HTTP")
	}
	a.Data(false, []byte("cd"))
	if slices.ContainsFunc(rec.lines, func(s string) bool { return strings.Contains(s, "cd") }) {
		t.Errorf("skipped data is reported: %q", rec.lines)
	}
}

func TestUnescapeURI(t *testing.T) {
	for in, want := range map[string]string{
		"/a%20b": "/a b", "%": "%", "%4": "%4", "%%41": "A", "%zz": "%zz", "%u0041%u1234": "A\x12\x34", "%41%42": "AB",
	} {
		if got := string(event.UnescapeURI(nil, []byte(in), nil)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSignatures(t *testing.T) {
	for s, want := range map[string]detect.Verdict{
		"GET /": detect.Match, " \r\nPOST": detect.Match, "get": detect.NoMatch, "SSH": detect.NoMatch, "": detect.NeedMore,
		"BIND": detect.Match, "BIN": detect.NeedMore, "M-SEARCH": detect.NoMatch,
	} {
		if got := looksLikeRequest([]byte(s)); got != want {
			t.Errorf("looksLikeRequest(%q) = %v, want %v", s, got, want)
		}
	}
	for s, want := range map[string]bool{"HTTP/1": true, "http/0.9": true, "HTTP/x": false, "HTTP": false} {
		if got := looksLikeReply([]byte(s)); got != want {
			t.Errorf("looksLikeReply(%q) = %v, want %v", s, got, want)
		}
	}
}

// FuzzHTTP checks that segmentation does not change the result.
func FuzzHTTP(f *testing.F) {
	for _, c := range cases {
		var s []string
		for _, p := range c.parts {
			if !strings.HasPrefix(p[1:], "~") {
				s = append(s, p)
			}
		}
		f.Add(strings.Join(s, "\xff"), uint8(2))
	}
	f.Add(get+"\xff"+ok+"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"+gzipped([]byte("hello")), uint8(4))
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		var parts []string
		for _, p := range strings.Split(text, "\xff") {
			if len(p) > 1 && (p[0] == '<' || p[0] == '>') && p[1] != '~' {
				parts = append(parts, p)
			}
		}
		if len(parts) > 20 || len(text) > 1<<14 {
			return
		}
		// Whether data arrives together with a reply depends on segmentation.
		drop := func(lines []string) []string {
			return slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "weird protocol_data_with_") })
		}
		whole := drop(play(t, 1<<20, parts))
		pieces := drop(play(t, int(n)+1, parts))
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}
