package socks

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

// said is ">" or "<", the side that speaks, and the bytes that it sends.
type said string

// inside is the analyzer of a protocol that begins with HELLO. It records its data.
type inside struct {
	rec *recorder
	conn.Use
	data [2][]byte
}

func (p *inside) Data(isOrig bool, b []byte) {
	p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], b...)
	p.Confirm()
}
func (p *inside) Gap(isOrig bool, n uint64) {
	p.data[conn.Side(isOrig)] = fmt.Appendf(p.data[conn.Side(isOrig)], "<%d>", n)
}
func (p *inside) End(isOrig bool) {
	p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], '.')
}
func (p *inside) Done() {
	p.rec.add("inside %q %q", p.data[0], p.data[1])
}

type recorder struct{ lines []string }

func (r *recorder) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

func newBench(t testing.TB) (*testconn.Bench, *recorder) {
	b := testconn.New(t, testconn.Config())
	rec := new(recorder)
	h := &b.Hooks.SOCKS
	addr := func(a *event.SOCKSAddress) string {
		s := ""
		if a.Host.OK {
			s += a.Host.V.String()
		}
		if a.Name.OK {
			s += fmt.Sprintf("%q", a.Name.V)
		}
		return s
	}
	h.Request.Listen(func(e *event.SOCKSRequest) {
		rec.add("request v%d type %d to %s port %d user %q", e.Version, e.RequestType, addr(&e.SA), e.P.Num, e.User)
	})
	h.Reply.Listen(func(e *event.SOCKSReply) {
		rec.add("reply v%d status %d bound %s port %d", e.Version, e.Reply, addr(&e.SA), e.P.Num)
	})
	h.LoginUserpassRequest.Listen(func(e *event.SOCKSLoginUserpassRequest) { rec.add("login %q %q", e.User, e.Password) })
	h.LoginUserpassReply.Listen(func(e *event.SOCKSLoginUserpassReply) { rec.add("login code %d", e.Code) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { rec.add("weird %s %s %s", e.Name, e.Addl, e.Source) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { rec.add("confirmed %s", e.AType[19:]) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { rec.add("violation %s", e.Info.Reason) })
	in := &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{{
		Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "HELLO") },
	}}}
	in.Protocol = conn.Protocol{Name: "INSIDE", Service: "INSIDE", New: func(u conn.Use) conn.Analyzer {
		return &inside{rec: rec, Use: u}
	}}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks), in}))
	return b, rec
}

const (
	v5offer   = ">\x05\x01\x00"
	v5chosen  = "<\x05\x00"
	v5request = ">\x05\x01\x00\x03\x04host\x00\x50"
	v5reply   = "<\x05\x00\x00\x01\x0a\x00\x00\x01\x12\x34"

	v5requested = `request v5 type 1 to "host" port 80 user ""`
	v5replied   = "reply v5 status 0 bound 10.0.0.1 port 4660|confirmed SOCKS"
)

var v6addr = strings.Repeat("\x20\x01", 8)

var talks = []struct {
	name string
	talk []said
	want string
	// whole is set if segments must not be cut, because the length of an unsupported
	// message is unknown.
	whole bool
}{
	{"version 5, name", []said{v5offer, v5chosen, v5request, v5reply}, v5requested + "|" + v5replied, false},
	{"version 5, other addresses", []said{v5offer, v5chosen, ">\x05\x03\x00\x01\xc0\x00\x02\x01\x00\x35", "<\x05\x05\x00\x04" + said(v6addr) + "\x00\x01"},
		`request v5 type 3 to 192.0.2.1 port 53 user ""|reply v5 status 5 bound 2001:2001:2001:2001:2001:2001:2001:2001 port 1|confirmed SOCKS`, false},
	{"empty name", []said{v5offer, v5chosen, ">\x05\x02\x00\x03\x00\x00\x01", v5reply}, `request v5 type 2 to "" port 1 user ""|` + v5replied, false},
	{"login", []said{">\x05\x02\x00\x02", "<\x05\x02", ">\x01\x03bob\x05alice", "<\x01\x00", v5request, v5reply},
		`login "bob" "alice"|login code 0|` + v5requested + "|" + v5replied, false},
	{"login refused", []said{">\x05\x01\x02", "<\x05\x02", ">\x01\x00\x00", "<\x01\x01"}, `login "" ""|login code 1`, false},
	{"no method", []said{">\x05\x01\x01", "<\x05\xff"}, "", false},
	{"all at once", []said{said(v5offer + v5request[1:] + "HELLO"), said(v5chosen + v5reply[1:] + "hello")},
		v5requested + "|" + v5replied + `|confirmed INSIDE|inside "HELLO." "hello."`, false},
	{"what is inside", []said{v5offer, v5chosen, v5request, v5reply, ">HELLO you", "<hello", ">and more"},
		v5requested + "|" + v5replied + `|confirmed INSIDE|inside "HELLO youand more." "hello."`, false},
	{"a proxy behind a proxy", []said{v5offer, v5chosen, v5request, v5reply, v5offer, v5chosen, v5request, v5reply, ">HELLO"},
		v5requested + "|" + v5replied + "|" + v5requested + "|" + v5replied + `|confirmed INSIDE|inside "HELLO." "."`, false},
	{"version 4", []said{">\x04\x01\x00\x50\xc0\x00\x02\x07me\x00", "<\x00\x5a\x00\x00\x00\x00\x00\x00"},
		`request v4 type 1 to 192.0.2.7 port 80 user "me"|violation unsupported/unknown SOCKS version 0`, false},
	{"version 4, answered with the version", []said{">\x04\x01\x00\x50\xc0\x00\x02\x07\x00", "<\x04\x00\x5a\x12\x34\x0a\x00\x00\x01", ">HELLO"},
		`request v4 type 1 to 192.0.2.7 port 80 user ""|reply v4 status 90 bound 10.0.0.1 port 4660|confirmed SOCKS|confirmed INSIDE|inside "HELLO." "."`, false},
	{"version 4A", []said{">\x04\x02\x00\x50\x00\x00\x00\x01me\x00host\x00"}, `request v4 type 2 to 0.0.0.1"host" port 80 user "me"`, false},
	{"not SOCKS", []said{">GET / HTTP/1.1\r\n"}, "violation unsupported/unknown SOCKS version 71", false},
	{"reserved", []said{v5offer, v5chosen, ">\x05\x01\x07\x01\x01\x02\x03\x04\x00\x50"}, "violation invalid value in reserved field: 7", false},
	{"command", []said{v5offer, v5chosen, ">\x05\x04\x00\x01\x01\x02\x03\x04\x00\x50"}, "violation undefined value in command field: 4", false},
	{"address type", []said{v5offer, v5chosen, ">\x05\x01\x00\x02\x01"}, "violation invalid SOCKSv5 addr type: 2", false},
	{"address type of a reply", []said{v5offer, v5chosen, v5request, "<\x05\x00\x00\x09\x01"}, v5requested + "|violation invalid SOCKSv5 addr type: 9", false},
	{"GSSAPI", []said{">\x05\x01\x01", "<\x05\x01", ">\x01\x01", "<\x01\x01", v5request},
		"weird socks5_unsupported_authentication_method 1 SOCKS|weird socks5_unsupported_authentication_method 1 SOCKS", true},
	{"login of another version", []said{">\x05\x01\x02", "<\x05\x02", ">\x09\x03bob", "<\x01\x00", v5request},
		"weird socks5_unsupported_authentication method 2, version 9 SOCKS|login code 0", true},
	{"answer of another version", []said{">\x05\x01\x02", "<\x05\x02", ">\x01\x01a\x01b", "<\x07\x00", v5request},
		`login "a" "b"|weird socks5_unsupported_authentication method 2, version 7 SOCKS`, true},
	{"endless user", []said{">\x04\x01\x00\x50\xc0\x00\x02\x07" + said(strings.Repeat("u", 5000))}, "violation message is too long", false},
	{"the server says nothing", []said{v5offer, said(">" + strings.Repeat("\x05", 5000))}, "", false},
}

// play sends talk in segments of at most size bytes.
func play(b *testconn.Bench, talk []said, size int) {
	b.Open()
	for _, s := range talk {
		for part := range slices.Chunk([]byte(s[1:]), size) {
			b.Talk(s[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

func TestTalks(t *testing.T) {
	for _, port := range []uint16{1080, 4000} {
		for _, c := range talks {
			for _, size := range []int{1 << 16, 1, 2, 3, 7} {
				if c.whole && size > 1 && size < 1<<16 {
					continue
				}
				b, rec := newBench(t)
				b.Server = netipPort(b.Server, port)
				play(b, c.talk, size)
				got := strings.Join(rec.lines, "|")
				want := c.want
				if port != 1080 && !known(c.talk) {
					want = ""
				}
				if got != want {
					t.Errorf("%s, port %d, segments of %d:\ngot  %s\nwant %s", c.name, port, size, got, want)
				}
			}
		}
	}
}

// known reports whether both sides match a signature.
func known(talk []said) bool {
	var side [2]string
	for _, s := range talk {
		side[conn.Side(s[0] == '>')] += string(s[1:])
	}
	for _, s := range signatures {
		if s.Orig([]byte(side[0])) == detect.Match && s.Resp([]byte(side[1])) == detect.Match {
			return true
		}
	}
	return false
}

func netipPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}

func TestIncomplete(t *testing.T) {
	b, rec := newBench(t)
	b.Server = netipPort(b.Server, 1080)
	b.Open()
	b.Talk(true, []byte(v5offer[1:]))
	b.Skip(false, 2)
	b.Talk(true, []byte(v5request[1:]))
	b.Talk(false, []byte(v5reply[1:]))
	b.Talk(true, []byte("HELLO"))
	b.Drain()
	if len(rec.lines) != 0 {
		t.Errorf("a negotiation with missing bytes raises %q", rec.lines)
	}

	b, rec = newBench(t)
	b.Open()
	for _, s := range []said{v5offer, v5chosen, v5request, v5reply, ">HELLO"} {
		b.Talk(s[0] == '>', []byte(s[1:]))
	}
	b.Skip(true, 9)
	b.Talk(true, []byte("again"))
	b.Drain()
	if got := rec.lines[len(rec.lines)-1]; got != `inside "HELLOagain" ""` { // the inner analyzer does not learn of the gap
		t.Errorf("with a gap in the relayed data the last line is %s", got)
	}
}

// TestDepth checks that the nesting of proxies is limited.
func TestDepth(t *testing.T) {
	b, rec := newBench(t)
	b.Open()
	for range 100 {
		for _, s := range []said{v5offer, v5chosen, v5request, v5reply} {
			b.Talk(s[0] == '>', []byte(s[1:]))
		}
	}
	b.Drain()
	n := 0
	for _, l := range rec.lines {
		if l == v5requested {
			n++
		}
	}
	if n < 4 || n > 16 || !slices.ContainsFunc(rec.lines, func(l string) bool { return strings.HasPrefix(l, "weird too_many_inner_streams") }) {
		t.Errorf("%d nested proxies, want 4 to 16 and a weird: %q", n, rec.lines)
	}
}

func TestFlip(t *testing.T) {
	a := &analyzer{phase: [2]phase{phaseWait, phaseTalk}, pending: [2][]byte{[]byte("orig"), []byte("resp")}}
	a.Flip()
	if a.phase != [2]phase{phaseTalk, phaseWait} || string(a.pending[0]) != "resp" || string(a.pending[1]) != "orig" {
		t.Errorf("%+v", a)
	}
}

// FuzzSegments checks that segmentation changes neither the result nor that of a protocol
// beside it, and that nothing panics.
func FuzzSegments(f *testing.F) {
	for _, c := range talks {
		if c.whole || len(c.talk) > 100 {
			continue
		}
		var orig, resp []byte
		for _, s := range c.talk {
			if s[0] == '>' {
				orig = append(orig, s[1:]...)
			} else {
				resp = append(resp, s[1:]...)
			}
		}
		f.Add(orig, resp, uint8(3))
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 600 {
			return // segmentation decides where the limits apply
		}
		run := func(size int) (lines []string, stats conn.Stats) {
			b, rec := newBench(t)
			b.Server = netipPort(b.Server, 1080)
			b.Open()
			for part := range slices.Chunk(orig, size) {
				b.Talk(true, part)
			}
			for part := range slices.Chunk(resp, size) {
				b.Talk(false, part)
			}
			b.Close()
			b.Drain()
			// Which of the two has something to say first depends on the segments.
			beside := func(l string) bool { return strings.HasPrefix(l, "inside") || l == "confirmed INSIDE" }
			slices.SortStableFunc(rec.lines, func(x, y string) int {
				switch {
				case beside(x) == beside(y):
					return 0
				case beside(x):
					return 1
				}
				return -1
			})
			return rec.lines, b.Table.Stats()
		}
		whole, stats := run(1 << 12)
		cut, stats2 := run(int(size%64) + 1)
		if stats.Panics+stats2.Panics != 0 {
			t.Fatal("an analyzer panicked")
		}
		if slices.ContainsFunc(whole, func(l string) bool { return strings.HasPrefix(l, "weird") }) {
			return // the length of an unsupported message is unknown
		}
		if !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}

func TestSignatures(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func([]byte) detect.Verdict
		yes  []string
		no   []string
	}{
		{"client4", client4, []string{"\x04\x01\x00", "\x04\x02\x01\x02\x03\x04\x05\x06user\x00", "\x04\x01\n\x00", "\x04\x01" + strings.Repeat("x", 32) + "\x00"},
			[]string{"", "\x04", "\x04\x03\x00", "\x04\x01" + strings.Repeat("x", 33) + "\x00", "\x05\x01\x00"}},
		{"server4", server4, []string{"\x00\x5a", "\x00\x5d..."}, []string{"\x00", "\x00\x5e", "\x00\x59", "\x04\x5a"}},
		{"client5", client5, []string{"\x05\x01\x00", "\x05\x02\x09", "\x05\n\x00"}, []string{"\x05\x01", "\x05\x01\x04", "\x05\x01\x0a"}},
		{"server5", server5, []string{"\x05\x00", "\x05\xff", "\x05\x02x"}, []string{"\x05", "\x05\x04", "\x05\x0a", "\x04\x00"}},
	} {
		for _, s := range c.yes {
			if c.f([]byte(s)) != detect.Match {
				t.Errorf("%s does not match %q", c.name, s)
			}
		}
		for _, s := range c.no {
			if c.f([]byte(s)) == detect.Match {
				t.Errorf("%s matches %q", c.name, s)
			}
		}
	}
}
