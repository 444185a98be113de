// Package printable makes messages fit for a terminal. File names, replies of servers and
// text from captures come from outside and may contain newlines, which forge a message, and
// escape sequences, which command the terminal.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s on one line: whatever is not printable is escaped as in Go, such as \n,
// \x1b and \u202e, and so are bytes that are not UTF-8. Text that is printable, backslashes
// included, stays as it is.
func Text(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteString(s[:n])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 1<<16:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

func clean(s string) bool {
	for i, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return false
		}
	}
	return true
}

// Lines returns the text of an error, with a line for each error that errors.Join has put
// into it. A newline that is in the text of a single error is escaped, as Text does.
func Lines(err error) []string {
	text := err.Error()
	if strings.Contains(text, "\n") {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			if lines := joined(text, e.Unwrap()); lines != nil {
				return lines
			}
		case interface{ Unwrap() error }:
			inner := e.Unwrap()
			if inner == nil {
				break
			}
			if before, ok := strings.CutSuffix(text, inner.Error()); ok {
				lines := Lines(inner)
				lines[0] = Text(before) + lines[0]
				return lines
			}
		}
	}
	return []string{Text(strings.TrimRight(text, "\n"))}
}

// joined returns the lines of errs if text is what errors.Join makes of them, else nil.
func joined(text string, errs []error) (lines []string) {
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
		lines = append(lines, Lines(err)...)
	}
	if strings.Join(texts, "\n") != text {
		return nil
	}
	return lines
}
