package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two runs with other identifiers and formats are equal; a missing row is reported.
func TestDiffCommand(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for out, format := range map[string]string{a: "tsv", b: "json"} {
		output(t, "read", "--summary", "none", "--format", format, "-o", out, filepath.Join("..", "..", "testdata", "smb-use.pcap"))
	}
	if got := string(output(t, "diff", a, b)); !strings.Contains(got, "smb_files") {
		t.Errorf("%s", got)
	}
	path := filepath.Join(b, "conn.log")
	rows, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(rows, []byte("\n"))
	if err := os.WriteFile(path, append(rest, "{\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args         []string
		status       int
		stdout, errs string
	}{
		{[]string{"diff", a, b, "--show", "1"}, exitLost, "conn: only in A: ts=", "the logs differ"},
		{[]string{"diff", a, b, "--log", "smb_files"}, exitLost, "smb_files", "conn.log:"},
		{[]string{"diff", a, a, "--log", "nothing"}, exitLost, "", `"nothing"`},
		{[]string{"diff", a, filepath.Join(dir, "c")}, exitLost, "", "c: no such file"},
		{[]string{"diff", a}, exitUsage, "", "accepts 2 arg"},
	} {
		var stdout, stderr bytes.Buffer
		p := program{stdout: &stdout, stderr: &stderr}
		if status := p.main(t.Context(), tt.args); status != tt.status || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.errs) {
			t.Errorf("%q: status %d\n%s%s", tt.args, status, &stdout, &stderr)
		}
	}
}
