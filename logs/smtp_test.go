package logs

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// TestSMTP follows a connection with a message that was answered, one that was not, and the
// change to TLS.
func TestSMTP(t *testing.T) {
	b := newBench(t, "smtp")
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:25"), uid: uid(1)}
	request := func(command, arg string) {
		b.hooks.SMTP.Request.Raise(&event.SMTPRequest{Conn: c, Command: []byte(command), Arg: []byte(arg)})
	}
	reply := func(code uint64, cmd, msg string) {
		b.hooks.SMTP.Reply.Raise(&event.SMTPReply{Conn: c, Code: code, Cmd: cmd, Msg: []byte(msg)})
	}
	header := func(name, value string) {
		b.hooks.MIME.OneHeader.Raise(&event.MIMEOneHeader{Conn: c, H: event.MIMEHeader{Name: []byte(name), Value: []byte(value)}})
	}
	b.now = 1e9
	reply(220, ">", "hello")
	request("EHLO", "c")
	request("MAIL", "from:<a@b>")
	request("RCPT", "TO:<c@d>")
	request("RCPT", "TO:<e@f>")
	b.hooks.MIME.BeginEntity.Raise(&event.MIMEBeginEntity{Conn: c})
	header("TO", `"C, D" <c@d>, e@f`)
	header("RECEIVED", "from x ([192.0.2.9])")
	header("RECEIVED", "from y ([192.0.2.8])")
	header("X-ORIGINATING-IP", "[192.0.2.7]")
	header("SUBJECT", strings.Repeat("x", 5000))
	b.hooks.MIME.BeginEntity.Raise(&event.MIMEBeginEntity{Conn: c})
	header("SUBJECT", "of a part")
	b.hooks.MIME.EndEntity.Raise(&event.MIMEEndEntity{Conn: c})
	b.now = 2e9
	reply(250, ".", "queued")
	request("MAIL", "FROM:<g@h>")
	b.now = 3e9
	request("MAIL", "FROM:<>")
	b.hooks.SMTP.StartTLS.Raise(&event.SMTPStartTLS{Conn: c})
	endConn(&b.hooks, c)

	const id = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=25"
	want := []string{
		"smtp ts=1" + id + " trans_depth=1 helo=c mailfrom=a@b rcptto=c@d,e@f, to=\"C, D\" <c@d>,e@f, subject=" + strings.Repeat("x", 4096) +
			" x_originating_ip=192.0.2.7 first_received=from y ([192.0.2.8]) second_received=from x ([192.0.2.9]) last_reply=250 queued" +
			" path=10.0.0.2,10.0.0.1,192.0.2.9,192.0.2.8, tls=false fuids=",
		"smtp ts=2" + id + " trans_depth=2 helo=c mailfrom=g@h path=10.0.0.2,10.0.0.1, tls=false fuids=",
		"smtp ts=3" + id + " trans_depth=2 helo=c path=10.0.0.2,10.0.0.1, tls=true fuids=",
	}
	b.out.expect(t, want...)
}
