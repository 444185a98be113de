//go:build !poison

package dcerpc

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

type chunk struct {
	isOrig bool
	data   []byte
}

// association returns a bind and a call, and an analyzer of a pipe that carries them.
func association(t testing.TB) (get func() conn.Analyzer, all []chunk, size int) {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.DCERPC
	h.Message.Listen(func(*event.DCERPCMessage) {})
	h.Bind.Listen(func(*event.DCERPCBind) {})
	h.BindAck.Listen(func(*event.DCERPCBindAck) {})
	h.Request.Listen(func(*event.DCERPCRequest) {})
	h.Response.Listen(func(*event.DCERPCResponse) {})
	_, pipes := New(b.Hooks, Security{}, DefaultOptions())
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	for _, s := range []string{
		">" + pdu(ptypeBind, whole, 1, contexts(uuidA, uuidB), ""), "<" + pdu(ptypeBindAck, whole, 1, accepted("135\x00"), ""),
		">" + pdu(ptypeRequest, flagFirst, 2, request(0, 7, strings.Repeat("x", 4000)), ""),
		">" + pdu(ptypeRequest, flagLast, 2, request(0, 7, strings.Repeat("x", 4000)), ""),
		"<" + pdu(ptypeResponse, whole, 2, response(0, strings.Repeat("x", 200)), ""),
	} {
		half := len(s) / 2
		all = append(all, chunk{s[0] == '>', []byte(s[1:half])}, chunk{s[0] == '>', []byte(s[half:])})
		size += len(s) - 1
	}
	use := b.Table.Nested(c, new(conn.Protocol))
	return func() conn.Analyzer { return pipes.OpenPipe(use, 1) }, all, size
}

func TestAllocations(t *testing.T) {
	get, all, _ := association(t)
	if n := testing.AllocsPerRun(100, func() {
		a := get()
		for _, s := range all {
			a.Data(s.isOrig, s.data)
		}
		a.Done()
	}); n != 0 {
		t.Errorf("%v allocations per association", n)
	}
}

// BenchmarkAssociation measures a bind and a call, each PDU in two segments.
func BenchmarkAssociation(b *testing.B) {
	get, all, size := association(b)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		a := get()
		for _, s := range all {
			a.Data(s.isOrig, s.data)
		}
		a.Done()
	}
}

// BenchmarkCall measures a request and a response in one segment each.
func BenchmarkCall(b *testing.B) {
	get, _, _ := association(b)
	a := get()
	req := []byte(pdu(ptypeRequest, whole, 2, request(0, 7, strings.Repeat("x", 200)), ""))
	resp := []byte(pdu(ptypeResponse, whole, 2, response(0, strings.Repeat("x", 200)), ""))
	b.SetBytes(int64(len(req) + len(resp)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, req)
		a.Data(false, resp)
	}
}
