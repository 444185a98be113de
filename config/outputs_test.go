package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

const outputsYAML = `
outputs:
  - type: tsv
    dir: logs
  - type: json
    name: siem
    dir: json
    timestamps: iso8601
    logs: [conn, dns]
    events: true
    keep: [ts, uid, "id.*", "dns:TTLs"]
    drop: [id.resp_p]
    rename: ["TTLs=ttls"]
    add: ["site=Berlin, Mitte"]
    where:
      conn: 'duration > 60 && service == "SSH"'
`

var wantOutputs = []pipeline.Output{
	{Type: "tsv", Settings: &pipeline.TSVSettings{FileSettings: filesIn("logs")}},
	{
		Type: "json", Name: "siem", Logs: []string{"conn", "dns"}, Events: true,
		Keep: []string{"ts", "uid", "id.*", "dns:TTLs"}, Drop: []string{"id.resp_p"}, Rename: []string{"TTLs=ttls"},
		Add:      []string{"site=Berlin, Mitte"},
		Where:    map[string]string{"conn": `duration > 60 && service == "SSH"`},
		Settings: &pipeline.JSONSettings{FileSettings: filesIn("json"), Timestamps: "iso8601", Naming: "zeek"},
	},
}

// files are the default settings of files in dir.
func filesIn(dir string) pipeline.FileSettings {
	s, err := pipeline.NewSettings("tsv")
	if err != nil {
		panic(err)
	}
	f := s.(*pipeline.TSVSettings).FileSettings
	f.Dir = dir
	return f
}

func TestOutputs(t *testing.T) {
	alone(t)
	write(t, "wirelog.yaml", outputsYAML)
	l := mustLoad(t)
	if !reflect.DeepEqual(l.Outputs, wantOutputs) {
		t.Errorf("got  %+v\nwant %+v", l.Outputs, wantOutputs)
	}
	if got := l.source("outputs").String(); got != "file wirelog.yaml" {
		t.Errorf("source %q", got)
	}
	for _, format := range FileFormats() {
		var b bytes.Buffer
		if err := l.Write(&b, format, 0); err != nil {
			t.Fatal(err)
		}
		alone(t)
		got := mustLoad(t, "--config", write(t, "c."+format, b.String()))
		if !reflect.DeepEqual(got.Outputs, wantOutputs) {
			t.Errorf("%s:\n%s\ngot  %+v\nwant %+v", format, b.String(), got.Outputs, wantOutputs)
		}
	}
}

// A flag or a variable replaces the whole list, as it replaces any key.
func TestShortFormOverridesTheList(t *testing.T) {
	alone(t)
	write(t, "wirelog.yaml", outputsYAML)
	if l := mustLoad(t, "--format", "json"); l.Outputs != nil || l.Format != "json" || l.source("outputs") != (valueSource{}) {
		t.Errorf("outputs %+v, format %s", l.Outputs, l.Format)
	}
	t.Setenv("WIRELOG_OUTPUT_DIR", "elsewhere")
	if l := mustLoad(t); l.Outputs != nil || l.OutputDir != "elsewhere" {
		t.Errorf("outputs %+v, output_dir %s", l.Outputs, l.OutputDir)
	}
}

func TestOutputErrors(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"outputs: tsv", `outputs: want a list of outputs, got "tsv"`},
		{"outputs: [tsv]", `outputs[0]: want a section with a type, got "tsv"`},
		{"outputs: [{dir: x}]", "outputs[0].type: want one of tsv, json"},
		{"outputs: [{type: jsn}]", `outputs[0].type: want one of tsv, json`},
		{"outputs: [{type: jsn}]", `did you mean json?`},
		{"outputs: [{type: tsv}, {type: tsv, dirr: x}]", "outputs[1].dirr: an output of type tsv has no such key; did you mean dir?"},
		{"outputs: [{type: tsv, timestamps: epoch}]", "outputs[0].timestamps: an output of type tsv has no such key"},
		{"outputs: [{type: json, timestamps: epok}]", `outputs[0].timestamps: want one of epoch, millis, iso8601, got "epok"`},
		{"outputs: [{type: json, events: 1}]", "outputs[0].events: want true or false"},
		{"outputs: [{type: tsv, events: true}]", "outputs[0].events: outputs of type tsv do not take events"},
		{"outputs: [{type: json, logs: [con]}]", `outputs[0].logs: unknown log "con"; did you mean conn?`},
		{"outputs: [{type: json, where: x}]", "outputs[0].where: want a section of texts"},
		{"outputs: [{type: json, where: {conn: 5}}]", "outputs[0].where: conn: want text, got 5"},
		{"outputs: [{type: json, where: {conn: 'duraton > 5'}}]", `outputs[0]: where: conn: the log has no column "duraton"; did you mean duration?`},
		{"outputs: [{type: json, logs: [dns], where: {conn: 'duration > 5'}}]", `outputs[0]: where: the output takes no log "conn"`},
		{"outputs: [{type: json, keep: [conn:histroy]}]", "did you mean history?"},
		{"outputs: [{type: json, keep: [uidd]}]", `outputs[0]: keep: no log of the output has a column "uidd"; did you mean uid?`},
		{"outputs: [{type: json, logs: [smb], keep: [smb:uidd]}]", `outputs[0]: keep: no log of the output has a column "smb:uidd"; did you mean uid?`},
		{"outputs: [{type: json, logs: [-dnss]}]", `outputs[0].logs: unknown log "dnss"; did you mean dns?`},
		{"outputs: [{type: json, path: '-'}]", "outputs[0]: a file takes the rows of one log"},
		{"format: json\noutputs: [{type: tsv}]", "format cannot be used with outputs"},
		{"output: x.log", "output: a file takes the rows of one log"},
		{"output: {type: tsv}", "want text"},
	} {
		alone(t)
		path := write(t, "wirelog.yaml", tt.content)
		_, err := load(t)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s:\n got %v\nwant %s: %s", tt.content, err, path, tt.want)
		}
	}
}

func TestKafkaShortForm(t *testing.T) {
	alone(t)
	l := mustLoad(t, "--kafka", "a:9092,b:9092", "--json-timestamps", "iso8601")
	if got := l.RunOptions().Kafka; !reflect.DeepEqual(got, []string{"a:9092", "b:9092"}) {
		t.Errorf("%q", got)
	}
	for _, args := range [][]string{{"--format", "json"}, {"--output-dir", "x"}, {"--output", "x"}} {
		_, err := load(t, append(args, "--kafka", "a:9092")...)
		if err == nil || !strings.Contains(err.Error(), args[0]+" cannot be used with --kafka") {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := load(t, "--kafka", "a"); err == nil || err.Error() != `--kafka: brokers: want host:port, got "a"` {
		t.Errorf("%v", err)
	}
}
