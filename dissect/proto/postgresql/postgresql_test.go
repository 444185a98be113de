package postgresql

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// inside is a stand-in for TLS that records its input.
type inside struct{ lines *[]string }

func (s inside) Data(isOrig bool, b []byte) {
	for _, c := range b {
		*s.lines = append(*s.lines, fmt.Sprintf("tls %t %q", isOrig, c))
	}
}
func (s inside) Gap(isOrig bool, n uint64) {
	*s.lines = append(*s.lines, fmt.Sprintf("tls %t gap %d", isOrig, n))
}
func (s inside) End(bool) {}
func (s inside) Done()    {}

// newBench returns a bench and what it records: events and outcomes. Signatures are left out
// unless they are asked for.
func newBench(t testing.TB, follow compat.Set, signatures ...bool) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := new([]string)
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	h := &b.Hooks.PostgreSQL
	h.SSLRequest.Listen(func(*event.PostgreSQLSSLRequest) { add("ssl") })
	h.SSLReply.Listen(func(e *event.PostgreSQLSSLReply) { add("reply %s", e.Data) })
	h.StartupParameter.Listen(func(e *event.PostgreSQLStartupParameter) { add("parameter %s=%s", e.Name, e.Value) })
	h.StartupMessage.Listen(func(e *event.PostgreSQLStartupMessage) { add("startup %d.%d", e.Major, e.Minor) })
	h.AuthenticationRequest.Listen(func(e *event.PostgreSQLAuthenticationRequest) { add("auth %d %q", e.Identifier, e.Data) })
	h.AuthenticationOk.Listen(func(*event.PostgreSQLAuthenticationOk) { add("auth ok") })
	h.AuthenticationResponse.Listen(func(e *event.PostgreSQLAuthenticationResponse) { add("response %q", e.Data) })
	h.BackendKeyData.Listen(func(e *event.PostgreSQLBackendKeyData) { add("key %d %d", e.ProcessID, e.SecretKey) })
	h.ParameterStatus.Listen(func(e *event.PostgreSQLParameterStatus) { add("status %s=%s", e.Name, e.Value) })
	h.SimpleQuery.Listen(func(e *event.PostgreSQLSimpleQuery) {
		if len(e.Query) > 100 {
			add("query of %d", len(e.Query))
		} else {
			add("query %s", e.Query)
		}
	})
	h.DataRow.Listen(func(e *event.PostgreSQLDataRow) { add("row %d", e.ColumnValues) })
	h.ErrorResponseIdentifiedField.Listen(func(e *event.PostgreSQLErrorResponseIdentifiedField) { add("%s=%s", e.Code, e.Value) })
	h.ErrorResponse.Listen(func(*event.PostgreSQLErrorResponse) { add("error") })
	h.NoticeResponseIdentifiedField.Listen(func(e *event.PostgreSQLNoticeResponseIdentifiedField) { add("%s:%s", e.Code, e.Value) })
	h.NoticeResponse.Listen(func(*event.PostgreSQLNoticeResponse) { add("notice") })
	h.ReadyForQuery.Listen(func(e *event.PostgreSQLReadyForQuery) { add("ready %s", e.TransactionStatus) })
	h.Terminate.Listen(func(*event.PostgreSQLTerminate) { add("terminate") })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { add("confirmed") })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { add("violation %s", e.Info.Reason) })
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(conn.Use) conn.Analyzer { return inside{lines} }}
	p := New(b.Hooks, ssl, Options{Compat: follow})
	if len(signatures) == 0 {
		p.Signatures = nil // what they find after a violation depends on the number of segments
	}
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 5432)
	return b, lines
}

func be32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

// msg returns a message.
func msg(typ byte, parts ...string) string {
	s := strings.Join(parts, "")
	return string(typ) + be32(4+len(s)) + s
}

// first returns what begins a connection.
func first(version int, parts ...string) string {
	s := strings.Join(parts, "")
	return be32(8+len(s)) + be32(version) + s
}

const (
	version3 = 3 << 16
	started  = "parameter user=clerk|parameter database=shop|confirmed|startup 3.0|"
	inOrder  = started + `auth ok|key 7 9|ready I|`
)

var (
	sslAsked = first(requestTLS)
	start    = first(version3, "user\x00clerk\x00database\x00shop\x00\x00")
	ready    = msg('Z', "I")
	login    = []string{">" + start, "<" + msg('R', be32(0)) + msg('K', be32(7), be32(9)) + ready}
)

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
	zeek string // with the mistakes of Zeek, if that differs
}

func after(name, want string, talk ...string) talkCase {
	return talkCase{name: name, talk: append(slices.Clone(login), talk...), want: inOrder + want}
}

const failed = "violation error while parsing PostgreSQL: "

var talks = []talkCase{
	{name: "login", talk: login, want: inOrder},
	{name: "login with SASL", talk: []string{">" + start, "<" + msg('R', be32(10), "SCRAM\x00\x00"), ">" + msg('p', "SCRAM\x00data"), "<" + msg('R', be32(12), "final") + msg('R', be32(0)) + msg('S', "TimeZone\x00UTC\x00") + msg('S', "x\x00\x00") + ready},
		want: started + `auth 10 "SCRAM\x00\x00"|response "SCRAM\x00data"|auth 12 "final"|auth ok|status TimeZone=UTC|status x=|ready I|`},
	{name: "no TLS", talk: append([]string{">" + sslAsked, "<N"}, login...), want: "ssl|confirmed|reply N|" + strings.Replace(inOrder, "confirmed|", "", 1)},
	{name: "no TLS, and the client does not wait", talk: []string{">" + sslAsked + start, "<N" + ready}, want: "ssl|confirmed|reply N|parameter user=clerk|parameter database=shop|startup 3.0|ready I|"},
	{name: "TLS", talk: []string{">" + sslAsked, "<Sab", ">c"}, want: "ssl|confirmed|reply S|tls false 'a'|tls false 'b'|tls true 'c'|"},
	{name: "TLS, and the client does not wait", talk: []string{">" + sslAsked + "c", "<S"}, want: "ssl|confirmed|reply S|tls true 'c'|"},
	{name: "TLS, and the server comes first", talk: []string{"<S", ">" + sslAsked + "c"}, want: "ssl|confirmed|reply S|tls true 'c'|"},
	{name: "neither S nor N", talk: []string{">" + sslAsked, "<E"}, want: "ssl|violation &requires failed: ($$ == 'S' || $$ == 'N') (" + place + "192:21-192:54)|"},
	{name: "GSS-API", talk: []string{">" + first(requestGSS), "<Gxxxx"}, want: "confirmed|", zeek: "violation unsupported PostgreSQL major version 1234 (" + place + "93:17-93:72)|"},
	{name: "no GSS-API, then TLS", talk: []string{">" + first(requestGSS), "<N", ">" + sslAsked, "<N", ">" + start}, want: "ssl|confirmed|reply N|parameter user=clerk|parameter database=shop|startup 3.0|",
		zeek: "violation unsupported PostgreSQL major version 1234 (" + place + "93:17-93:72)|"},
	{name: "cancel", talk: []string{">" + first(cancelRequest, be32(7), be32(9))}, want: "confirmed|", zeek: "violation unsupported PostgreSQL major version 1234 (" + place + "93:17-93:72)|"},
	{name: "version 2", talk: []string{">" + first(2<<16, strings.Repeat("\x00", 288))}, want: "violation unsupported PostgreSQL major version 2 (" + place + "93:17-93:72)|"},
	{name: "another protocol", talk: []string{">GET / HTTP/1.0\r\n\r\n"}, want: "violation unsupported PostgreSQL major version 12064 (" + place + "93:17-93:72)|"},
	{name: "short", talk: []string{">\x00\x00\x00\x07\x00\x03\x00\x00"}, want: "violation &requires failed: (self.length >= 8) (" + place + "80:20-80:47)|"},
	{name: "no parameters", talk: []string{">" + first(version3)}, want: "violation " + reasonStartup + "&requires failed: (self.length >= 9) (" + place + "57:20-57:47)|"},
	{name: "startup of 2 GB", talk: []string{">\x7f\xff\xff\xff\x00\x03\x00\x00user"}, want: "violation PostgreSQL StartupMessage is too long|"},
	{name: "parameter without a value", talk: []string{">" + first(version3, "user\x00a\x00database\x00xyz\x00")}, want: "parameter user=a|violation " + reasonStartup + "failed to match regular expression (" + place + "52:12-52:25)|"},
	{name: "parameter without a name", talk: []string{">" + first(version3, "\x00a\x00\x00")}, want: "violation " + reasonStartup + "failed to match regular expression (" + place + "50:11-50:28)|"},
	{name: "parameters without an end", talk: []string{">" + first(version3, "user\x00a\x00x")}, want: "parameter user=a|violation " + reasonStartup + "parameters have no end|"},
	{name: "text that is not ASCII", talk: []string{">" + first(version3, "user\x00\xc3\xbc\x00x.y\x00z\x00\x00")}, want: "parameter user=ü|parameter x.y=z|confirmed|startup 3.0|",
		zeek: "violation " + reasonStartup + "failed to match regular expression (" + place + "52:12-52:25)|"},

	after("query", "query SELECT 1|row 1|row 2|ready I|terminate|", ">"+msg('Q', "SELECT 1\x00"), "<"+msg('T', "xxx")+msg('D', "\x00\x01\x00\x00\x00\x011")+msg('D', "\x00\x02")+msg('C', "SELECT 2\x00")+ready, ">"+msg('X')),
	after("error and notice", "query x|S=ERROR|M=no|error|C:00000|notice|ready E|", ">"+msg('Q', "x\x00"), "<"+msg('E', "SERROR\x00Mno\x00\x00")+msg('N', "C00000\x00\x00")+msg('Z', "E")),
	after("extended query", "row 1|ready T|", ">"+msg('P', "\x00SELECT 1\x00\x00\x00")+msg('B', "xx")+msg('E', "\x00\x00\x00\x00\x00")+msg('S'), "<"+msg('1')+msg('2')+msg('D', "\x00\x01")+msg('C', "x\x00")+msg('Z', "T")),
	after("query after one that is not read", "query y|", ">"+msg('d', strings.Repeat("x", 3000))+msg('Q', "y\x00")),
	after("length of a client's message", failed+reasonLength[0]+"|", ">Q\x00\x00\x00\x03"),
	after("length of a server's message", failed+reasonLength[1]+"|", "<Z\x00\x00\x00\x00"),
	after("query without an end", failed+"query has no end|", ">"+msg('Q', "x")),
	after("row without columns", failed+"row has no columns|", "<"+msg('D', "\x00")),
	after("other status", failed+"&requires failed: ($$ == 'I' || $$ == 'T' || $$ == 'E') ("+place+"286:31-286:77)|", "<"+msg('Z', "X")),
	after("unknown authentication", failed+"&requires failed: ($$ <= 12) ("+place+"318:24-318:43)|", "<"+msg('R', be32(13))),
	after("long AuthenticationOk", failed+"AuthenticationOK with wrong length: 5 ("+place+"320:13-320:68)|", "<"+msg('R', be32(0), "x")),
	after("short authentication", failed+"authentication has no kind|", "<"+msg('R', "x")),
	after("short key", failed+"key is too short|", "<"+msg('K', be32(1))),
	after("status without an end", failed+"failed to match regular expression ("+place+"278:12-278:25)|", "<"+msg('S', "a\x00b")),
	after("error without an end", "S=x|"+failed+"fields have no end|", "<"+msg('E', "Sx\x00My")),
}

// zeek82 has all effects of Zeek 8.2.
var zeek82, _ = compat.Parse(compat.Zeek82)

// play sends talk in segments whose lengths are cuts, cyclically.
func play(t testing.TB, follow compat.Set, talk []string, cuts []byte) []string {
	b, lines := newBench(t, follow)
	b.Open()
	b.TalkCut(talk, cuts)
	got := *lines
	b.Drain()
	if b.Table.Stats().Panics != 0 {
		t.Error("panic")
	}
	return got
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		if c.zeek == "" {
			c.zeek = c.want
		}
		for _, cuts := range [][]byte{nil, {0}, {2}, {0, 6, 40}} {
			if got := strings.Join(play(t, 0, c.talk, cuts), "|"); got != strings.TrimSuffix(c.want, "|") {
				t.Errorf("%s, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.want)
			}
			if got := strings.Join(play(t, zeek82, c.talk, cuts), "|"); got != strings.TrimSuffix(c.zeek, "|") {
				t.Errorf("%s as Zeek, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.zeek)
			}
		}
	}
}

func logIn(b *testconn.Bench) {
	b.Open()
	for _, s := range login {
		b.Talk(s[0] == '>', []byte(s[1:]))
	}
}

// TestGaps checks what goes on after missing bytes.
func TestGaps(t *testing.T) {
	b, lines := newBench(t, 0)
	logIn(b)
	*lines = nil
	row := msg('D', "\x00\x01", strings.Repeat("x", 100))
	b.Talk(false, []byte(row[:50]))
	b.Skip(false, 20) // inside of what is not read
	b.Talk(false, []byte(row[70:]+msg('E', "Mabcdefghijklmnopqrstuvwxyz")[:20]))
	b.Skip(false, 5) // inside of a message
	b.Talk(false, []byte("\x00\x00xxxxx"+ready))
	b.Drain()
	if got := strings.Join(*lines, "|"); got != "row 1|ready I" {
		t.Error(got)
	}
}

// TestLimits checks a query of which only the beginning is read, and a client that waits for
// no answer.
func TestLimits(t *testing.T) {
	limit := func(b *testconn.Bench, name string) uint64 {
		return b.Table.LimitCounts()[conn.Limit{Protocol: source, Name: name}]
	}
	b, lines := newBench(t, 0)
	logIn(b)
	*lines = nil
	q := msg('Q', strings.Repeat("x", 2*maxMessage), "\x00") + msg('X')
	for len(q) > 0 {
		n := min(len(q), 1400)
		b.Talk(true, []byte(q[:n]))
		q = q[n:]
	}
	if got := strings.Join(*lines, "|"); got != fmt.Sprintf("query of %d|terminate", maxMessage-messageHead) || limit(b, "message_size") != 1 {
		t.Errorf("%s, %d", got, limit(b, "message_size"))
	}
	b.Drain()

	b, lines = newBench(t, 0)
	b.Open()
	b.Talk(true, []byte(sslAsked))
	for range maxWaiting/1000 + 1 {
		b.Talk(true, make([]byte, 1000))
	}
	if got := strings.Join(*lines, "|"); got != "ssl|violation too many messages buffered" || limit(b, "waiting_bytes") != 1 {
		t.Errorf("%s, %d", got, limit(b, "waiting_bytes"))
	}
	b.Drain()
}

// TestDetection checks connections to another port.
func TestDetection(t *testing.T) {
	for _, c := range []struct{ client, server, want string }{
		{sslAsked, "N", "ssl|confirmed|reply N"},
		{sslAsked, "S", "ssl|confirmed|reply S"},
		{sslAsked, "X", ""},
		{start, ready, "parameter user=clerk|parameter database=shop|confirmed|startup 3.0|ready I"},
		{first(version3, "application_name\x00psql\x00user\x00a\x00\x00"), ready, "parameter application_name=psql|parameter user=a|confirmed|startup 3.0|ready I"},
		{first(version3, "a\x00", strings.Repeat("b", 300), "\x00user\x00a\x00\x00"), ready, ""},
		{first(version3, "database\x00a\x00\x00"), ready, ""},
		{start, "HTTP/1.1 400", ""},
	} {
		b, lines := newBench(t, 0, true)
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 15432)
		b.Open()
		b.Talk(true, []byte(c.client))
		b.Talk(false, []byte(c.server))
		if got := strings.Join(*lines, "|"); got != c.want {
			t.Errorf("%q, %q: %s, want %s", c.client, c.server, got, c.want)
		}
		b.Drain()
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		client, server := testconn.Sides(c.talk)
		f.Add(server, client, uint16(8), []byte{3, 40}, false)
		f.Add(server, client, uint16(1000), []byte{0}, true)
	}
	f.Fuzz(func(t *testing.T, server, client []byte, first uint16, cuts []byte, asZeek bool) {
		if len(server)+len(client) > 8000 {
			return
		}
		follow := compat.Set(0)
		if asZeek {
			follow = zeek82
		}
		n := min(int(first), len(client))
		talk := []string{">" + string(client[:n]), "<" + string(server), ">" + string(client[n:])}
		whole, parts := play(t, follow, talk, nil), play(t, follow, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+2*(len(server)+len(client)) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+len(client))
		}
	})
}
