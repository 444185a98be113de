package compat

import (
	"os"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		has  bool
		also bool // NoSpicy
		ok   bool
	}{{"", false, false, true}, {None, false, false, true}, {Zeek82, true, false, true}, {Zeek82NoSpicy, true, true, true}, {"zeek-9", false, false, false}} {
		s, err := Parse(c.name)
		if (err == nil) != c.ok {
			t.Errorf("Parse(%q): %v", c.name, err)
		}
		for e := range effects {
			want := c.has
			if e == NoSpicy {
				want = c.also
			}
			if s.Has(e) != want {
				t.Errorf("Parse(%q).Has(%s) = %v", c.name, table[e].Name, s.Has(e))
			}
		}
	}
}

// TestParseEffects adds effects to sets and takes some out.
func TestParseEffects(t *testing.T) {
	for _, c := range []struct {
		text string
		want Set
	}{
		{"zeek-8.2,-finger_lines,-ldap", (1<<effects - 1) &^ (1<<FingerLines | 1<<LDAP | 1<<NoSpicy)},
		{"none,+igmp", 1 << IGMP},
		{",+igmp,+quic,-igmp", 1 << QUIC},
	} {
		if s, err := Parse(c.text); s != c.want || err != nil {
			t.Errorf("Parse(%q) = %x, %v, want %x", c.text, s, err, c.want)
		}
	}
	for _, text := range []string{"zeek-8.2,", "zeek-8.2,igmp", "zeek-8.2,-", "none,+", "none,*igmp", "none,+no_such", "+igmp", "none, +igmp"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) gives no error", text)
		}
	}
}

// TestDocumented finds every effect in the documentation of differences.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, e := range Effects() {
		if e.Name == "" || e.Doc == "" || seen[e.Name] {
			t.Errorf("effect %d has no name or description of its own: %+v", i, e)
		}
		seen[e.Name] = true
		if !strings.Contains(string(text), "`"+e.Name+"`") {
			t.Errorf("docs/differences.md does not mention `%s`", e.Name)
		}
	}
}
