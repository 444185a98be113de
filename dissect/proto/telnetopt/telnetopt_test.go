package telnetopt

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/testconn"
)

// terminal is an analyzer of nothing but the options of both sides.
type terminal struct {
	conn.Use
	lines [2]contentline.NVT
	opts  Session
	seen  contentline.Seen
	got   *[]string
}

func (t *terminal) add(format string, a ...any) { *t.got = append(*t.got, fmt.Sprintf(format, a...)) }

func (t *terminal) Line(b []byte) bool {
	t.add("line %q", b)
	return true
}
func (t *terminal) NVTWeird(name string, _ int)         { t.add("weird %s", name) }
func (t *terminal) Negotiated()                         {}
func (t *terminal) Env(isOrig bool, name, value []byte) { t.add("env %v %q=%q", isOrig, name, value) }
func (t *terminal) Data(isOrig bool, b []byte)          { t.lines[conn.Side(isOrig)].Deliver(b) }
func (t *terminal) Gap(bool, uint64)                    {}
func (t *terminal) End(bool)                            {}
func (t *terminal) Done()                               {}
func (t *terminal) Flip() {
	t.lines[0], t.lines[1] = t.lines[1], t.lines[0]
	t.opts.Flip()
}

// newTerminal returns an analyzer, and what it finds.
func newTerminal(tb testing.TB) (*terminal, *[]string, *testconn.Bench) {
	b := testconn.New(tb, testconn.Config())
	got := b.Events("bad_option", "inconsistent_option", "authentication_", "activating_encryption", "login_terminal")
	b.SetAttacher(nil, nil)
	a := b.New(&conn.Protocol{Name: "TELNET", New: func(u conn.Use) conn.Analyzer {
		t := &terminal{Use: u, got: got}
		for i := range t.lines {
			t.lines[i].Reset(t, &t.seen, nil)
			t.lines[i].SetTerminal()
		}
		t.opts.Reset(u, &b.Hooks.Login, &t.lines, t)
		return t
	}})
	return a.(*terminal), got, b
}

// Commands and options as they are sent.
const (
	iacSB = "\xff\xfa"
	iacSE = "\xff\xf0"

	binary      = "\x00"
	termType    = "\x18"
	authOption  = "\x25"
	cryptOption = "\x26"
	envOption   = "\x27"
)

func say(command byte, option string) string { return "\xff" + string([]byte{command}) + option }

func sub(s string) string { return iacSB + s + iacSE }

const (
	inconsistent = "inconsistent_option {}"
	bad          = "bad_option {}"
)

var cases = []struct {
	name string
	in   []string // after > for the client, < for the server
	want []string
}{
	{"agreement", []string{"<" + say(do, termType), ">" + say(will, termType)}, nil},
	{"unknown options", []string{"<" + say(do, "\x63"), ">" + sub("\x63\x00x"), ">" + sub(binary)}, nil},
	{"a refusal taken back", []string{">" + say(wont, termType), ">" + say(do, termType), "<" + say(wont, termType), "<" + say(do, termType)}, []string{inconsistent}},
	{"WONT after WILL", []string{">" + say(will, termType), ">" + say(wont, termType)}, []string{inconsistent}},
	{"DONT after DO", []string{">" + say(do, termType), ">" + say(dont, termType)}, []string{inconsistent}},
	{"binary is often asked for again", []string{">" + say(will, binary), ">" + say(wont, binary)}, nil},
	// As in Zeek, of the side that agreed.
	{"binary drops the eighth bit", []string{">" + say(will, binary), "<" + say(do, binary), ">\xe1\r\n", "<\xe1\r\n"}, []string{`line "\xe1"`, `line "a"`}},

	{"terminal", []string{"<" + sub(termType+"\x01"), ">" + sub(termType+"\x00xterm")}, []string{`login_terminal {"terminal":"xterm"}`}},
	{"terminal, unknown command", []string{">" + sub(termType+"\x02x")}, []string{bad}},
	{"no command", []string{">" + sub(termType)}, []string{bad}},
	{"cut by another command", []string{">" + iacSB + termType + "\x00vt" + say(will, termType)}, []string{"bad_option_termination {}", `login_terminal {"terminal":"vt"}`}},

	{"accepted", []string{"<" + sub(authOption+"\x01\x01\x02"), ">" + sub(authOption+"\x03joe"), ">" + sub(authOption+"\x00\x01\x02x"), "<" + sub(authOption+"\x02\x02")},
		[]string{`authentication_accepted {"name":"joe"}`}},
	{"rejected, without a name", []string{"<" + sub(authOption+"\x01\x01\x02"), ">" + sub(authOption+"\x00"), "<" + sub(authOption+"\x02\x01")},
		[]string{`authentication_rejected {"name":"<empty>"}`}},
	{"not asked for", []string{">" + sub(authOption+"\x00")}, []string{inconsistent}},
	{"reply of nothing", []string{">" + sub(authOption+"\x02")}, []string{bad}},
	{"authentication, unknown command", []string{">" + sub(authOption+"\x09")}, []string{bad}},

	{"encryption", []string{"<" + say(do, cryptOption), ">" + say(will, cryptOption), "<" + say(will, cryptOption), ">" + say(do, cryptOption),
		"<" + sub(cryptOption+"\x05"), ">" + sub(cryptOption+"\x03") + "secret\r\n"}, []string{"activating_encryption {}"}},
	{"encryption without the option", []string{">" + sub(cryptOption+"\x03")}, []string{inconsistent}},

	{"environment", []string{"<" + sub(envOption+"\x01"), ">" + sub(envOption+"\x00\x00USER\x01joe\x03X\x01y")}, []string{`env true "USER"="joe"`, `env true "X"="y"`}},
	{"more environment, of the server", []string{"<" + sub(envOption+"\x02\x00A\x01b")}, []string{`env false "A"="b"`}},
	{"value first", []string{">" + sub(envOption+"\x00\x01x\x00y")}, []string{bad}},
	{"no value", []string{">" + sub(envOption+"\x00\x00x")}, []string{bad}},
	{"environment, unknown command", []string{">" + sub(envOption+"\x09")}, []string{bad}},
}

// negotiated returns what a talk in pieces of n bytes has.
func negotiated(tb testing.TB, n int, in []string) []string {
	t, got, _ := newTerminal(tb)
	for _, s := range in {
		for part := range slices.Chunk([]byte(s[1:]), n) {
			t.Data(s[0] == '>', part)
		}
	}
	return *got
}

func TestOptions(t *testing.T) {
	for _, c := range cases {
		for _, n := range []int{1, 2, 1000} {
			if got := negotiated(t, n, c.in); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d: %q, want %q", c.name, n, got, c.want)
			}
		}
	}
}

// TestFlip has options of sides that change places.
func TestFlip(t *testing.T) {
	a, got, _ := newTerminal(t)
	a.Data(true, []byte(sub(authOption+"\x01")))
	a.Data(false, []byte(sub(authOption+"\x03joe")))
	a.Flip()
	a.Data(true, []byte(sub(authOption+"\x00")))
	a.Data(false, []byte(sub(authOption+"\x02\x02")))
	if want := []string{`authentication_accepted {"name":"joe"}`}; !slices.Equal(*got, want) {
		t.Errorf("%q", *got)
	}
}

// TestNameLimit has a name that is too long.
func TestNameLimit(t *testing.T) {
	a, got, b := newTerminal(t)
	a.Data(true, []byte(sub(authOption+"\x03"+strings.Repeat("x", 2*maxName))))
	a.Data(false, []byte(sub(authOption+"\x02\x02")))
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: contentline.SourceNVT, Name: "name_size"}]; n != 1 || len(*got) != 1 || strings.Count((*got)[0], "x") != maxName {
		t.Errorf("%q, limited %d times", *got, n)
	}
}

func FuzzOptions(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.in, "\xff\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		if len(in) > 1<<12 {
			return
		}
		var talk []string
		for _, s := range strings.Split(in, "\xff\xff") {
			if len(s) > 1 {
				talk = append(talk, s)
			}
		}
		if whole, pieces := negotiated(t, 1<<20, talk), negotiated(t, int(n)+1, talk); !slices.Equal(whole, pieces) {
			t.Errorf("whole %q\nin pieces %q", whole, pieces)
		}
	})
}
