//go:build !poison

package ftp

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestAllocations checks that a session allocates nothing once the buffers have grown.
func TestAllocations(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.FTP.Request.Listen(func(*event.FTPRequest) {})
	b.Hooks.FTP.Reply.Listen(func(*event.FTPReply) {})
	b.Hooks.FTP.Command.Listen(func(*event.FTPCommand) {})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, &conn.Protocol{Name: "SSL"}, DefaultOptions())
	b.SetAttacher(detect.New(nil))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	talk := [][]byte{
		[]byte("220 ready\r\n"), []byte("USER me\r\n"), []byte("331 password\r\n"), []byte("PASS me\r\n"), []byte("230-welcome\r\n230 here\r\n"),
		[]byte("CWD folder\r\n"), []byte("250 ok\r\n"), []byte("RETR file\r\n"), []byte("150 here it comes\r\n226 done\r\n"),
	}
	session := func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		for i, s := range talk {
			a.Data(i%2 == 1, s)
		}
		a.Done()
	}
	session()
	if n := testing.AllocsPerRun(100, session); n > 0 {
		t.Errorf("%v allocations a session", n)
	}
}
