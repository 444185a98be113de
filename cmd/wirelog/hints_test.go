package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// TestHints has what users of Zeek, tcpdump and tshark type first.
func TestHints(t *testing.T) {
	capture, err := filepath.Abs("../../testdata/tiny.pcap")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"-r x.pcap", `unknown flag -r: captures are arguments: "wirelog read FILE..."`},
		{"read -r x.pcap", `unknown flag -r: captures are arguments: "wirelog read FILE..."`},
		{"-i eth0", `unknown flag -i: "wirelog listen IFACE" captures live`},
		{"read -i eth0", `unknown flag -i: "wirelog listen IFACE" captures live`},
		{"-C -r x.pcap", `unknown flag -C: flags follow a command: "wirelog read -C"`},
		{"--format json x.pcap", `unknown flag --format: flags follow a command: "wirelog read --format"`},
		{"read --formt json x", `unknown flag: --formt; did you mean --format?`},
		{capture, `unknown command "` + capture + `": to read a capture: "wirelog read ` + capture + `"`},
		{"raed x", `unknown command "raed"; did you mean read?`},
		{"read lo", `"lo" is an interface, not a capture: "wirelog listen IFACE" captures live`},
		{"read x.pcap LogAscii::use_json=T", `"LogAscii::use_json=T" is not a capture: settings of Zeek have flags and keys here: --format json`},
		{"LogAscii::use_json=T", `--format json`},
		{"read x Site::local_nets+={192.0.2.0/24}", "--local-nets"},
		{"read x ignore_checksums=T", ""},
		{"read x Log::default_rotation_interval=1hr", "the key rotate of an output"},
		{"read x Nothing::of_ours=1", `"wirelog config" lists them`},
		{"read " + capture + " local", `"local" is not a capture: there are no scripts: "wirelog config" lists the keys of wirelog.yaml`},
		{"read " + capture + " mine.zeek", `there are no scripts`},
		{"read " + capture + " policy/tuning/json-logs.zeek", `there are no scripts: --format json does the same`},
		{"read " + capture + " protocols/conn/mac-logging", `there are no scripts: --columns mac-logging does the same`},
		{"read " + capture + " policy/protocols/ssl/validate-certs", `--columns validation --root-certs system`},
		{"read " + capture + " --logs ", `--logs: the list is empty`},
		{"read " + capture + " --analyzers ,", `--analyzers: the list is empty`},
		{"read " + capture + " -o ", `--output-dir: want a folder; . is the current one`},
		{"read " + capture + " --naming ecs", `--naming: ecs is for JSON: choose --format json`},
		{"read " + capture + " --naming esc -f json", `did you mean ecs?`},
		{"read " + capture + " --local-nets 192.0.2.0", `--local-nets: want a network such as 192.0.2.0/24`},
		{"read " + capture + " --config ", `--config: want the path of a file`},
	} {
		if c.want == "" {
			continue
		}
		t.Chdir(t.TempDir())
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		var out, errOut strings.Builder
		p := program{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, run: pipeline.Run}
		if status := p.main(t.Context(), strings.Split(c.args, " ")); status != exitUsage || !strings.Contains(errOut.String(), c.want) {
			t.Errorf("%s: status %d:\n got %swant %s", c.args, status, &errOut, c.want)
		}
		if list, err := os.ReadDir("."); err != nil || len(list) > 0 {
			t.Errorf("%s: something was written: %v, %v", c.args, list, err)
		}
	}
}

// TestHintsNameKeys checks that each flag in the hints exists.
func TestHintsNameKeys(t *testing.T) {
	read := (&program{}).readCommand().Flags()
	for _, table := range []map[string]string{zeekScripts, zeekSettings} {
		for name, hint := range table {
			for word := range strings.FieldsSeq(hint) {
				if flag, ok := strings.CutPrefix(word, "--"); ok && read.Lookup(flag) == nil {
					t.Errorf("%s: there is no flag --%s", name, flag)
				}
			}
		}
	}
}

func TestVersionFlag(t *testing.T) {
	command := invoke(t, pipeline.Summary{}, nil, "version")
	if flag := invoke(t, pipeline.Summary{}, nil, "--version"); flag != command || !strings.HasPrefix(flag.stdout, "wirelog ") {
		t.Errorf("%+v, %+v", flag, command)
	}
}

// TestSameCaptureTwice names a capture again, also through links and the folder that it is in.
func TestSameCaptureTwice(t *testing.T) {
	packets, err := os.ReadFile("../../testdata/tiny.pcap")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "caps", "a.pcap")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, packets, 0o644); err != nil {
		t.Fatal(err)
	}
	link, hard, twin := filepath.Join(dir, "link.pcap"), filepath.Join(dir, "hard.pcap"), filepath.Join(dir, "twin.pcap")
	if os.Symlink(file, link) != nil || os.Link(file, hard) != nil || os.WriteFile(twin, packets, 0o644) != nil {
		t.Skip("no links here")
	}
	once := ""
	for i, c := range []struct{ args, want string }{
		{file, ""},
		{file + " " + file, file + ": named twice: read once"},
		{file + " " + link, link + ": the same file as " + file + ": read once"},
		{hard + " " + file, file + ": the same file as " + hard + ": read once"},
		{filepath.Dir(file) + " " + file, file + ": named twice: read once"},
		{file + " " + dir, ": the same file as "},
	} {
		var out, errOut strings.Builder
		p := program{stdout: &out, stderr: &errOut, run: pipeline.Run}
		args := append([]string{"read", "-o", t.TempDir(), "--summary", "json"}, strings.Split(c.args, " ")...)
		if status := p.main(t.Context(), args); status != exitOK || !strings.Contains(errOut.String(), c.want) {
			t.Errorf("%s: status %d, %s", c.args, status, &errOut)
		}
		count, _, _ := strings.Cut(out.String()[strings.Index(out.String(), `"packets"`):], ",")
		switch {
		case i == 0:
			once = count
		case count != once && i < 5: // the last has the twin too
			t.Errorf("%s: %s, once %s", c.args, count, once)
		}
	}
}
