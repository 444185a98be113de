package pipeline

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

// TestOutputs has several outputs take different logs, columns and records of one
// run, and checks that their bytes do not depend on the number of shards.
func TestOutputs(t *testing.T) {
	captures, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(captures) < 3 {
		t.Fatal(captures, err)
	}
	captures = everyStep(captures)
	if mixed := "../testdata/mixed.pcap"; !slices.Contains(captures, mixed) { // has all of the logs below
		captures = append(captures, mixed)
	}
	outputs := func(dir string) []Output {
		settings := func(name string) FileSettings {
			s := TSVSettings{}
			s.Dir = filepath.Join(dir, "logs", name)
			return s.FileSettings
		}
		return []Output{
			{Type: "tsv", Logs: []string{"dns", "weird", "http"}, Settings: &TSVSettings{settings("tsv")}},
			{Type: "json", Name: "siem", Logs: []string{"conn"}, Events: true,
				Settings: &JSONSettings{FileSettings: settings("siem"), Timestamps: TimestampsEpoch, Streaming: true},
				Keep:     []string{"ts", "uid", "id.*", "duration"}, Rename: []string{"id.orig_h=src"}, Add: []string{"site=Berlin"},
				Where: map[string]string{"conn": "duration > 0.01"}},
			{Type: "tsv", Name: "archive", Settings: &TSVSettings{FileSettings{
				Dir: filepath.Join(dir, "logs", "archive"), Rotate: time.Hour, RotateSize: 4000, Names: "{log}.{open:%s}-{close:%s}", Compress: "gzip"}}},
		}
	}
	var want outcome
	for _, shards := range []int{1, 2, 3, 8} {
		got := runOn(t, captures, func(o *Options) {
			o.Shards, o.Sensor = shards, "tap1"
			o.Outputs = outputs(filepath.Dir(o.OutputDir))
		})
		if got.err != nil {
			t.Fatal(got.err)
		}
		if shards == 1 {
			want = got
		} else if !maps.Equal(got.files, want.files) {
			t.Errorf("%d shards write other files", shards)
		}
	}
	var names []string
	for _, l := range want.summary.Logs {
		names = append(names, strings.TrimSpace(l.Log+" "+l.Output))
	}
	if !slices.Contains(names, "conn siem") || !slices.Contains(names, "dns tsv") || slices.Contains(names, "conn tsv") || slices.Contains(names, "dns siem") {
		t.Errorf("outputs of logs: %q", names)
	}
	filtered := slices.IndexFunc(want.summary.Dropped, func(d Drop) bool { return d.Where == "siem: conn" && d.Reason == "filtered" && !d.Lost })
	if filtered < 0 || want.summary.Dropped[filtered].Count == 0 {
		t.Errorf("dropped: %+v", want.summary.Dropped)
	}
	archived := 0
	for name := range want.files {
		if strings.HasPrefix(name, "conn.") && strings.HasSuffix(name, ".log.gz") {
			archived++
		}
	}
	if archived < 3 {
		t.Errorf("conn is in %d rotated files", archived)
	}
	if !strings.HasPrefix(want.files["conn.log"], `{"_path":"conn","_system_name":"tap1","_write_ts":"20`) {
		t.Errorf("conn.log: %.200s", want.files["conn.log"])
	}
	if want.files["events.log"] == "" || want.files["events.log"] != want.files["events.jsonl"] {
		t.Error("the output and the file have different events")
	}
}

// TestOutputNamesAnOptionalLog checks that an optional log that an output names
// goes to that output alone.
func TestOutputNamesAnOptionalLog(t *testing.T) {
	i := slices.IndexFunc(schemas.All(), func(s *schemas.Schema) bool { return s.Optional })
	if i < 0 {
		t.Fatal("there is no optional log")
	}
	name := schemas.All()[i].Name
	o := Defaults()
	o.Outputs = []Output{{Type: "tsv"}, {Type: "json", Logs: []string{name}}}
	var cfg writers.Config
	if errs := o.writerOutputs(&cfg); errs != nil {
		t.Fatal(errs)
	}
	if !slices.Contains(cfg.Logs, schemas.All()[i]) || slices.Contains(cfg.Outputs[0].Logs, schemas.All()[i]) || len(cfg.Outputs[1].Logs) != 1 {
		t.Errorf("%s is taken by %d logs and %d logs", name, len(cfg.Outputs[0].Logs), len(cfg.Outputs[1].Logs))
	}
	o.Logs = []string{"conn"}
	if errs := o.writerOutputs(new(writers.Config)); len(errs) != 1 || !strings.Contains(errs[0].Error(), "not among the logs") {
		t.Errorf("a log that the run does not write: %v", errs)
	}
}

func TestECSOutput(t *testing.T) {
	got := runOn(t, []string{"../testdata/dns.pcap"}, func(o *Options) {
		o.Sensor = "tap1"
		settings := &JSONSettings{Timestamps: TimestampsEpoch, Naming: NamingECS}
		settings.Dir = o.OutputDir
		o.Outputs = []Output{{Type: "json", Settings: settings}}
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	for _, want := range []string{`"event.dataset":"zeek.dns"`, `"observer.name":"tap1"`, `"dns.question.name":"`, `"@timestamp":"20`} {
		if !strings.Contains(got.files["dns.log"], want) {
			t.Errorf("no %s in %.500s", want, got.files["dns.log"])
		}
	}
}

func TestOutputErrors(t *testing.T) {
	for option, out := range map[string]Output{
		"outputs[0].type":   {Type: "xml"},
		"outputs[0].logs":   {Type: "tsv", Logs: []string{"nothing"}},
		"outputs[0].events": {Type: "tsv", Events: true},
		"outputs[0]":        {Type: "json", Settings: &JSONSettings{Timestamps: "x"}},
		"outputs[0].":       {Type: "json", Settings: &JSONSettings{Timestamps: TimestampsEpoch, Naming: NamingECS, Streaming: true}},
	} {
		option = strings.TrimSuffix(option, ".") // the dot only makes the map's keys differ
		o := Defaults()
		o.Paths, o.Outputs = []string{"nothing.pcap"}, []Output{out}
		_, err := Run(t.Context(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != option {
			t.Errorf("%+v: %v, want an error of %s", out, err, option)
		}
	}
}

// TestErrorsOfWritersNameTheirOption checks that an error of the writers names
// the option that it belongs to.
func TestErrorsOfWritersNameTheirOption(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		set  func(o *Options)
		want string
	}{
		"second output": {func(o *Options) {
			o.Outputs = []Output{
				{Type: "tsv", Settings: &TSVSettings{FileSettings{Dir: dir}}},
				{Type: "arrow", Settings: defaultArrow(file, "")},
			}
		}, "outputs[1]"},
		"second output to the same file": {func(o *Options) {
			o.Outputs = []Output{
				{Type: "tsv", Settings: &TSVSettings{FileSettings{Dir: dir}}},
				{Type: "tsv", Settings: &TSVSettings{FileSettings{Dir: dir}}},
			}
		}, "outputs[1]"},
		"folder":         {func(o *Options) { o.Format, o.OutputDir = FormatParquet, file }, "OutputDir"},
		"events":         {func(o *Options) { o.EventsFile = filepath.Join(file, "events.jsonl") }, "EventsFile"},
		"events as well": {func(o *Options) { o.Outputs, o.EventsFile = []Output{{Type: "tsv"}}, filepath.Join(file, "x") }, "EventsFile"},
		"events in the file of a log": {func(o *Options) {
			o.Logs, o.OutputPath, o.EventsFile = []string{"conn"}, filepath.Join(dir, "x"), filepath.Join(dir, "x")
		}, "EventsFile"},
		"path of several logs": {func(o *Options) { o.OutputPath = filepath.Join(dir, "x") }, "OutputPath"},
	} {
		o := Defaults()
		o.Paths, o.OutputDir = []string{"../testdata/dns.pcap"}, filepath.Join(dir, "out")
		tt.set(&o)
		_, err := Run(t.Context(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != tt.want {
			t.Errorf("%s: %v, want an error of %s", name, err, tt.want)
		}
	}
}

// TestUnwritableFolder checks that a folder that cannot be written to ends the run before
// the first packet.
func TestUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats() {
		o := Defaults()
		o.Paths, o.Format, o.OutputDir = []string{"../testdata/dns.pcap"}, format, filepath.Join(file, "logs")
		s, err := Run(t.Context(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != "OutputDir" || !strings.Contains(err.Error(), "not a directory") || s.Packets != 0 {
			t.Errorf("%s: error %v, %d packets", format, err, s.Packets)
		}
	}
}

// TestNoLogsNoClaim checks that a run without logs leaves the folder for them to others.
func TestNoLogsNoClaim(t *testing.T) {
	dir := t.TempDir()
	for _, logs := range []string{"conn", "none"} {
		o := Defaults()
		o.Paths, o.OutputDir, o.Logs = []string{"../testdata/dns.pcap"}, filepath.Join(dir, "logs"), []string{logs}
		o.EventsFile = filepath.Join(dir, logs+".jsonl")
		if _, err := Run(t.Context(), o); err != nil { // a claim of the second would find the files of the first
			t.Errorf("%s: %v", logs, err)
		}
		if fi, err := os.Stat(o.EventsFile); err != nil || fi.Size() == 0 {
			t.Errorf("%s: %v, %v", logs, fi, err)
		}
	}
}
