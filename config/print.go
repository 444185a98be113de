package config

import (
	"fmt"
	"io"
	"strings"
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
			name := k.Name[strings.LastIndexByte(k.Name, '.')+1:]
			fmt.Fprintf(&b, "%s# %s\n%s%s%s%s # %s\n\n", in, k.Doc, in, name, sep, literal(k.field(&l.Config)), l.Source(k.Name))
		}
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}
