//go:build !poison

package gnutella

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// listened returns what makes analyzers of one connection, with listeners that do nothing.
func listened(t testing.TB) func() conn.Analyzer {
	b, p := newBench(t, testconn.Config(), DefaultOptions())
	h := &b.Hooks.Gnutella
	h.TextMsg.Listen(func(*event.GnutellaTextMsg) {})
	h.Establish.Listen(func(*event.GnutellaEstablish) {})
	h.BinaryMsg.Listen(func(*event.GnutellaBinaryMsg) {})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return func() conn.Analyzer { return p.New(b.Table.Nested(c, &p.Protocol)) }
}

// shake feeds the handshake in pieces of n bytes.
func shake(a conn.Analyzer, handshake [][]byte, n int) {
	for i, b := range handshake {
		for len(b) > 0 {
			k := min(n, len(b))
			a.Data(i != 1, b[:k])
			b = b[k:]
		}
	}
}

// TestAllocations checks that a conversation allocates nothing, whole or in parts.
func TestAllocations(t *testing.T) {
	newAnalyzer := listened(t)
	handshake := [][]byte{[]byte(connect[1:]), []byte(accept[1:]), []byte(confirm[1:])}
	messages := []byte(message(0, 0, "") + message(1, 14, strings.Repeat("p", 14)) + message(0x81, 3000, strings.Repeat("h", 3000)))
	for _, n := range []int{1 << 20, 50} {
		session := func() {
			a := newAnalyzer()
			shake(a, handshake, n)
			shake(a, [][]byte{messages, messages}, n)
			a.Done()
		}
		session()
		if got := testing.AllocsPerRun(100, session); got > 0 {
			t.Errorf("in pieces of %d: %v allocations a conversation", n, got)
		}
	}
}

func BenchmarkMessage(bm *testing.B) {
	a := listened(bm)()
	shake(a, [][]byte{[]byte(connect[1:]), []byte(accept[1:]), []byte(confirm[1:])}, 1<<20)
	query := []byte(message(0x80, 17, "\x00\x00some file name\x00"))
	bm.ReportAllocs()
	for bm.Loop() {
		a.Data(true, query)
	}
}

func BenchmarkHandshake(bm *testing.B) {
	newAnalyzer := listened(bm)
	handshake := [][]byte{
		[]byte("GNUTELLA CONNECT/0.6\r\nUser-Agent: LimeWire/4.0\r\nX-Ultrapeer: False\r\nX-Query-Routing: 0.1\r\n\r\n"),
		[]byte("GNUTELLA/0.6 200 OK\r\nUser-Agent: BearShare\r\nX-Ultrapeer: True\r\n\r\n"), []byte(confirm[1:]),
	}
	bm.ReportAllocs()
	for bm.Loop() { // three messages
		a := newAnalyzer()
		shake(a, handshake, 1<<20)
		a.Done()
	}
}
