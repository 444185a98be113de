package imap

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB) (*testconn.Bench, *detect.Protocol) {
	return newBenchOf(t, testconn.Config())
}

func newBenchOf(t testing.TB, cfg conn.Options) (*testconn.Bench, *detect.Protocol) {
	b := testconn.New(t, cfg)
	ssl, _ := tls.New(b.Hooks, nil, tls.DefaultOptions())
	p := New(b.Hooks, &ssl.Protocol)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	return b, p
}

func play(t testing.TB, n int, parts []string) []string {
	b, p := newBench(t)
	lines := b.Events("imap_", "conn_weird", "ssl_", "analyzer_")
	b.Play(&p.Protocol, n, parts)
	return *lines
}

const (
	greeting  = "<* OK ready\r\n"
	confirmed = `analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_IMAP","info":{}}`
	noIMAP    = `analyzer_violation_info {"atype":"Analyzer::ANALYZER_IMAP","info":{"reason":"line has no tag and command"}}`
	alert     = `ssl_alert {"is_client":true,"level":2,"desc":40}|ssl_plaintext_data {"is_client":true,"record_version":769,"content_type":21,"length":2}`
)

// cases are dialogues, with parts separated by \xff, and the expected events, separated
// by |.
var cases = []struct{ name, parts, want string }{
	{"starttls", greeting + "\xff>a1 CAPABILITY\r\n\xff<* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n\xff>a2 StartTLS\r\n\xff<a2 OK go\r\n\xff>\x15\x03\x01\x00\x02\x02\x28",
		confirmed + `|imap_capabilities {"capabilities":["IMAP4rev1","STARTTLS"]}|imap_starttls {}|` + alert},
	{"refused", greeting + "\xff>a STARTTLS\r\n>b STARTTLS\r\n\xff<b BAD no\r\n\xff>c LOGIN\r\n",
		confirmed + `|conn_weird {"name":"IMAP: client sent duplicate StartTLS","addl":"","source":"IMAP"}|conn_weird {"name":"IMAP: server refused StartTLS","addl":"","source":"IMAP"}`},
	{"login", ">a login u p\r\n\xff<not what it should be\r\n\x00\x01\r\n", confirmed},
	{"not imap", ">\x00\x01\x02\r\n", noIMAP},
	{"blank lines", greeting + "\xff>\n", confirmed + "|" + noIMAP},
	{"no spaces", ">tag\r\n", noIMAP},
	{"no command", ">tag  \x01\r\n", noIMAP},
}

func TestTalks(t *testing.T) {
	for _, c := range cases {
		parts := strings.Split(strings.ReplaceAll(c.parts, "\r\n>", "\r\n"), "\xff")
		for _, n := range []int{1 << 20, 1, 2, 5} {
			if got := strings.Join(play(t, n, parts), "|"); got != c.want {
				t.Errorf("%s in pieces of %d:\n%s\nwant\n%s", c.name, n, strings.ReplaceAll(got, "|", "\n"), strings.ReplaceAll(c.want, "|", "\n"))
			}
		}
	}
}

// TestReason checks that Zeek's reason has the pattern and what is at hand after the mismatch.
func TestReason(t *testing.T) {
	const tag, spaces = `[[:alnum:][:punct:]]+`, `[ ]+`
	for _, c := range []struct {
		parts         []string
		line, pattern string
		have          string
	}{
		{[]string{"a OK\r\n)\r\nb OK\r\n"}, "19", spaces, "\r\nb OK\r\n"},
		{[]string{"a OK\r\n)", "\r\nb OK\r\n"}, "19", spaces, "\r\nb OK\r\n"},
		{[]string{"a OK\r\n)\x01\r\n", "b OK\r\n"}, "19", spaces, "\x01\r\n"},
		{[]string{"\x01b"}, "18", tag, "\x01b"},
		{[]string{"a  \x02\x00\r\n"}, "20", tag, "\x02"},
	} {
		cfg := testconn.Config()
		var err error
		if cfg.Compat, err = compat.Parse(compat.Zeek82); err != nil {
			t.Fatal(err)
		}
		b, p := newBenchOf(t, cfg)
		var reason string
		b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { reason = string(e.Info.Reason) })
		b.Open()
		var x *conn.Conn
		b.Table.All(func(c *conn.Conn) { x = c })
		b.Attach(x, &p.Protocol)
		for _, s := range c.parts {
			b.Talk(false, []byte(s))
		}
		want := "Binpac exception: binpac exception: string mismatch at zeek/src/analyzer/protocol/imap/imap-protocol.pac:" + c.line +
			": \nexpected pattern: \"" + c.pattern + "\"\nactual data: \"" + c.have + "\""
		if reason != want {
			t.Errorf("%q: %q, want %q", c.parts, reason, want)
		}
	}
}

// TestViolation checks other protocols on IMAP's port.
func TestViolation(t *testing.T) {
	for _, s := range []string{"GET\r\n", "\x16\x03\x01", "\r\n", "tag\r\n", strings.Repeat("x", maxLine+1)} {
		b, p := newBench(t)
		n := 0
		b.Hooks.Analyzer.ViolationInfo.Listen(func(*event.AnalyzerViolationInfo) { n++ })
		b.Open()
		var c *conn.Conn
		b.Table.All(func(x *conn.Conn) { c = x })
		b.Attach(c, &p.Protocol)
		for d := []byte(s); len(d) > 0; {
			k := min(len(d), 1400)
			b.Talk(true, d[:k])
			d = d[k:]
		}
		if n != 1 {
			t.Errorf("%.20q: %d violations", s, n)
		}
	}
}

func FuzzIMAP(f *testing.F) {
	for _, c := range cases {
		f.Add(c.parts, uint8(2))
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

func BenchmarkLines(b *testing.B) {
	bench, p := newBench(b)
	bench.Hooks.IMAP.Capabilities.Listen(func(*event.IMAPCapabilities) {})
	bench.Open()
	var c *conn.Conn
	bench.Table.All(func(x *conn.Conn) { c = x })
	a := bench.Attach(c, &p.Protocol)
	client, server := []byte("a1 NOOP\r\n"), []byte("* CAPABILITY IMAP4rev1 LITERAL+ IDLE\r\na1 OK done\r\n")
	b.SetBytes(int64(len(client) + len(server)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, client)
		a.Data(false, server)
	}
}
