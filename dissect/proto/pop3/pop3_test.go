package pop3

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

func newBench(t testing.TB) (*testconn.Bench, *detect.Protocol) {
	b := testconn.New(t, testconn.Config())
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl, _ := tls.New(b.Hooks, nil, tls.DefaultOptions())
	p := New(b.Hooks, mail.New(b.Hooks, fm, mail.DefaultOptions()), &ssl.Protocol, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	return b, p
}

func play(t testing.TB, n int, parts []string) []string {
	b, p := newBench(t)
	lines := b.Events("pop3_", "mime_begin", "mime_one", "mime_entity_data", "conn_weird", "ssl_", "analyzer_")
	b.Play(&p.Protocol, n, parts)
	return *lines
}

const (
	greeting = "<+OK ready\r\n"
	login    = ">USER me\r\n\xff<+OK\r\n\xff>PASS  a  b \r\n\xff<+OK in\r\n"
	loggedIn = `pop3_request {"is_orig":true,"command":"USER","arg":"me"}|analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_POP3","info":{}}|` +
		`pop3_reply {"is_orig":false,"cmd":"OK","msg":""}|pop3_request {"is_orig":true,"command":"PASS","arg":"a b"}|` +
		`pop3_login_success {"is_orig":false,"user":"me","password":"a b"}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"in"}|`
	greeted = `pop3_reply {"is_orig":false,"cmd":"OK","msg":"ready"}|`
)

// cases are dialogues, with parts separated by \xff, and the expected events, separated
// by |.
var cases = []struct{ name, parts, want string }{
	{"message", login + "\xff>RETR 1\r\n\xff<+OK 9\r\nA: b\r\n\r\nx\r\n.\r\n\xff>QUIT\r\n\xff<+OK bye\r\n", loggedIn +
		`pop3_request {"is_orig":true,"command":"RETR","arg":"1"}|mime_begin_entity {}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"9"}|` +
		`pop3_data {"is_orig":false,"data":"A: b"}|mime_one_header {"h":{"original_name":"A","name":"A","value":"b"}}|` +
		`pop3_data {"is_orig":false,"data":""}|pop3_data {"is_orig":false,"data":"x"}|mime_entity_data {"length":3,"data":"x\r\n"}|` +
		`pop3_request {"is_orig":true,"command":"QUIT","arg":""}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"bye"}`},
	{"pipelined", login + "\xff>LIST\r\nSTAT\r\n\xff<+OK\r\n1 2\r\n.\r\n+OK 1 2\r\n", loggedIn +
		`pop3_request {"is_orig":true,"command":"LIST","arg":""}|pop3_reply {"is_orig":false,"cmd":"OK","msg":""}|` +
		`pop3_data {"is_orig":false,"data":"1 2"}|pop3_request {"is_orig":true,"command":"STAT","arg":""}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"1 2"}`},
	{"wrong", ">USER me\r\n\xff<+OK\r\n\xff>PASS x\r\n\xff<-ERR no\r\n",
		`pop3_request {"is_orig":true,"command":"USER","arg":"me"}|analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_POP3","info":{}}|` +
			`pop3_reply {"is_orig":false,"cmd":"OK","msg":""}|pop3_request {"is_orig":true,"command":"PASS","arg":"x"}|` +
			`pop3_login_failure {"is_orig":false,"user":"me","password":"x"}|pop3_reply {"is_orig":false,"cmd":"ERR","msg":"no"}`},
	{"plain", ">AUTH PLAIN\r\n\xff<+ \r\n\xff>AG1lAHBhc3M=\r\n\xff<+OK\r\n",
		`pop3_request {"is_orig":true,"command":"AUTH","arg":"PLAIN"}|pop3_login_success {"is_orig":false,"user":"me","password":"pass"}|pop3_reply {"is_orig":false,"cmd":"OK","msg":""}`},
	{"login", ">AUTH LOGIN\r\n\xff<+ x\r\n\xff>bWU=\r\n\xff<+ y\r\n\xff>cGFzcw==\r\n\xff<-ERR\r\n",
		`pop3_request {"is_orig":true,"command":"AUTH","arg":"LOGIN"}|pop3_login_failure {"is_orig":false,"user":"me","password":"pass"}|pop3_reply {"is_orig":false,"cmd":"ERR","msg":""}`},
	{"bad base64", ">AUTH PLAIN\r\n\xff>!\r\n\xff>AG1l\r\n",
		`pop3_request {"is_orig":true,"command":"AUTH","arg":"PLAIN"}|conn_weird {"name":"base64_illegal_encoding","addl":"character 33 ignored by Base64 decoding","source":""}|` +
			`conn_weird {"name":"pop3_bad_base64_encoding","addl":"","source":"POP3"}|conn_weird {"name":"pop3_malformed_auth_plain","addl":"","source":"POP3"}`},
	{"no guess", ">STAT\r\n\xff<+OK 0 0\r\n",
		`pop3_unexpected {"is_orig":true,"msg":"STAT","detail":"not allowed in other state than 'transaction'"}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"0 0"}`},
	{"guess", ">NOOP\r\n\xff<+OK 0 0\r\n",
		`pop3_unexpected {"is_orig":true,"msg":"NOOP","detail":"not allowed in other state than 'transaction'"}|` +
			`pop3_unexpected {"is_orig":false,"msg":"OK","detail":"no auth required -> state changed to 'transaction'"}|pop3_reply {"is_orig":false,"cmd":"OK","msg":"0 0"}`},
	{"stls", ">STLS\r\n\xff<+OK go\r\n\xff>\x15\x03\x01\x00\x02\x02\x28",
		`pop3_request {"is_orig":true,"command":"STLS","arg":""}|analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_POP3","info":{}}|pop3_starttls {}|` +
			`ssl_alert {"is_client":true,"level":2,"desc":40}|ssl_plaintext_data {"is_client":true,"record_version":769,"content_type":21,"length":2}`},
	{"server's commands", ">OK\r\n\xff<STAT\r\n", `conn_weird {"name":"pop3_client_sending_server_commands","addl":"","source":"POP3"}|` +
		`conn_weird {"name":"pop3_server_sending_client_commands","addl":"","source":"POP3"}`},
}

func TestTalks(t *testing.T) {
	for _, c := range cases {
		parts := append([]string{greeting}, strings.Split(c.parts, "\xff")...)
		for _, n := range []int{1 << 20, 1, 2, 5} {
			if got := strings.Join(play(t, n, parts), "|"); got != greeted+c.want {
				t.Errorf("%s in pieces of %d:\n%s\nwant\n%s", c.name, n, strings.ReplaceAll(got, "|", "\n"), strings.ReplaceAll(greeted+c.want, "|", "\n"))
			}
		}
	}
}

// TestNotPOP3 checks both sides with unknown commands.
func TestNotPOP3(t *testing.T) {
	lines := play(t, 1<<20, []string{greeting, ">" + strings.Repeat("PING\r\n", 12), "<+PONG\r\n"})
	for _, want := range []string{
		`conn_weird {"name":"pop3_client_command_unknown","addl":"PING","source":"POP3"}`,
		`conn_weird {"name":"pop3_client_too_many_pending_commands","addl":"","source":"POP3"}`,
		`conn_weird {"name":"pop3_server_command_unknown","addl":"+PONG","source":"POP3"}`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %s in %q", want, lines)
		}
	}
}

func TestCommands(t *testing.T) {
	for s, want := range map[string]command{"+OK": cmdOK, "++OK": cmdNone, "--ERR": cmdERR, "---ERR": cmdNone, "stat": cmdSTAT,
		"+": cmdNone, "": cmdNone, "XSENDER": cmdXSENDER, "XSENDERS": cmdNone} {
		if got := parseCommand([]byte(s)); got != want {
			t.Errorf("%q: %d", s, got)
		}
	}
	for s, want := range map[string]string{" \ta  b ": "a b", "": "", "   ": "", "a\x00b": "a", "a\t b": "a\t b"} {
		if got := string(appendTidy(nil, []byte(s))); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
	for s, want := range map[string]bool{"USER ": true, "USERS": false, "x\r\n capa": true, "STLS": true, "apop\t": true, "HELO": false} {
		if got := commands([]byte(s)); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzPOP3(f *testing.F) {
	for _, c := range cases {
		f.Add(greeting+"\xff"+c.parts, uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		parts := testconn.Parts(in)
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		whole, pieces := play(t, 1<<20, parts), play(t, int(n)+1, parts)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}

func silent(t testing.TB) conn.Analyzer {
	b, p := newBench(t)
	b.Hooks.POP3.Request.Listen(func(*event.POP3Request) {})
	b.Hooks.POP3.Reply.Listen(func(*event.POP3Reply) {})
	b.Hooks.POP3.Data.Listen(func(*event.POP3Data) {})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	for _, s := range append([]string{greeting}, strings.Split(login, "\xff")...) {
		a.Data(s[0] == '>', []byte(s[1:]))
	}
	return a
}

var (
	retr    = []byte("RETR 1\r\n")
	message = []byte("+OK 1000 octets\r\nSubject: x\r\n\r\n" + strings.Repeat("a line of text with some words in it\r\n", 30) + ".\r\n")
)

func BenchmarkMessage(b *testing.B) {
	a := silent(b)
	b.SetBytes(int64(len(retr) + len(message)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, retr)
		a.Data(false, message)
	}
}
