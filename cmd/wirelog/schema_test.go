package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
)

// output runs a command line, which must succeed, and returns what it prints.
func output(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, run: pipeline.Run}
	if status := p.main(t.Context(), args); status != exitOK {
		t.Fatalf("%q: status %d: %s", args, status, &stderr)
	}
	return stdout.Bytes()
}

func TestSchemaFormats(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"schema conn", "missed_bytes"},
		{"schema", "LOG"},
		{"schema conn --format sql", `"id" STRUCT("orig_h" VARCHAR`},
		{"schema conn --format sql --dialect spark", "STRUCT<`orig_h`: STRING"},
		{"schema conn --format sql --columns community-id", `"community_id"`},
		{"schema dns --format avro", `"wirelog"`},
		{"schema dns --format arrow", `"timestamp"`},
		{"schema conn --format ecs", "event.duration"},
		{"schema ssl --format ecs", "TLSv12 is 1.2"},
		{"schema conn --format json-schema", `"community_id"`},
	} {
		got := string(output(t, strings.Fields(tt.args)...))
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: no %s in\n%s", tt.args, tt.want, got)
		}
	}
	if got := output(t, "schema", "conn", "--format", "avro"); bytes.Contains(got, []byte("community_id")) {
		t.Error("an optional column that nobody asked for")
	}
	for _, tt := range []struct{ args, want string }{
		{"schema con", `did you mean`},
		{"schema --format sqll", `did you mean`},
		{"schema --format sql --dialect oracle", "clickhouse"},
		{"schema --dialect spark", "--format sql"},
		{"schema --format avro --columns nonsense", "--columns"},
	} {
		var stdout, stderr bytes.Buffer
		p := program{stdout: &stdout, stderr: &stderr}
		if status := p.main(t.Context(), strings.Fields(tt.args)); status != exitUsage || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: status %d, %s; want %s", tt.args, status, &stderr, tt.want)
		}
	}
}

// The readers that the schemas are made for accept them, and the rows match them.
func TestSchemasWithReaders(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	dir := t.TempDir()
	for name, args := range map[string]string{
		"json-schema.json": "--format json-schema", "arrow.json": "--format arrow", "avro.json": "--format avro",
		"duckdb.sql": "--format sql", "clickhouse.sql": "--format sql --dialect clickhouse", "spark.sql": "--format sql --dialect spark",
	} {
		args := append(strings.Fields(args), "--columns", strings.Join(schemas.GroupNames(), ","))
		if err := os.WriteFile(filepath.Join(dir, name), output(t, append([]string{"schema"}, args...)...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, s := range schemas.All() {
		all = append(all, s.Name)
	}
	captures := []string{"mixed", "dns-types", "http-odd", "smb-use", "ssh-use", "tls-features", "ntlm", "dcerpc-tcp"}
	args := []string{
		"read", "--summary", "none", "--format", "json", "--json-timestamps", "iso8601", "-o", filepath.Join(dir, "logs"),
		"--columns", "community-id,mac-logging,vlan-logging,ja3", "--logs", strings.Join(all, ","),
	}
	for _, c := range captures {
		args = append(args, filepath.Join("..", "..", "testdata", c+".pcap"))
	}
	output(t, args...)
	out, err := exec.Command(python, "testdata/check_schemas.py", dir).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimRight(line, "\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(out), "skipped:") == strings.Count(string(out), "\n") {
		t.Skip("there is none of the readers")
	}
}

// The output for all logs contains each of them.
func TestSchemasOfAllLogs(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(output(t, "schema", "--format", "arrow"), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(schemas.All()) {
		t.Errorf("%d logs, want %d", len(all), len(schemas.All()))
	}
}
