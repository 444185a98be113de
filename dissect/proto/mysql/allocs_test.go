//go:build !poison

package mysql

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays a login and a query on a new analyzer, and the size
// of the session in bytes. If cut is set, packets come in two segments.
func session(t testing.TB, cut bool) (play func(), size int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.MySQL.CommandRequest.Listen(func(*event.MySQLCommandRequest) {})
	b.Hooks.MySQL.OK.Listen(func(*event.MySQLOK) {})
	b.Hooks.MySQL.ResultRow.Listen(func(*event.MySQLResultRow) {})
	p := New(b.Hooks, nil)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	rows := strings.Repeat(packet(5, text("some value")+"\xfb"), 20)
	talk := append(login(0), ">"+packet(0, "\x03select"), "<"+packet(1, "\x02")+packet(2, column("a"))+packet(3, column("b")),
		"<"+packet(4, "\xfe\x00\x00\x02\x00")+rows+packet(6, "\xfe\x00\x00\x02\x00"))
	segments := make([][]byte, len(talk))
	for i, s := range talk {
		segments[i] = []byte(s[1:])
		size += len(segments[i])
	}
	return func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		for i, s := range segments {
			n := 0
			if cut {
				n = len(s) / 2
			}
			a.Data(talk[i][0] == '>', s[:n])
			a.Data(talk[i][0] == '>', s[n:])
		}
		a.Done()
	}, size
}

func TestAllocations(t *testing.T) {
	for _, cut := range []bool{false, true} {
		play, _ := session(t, cut)
		play()
		if n := testing.AllocsPerRun(100, play); n > 0 {
			t.Errorf("%v allocations, cut %t", n, cut)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	play, size := session(b, false)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		play()
	}
}
