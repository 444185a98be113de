package detect

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// spy is an analyzer that records its calls.
type spy struct {
	name  string
	lines *[]string
	conn.Use
	inner conn.Handover // fed with what follows a '|' if asked for
}

func side(isOrig bool) string {
	if isOrig {
		return ">"
	}
	return "<"
}

func (s *spy) add(format string, a ...any) {
	*s.lines = append(*s.lines, s.name+fmt.Sprintf(format, a...))
}

func (s *spy) Data(isOrig bool, b []byte) {
	if len(b) > 100 {
		s.add("%s(%d)", side(isOrig), len(b))
	} else {
		s.add("%s%s", side(isOrig), b)
	}
	if bytes.HasPrefix(b, []byte("open")) {
		s.inner = s.Inner()
	}
	if _, in, ok := bytes.Cut(b, []byte("|")); ok {
		s.inner.Data(isOrig, in)
	}
	switch {
	case string(b) == "confirm":
		s.Confirm()
	case string(b) == "violate", s.name == "U" && string(b) == "vv", s.name == "F" && bytes.HasPrefix(b, []byte("bad")):
		s.Violate(conn.Violation{Reason: "bad"})
	}
}
func (s *spy) Gap(isOrig bool, n uint64) {
	s.add("%sgap%d", side(isOrig), n)
	s.inner.Gap(isOrig, n)
}
func (s *spy) End(isOrig bool) {
	s.add("%s.", side(isOrig))
	s.inner.End(isOrig)
}
func (s *spy) Done() {
	s.add("!")
	s.inner.Done()
}
func (s *spy) Flip() { s.add("^") }

func begins(s string) func([]byte) Verdict {
	return func(b []byte) Verdict { return StartsWith(b, s) }
}

func contains(s string) func([]byte) Verdict {
	return Anywhere(func(b []byte) bool { return bytes.Contains(b, []byte(s)) })
}

// protocols returns the protocols of all tests, which are named in the comments.
func protocols(lines *[]string) []*Protocol {
	list := []*Protocol{
		{Transport: value.ProtoTCP, Ports: []uint16{700, 701}},                                                                           // P, by port only
		{Transport: value.ProtoTCP, Signatures: []Signature{{Orig: begins("aaaa")}}},                                                     // A
		{Transport: value.ProtoTCP, Signatures: []Signature{{Resp: begins("bbbb")}}},                                                     // B
		{Transport: value.ProtoTCP, Signatures: []Signature{{Orig: begins("cc"), Resp: begins("CC")}}},                                   // C
		{Transport: value.ProtoTCP, Ports: []uint16{700}, Signatures: []Signature{{Orig: begins("dd")}}},                                 // D
		{Transport: value.ProtoTCP, Signatures: []Signature{{Orig: begins("nothing")}, {Orig: contains("ee"), Resp: contains("EE")}}},    // E
		{Transport: value.ProtoUDP, Ports: []uint16{700}, Signatures: []Signature{{Orig: begins("uu")}, {Resp: begins("UU")}}},           // U
		{Transport: value.ProtoUDP, Signatures: []Signature{{Orig: begins("vv")}}},                                                       // V
		{Transport: value.ProtoTCP, Ports: []uint16{702}, Signatures: []Signature{{Orig: contains("ff")}, {Resp: begins("FF")}}},         // F
		{Transport: value.ProtoTCP, Signatures: []Signature{{Orig: begins("gggg"), Always: true}, {Resp: begins("gggg"), Always: true}}}, // G
	}
	for i, name := range []string{"P", "A", "B", "C", "D", "E", "U", "V", "F", "G"} {
		p := list[i]
		p.Protocol = conn.Protocol{Name: name, Service: name, New: func(u conn.Use) conn.Analyzer {
			*lines = append(*lines, name)
			return &spy{name: name, lines: lines, Use: u}
		}}
	}
	return list
}

func newBench(t testing.TB, port uint16) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	lines := new([]string)
	b.SetAttacher(New(protocols(lines)))
	return b, lines
}

func TestDetection(t *testing.T) {
	long := strings.Repeat("x", 600)
	for _, c := range []struct {
		name string
		port uint16
		talk []string // "<" or ">" and bytes; "<5" after "lost" is bytes that are missing
		want string
	}{
		{"nothing", 9999, []string{">hello", "<hello"}, ""},
		{"no data", 700, nil, ""},
		{"by port", 701, []string{">hello", "<hi"}, "P P>hello P<hi P!"},
		{"by port, two", 700, []string{">hello"}, "P D P>hello D>hello P! D!"},
		{"by signature of the originator", 9999, []string{">aaaa", "<x"}, "A A>aaaa A<x A!"},
		{"by signature, a byte at a time", 9999, []string{">a", ">a", ">a", ">a", ">a"}, "A A>a A>a A>a A>a A>a A!"},
		{"by signature of the responder, replayed in order", 9999, []string{">x", "<b", ">y", "<bbb", "<z"}, "B B>x B<b B>y B<bbb B<z B!"},
		{"not the other side's", 9999, []string{"<aaaa", ">bbbb"}, ""},
		{"both sides", 9999, []string{">cc", "<CC", ">more"}, "C C>cc C<CC C>more C!"},
		{"both sides, the answer first", 9999, []string{"<CC", ">cc"}, "C C<CC C>cc C!"},
		{"both sides, one matches", 9999, []string{">cc", "<DD"}, ""},
		{"the second signature", 9999, []string{">xxee", "<xxE", "<E"}, "E E>xxee E<xxE E<E E!"},
		{"several", 9999, []string{">cc ee", "<CC EE"}, "C C>cc ee C<CC EE E E>cc ee E<CC EE C! E!"},
		{"port and signature: once", 700, []string{">dd"}, "P D P>dd D>dd P! D!"},
		{"not again by what shows a violation", 702, []string{">bad ff", ">ff", "<x"}, "F F>bad ff F!"},
		{"nor when that is cut", 702, []string{">bad", ">f", ">f", "<x"}, "F F>bad F!"},
		{"again by what the other side says, with that", 702, []string{">bad", "<FF"}, "F F>bad F! F F<FF F!"},
		{"again by what the other side says in pieces", 702, []string{">bad", "<F", "<F", "<x"}, "F F>bad F! F F<F F<F F<x F!"},
		{"again by what the other side says with words in between", 702, []string{">bad", "<F", ">x", "<F"}, "F F>bad F! F F<F F>x F<F F!"},
		{"again when the side has its next turn", 702, []string{">bad", "<x", ">ff"}, "F F>bad F! F F<x F>ff F!"},
		{"twice", 702, []string{">bad", "<FF", ">bad", ">ff", "<x", ">ff"}, "F F>bad F! F F<FF F>bad F!"},
		{"violated before it was found", 9999, []string{">bad", "<FF", "<x"}, "F F>bad F! F F<FF F<x F!"},
		{"violated in pieces before it was found", 9999, []string{">bad", ">more", "<F", "<F"}, "F F>bad F! F F<F F<F F!"},
		{"violated in the turn in which it is found", 9999, []string{"<x", ">bad", ">ff", "<x"}, "F F<x F>bad F!"},
		{"a gap before", 9999, []string{"<lost5", "<x", ">aaaa"}, "A A<x A>aaaa A!"},
		{"a gap between", 9999, []string{"<x", "<lost5", "<y", ">aaaa"}, "A A<x A<gap5 A<y A>aaaa A!"},
		{"too late", 9999, []string{">" + long, "<" + long, ">ee", "<EE"}, ""},
		{"in the last chunk that is looked at", 9999, []string{">" + long, "<EE" + long + "ee"}, ""},
		{"a long chunk is given whole", 9999, []string{">ee", "<EE" + long + long}, "E E>ee E<(1202) E!"},
		{"many chunks", 9999, append(slices.Repeat([]string{">x"}, 101), ">ee", "<EE"), ""},
		{"just not too many chunks", 9999, append(slices.Repeat([]string{">x"}, 98), ">ee", "<EE")[98:], "E E>ee E<EE E!"},
	} {
		b, lines := newBench(t, c.port)
		b.Open()
		for _, s := range c.talk {
			if n, ok := strings.CutPrefix(s[1:], "lost"); ok {
				b.Skip(s[0] == '>', uint32(n[0]-'0'))
				continue
			}
			b.Talk(s[0] == '>', []byte(s[1:]))
		}
		b.Drain()
		if got := strings.Join(*lines, " "); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestTurned checks that the port of the side first taken for the responder counts if a
// connection begins with a SYN-ACK.
func TestTurned(t *testing.T) {
	for _, c := range []struct{ client, server, want string }{
		{"192.0.2.1:700", "192.0.2.2:9999", "P D P>dd D>dd P! D!"},
		{"192.0.2.1:9999", "192.0.2.2:701", "D D>dd D!"}, // by its signature, not P
		{"192.0.2.1:9999", "192.0.2.2:700", "D D>dd D!"},
	} {
		b, lines := newBench(t, 0)
		b.Client, b.Server = netip.MustParseAddrPort(c.client), netip.MustParseAddrPort(c.server)
		b.Script("< SA 5000 1001; > A 1001 5001; > PA 1001 5001 dd")
		b.Drain()
		if got := strings.Join(*lines, " "); got != c.want {
			t.Errorf("%s to %s: %s, not %s", c.client, c.server, got, c.want)
		}
	}
}

// TestUnsigned checks which side's signatures count in a connection without a SYN:
// those of the SYN-ACK's sender if its port showed at once that it is the responder,
// and otherwise those of the other side.
func TestUnsigned(t *testing.T) {
	for _, c := range []struct {
		port         uint16
		script, want string
	}{
		{9999, "< SA 5000 1001; > A 1001 5001; > PA 1001 5001 aaaa; < PA 5001 1005 bbbb", "A A>aaaa A<bbbb A!"},
		{9999, "< SA 5000 1001; > PA 1001 5001 cc; < PA 5001 1003 CC", ""},
		{9999, "< SA 5000 1001; < A 5001 1001; < PA 5001 1001 gggg", "G G<gggg G!"},
		{80, "< SA 5000 1001; > A 1001 5001; < PA 5001 1001 CC; > PA 1001 5003 cc", ""},
		{80, "< SA 5000 1001; > A 1001 5001; > PA 1001 5001 gggg", "G G>gggg G!"},
		{80, "< SA 5000 1001; > A 1001 5001; > PA 1001 5001 aaaa; < PA 5001 1005 bbbb", "B B>aaaa B<bbbb B!"},
		{80, "< SA 5000 1001; > S 1000; > A 1001 5001; > PA 1001 5001 aaaa", "A A>aaaa A!"},
		{9999, "> S 1000; > A 1001 5001; > PA 1001 5001 aaaa; < PA 5001 1005 bbbb", "A A>aaaa B B>aaaa B<bbbb A<bbbb A! B!"},
		{9999, "< PA 5001 1001 cc; > PA 1001 5003 CC", "C C>cc C<CC C!"},
	} {
		b, lines := newBench(t, c.port)
		b.Script(c.script)
		b.Drain()
		if got := strings.Join(*lines, " "); got != c.want {
			t.Errorf("%s: %s, not %s", c.script, got, c.want)
		}
	}
}

func said(b *testconn.Bench, talk ...string) {
	b.Open()
	for _, s := range talk {
		b.Talk(s[0] == '>', []byte(s[1:]))
	}
	b.Close()
	b.Drain()
}

func TestInner(t *testing.T) {
	for _, c := range []struct {
		name string
		talk []string
		want string
	}{
		{"found by its own signature", []string{">aaaa", ">open", "<|C", ">|cc", "<not inside", "<|C", ">|more"},
			"A A>aaaa A>open A<|C A>|cc A<not inside A<|C C C<C C>cc C<C A>|more C>more A>. C>. A<. C<. A! C!"},
		{"like the one outside", []string{">aaaa", ">open", ">|aaaa", ">|more"},
			"A A>aaaa A>open A>|aaaa A A>aaaa A>|more A>more A>. A>. A<. A<. A! A!"},
		{"violated inside", []string{">aaaa", ">open", ">|cc", "<|CC", ">|violate", ">|x"},
			"A A>aaaa A>open A>|cc A<|CC C C>cc C<CC A>|violate C>violate C! A>|x A>. A<. A!"},
		{"not by port", []string{">aaaa", ">open", ">|x"}, "A A>aaaa A>open A>|x A>. A<. A!"},
	} {
		b, lines := newBench(t, 9999)
		said(b, c.talk...)
		if got := strings.Join(*lines, " "); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestInnerWhileMatching opens an inner stream while outer bytes are being matched.
func TestInnerWhileMatching(t *testing.T) {
	b, lines := newBench(t, 9999)
	// The last part attaches A, which opens the inner stream with the first bytes that it
	// gets and feeds it twice. D must not match then.
	said(b, ">a", ">aaa", ">open", ">|d", ">|d")
	if got := strings.Join(*lines, " "); strings.Count(got, "D") == 0 || !strings.HasSuffix(got, "A! D!") {
		t.Error(got)
	}
}

func TestInnerGap(t *testing.T) {
	b, lines := newBench(t, 9999)
	b.Open()
	for _, s := range []string{"aaaa", "open", "|aa"} {
		b.Talk(true, []byte(s))
	}
	b.Skip(true, 7)
	b.Talk(true, []byte("|aa"))
	b.Skip(true, 3)
	b.Talk(true, []byte("|z"))
	b.Drain()
	want := "A A>aaaa A>open A>|aa A>gap7 A>|aa A A>aa A>gap7 A>aa A>gap3 A>gap3 A>|z A>z A! A!"
	if got := strings.Join(*lines, " "); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestServices(t *testing.T) {
	b, _ := newBench(t, 9999)
	var services []string
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { services = e.Conn.Services(nil) })
	said(b, ">aaaa", ">open", ">confirm", ">|cc", "<|CC", ">|confirm")
	if !slices.Equal(services, []string{"A", "C"}) {
		t.Errorf("%q", services)
	}
}

func TestFlip(t *testing.T) {
	b, lines := newBench(t, 9999)
	b.Open()
	b.Talk(true, []byte("bb"))
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	b.Table.Nested(c, new(conn.Protocol)).SwapRoles()
	b.Talk(true, []byte("bb")) // from the same host, which is the responder now
	b.Drain()
	if got := strings.Join(*lines, " "); got != "B B<bb B<bb B!" {
		t.Error(got)
	}
}

func TestDatagrams(t *testing.T) {
	for _, c := range []struct {
		port uint16
		talk []string
		want string
	}{
		{9999, []string{">uu", "<x"}, "U U>uu U<x U!"},
		{9999, []string{">u", ">u"}, ""}, // a signature is within one datagram
		{9999, []string{">x", "<UU"}, "U U>x U<UU U!"},
		{700, []string{">x"}, "U U>x U!"},
		{700, []string{">confirm", ">uu"}, "U U>confirm U>uu U!"},
		// The port was wrong: the datagram that shows it is matched, too.
		{700, []string{">vv", "<x"}, "U U>vv U! V V>vv V<x V!"},
		{700, []string{">x", ">vv", "<x"}, "U U>x U>vv U! V V>vv V<x V!"},
	} {
		b, lines := newBench(t, c.port)
		for _, s := range c.talk {
			src, dst := b.Client, b.Server
			if s[0] == '<' {
				src, dst = dst, src
			}
			b.Packet(testconn.UDP(src, dst, []byte(s[1:])))
		}
		b.Drain()
		if got := strings.Join(*lines, " "); got != c.want {
			t.Errorf("%q: %s, not %s", c.talk, got, c.want)
		}
	}
}

func TestBadSignatures(t *testing.T) {
	for want, list := range map[string][]*Protocol{
		"": {{Transport: value.ProtoTCP, Signatures: make([]Signature, 64)}, {Transport: value.ProtoUDP, Signatures: make([]Signature, 64)}},
		"protocol B: there are more than 64 signatures for its transport": {{Transport: value.ProtoTCP, Signatures: make([]Signature, 40)},
			{Protocol: conn.Protocol{Name: "B"}, Transport: value.ProtoTCP, Signatures: make([]Signature, 25)}},
		"protocol B: a signature is for both sides, but datagrams are matched one by one": {
			{Protocol: conn.Protocol{Name: "B"}, Transport: value.ProtoUDP, Signatures: []Signature{{Orig: begins("x"), Resp: begins("y")}}}},
	} {
		d, err := New(list)
		if (err == nil) != (want == "") || (d == nil) != (err != nil) || err != nil && err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	even := func(b []byte) bool { return len(b)%2 == 0 && len(b) > 0 }
	for _, c := range []struct {
		got, want Verdict
	}{
		{StartsWith(nil, "ab"), NeedMore}, {StartsWith([]byte("a"), "ab"), NeedMore}, {StartsWith([]byte("b"), "ab"), NoMatch},
		{StartsWith([]byte("ab"), "ab"), Match}, {StartsWith([]byte("abc"), "ab"), Match}, {StartsWith([]byte("ax"), "ab"), NoMatch},
		{Within(3, even)([]byte("a")), NeedMore}, {Within(3, even)([]byte("ab")), Match}, {Within(3, even)([]byte("abc")), NoMatch},
		{Leading("ab", Within(3, even))(nil), NeedMore}, {Leading("ab", Within(3, even))([]byte("b")), NeedMore},
		{Leading("ab", Within(3, even))([]byte("bc")), Match}, {Leading("ab", Within(3, even))([]byte("c")), NoMatch},
		{Anywhere(even)([]byte("abc")), NeedMore}, {Anywhere(even)([]byte("abcd")), Match},
	} {
		if c.got != c.want {
			t.Errorf("%v, not %v", c.got, c.want)
		}
	}
}

// TestAsked checks that a function is not called again after its final verdict, and
// that the originator's is not called before the responder's has matched.
func TestAsked(t *testing.T) {
	var orig, resp int
	p := &Protocol{Transport: value.ProtoTCP, Signatures: []Signature{{
		Orig: func(b []byte) Verdict { orig++; return StartsWith(b, "cc") },
		Resp: func(b []byte) Verdict { resp++; return StartsWith(b, "CC") },
	}}}
	p.Protocol = conn.Protocol{Name: "C", New: func(conn.Use) conn.Analyzer { return nil }}
	for _, c := range []struct {
		talk       []string
		orig, resp int
	}{
		{[]string{">c", ">c", "<C"}, 0, 1},
		{[]string{">c", "<CX", "<C", ">c"}, 0, 1},
		{[]string{">c", "<X", "<C", ">c"}, 0, 0}, // the first byte is enough
		{[]string{">c", "<C", "<C", ">x", ">c"}, 2, 2},
	} {
		b := testconn.New(t, testconn.Config())
		b.SetAttacher(New([]*Protocol{p}))
		orig, resp = 0, 0 // New has asked about every byte
		b.Open()
		for _, s := range c.talk {
			b.Talk(s[0] == '>', []byte(s[1:]))
		}
		b.Drain()
		if orig != c.orig || resp != c.resp {
			t.Errorf("%q: asked %d and %d times, not %d and %d", c.talk, orig, resp, c.orig, c.resp)
		}
	}
}

// TestMemory checks that the memory of a watch is bounded and reused.
func TestMemory(t *testing.T) {
	lines := new([]string)
	d, err := New(protocols(lines))
	if err != nil {
		t.Fatal(err)
	}
	b := testconn.New(t, testconn.Config())
	b.Table.SetAttacher(d)
	for range 3 {
		b.Open()
		for range 200 {
			b.Talk(true, []byte("hello"))
		}
		b.Close()
		b.Advance(60 * value.Second)
	}
	n := d.free.Len()
	if w := d.free.Get(); n != 1 || cap(w.sides[0]) > 4*d.opt.BufferSize || cap(w.chunks) > 4*d.opt.MaxPackets {
		t.Errorf("%d watches, %d bytes, %d chunks", n, cap(w.sides[0]), cap(w.chunks))
	}
}
