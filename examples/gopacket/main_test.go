package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// TestRun compares the rows of a capture that gopacket reads with those of the capture read
// directly.
func TestRun(t *testing.T) {
	const pcap = "../../testdata/http.pcap"
	f, err := os.Open(pcap)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	if _, err := run(f, filepath.Join(dir, "gopacket.log")); err != nil {
		t.Fatal(err)
	}
	o := pipeline.Defaults()
	o.Paths = []string{pcap}
	o.Logs, o.OutputPath, o.Seed, o.OpenTime = []string{"conn"}, filepath.Join(dir, "direct.log"), "example", time.Now()
	if _, err := pipeline.Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	got, want := rows(t, dir, "gopacket.log"), rows(t, dir, "direct.log")
	if got != want || got == "" {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// rows returns a log without the lines of its header and footer.
func rows(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			s.WriteString(line)
		}
	}
	return s.String()
}
