package sip

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// about matches what precedes an event's name, and the parts that describe its connection.
var about = regexp.MustCompile(`"ts":[^,]*,|"uid":"[^"]*",|"id\.[^,]*,|"args":`)

// newBench returns a bench that records SIP's events in lines.
func newBench(t testing.TB, o Options, lines *[]string) *testconn.Bench {
	return newBenchOf(t, 0, o, lines)
}

func newBenchOf(t testing.TB, set compat.Set, o Options, lines *[]string) *testconn.Bench {
	cfg := testconn.Config()
	cfg.Compat = set
	b := testconn.New(t, cfg)
	now := func() value.Time { return b.Now }
	if _, err := event.NewStream(b.Hooks, now, func(line []byte) {
		s := about.ReplaceAllString(string(line), "")
		if strings.Contains(s, "sip_") || strings.Contains(s, "ANALYZER_SIP") {
			*lines = append(*lines, strings.TrimSuffix(strings.TrimPrefix(s, `{"event":"`), "\n"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, o)}))
	return b
}

// play sends datagrams, the client's after > and the server's after <.
func play(b *testconn.Bench, datagrams ...string) {
	for _, d := range datagrams {
		b.Now += 1e6
		src, dst := b.Client, b.Server
		if d[0] == '<' {
			src, dst = dst, src
		}
		b.Packet(testconn.UDP(src, dst, []byte(d[1:])))
	}
	b.Drain()
}

const (
	confirmed = `analyzer_confirmation_info",{"atype":"Analyzer::ANALYZER_SIP","info":{}}}`
	options   = `sip_request",{"method":"OPTIONS","original_URI":"sip:b@x","version":"2.0"}}`
	okay      = `sip_reply",{"version":"2.0","code":200,"reason":"OK"}}`
	start     = ">OPTIONS sip:b@x SIP/2.0\r\n"
)

func onSide(isOrig bool) string {
	if isOrig {
		return `{"is_orig":true`
	}
	return `{"is_orig":false`
}

func begin(isOrig bool) string { return `sip_begin_entity",` + onSide(isOrig) + `}}` }
func end(isOrig bool) string   { return `sip_end_entity",` + onSide(isOrig) + `}}` }

func header(isOrig bool, name, value string) string {
	return `sip_header",` + onSide(isOrig) + `,"name":"` + name + `","value":"` + value + `"}}`
}

// all returns the event of all headers, given by name and value.
func all(isOrig bool, headers ...string) string {
	var list []string
	for i := 0; i < len(headers); i += 2 {
		list = append(list, `"`+strconv.Itoa(i/2+1)+`":{"original_name":"`+headers[i]+`","name":"`+strings.ToUpper(headers[i])+`","value":"`+headers[i+1]+`"}`)
	}
	return `sip_all_headers",` + onSide(isOrig) + `,"hlist":{` + strings.Join(list, ",") + `}}}`
}

func malformed(what string) string {
	return `analyzer_violation_info",{"atype":"Analyzer::ANALYZER_SIP","info":{"reason":"Binpac exception: binpac exception: ` + what + `"}}}`
}

func mismatched(line, pattern, have string) string {
	return malformed("string mismatch at zeek/src/analyzer/protocol/sip/sip-protocol.pac:" + line +
		`: \nexpected pattern: \"` + pattern + `\"\nactual data: \"` + have + `\"`)
}

// netip5060 returns the server's address with SIP's port.
func netip5060(b *testconn.Bench) netip.AddrPort { return netip.AddrPortFrom(b.Server.Addr(), 5060) }

func TestMessages(t *testing.T) {
	for name, c := range map[string]struct {
		in   []string
		want []string
	}{
		"request": {[]string{start + "Via: SIP/2.0/UDP a;branch=1\r\nl : 7\r\n\r\n"}, []string{
			options, begin(true), header(true, "VIA", "SIP/2.0/UDP a;branch=1"), header(true, "L", "7"),
			all(true, "Via", "SIP/2.0/UDP a;branch=1", "l", "7"), end(true)}},
		"response": {[]string{start + "\r\n", "<SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"}, []string{
			options, begin(true), all(true), end(true),
			confirmed, okay, begin(false), header(false, "CONTENT-LENGTH", "3"), all(false, "Content-Length", "3"), end(false)}},
		"line feeds": {[]string{start + "A:b\n\n"}, []string{options, begin(true), header(true, "A", "b"), all(true, "A", "b"), end(true)}},
		"two messages": {[]string{start + "\r\n" + start[1:] + "\r\n"}, []string{
			options, begin(true), all(true), end(true), options, begin(true), all(true), end(true)}},
		"in two datagrams": {[]string{start + "Content-Length: 4\r\nA: b", ">c\r\n\r\n12", ">34"}, []string{
			options, begin(true), header(true, "CONTENT-LENGTH", "4"), header(true, "A", "bc"), all(true, "Content-Length", "4", "A", "bc"), end(true)}},
		"keepalive": {[]string{">\r\n", start + "\r\n"}, []string{options, begin(true), all(true), end(true)}},
		"junk": {[]string{">\x00\x01 OPTIONS sip:b@x SIP/2.0\r\n\r\n"}, []string{
			`conn_weird",{"name":"sip_junk_before_request","addl":"\\x00\\x01 ","source":"SIP"}}`, options, begin(true), all(true), end(true)}},

		"no method":  {[]string{">\r\n\r\n"}, []string{mismatched("23", "[a-zA-Z0-9_.!%*+`'~-]+", "")}},
		"no URI":     {[]string{">OPTIONS \r\n"}, []string{mismatched("25", "[[:alnum:]@[:punct:]]+", "")}},
		"version":    {[]string{">OPTIONS sip:b@x SIPS/2.0\r\n"}, []string{mismatched("45", "SIP/", "SIPS/2.0")}},
		"no version": {[]string{">OPTIONS sip:b@x\r\n"}, []string{malformed("out_of_bound: SIP_Version:anonymous_field_010: 4 > 0")}},
		"number":     {[]string{">OPTIONS sip:b@x SIP/2\r\n"}, []string{mismatched("46", `[0-9]+\\.[0-9]+`, "2")}},
		"status":     {[]string{">SIP/2.0 20 OK\r\n"}, []string{mismatched("39", "[0-9]{3}", "20 OK")}},
		"header":     {[]string{start + " value \r\n\r\n"}, []string{options, begin(true), mismatched("60", `[^: \\t]+`, " value ")}},
		"no value":   {[]string{start + "A b:c\r\n"}, []string{options, begin(true), mismatched("62", ":", "b:c")}},
		"no colon":   {[]string{start + "AB\r\n"}, []string{options, begin(true), malformed("out_of_bound: SIP_Header:anonymous_field_014: 3 > 2")}},
		"length": {[]string{start + "Content-Length: -2\r\n\r\n"}, []string{options, begin(true), header(true, "CONTENT-LENGTH", "-2"),
			all(true, "Content-Length", "-2"), malformed("invalid length string: zeek/src/analyzer/protocol/sip/sip-protocol.pac:68: -2")}},
	} {
		var got []string
		b := newBench(t, DefaultOptions(), &got)
		b.Server = netip5060(b)
		play(b, c.in...)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// TestSignature tests what is found at other ports.
func TestSignature(t *testing.T) {
	for in, want := range map[string]bool{
		"OPTIONS sip:b@x SIP/2.0\r\nA: b\r\n": true,
		"\x00 a SIP/2.0\r\n":                  true,
		" SIP/2.0\r\n":                        true,
		"SIP/2.0\r\n":                         true,
		"SIP/2.0 200 OK\r\n":                  true,
		" SIP/2.0 200 OK\r\n":                 true,
		"SIP/2.0 20 OK\r\n":                   false,
		"SIP/2.x 200 OK\r\n":                  false,
		"OPTIONS sip:b@x SIP/2.0\n":           false,
		"GET / HTTP/1.1\r\n":                  false,
		"a\r\nb SIP/2.0\r\n":                  false,
		"SIP/2.0":                             false,
		"\n":                                  false,
		"":                                    false,
	} {
		if got := signature([]byte(in)) == detect.Match; got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
	var got []string
	b := newBench(t, DefaultOptions(), &got)
	play(b, start+"\r\n", "<SIP/2.0 200 OK\r\n\r\n")
	if want := []string{options, begin(true), all(true), end(true), confirmed, okay, begin(false), all(false), end(false)}; !slices.Equal(got, want) {
		t.Error(got)
	}
}

// TestFollowZeek tests the list of headers as Zeek has it.
func TestFollowZeek(t *testing.T) {
	set, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	b := newBenchOf(t, set, DefaultOptions(), &got)
	b.Server = netip5060(b)
	play(b, start+"Via: x\r\n\r\n")
	want := `sip_all_headers",{"is_orig":true,"hlist":{"1":{"original_name":"VIA","name":"x"}}}}`
	if !slices.Contains(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), want)
	}
}

// TestViolation tests that a flow with a response stays as it is after a violation, and that
// another one is detected again: from the violation on, or from the beginning as in Zeek.
func TestViolation(t *testing.T) {
	zeek82, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  compat.Set
		in   []string
		want int
	}{
		{0, []string{start + "\r\n", "<SIP/2.0 200 OK\r\n\r\n", ">\r\n\r\n", start + "\r\n"}, 1},
		{0, []string{">\r\n\r\n", start + "\r\n"}, 1},
		{zeek82, []string{">\r\n\r\n", start + "\r\n"}, 0},
	} {
		var got []string
		b := newBenchOf(t, c.set, DefaultOptions(), &got)
		b.Server = netip5060(b)
		play(b, c.in...)
		n := 0
		for _, s := range got {
			if s == options {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%d requests, want %d: %s", n, c.want, got)
		}
	}
}

// TestLimits tests a line without an end, and many headers.
func TestLimits(t *testing.T) {
	b := newBench(t, Options{Line: 1000, Headers: 10}, new([]string))
	listed := 0
	b.Hooks.SIP.AllHeaders.Listen(func(e *event.SIPAllHeaders) { listed = len(e.HList) })
	b.Server = netip5060(b)
	play(b, start+strings.Repeat("A: b\r\n", 100)+"\r\n")
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: "SIP", Name: "headers"}]; n != 1 || listed != 10 {
		t.Errorf("%d headers, limited %d times", listed, n)
	}
	b = newBench(t, Options{Line: 1000, Headers: 10}, new([]string))
	b.Server = netip5060(b)
	line := ">" + strings.Repeat("a", 400)
	play(b, start, line, line, line)
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: "SIP", Name: "line"}]; n != 1 {
		t.Errorf("limited %d times", n)
	}
}

// talk is a typical request and its response.
var talk = [2][]byte{
	[]byte("INVITE sip:service@10.1.1.2:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.1.1:5062;branch=z9hG4bK-1\r\n" +
		"From: a <sip:a@10.1.1.1>;tag=1\r\nTo: b <sip:b@10.1.1.2>\r\nCall-ID: 1@10.1.1.1\r\nCSeq: 1 INVITE\r\n" +
		"Contact: sip:a@10.1.1.1\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"),
	[]byte("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.1.1.1:5062;branch=z9hG4bK-1\r\nFrom: a <sip:a@10.1.1.1>;tag=1\r\n" +
		"To: b <sip:b@10.1.1.2>;tag=2\r\nCall-ID: 1@10.1.1.1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"),
}

// listening returns an analyzer with listeners to all of SIP's events.
func listening(t testing.TB) *analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.SIP
	h.Request.Listen(func(*event.SIPRequest) {})
	h.Reply.Listen(func(*event.SIPReply) {})
	h.BeginEntity.Listen(func(*event.SIPBeginEntity) {})
	h.EndEntity.Listen(func(*event.SIPEndEntity) {})
	h.Header.Listen(func(*event.SIPHeader) {})
	h.AllHeaders.Listen(func(*event.SIPAllHeaders) {})
	p := New(b.Hooks, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	return b.New(&p.Protocol).(*analyzer)
}

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.SetBytes(int64(len(talk[0]) + len(talk[1])))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, talk[0])
		a.Data(false, talk[1])
	}
}

// FuzzDatagrams checks that it makes no difference how a flow's requests are divided among
// datagrams, up to the first malformed line, which takes the rest of its datagram with it.
func FuzzDatagrams(f *testing.F) {
	f.Add(talk[0], uint16(100))
	f.Add([]byte(start[1:]+"A: b\r\n\r\n"+start[1:]+"\n"), uint16(7))
	f.Add([]byte(start[1:]+"Content-Length: 9\n\n123456789\rx"), uint16(0))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		if len(in) == 0 || len(in) > 4096 {
			return
		}
		run := func(size int) (lines []string, usual bool) {
			var got []string
			b := newBench(t, DefaultOptions(), &got)
			b.Server = netip5060(b)
			var datagrams []string
			for d := range slices.Chunk(in, size) {
				if len(d) > 6 && string(d[:4]) == "SIP/" || len(d) == 2 && d[0] == '\r' {
					return nil, false // a response, or to keep a binding alive
				}
				datagrams = append(datagrams, ">"+string(d))
			}
			play(b, datagrams...)
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			if i := slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "analyzer_violation") }); i >= 0 {
				got = got[:i+1]
			}
			return got, true
		}
		whole, ok := run(len(in))
		cut, ok2 := run(int(size) + 1)
		if ok && ok2 && !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
