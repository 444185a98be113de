package dissect

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
)

// TestPickAnalyzers has a protocol that is attached on request only.
func TestPickAnalyzers(t *testing.T) {
	defer func(list []string) { onRequest = list }(onRequest)
	onRequest = []string{"irc"}
	all := strings.Join(AnalyzerNames(), ",")
	plain := strings.Replace(all, "irc,", "", 1)
	for _, c := range []struct{ list, want, err string }{
		{"", plain, ""},
		{"default", plain, ""},
		{"all", all, ""},
		{"+irc", plain + ",irc", ""},
		{"+irc,-dns", strings.Replace(plain, "dns,", "", 1) + ",irc", ""},
		{"-dns", strings.Replace(plain, "dns,", "", 1), ""},
		{"irc", "irc", ""},
		{"DNS,http", "dns,http", ""},
		{"none", "", ""},
		{"tls,kerberos,dcerpc", "ssl,dtls,krb,krb_tcp,dce_rpc", ""},
		{"htpp", "", `unknown analyzer "htpp"; did you mean http?`},
	} {
		var list []string
		if c.list != "" {
			list = strings.Split(c.list, ",")
		}
		got, err := PickAnalyzers(list)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: %v", c.list, err)
			}
			continue
		}
		if err != nil || strings.Join(got, ",") != c.want {
			t.Errorf("%q: %q, %v, want %q", c.list, got, err, c.want)
		}
		attached, err := chosen(protocols(new(event.Hooks), nil, new(Options)), list, nil, 0)
		if err != nil {
			t.Error(err)
		}
		for _, p := range attached {
			if name := strings.ToLower(p.Name); !slices.Contains(got, name) {
				t.Errorf("%q: %s is attached", c.list, name)
			}
		}
		if len(got) > 0 && len(attached) < len(got) {
			t.Errorf("%q: %d attached of %q", c.list, len(attached), got)
		}
	}
}

// TestBeyondZeek has the protocols that a run leaves out if it follows a Zeek.
func TestBeyondZeek(t *testing.T) {
	for _, set := range []string{compat.None, compat.Zeek82, compat.Zeek82NoSpicy} {
		zeek, err := compat.Parse(set)
		if err != nil {
			t.Fatal(err)
		}
		attached, err := chosen(protocols(new(event.Hooks), nil, new(Options)), []string{"all"}, nil, zeek)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range attached {
			names = append(names, strings.ToLower(p.Name))
		}
		for _, name := range AnalyzerNames() {
			effect, beyond := beyondZeek[name]
			beyond = beyond && zeek.Has(effect)
			if slices.Contains(names, name) == beyond {
				t.Errorf("%s: %s is attached: %v", set, name, beyond)
			}
		}
		if slices.Contains(names, "quic") == (set == compat.Zeek82NoSpicy) {
			t.Errorf("%s: attached are %q", set, names)
		}
	}
	for name := range beyondZeek {
		if !slices.Contains(AnalyzerNames(), name) {
			t.Errorf("there is no %s", name)
		}
	}
}
