package smtp

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
	lines := b.Events("smtp_", "mime_", "file_", "conn_weird", "ssl_", "analyzer_")
	b.Play(&p.Protocol, n, parts)
	return *lines
}

const (
	greeting = "<220 mx.test ESMTP\r\n"
	ehlo1    = ">EHLO c\r\n"
	envelope = ">MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"
	ok250    = "<250 OK\r\n"
)

// cases are dialogues and, in order, substrings of the expected events. A leading ! marks
// a substring that must not occur.
var cases = []struct {
	name  string
	parts []string
	want  []string
}{
	{"message", []string{greeting, ehlo1, "<250-mx.test\r\n250 PIPELINING\r\n", envelope, ok250, ok250, ">DATA\r\n",
		"<354 go on\r\n", ">Subject: x\r\n\r\n..a\r\n.\r\n", "<250 queued\r\n", ">quit\r\n", "<221 bye\r\n"}, []string{
		`smtp_reply {"is_orig":false,"code":220,"cmd":">","msg":"mx.test ESMTP","cont_resp":false}`,
		`analyzer_confirmation_info`, `smtp_request {"is_orig":true,"command":"EHLO","arg":"c"}`,
		`"code":250,"cmd":"EHLO","msg":"mx.test","cont_resp":true}`, `"msg":"PIPELINING","cont_resp":false}`,
		`"command":"MAIL","arg":"FROM:<a@b>"}`, `"command":"RCPT"`, `"cmd":"MAIL"`, `"cmd":"RCPT"`,
		`"command":"DATA","arg":""}`, `mime_begin_entity`, `"cmd":"DATA","msg":"go on"`,
		`smtp_data {"is_orig":true,"data":"Subject: x"}`, `mime_one_header {"h":{"original_name":"Subject","name":"SUBJECT","value":"x"}}`,
		`mime_all_headers`, `smtp_data`, `file_new`, `file_over_new_connection`, `smtp_data {"is_orig":true,"data":".a"}`,
		`mime_entity_data {"length":4,"data":".a\r\n"}`, `mime_end_entity`, `file_state_remove`, `smtp_request {"is_orig":true,"command":".","arg":"."}`,
		`"cmd":".","msg":"queued"`, `"command":"QUIT"`, `"code":221,"cmd":"QUIT"`}},
	{"auth", []string{greeting, ehlo1, ok250, ">AUTH LOGIN\r\n", "<334 x\r\n", ">dXNlcg==\r\n", "<235 in\r\n"}, []string{
		`"command":"AUTH","arg":"LOGIN"}`, `"code":334,"cmd":"AUTH"`, `"command":"**","arg":"dXNlcg=="}`, `"code":235,"cmd":"AUTH_ANSWER"`}},
	{"chunks", []string{greeting, ehlo1, ok250, envelope + "BDAT 10\r\nA: b\r\n\r\nx\rBDAT 4 LAST\r\n\nyz\nQUIT\r\n", "<250 1\r\n250 2\r\n250 3\r\n250 4\r\n"}, []string{
		`"command":"BDAT","arg":"10"}`, `mime_begin_entity`, `"name":"A","value":"b"`, `"command":"BDAT","arg":"4 LAST"}`,
		`conn_weird {"name":"smtp_bdat_line_lf_only","addl":"","source":"SMTP_BDAT"}`,
		`mime_entity_data {"length":6,"data":"x\r\nyz\n"}`, `mime_end_entity`, `"command":"QUIT"`}},
	{"chunk of no size", []string{greeting, ehlo1, ok250, envelope + "BDAT x\r\n"}, []string{
		`conn_weird {"name":"smtp_invalid_bdat_command","addl":"BDAT not followed by a valid chunk-size","source":"SMTP"}`, `!mime_`}},
	{"chunks without an end", []string{greeting, ehlo1, ok250, envelope + "BDAT 4\r\nA: bNOOP\r\n"}, []string{
		`"command":"NOOP"`, `smtp_missing_bdat_last_chunk`, `smtp_bdat_undelivered_at_done`, `mime_one_header`}},
	{"empty last chunk", []string{greeting, ehlo1, ok250, envelope + "BDAT 6\r\n\r\nabc\rBDAT 0 LAST\r\nNOOP\r\n"}, []string{
		`"arg":"0 LAST"}`, `mime_entity_data {"length":4,"data":"abc\r"}`, `"command":"NOOP"`}},
	{"refused", []string{greeting, ehlo1, ok250, ">DATA\r\n", "<503 no\r\n", ">NOOP\r\n"}, []string{
		`"command":"DATA"`, `conn_weird {"name":"smtp_mail_transaction_invalid","addl":"data missing rcpt to","source":"SMTP"}`,
		`smtp_unexpected {"is_orig":true,"msg":"unexpected command","detail":"DATA reply = 0 state = 3"}`, `mime_begin_entity`,
		`mime_end_entity`, `"code":503,"cmd":"DATA"`, `"command":"NOOP"`}},
	{"gap", []string{greeting, ehlo1, ok250, envelope, ">DATA\r\n", "<250 OK\r\n250 OK\r\n354 go\r\n", ">A: b\r\n\r\n", ">~100", ">x\r\n.\r\n", ok250, ">QUIT\r\n"}, []string{
		`"detail":"seq = 55, len = 100"}`, `mime_end_entity`, `"command":"(UNKNOWN)"`, `"code":250,"cmd":"(UNKNOWN)"`, `"command":"QUIT"`}},
	{"starttls", []string{greeting, ehlo1, ok250, ">STARTTLS\r\n", "<220 go\r\n", ">\x15\x03\x01\x00\x02\x02\x28"}, []string{
		`"command":"STARTTLS"`, `smtp_starttls {}`, `"code":220,"cmd":"STARTTLS"`, `ssl_alert`}},
	{"turn", []string{greeting, ehlo1, ok250, ">TURN\r\n", ok250, ">220 mine\r\n", "<HELO s\r\n"}, []string{
		`"command":"TURN"`, `smtp_reply {"is_orig":true,"code":220`, `smtp_request {"is_orig":false,"command":"HELO","arg":"s"}`}},
	{"not smtp", []string{"<hello\r\n"}, []string{
		`smtp_unexpected {"is_orig":false,"msg":"reply code out of range","detail":"hello"}`}},
	{"unknown", []string{greeting, ">FOO bar\r\n", ">XFOO\r\n"}, []string{`"msg":"unknown command","detail":"FOO"}`, `"detail":"XFOO"`}},
	{"unfinished", []string{greeting, ehlo1, ok250, envelope, ">DATA\r\nA: b\r\n\r\nab", ">~", "<~"}, []string{
		`mime_begin_entity`, `smtp_data {"is_orig":true,"data":"ab"}`, `mime_end_entity`}},
}

// check looks for what is wanted, in order.
func check(t *testing.T, lines, want []string) {
	t.Helper()
	i := 0
	for _, w := range want {
		if no, ok := strings.CutPrefix(w, "!"); ok {
			if slices.ContainsFunc(lines[i:], func(l string) bool { return strings.Contains(l, no) }) {
				t.Errorf("%s is there:\n%s", no, strings.Join(lines, "\n"))
			}
			continue
		}
		n := slices.IndexFunc(lines[i:], func(l string) bool { return strings.Contains(l, w) })
		if n < 0 {
			t.Errorf("no %s in\n%s", w, strings.Join(lines, "\n"))
			return
		}
		i += n + 1
	}
}

func TestTalks(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			whole := play(t, 1<<20, c.parts)
			check(t, whole, c.want)
			for _, n := range []int{1, 2, 3, 7} {
				if pieces := play(t, n, c.parts); !slices.Equal(whole, pieces) {
					t.Errorf("in pieces of %d:\n%s\nwhole:\n%s", n, strings.Join(pieces, "\n"), strings.Join(whole, "\n"))
				}
			}
		})
	}
}

// TestDisorder checks that an analyzer gives up after many commands in the wrong order.
func TestDisorder(t *testing.T) {
	lines := play(t, 1<<20, []string{greeting, ehlo1, ok250, ">" + strings.Repeat("RCPT TO:<a@b>\r\n", 40), ">NOOP\r\n"})
	check(t, lines, []string{"smtp_mail_transaction_invalid", "smtp_excessive_invalid_mail_transactions", "!NOOP"})
}

// TestPending checks a client that waits for no replies.
func TestPending(t *testing.T) {
	lines := play(t, 1<<20, []string{greeting, ehlo1, ">" + strings.Repeat("NOOP\r\n", 3000)})
	n := 0
	for _, l := range lines {
		if strings.Contains(l, "smtp_excessive_pending_cmds") {
			n++
		}
	}
	if n != 2 && n != 3 {
		t.Errorf("%d weirds", n)
	}
}

func TestLongChunkLine(t *testing.T) {
	line := strings.Repeat("x", 10000)
	for _, end := range []string{"\r\n", "\n", "\r"} {
		data := "\r\n" + line[:maxChunkLine] + end + line
		lines := play(t, 5, []string{greeting, ehlo1, ok250, envelope + "BDAT 14098 LAST\r\n" + data + end})
		whole := play(t, 1<<20, []string{greeting, ehlo1, ok250, envelope + "BDAT 14098 LAST\r\n" + data + end})
		if !slices.Equal(lines, whole) {
			t.Errorf("%q: differs in pieces", end)
		}
		check(t, whole, []string{"smtp_bdat_line_too_long", "mime_end_entity"})
	}
}

func TestChunkArg(t *testing.T) {
	for _, c := range []struct {
		arg     string
		size    uint64
		last    bool
		problem string
	}{
		{"86 LAST", 86, true, ""}, {"86 last", 86, true, ""}, {"86", 86, false, ""},
		{"18446744073709551615 LAST", 1<<64 - 1, true, ""},
		{"184467440737095516150", 0, false, "BDAT chunk-size too large"},
		{"184467440737095516150 LAST", 0, false, "BDAT argument bad length"}, {"", 0, false, "BDAT argument bad length"},
		{" 86", 0, false, "BDAT not followed by a valid chunk-size"}, {"-42 LAST", 0, false, "BDAT not followed by a valid chunk-size"},
		{"86LAST", 0, false, "BDAT chunk-size not valid"}, {"86 LASTX", 0, false, "BDAT chunk-size followed by junk"},
		{"86 ", 0, false, "BDAT chunk-size followed by junk"},
	} {
		if size, last, problem := chunkArg([]byte(c.arg)); size != c.size || last != c.last || problem != c.problem {
			t.Errorf("%q: %d %v %q", c.arg, size, last, problem)
		}
	}
}

func TestSignatures(t *testing.T) {
	for s, want := range map[string]bool{"EHLO x": true, " \r\nhelo": true, "x\rEHLO": true, "x\n\n EhLo": true, "x EHLO": false, "EHL": false, "": false} {
		if got := greetsServer([]byte(s)); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for s, want := range map[string]detect.Verdict{
		"220 ": detect.Match, "220-": detect.Match, "\r\n220\r": detect.Match, "220": detect.NeedMore, "2": detect.NeedMore,
		"": detect.NeedMore, "221": detect.NoMatch, "2200": detect.NoMatch,
	} {
		if got := greetsClient([]byte(s)); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestSkipData(t *testing.T) {
	b, p := newBench(t)
	n := 0
	b.Hooks.SMTP.Data.Listen(func(e *event.SMTPData) {
		if n++; !SkipData(e.Conn) {
			t.Error("no analyzer")
		}
	})
	b.Play(&p.Protocol, 100, []string{greeting, ehlo1, ok250, envelope, ">DATA\r\na\r\nb\r\n.\r\n", ">DATA\r\nc\r\nd\r\n.\r\n"})
	if n != 2 {
		t.Errorf("%d lines", n)
	}
}

func FuzzSMTP(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.parts, "\xff"), uint8(2))
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

// mailTurns returns both sides of the transfer of a typical message.
func mailTurns() (client, server []byte) {
	client = []byte("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n" +
		"From: A <a@b.test>\r\nTo: C <c@d.test>\r\nSubject: something\r\nContent-Type: multipart/mixed; boundary=xyz\r\n\r\n--xyz\r\n\r\ntext\r\n" +
		"--xyz\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(strings.Repeat("QUJD", 18)+"\r\n", 20) + "--xyz--\r\n.\r\n")
	return client, []byte("250 OK\r\n250 OK\r\n354 go on\r\n250 queued\r\n")
}

func silent(t testing.TB) (conn.Analyzer, *testconn.Bench) {
	b, p := newBench(t)
	b.Hooks.SMTP.Request.Listen(func(*event.SMTPRequest) {})
	b.Hooks.SMTP.Reply.Listen(func(*event.SMTPReply) {})
	b.Hooks.MIME.OneHeader.Listen(func(*event.MIMEOneHeader) {})
	b.Hooks.MIME.BeginEntity.Listen(func(*event.MIMEBeginEntity) {})
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, &p.Protocol)
	a.Data(false, []byte(greeting[1:]))
	a.Data(true, []byte(ehlo1[1:]))
	a.Data(false, []byte(ok250[1:]))
	return a, b
}

func BenchmarkMessage(b *testing.B) {
	a, _ := silent(b)
	client, server := mailTurns()
	b.SetBytes(int64(len(client) + len(server)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, client)
		a.Data(false, server)
	}
}
