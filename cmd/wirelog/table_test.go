package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirelog/wirelog/dissect/event"
)

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		name  string
		width int
		want  string
	}{
		{"no terminal", 0, "A     TEXT\nlong  one two three four five six seven eight (a: b)\n"},
		{"wide", 48, "A     TEXT\nlong  one two three four five six seven eight\n      (a: b)\n"},
		{"wrapped", 42, "A     TEXT\nlong  one two three four five six seven\n      eight\n      (a: b)\n"},
		{"narrow", 30, "A\n    TEXT\nlong\n    one two three four five\n    six seven eight\n    (a: b)\n"},
	} {
		table := newTable("A", "TEXT")
		table.add("long", "one two three four five six seven eight\n(a: b)")
		var b bytes.Buffer
		if err := table.write(&b, tt.width); err != nil || b.String() != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, &b, tt.want)
		}
	}
}

// The list fits a terminal of 80 columns, except for single words that are longer.
func TestListsFitATerminal(t *testing.T) {
	table := newTable("SECTION", "EVENT", "RAISED", "MEANING (PARAMETERS)")
	for _, e := range event.Catalogue() {
		table.add(e.Section, e.Name, "yes", e.Doc)
	}
	var b bytes.Buffer
	if err := table.write(&b, 80); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && len(strings.Fields(line)) > 3 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

// If the output is not a terminal, each event is one line.
func TestEventsAreLines(t *testing.T) {
	out := string(output(t, "events"))
	if got, want := strings.Count(out, "\n"), len(event.Catalogue())+1; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) < 4 || f[1] != "EVENT" && f[2] != "yes" && f[2] != "no" {
			t.Errorf("fields of %s", line)
		}
	}
}
