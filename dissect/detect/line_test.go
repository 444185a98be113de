package detect

import (
	"slices"
	"testing"
)

func TestAnyLine(t *testing.T) {
	for in, want := range map[string][]string{
		"":             {""},
		"a":            {"a"},
		"a\r\nb\rc\nd": {"a\r\nb\rc\nd", "b\rc\nd", "c\nd", "d"},
		"\n\r":         {"\n\r", "\r", ""},
	} {
		var got []string
		AnyLine([]byte(in), func(b []byte) bool {
			got = append(got, string(b))
			return false
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", in, got)
		}
	}
	if !AnyLine([]byte("a\nb\nc"), func(b []byte) bool { return string(b) == "b\nc" }) {
		t.Error("no match")
	}
}
