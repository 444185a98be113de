package mapping

import (
	"slices"
	"testing"
)

// texts returns what the form of a target makes of a text.
func texts(t Target, v string) []string {
	var list []string
	t.Each(v, func(s string) { list = append(list, s) })
	return list
}

func TestForms(t *testing.T) {
	for _, tt := range []struct {
		target Target
		text   string
		want   []string
	}{
		{Target{Form: IP}, "10.0.0.1", []string{"10.0.0.1"}},
		{Target{Form: IP}, "fe80::1", []string{"fe80::1"}},
		{Target{Form: IP}, "a.test", nil},
		{Target{Form: Path}, "/a/b?c=/d#e", []string{"/a/b"}},
		{Target{Form: Query}, "/a/b?c=/d#e", []string{"c=/d"}},
		{Target{Form: Path}, "http://a.test:80/b?c", []string{"/b"}},
		{Target{Form: Query}, "http://a.test?c", []string{"c"}},
		{Target{Form: Path}, "http://a.test", nil},
		{Target{Form: Path}, "/?u=http://a/b", []string{"/"}},
		{Target{Form: Path}, "*", nil},
		{Target{Form: Path}, "", nil},
		{Target{Form: Query}, "/a", nil},
		{Target{Form: User}, "alice/TEST.REALM", []string{"alice"}},
		{Target{Form: Realm}, "host/a.test/TEST.REALM", []string{"TEST.REALM"}},
		{Target{Form: User}, "alice", nil},
		{Target{Form: Realm}, "/x", nil},
		{Target{Form: Attribute, Part: "O"}, `CN=a,O=b\, c\\,OU=d,O=e`, []string{`b, c\`, "e"}},
		{Target{Form: Attribute, Part: "CN"}, `O=b, CN=a=b`, []string{"a=b"}},
		{Target{Form: Attribute, Part: "CN"}, `O=b\`, nil},
		{Target{Form: Attribute, Part: "CN"}, "", nil},
	} {
		if got := texts(tt.target, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s of %q: %q, want %q", tt.target.Form, tt.text, got, tt.want)
		}
	}
}
