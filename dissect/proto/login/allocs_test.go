//go:build !poison

package login

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func listen(b *testconn.Bench) *conn.Conn {
	h := &b.Hooks.Login
	h.InputLine.Listen(func(*event.LoginInputLine) {})
	h.OutputLine.Listen(func(*event.LoginOutputLine) {})
	h.Success.Listen(func(*event.LoginSuccess) {})
	h.Confused.Listen(func(*event.LoginConfused) {})
	h.Terminal.Listen(func(*event.LoginTerminal) {})
	h.RshRequest.Listen(func(*event.RshRequest) {})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return c
}

// TestAllocations checks that a session allocates nothing once the buffers have grown.
func TestAllocations(t *testing.T) {
	for protocol, talk := range map[string][]string{
		"telnet": {sb + "\x18\x00vt100" + se + doCmd + "\x01", "login: ", "alice\r\n", "Password: ", "secret\r\n", "\r\nLast login: today\r\n", "ls\r\n", "file\r\n"},
		"rlogin": {"\x00me\x00joe\x00vt100/9600\x00", "\x00Last login: today\r\n", "ls\r", "file\r\n"},
		"rsh":    {"0\x00me\x00joe\x00id\x00", "\x00uid=0\n"},
	} {
		b, p := newBench(t, protocol, DefaultOptions())
		c := listen(b)
		var data [][]byte
		for _, s := range talk {
			data = append(data, []byte(s))
		}
		session := func() {
			a := p.New(b.Table.Nested(c, &p.Protocol))
			for i, s := range data {
				a.Data(i%2 == 0, s)
			}
			a.Done()
		}
		session()
		if n := testing.AllocsPerRun(100, session); n > 0 {
			t.Errorf("%s: %v allocations a session", protocol, n)
		}
	}
}

// BenchmarkLine has a line of a server that is searched for all texts.
func BenchmarkLine(bm *testing.B) {
	b, p := newBench(bm, "telnet", DefaultOptions())
	c := listen(b)
	a := p.New(b.Table.Nested(c, &p.Protocol))
	a.Data(false, []byte("login: "))
	line := []byte("the programs included with this system are free\r\n")
	bm.ReportAllocs()
	for bm.Loop() {
		a.(*telnet).state = StateAuthenticate
		a.(*telnet).scanned = 0
		a.Data(false, line)
	}
}
