package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConvertCommand(t *testing.T) {
	dir := t.TempDir()
	logs, out := filepath.Join(dir, "logs"), filepath.Join(dir, "out")
	output(t, "read", "--summary", "none", "-o", logs, filepath.Join("..", "..", "testdata", "dns.pcap"))
	table := string(output(t, "convert", logs, "--to", "json", "-o", out))
	if !strings.Contains(table, "dns") || !strings.Contains(table, "WRITTEN") {
		t.Errorf("%s", table)
	}
	b, err := os.ReadFile(filepath.Join(out, "dns.log"))
	if err != nil || !bytes.HasPrefix(b, []byte(`{"ts":1`)) {
		t.Errorf("%.100s, %v", b, err)
	}
	if csv := string(output(t, "convert", logs, "--logs", "dns", "--to", "csv", "-o", "-")); !strings.HasPrefix(csv, "ts,uid,id.orig_h") {
		t.Errorf("%.100s", csv)
	}
	lake := filepath.Join(dir, "lake")
	for _, logsOf := range []string{"dns", "dns,conn"} {
		output(t, "convert", logs, "--logs", logsOf, "--to", "parquet", "-o", lake)
	}
	if table := string(output(t, "convert", lake, "--compact")); !strings.Contains(table, "FILES BEFORE") || !strings.Contains(table, "dns") {
		t.Errorf("%s", table)
	}
	broken := filepath.Join(dir, "broken.log")
	if err := os.WriteFile(broken, []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"convert"}, exitUsage, "which logs"},
		{[]string{"convert", logs}, exitUsage, "where to"},
		{[]string{"convert", logs, "-o", out, "--to", "jsn"}, exitUsage, "did you mean"},
		{[]string{"convert", logs, "-o", out, "--naming", "ecs"}, exitUsage, "for JSON"},
		{[]string{"convert", broken, "-o", out}, exitLost, "broken.log:1: "},
		{[]string{"convert", logs, "-o", "-", "--to", "csv"}, exitUsage, "choose one with --logs"},
		{[]string{"convert", logs, "-o", "-", "--logs", "dnss"}, exitUsage, "did you mean dns?"},
		{[]string{"convert", lake, "--compact", "--to", "csv"}, exitUsage, "--to does not go with it"},
		{[]string{"convert", logs, "--compact"}, exitLost, "no Parquet file"},
		{[]string{"convert", filepath.Join(dir, "nothing"), "-o", out}, exitLost, "nothing"},
	} {
		var stdout, stderr bytes.Buffer
		p := program{stdout: &stdout, stderr: &stderr}
		if status := p.main(t.Context(), tt.args); status != tt.status || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%q: status %d, %s; want %d, %s", tt.args, status, &stderr, tt.status, tt.want)
		}
	}
}
