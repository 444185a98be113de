package mysql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// inside is a stand-in for TLS that records its input.
type inside struct{ lines *[]string }

func (s inside) Data(isOrig bool, b []byte) {
	for _, x := range b {
		*s.lines = append(*s.lines, fmt.Sprintf("tls %t %q", isOrig, x))
	}
}
func (s inside) Gap(isOrig bool, n uint64) {
	*s.lines = append(*s.lines, fmt.Sprintf("tls %t gap %d", isOrig, n))
}
func (s inside) End(isOrig bool) { *s.lines = append(*s.lines, fmt.Sprintf("tls %t end", isOrig)) }
func (s inside) Done()           { *s.lines = append(*s.lines, "tls done") }

func newBench(t testing.TB) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := new([]string)
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	h := &b.Hooks.MySQL
	h.ServerVersion.Listen(func(e *event.MySQLServerVersion) { add("version %s", e.Ver) })
	h.Handshake.Listen(func(e *event.MySQLHandshake) { add("handshake %s", e.Username) })
	h.SSLRequest.Listen(func(*event.MySQLSSLRequest) { add("ssl") })
	h.AuthPlugin.Listen(func(e *event.MySQLAuthPlugin) { add("plugin %t %s %q", e.IsOrig, e.Name, e.Data) })
	h.AuthSwitchRequest.Listen(func(e *event.MySQLAuthSwitchRequest) { add("switch %s %q", e.Name, e.Data) })
	h.AuthMoreData.Listen(func(e *event.MySQLAuthMoreData) { add("more %t %q", e.IsOrig, e.Data) })
	h.CommandRequest.Listen(func(e *event.MySQLCommandRequest) { add("command %d %q", e.Command, e.Arg) })
	h.ChangeUser.Listen(func(e *event.MySQLChangeUser) { add("user %s", e.Username) })
	h.OK.Listen(func(e *event.MySQLOK) { add("ok %d", e.AffectedRows) })
	h.EOF.Listen(func(e *event.MySQLEOF) { add("eof %t", e.IsIntermediate) })
	h.Error.Listen(func(e *event.MySQLError) { add("error %d %s", e.Code, e.Msg) })
	h.ResultRow.Listen(func(e *event.MySQLResultRow) { add("row %q", e.Row) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { add("confirmed") })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		add("violation %s", strings.TrimPrefix(string(e.Info.Reason), "Binpac exception: binpac exception: "))
	})
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(conn.Use) conn.Analyzer { return inside{lines} }}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, ssl)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 3306)
	return b, lines
}

// packet returns a packet with the given sequence number.
func packet(seq byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), seq}) + payload
}

func le16(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func text(s string) string {
	return string([]byte{byte(len(s))}) + s
}

// hello returns a greeting of version 10 with the upper capabilities.
func hello(capabilities int) string {
	return packet(0, "\x0a8.0.1\x00"+le32(7)+"saltsalt\x00"+le16(0xffff)+"\x08"+le16(2)+le16(capabilities>>16)+"\x15"+
		strings.Repeat("\x00", 10)+"moresaltmore\x00"+"plug\x00")
}

func response(capabilities int, rest string) string {
	return packet(1, le32(capabilities)+le32(1<<24)+"\x08"+strings.Repeat("\x00", 23)+rest)
}

func column(name string) string {
	return text("def") + text("db") + text("t") + text("t") + text(name) + text(name) + "\x0c" + le16(33) + le32(9) + "\xfd" + le16(1) + "\x00\x00\x00"
}

const (
	caps     = clientPluginAuth
	greeted  = `version 8.0.1|plugin false plug "saltsaltmoresaltmore\x00"|`
	answered = `confirmed|handshake root|plugin true plug "pw"|`
	inOrder  = greeted + answered + "ok 0|"
)

// login returns a successful login.
func login(more int) []string {
	return []string{"<" + hello(caps|more), ">" + response(caps|more, "root\x00"+text("pw")+"plug\x00"), "<" + packet(2, "\x00\x00\x00\x02\x00")}
}

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
}

func after(name, want string, talk ...string) talkCase {
	return talkCase{name, append(login(0), talk...), inOrder + want}
}

var talks = []talkCase{
	{"login", login(0), inOrder},
	{"database and attributes", []string{"<" + hello(caps), ">" + response(caps|clientConnectWithDB|clientConnectAttrs|clientZstd,
		"root\x00"+text("pw")+"db\x00plug\x00"+text(text("a")+text("b"))+"\x03")}, greeted + answered},
	{"no plugin's name", []string{"<" + hello(caps), ">" + response(caps, "root\x00"+text("pw"))},
		greeted + `confirmed|handshake root|plugin true  "pw"|`},
	{"refused", append(login(0)[:2], "<"+packet(2, "\xff\x15\x04#28000no")), greeted + answered + "error 1045 no|"},
	{"host is blocked", []string{"<" + packet(0, "\xff\x69\x04Host is blocked")}, "error 1129 s blocked|"},
	{"other plugin", append(login(0)[:2], "<"+packet(2, "\xfeother\x00salt"), ">"+packet(3, "secret"), "<"+packet(4, "\x01\x04"), ">"+packet(5, "x"), "<"+packet(6, "\x00\x00")),
		greeted + answered + `switch other "salt"|more true "secret"|more false "\x04"|more true "x"|ok 0|`},
	{"version 9", []string{"<" + packet(0, "\x093.23\x00"+le32(1)+"salt\x00"), ">" + packet(1, le16(0)+"\x00\x00\x01root\x00pw\x00"), "<" + packet(2, "\x00\x00")},
		`version 3.23|confirmed|handshake root|ok 0|`},
	{"the client begins", []string{">GET / HTTP/1.0\r\n\r\n"}, ""},
	{"no answer to a greeting", []string{">" + packet(1, "hello")}, "violation invalid index for case: Handshake_Response_Packet: 0|"},
	{"truncated answer", []string{"<" + hello(caps), ">" + packet(1, le32(caps))},
		greeted + "violation out_of_bound: Handshake_Response_Packet_v10:pad: 32 > 4|"},
	{"TLS", []string{"<" + hello(caps), ">" + response(clientSSL|caps, "") + "ab", "<c"},
		greeted + `confirmed|ssl|tls true 'a'|tls true 'b'|tls false 'c'|`},
	after("query", `command 3 "select"|eof true|row ["1" ""]|eof false|`, ">"+packet(0, "\x03select"), "<"+packet(1, "\x02")+packet(2, column("a"))+packet(3, column("b")),
		"<"+packet(4, "\xfe\x00\x00\x02\x00")+packet(5, text("1")+"\xfb")+packet(6, "\xfe\x00\x00\x02\x00")),
	after("change", `command 3 "insert"|ok 515|`, ">"+packet(0, "\x03insert"), "<"+packet(1, "\x00\xfc\x03\x02\x00")),
	after("numbers of 3 and 8 bytes", `command 14 ""|ok 65536|command 14 ""|ok 4294967295|`,
		">"+packet(0, "\x0e"), "<"+packet(1, "\x00\xfd\x00\x00\x01"), ">"+packet(0, "\x0e"), "<"+packet(1, "\x00\xfe"+strings.Repeat("\xff", 8))),
	after("error", `command 3 "x"|error 1064 bad|`, ">"+packet(0, "\x03x"), "<"+packet(1, "\xff\x28\x04#42000bad")),
	after("fields", `command 4 "t\x00"|eof false|`, ">"+packet(0, "\x04t\x00"), "<"+packet(1, column("a")+"\xfb")+packet(2, "\xfe\x00\x00\x00\x00")),
	after("statistics, and a statement", `command 9 ""|command 22 "select"|command 1 ""|`, ">"+packet(0, "\x09"), "<"+packet(1, "Uptime: 1"),
		">"+packet(0, "\x16select"), "<"+packet(1, "\x00\x01"), ">"+packet(0, "\x01")),
	after("change of user", `command 17 "eve\x00\x02pwdb\x00\b\x00plug\x00"|user eve|plugin true plug "pw"|ok 0|`,
		">"+packet(0, "\x11eve\x00\x02pwdb\x00\x08\x00plug\x00"), "<"+packet(1, "\x00\x00")),
	after("empty packet", `violation out_of_bound: Command_Request_Packet:command: 1 > 0|`, ">"+packet(0, "")),
	after("row without columns", `command 3 "x"|violation out_of_bound: LengthEncodedStringArg:val: 100 > 1|`, ">"+packet(0, "\x03x"), "<"+packet(1, "\x01")+packet(2, "dx")),
	after("column without a name", `command 3 "x"|violation out_of_bound: LengthEncodedString:val: 101 > 2|`, ">"+packet(0, "\x03x"), "<"+packet(1, "\x01")+packet(2, "\x01xdx")),
	after("column without its end", `command 3 "x"|violation out_of_bound: ColumnDefinition41:filler: 21 > 9|`,
		">"+packet(0, "\x03x"), "<"+packet(1, "\x01")+packet(2, "\x03def\x00\x00\x00\x00\x00\x0c")),
	after("truncated error", `command 14 ""|violation out_of_bound: ERR_Packet:state: 8 > 5|`, ">"+packet(0, "\x0e"), "<"+packet(1, "\xff\x01\x02abc")),
	after("truncated number", `command 14 ""|violation out_of_bound: LengthEncodedIntegerLookahead:i2: 2 > 1|`, ">"+packet(0, "\x0e"), "<"+packet(1, "\x00\xfc\x01")),
	{"query attributes", append(login(clientQueryAttributes|clientDeprecateEOF), ">"+packet(0, "\x03\x02\x01\x02\x01"+"\x0f\x00"+text("name")+"\x08\x00"+text("n")+text("value")+"select"),
		"<"+packet(1, "\x01"), "<"+packet(2, column("a"))+packet(3, text("1"))+packet(4, "\xfe\x00\x00\x02\x00")),
		inOrder + `command 3 "select"|row ["1"]|ok 0|`},
	{"dates as attributes", append(login(clientQueryAttributes), ">"+packet(0, "\x03\x03\x01\x00\x01\x0a\x00\x00\x0b\x00\x00\x01\x00\x00"+"\x04\xe8\x07\x01\x02"+"\x00"+"\x05"+"select")),
		inOrder + `command 3 "select"|`},
	{"attribute of unknown type", append(login(clientQueryAttributes), ">"+packet(0, "\x03\x01\x01\x00\x01\x20\x00\x00select")),
		inOrder + "violation invalid index for case: BinaryValue: 32|"},
}

// play sends talk in segments whose lengths are cuts, cyclically.
func play(t testing.TB, talk []string, cuts []byte) []string {
	b, lines := newBench(t)
	b.Open()
	b.TalkCut(talk, cuts)
	got := *lines
	b.Drain()
	return got
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		for _, cuts := range [][]byte{nil, {0}, {2}, {0, 6, 40}} {
			if got := strings.Join(play(t, c.talk, cuts), "|"); got != strings.TrimSuffix(c.want, "|") {
				t.Errorf("%s, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.want)
			}
		}
	}
}

func TestGap(t *testing.T) {
	b, lines := newBench(t)
	b.Open()
	b.Talk(false, []byte(hello(caps)))
	b.Skip(false, 10)
	b.Talk(true, []byte(response(caps, "root\x00"+text("pw"))))
	b.Talk(false, []byte(packet(2, "\x00\x00")))
	b.Close()
	b.Drain()
	if got := strings.Join(*lines, "|"); got+"|" != greeted {
		t.Error(got)
	}
}

// TestLimits checks that a packet that is too long ends the analysis.
func TestLimits(t *testing.T) {
	b, lines := newBench(t)
	b.Open()
	b.Talk(false, []byte("\xff\xff\xff\x00"))
	b.Talk(false, bytes.Repeat([]byte("x"), 1000))
	b.Drain()
	if got := strings.Join(*lines, "|"); got != "violation flowbuffer allocation failed: expand beyond maximum capacity" {
		t.Error(got)
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		var client, server []byte
		for _, s := range c.talk {
			if s[0] == '>' {
				client = append(client, s[1:]...)
			} else {
				server = append(server, s[1:]...)
			}
		}
		f.Add(server, client, uint16(len(hello(caps))), []byte{3, 40})
	}
	f.Fuzz(func(t *testing.T, server, client []byte, first uint16, cuts []byte) {
		if len(server)+len(client) > 8000 {
			return
		}
		n := min(int(first), len(server))
		talk := []string{"<" + string(server[:n]), ">" + string(client), "<" + string(server[n:]), ">" + string(client)}
		whole, parts := play(t, talk, nil), play(t, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+len(server)+2*len(client) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+2*len(client))
		}
	})
}
