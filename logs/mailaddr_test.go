package logs

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEmailAddrs(t *testing.T) {
	for s, want := range map[string]string{
		"FROM:<a@b.test> SIZE=5":     "a@b.test",
		"FROM: a@b, c@d;e@f":         "a@b|c@d|e@f",
		"TO:x@y":                     "x@y",
		"@y a@ <@> a@b@c":            "a@b@c",
		"":                           "",
		"FROM:<>":                    "",
		"<\"a\"@b:5>":                "\"a\"@b5",
		"TO:<a@b>ORCPT=rfc822;c@d>":  "a@b|ORCPT=rfc822c@d",
		"nobody here, but < nobody>": "",
	} {
		var got []string
		emailAddrs(nil, []byte(s), func(a []byte) bool { got = append(got, string(a)); return true })
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestMIMEAddrs(t *testing.T) {
	for s, want := range map[string]string{
		"a@b, C <c@d>":                           "a@b|C <c@d>",
		`"Doe, J." <j@d>, x@y`:                   `"Doe, J." <j@d>|x@y`,
		`"a, b", c@d`:                            `c@d`,
		"nobody, @, a@":                          "",
		"group: a@b, c@d;":                       "group: a@b|c@d;",
		"":                                       "",
		",,a@b,":                                 "a@b",
		`"open <a@b>, c@d`:                       `"open <a@b>|c@d`,
		"\t a@b \r":                              "a@b",
		strings.Repeat(`"`, 5) + "a@b" + `",c@d`: strings.Repeat(`"`, 5) + "a@b" + `"|c@d`,
	} {
		var got []string
		mimeAddrs([]byte(s), func(a []byte) bool { got = append(got, string(a)); return true })
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestIPAddrs(t *testing.T) {
	for _, c := range []struct {
		s       string
		wrapped bool
		want    string
	}{
		{"from a (b [192.0.2.1]) by 198.51.100.2 id 1.2.3.4.5", false, "192.0.2.1 198.51.100.2 1.2.3.4"},
		{"from a (b [192.0.2.1]) by 198.51.100.2; id 1.2.3", true, "192.0.2.1"},
		{"[192.0.2.1)", true, ""}, {"192.0.2.1", true, "192.0.2.1"}, {"300.1.2.3", false, "0.1.2.3"},
		{"(2001:db8::1) [::ffff:192.0.2.1]", false, "2001:db8::1 192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6 ::1 1:2:3:4:5:6:192.0.2.1", false, "2001:db8:1:2:3:4:5:6 ::1 1:2:3:4:5:6:c000:201"},
		{"010.001.1.09", false, "10.1.1.9"}, {"12:30:45", false, ""}, {"", false, ""},
	} {
		var got []netip.Addr
		ipAddrs([]byte(c.s), c.wrapped, func(a netip.Addr) bool { got = append(got, a); return true })
		var text []string
		for _, a := range got {
			text = append(text, a.String())
		}
		if strings.Join(text, " ") != c.want {
			t.Errorf("%q: %q, want %q", c.s, text, c.want)
		}
	}
}

// TestAddrsLinear runs on text that takes quadratic algorithms too long.
func TestAddrsLinear(t *testing.T) {
	begin := time.Now()
	for _, s := range []string{"a", `"`, `"a`, "a:", "1.", "::", "a,", "@", "a@", "<", `",`} {
		b := []byte(strings.Repeat(s, 1<<19/len(s)))
		emailAddrs(nil, b, func([]byte) bool { return true })
		mimeAddrs(b, func([]byte) bool { return true })
		ipAddrs(b, true, func(netip.Addr) bool { return true })
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestTextSet(t *testing.T) {
	var s textSet
	s.is = true
	for _, x := range []string{"a", "b", "a", "c"} {
		s.add([]byte(x), 3)
	}
	if s.add([]byte("d"), 3) {
		t.Error("takes a fourth")
	}
	b := newBench(t, "smtp")
	l := rowLimits{hooks: &b.hooks}
	if got := s.column(&l); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Error(got)
	}
	s.reset()
	if s.column(&l) != nil {
		t.Error("is not unset")
	}
	// More strings than there are tags, each twice, some with the same tag.
	for round := range 2 {
		for i := range 1000 {
			if !s.add(fmt.Appendf(nil, "a name that begins alike %d", i), 1000+round) {
				t.Fatal(round, i)
			}
		}
	}
	if len(s.list) != 0 || len(s.ends) != 1000 {
		t.Error(len(s.ends))
	}
}

// Places that nextAddr leaves out begin no address.
func TestNextAddr(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		b := make([]byte, random.IntN(24))
		for i := range b {
			b[i] = "0129abfFg::::....[] "[random.IntN(20)]
		}
		i := 0
		for at := range b {
			if longestAddr(b[at:]) == 0 {
				continue
			}
			for i = nextAddr(b, i); i < at; i = nextAddr(b, i) {
				i++
			}
			if i != at {
				t.Fatalf("%q: nextAddr leaves out %d", b, at)
			}
			i++
		}
	}
}
