package dissect

import (
	"slices"
	"strings"
	"testing"

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
		attached, err := chosen(protocols(new(event.Hooks), nil, new(Options)), list, nil)
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
