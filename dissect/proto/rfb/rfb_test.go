package rfb

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// about matches what precedes an event's name, and the parts that describe its connection.
var about = regexp.MustCompile(`"ts":[^,]*,|"uid":"[^"]*",|"id\.[^,]*,|"args":`)

// newBench returns a bench that records RFB's events in lines.
func newBench(t testing.TB, lines *[]string) *testconn.Bench {
	b := testconn.New(t, testconn.Config())
	now := func() value.Time { return b.Now }
	if _, err := event.NewStream(b.Hooks, now, func(line []byte) {
		s := about.ReplaceAllString(string(line), "")
		if strings.Contains(s, "rfb_") || strings.Contains(s, "ANALYZER_RFB") {
			*lines = append(*lines, strings.TrimSuffix(strings.TrimPrefix(s, `{"event":"`), "\n"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	return b
}

// bytesOf returns the bytes of a message: text in quotes, or hexadecimal digits.
func bytesOf(s string) []byte {
	var out []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			out = append(out, part...)
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			panic(err)
		}
		out = append(out, b...)
	}
	return out
}

// play sends messages, the client's after > and the server's after <, in segments of the
// given size.
func play(b *testconn.Bench, size int, talk ...string) {
	b.Open()
	for _, m := range talk {
		for part := range slices.Chunk(bytesOf(m[1:]), size) {
			b.Talk(m[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

const (
	confirmed = `analyzer_confirmation_info",{"atype":"Analyzer::ANALYZER_RFB","info":{}}}`
	// Messages of a server.
	initialization = "<0280 01e0 20180001 00ff00ff 00ff100800000000 00000004 'desk'"
	desk           = `rfb_server_parameters",{"name":"desk","width":640,"height":480}}`
	challenge      = "<00112233445566778899aabbccddeeff"
	answer         = ">ffeeddccbbaa99887766554433221100"
)

func violation(reason string) string {
	return `analyzer_violation_info",{"atype":"Analyzer::ANALYZER_RFB","info":{"reason":"` + reason + `"}}}`
}

func malformed(what string) string { return violation("Binpac exception: binpac exception: " + what) }

func authentication(n string) string { return `rfb_authentication_type",{"authtype":` + n + `}}` }

// TestTalks tests the handshakes of all versions and security types. Versions are in the
// first two messages, whose events are not in want.
func TestTalks(t *testing.T) {
	const (
		failed = `rfb_auth_result",{"result":true}}`
		passed = `rfb_auth_result",{"result":false}}`
		shared = `rfb_share_flag",{"flag":true}}`
		alone  = `rfb_share_flag",{"flag":false}}`
	)
	for name, c := range map[string]struct {
		version string
		talk    []string
		want    []string
	}{
		"3.3 none": {"3", []string{"<00000001", ">01", initialization}, []string{authentication("1"), shared, desk}},
		"3.3 VNC": {"3", []string{"<00000002", challenge, answer, "<00000000", ">00", initialization},
			[]string{authentication("2"), passed, alone, desk}},
		"3.3 refused": {"3", []string{"<00000000", "<00000003 'why'"}, []string{authentication("0")}},
		"3.3 unknown": {"3", []string{"<00000010", ">01"}, []string{violation("invalid RFB security type 16"), authentication("16")}},
		"3.7 none":    {"7", []string{"<0101", ">01", ">01", initialization}, []string{authentication("1"), shared, desk}},
		"3.7 refused": {"7", []string{"<00", "<00000003 'why'"}, nil},
		"3.8 none":    {"8", []string{"<020102", ">01", "<00000000", ">01", initialization}, []string{authentication("1"), passed, shared, desk}},
		"3.8 VNC": {"8", []string{"<020102", ">02", challenge, answer, "<00000001 00000003 'why'"},
			[]string{authentication("2"), failed}},
		"3.8 result": {"8", []string{"<0102", ">02", challenge, answer, "<00000002"},
			[]string{authentication("2"), violation("invalid RFB auth result: 2"), failed}},
		"3.8 VeNCrypt": {"8", []string{"<0113", ">13", "<0002"}, []string{violation("unknown RFB auth selection: 19"), authentication("19")}},
		"Apple": {"889", []string{"<011e", ">1e", "<0002 0004 01020304 05060708", ">01020304 05060708", "<00000000", ">01", initialization},
			[]string{authentication("30"), passed, shared, desk}},
		"messages": {"8", []string{"<0101", ">01", "<00000000", ">01", initialization,
			">00 000000 20180001 00ff00ff 00ff100800000000", ">02 00 0002 00000000 00000001", ">03 01 0000 0000 0010 0010",
			">04 01 0000 0000ff0d", ">05 01 0001 0002", ">06 000000 00000003 'cut'", "<00ffff", ">fa"},
			[]string{authentication("1"), passed, shared, desk, malformed("invalid index for case: ClientMessage: 250")}},
		"too long": {"8", []string{"<0101", ">01", "<00000000", ">01", "<0280 01e0 20180001 00ff00ff 00ff100800000000 00010000"},
			[]string{authentication("1"), passed, shared, malformed("&enforce violation : RFBServerInit:len")}},
		"text": {"8", []string{"<0101", ">01", "<00000000", ">01", ">06 000000 00010000"},
			[]string{authentication("1"), passed, shared, malformed("&enforce violation : ClientCutText:len")}},
		"turn": {"3", []string{">01"}, []string{malformed("invalid data from RFB client")}},
	} {
		version := "'RFB 003." + "000"[:3-len(c.version)] + c.version + "' 0a"
		for _, size := range []int{1000, 1, 5} {
			var got []string
			play(newBench(t, &got), size, append([]string{"<" + version, ">" + version}, c.talk...)...)
			got = slices.DeleteFunc(got, func(s string) bool {
				return strings.Contains(s, "_version") || s == confirmed || strings.HasPrefix(s, "rfb_event")
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("%s by %d:\ngot  %s\nwant %s", name, size, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}

// TestVersions tests the versions, and that each message has a rfb_event.
func TestVersions(t *testing.T) {
	var got []string
	play(newBench(t, &got), 4, "<'RFB 003.008' 0a", ">'RFB 003.003' 0a", "<00000001", ">01", initialization)
	each := `rfb_event",{}}`
	want := []string{
		`rfb_server_version",{"major_version":"003","minor_version":"008"}}`, each,
		`rfb_client_version",{"major_version":"003","minor_version":"003"}}`, confirmed, each,
		authentication("1"), each, `rfb_share_flag",{"flag":true}}`, each, desk, each,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestNotRFB tests what only begins like it.
func TestNotRFB(t *testing.T) {
	const at = "string mismatch at zeek/src/analyzer/protocol/rfb/rfb-protocol.pac:"
	for in, want := range map[string]string{
		"'RFBx003.008' 0a": malformed(at + `34: \nexpected pattern: \"RFB \"\nactual data: \"RFBx003.008\n\"`),
		"'RFB 003x008' 0a": malformed(at + `36: \nexpected pattern: \".\"\nactual data: \"x008\n\"`),
	} {
		var got []string
		play(newBench(t, &got), 100, "<"+in, ">'RFB 003.008' 0a")
		if len(got) == 0 || got[0] != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
	var got []string
	play(newBench(t, &got), 100, "<'RFB 003.008' 0a", ">'GET / HTTP/1.0' 0d0a0d0a")
	if len(got) != 0 {
		t.Error(got)
	}
}

// TestGap tests that nothing is understood after missing bytes.
func TestGap(t *testing.T) {
	var got []string
	b := newBench(t, &got)
	b.Open()
	b.Talk(false, bytesOf("'RFB 003.008' 0a"))
	b.Talk(true, bytesOf("'RFB 003.008' 0a"))
	b.Skip(false, 2)
	b.Talk(false, bytesOf("00000001"))
	b.Talk(true, bytesOf("01"))
	b.Close()
	b.Drain()
	for _, s := range got {
		if strings.HasPrefix(s, "rfb_auth") {
			t.Error(got)
		}
	}
}

// TestHeld tests more incomplete messages than may be kept.
func TestHeld(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	p := New(b.Hooks)
	for range conn.DefaultOptions().MessageBytes/60000 + 1 {
		a := p.New(b.Table.Nested(c, &p.Protocol)).(*analyzer)
		for _, m := range []string{"<'RFB 003.003' 0a", ">'RFB 003.003' 0a", "<00000001", "<0280 01e0 20180001 00ff00ff 00ff100800000000 0000ffff"} {
			a.Data(m[0] == '>', bytesOf(m[1:]))
		}
		a.Data(false, make([]byte, 60000))
	}
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: "RFB", Name: "incomplete_messages"}]; n == 0 {
		t.Error("nothing was counted")
	}
}

// session is a handshake; pointer is a message that repeats after it.
var (
	session = []string{"<'RFB 003.008' 0a", ">'RFB 003.008' 0a", "<0101", ">01", "<00000000", ">01", initialization}
	pointer = bytesOf("05 01 0001 0002")
)

// listening returns an analyzer after a handshake, with listeners to all of RFB's events.
func listening(t testing.TB) *analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.RFB
	h.Event.Listen(func(*event.RFBEvent) {})
	h.ServerParameters.Listen(func(*event.RFBServerParameters) {})
	p := New(b.Hooks)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := p.New(b.Table.Nested(c, &p.Protocol)).(*analyzer)
	for _, m := range session {
		a.Data(m[0] == '>', bytesOf(m[1:]))
	}
	return a
}

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.SetBytes(int64(len(pointer)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, pointer)
	}
}

// FuzzSegments checks that segmentation makes no difference and that nothing panics.
func FuzzSegments(f *testing.F) {
	add := func(talk []string) {
		var orig, resp []byte
		for _, m := range talk {
			if m[0] == '>' {
				orig = append(orig, bytesOf(m[1:])...)
			} else {
				resp = append(resp, bytesOf(m[1:])...)
			}
		}
		f.Add(resp, orig, uint8(3))
	}
	add(session)
	add([]string{"<'RFB 003.889' 0a", ">'RFB 003.889' 0a", "<011e", ">1e"})
	add([]string{"<'RFB 003.003' 0a", ">'RFB 003.003' 0a", "<00000002", challenge, answer, "<00000001 00000003 'why'"})
	f.Fuzz(func(t *testing.T, resp, orig []byte, size uint8) {
		if len(orig)+len(resp) > 4096 || len(resp) < 12 || len(orig) < 12 {
			return // in longer input a violation does not remove the analyzer
		}
		run := func(size int) (lines []string) {
			b := newBench(t, &lines)
			b.Open()
			// Both versions first. What follows comes side by side, as in a talk.
			for _, p := range []struct {
				isOrig bool
				data   []byte
			}{{false, resp[:12]}, {true, orig[:12]}, {false, resp[12:]}, {true, orig[12:]}} {
				for part := range slices.Chunk(p.data, size) {
					b.Talk(p.isOrig, part)
				}
			}
			b.Close()
			b.Drain()
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return lines
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
