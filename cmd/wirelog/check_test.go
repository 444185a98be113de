package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(config, []byte("outputs: [{type: tsv, dir: "+filepath.Join(dir, "a")+"}, {type: parquet, dir: "+
		filepath.Join(file, "b")+"}, {type: json, dir: "+filepath.Join(dir, "c")+", command: [/no/such]}]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		stdout []string
		stderr string
	}{
		{[]string{"-o", filepath.Join(dir, "new", "logs")}, exitOK, []string{"ok    tsv: "}, ""},
		{[]string{"-o", filepath.Join(dir, "x"), "--extract", "*/*", "--events", filepath.Join(dir, "e")}, exitOK,
			[]string{"ok    tsv: ", "ok    events: ", "ok    extracted files: "}, ""},
		{[]string{"-o", filepath.Join(file, "x")}, exitUsage, []string{"FAIL  tsv: "}, "check: 1 of 1 outputs cannot be written"},
		{[]string{"-o", dir, "--events", file}, exitUsage, []string{"ok    tsv: ", "FAIL  events: "}, "check: 1 of 2"},
		{[]string{"--config", config}, exitUsage, []string{"ok    tsv: ", "FAIL  parquet: ", "FAIL  json: "}, "check: 2 of 3"},
		{[]string{"--logs", "con"}, exitUsage, nil, "did you mean conn?"},
	} {
		r := invoke(t, pipeline.Summary{}, nil, append([]string{"check"}, tt.args...)...)
		if r.status != tt.status || !strings.Contains(r.stderr, tt.stderr) {
			t.Errorf("%q: status %d, stderr %q", tt.args, r.status, r.stderr)
		}
		lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
		for i, want := range tt.stdout {
			if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
				t.Errorf("%q: stdout %q, want %q", tt.args, lines, want)
			}
		}
	}
	// Nothing is left.
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}
