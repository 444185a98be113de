package config

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// documentTable returns the rows of the table under a heading of docs/options.md.
func documentTable(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../docs/options.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/options.md has no section %s", heading)
	}
	for line := range strings.Lines(after) {
		switch {
		case strings.HasPrefix(line, "#"):
			return rows
		case strings.HasPrefix(line, "| `"):
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// hasTest reports whether a cell names a folder of the repository and a function in its tests.
func hasTest(t *testing.T, cell string) bool {
	t.Helper()
	dir, name, ok := strings.Cut(strings.ReplaceAll(cell, "`", ""), " ")
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if !ok || err != nil {
		return false
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Contains(text, []byte("\nfunc "+name+"("))
	})
}

// unitOf is the cell of a key's unit.
func unitOf(k *Key) string {
	switch {
	case k.Unit != "":
		return k.Unit
	case k.OneOf != nil:
		return "choice"
	case k.IsPath:
		return "path"
	}
	switch k.Type {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[bool]():
		return "bool"
	case reflect.TypeFor[[]uint16]():
		return "ports"
	case reflect.TypeFor[[]netip.Addr]():
		return "addresses"
	case reflect.TypeFor[[]string]():
		return "texts"
	}
	return k.Type.String()
}

// TestDocumentedOptions compares the table of the options that Zeek's documents name with
// the keys there are.
func TestDocumentedOptions(t *testing.T) {
	rows := documentTable(t, "Options")
	def := defaultConfig()
	seen := map[string]bool{}
	for _, row := range rows {
		if len(row) != 5 {
			t.Errorf("%q: want five cells", row)
			continue
		}
		zeek, name := strings.Trim(row[0], "`"), strings.Trim(row[1], "`")
		if seen[zeek] {
			t.Errorf("%s: there twice", zeek)
		}
		seen[zeek] = true
		i := slices.IndexFunc(allKeys(), func(k Key) bool { return k.Name == name })
		if i < 0 {
			t.Errorf("%s: there is no key %s", zeek, name)
			continue
		}
		k := allKeys()[i]
		if got := KeyOf(zeek, "x"); !strings.Contains(got, name) {
			t.Errorf("%s: the documentation of %s does not name it: %q", zeek, name, got)
		}
		if row[2] == "[Bro's](#notes)" {
			if k.Field(&def).Len() == 0 {
				t.Errorf("%s: the default is empty", name)
			}
		} else if text := k.Text(&def); strings.Trim(row[2], "`") != text {
			t.Errorf("%s: default %s, and it is %q", name, row[2], text)
		}
		if want := unitOf(&k); row[3] != want {
			t.Errorf("%s: unit %s, want %s", name, row[3], want)
		}
		if !hasTest(t, row[4]) {
			t.Errorf("%s: there is no test %s", name, row[4])
		}
	}
	if len(rows) != 39 {
		t.Errorf("%d options, want 39", len(rows))
	}
}

// TestDocumentedFunctions looks for the examples of the functions that Zeek's documents name.
func TestDocumentedFunctions(t *testing.T) {
	seen := map[string]bool{}
	rows := documentTable(t, "Functions")
	for _, row := range rows {
		seen[strings.Trim(row[0], "`")] = true
		if len(row) != 3 || !hasTest(t, row[2]) {
			t.Errorf("%q: there is no such example", row)
		}
	}
	if len(rows) != 21 || len(seen) != 21 {
		t.Errorf("%d functions, %d of them different, want 21", len(rows), len(seen))
	}
	text, err := os.ReadFile("../../shared/reference/functions.json")
	if err != nil {
		t.Skip("the list of functions is not here:", err)
	}
	var list map[string]any
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for name := range list {
		if !seen[name] {
			t.Errorf("%s is not in docs/options.md", name)
		}
	}
}
