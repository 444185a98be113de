package logs

import (
	"fmt"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// httpFile is a file that tests describe.
type httpFile struct {
	event.File
	fuid   value.UID
	isOrig bool
	name   string
	named  bool
	slots  [4]any
}

func (f *httpFile) FUID() value.UID                    { return f.fuid }
func (f *httpFile) Source() string                     { return "HTTP" }
func (f *httpFile) IsOrig() (bool, bool)               { return f.isOrig, true }
func (f *httpFile) Filename() (string, bool)           { return f.name, f.named }
func (f *httpFile) SetFilename(b []byte)               { f.name, f.named = string(b), true }
func (f *httpFile) Slot(s event.FileSlot) any          { return f.slots[s] }
func (f *httpFile) SetSlot(s event.FileSlot, v any)    { f.slots[s] = v }
func (f *httpFile) Analyzers(dst []string) []string    { return dst }
func (f *httpFile) Conns() []event.FileConn            { return nil }
func (f *httpFile) TotalBytes() (n uint64, known bool) { return 0, false }

// httpBench drives the HTTP builder.
type httpBench struct {
	*bench
	h *event.HTTPEvents
	c *fakeConn
}

func newHTTPBench(t *testing.T, log string) *httpBench {
	b := newBench(t, log)
	return &httpBench{b, &b.hooks.HTTP, &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:80"), uid: uid(1)}}
}

func (b *httpBench) request(method, uri string, headers ...string) {
	m, u := []byte(method), []byte(uri)
	b.h.Request.Raise(&event.HTTPRequest{Conn: b.c, Method: m, OriginalURI: u, UnescapedURI: u, Version: "1.1"})
	b.entity(true, headers)
	copy(u, "gone")
}

func (b *httpBench) reply(code uint64, reason string, headers ...string) {
	b.h.Reply.Raise(&event.HTTPReply{Conn: b.c, Version: "1.1", Code: code, Reason: []byte(reason)})
	b.entity(false, headers)
}

// entity begins an entity with headers, which are names and values.
func (b *httpBench) entity(isOrig bool, headers []string) {
	b.h.BeginEntity.Raise(&event.HTTPBeginEntity{Conn: b.c, IsOrig: isOrig})
	for i := 0; i < len(headers); i += 2 {
		name, value := []byte(headers[i]), []byte(headers[i+1])
		b.h.Header.Raise(&event.HTTPHeader{Conn: b.c, IsOrig: isOrig, OriginalName: name, Name: name, Value: value})
		copy(value, "gone")
	}
}

func (b *httpBench) done(isOrig bool, body uint64) {
	b.h.EndEntity.Raise(&event.HTTPEndEntity{Conn: b.c, IsOrig: isOrig})
	b.h.MessageDone.Raise(&event.HTTPMessageDone{Conn: b.c, IsOrig: isOrig, Stat: event.HTTPMessageStat{BodyLength: body}})
}

func (b *httpBench) remove() {
	endConn(&b.hooks, b.c)
}

const (
	httpID   = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=80"
	httpRow  = "http ts=%d" + httpID + " trans_depth=%d %s tags=%s"
	noBodies = "request_body_len=0 response_body_len=0"
)

func row(ts, depth int, middle, end string) string {
	if end != "" {
		end = " " + end
	}
	return fmt.Sprintf(httpRow, ts, depth, middle, end)
}

func TestHTTP(t *testing.T) {
	b := newHTTPBench(t, "http")
	b.now = 1e9
	b.request("GET", "/a b", "HOST", "h:81", "USER-AGENT", "ua", "REFERER", "r", "ORIGIN", "o",
		"AUTHORIZATION", "Basic dXNlcjpwYXNz", "VIA", "1.1 p", "VIA", "1.1 p")
	b.done(true, 3)
	b.now = 2e9
	b.reply(200, "OK")
	b.done(false, 5)
	b.out.expect(t, row(1, 1, "method=GET host=h:81 uri=/a b referrer=r version=1.1 user_agent=ua origin=o request_body_len=3 response_body_len=5 status_code=200 status_msg=OK",
		"username=user proxied=VIA -> 1.1 p,"))

	// Two requests before their replies, the first of them with an informational one.
	b.request("PUT", "/1")
	b.done(true, 0)
	b.request("GET", "/2")
	b.done(true, 0)
	b.reply(100, "Continue")
	b.done(false, 0)
	b.out.expect(t)
	b.reply(204, "No")
	b.done(false, 0)
	b.out.expect(t, row(2, 2, "method=PUT uri=/1 version=1.1 "+noBodies+" status_code=204 status_msg=No info_code=100 info_msg=Continue", ""))
	b.remove()
	b.out.expect(t, row(2, 3, "method=GET uri=/2 "+noBodies, ""))

	// A reply without a request, and a user name that cannot be decoded.
	b.reply(404, "Not")
	b.done(false, 1)
	b.out.expect(t, row(2, 1, "version=1.1 request_body_len=0 response_body_len=1 status_code=404 status_msg=Not", ""))
	b.request("GET", "/", "PROXY-AUTHORIZATION", "basic  *")
	b.remove()
	b.out.expect(t, row(2, 2, "method=GET uri=/ "+noBodies, "username=<problem-decoding> (basic  *)"))
	b.remove()
	b.out.expect(t)
}

func TestHTTPPipelining(t *testing.T) {
	b := newHTTPBench(t, "http")
	for range 102 {
		b.request("GET", "/")
	}
	if n := len(b.out.rows); n != 100 {
		t.Errorf("%d rows after 102 requests without a reply", n)
	}
}

func TestHTTPFiles(t *testing.T) {
	b := newHTTPBench(t, "http")
	b.now = 1e9
	over := func(f *httpFile) {
		b.hooks.File.OverNewConnection.Raise(&event.FileOverNewConnection{File: f, Conn: b.c, IsOrig: f.isOrig})
	}
	sniff := func(f *httpFile, mime string) {
		b.hooks.File.Sniff.Raise(&event.FileSniff{File: f, Meta: event.FileMetadata{MIMEType: value.Some(mime)}})
	}
	up := &httpFile{fuid: value.MakeUID('F', 0, 1), isOrig: true}
	down := &httpFile{fuid: value.MakeUID('F', 0, 2)}
	b.request("POST", "/", "CONTENT-TYPE", "text/plain; name=a%20b.txt")
	over(up)
	sniff(up, "text/plain")
	b.done(true, 1)
	b.reply(200, "OK", "CONTENT-DISPOSITION", `attachment; filename="x y.gif"; size=3`)
	over(down)
	sniff(down, "image/gif")
	b.done(false, 1)
	b.out.expect(t, row(1, 1, "method=POST uri=/ version=1.1 request_body_len=1 response_body_len=1 status_code=200 status_msg=OK",
		"orig_fuids=F1, orig_filenames=a b.txt, orig_mime_types=text/plain, resp_fuids=F2, resp_filenames=x y.gif, resp_mime_types=image/gif,"))
	sniff(down, "late/late") // its row is written
	if up.slots != [4]any{} || down.slots != [4]any{} {
		t.Error("a file refers to a row that is written")
	}
}

func TestWebSocket(t *testing.T) {
	b := newHTTPBench(t, "websocket")
	b.now = 3e9
	b.request("GET", "/ws", "HOST", "h", "SEC-WEBSOCKET-PROTOCOL", "a , b", "SEC-WEBSOCKET-EXTENSIONS", "x; y=1")
	b.reply(101, "Go", "SEC-WEBSOCKET-PROTOCOL", "b", "SEC-WEBSOCKET-EXTENSIONS", "x")
	b.hooks.WebSocket.Established.Raise(&event.WebSocketEstablished{Conn: b.c, AID: 1})
	b.out.expect(t, "websocket ts=3"+httpID+" host=h uri=/ws subprotocol=b client_protocols=a,b, server_extensions=x, client_extensions=x; y=1,")
}

func TestFilename(t *testing.T) {
	for value, want := range map[string]string{
		`attachment; filename=a.txt`:                   "a.txt",
		`attachment; FileName = "a b";x="y"`:           "a b",
		`attachment; filename*=UTF-8'en'%e2%82%ac.txt`: "\u20ac.txt",
		`attachment; filename="unclosed`:               "unclosed",
		`attachment; filename=a; filename=b`:           "b",
		`text/plain; name=c`:                           "c",
		`nothing`:                                      "nothing",
	} {
		if got := string(appendFilename(nil, []byte(value))); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestBasicUser(t *testing.T) {
	for value, want := range map[string]string{
		"Basic dXNlcjpwYXNz": "user", "bAsIc  dTpwOnE": "u", "Basic dXNlcg==": "<problem-decoding> (Basic dXNlcg==)",
		"Digest x": "none", "Basic": "none",
	} {
		user, ok := basicUser(nil, []byte(value))
		if !ok {
			user = []byte("none")
		}
		if string(user) != want {
			t.Errorf("%s: %q, want %q", value, user, want)
		}
	}
}
