package contentline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

type nvtRecorder struct {
	lines []string
	stop  string // line after which no more are wanted
}

func (r *nvtRecorder) Line(b []byte) bool {
	r.lines = append(r.lines, string(b))
	return string(b) != r.stop || r.stop == ""
}

func (r *nvtRecorder) NVTWeird(name string, size int) {
	r.lines = append(r.lines, fmt.Sprintf("!%s %d", name, size))
}

func nvtLines(s, stop string, size int) []string {
	r := &nvtRecorder{stop: stop}
	var n NVT
	n.Reset(r, new(Seen), nil)
	for len(s) > 0 {
		part := s[:min(size, len(s))]
		s = s[len(part):]
		if rest := n.Deliver([]byte(part)); rest != nil || r.stop != "" && len(r.lines) > 0 && r.lines[len(r.lines)-1] == r.stop {
			return append(r.lines, "rest "+string(rest)+s)
		}
	}
	if n.Partial() {
		r.lines = append(r.lines, "partial")
	}
	return r.lines
}

func TestNVT(t *testing.T) {
	for _, c := range []struct{ in, stop, want string }{
		{"one\r\ntwo\nthree", "", "one|two|partial"},
		{"\r\n\n", "", "|"},
		{"a\x00b\x00c\r\n", "", "!NUL_in_line -1|ab\x00c"},
		{"a\r\x00\r\n", "", "a\r"},
		{"a\rb\rc\n", "", "!line_terminated_with_single_CR -1|a\rb\rc"},
		{"a\xff\xffb\n\xff\xf1c\n\xff\xfb\x01d\n", "", "a\xffb|c|d"},
		{"a\xff\xfa\x01\xff\xff\nx\xff\xf0b\n", "", "ab"},
		{"a\xff\xfax\xff\xfb\x01b\n", "", "ab"},
		{"a\xff", "", "partial"},
		{"a\r\nb\r\nc\r\n", "b", "a|b|rest c\r\n"},
	} {
		for _, size := range []int{100, 1, 2, 3} {
			if got := strings.Join(nvtLines(c.in, c.stop, size), "|"); got != c.want {
				t.Errorf("%q in pieces of %d: %q, not %q", c.in, size, got, c.want)
			}
		}
	}
}

// TestNVTLimits checks the limits on unfinished lines.
func TestNVTLimits(t *testing.T) {
	r := new(nvtRecorder)
	var n NVT
	budget := Budget{Limit: 1000}
	n.Reset(r, new(Seen), &budget)
	n.Deliver([]byte(strings.Repeat("x", 1500)))
	n.Deliver([]byte("\n"))
	if len(r.lines) != 3 || r.lines[0] != fmt.Sprintf("!nvt_line_size_exceeded %d", DefaultMax) || len(r.lines[1]) != 1000 || r.lines[2] != "" {
		t.Errorf("%.100q", r.lines)
	}
	if budget.used != 0 {
		t.Errorf("%d bytes are held", budget.used)
	}
	r.lines = nil
	n.Reset(r, new(Seen), nil)
	n.Deliver([]byte("begun\xff\xfa" + strings.Repeat("x", DefaultMax) + "\n"))
	if len(r.lines) != 2 || r.lines[0] != fmt.Sprintf("!nvt_option_size_exceeded %d", DefaultMax) || len(r.lines[1]) > 10 {
		t.Errorf("%.100q", r.lines)
	}
}

// optionRecorder records the commands of a terminal between its lines.
type optionRecorder struct{ nvtRecorder }

func (r *optionRecorder) Negotiated(command, option byte) {
	r.lines = append(r.lines, fmt.Sprintf("<%d %d>", command, option))
}

func (r *optionRecorder) Subnegotiated(b []byte) { r.lines = append(r.lines, fmt.Sprintf("<%q>", b)) }

func (r *optionRecorder) BadTermination() { r.lines = append(r.lines, "<bad>") }

func terminalLines(s string, size int, binary bool) []string {
	r := new(optionRecorder)
	var n NVT
	n.Reset(r, new(Seen), nil)
	n.SetTerminal()
	n.SetOptionReceiver(r)
	n.SetBinary(binary)
	for part := range slices.Chunk([]byte(s), size) {
		n.Deliver(part)
	}
	if n.Partial() {
		r.lines = append(r.lines, "partial")
	}
	return r.lines
}

func TestTerminal(t *testing.T) {
	for _, c := range []struct {
		in     string
		binary bool
		want   string
	}{
		{"one\r\ntwo\nthree\rfour", false, "one|two|three|partial"},
		{"\r\n\n\r\r\x00x\r", false, "||||x"},
		{"a\x00b\r", false, "a\x00b"},
		{"a\xff\xffb\n\xff\xf1c\n", false, "a\xffb|c"},
		{"a\xff\xfb\x01b\n\xff\xfe\xff", false, "<251 1>|ab|<254 255>"},
		{"\xff\xfa\x18\x00x\xff\xff\xff\xf0", false, `<"\x18\x00x\xff">`},
		{"\xff\xfa\xff\xf0\xff\xfax\xff\xfd\x01", false, `<bad>|<"x">|<253 1>`},
		{"\xe1\xff\xff\x8d\n", true, "a\xff"},
	} {
		for _, size := range []int{100, 1, 2, 3} {
			if got := strings.Join(terminalLines(c.in, size, c.binary), "|"); got != c.want {
				t.Errorf("%q in pieces of %d: %q, not %q", c.in, size, got, c.want)
			}
		}
	}
	// A subnegotiation without end counts as an unfinished line.
	r := new(optionRecorder)
	var n NVT
	budget := Budget{Limit: 1000}
	n.Reset(r, new(Seen), &budget)
	n.SetTerminal()
	n.SetOptionReceiver(r)
	n.Deliver([]byte("\xff\xfa" + strings.Repeat("x", 1500) + "\n"))
	if len(r.lines) != 2 || !strings.HasPrefix(r.lines[0], "!nvt_option_size_exceeded") || budget.used != 0 {
		t.Errorf("%.100q, %d bytes are held", r.lines, budget.used)
	}
	n.Stop()
	if n.Deliver([]byte("x\n")); len(r.lines) != 2 {
		t.Error("a line after Stop")
	}
}

func FuzzNVT(f *testing.F) {
	f.Add("a\x00\r\nb\xff\xfa\x01\xff\xf0c\r\nd\re\xff\xff\n", uint8(2))
	f.Fuzz(func(t *testing.T, s string, size uint8) {
		want := nvtLines(s, "", len(s)+1)
		for _, n := range []int{1, max(int(size), 1)} {
			if got := nvtLines(s, "", n); !slices.Equal(got, want) {
				t.Fatalf("pieces of %d: %q, not %q", n, got, want)
			}
			if got, want := terminalLines(s, n, size > 99), terminalLines(s, len(s)+1, size > 99); !slices.Equal(got, want) {
				t.Fatalf("terminal, pieces of %d: %q, not %q", n, got, want)
			}
		}
	})
}

// When no more bytes of lines can be held, the rest of a delivery's line goes at once.
func TestNVTNoRoom(t *testing.T) {
	budget := Budget{Limit: 3}
	for _, terminal := range []bool{false, true} {
		r := new(nvtRecorder)
		var n NVT
		n.Reset(r, new(Seen), &budget)
		if terminal {
			n.SetTerminal()
		}
		n.Deliver([]byte("abc" + strings.Repeat("x", 1000)))
		n.Deliver([]byte(strings.Repeat("y", 1000) + "\nde"))
		n.Deliver([]byte("f\r\n"))
		if got := strings.Join(r.lines, "|"); len(r.lines) > 5 || !strings.HasSuffix(got, "|def") {
			t.Errorf("terminal %v: %q", terminal, got)
		}
		n.Release()
		if budget.used != 0 {
			t.Errorf("%d bytes are held at the end", budget.used)
		}
	}
}
