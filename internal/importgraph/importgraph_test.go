// Package importgraph verifies that the packages of the project import each
// other only in the direction of docs/architecture.md, and that what they export has users.
package importgraph

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/wirelog/wirelog"

// allowed lists, for each folder, the folders whose packages (at any depth) its
// own packages may import. The most specific folder applies. A folder without an
// entry is an error, so that every new one gets its place in the picture.
var allowed = map[string][]string{
	"value":   {},
	"compat":  {},
	"capture": {},

	// The wings of dissection, from the vocabulary up.
	"dissect/event":  {"value"},
	"dissect/link":   {"dissect/event", "dissect/link", "value"},
	"dissect/codec":  {"dissect/codec", "value", "internal/freelist"},
	"dissect/file":   {"dissect/codec", "dissect/event", "dissect/file", "value", "internal/freelist", "internal/linked"},
	"dissect/conn":   {"compat", "dissect/event", "dissect/link", "value", "internal/freelist", "internal/linked"},
	"dissect/detect": {"compat", "dissect/conn", "dissect/event", "value", "internal/freelist"},
	"dissect/proto":  {"compat", "dissect/codec", "dissect/conn", "dissect/detect", "dissect/event", "dissect/file", "value", "internal/freelist"},
	"dissect":        {"compat", "dissect", "internal/choose", "value"},

	"schemas": {"internal/choose", "value"},
	// Packages that describe schemas for others.
	"schemas/cim":      {"schemas"},
	"schemas/columnar": {"schemas"},
	"schemas/ecs":      {"schemas"},
	"schemas/export":   {"schemas"},
	"schemas/mapping":  {"schemas"},
	"schemas/ocsf":     {"schemas"},
	"logs":             {"compat", "dissect/event", "internal/freelist", "internal/linked", "logs", "schemas", "value"},
	"writers":          {"internal/nearest", "schemas", "value", "writers"},

	// Packages that read logs back.
	"readers": {"readers", "schemas", "value", "writers"},

	// Packages that connect the others.
	"pipeline": {"capture", "compat", "dissect", "internal/choose", "internal/memlimit", "internal/nearest", "internal/option", "logs", "pipeline", "readers", "schemas", "value", "writers"},
	"metrics":  {"pipeline", "writers"},
	"sandbox":  {},
	"config":   {"compat", "dissect/event", "internal/nearest", "internal/option", "internal/printable", "metrics", "pipeline", "sandbox", "schemas"},
	"cmd":      {"cmd", "config", "dissect/event", "internal/choose", "internal/nearest", "internal/printable", "metrics", "pipeline", "readers", "sandbox", "schemas", "writers"},

	// Tools of the project's own build. The packages above import only the common
	// ones: choose reads lists of names, nearest finds the name that an error message
	// suggests, option reads options from tags, freelist keeps unused values, linked keeps values in order, printable
	// escapes names from outside.
	"internal":           {"compat", "config", "dissect", "capture", "logs", "pipeline", "schemas", "value", "writers", "internal"},
	"internal/choose":    {"internal/nearest"},
	"internal/freelist":  {},
	"internal/linked":    {},
	"internal/nearest":   {},
	"internal/option":    {"internal/nearest"},
	"internal/printable": {},
	"testdata":           {},
}

// carried lists, for a protocol, those that it carries or is built on. A protocol imports
// no other protocols.
var carried = map[string][]string{
	"ftp":    {"datachannel", "telnetopt"},
	"gssapi": {"ntlm"},
	"http":   {"body", "http2", "websocket"},
	"http2":  {"body"},
	"irc":    {"datachannel"},
	"ldap":   {"ntlm"},
	"login":  {"telnetopt"},
	"pop3":   {"mail"},
	"smb":    {"netbios"},
	"smtp":   {"mail"},
}

// mayCarry reports whether the package in dir is a protocol that may import the one in to.
func mayCarry(dir, to string) bool {
	const wing = "dissect/proto/"
	from, ok := strings.CutPrefix(dir, wing)
	other, both := strings.CutPrefix(to, wing)
	return ok && both && slices.Contains(carried[from], other)
}

// homes lists the folders that alone may import a library: a format's library is
// imported only where that format is written or read. Tests may use it to check output.
var homes = map[string][]string{
	"github.com/apache/arrow":                   {"writers/arrow", "readers/arrow"},
	"github.com/expr-lang/expr":                 {"writers/filter"},
	"github.com/elastic/go-seccomp-bpf":         {"sandbox"},
	"github.com/google/gopacket":                {"capture"},
	"github.com/landlock-lsm":                   {"sandbox"},
	"github.com/parquet-go/parquet-go":          {"writers/parquet", "readers/parquet"},
	"github.com/prometheus":                     {"metrics"},
	"github.com/segmentio/kafka-go":             {"writers/kafka"},
	"github.com/spf13/cobra":                    {"cmd"},
	"github.com/spf13/viper":                    {"config"},
	"golang.org/x/net/http2/hpack":              {"dissect/proto/http2"},
	"kernel.org/pub/linux/libs/security/libcap": {"sandbox"},
}

// checkHome reports an import of a library outside of its home.
func checkHome(t *testing.T, file, dir, name string) {
	for library, folders := range homes {
		if within(name, library) && !slices.ContainsFunc(folders, func(f string) bool { return within(dir, f) }) {
			t.Errorf("%s imports %s: its home is %q", file, name, folders)
		}
	}
}

func TestImports(t *testing.T) {
	root := moduleRoot(t)
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root {
			// A folder with a go.mod, such as examples, is another module.
			_, err := os.Stat(filepath.Join(file, "go.mod"))
			if d.Name() == "build" || strings.HasPrefix(d.Name(), ".") || err == nil {
				return filepath.SkipDir
			}
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		dir := path.Dir(rel)
		home := homeOf(dir)
		if home == "" {
			t.Errorf("%s: no rule for its folder", rel)
			return nil
		}
		seen[home] = true
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkHome(t, rel, dir, name)
			to, ours := strings.CutPrefix(name, module+"/")
			if !ours || to == dir {
				continue
			}
			if mayCarry(dir, to) {
				seen[dir+" "+to] = true
			} else if !slices.ContainsFunc(allowed[home], func(a string) bool { return within(to, a) }) {
				t.Errorf("%s imports %s: packages in %s may import %q of the project", rel, to, home, allowed[home])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for from, list := range carried {
		for _, to := range list {
			if !seen["dissect/proto/"+from+" dissect/proto/"+to] {
				t.Errorf("%s does not import %s: take it off carried", from, to)
			}
		}
	}
	for _, must := range []string{"dissect", "dissect/event", "dissect/proto", "schemas", "cmd"} {
		if !seen[must] {
			t.Errorf("no package in %s: was the tree walked?", must)
		}
	}
}

// homeOf returns the most specific folder with a rule that contains dir, or ""
// if there is none.
func homeOf(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := allowed[d]; ok {
			return d
		}
	}
	return ""
}

func within(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above " + dir)
		}
		dir = parent
	}
}
