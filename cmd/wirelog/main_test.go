package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
)

// result is the outcome of a command line.
type result struct {
	status         int
	stdout, stderr string
	opts           *pipeline.Options // of the run, if there was one
}

// invoke runs a command line in an empty folder. The run returns sum and err.
func invoke(t *testing.T, sum pipeline.Summary, err error, args ...string) result {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var out, errOut bytes.Buffer
	var r result
	p := program{stdin: strings.NewReader("stdin"), stdout: &out, stderr: &errOut,
		run: func(_ context.Context, o pipeline.Options) (pipeline.Summary, error) {
			r.opts = &o
			return sum, err
		}}
	r.status = p.main(context.Background(), args)
	r.stdout, r.stderr = out.String(), errOut.String()
	return r
}

func TestReadPassesOptions(t *testing.T) {
	t.Setenv("WIRELOG_SEED", "from the environment")
	r := invoke(t, pipeline.Summary{}, nil, "read", "a.pcap", "-", "--output-dir", "out", "--format=json", "--json-timestamps", "iso8601",
		"--logs", "conn,weird", "--shards", "2", "--filter", "tcp port 80", "-C", "--events", "e.jsonl", "--event", "tcp_*", "--event", "arp_request",
		"--open-time", "2026-09-22T07:00:00Z", "--columns", "community-id", "--sensor", "tap1")
	if r.status != exitOK || r.stdout != "" || r.stderr != "" {
		t.Fatalf("status %d, stdout %q, stderr %q", r.status, r.stdout, r.stderr)
	}
	r.opts.Notice, r.opts.Report, r.opts.Control = nil, nil, nil // functions cannot be compared
	r.opts.Version = ""
	want := pipeline.Defaults()
	want.Paths = []string{"a.pcap", "-"}
	want.Stdin = r.opts.Stdin
	want.OutputDir = "out"
	want.Format = pipeline.FormatJSON
	want.JSONTimestamps = pipeline.TimestampsISO8601
	want.Logs = []string{"conn", "weird"}
	want.Columns = []string{"community-id"}
	want.Sensor = "tap1"
	want.Shards = 2
	want.Seed = "from the environment"
	want.Filter = "tcp port 80"
	want.Dissect.Packet.IgnoreChecksums = true
	want.EventsFile = "e.jsonl"
	want.EventNames = []string{"tcp_*", "arp_request"}
	want.OpenTime = time.Date(2026, 9, 22, 7, 0, 0, 0, time.UTC)
	if want.Available = r.opts.Available; want.Available <= 0 {
		t.Error("nobody has looked how much memory there is")
	}
	if !reflect.DeepEqual(*r.opts, want) {
		t.Errorf("got  %+v\nwant %+v", *r.opts, want)
	}
}

func TestExitStatus(t *testing.T) {
	lost := pipeline.Summary{Dropped: []pipeline.Drop{{Unit: pipeline.UnitRecord, Where: "conn.log", Reason: "write_failed", Count: 1, Lost: true}}, Logs: []pipeline.LogCount{{Log: "conn", Built: 2, Written: 1}}}
	for _, c := range []struct {
		name   string
		sum    pipeline.Summary
		err    error
		args   []string
		status int
		stderr string
	}{
		{"fine", pipeline.Summary{}, nil, []string{"read", "x"}, exitOK, ""},
		{"left out on request", pipeline.Summary{Packets: 2, Processed: 1, Dropped: []pipeline.Drop{{Unit: pipeline.UnitPacket, Where: "filter", Reason: "no match", Count: 1}}}, nil,
			[]string{"read", "x"}, exitOK, ""},
		{"damage", pipeline.Summary{Damage: []string{"x.pcap: offset 24: record cut"}}, nil, []string{"read", "x"}, exitLost,
			"wirelog: x.pcap: offset 24: record cut\n"},
		{"lost rows", lost, nil, []string{"read", "x"}, exitLost, "wirelog: conn.log: 1 record lost: write_failed\n"},
		{"panic", pipeline.Summary{Panics: []pipeline.Panic{{Analyzer: "DNS", Count: 3}}}, nil, []string{"read", "x"}, exitLost,
			"wirelog: analyzer DNS: 3 panics contained; the connections' other rows are complete\n"},
		{"run failed", pipeline.Summary{}, errors.New("out: permission denied"), []string{"read", "x"}, exitLost, "wirelog: out: permission denied\n"},
		{"interrupted", pipeline.Summary{}, context.Canceled, []string{"read", "x"}, exitLost, "wirelog: interrupted: the logs cover what was read until then\n"},
		{"sum", pipeline.Summary{Packets: 1}, nil, []string{"read", "x"}, exitLost, "wirelog: packets do not add up: 1 read, 0 processed and 0 dropped\n"},
		{"option", pipeline.Summary{}, &pipeline.OptionError{Option: "Filter", Err: errors.New("syntax error")}, []string{"read", "x", "--filter", "tcp and"}, exitUsage,
			"wirelog: --filter: syntax error\n"},
		{"option without a key", pipeline.Summary{}, &pipeline.OptionError{Option: "Paths", Err: errors.New("x: no such file")}, []string{"read", "x"}, exitUsage,
			"wirelog: x: no such file\n"},
		{"no capture", pipeline.Summary{}, nil, []string{"read"}, exitUsage, "wirelog: read: which capture?"},
		{"unknown flag", pipeline.Summary{}, nil, []string{"read", "--otput-dir", "x", "y"}, exitUsage, "wirelog: unknown flag: --otput-dir; did you mean --output-dir?\n"},
		{"unknown short flag", pipeline.Summary{}, nil, []string{"read", "-z", "y"}, exitUsage, "wirelog: unknown shorthand flag: 'z' in -z\n"},
		{"unknown command", pipeline.Summary{}, nil, []string{"raed"}, exitUsage, "wirelog: unknown command \"raed\"; did you mean read?\n"},
		{"unknown log", pipeline.Summary{}, nil, []string{"read", "x", "--logs", "con"}, exitUsage, "wirelog: --logs: unknown log \"con\"; did you mean conn?\n"},
		{"several mistakes", pipeline.Summary{}, nil, []string{"read", "x", "--format", "cvs", "--shards", "two"}, exitUsage,
			"wirelog: --format: want one of tsv, json, csv, parquet, arrow, got \"cvs\"; did you mean csv?\nwirelog: --shards: want a whole number, got \"two\"\n"},
		{"unknown schema", pipeline.Summary{}, nil, []string{"schema", "wierd"}, exitUsage, "wirelog: schema: unknown log \"wierd\"; did you mean weird?\n"},
		{"unknown event", pipeline.Summary{}, nil, []string{"events", "arp_requst"}, exitUsage, "wirelog: events: no event matches \"arp_requst\"; did you mean arp_request?\n"},
		{"unknown section", pipeline.Summary{}, nil, []string{"events", "--section", "TPC"}, exitUsage, "wirelog: events: unknown section \"TPC\"; did you mean "},
		{"unknown shell", pipeline.Summary{}, nil, []string{"completion", "bahs"}, exitUsage, "wirelog: completion: unknown shell \"bahs\"; did you mean bash?\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := invoke(t, c.sum, c.err, c.args...)
			if r.status != c.status {
				t.Errorf("status %d, want %d", r.status, c.status)
			}
			if !strings.HasPrefix(r.stderr, c.stderr) || c.stderr == "" && r.stderr != "" {
				t.Errorf("stderr %q, want %q", r.stderr, c.stderr)
			}
			if r.stdout != "" {
				t.Errorf("stdout %q", r.stdout)
			}
		})
	}
}

// The counts in the summary are the only message about lost rows.
func TestLossIsToldOnce(t *testing.T) {
	sum := pipeline.Summary{
		Dropped: []pipeline.Drop{{Unit: pipeline.UnitRecord, Where: "conn", Reason: "write_failed", Count: 1, Lost: true}},
		Logs:    []pipeline.LogCount{{Log: "conn", Built: 2, Written: 1}},
	}
	const lost = "wirelog: conn: 1 record lost: write_failed\n"
	for _, tt := range []struct {
		err  error
		want string
	}{
		{pipeline.ErrIncomplete, lost},
		{errors.New("conn.log: disk full"), lost + "wirelog: conn.log: disk full\n"},
	} {
		if r := invoke(t, sum, tt.err, "read", "x"); r.stderr != tt.want || r.status != exitLost {
			t.Errorf("%v: status %d, %q, want %q", tt.err, r.status, r.stderr, tt.want)
		}
	}
}

func summary() pipeline.Summary {
	return pipeline.Summary{
		Files: 1, Packets: 1234567, Bytes: 89_000_000, Processed: 1234560, Connections: 20503, Events: 7,
		Logs: []pipeline.LogCount{{Log: "conn", Built: 20503, Written: 20503}, {Log: "weird", Built: 30, Written: 25}},
		Dropped: []pipeline.Drop{
			{Unit: pipeline.UnitPacket, Where: "filter", Reason: "no match", Count: 7},
			{Unit: pipeline.UnitRecord, Where: "weird", Reason: "sampled", Count: 5},
		},
		Shards: 2, Elapsed: 2 * time.Second,
	}
}

func TestSummaryText(t *testing.T) {
	full := summary()
	full.Capture = "day1.pcap"
	full.Logs = []pipeline.LogCount{
		{Log: "conn", Built: 20503, Written: 20503}, {Log: "dns", Built: 30000, Written: 30000}, {Log: "weird", Built: 30, Written: 25},
	}
	full.Outputs = []pipeline.Place{{Name: "tsv", Where: "logs"}}
	full.FirstPacket = time.Date(2026, 9, 22, 7, 0, 0, 5000, time.UTC)
	full.LastPacket = full.FirstPacket.Add(605 * time.Second)
	full.Hosts, full.Services = 34, []pipeline.NameCount{{Name: "dns", Count: 15000}, {Name: "ssl", Count: 20000}}
	full.Dropped = []pipeline.Drop{
		{Unit: pipeline.UnitPacket, Where: "capture", Reason: "filter", Count: 7},
		{Unit: pipeline.UnitPacket, Where: "dissect", Reason: "bad_tcp_checksum", Count: 1000},
		{Unit: pipeline.UnitPacket, Where: "dissect", Reason: "unknown_link_type", Count: 3, Lost: true},
		{Unit: pipeline.UnitRecord, Where: "conn", Reason: "write_failed", Count: 1, Lost: true},
		{Unit: pipeline.UnitRecord, Where: "dns", Reason: "filtered", Count: 12},
		{Unit: pipeline.UnitRecord, Where: "weird", Reason: "sampled", Count: 5},
		{Unit: pipeline.UnitRecord, Where: "x509", Reason: "repeated", Count: 1500},
		{Unit: pipeline.UnitState, Where: "HTTP", Reason: "pending_requests", Count: 3},
		{Unit: pipeline.UnitState, Where: "KRB", Reason: "no_key", Count: 2},
		{Unit: pipeline.UnitState, Where: "DNS", Reason: "answers", Count: 1234},
		{Unit: pipeline.UnitState, Where: "connections", Reason: "limit", Count: 9, Lost: true},
	}
	full.Records.Cut = 1
	several := summary()
	several.Outputs = []pipeline.Place{{Name: "tsv", Where: "logs"}, {Name: "siem", Where: "kafka1:9092"}}
	several.Logs = []pipeline.LogCount{
		{Log: "conn", Output: "tsv", Written: 5}, {Log: "conn", Output: "siem", Written: 4}, {Log: "dns", Output: "siem", Written: 9},
	}
	several.Dropped = nil
	for name, s := range map[string]pipeline.Summary{"full": full, "several": several, "none": {Shards: 1}} {
		r := invokeHere(t, s, "read", "x", "--summary", "text")
		got := regexp.MustCompile(`, [0-9.]+ s CPU, (\d+ shards?), [0-9,]+ MB`).ReplaceAllString(r.stdout, ", 1.00 s CPU, $1, 9 MB")
		got = regexp.MustCompile(`(?m)^took.*s, 1.00 s CPU, 1 shard.*$`).ReplaceAllString(got, "took")
		golden := "testdata/summary-" + name + ".txt"
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v\n got\n%swant\n%s", golden, err, got, want)
		}
	}
}

// invokeHere is invoke without its own folder, for the files of the test.
func invokeHere(t *testing.T, sum pipeline.Summary, args ...string) result {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	r := invoke(t, sum, nil, args...)
	if err := os.Chdir(here); err != nil { //nolint:usetesting // t.Chdir would go back to the empty folder
		t.Fatal(err)
	}
	return r
}

func TestSummaryJSON(t *testing.T) {
	keys := []string{"files", "packets", "bytes", "packets_processed", "connections", "events", "logs", "dropped", "marks", "panics", "damage", "records", "checksums", "clock", "shards",
		"elapsed_seconds", "cpu_seconds", "peak_memory_bytes"}
	doc, err := os.ReadFile("../../docs/summary.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if !bytes.Contains(doc, []byte("`"+k+"`")) {
			t.Errorf("docs/summary.md lacks %s", k)
		}
	}
	for _, s := range []pipeline.Summary{summary(), {}} {
		r := invoke(t, s, nil, "read", "x", "--summary", "json")
		var got map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if got[k] == nil {
				t.Errorf("no %q in %s", k, r.stdout)
			}
		}
		if len(got) != len(keys) {
			t.Errorf("%d keys, want %d: %s", len(got), len(keys), r.stdout)
		}
	}
}

func TestSummaryOnlyWhenAsked(t *testing.T) {
	for _, kind := range []string{"auto", "none"} {
		if r := invoke(t, summary(), nil, "read", "x", "--summary", kind); r.stdout != "" || r.stderr != "" {
			t.Errorf("%s: stdout %q, stderr %q", kind, r.stdout, r.stderr)
		}
	}
}

func TestSchema(t *testing.T) {
	r := invoke(t, pipeline.Summary{}, nil, "schema")
	for _, s := range schemas.All() {
		if !strings.Contains(r.stdout, "\n"+s.Name+" ") {
			t.Errorf("no %s in\n%s", s.Name, r.stdout)
		}
		one := invoke(t, pipeline.Summary{}, nil, "schema", s.Name)
		if n := strings.Count(one.stdout, "\n"); n != len(s.Fields)+1 {
			t.Errorf("%s: %d lines for %d columns:\n%s", s.Name, n, len(s.Fields), one.stdout)
		}
	}
}

func TestEvents(t *testing.T) {
	r := invoke(t, pipeline.Summary{}, nil, "events", "--json")
	if got, want := strings.Count(r.stdout, "\n"), len(event.Catalogue()); got != want {
		t.Errorf("%d lines for %d events", got, want)
	}
	r = invoke(t, pipeline.Summary{}, nil, "events", "arp_*", "--section", "arp")
	if !strings.Contains(r.stdout, "arp_request") || strings.Contains(r.stdout, "bad_arp") {
		t.Errorf("got\n%s", r.stdout)
	}
}

func TestConfigCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "site.toml")
	if err := os.WriteFile(file, []byte("sensor = 'abc'\nseed = 'secret'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WIRELOG_FORMAT", "json")
	r := invoke(t, pipeline.Summary{}, nil, "config", "--config", file, "--shards", "3", "--as", "toml")
	for _, want := range []string{
		`sensor = "abc" # file ` + file, "given (file " + file + "), and not shown", `format = "json" # env WIRELOG_FORMAT`, "shards = 3 # flag --shards", `output_dir = "." # default`,
		"[timeouts]\n", `tcp_inactivity_timeout = "5m" # default`,
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "secret") {
		t.Error("the seed is shown")
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range shells {
		if r := invoke(t, pipeline.Summary{}, nil, "completion", shell); r.status != exitOK || !strings.Contains(r.stdout, "wirelog") {
			t.Errorf("%s: status %d, %d bytes", shell, r.status, len(r.stdout))
		}
	}
	for _, c := range []struct{ typed, want string }{
		{"--format|", "tsv\njson\n"},
		{"--logs|conn,", "conn,weird\n"},
		{"--event|", "arp_request\n"},
	} {
		args := append([]string{"__complete", "read"}, strings.Split(c.typed, "|")...)
		if r := invoke(t, pipeline.Summary{}, nil, args...); !strings.Contains(r.stdout, c.want) {
			t.Errorf("%s: %q is not in %q", c.typed, c.want, r.stdout)
		}
	}
}

func TestVersion(t *testing.T) {
	if r := invoke(t, pipeline.Summary{}, nil, "version"); !strings.HasPrefix(r.stdout, "wirelog ") {
		t.Errorf("got %q", r.stdout)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 123456: "123,456"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
