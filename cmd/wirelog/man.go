//go:build man

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// With the tag man, the program writes its manual pages and its completions for shells below a
// folder, as packages have them below /usr/share, and does nothing else: make packages runs
// it. The program itself does not contain the library for it.
func init() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run -tags man ./cmd/wirelog FOLDER")
		os.Exit(exitUsage)
	}
	if err := writeManual(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "wirelog:", err)
		os.Exit(exitUsage)
	}
	os.Exit(exitOK)
}

func writeManual(share string) error {
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	root := p.root()
	root.InitDefaultHelpCmd()
	for _, x := range []struct {
		path  string
		write func(file string) error
	}{
		{"bash-completion/completions/wirelog", func(f string) error { return root.GenBashCompletionFileV2(f, true) }},
		{"zsh/vendor-completions/_wirelog", root.GenZshCompletionFile},
		{"fish/vendor_completions.d/wirelog.fish", func(f string) error { return root.GenFishCompletionFile(f, true) }},
		{"man/man1/wirelog.1", func(f string) error {
			forMarkdown(root)
			// The date is that of SOURCE_DATE_EPOCH.
			header := &doc.GenManHeader{Section: "1", Source: "wirelog " + buildVersion(), Manual: "wirelog"}
			return doc.GenManTree(root, header, filepath.Dir(f))
		}},
	} {
		path := filepath.Join(share, x.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := x.write(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// forMarkdown escapes the texts of a command and those below it: the library takes them for
// Markdown, and ours are plain.
func forMarkdown(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	cmd.Long = asMarkdown(cmd.Long)
	for _, flags := range []*pflag.FlagSet{cmd.NonInheritedFlags(), cmd.InheritedFlags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			f.Usage, f.DefValue = asMarkdown(strings.ReplaceAll(f.Usage, "`", "")), asMarkdown(f.DefValue)
		})
	}
	for _, c := range cmd.Commands() {
		forMarkdown(c)
	}
}

var special = regexp.MustCompile("(?m)[\\\\`*_{}\\[\\]<>|~&]|^[-+#]")

// asMarkdown returns a text for which Markdown has no other meaning. Lines that are indented stay
// as they are, for they are shown so.
func asMarkdown(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "  ") {
			lines[i] = special.ReplaceAllString(line, `\$0`)
		}
	}
	return strings.Join(lines, "\n")
}
