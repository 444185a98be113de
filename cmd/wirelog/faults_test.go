package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests named in docs/faults.md exist, and no case is missing.
func TestFaultsHaveTests(t *testing.T) {
	const root = "../../"
	doc, err := os.ReadFile(root + "docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{} // tests of each package
	source := func(dir string) string {
		if _, ok := sources[dir]; !ok {
			files, _ := filepath.Glob(root + dir + "/*_test.go")
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				sources[dir] += string(b)
			}
		}
		return sources[dir]
	}
	cases := map[string]bool{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|.*\| (.*) \|$`).FindAllStringSubmatch(string(doc), -1) {
		cases[row[1]] = true
		dir, n := "", 0
		for _, m := range quoted.FindAllStringSubmatch(row[2], -1) {
			switch name := m[1]; {
			case strings.HasPrefix(name, "Test"):
				n++
				if !strings.Contains(source(dir), "\nfunc "+name+"(") {
					t.Errorf("case %s: %s has no %s", row[1], dir, name)
				}
			case strings.HasSuffix(name, ".pcap"):
				if _, err := os.Stat(root + "testdata/" + name); err != nil {
					t.Errorf("case %s: %v", row[1], err)
				}
			case strings.HasPrefix(name, "integration/"):
				if _, err := os.Stat(root + name); err != nil {
					t.Errorf("case %s: %v", row[1], err)
				}
			default:
				dir = name
			}
		}
		if n == 0 {
			t.Errorf("case %s has no test", row[1])
		}
	}
	if len(cases) < 36 {
		t.Errorf("%d cases", len(cases))
	}
}
