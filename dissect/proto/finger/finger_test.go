package finger

import (
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

func newBench(t testing.TB, cfg conn.Options) (*testconn.Bench, *detect.Protocol) {
	b := testconn.New(t, cfg)
	b.SetAttacher(detect.New(nil))
	return b, New(b.Hooks)
}

// play returns the events of a conversation in pieces of n bytes.
func play(t testing.TB, n int, parts []string) []string {
	b, p := newBench(t, testconn.Config())
	events := b.Events("finger_", "conn_weird")
	b.Play(&p.Protocol, n, parts)
	return *events
}

var cases = []struct {
	parts []string
	want  []string
}{
	{[]string{">alice\r\n", "<Login: alice\r\n\r\nNo Plan.\n"}, []string{
		`finger_request {"full":false,"username":"alice","hostname":""}`,
		`finger_reply {"reply_line":"Login: alice"}`, `finger_reply {"reply_line":"No Plan."}`,
	}},
	{[]string{">/W  bob@a@b\r\n"}, []string{`finger_request {"full":true,"username":"bob","hostname":"a@b"}`}},
	{[]string{"> /w\r\n"}, []string{`finger_request {"full":true,"username":"","hostname":""}`}},
	{[]string{">@host", ">~", "<end", "<~"}, []string{
		`finger_request {"full":false,"username":"","hostname":"host"}`, `finger_reply {"reply_line":"end"}`,
	}},
	{[]string{">\r\n"}, nil}, // a list of all users: no event, as in Zeek
	{[]string{">a\x00b\r\n"}, []string{
		`conn_weird {"name":"NUL_in_line","addl":"","source":"CONTENTLINE"}`,
		`finger_request {"full":false,"username":"ab","hostname":""}`,
	}},
}

func TestEvents(t *testing.T) {
	for _, c := range cases {
		for _, n := range []int{1, 3, 1000} {
			if got := play(t, n, c.parts); !slices.Equal(got, c.want) {
				t.Errorf("%q in pieces of %d:\n%s\nwant:\n%s", c.parts, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

// TestLineLimit has lines that are cut, without an end or with one.
func TestLineLimit(t *testing.T) {
	got := play(t, 100, []string{">" + strings.Repeat("x", 3*maxLine)})
	if len(got) < 2 || !strings.Contains(got[0], "contentline_size_exceeded") || len(got[1]) > 2*maxLine {
		t.Errorf("%.200q", got)
	}
}

// TestService has the service, and the weird about queries.
func TestService(t *testing.T) {
	for _, c := range []struct {
		parts   []string
		compat  compat.Set
		listen  bool // to requests
		service string
		weird   bool
	}{
		{[]string{">alice\r\n", "<no such user\r\n"}, 0, false, "finger", false},
		{[]string{">alice", "<no such user\r\n"}, 0, false, "finger", false},
		{[]string{"<no such user\r\n"}, 0, false, "", true},
		{[]string{">alice\r\n", "<no such user\r\n"}, 1 << compat.FingerLines, false, "finger", false},
		{[]string{">\r\n", "<none\r\n"}, 1 << compat.FingerLines, false, "", false},
		{[]string{"<no such user\r\n"}, 1 << compat.FingerLines, false, "finger", false},
		{[]string{">alice\r\n", "<no such user\r\n"}, 1 << compat.NoSpicy, false, "", true},
		{[]string{">alice\r\n", "<no such user\r\n"}, 1<<compat.NoSpicy | 1<<compat.FingerLines, true, "", false},
	} {
		cfg := testconn.Config()
		cfg.Compat = c.compat
		b := testconn.New(t, cfg)
		b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 79)
		if c.listen {
			b.Hooks.Finger.Request.Listen(func(*event.FingerRequest) {})
		}
		weird := false
		b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { weird = weird || e.Name == "partial_finger_request" })
		services := ""
		b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
			services = strings.Join(e.Conn.Services(nil), ",")
		})
		b.Converse(c.parts, 100)
		if services != c.service || weird != c.weird {
			t.Errorf("%+v: service %q, weird %v", c, services, weird)
		}
	}
}

var strictCases = []struct {
	parts []string
	want  []string
}{
	{[]string{"> /W  bob@a@b \r\nagain\r\n", "<Login: \xff\r\n\nend\n", "<cut"}, []string{
		`finger_request {"full":true,"username":"bob","hostname":"a@b"}`,
		`analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_FINGER","info":{}}`,
		`finger_reply {"reply_line":"Login: \\xef\\xbf\\xbd"}`, `finger_reply {"reply_line":"end"}`,
	}},
	{[]string{">\r\n"}, []string{`finger_request {"full":false,"username":"","hostname":""}`}},
	{[]string{"<ab\rcd\n"}, []string{`analyzer_violation_info failed to match regular expression`}},
	{[]string{"<" + strings.Repeat("x", 1024) + "\n"}, []string{
		`finger_reply {"reply_line":"` + strings.Repeat("x", 1024) + `"}`,
		`analyzer_confirmation_info {"atype":"Analyzer::ANALYZER_FINGER","info":{}}`,
	}},
	{[]string{"<" + strings.Repeat("x", 1025) + "\n"}, []string{
		`analyzer_violation_info parsing not done within &max-size bytes (zeek/src/analyzer/protocol/finger/finger.spicy:65:22-65:48)`,
	}},
	{[]string{">   /W   " + strings.Repeat("x", 1025) + "\n"}, []string{
		`analyzer_violation_info parsing not done within &max-size bytes (zeek/src/analyzer/protocol/finger/finger.spicy:46:21-46:47)`,
	}},
}

func playStrict(t testing.TB, n int, parts []string) []string {
	cfg := testconn.Config()
	cfg.Compat = 1 << compat.FingerLines
	b, p := newBench(t, cfg)
	events := b.Events("finger_", "conn_weird", "analyzer_confirmation")
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		*events = append(*events, "analyzer_violation_info "+string(e.Info.Reason))
	})
	b.Play(&p.Protocol, n, parts)
	return *events
}

func TestStrict(t *testing.T) {
	for _, c := range strictCases {
		for _, n := range []int{1, 3, 1 << 20} {
			if got := playStrict(t, n, c.parts); !slices.Equal(got, c.want) {
				t.Errorf("%.100q in pieces of %d:\n%s\nwant:\n%s", c.parts, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

func FuzzFinger(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.parts, "\xff"), uint8(2))
	}
	for _, c := range strictCases {
		f.Add(strings.Join(c.parts, "\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		parts := testconn.Parts(in)
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		for _, play := range []func(testing.TB, int, []string) []string{play, playStrict} {
			whole, pieces := play(t, 1<<20, parts), play(t, int(n)+1, parts)
			if !slices.Equal(whole, pieces) {
				t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
			}
		}
	})
}
