//go:build !poison

package http

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// browserGet and serverReply are an exchange of typical size.
var (
	browserGet = []byte("GET /index.html?a=%20b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
		"Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate\r\nReferer: http://www.example.org/\r\nConnection: keep-alive\r\n\r\n")
	serverReply = []byte("HTTP/1.1 200 OK\r\nDate: Thu, 07 Mar 2013 21:43:07 GMT\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\n" +
		"Content-Length: 13\r\nConnection: keep-alive\r\n\r\n<html></html>")
)

func newSilent(t testing.TB) (*testconn.Bench, *detect.Protocol, *conn.Conn) {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.HTTP
	h.Request.Listen(func(*event.HTTPRequest) {})
	h.Reply.Listen(func(*event.HTTPReply) {})
	h.BeginEntity.Listen(func(*event.HTTPBeginEntity) {})
	h.EndEntity.Listen(func(*event.HTTPEndEntity) {})
	h.Header.Listen(func(*event.HTTPHeader) {})
	h.AllHeaders.Listen(func(*event.HTTPAllHeaders) {})
	h.ContentType.Listen(func(*event.HTTPContentType) {})
	h.MessageDone.Listen(func(*event.HTTPMessageDone) {})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, Successors{WebSocket: websocket.New(b.Hooks)}, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return b, p, c
}

// TestAllocations checks that an exchange, or a connection, allocates nothing once the
// free lists are filled.
func TestAllocations(t *testing.T) {
	b, p, c := newSilent(t)
	a := b.Attach(c, &p.Protocol)
	exchange := func() {
		a.Data(true, browserGet)
		a.Data(false, serverReply)
	}
	exchange()
	if n := testing.AllocsPerRun(100, exchange); n > 0 {
		t.Errorf("an exchange makes %v allocations", n)
	}
	a.Done()
	if n := testing.AllocsPerRun(100, func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		a.Data(true, browserGet)
		a.Data(false, serverReply)
		a.Done()
	}); n > 0 {
		t.Errorf("a connection makes %v allocations", n)
	}
}

func BenchmarkExchange(bb *testing.B) {
	b, p, c := newSilent(bb)
	a := b.Attach(c, &p.Protocol)
	bb.SetBytes(int64(len(browserGet) + len(serverReply)))
	bb.ReportAllocs()
	for bb.Loop() {
		a.Data(true, browserGet)
		a.Data(false, serverReply)
	}
}
