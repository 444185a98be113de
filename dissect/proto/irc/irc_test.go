package irc

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

func (r *recorder) add(s string) {
	if !r.over {
		r.lines = append(r.lines, s)
	}
}

// tls is a stand-in for the TLS analyzer.
type tls struct {
	rec  *recorder
	data [2][]byte
}

func (p *tls) Data(isOrig bool, b []byte) {
	p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], b...)
}
func (p *tls) Gap(bool, uint64) {}
func (p *tls) End(bool)         {}
func (p *tls) Done()            { p.rec.add(fmt.Sprintf("TLS %q %q", p.data[0], p.data[1])) }

// newBench records the protocol's events in the format of the event stream.
func newBench(t testing.TB) (*testconn.Bench, *recorder) {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 6667)
	rec := new(recorder)
	if _, err := event.NewStream(b.Hooks, func() value.Time { return 0 }, func(line []byte) {
		name := field(string(line), `"event":"`)
		if strings.HasPrefix(name, "irc_") || name == "data_connection" || name == "file_transferred" {
			_, args, _ := strings.Cut(string(line), `"args":`)
			rec.add(strings.TrimPrefix(name, "irc_") + " " + strings.TrimSuffix(strings.TrimSpace(args), "}"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { rec.add("weird " + e.Name) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		rec.add("violation " + string(e.Info.Reason))
		rec.over = true
	})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(conn.Use) conn.Analyzer { return &tls{rec: rec} }}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, fm, ssl, DefaultOptions())}))
	return b, rec
}

func field(s, key string) string {
	_, s, _ = strings.Cut(s, key)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

var talks = []struct {
	talk []string
	want string
}{
	{[]string{">NICK me\r\nUSER a b c :Real N\r\n", "<:srv 433 * me :used\r\n"},
		`nick_message {"is_orig":true,"who":"","newnick":"me"}|user_message {"is_orig":true,"user":"a","host":"b","server":"c","real_name":"RealN "}|invalid_nick {"is_orig":false}`},
	{[]string{">JOIN #a,#b key\r\n", "<:me!u@h JOIN :#a\r\nNJOIN #b :@@x,+y\r\n"},
		`join_message {"is_orig":true,"info_list":[{"nick":"","channel":"#a","password":"key","usermode":""},{"nick":"","channel":"#b","password":"","usermode":""}]}|` +
			`join_message {"is_orig":false,"info_list":[{"nick":"me","channel":"#a","password":"","usermode":""}]}|` +
			`join_message {"is_orig":false,"info_list":[{"nick":"x","channel":"#b","password":"","usermode":"creator"},{"nick":"y","channel":"#b","password":"","usermode":"voice"}]}`},
	{[]string{"<:srv 353 me = #a :@x y\r\n:srv 352 me #a ~u h s n H :0 Real\r\n"},
		`names_info {"is_orig":false,"c_type":"=","channel":"#a","users":["x","y"]}|` +
			`who_line {"is_orig":false,"target_nick":"me","channel":"#a","user":"u","host":"h","server":"s","nick":"n","params":"H","hops":0,"real_name":"Real"}`},
	{[]string{">PRIVMSG you :hello there\r\nNOTICE you :psst\r\n@tag=1 :p WHATEVER x y\r\n"},
		`privmsg_message {"is_orig":true,"source":"","target":"you","message":"hello there"}|notice_message {"is_orig":true,"source":"","target":"you","message":"psst"}|` +
			`request {"is_orig":true,"prefix":"p","command":"WHATEVER","arguments":"x y"}`},
	{[]string{">PRIVMSG you :\x01DCC SEND f 1 x\x01\r\nPRIVMSG you :\x01DCC SEND f x 1\x01\r\nPRIVMSG you :\x01DCC\x01\r\n"},
		"weird irc_invalid_dcc_port|weird irc_invalid_dcc_host|weird irc_invalid_dcc_message_format"},
	{[]string{">STARTTLS\r\n", "<:srv 670 * :go\r\n", ">\x16hi", "<\x16\nyou"},
		`starttls {}|TLS "\x16hi" "\x16\nyou"`},
	{[]string{">PART #a,#b :bye\r\nQUIT :gone\r\nMODE\r\nKICK #a x :a b\r\nPASS p\r\nOPER u p\r\nWHO x o\r\nWHOIS a b\r\nINVITE n :#c\r\n"},
		`part_message {"is_orig":true,"nick":"","chans":["#a","#b"],"message":"bye"}|quit_message {"is_orig":true,"nick":"","message":"gone"}|weird irc_invalid_mode_message_format|` +
			`kick_message {"is_orig":true,"prefix":"","chans":"#a","users":"x","comment":"a b"}|password_message {"is_orig":true,"password":"p"}|oper_message {"is_orig":true,"user":"u","password":"p"}|` +
			`who_message {"is_orig":true,"mask":"x","oper":true}|whois_message {"is_orig":true,"server":"a","users":"b"}|invite_message {"is_orig":true,"prefix":"","nickname":"n","channel":"#c"}`},
	{[]string{"<12 x\r\n"}, "violation invalid reply number"},
	{[]string{"<:srv x\r\n"}, "violation line too short"},
	{[]string{">PING x\r\n" + strings.Repeat("y", 600) + "\r\nab\r\n"},
		`request {"is_orig":true,"prefix":"","command":"PING","arguments":"x"}|weird irc_line_size_exceeded|weird irc_line_too_short`},
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		for _, size := range []int{1 << 16, 1, 2, 3, 7} {
			b, rec := newBench(t)
			b.Converse(c.talk, size)
			if got := strings.Join(rec.lines, "|"); got != c.want {
				t.Errorf("%q, segments of %d:\ngot  %s\nwant %s", c.talk, size, got, c.want)
			}
		}
	}
}

func TestDCC(t *testing.T) {
	b, rec := newBench(t)
	b.Open()
	b.Talk(false, []byte(":x!y@z PRIVMSG me :\x01DCC SEND file.txt 3325256706 5000 5\x01\r\n")) // 198.51.100.2
	b.Client, b.Server = netip.AddrPortFrom(b.Client.Addr(), 40001), netip.AddrPortFrom(b.Server.Addr(), 5000)
	rec.lines = nil
	b.Open()
	b.Talk(false, []byte("hello world\n"))
	b.Talk(true, []byte("\x00\x00\x05"))
	b.Close()
	b.Drain()
	want := `data_connection {"source":"IRC_DATA"}|weird irc_invalid_dcc_send_ack|file_transferred {"prefix":"hello world\n","descr":"<unknown>","mime_type":"text/plain"}`
	if got := strings.Join(rec.lines, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSignatures(t *testing.T) {
	for _, c := range []struct {
		f    func([]byte) bool
		in   string
		want bool
	}{
		{registers, "NICK me\r\nUSER a b c :d\r\n", true},
		{registers, "PASS x\r\n user a b\r\n nick me\r\n", true},
		{registers, "A\r\nB\r\nNICK me\r\nUSER a\r\n", true},
		{registers, "NICK me\r\nMODE x\r\n  user a\r\n", true},
		{registers, "NICK me\r\nx USER a\r\n", false},
		{registers, "NICK me\r\n", false},
		{replies, ":srv 001 me :welcome", true},
		{replies, "NOTICE x\r\nNOTICE y\r\n:srv 020 * :wait", true},
		{replies, "220 hi", true},
		{replies, "hello 220 hi", false},
		{replies, ": 001 me", false},
		{replies, ":srv  001 me", false},
		{replies, ":srv 001", false},
		{replies, ":srv\r01 me", false},
		{replies, ":srv", false},
		{replies, "2200 hi", false},
		{replies, "220", false},
		{isServer, "PASS x\r\nSERVER a.b 1 :text\r\n", true},
		{isServer, "SERVER a.b x :text\r\n", false},
	} {
		if got := c.f([]byte(c.in)); got != c.want {
			t.Errorf("%q: %v", c.in, got)
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
		if len(orig)+len(resp) > 1500 {
			return
		}
		var want []string
		for _, n := range []int{1 << 16, 1, max(int(size), 1)} {
			b, rec := newBench(t)
			b.Converse([]string{"<" + string(resp), ">" + string(orig)}, n)
			if n == 1<<16 {
				want = rec.lines
			} else if !sameTalk(want, rec.lines) {
				t.Fatalf("segments of %d:\ngot  %q\nwant %q", n, rec.lines, want)
			}
		}
	})
}

// sameTalk reports whether a dialogue in one segment has the events of the same dialogue in
// several. A violation takes effect at the end of its segment, so a longer segment has more
// events before it.
func sameTalk(whole, parts []string) bool {
	isViolation := func(s string) bool { return strings.HasPrefix(s, "violation ") }
	i, j := slices.IndexFunc(whole, isViolation), slices.IndexFunc(parts, isViolation)
	if i < 0 || j < 0 {
		return slices.Equal(whole, parts)
	}
	return whole[i] == parts[j] && j <= i && slices.Equal(whole[:j], parts[:j])
}

// newAnalyzer returns an analyzer with listeners for the most common messages.
func newAnalyzer(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.IRC.PrivmsgMessage.Listen(func(*event.IRCPrivmsgMessage) {})
	b.Hooks.IRC.Reply.Listen(func(*event.IRCReply) {})
	b.Hooks.IRC.NamesInfo.Listen(func(*event.IRCNamesInfo) {})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	p := New(b.Hooks, fm, &conn.Protocol{Name: "SSL"}, DefaultOptions())
	b.SetAttacher(detect.New(nil))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return p.New(b.Table.Nested(c, &p.Protocol))
}

var (
	benchMessage = []byte("PRIVMSG #channel :hello everybody\r\n")
	benchReplies = []byte(":srv 372 me :- message of the day\r\n:srv 353 me = #a :@x y z\r\n")
)

func BenchmarkLines(b *testing.B) {
	a := newAnalyzer(b)
	b.SetBytes(int64(len(benchMessage) + len(benchReplies)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, benchMessage)
		a.Data(false, benchReplies)
	}
}
