package login

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB, protocol string, o Options) (*testconn.Bench, *detect.Protocol) {
	b := testconn.New(t, testconn.Config())
	b.SetAttacher(detect.New(nil))
	telnet, rlogin, rsh := New(b.Hooks, o)
	switch protocol {
	case "telnet":
		return b, telnet
	case "rlogin":
		return b, rlogin
	}
	return b, rsh
}

// sectionEvents are prefixes of the events of this package, and weirds.
var sectionEvents = []string{"login_", "rsh_", "authentication_", "activating_", "bad_option", "inconsistent_", "conn_weird"}

// play returns the events of a conversation in pieces of n bytes.
func play(t testing.TB, protocol string, n int, parts []string, o Options) []string {
	b, p := newBench(t, protocol, o)
	events := b.Events(sectionEvents...)
	b.Play(&p.Protocol, n, parts)
	return *events
}

// short leaves the events of lines out.
func short(events []string) (list []string) {
	for _, s := range events {
		if !strings.HasPrefix(s, "login_input_line") && !strings.HasPrefix(s, "login_output_line") {
			list = append(list, s)
		}
	}
	return list
}

const (
	iac                              = "\xff"
	sb                               = iac + "\xfa"
	se                               = iac + "\xf0"
	willCmd, wontCmd, doCmd, dontCmd = iac + "\xfb", iac + "\xfc", iac + "\xfd", iac + "\xfe"
)

func success(user, client, password, line string) string {
	return `login_success {"user":"` + user + `","client_user":"` + client + `","password":"` + password + `","line":"` + line + `"}`
}

func failure(user, client, password, line string) string {
	return strings.Replace(success(user, client, password, line), "success", "failure", 1)
}

func confusion(msg string, lines ...string) []string {
	list := []string{`login_confused {"msg":"` + msg + `","line":"` + lines[len(lines)-1] + `"}`}
	for _, s := range lines {
		list = append(list, `login_confused_text {"line":"`+s+`"}`)
	}
	return list
}

var cases = []struct {
	name, protocol string
	parts          []string
	want           []string
}{
	{"success", "telnet", []string{"<login: ", ">alice\r\n", "<alice\r\nPassword: ", ">secret\r\x00", "<\r\nLast login: today\r\n"},
		[]string{success("alice", "", "secret", "Last login: today")}},
	{"failure, then success", "telnet", []string{"<login: ", ">a\r\n", "<\r\nPassword: ", ">b\r\n", "<\r\nLogin incorrect\r\nlogin: ", ">c\r\n",
		"<\r\nPassword: ", ">d\r\n", "<\r\nLast login: x\r\n"},
		[]string{failure("a", "", "b", "Login incorrect"), success("c", "", "d", "Last login: x")}},
	{"failure without anything typed", "telnet", []string{"<Login timed out\r\n"}, confusion("no_username2", "<timeout>", "Login timed out")},
	{"no prompt", "telnet", []string{"<" + strings.Repeat("text\r\n", maxScanned+1)}, confusion("no_login_prompt", "text")},
	{"success by silence", "telnet", []string{">bob\r\n", "<login: \r\n" + strings.Repeat("text\r\n", lookahead+2)},
		[]string{success("bob", "", "<none>", "text")}},
	{"ploy", "telnet", []string{">login: \r\n", ">x\r\n", "<Last login\r\n"},
		append(confusion("possible_login_ploy", "login: "), `login_confused_text {"line":"x"}`)},
	{"typeahead", "telnet", []string{">" + strings.Repeat("x\r\n", 13)}, confusion("excessive_typeahead", strings.Split(strings.Repeat("x ", 13), " ")[:13]...)},
	{"closed early", "telnet", []string{">bob\r\n", ">~"}, []string{success("<none>", "", "bob", "<EOF>")}},
	{"skipped", "telnet", []string{"<WELCOME TO THE BERKELEY PUBLIC LIBRARY\r\nlogin: \r\n"}, []string{"authentication_skipped {}"}},
	// As in Zeek the shortest match counts, here without the optional L.
	{"direct prompt", "telnet", []string{"<TERMINAL\r\n", ">x\r\n"}, []string{success("L", "", "<none>", "TERMINAL")}},
	{"VMS", "telnet", []string{"<Username: ", ">joe\r\n", "<\r\nPassword: ", ">p\r\n", "<\r\nUser authorization failure\r\nUsername: ", ">\x1b[A\r\n", ">q\r\n", "<\r\n x\r\nLast login\r\n"},
		[]string{failure("joe", "", "p", "User authorization failure"), success("joe", "", "q", "Last login")}},
	{"NUL", "telnet", []string{">a\x00b\r\n"}, []string{`conn_weird {"name":"NUL_in_line","addl":"","source":"TELNET"}`}},

	{"terminal", "telnet", []string{"<" + sb + "\x18\x01" + se, ">" + sb + "\x18\x00vt" + iac + iac + se},
		[]string{`login_terminal {"terminal":"vt\\xff"}`}},
	{"environment", "telnet", []string{">" + sb + "\x27\x00\x00USER\x01me\x00TERM\x01x\x03DISPLAY\x01:0\x00TTYPROMPT\x01?" + se},
		[]string{`login_terminal {"terminal":"x"}`, `login_display {"display":":0"}`, `login_prompt {"prompt":"?"}`}},
	{"escape in the environment", "telnet", []string{">" + sb + "\x27\x00\x00TERM\x01a\x02\x01b" + se},
		[]string{`login_terminal {"terminal":"a\\x01"}`, "bad_option {}"}},
	{"environment of the server", "telnet", []string{"<" + sb + "\x27\x00\x00TERM\x01x" + se}, confusion("responder_environment", "TERM")},
	{"bad options", "telnet", []string{">" + sb + "\x18" + se + sb + "\x18\x02" + se + sb + "\x27\x07" + se + sb + "\x27\x00\x01x" + se + sb + "\x25\x02" + se + sb + se},
		slices.Repeat([]string{"bad_option {}"}, 5)},
	{"bad termination", "telnet", []string{">" + sb + "\x18\x00vt" + doCmd + "\x01x\r\n"}, []string{"bad_option_termination {}", `login_terminal {"terminal":"vt"}`}},
	{"inconsistent", "telnet", []string{">" + dontCmd + "\x18" + willCmd + "\x18", "<" + willCmd + "\x18", ">" + doCmd + "\x18" + wontCmd + "\x18"},
		slices.Repeat([]string{"inconsistent_option {}"}, 3)},
	{"authentication", "telnet", []string{"<" + sb + "\x25\x01\x02\x06" + se, ">" + sb + "\x25\x03joe" + se + sb + "\x25\x00x" + se,
		"<" + sb + "\x25\x02\x02" + se + sb + "\x25\x02\x01" + se, ">" + sb + "\x25\x02\x02" + se},
		[]string{`authentication_accepted {"name":"joe"}`, `authentication_rejected {"name":"joe"}`, `authentication_accepted {"name":"<empty>"}`}},
	{"encryption", "telnet", []string{"<" + doCmd + "\x26", ">" + willCmd + "\x26" + doCmd + "\x26", "<" + willCmd + "\x26",
		"<" + sb + "\x26\x05" + se, ">" + sb + "\x26\x03" + se + "login:\r\n"}, []string{"activating_encryption {}"}},
	{"encryption without agreement", "telnet", []string{">" + sb + "\x26\x03" + se}, []string{"inconsistent_option {}"}},

	{"success", "rlogin", []string{">\x00me\x00joe\x00vt100/9600\x00", "<\x00Last login: x\r\n", ">ls\r" + iac + iac + "ss12345678" + iac + "y\r"},
		[]string{`login_terminal {"terminal":"vt100/9600"}`, success("joe", "me", "<none>", "Last login: x")}},
	{"bad prolog", "rlogin", []string{">x\x00\r"}, []string{`conn_weird {"name":"bad_rlogin_prolog","addl":"","source":"CONTENTLINE"}`,
		`conn_weird {"name":"NUL_in_line","addl":"","source":"RLOGIN"}`}},
	{"rejected", "rlogin", []string{"<xno\r\n", ">\x00a\x00b\x00c\x00d\r"}, []string{`login_terminal {"terminal":"c"}`,
		`conn_weird {"name":"rlogin_text_after_rejected","addl":"","source":"CONTENTLINE"}`}},

	{"command", "rsh", []string{">1022\x00me\x00joe\x00 id\x00x\n", "<\x00uid=0\n"}, []string{
		`rsh_request {"client_user":"me","server_user":"joe","line":"id","new_session":true}`,
		`rsh_request {"client_user":"me","server_user":"joe","line":"x","new_session":false}`,
		`rsh_reply {"client_user":"me","server_user":"joe","line":""}`,
		`rsh_reply {"client_user":"me","server_user":"joe","line":"uid=0"}`}},
	{"bad prolog", "rsh", []string{">x", ">y\n"}, []string{`conn_weird {"name":"bad_rsh_prolog","addl":"","source":"CONTENTS_RSH"}`,
		`rsh_request {"client_user":"<none>","server_user":"<none>","line":"y","new_session":false}`}},
}

func TestEvents(t *testing.T) {
	for _, c := range cases {
		for _, n := range []int{1, 3, 10_000} {
			if got := short(play(t, c.protocol, n, c.parts, DefaultOptions())); !slices.Equal(got, c.want) {
				t.Errorf("%s, %s, in pieces of %d:\n%s\nwant:\n%s", c.protocol, c.name, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

// TestEmptyLists has Zeek's empty lists, which match every line, and one that is not empty.
func TestEmptyLists(t *testing.T) {
	o := DefaultOptions()
	o.Compat = 1 << compat.LoginPrompts
	got := short(play(t, "telnet", 100, []string{">x\r\n"}, o))
	if want := confusion("possible_login_ploy", "x"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	l := newLists(new(event.Hooks), o)
	if l.prompts.end(nil) != 1 || l.prompt(nil) != 0 || !l.successes.in(nil) {
		t.Error("an empty list does not match")
	}
	o.Prompts = []string{"who?"}
	if l = newLists(new(event.Hooks), o); l.prompts.in([]byte("login:")) || !l.prompts.in([]byte("wh")) {
		t.Error("a list that is not empty is not used")
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		list []string
		line string
		want int
	}{
		{nil, "x", 0},
		{[]string{""}, "x", 0},
		{[]string{"login:", "Name:"}, "a login: Name:", 8},
		{[]string{"Name:", "login:"}, "a login: Name:", 8},
		{[]string{"ab.?d"}, "xabd", 4},
		{[]string{"ab.?d"}, "xab-d", 5},
		{[]string{"Sorry."}, "Sorry", 0},
		{[]string{"Sorry."}, "Sorry!", 6},
		{[]string{`Sorry\.`}, "Sorry! Sorry.", 13},
		{[]string{`what\?`}, "what?", 5},
	} {
		if got := newTexts(c.list, false).end([]byte(c.line)); got != c.want {
			t.Errorf("%q in %q: %d, want %d", c.list, c.line, got, c.want)
		}
	}
}

// TestLimits has what a user types without end: more lines than a login may use, and lines
// that are longer than what is kept.
func TestLimits(t *testing.T) {
	o := DefaultOptions()
	o.TypeaheadSize = 6
	got := short(play(t, "telnet", 1000, []string{">abcdefgh\r\n", ">~"}, o))
	if want := []string{success("<none>", "", "abcdef", "<EOF>")}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestState has the functions about a connection's login.
func TestState(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	telnet, _, _ := New(b.Hooks, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{telnet}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 23)
	n := 0
	b.Hooks.Login.InputLine.Listen(func(e *event.LoginInputLine) {
		if s, ok := StateOf(e.Conn); !ok || s != State(n) {
			t.Errorf("line %d: state %d, %v", n, s, ok)
		}
		n++
		if !SetState(e.Conn, State(n)) {
			t.Error("no analyzer")
		}
	})
	b.Converse([]string{">a\r\n", ">b\r\n", ">c\r\n", ">d\r\n"}, 100)
	if n != 2 { // a skipped session has no more events
		t.Errorf("%d lines", n)
	}
	if _, ok := StateOf(nil); ok || SetState(nil, StateSkip) {
		t.Error("a connection without a login has a state")
	}
}

func FuzzLogin(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.parts, "\xfe\xff\xfe"), c.protocol, uint8(2))
	}
	f.Fuzz(func(t *testing.T, in, protocol string, n uint8) {
		var parts []string
		for _, p := range strings.Split(in, "\xfe\xff\xfe") {
			if len(p) > 1 && (p[0] == '<' || p[0] == '>') && p[1] != '~' {
				parts = append(parts, p)
			}
		}
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		o := DefaultOptions()
		if n&1 != 0 {
			o.Compat = 1 << compat.LoginPrompts
		}
		whole, pieces := play(t, protocol, 1<<20, parts, o), play(t, protocol, int(n)+1, parts, o)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}
