package dissect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestAgain checks that what is found after a violation does not depend on how the sides'
// bytes are cut into segments. In want is an event that only the analyzer that comes again
// can raise, or nothing if none comes.
func TestAgain(t *testing.T) {
	const (
		reply  = "<HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno"
		hello  = "<SSH-2.0-server\r\n"
		keys   = ">\x00\x00\x00\x0c\x0a\x15" + "0123456789"
		banner = ">SSH-2.0-client\r\n"
	)
	echo := smb2(0x0d, "\x04\x00\x00\x00")
	for _, c := range []struct {
		name string
		port uint16
		talk []string // a part is a message; > is the client's, < the server's
		want string
	}{
		{"http", 80, []string{">BAD\r\n", reply}, "http_reply"},
		{"http, more of the same", 80, []string{">BAD\r\n", ">GET / HTTP/1.1\r\n\r\n", reply}, "http_reply"},
		{"http, later requests", 80, []string{">BAD\r\n", reply, ">GET / HTTP/1.1\r\n\r\n", reply[:17] + "\r\n"}, "http_request"},
		{"http, elsewhere", 9999, []string{">GET / HTTP/1.1\r\n\r\n", ">BAD\r\n", reply}, "http_reply"},
		{"http, the server", 80, []string{">GET / HTTP/1.1\r\n\r\n", "<BAD\r\n", "<HTTP/1.1 200 OK\r\n\r\n"}, ""},
		{"ssh", 22, []string{banner, keys, hello}, "ssh_server_version"},
		{"ssh, elsewhere", 9999, []string{banner, keys, hello}, "ssh_server_version"},
		{"ssh, the server", 22, []string{hello, "<" + keys[1:], banner}, "ssh_client_version"},
		{"smb", 445, []string{">" + smb2(1, "\x10"), "<" + echo, "<" + echo}, "smb2_message"},
		{"smb, elsewhere", 9999, []string{">" + smb2(1, "\x10"), "<" + echo, "<" + echo}, "smb2_message"},
		{"smb, again", 445, []string{">" + smb2(1, "\x10"), "<" + echo, "<" + smb2(1, "\x10"), "<" + echo, ">" + echo}, "smb2_message"},
		{"xmpp", 5222, []string{">bad<<>", "<<stream:stream xmlns='jabber:client'>"}, ""},
		{"pop3", 110, []string{"<+OK hi\r\n", ">USER a\r\n", "<BAD\r\n", ">CAPA\r\n", "<+OK\r\n"}, ""},
		{"imap", 143, []string{"<BAD\r\n", ">a login b c\r\n", "<* OK\r\n", ">a login b c\r\n", "<a OK\r\n"}, ""},
		{"ftp", 21, []string{"<bad\r\n", ">USER a\r\n", "<220 hi\r\n", ">USER a\r\n", "<331 b\r\n"}, ""},
		{"smtp", 25, []string{"<bad\r\n", ">EHLO a\r\n", "<220 a ESMTP\r\n", ">EHLO b\r\n", "<250 c\r\n"}, ""},
		{"irc", 6667, []string{">\x00\x01\x02\r\n", "<bad\r\n", ">NICK a\r\n", ">USER a b c d\r\n", "<:s 001 a :hi\r\n"}, ""},
		{"tls", 443, []string{">BAD BAD BAD\r\n", "<\x15\x03\x01\x00\x02\x02\x28"}, ""},
		{"rdp", 3389, []string{">\x03\x00\x00\x02", "<\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x0f\x08\x00\x02\x00\x00\x00"}, ""},
		{"socks", 1080, []string{">\x09\x01", "<\x05\x00", ">\x05\x01\x00", "<\x05\x00"}, ""},
		{"mysql", 3306, []string{"<\x01\x00\x00\x00\x09", ">\x01\x00\x00\x00\x03", "<\x4a\x00\x00\x00\x0a5.5.5-10\x00"}, ""},
		{"dce_rpc", 135, []string{">\x09\x00\x0b\x03bad bad bad bad", "<\x05\x00\x0c\x03\x10\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00"}, ""},
		{"krb", 88, []string{">\x00\x00\x00\x04\x6a\x02\x30\xff", "<\x00\x00\x00\x04\x6b\x02\x30\x00"}, ""},
		{"modbus", 502, []string{">\x00\x01\x00\x09\x00\x02\x01\x03", "<\x00\x01\x00\x00\x00\x03\x01\x83\x02"}, ""},
	} {
		var turns []string
		for _, s := range c.talk {
			if n := len(turns); n > 0 && turns[n-1][0] == s[0] {
				turns[n-1] += s[1:]
			} else {
				turns = append(turns, s)
			}
		}
		whole := found(t, c.port, turns, 1<<14)
		if c.want != "" && !slices.ContainsFunc(whole, func(e string) bool { return strings.HasPrefix(e, c.want+" ") }) {
			t.Errorf("%s: no %s in\n%s", c.name, c.want, strings.Join(whole, "\n"))
		}
		cuts := map[string][]string{"at the messages": found(t, c.port, c.talk, 1<<14)}
		for _, n := range []int{1, 2, 3, 7, 19} {
			if n > 1 || len(strings.Join(c.talk, "")) < 90 { // matching ends after 100 segments
				cuts[fmt.Sprintf("every %d bytes", n)] = found(t, c.port, turns, n)
			}
		}
		for how, cut := range cuts {
			if !slices.Equal(whole, cut) {
				t.Errorf("%s, cut %s:\n%s\nwhole:\n%s", c.name, how, strings.Join(cut, "\n"), strings.Join(whole, "\n"))
			}
		}
	}
}

// smb2 returns a frame of the NetBIOS session service with an SMB 2 message.
func smb2(command byte, body string) string {
	header := "\xfeSMB\x40\x00\x01\x00\x00\x00\x00\x00" + string(command) + "\x00\x01\x00" + strings.Repeat("\x00", 48)
	return "\x00\x00\x00" + string(rune(len(header)+len(body))) + header + body
}

// found returns the analyzers' events for a talk in segments of n bytes.
func found(t *testing.T, port uint16, talk []string, n int) []string {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	events := b.Events("analyzer_", "dce_rpc_", "ftp_", "http_", "imap_", "irc_", "krb_", "modbus_", "mysql_", "pop3_", "rdp_", "smb", "smtp_",
		"socks_", "ssh_", "ssl_", "xmpp_")
	o := DefaultOptions()
	fm := files.New(o.Files, b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	b.SetAttacher(detect.New(protocols(b.Hooks, fm, &o)))
	var services []string
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { services = e.Conn.Services(nil) })
	b.Converse(talk, n)
	var list []string
	for _, e := range *events {
		// What passes a segment on as it comes is no message.
		if !strings.HasPrefix(e, "http_entity_data") && !strings.HasPrefix(e, "http_message_done") && !strings.HasPrefix(e, "http_stats") {
			list = append(list, e)
		}
	}
	return append(list, fmt.Sprintf("service %q", services))
}
