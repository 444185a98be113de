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
		ok   bool
	}{{"", false, true}, {None, false, true}, {Zeek82, true, true}, {"zeek-9", false, false}} {
		s, err := Parse(c.name)
		if (err == nil) != c.ok {
			t.Errorf("Parse(%q): %v", c.name, err)
		}
		for e := range effects {
			if s.Has(e) != c.has {
				t.Errorf("Parse(%q).Has(%s) = %v", c.name, table[e].Name, s.Has(e))
			}
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
