//go:build !poison

package postgresql

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays a login and 20 queries with 10 rows each on a new
// analyzer, the number of messages, and their size in bytes. If cut is set, they come in two
// segments.
func session(t testing.TB, cut bool) (play func(), messages, size int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.PostgreSQL.StartupParameter.Listen(func(*event.PostgreSQLStartupParameter) {})
	b.Hooks.PostgreSQL.SimpleQuery.Listen(func(*event.PostgreSQLSimpleQuery) {})
	b.Hooks.PostgreSQL.DataRow.Listen(func(*event.PostgreSQLDataRow) {})
	b.Hooks.PostgreSQL.ReadyForQuery.Listen(func(*event.PostgreSQLReadyForQuery) {})
	p := New(b.Hooks, nil, Options{})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	talk := []string{">" + sslAsked, "<N", login[0], login[1]}
	messages = 6
	for range 20 {
		talk = append(talk, ">"+msg('Q', "SELECT name, price FROM goods WHERE id = 1\x00"), "<"+msg('T', strings.Repeat("x", 60))+strings.Repeat(msg('D', "\x00\x02", be32(4), "lamp", be32(4), "12.5"), 10)+msg('C', "SELECT 10\x00")+ready)
		messages += 14
	}
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
	}, messages, size
}

func TestAllocations(t *testing.T) {
	for _, cut := range []bool{false, true} {
		play, _, _ := session(t, cut)
		play()
		if n := testing.AllocsPerRun(100, play); n > 0 {
			t.Errorf("%v allocations, cut %t", n, cut)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	play, messages, size := session(b, false)
	b.SetBytes(int64(size / messages))
	b.ReportAllocs()
	for n := 0; n < b.N; n += messages {
		play()
	}
}
