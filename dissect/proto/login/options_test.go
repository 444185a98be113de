package login

import (
	"slices"
	"strings"
	"testing"
)

// TestLists plays a session with the default lists, and with one that is changed.
func TestLists(t *testing.T) {
	name := func(events []string) string {
		var names []string
		for _, e := range short(events) {
			n, _, _ := strings.Cut(e, " ")
			names = append(names, n)
		}
		return strings.Join(slices.Compact(names), ",")
	}
	session := func(prompt, answer string) []string {
		return []string{"<" + prompt, ">joe\r\n", "<\r\nPassword: ", ">secret\r\n", "<\r\n" + answer + "\r\n"}
	}
	for _, c := range []struct {
		key          string
		parts        []string
		change       func(*Options)
		def, changed string // events
	}{
		{"login.prompts", session("who? ", "Last login: x"), func(o *Options) { o.Prompts = []string{`who\?`} }, "login_confused,login_confused_text", "login_success"},
		{"login.direct_prompts", []string{"<Key in\r\n", ">x\r\n"}, func(o *Options) {
			o.Prompts, o.DirectPrompts = append(o.Prompts, "Key in"), []string{"Key in"}
		}, "", "login_success"},
		{"login.failures", session("login: ", "No entry"), func(o *Options) { o.Failures = []string{"No entry"} }, "", "login_failure"},
		{"login.non_failures", session("login: ", "Login incorrect"), func(o *Options) { o.NonFailures = []string{"Login incorrect"} }, "login_failure", ""},
		{"login.successes", session("login: ", "Come in"), func(o *Options) { o.Successes = []string{"Come in"} }, "", "login_success"},
		{"login.timeouts", []string{"<login: ", ">joe\r\n", "<\r\nToo slow\r\n"}, func(o *Options) { o.Timeouts = []string{"Too slow"} }, "", "login_failure"},
	} {
		o := DefaultOptions()
		if got := name(play(t, "telnet", 100, c.parts, o)); got != c.def {
			t.Errorf("%s: %q by default, want %q", c.key, got, c.def)
		}
		c.change(&o)
		if got := name(play(t, "telnet", 100, c.parts, o)); got != c.changed {
			t.Errorf("%s: %q, want %q", c.key, got, c.changed)
		}
	}
}
