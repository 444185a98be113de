package logs

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestFTP(t *testing.T) {
	b := newBench(t, "ftp")
	h := &b.hooks.FTP
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:21"), uid: uid(1)}
	const begin = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=21"
	seq := uint64(1)
	request := func(cmd, arg string) {
		seq++
		h.Request.Raise(&event.FTPRequest{Conn: c, Command: []byte(cmd), Arg: []byte(arg)})
	}
	reply := func(cmd, arg string, code uint64, msg string) {
		h.Reply.Raise(&event.FTPReply{Conn: c, Code: code, Msg: []byte(msg), Command: []byte(cmd), Arg: []byte(arg), Seq: seq})
	}
	over := func(cmd, arg string) {
		h.Command.Raise(&event.FTPCommand{Conn: c, TS: 2e9, Command: []byte(cmd), Arg: []byte(arg), Seq: seq})
	}
	do := func(cmd, arg string, code uint64, msg string) {
		request(cmd, arg)
		reply(cmd, arg, code, msg)
		over(cmd, arg)
	}

	over("RETR", "f")
	b.out.expect(t, "ftp ts=2"+begin+" user=<unknown> command=RETR arg=ftp://10.0.0.2/./f")
	do("USER", "Anonymous", 331, "password")
	do("PASS", "me@host", 230, "welcome")
	do("PWD", "", 257, `"/pub" is it`)
	do("CWD", "../a b/./c/", 250, "ok")
	b.out.expect(t)

	request("PASV", "")
	h.DataChannel.Raise(&event.FTPDataChannel{Conn: c, Channel: event.FTPExpectedDataChannel{Passive: true,
		OrigH: c.id.OrigH, RespH: netip.MustParseAddr("10.0.0.2"), RespP: value.Port{Num: 1055, Proto: value.ProtoTCP}}})
	reply("PASV", "", 227, "passive")
	over("PASV", "")
	b.out.expect(t, "ftp ts=2"+begin+" user=Anonymous password=me@host command=PASV reply_code=227 reply_msg=passive"+
		" data_channel.passive=true data_channel.orig_h=10.0.0.1 data_channel.resp_h=10.0.0.2 data_channel.resp_p=1055")

	request("RETR", "f")
	reply("RETR", "f", 150, "opening 'f2' (77 bytes)")
	data := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1025 10.0.0.2:1055"), uid: uid(2)}
	b.hooks.File.DataConnection.Raise(&event.DataConnection{Conn: data, Source: "FTP_DATA", Control: c})
	b.hooks.File.Transferred.Raise(&event.FileTransferred{Conn: data, MIMEType: "text/plain"})
	reply("RETR", "f", 226, "done")
	over("RETR", "f")
	b.out.expect(t, "ftp ts=2"+begin+" user=Anonymous password=me@host command=RETR arg=ftp://10.0.0.2/a b/c/f"+
		" mime_type=text/plain file_size=77 reply_code=226 reply_msg=done")

	do("USER", "root", 331, "password")
	var weirds []string
	b.hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { weirds = append(weirds, e.Name+" "+string(e.Addl)) })
	do("PASS", strings.Repeat("x", 200), 230, strings.Repeat("y", 5000))
	do("DELE", "/"+strings.Repeat("z", 5000), 250, "gone")
	b.out.expect(t, "ftp ts=2"+begin+" user=root password=<hidden> command=DELE arg=ftp://10.0.0.2/"+
		strings.Repeat("z", maxFTPArg-len("ftp://10.0.0.2/"))+" reply_code=250 reply_msg=gone")
	if got := strings.Join(weirds, "|"); got != "FTP_password_too_long 200|FTP_reply_msg_too_long 5000|FTP_arg_too_long 5015" {
		t.Error(got)
	}
}

func TestFTPPaths(t *testing.T) {
	for _, c := range [][3]string{
		{".", "f", "./f"}, {"/a", "b/", "/a/b"}, {"/a/", "../b", "/b"}, {"/a", "/b//c/./d", "/b/c/d"}, {".", "..", ".."},
		{"", "x", "x"}, {"a", `C:\x`, `C:\x`}, {"~", "../x", "~/../x"}, {"/", "x", "/x"},
	} {
		if got := joinPath(c[0], c[1]); got != c[2] {
			t.Errorf("%q in %q is %q, not %q", c[1], c[0], got, c[2])
		}
	}
	for _, c := range [][2]string{
		{`"/a b" is`, `/a`}, {`at /x\ y z`, `/x\ y`}, {`C:/t "`, "C:/t"}, {"none", ""}, {"/", "/"},
	} {
		if got := absolutePath(c[0]); got != c[1] {
			t.Errorf("%q has %q, not %q", c[0], got, c[1])
		}
	}
	for _, c := range []struct {
		in   string
		want uint64
	}{{"a 12 b 77 bytes", 77}, {"none", 0}, {"99999999999999999999", 1<<64 - 1}} {
		if got := lastNumber([]byte(c.in)); got != c.want {
			t.Errorf("%q: %d", c.in, got)
		}
	}
}
