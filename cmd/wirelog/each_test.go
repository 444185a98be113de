package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

func TestEachFolders(t *testing.T) {
	got := eachFolders([]string{"a.pcap", "d/A.pcap.gz", "d/a.pcapng", "-", "x/trace", ".pcap", "b.cap1"})
	want := []string{"a", "A-2", "a-3", "stdin", "trace", ".pcap", "b.cap1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestEach reads a folder and a file of the same name, one of which is damaged: each has its
// folder, and the others are read.
func TestEach(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("..", "..", "testdata", "dns.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("in/a.pcap", whole)
	put("in/b.pcap", whole[:len(whole)-3])
	last := put("a.pcap", whole)
	out := filepath.Join(dir, "out")
	var stdout, stderr strings.Builder
	p := program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, run: pipeline.Run}
	code := p.main(t.Context(), []string{"read", "--each", "--summary", "json", "-o", out, filepath.Join(dir, "in"), last})
	if code != exitLost || strings.Count(stdout.String(), "\n") != 3 || strings.Count(stdout.String(), `"capture":`) != 3 {
		t.Errorf("exit %d\n%s", code, stdout.String())
	}
	for _, want := range []string{"a.pcap goes to the folder a-2", "b.pcap: damaged at offset"} {
		if strings.Count(stderr.String(), want) != 1 {
			t.Errorf("no %q in\n%s", want, stderr.String())
		}
	}
	for _, name := range []string{"a", "b", "a-2"} {
		if _, err := os.Stat(filepath.Join(out, name, "conn.log")); err != nil {
			t.Error(err)
		}
	}
	if code := p.main(t.Context(), []string{"read", "--each", "--merge", "-o", out, last}); code != exitUsage {
		t.Errorf("exit %d with --merge", code)
	}
}
