package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The README's table lists exactly the logs of this build.
func TestReadmeListsLogs(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllSubmatch(b, -1) {
		listed = append(listed, string(m[1]))
	}
	slices.Sort(listed)
	if want := logNames(); !slices.Equal(listed, want) {
		t.Errorf("README lists %q, the logs are %q", listed, want)
	}
}
