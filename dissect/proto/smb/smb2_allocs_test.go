//go:build !poison

package smb

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// reading returns a connection with an open file, and listens to its events.
func reading(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.SMB
	h.SMB2Message.Listen(func(*event.SMB2Message) {})
	h.SMB2ReadRequest.Listen(func(*event.SMB2ReadRequest) {})
	h.SMB2WriteRequest.Listen(func(*event.SMB2WriteRequest) {})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, Inner{}, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := p.New(b.Table.Nested(c, &p.Protocol))
	for _, s := range talk2()[:4] {
		a.Data(s.isOrig, s.data)
	}
	return a
}

// exchange is a read or write and its reply, with the message id mid and the offset.
type exchange struct {
	request, reply []byte
	at             int // of the offset in request
}

func (x *exchange) play(a conn.Analyzer, mid, offset uint64) {
	for _, b := range [][]byte{x.request, x.reply} {
		for i := range 8 {
			b[4+24+i] = byte(mid >> (8 * i))
		}
	}
	for i := range 8 {
		x.request[x.at+i] = byte(offset >> (8 * i))
	}
	a.Data(true, x.request)
	a.Data(false, x.reply)
}

func readExchange(n int) exchange {
	return exchange{frame2(readFile(0, 5, 12, 0, uint32(n))), frame2(contents(0, 5, make([]byte, n))), 4 + 64 + 8}
}

func writeExchange(n int) exchange {
	return exchange{frame2(writeFile(0, 5, 12, 0, make([]byte, n))), frame2(written(0, 5, n)), 4 + 64 + 8}
}

func TestAllocationsSMB2(t *testing.T) {
	for name, x := range map[string]exchange{"read": readExchange(1000), "write": writeExchange(1000)} {
		a := reading(t)
		mid := uint64(100)
		step := func() {
			x.play(a, mid, (mid-100)*1000)
			mid++
		}
		for range 50 {
			step()
		}
		if n := testing.AllocsPerRun(200, step); n > 0 {
			t.Errorf("%v allocations per %s", n, name)
		}
	}
}

func benchmark2(b *testing.B, x exchange, n int) {
	a := reading(b)
	mid := uint64(100)
	b.SetBytes(int64(len(x.request) + len(x.reply)))
	b.ReportAllocs()
	for b.Loop() {
		x.play(a, mid, (mid-100)*uint64(n))
		mid++
	}
}

// BenchmarkRead and BenchmarkWrite measure a request and its reply, for small and large pieces
// of a file.
func BenchmarkRead(b *testing.B)      { benchmark2(b, readExchange(512), 512) }
func BenchmarkReadLarge(b *testing.B) { benchmark2(b, readExchange(64<<10), 64<<10) }
func BenchmarkWrite(b *testing.B)     { benchmark2(b, writeExchange(512), 512) }

// BenchmarkReadSegments measures a large piece of a file that arrives in segments.
func BenchmarkReadSegments(b *testing.B) {
	a, x := reading(b), readExchange(64<<10)
	b.SetBytes(int64(len(x.request) + len(x.reply)))
	b.ReportAllocs()
	mid := uint64(100)
	for b.Loop() {
		for i := range 8 {
			x.request[x.at+i] = byte((mid - 100) << 16 >> (8 * i))
		}
		a.Data(true, x.request)
		for rest := x.reply; len(rest) > 0; {
			n := min(1448, len(rest))
			a.Data(false, rest[:n])
			rest = rest[n:]
		}
		mid++
	}
}
