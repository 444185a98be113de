package ident

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
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
	events := b.Events("ident_", "conn_weird")
	b.Play(&p.Protocol, n, parts)
	return *events
}

// ports is what the events of the query "6193, 23" begin with.
const ports = `{"lport":{"port":23,"proto":"tcp"},"rport":{"port":6193,"proto":"tcp"}`

func weird(name, addl string) string {
	return `conn_weird {"name":"` + name + `","addl":"` + addl + `","source":"IDENT"}`
}

var cases = []struct {
	parts []string
	want  []string
}{
	// RFC 1413 section 6.4.
	{[]string{">6193, 23\r\n", "<6193, 23 : USERID : UNIX : stjohns\r\n"}, []string{
		"ident_request " + ports + "}", "ident_reply " + ports + `,"user_id":"stjohns","system":"UNIX :"}`,
	}},
	{[]string{"> 6193 , 23 x\n", "<6193 ,23: ERROR:NO-USER\n"}, []string{
		weird("ident_request_addendum", " 6193 , 23 x"),
		"ident_request " + ports + "}", "ident_error " + ports + `,"line":"NO-USER"}`,
	}},
	// With a character set.
	{[]string{"<6193, 23 : USERID : UNIX,US-ASCII : a b \r\n"}, []string{
		"ident_reply " + ports + `,"user_id":"a b ","system":"UNIX,"}`,
	}},
	{[]string{">70000, 23\r\n"}, []string{
		weird("bad_ident_port", "70000, 23"),
		`ident_request {"lport":{"port":23,"proto":"tcp"},"rport":{"port":0,"proto":"tcp"}}`,
	}},
	{[]string{">6193\r\n", ">x\r\n"}, []string{weird("bad_ident_request", "6193"), weird("bad_ident_request", "x")}},
	// The second bad reply of a connection is not reported.
	{[]string{"<6193, 23\r\n", "<x\r\n"}, []string{weird("bad_ident_reply", "6193, 23")}},
	{[]string{"<6193, 23 : WHAT : x\r\n"}, []string{weird("bad_ident_reply", "6193, 23 : WHAT : x")}},
	{[]string{"<6193, 23 : USERID\r\n"}, []string{weird("bad_ident_reply", "6193, 23 : USERID")}},
	{[]string{"<6193, 23 : USERID : UNIX\r\n"}, []string{weird("bad_ident_reply", "6193, 23 : USERID : UNIX")}},
	{[]string{">6193, 23", ">~"}, []string{"ident_request " + ports + "}"}},
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

// TestLineLimit has a line that never ends.
func TestLineLimit(t *testing.T) {
	got := play(t, 100, []string{">" + strings.Repeat("1", 3*maxLine)})
	if len(got) == 0 || !strings.Contains(got[0], "contentline_size_exceeded") {
		t.Errorf("%q", got)
	}
}

func FuzzIdent(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.parts, "\xff"), uint8(2))
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
