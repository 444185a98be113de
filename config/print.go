package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/pipeline"
)

// FileFormats returns the formats of configuration files that Write knows.
func FileFormats() []string { return []string{"yaml", "toml"} }

// Write prints the configuration as a file in one of FileFormats. Load reads it back as
// the same values, but for those that are secret and left out. Each key has its documentation above it and the source of its value
// after it. The documentation is wrapped to width characters; a width of 0 leaves it on
// one line.
func (l *Loaded) Write(w io.Writer, format string, width int) error {
	var sep, head, indent string
	switch format {
	case "yaml":
		sep, head, indent = ": ", "%s:\n", "  "
	case "toml":
		sep, head, indent = " = ", "[%s]\n", ""
	default:
		return fmt.Errorf("unknown format %q: want one of %s", format, strings.Join(FileFormats(), ", "))
	}
	var b strings.Builder
	for _, s := range sections {
		in := ""
		if s.Name != "" {
			in = indent
			fmt.Fprintf(&b, "# %s\n"+head, s.Doc, s.Name)
		}
		for _, k := range s.Keys {
			if len(l.Outputs) > 0 && slices.Contains(shortKeys, k.Name) {
				continue
			}
			fmt.Fprintf(&b, "%s# %s\n", in, k.Doc)
			for _, note := range k.notes() {
				fmt.Fprintf(&b, "%s#   %s\n", in, note)
			}
			if k.Secret && !k.Field(&l.Config).IsZero() {
				fmt.Fprintf(&b, "%s#   given (%s), and not shown\n\n", in, l.source(k.Name))
				continue
			}
			fmt.Fprintf(&b, "%s%s%s%s # %s\n\n", in, k.Base(), sep, k.Literal(&l.Config, sep), l.source(k.Name))
		}
	}
	l.writeOutputs(&b, format, sep)
	_, err := io.WriteString(w, wrapComments(b.String(), width))
	return err
}

// minComment is the least width to which comments are wrapped.
const minComment = 40

// wrapComments wraps the comment lines that are longer than width.
func wrapComments(text string, width int) string {
	if width <= 0 {
		return text
	}
	width = max(width, minComment)
	var b strings.Builder
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		if len(line) <= width+1 || !strings.HasPrefix(body, "#") {
			b.WriteString(line)
			continue
		}
		words := strings.TrimLeft(body[1:], " ")
		margin := line[:len(line)-len(words)]
		n := 0 // characters of the line so far
		for _, word := range strings.Fields(words) {
			size := utf8.RuneCountInString(word)
			switch {
			case n == 0:
				b.WriteString(margin)
				n = len(margin)
			case n+1+size > width:
				b.WriteString("\n" + margin)
				n = len(margin)
			default:
				b.WriteByte(' ')
				n++
			}
			b.WriteString(word)
			n += size
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// writeOutputs prints the list of outputs and, as comments, the settings of all types.
func (l *Loaded) writeOutputs(b *strings.Builder, format, sep string) {
	fmt.Fprintf(b, "# %s\n", outputsDoc)
	for _, k := range outputKeys {
		fmt.Fprintf(b, "#   %s: %s\n", k.Name, k.Doc)
	}
	for _, t := range pipeline.OutputTypes() {
		settings, err := pipeline.NewSettings(t.Name)
		if err != nil {
			panic(err) // the type was just listed
		}
		fmt.Fprintf(b, "# type%s%q: %s\n", sep, t.Name, t.Doc)
		for _, k := range option.Keys(reflect.TypeOf(settings).Elem()) {
			fmt.Fprintf(b, "#   %s%s%s: %s\n", k.Name, sep, k.Literal(settings, sep), k.Doc)
		}
	}
	if len(l.Outputs) == 0 {
		return
	}
	if format == "yaml" {
		fmt.Fprintf(b, "%s: # %s\n", outputsKey, l.source(outputsKey))
	}
	for i := range l.Outputs {
		out := &l.Outputs[i]
		first := "  - "
		if format == "toml" {
			fmt.Fprintf(b, "[[%s]] # %s\n", outputsKey, l.source(outputsKey))
			first = ""
		}
		line := func(k *option.Key, of any) {
			fmt.Fprintf(b, "%s%s%s%s\n", first, k.Name, sep, k.Literal(of, sep))
			first = strings.Repeat(" ", len(first))
		}
		for _, k := range outputKeys {
			if !k.Field(out).IsZero() {
				line(&k, out)
			}
		}
		for _, k := range option.Keys(reflect.TypeOf(out.Settings).Elem()) {
			line(&k, out.Settings)
		}
	}
}
