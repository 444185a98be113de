package printable

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		`day 1.pcap`:            `day 1.pcap`,
		`C:\new\table`:          `C:\new\table`,
		"Übung–1 日本 \U0001f41f": "Übung–1 日本 \U0001f41f",
		"a\nwirelog: all well":  `a\nwirelog: all well`,
		"a\r\tb\x00":            `a\r\tb\x00`,
		"\x1b]0;title\a\x1b[2J": `\x1b]0;title\x07\x1b[2J`,
		"c1 \u009b2J":           `c1 \u009b2J`,
		"\u202egpj.exe\u2028":   `\u202egpj.exe\u2028`,
		"\xff\xfe.pcap":         `\xff\xfe.pcap`,
		"\ufffd":                "\ufffd",
		"\x7f\U000e0001":        `\x7f\U000e0001`,
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }

func TestLines(t *testing.T) {
	hostile := &fs.PathError{Op: "open", Path: "a\nb", Err: fs.ErrNotExist}
	a, b := errors.New("a"), errors.New("b")
	for _, test := range []struct {
		err  error
		want []string
	}{
		{a, []string{"a"}},
		{errors.New("a\n"), []string{"a"}},
		{hostile, []string{`open a\nb: file does not exist`}},
		{errors.Join(a, hostile, b), []string{"a", `open a\nb: file does not exist`, "b"}},
		{wrapped{wrapped{errors.Join(a, errors.Join(b, hostile))}}, []string{"a", "b", `open a\nb: file does not exist`}},
		{fmt.Errorf("f\x1bg: %w", errors.Join(a, b)), []string{`f\x1bg: a`, "b"}},
		{fmt.Errorf("%w and %w\nx", a, b), []string{`a and b\nx`}},
		{fmt.Errorf("%w: at c\nd", errors.Join(a, b)), []string{`a\nb: at c\nd`}},
	} {
		if got := Lines(test.err); !slices.Equal(got, test.want) {
			t.Errorf("Lines(%q) = %q, want %q", test.err, got, test.want)
		}
	}
}
