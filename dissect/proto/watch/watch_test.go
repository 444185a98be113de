package watch

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// newBench returns a bench whose connections go to a port, with a watcher on all of them.
func newBench(t testing.TB, port uint16, watcher func(*event.Hooks) *detect.Protocol) *testconn.Bench {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	b.SetAttacher(detect.New(nil))
	b.Table.AddWatcher(&watcher(b.Hooks).Protocol)
	return b
}

func backDoorOf(h *event.Hooks) *detect.Protocol { return NewBackDoor(h, DefaultOptions()) }

func interConnOf(h *event.Hooks) *detect.Protocol { return NewInterConn(h, DefaultOptions()) }

// TestSignatures plays the first bytes of connections, a chunk a part.
func TestSignatures(t *testing.T) {
	cases := []struct {
		name, want string
		parts      []string
	}{
		{"FTP", "ftp_signature_found {}", []string{"<220 ready\r\n"}},
		{"FTP refused", "ftp_signature_found {}", []string{"<421-busy"}},
		{"FTP of a client", "", []string{">220 ready\r\n"}},
		{"FTP too late", "", []string{"<\r\n", "<220 ready\r\n"}},
		{"FTP other reply", "", []string{"<230 ready\r\n"}},
		{"SSH", `ssh_signature_found {"is_orig":false}`, []string{"<SSH-2.0-x\r\n"}},
		{"SSH 1", `ssh_signature_found {"is_orig":true}`, []string{">SSH-1.5-x\r\n"}},
		{"SSH 3", "", []string{"<SSH-3.0-x\r\n"}},
		{"SSH cut", "", []string{"<SSH-"}},
		{"Telnet", `telnet_signature_found {"is_orig":false,"len":3}; telnet_signature_found {"is_orig":true,"len":6}`,
			[]string{"<\xff\xfd\x18", ">\xff\xfb\x18\xff\xfb\x20"}},
		{"Telnet other command", "", []string{"<\xff\xf1\x18"}},
		{"Gnutella", "gnutella_signature_found {}", []string{">GNUTELLA CONNECT/0.4\n\n"}},
		{"HTTP", "http_signature_found {}", []string{">GET / HTTP/1.0\r\n\r\n"}},
		{"HTTP of a server", "http_signature_found {}", []string{"<POST\t/x"}},
		{"HTTP proxy", "http_signature_found {}; http_proxy_signature_found {}", []string{">HEAD http://a/ HTTP/1.0\r\n"}},
		{"HTTP reference", "http_signature_found {}", []string{">GET / HTTP/1.0\r\nReferer: http://a/\r\n"}},
		{"HTTP without URI", "http_signature_found {}", []string{">GET \r\nhttp://a/"}},
		{"HTTP case", "", []string{">get / HTTP/1.0\r\n"}},
		{"HTTP blank first", "", []string{"> GET / HTTP/1.0\r\n"}},
		{"HTTP method alone", "", []string{">GET"}},
		{"HTTP longer word", "", []string{">GETS /"}},
		{"SMTP", "smtp_signature_found {}", []string{">EHLO host\r\n"}},
		{"SMTP word", "smtp_signature_found {}", []string{">HELO"}},
		{"SMTP line end", "", []string{">HELO\r\n"}},
		{"IRC", "irc_signature_found {}", []string{">NICK me\r\n"}},
		{"IRC of a server", "irc_signature_found {}", []string{"<NOTICE AUTH :*** hello"}},
		{"IRC notice", "", []string{"<NOTICE me :hello"}},
		{"rlogin", `rlogin_signature_found {"is_orig":true,"num_null":4,"len":0}; rlogin_signature_found {"is_orig":false,"num_null":1,"len":1}`,
			[]string{">\x00", ">me\x00you\x00vt100/9600\x00", "<\x00"}},
		{"rlogin without speed", "", []string{">\x00me\x00you\x00vt100\x00"}},
		{"rlogin empty name", "", []string{">\x00\x00you\x00vt100/9600\x00"}},
		{"rlogin empty type", "", []string{">\x00me\x00you\x00/9600\x00"}},
		{"rlogin not ASCII", "", []string{">\x00m\xe9\x00"}},
		{"rlogin cut", `rlogin_signature_found {"is_orig":true,"num_null":2,"len":0}`, []string{">\x00me\x00"}},
		{"rlogin endless", `rlogin_signature_found {"is_orig":true,"num_null":1,"len":0}`, []string{">\x00" + strings.Repeat("x", 300), ">\x00"}},
	}
	for _, c := range cases {
		b := newBench(t, 7777, backDoorOf)
		raised := b.Record("")
		got := func() (list []string) {
			for _, s := range raised() {
				if name, _, _ := strings.Cut(s, " "); strings.HasSuffix(name, "_signature_found") {
					list = append(list, s)
				}
			}
			return list
		}
		b.Converse(c.parts, 4096)
		if g := strings.Join(got(), "; "); g != c.want {
			t.Errorf("%s: got %s, want %s", c.name, g, c.want)
		}
	}
}

// TestBackDoorStats checks the counts and when they come.
func TestBackDoorStats(t *testing.T) {
	b := newBench(t, 7777, backDoorOf)
	raised := b.Record("backdoor_")
	b.Open()
	for _, s := range []string{"<hello\r\n", "<1234567812345678", "<1234", "<\xff\xfd\x18", "<a\xff\xff\xff\xf1b\n" + strings.Repeat("x", 90) + "\r\n"} {
		b.Talk(s[0] == '>', []byte(s[1:]))
	}
	b.Advance(61 * value.Second)
	b.Talk(true, []byte("x"))
	b.Advance(130 * value.Second)
	b.Close()
	b.Drain()
	rs := `"rs":{"is_partial":false,"num_pkts":4,"num_8k0_pkts":1,"num_8k4_pkts":1,"num_lines":3,"num_normal_lines":2,"num_bytes":123,"num_7bit_ascii":117}`
	os := func(n, ascii int) string {
		return fmt.Sprintf(`"os":{"is_partial":false,"num_pkts":0,"num_8k0_pkts":0,"num_8k4_pkts":0,"num_lines":0,"num_normal_lines":0,"num_bytes":%d,"num_7bit_ascii":%d}`, n, ascii)
	}
	want := []string{
		"backdoor_stats {" + os(0, 0) + "," + rs + "}",
		"backdoor_stats {" + os(1, 1) + "," + rs + "}", // after twice the time
		"backdoor_stats {" + os(1, 1) + "," + rs + "}",
		"backdoor_remove_conn {}",
	}
	if got := slices.DeleteFunc(raised(), func(s string) bool { return !strings.HasPrefix(s, "backdoor_") }); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestInterConnStats checks keystrokes and their times.
func TestInterConnStats(t *testing.T) {
	b := newBench(t, 7777, interConnOf)
	raised := b.Record("interconn_")
	b.Open()
	for _, after := range []value.Time{0, 100e6, 3e9, 1e6, 500e6} {
		b.Advance(after)
		b.Talk(true, []byte("k"))
	}
	b.Talk(true, []byte(strings.Repeat("x", 21))) // ends the run
	b.Talk(true, []byte("1234567812345678"))
	b.Close()
	b.Drain()
	want := []string{
		`interconn_stats {"os":{"num_pkts":7,"num_keystrokes_two_in_row":4,"num_normal_interarrivals":2,"num_8k0_pkts":1,"num_8k4_pkts":0,"is_partial":false,"num_bytes":42,"num_7bit_ascii":42,"num_lines":0,"num_normal_lines":0},` +
			`"rs":{"num_pkts":0,"num_keystrokes_two_in_row":0,"num_normal_interarrivals":0,"num_8k0_pkts":0,"num_8k4_pkts":0,"is_partial":false,"num_bytes":0,"num_7bit_ascii":0,"num_lines":0,"num_normal_lines":0}}`,
		"interconn_remove_conn {}",
	}
	if got := slices.DeleteFunc(raised(), func(s string) bool { return !strings.HasPrefix(s, "interconn_") }); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A watcher changes nothing for the analyzers that the ports of a connection have.
func TestWatchersAreBeside(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	seen := 0
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{b.Server.Port()}, Protocol: conn.Protocol{Name: "X", New: func(u conn.Use) conn.Analyzer {
		seen++
		return nil
	}}}
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Table.AddWatcher(&NewBackDoor(b.Hooks, DefaultOptions()).Protocol)
	b.Converse([]string{">hello"}, 10)
	if seen != 1 {
		t.Errorf("the analyzer of the port was tried %d times", seen)
	}
}

// stones returns the events of SteppingStone of a script: a line is a time in milliseconds
// after the one before, a connection from 0 on and what happens: begin, > or < for a chunk
// of a side, or end.
func correlated(t *testing.T, o Options, script string) (lines []string, k *Correlator) {
	h := new(event.Hooks)
	k = NewCorrelator(h, o)
	h.SteppingStone.STPCreateEndp.Listen(func(e *event.STPCreateEndp) {
		lines = append(lines, fmt.Sprintf("create %d %v %d", e.E, e.IsOrig, e.Conn.ID().RespP))
	})
	h.SteppingStone.STPResumeEndp.Listen(func(e *event.STPResumeEndp) { lines = append(lines, fmt.Sprintf("resume %d", e.E)) })
	h.SteppingStone.STPCorrelatePair.Listen(func(e *event.STPCorrelatePair) {
		lines = append(lines, fmt.Sprintf("pair %d %d", e.E1, e.E2))
	})
	h.SteppingStone.STPRemovePair.Listen(func(e *event.STPRemovePair) { lines = append(lines, fmt.Sprintf("unpair %d %d", e.E1, e.E2)) })
	h.SteppingStone.STPRemoveEndp.Listen(func(e *event.STPRemoveEndp) { lines = append(lines, fmt.Sprintf("remove %d", e.E)) })
	o.Notes = k.Note
	b := testconn.New(t, testconn.Config())
	b.SetAttacher(detect.New(nil))
	p := NewSteppingStone(o)
	conns := map[string]conn.Analyzer{}
	for line := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == '\n' || r == ';' }) {
		var ms value.Time
		var name, what string
		if n, _ := fmt.Sscan(line, &ms, &name, &what); n != 3 {
			continue
		}
		b.Now += ms * 1e6
		switch what {
		case "begin":
			b.Client = netip.AddrPortFrom(b.Client.Addr(), b.Client.Port()+1)
			b.Server = netip.AddrPortFrom(b.Server.Addr(), 22)
			b.Now -= 1e6
			b.Open()
			var c *conn.Conn
			b.Table.All(func(x *conn.Conn) { c = x })
			conns[name] = b.Attach(c, &p.Protocol)
		case "end":
			b.Table.SetNow(b.Now, b.Num)
			conns[name].Done()
		default:
			b.Table.SetNow(b.Now, b.Num)
			conns[name].Data(what == ">", []byte("x"))
		}
	}
	return lines, k
}

func TestSteppingStone(t *testing.T) {
	cases := []struct{ name, script, want string }{
		{"a pair", "0 a begin;0 b begin;1000 a >;50 b >;1000 a end;0 b end;100 b2 begin",
			"create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;resume 0;resume 2;pair 0 2;remove 1;remove 3;create 4 true 22;create 5 false 22"},
		{"dropped by a later chunk", "0 a begin;0 b begin;1000 a >;50 b >;81 a >;1000 a end;0 b end",
			"create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;resume 0;resume 2;pair 0 2;unpair 0 2;remove 0;remove 1;remove 2;remove 3"},
		{"ended first", "0 a begin;0 b begin;1000 a >;50 b >;10 b end;200 a >",
			"create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;resume 0;resume 2;pair 0 2;remove 3;unpair 0 2;remove 2"},
		{"too late", "0 a begin;0 b begin;1000 a >;81 b >",
			"create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;resume 0;resume 2"},
		{"same connection", "0 a begin;1000 a >;10 a <", "create 0 true 22;create 1 false 22;resume 0;resume 1"},
		{"not idle", "0 a begin;0 b begin;1000 a >;400 a >;10 b >;490 a >;501 a >",
			"create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;resume 0;resume 2;resume 0"},
	}
	for _, c := range cases {
		got, _ := correlated(t, DefaultOptions(), c.script)
		if g := strings.Join(got, ";"); g != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, g, c.want)
		}
	}
}

// TestSteppingStoneLimits checks what goes beyond each limit.
func TestSteppingStoneLimits(t *testing.T) {
	o := DefaultOptions()
	o.Sides, o.Recent, o.Pairs = 6, 1, 1
	got, k := correlated(t, o, "0 a begin;0 b begin;0 c begin;0 d begin;1000 a >;10 b >;10 c >;10 d >;1000 a end;0 b end;0 c end")
	want := "create 0 true 22;create 1 false 22;create 2 true 22;create 3 false 22;create 4 true 22;create 5 false 22;" +
		"resume 0;resume 2;pair 0 2;resume 4;pair 2 4;unpair 0 2;remove 0;remove 1;remove 2;remove 3;remove 5"
	if g := strings.Join(got, ";"); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
	for name, n := range map[string]uint64{"endpoints": 1, "recent": 2, "pairs": 1} {
		if l := k.Limited()[name]; l != n {
			t.Errorf("limit %s was hit %d times, want %d", name, l, n)
		}
	}
	if len(k.pairs) != 0 || len(k.sides) != 1 || len(k.conns) != 0 {
		t.Errorf("%d pairs, %d sides, %d connections are left", len(k.pairs), len(k.sides), len(k.conns))
	}
}

// A connection to another port, or of an originator to skip, is not watched.
func TestSteppingStoneWatches(t *testing.T) {
	for _, c := range []struct {
		port uint16
		skip string
		want int
	}{{22, "", 1}, {23, "", 1}, {513, "", 1}, {80, "", 0}, {22, "192.0.2.0/24", 0}, {22, "198.51.100.0/24", 1}} {
		o := DefaultOptions()
		created := 0
		o.Notes = func(n []byte) {
			if n[0] == noteCreate {
				created++
			}
		}
		if c.skip != "" {
			o.SkipSrc = []netip.Prefix{netip.MustParsePrefix(c.skip)}
		}
		b := newBench(t, c.port, func(*event.Hooks) *detect.Protocol { return NewSteppingStone(o) })
		b.Converse([]string{">x"}, 1)
		if created != c.want {
			t.Errorf("port %d, skip %q: %d connections watched, want %d", c.port, c.skip, created, c.want)
		}
	}
}

// FuzzWatch feeds chunks to the watchers. Bytes are counted whatever the chunks are; the
// rest of what the watchers say depends on them, as it should.
func FuzzWatch(f *testing.F) {
	f.Add(">GET http://a/ HTTP/1.0\r\n\r\n\xff<\x00\xff>\x00a\x00b/", uint8(3))
	f.Add("<\xfe\xfd\x18hello\r\n", uint8(1))
	f.Fuzz(func(t *testing.T, in string, size uint8) {
		parts := testconn.Parts(strings.ReplaceAll(in, "\xfe", "\xff\xff"))
		play := func(n int) (bytes, ascii [2]uint64) {
			b := newBench(t, 22, backDoorOf)
			b.Table.AddWatcher(&NewInterConn(b.Hooks, DefaultOptions()).Protocol)
			o := DefaultOptions()
			k := NewCorrelator(b.Hooks, o)
			o.Notes = k.Note
			b.Table.AddWatcher(&NewSteppingStone(o).Protocol)
			b.Events("")
			b.Hooks.InterConn.InterconnStats.Listen(func(e *event.InterconnStats) {
				bytes = [2]uint64{e.OS.NumBytes, e.RS.NumBytes}
				ascii = [2]uint64{e.OS.Num7bitASCII, e.RS.Num7bitASCII}
			})
			b.Converse(parts, n)
			if len(k.conns) != 0 {
				t.Errorf("%d connections are left", len(k.conns))
			}
			return bytes, ascii
		}
		bytes, ascii := play(int(size)%64 + 1)
		whole, wholeASCII := play(1 << 10)
		if bytes != whole {
			t.Errorf("%v bytes in pieces, %v in whole", bytes, whole)
		}
		if ascii[0] > bytes[0] || wholeASCII[1] > whole[1] {
			t.Errorf("%v of %v bytes are ASCII", ascii, bytes)
		}
	})
}
