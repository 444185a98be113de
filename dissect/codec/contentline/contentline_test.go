package contentline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// record is a Receiver that records lines and weirds in order, and plain bytes joined.
// Lines such as "plain N", "size N" or "only" call the Splitter's methods.
type record struct {
	s     *Splitter
	out   []string
	plain bool
}

func (r *record) Line(b []byte) {
	r.plain = false
	r.out = append(r.out, string(b))
	var n int64
	switch {
	case scan(b, "plain %d", &n):
		r.s.SetPlain(n)
	case scan(b, "size %d", &n):
		r.s.SetSize(n)
	case string(b) == "only":
		r.s.SetEOL(onlyCRLF)
	case string(b) == "both":
		r.s.SetEOL(CR | LF)
	case string(b) == "stop":
		r.s.Stop()
	}
}

func scan(b []byte, format string, n *int64) bool {
	_, err := fmt.Sscanf(string(b), format, n)
	return err == nil
}

func (r *record) Plain(b []byte) {
	if !r.plain {
		r.out = append(r.out, "=")
	}
	r.plain = true
	r.out[len(r.out)-1] += string(b)
}

func (r *record) LineWeird(name string) {
	r.plain = false
	r.out = append(r.out, "!"+name)
}

// split feeds text in pieces of n bytes.
func split(text string, n, limit int, nul bool) []string {
	var (
		s    Splitter
		seen Seen
	)
	r := &record{s: &s}
	s.Reset(r, &seen, nil, limit)
	s.SetNULWeird(nul)
	for b := []byte(text); len(b) > 0; {
		k := min(n, len(b))
		s.Deliver(bytes.Clone(b[:k]))
		b = b[k:]
	}
	s.End()
	return r.out
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"line ends", "a\r\nb\nc\rd\r\n", []string{"a", "b", "c", "!line_terminated_with_single_CR", "d"}},
		{"empty lines", "\r\n\n\r\r\n", []string{"", "", "", ""}},
		{"no end", "a\r\nb", []string{"a", "b"}},
		{"plain", "plain 5\r\n\r\nb\r\nc\r\n", []string{"plain 5", "=\r\nb\r\n", "c"}},
		{"plain after CR", "plain 3\r\nabcd\r\n", []string{"plain 3", "=abc", "d"}},
		{"size", "size 3\r\nabcdef\r\n", []string{"size 3", "!line_terminated_without_CRLF", "abc", "def"}},
		{"size at a line's end", "size 4\r\nab\r\ncd\r\n", []string{"size 4", "ab", "cd"}},
		{"CR LF only", "only\r\na\rb\nc\r\nd\r\n", []string{"only", "!line_terminated_with_single_CR",
			"!line_terminated_with_single_LF", "a\rb\nc", "d"}},
		{"and both again", "only\r\nboth\r\na\n", []string{"only", "both", "a"}},
		{"stop", "stop\r\nx\r\n", []string{"stop"}},
		{"too long", "0123456789abcdef\r\n", []string{"!contentline_size_exceeded", "0123456", "9abcdef"}},
		{"just too long", "01234567\r\nx\r\n", []string{"!contentline_size_exceeded", "0123456", "x"}},
	} {
		limit := DefaultMax
		if strings.Contains(c.name, "too long") {
			limit = 8
		}
		for _, n := range []int{1, 2, 3, 5, len(c.in)} {
			if got := split(c.in, n, limit, false); !slices.Equal(got, c.want) {
				t.Errorf("%s, in pieces of %d: %q, want %q", c.name, n, got, c.want)
			}
		}
	}
	want := []string{"!NUL_in_line", "ab", "c\x00d"}
	for _, n := range []int{1, 100} {
		if got := split("a\x00b\nc\x00d\n", n, DefaultMax, true); !slices.Equal(got, want) {
			t.Errorf("NUL: %q", got)
		}
	}
}

func TestTake(t *testing.T) {
	var (
		s    Splitter
		seen Seen
		rest string
	)
	s.Reset(taker{&s, &rest}, &seen, nil, DefaultMax)
	s.Deliver([]byte("switch\r\nbinary\n"))
	s.Deliver([]byte("more"))
	if rest != "binary\n" {
		t.Errorf("rest %q", rest)
	}
	s.Reset(taker{&s, &rest}, &seen, nil, DefaultMax)
	s.Deliver([]byte("switch\r"))
	if rest != "+" {
		t.Errorf("rest %q before the LF", rest)
	}
}

type taker struct {
	s    *Splitter
	rest *string
}

func (t taker) Line([]byte) {
	rest, lf := t.s.Take()
	*t.rest = string(rest)
	if lf {
		*t.rest += "+"
	}
}
func (t taker) Plain([]byte)     {}
func (t taker) LineWeird(string) {}

func TestBudget(t *testing.T) {
	budget := Budget{Limit: 10}
	var (
		a, b   Splitter
		sa, sb Seen
	)
	ra, rb := &record{s: &a}, &record{s: &b}
	a.Reset(ra, &sa, &budget, DefaultMax)
	b.Reset(rb, &sb, &budget, DefaultMax)
	a.Deliver([]byte("12345678"))
	b.Deliver([]byte("abcdef"))
	b.Deliver([]byte("ghi\r\njk\r\n")) // needs nothing
	// The delivery is cut as a whole, but for its last two bytes.
	if want := []string{"!contentline_size_exceeded", "abcd", "ghi", "jk"}; !slices.Equal(rb.out, want) {
		t.Errorf("%q, want %q", rb.out, want)
	}
	a.Release()
	b.Release()
	if budget.used != 0 {
		t.Errorf("%d bytes are still counted", budget.used)
	}
}

func TestAllocs(t *testing.T) {
	var (
		s    Splitter
		seen Seen
	)
	text := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	s.Reset(nothing{}, &seen, nil, DefaultMax)
	s.Deliver([]byte("a line of the usual leng"))
	s.Deliver([]byte("th\r\n"))
	if n := testing.AllocsPerRun(100, func() {
		s.Deliver(text)
		s.Deliver(text[:20])
		s.Deliver(text[20:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type nothing struct{}

func (nothing) Line([]byte)      {}
func (nothing) Plain([]byte)     {}
func (nothing) LineWeird(string) {}

// FuzzSplit checks that the output does not depend on how the input is cut.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a\r\nb\n\rc", "plain 5\r\nabcdefgh\n", "size 4\nabcdefgh", "only\r\na\rb\nc\r\r\n\r", "0123456789abcdefg\r\r\n"} {
		f.Add(s, uint8(1), false)
		f.Add(s, uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, text string, n uint8, nul bool) {
		whole := split(text, len(text)+1, 16, nul)
		if parts := split(text, int(n)+1, 16, nul); !slices.Equal(whole, parts) {
			t.Fatalf("%q: %q, in pieces %q", text, whole, parts)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	text := bytes.Repeat([]byte("Header-Name: and a value of usual length\r\n"), 30)
	var (
		s    Splitter
		seen Seen
	)
	s.Reset(nothing{}, &seen, nil, DefaultMax)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s.Deliver(text)
	}
}

// pairLog records the lines of both sides of a Pair.
type pairLog struct {
	p   Pair
	got []string
}

func (l *pairLog) Line(isOrig bool, b []byte) {
	if string(b) == "body 4" {
		l.p.Side(isOrig).SetPlain(4)
	}
	l.got = append(l.got, fmt.Sprint(isOrig, " ", string(b)))
}
func (l *pairLog) Plain(isOrig bool, b []byte) {
	l.got = append(l.got, fmt.Sprint(isOrig, " plain ", string(b)))
}
func (l *pairLog) LineWeird(name string) { l.got = append(l.got, name) }

// TestPair has lines of both sides, which change places in between.
func TestPair(t *testing.T) {
	var l pairLog
	budget := Budget{Limit: 100}
	l.p.Reset(&l, &budget, 100)
	l.p.Side(true).Deliver([]byte("a\r\nbody 4\r\n1\n23rest"))
	l.p.Side(false).Deliver([]byte("b\r\nun"))
	l.p.Flip()
	l.p.Side(true).Deliver([]byte("finished\n"))
	l.p.Side(false).End()
	l.p.Side(false).Deliver([]byte("more"))
	l.p.Release()
	want := []string{"true a", "true body 4", "true plain 1\n23", "false b", "true unfinished", "false rest"}
	if !slices.Equal(l.got, want) || budget.used != 0 {
		t.Errorf("%q, %d bytes are held", l.got, budget.used)
	}
}

func TestLineEnd(t *testing.T) {
	for _, around := range []byte{'a', 0, '\t', '\v', '\f', 0x0e, 0x1f, 0x8a, 0x8d, 0xff} {
		for n := range 20 {
			for at := range n + 1 {
				for _, c := range []byte("\r\n") {
					for _, after := range []byte{c, '\v', 0x0e, around} {
						b := bytes.Repeat([]byte{around}, n)
						for i := at; i < n; i++ {
							b[i] = after
						}
						if at < n {
							b[at] = c
						}
						for i := range at + 1 {
							if got := lineEnd(b, i, n); got != at {
								t.Fatalf("%q from %d: %d, want %d", b, i, got, at)
							}
						}
					}
				}
			}
		}
	}
}
