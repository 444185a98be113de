package ftp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// recorder collects events up to a violation, after which they depend on segment
// boundaries.
type recorder struct {
	lines []string
	over  bool
}

func (r *recorder) add(format string, a ...any) {
	if !r.over {
		r.lines = append(r.lines, fmt.Sprintf(format, a...))
	}
}

// tls is a stand-in for the TLS analyzer.
type tls struct {
	rec  *recorder
	h    *event.Hooks
	c    *conn.Conn
	data [2][]byte
}

func (p *tls) Data(isOrig bool, b []byte) {
	p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], b...)
	if strings.HasSuffix(string(b), "done") {
		p.h.SSL.Established.Raise(&event.SSLEstablished{Conn: p.c})
	}
}
func (p *tls) Gap(isOrig bool, n uint64) {
	p.data[conn.Side(isOrig)] = fmt.Appendf(p.data[conn.Side(isOrig)], "<%d>", n)
}
func (p *tls) End(isOrig bool) { p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], '.') }
func (p *tls) Done()           { p.rec.add("TLS %q %q", p.data[0], p.data[1]) }

func newBench(t testing.TB) (*testconn.Bench, *recorder) {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 21)
	rec := new(recorder)
	h := &b.Hooks.FTP
	h.Request.Listen(func(e *event.FTPRequest) { rec.add("> %s %q", e.Command, e.Arg) })
	h.Reply.Listen(func(e *event.FTPReply) {
		more := ""
		if e.ContResp {
			more = "+"
		}
		rec.add("< %d%s %q to %s", e.Code, more, e.Msg, e.Command)
	})
	h.Command.Listen(func(e *event.FTPCommand) { rec.add("over %s %q", e.Command, e.Arg) })
	h.DataChannel.Listen(func(e *event.FTPDataChannel) {
		rec.add("data passive %v %s to %s:%d", e.Channel.Passive, e.Channel.OrigH, e.Channel.RespH, e.Channel.RespP.Num)
	})
	b.Hooks.File.DataConnection.Listen(func(e *event.DataConnection) {
		rec.add("connection for %s, control %v", e.Source, e.Control != nil)
	})
	b.Hooks.File.Transferred.Listen(func(e *event.FileTransferred) { rec.add("transferred %q %s", e.Prefix, e.MIMEType) })
	b.Hooks.File.OverNewConnection.Listen(func(e *event.FileOverNewConnection) { rec.add("file %v", e.IsOrig) })
	b.Hooks.File.StateRemove.Listen(func(e *event.FileStateRemove) {
		rec.add("file of %d bytes, %d missing", e.File.SeenBytes(), e.File.MissingBytes())
	})
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		rec.add("services %v", e.Conn.Services(nil))
	})
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { rec.add("weird %s %s %s", e.Name, e.Addl, e.Source) })
	b.Hooks.Weird.Net.Listen(func(e *event.NetWeird) { rec.add("weird %s %s %s", e.Name, e.Addl, e.Source) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		rec.add("violation %s %q", e.Info.Reason, e.Info.Data.V)
		rec.over = true
	})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(u conn.Use) conn.Analyzer {
		return &tls{rec: rec, h: b.Hooks, c: u.Conn()}
	}}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, fm, ssl, DefaultOptions())}))
	return b, rec
}

const begun = `< 220 "ready" to <init>|over <init> ""|`

var talks = []struct {
	name string
	talk []string
	want string
}{
	{"login", []string{"<220 ready\r\n", ">USER me\r\n", "<331 password\r\n", ">pass  secret\r\n", "<230 ok\n"},
		begun + `> USER "me"|< 331 "password" to USER|over USER "me"|> PASS "secret"|< 230 "ok" to PASS|over PASS "secret"|services [ftp]`},
	{"reply of several lines", []string{"<220-one\r\n220x\r\n 220 in\r\n220 two\r\n", ">NOOP\r\n"},
		`< 220+ "one" to <init>|< 0+ "220x" to |< 0+ " 220 in" to |< 220 "two" to <init>|over <init> ""|> NOOP ""|over NOOP ""|services [ftp]`},
	{"pipelined", []string{"<220 ready\r\n", ">CWD a\r\nRETR b\r\n", "<250 ok\r\n226 done\r\n"},
		begun + `> CWD "a"|> RETR "b"|< 250 "ok" to CWD|over CWD "a"|< 226 "done" to RETR|over RETR "b"|services [ftp]`},
	{"passive", []string{"<220 ready\r\n", ">PASV\r\n", "<227 Entering Passive Mode (198,51,100,2,4,31)\r\n"},
		begun + `> PASV ""|< 227 "Entering Passive Mode (198,51,100,2,4,31)" to PASV|data passive true 192.0.2.1 to 198.51.100.2:1055|over PASV ""|services [ftp]`},
	{"a third host", []string{"<220 ready\r\n", ">PORT 203,0,113,9,0,80\r\n", "<200 ok\r\n"},
		begun + `> PORT "203,0,113,9,0,80"|data passive false 198.51.100.2 to 203.0.113.9:80|< 200 "ok" to PORT|over PORT "203,0,113,9,0,80"|services [ftp]`},
	{"AUTH TLS", []string{"<220 ready\r\n", ">AUTH TLS\r\n", "<234 go\r\nhello", ">\x16\x03", "<\x16\xff\x00"},
		begun + `> AUTH "TLS"|< 234 "go" to AUTH|TLS "\x16\x03." "hello\x16\xff\x00."|over AUTH "TLS"|services [ftp]`},
	{"AUTH GSSAPI", []string{"<220 ready\r\n", ">AUTH GSSAPI\r\n", "<334 go\r\n", ">ADAT FgMBAAJoaQ==\r\n", "<335 ADAT=aGkgZG9uZQ==\r\n", ">ADAT bW9yZQ==\r\n", "<235 ADAT=b3Zlcg==\r\n", ">ADAT eHh4\r\n"},
		begun + `> AUTH "GSSAPI"|< 334 "go" to AUTH|over AUTH "GSSAPI"|> ADAT "FgMBAAJoaQ=="|< 335 "ADAT=aGkgZG9uZQ==" to ADAT|over ADAT "FgMBAAJoaQ=="|` +
			`> ADAT "bW9yZQ=="|< 235 "ADAT=b3Zlcg==" to ADAT|TLS "\x16\x03\x01\x00\x02himore" "hi doneover"|over ADAT "bW9yZQ=="|> ADAT "eHh4"|over ADAT "eHh4"|services [ftp gridftp]`},
	{"ADAT that is not TLS", []string{"<220 ready\r\n", ">AUTH GSSAPI\r\n", "<334 go\r\n", ">ADAT a b\r\n"},
		begun + `> AUTH "GSSAPI"|< 334 "go" to AUTH|over AUTH "GSSAPI"|> ADAT "a b"|weird base64_illegal_encoding character 32 ignored by Base64 decoding |` +
			`weird ftp_adat_bad_first_token_encoding  FTP_ADAT|TLS "" ""|over ADAT "a b"|services [ftp]`},
	{"Telnet commands", []string{"<220 rea\xff\xfd\x01dy\r\n", ">\xff\xf4\xffAB\xff\xff\xff\xfa\x18\xff\xff\x00\xff\xf0OR\r\n"},
		begun + `services []`},
	{"NUL and CR", []string{"<220 ready\r\n", ">NO\x00OP\rx\r\n"},
		`< 220 "ready" to <init>|weird NUL_in_line  NVT|weird line_terminated_with_single_CR  NVT|over <init> ""|> NOOP "\rx"|over NOOP "\rx"|services [ftp]`},
	{"no numbers", []string{"<hello\r\n"}, `violation non-numeric reply code "hello"`},
	{"small number", []string{"<099 hello\r\n"}, `violation invalid reply code "099 hello"`},
	{"no space", []string{"<220hello\r\n"}, `violation invalid reply line "220hello"`},
	{"long command", []string{"<220 ready\r\n", ">NOOP\r\n" + strings.Repeat("x", 101) + "\r\n\x01\x02\x03\r\n"},
		begun + `> NOOP ""|weird FTP_max_command_length_exceeded 101 FTP|weird FTP_invalid_command  FTP|over NOOP ""|services [ftp]`},
	{"cut off", []string{"<220 ready\r\n", ">NOOP\r\nQUIT", "<200 ok\r\n221 bye"},
		begun + `> NOOP ""|< 200 "ok" to NOOP|over NOOP ""|> QUIT ""|< 221 "bye" to QUIT|over QUIT ""|services [ftp]`},
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		for _, size := range []int{1 << 16, 1, 2, 3, 7} {
			b, rec := newBench(t)
			b.Converse(c.talk, size)
			if got := strings.Join(rec.lines, "|"); got != c.want {
				t.Errorf("%s, segments of %d:\ngot  %s\nwant %s", c.name, size, got, c.want)
			}
		}
	}
}

// TestTelnetOptions has options of Telnet on the control connection (RFC 959 section 4.1),
// whose events are those of logins.
func TestTelnetOptions(t *testing.T) {
	b, rec := newBench(t)
	h := &b.Hooks.Login
	h.Terminal.Listen(func(e *event.LoginTerminal) { rec.add("terminal %s", e.Terminal) })
	h.AuthenticationAccepted.Listen(func(e *event.AuthenticationAccepted) { rec.add("accepted %s", e.Name) })
	b.Converse([]string{"<220 \xff\xfa\x25\x02\x02\xff\xf0ready\r\n", ">US\xff\xfa\x18\x00vt\xff\xf0ER me\r\n"}, 3)
	want := []string{"accepted <empty>", `< 220 "ready" to <init>`, "terminal vt", `over <init> ""`, `> USER "me"`, `over USER "me"`, "services [ftp]"}
	if !slices.Equal(rec.lines, want) {
		t.Errorf("%q, want %q", rec.lines, want)
	}
}

func TestDataConnection(t *testing.T) {
	for _, c := range []struct {
		name, begin, want string
		fromServer        bool
		wait              value.Time
	}{
		{"passive", ">PASV\r\n;<227 ok 198,51,100,2,4,31\r\n", "connection for FTP_DATA, control true|file true|", false, 0},
		{"extended passive", ">EPSV\r\n;<229 ok (|||1055|)\r\n", "connection for FTP_DATA, control true|file true|", false, 0},
		{"active", ">PORT 192,0,2,1,4,31\r\n;<200 ok\r\n", "connection for FTP_DATA, control true|file true|", true, 0},
		{"extended active", ">EPRT |1|192.0.2.1|1055|\r\n;<200 ok\r\n", "connection for FTP_DATA, control true|file true|", true, 0},
		{"other direction", ">PORT 192,0,2,1,4,31\r\n;<200 ok\r\n", "", false, 0},
		{"too late", ">PASV\r\n;<227 ok 198,51,100,2,4,31\r\n", "", false, 301 * value.Second},
	} {
		b, rec := newBench(t)
		b.Open()
		for _, s := range strings.Split("<220 ready\r\n;"+c.begin, ";") {
			b.Talk(s[0] == '>', []byte(s[1:]))
		}
		b.Advance(c.wait)
		rec.lines = nil
		b.Client, b.Server = netip.AddrPortFrom(b.Client.Addr(), 40001), netip.AddrPortFrom(b.Server.Addr(), 1055)
		if c.fromServer {
			b.Client, b.Server = netip.AddrPortFrom(b.Server.Addr(), 20), netip.AddrPortFrom(b.Client.Addr(), 1055)
		}
		b.Open()
		b.Talk(true, []byte("hello "))
		b.Skip(true, 3)
		b.Talk(true, []byte("world"))
		b.Close()
		b.Advance(10 * value.Second)
		got := strings.Join(rec.lines, "|")
		want := c.want
		if want == "" {
			want = "services []"
		} else {
			want += `transferred "hello world" text/plain|file of 11 bytes, 3 missing|services [ftp-data]`
		}
		if c.wait > 0 {
			got = strings.TrimPrefix(got, "over PASV \"\"|services [ftp]|")
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, want)
		}
	}
}

// TestDataPortReused checks a server that reuses both ports for the next file before the
// table has removed the first connection.
func TestDataPortReused(t *testing.T) {
	b, rec := newBench(t)
	b.Open()
	b.Talk(false, []byte("220 ready\r\n"))
	b.Talk(true, []byte("PORT 192,0,2,1,4,31\r\n"))
	b.Client, b.Server = netip.AddrPortFrom(b.Server.Addr(), 20), netip.AddrPortFrom(b.Client.Addr(), 1055)
	for range 2 {
		b.Open()
		b.Talk(true, []byte("hello"))
		b.Close()
	}
	if n := strings.Count(strings.Join(rec.lines, "|"), "connection for FTP_DATA, control true|file true"); n != 2 {
		t.Errorf("%d data connections: %q", n, rec.lines)
	}
	b.Advance(10 * value.Second)
	rec.lines = nil
	b.Open()
	b.Talk(true, []byte("hello"))
	b.Close()
	if len(rec.lines) > 0 {
		t.Errorf("still waited for: %q", rec.lines)
	}
}

// TestGoesOn checks that the analyzer survives invalid replies where violations are
// ignored.
func TestGoesOn(t *testing.T) {
	for name, before := range map[string]func(b *testconn.Bench){
		"missing bytes": func(b *testconn.Bench) { b.Skip(false, 4) },
		"much traffic": func(b *testconn.Bench) {
			for range 300 {
				b.Talk(true, []byte("NOOP "+strings.Repeat("x", 40)+"\r\n"))
			}
		},
	} {
		b, rec := newBench(t)
		b.Open()
		b.Talk(false, []byte("220 ready\r\n"))
		b.Talk(true, []byte("NOOP\r\n"))
		before(b)
		b.Talk(false, []byte("hello\r\n"))
		rec.lines, rec.over = nil, false
		b.Talk(false, []byte("200 ok\r\n"))
		if len(rec.lines) == 0 || rec.lines[0] != `< 200 "ok" to NOOP` {
			t.Errorf("after %s: %q", name, rec.lines)
		}
	}
}

// TestPatience checks the longer inactivity timeout of an idle session.
func TestPatience(t *testing.T) {
	b, _ := newBench(t)
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 2811)
	b.Open()
	b.Talk(true, []byte("USER me\r\n"))
	b.Advance(3599 * value.Second)
	if b.Table.Len() != 1 {
		t.Error("given up too early")
	}
	b.Advance(2 * value.Second)
	if b.Table.Len() != 0 {
		t.Error("not given up")
	}
}

// TestPending checks the limit on unanswered commands.
func TestPending(t *testing.T) {
	b, rec := newBench(t)
	b.Open()
	for range 100 {
		b.Talk(true, []byte("NOOP\r\n"))
	}
	b.Drain()
	weirds, over := 0, 0
	for _, l := range rec.lines {
		if strings.HasPrefix(l, "weird FTP_too_many_pending_commands 20") {
			weirds++
		}
		if strings.HasPrefix(l, "over") {
			over++
		}
	}
	if weirds == 0 || over != DefaultOptions().Pending {
		t.Errorf("%d weirds, %d commands were kept", weirds, over)
	}
}

func TestSignatures(t *testing.T) {
	for _, c := range []struct {
		orig, resp string
		want       [2]bool
	}{
		{"USER x\r\n", "220 hi\r\n331 pw\r\n", [2]bool{true, true}},
		{"AUTH TLS\r\n  user x", "\r\n 120 \r\n 230-", [2]bool{true, true}},
		{"A\r\nB\r\nUSER x", "220-a\r\n220 b\r\n331 c", [2]bool{true, true}},
		{"A\r\nxUSER x", "220-a\r\n b331 c", [2]bool{}},
		{"USERx", "2201\n331 ", [2]bool{}},
		{"x USER x", "220 331 x\n230", [2]bool{}},
	} {
		if got := [2]bool{client([]byte(c.orig)), server([]byte(c.resp)) == detect.Match}; got != c.want {
			t.Errorf("%q and %q: %v", c.orig, c.resp, got)
		}
	}
}

// FuzzSegments checks that the events do not depend on segment boundaries, and that
// nothing panics.
func FuzzSegments(f *testing.F) {
	for _, c := range talks {
		orig, resp := testconn.Sides(c.talk)
		f.Add(orig, resp, uint8(3))
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 600 {
			return
		}
		var want []string
		for _, n := range []int{1 << 16, 1, max(int(size), 1)} {
			b, rec := newBench(t)
			b.Converse([]string{"<" + string(resp), ">" + string(orig)}, n)
			if rec.over {
				// Until the end of the segment, the ends of lines are still searched for.
				rec.lines = slices.DeleteFunc(rec.lines, func(l string) bool { return strings.HasSuffix(l, "NVT") })
			}
			if n == 1<<16 {
				want = rec.lines
			} else if !slices.Equal(want, rec.lines) {
				t.Fatalf("segments of %d:\ngot  %q\nwant %q", n, rec.lines, want)
			}
		}
	})
}

func BenchmarkCommands(b *testing.B) {
	bench := testconn.New(b, testconn.Config())
	bench.Hooks.FTP.Request.Listen(func(*event.FTPRequest) {})
	bench.Hooks.FTP.Reply.Listen(func(*event.FTPReply) {})
	fm := files.New(files.DefaultOptions(), bench.Hooks, bench.Table, func(value.Time, uint64, uint64) {})
	p := New(bench.Hooks, fm, &conn.Protocol{Name: "SSL"}, DefaultOptions())
	bench.SetAttacher(detect.New(nil))
	bench.Open()
	var c *conn.Conn
	bench.Table.All(func(x *conn.Conn) { c = x })
	a := p.New(bench.Table.Nested(c, &p.Protocol))
	request, reply := []byte("RETR file.txt\r\n"), []byte("226 Transfer complete.\r\n")
	b.SetBytes(int64(len(request) + len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, request)
		a.Data(false, reply)
	}
}
