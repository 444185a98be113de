//go:build !poison

package redis

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays commands and replies, in one segment each or, if
// cut is set, in two, and their number.
func session(t testing.TB, cut bool) (play func(), messages int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.Redis.Command.Listen(func(*event.RedisCommand) {})
	b.Hooks.Redis.SetCommand.Listen(func(*event.RedisSetCommand) {})
	b.Hooks.Redis.Reply.Listen(func(*event.RedisReply) {})
	p := New(b.Hooks, DefaultOptions())
	a := b.New(&p.Protocol)
	talk := []string{
		">" + request("SET", "session:12345", "a value of some length", "EX", "3600"), "<+OK\r\n",
		">" + request("GET", "session:12345"), "<$22\r\na value of some length\r\n",
		">" + request("HGETALL", "user:1"), "<*4\r\n$4\r\nname\r\n$3\r\nEve\r\n$3\r\nage\r\n$2\r\n42\r\n",
		">PING\r\n", "<+PONG\r\n",
	}
	segments := make([][]byte, len(talk))
	for i, s := range talk {
		segments[i] = []byte(s[1:])
	}
	return func() {
		for i, s := range segments {
			n := 0
			if cut {
				n = len(s) / 2
				a.Data(talk[i][0] == '>', s[:n])
			}
			a.Data(talk[i][0] == '>', s[n:])
		}
	}, len(talk)
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

func BenchmarkMessage(b *testing.B) {
	play, messages := session(b, false)
	b.ReportAllocs()
	for i := 0; i < b.N; i += messages {
		play()
	}
}
