package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A table prints rows in aligned columns. Only the last column holds long text.
type table struct{ rows [][]string }

func newTable(header ...string) *table { return &table{rows: [][]string{header}} }

// add adds a row. A newline in the last cell breaks the line if lines are wrapped, and
// is a space otherwise.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

const (
	tableGap = 2 // spaces between columns
	// minText is the least width of the last column. If there is less room, its text
	// goes below the row, indented by textIndent.
	minText    = 36
	textIndent = 4
)

// write prints the table. It wraps the last column so that lines fit width, as far as
// words and the other columns allow. A width of 0 prints one line per row.
func (t *table) write(w io.Writer, width int) error {
	last := len(t.rows[0]) - 1
	widths := make([]int, last)
	left := 0 // where the last column begins
	for i := range widths {
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		left += widths[i] + tableGap
	}
	below := width > 0 && width-left < minText
	if below {
		left = min(textIndent, width/2)
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, n := range widths {
			fmt.Fprintf(&line, "%-*s", n+tableGap, row[i])
		}
		text := []string{strings.ReplaceAll(row[last], "\n", " ")}
		if width > 0 {
			text = wrap(row[last], width-left)
		}
		if below {
			text = append([]string{""}, text...)
		}
		for i, s := range text {
			if i > 0 {
				line.WriteString(strings.Repeat(" ", left))
			}
			b.WriteString(strings.TrimRight(line.String()+s, " ") + "\n")
			line.Reset()
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks text into lines of at most width characters, at spaces and newlines.
// A longer word is a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}
