package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/pipeline"
)

// FileFormats are the formats of configuration files, for Write.
func FileFormats() []string { return []string{"yaml", "toml"} }

// Write prints the configuration as a file in the given format, one of
// FileFormats, that Load would read as the same values. Each key has its
// documentation above it and the source of its value behind it.
func (l *Loaded) Write(w io.Writer, format string) error {
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
			fmt.Fprintf(&b, "%s# %s\n%s%s%s%s # %s\n\n", in, k.Doc, in, k.Base(), sep, k.Literal(&l.Config, sep), l.Source(k.Name))
		}
	}
	l.writeOutputs(&b, format, sep)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOutputs prints the list of outputs and, in comments, what their types know.
func (l *Loaded) writeOutputs(b *strings.Builder, format, sep string) {
	fmt.Fprintf(b, "# %s\n", outputsDoc)
	for _, k := range outputKeys {
		fmt.Fprintf(b, "#   %s: %s\n", k.Name, k.Doc)
	}
	for _, t := range pipeline.OutputTypes() {
		settings, err := pipeline.NewSettings(t.Name)
		if err != nil {
			panic(err) // it has just been listed
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
		fmt.Fprintf(b, "%s: # %s\n", outputsKey, l.Source(outputsKey))
	}
	for i := range l.Outputs {
		out := &l.Outputs[i]
		first := "  - "
		if format == "toml" {
			fmt.Fprintf(b, "[[%s]] # %s\n", outputsKey, l.Source(outputsKey))
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
