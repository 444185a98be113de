package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// TestListOfPaths has ~ and variables in each path of a list.
func TestListOfPaths(t *testing.T) {
	alone(t)
	t.Setenv("HOME", "/home/u")
	t.Setenv("SITE", "berlin")
	l, err := load(t, "--sandbox-paths", "~/a,/b/$SITE,c", "--sandbox-ports", "9092,443")
	if err != nil || !slices.Equal(l.Sandbox.Paths, []string{"/home/u/a", "/b/berlin", "c"}) || !slices.Equal(l.Sandbox.Ports, []uint16{9092, 443}) {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := load(t, "--sandbox-paths", "a,$NONESUCH/b"); err == nil {
		t.Errorf("%+v", l.Sandbox)
	}
	if l, err := load(t, "--sandbox", "half"); err == nil || !strings.Contains(err.Error(), "want one of on, off") {
		t.Errorf("%+v, %v", l, err)
	}
}

// TestPaths has ~ and variables in paths.
func TestPaths(t *testing.T) {
	alone(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SITE", "berlin")
	for _, c := range []struct{ given, want, err string }{
		{"~", home, ""},
		{"~/logs", home + "/logs", ""},
		{"$HOME/logs", home + "/logs", ""},
		{"${HOME}/$SITE", home + "/berlin", ""},
		{"./~x", "./~x", ""},
		{"a$$b", "a$b", ""},
		{"~bob/logs", "", "only ~/ stands for a home folder"},
		{"$NONESUCH/logs", "", "the variable $NONESUCH, which is not set"},
	} {
		file := "output_dir: '" + c.given + "'\nfiles:\n  extract_dir: '" + c.given + "'\n"
		write(t, "wirelog.yaml", file)
		for _, args := range [][]string{nil, {"--output-dir", c.given}} {
			l, err := load(t, args...)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%q: error %v, want %q", c.given, err, c.err)
				}
				continue
			}
			if err != nil || l.OutputDir != c.want || l.Dissect.Files.ExtractDir != c.want {
				t.Errorf("%q: %v, %v, want %s", c.given, l, err, c.want)
			}
		}
	}
	write(t, "wirelog.yaml", "outputs:\n  - type: json\n    dir: ~/json\n    command: [~/bin/ship, ~/x]\n  - type: kafka\n    brokers: [a:9092]\n    spool: $HOME/spool\n")
	l := mustLoad(t)
	json, kafka := l.Outputs[0].Settings.(*pipeline.JSONSettings), l.Outputs[1].Settings.(*pipeline.KafkaSettings)
	if json.Dir != home+"/json" || json.Command[0] != home+"/bin/ship" || json.Command[1] != "~/x" || kafka.Spool != home+"/spool" {
		t.Errorf("%+v, %+v", json, kafka)
	}
}

// TestUnreadableFile has a file in a folder that nobody asked for, and one that was asked for.
func TestUnreadableFile(t *testing.T) {
	alone(t)
	user := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "wirelog", "wirelog.yaml")
	write(t, "wirelog.yaml", "seed: here\n")
	write(t, user, "seed: user\n")
	defer func(old func(string) error) { tryFile = old }(tryFile)
	forbidden := map[string]bool{"wirelog.yaml": true}
	tryFile = func(path string) error {
		if forbidden[path] {
			return &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return nil
	}
	l := mustLoad(t)
	if want := "wirelog.yaml: not read: permission denied"; l.Seed != "user" || len(l.Notes) != 1 || l.Notes[0] != want {
		t.Errorf("seed %q, notes %q, want %q", l.Seed, l.Notes, want)
	}
	forbidden[user] = true
	if l := mustLoad(t); l.Seed != "" || l.File != "" || len(l.Notes) != 2 {
		t.Errorf("%q, %q, %q", l.Seed, l.File, l.Notes)
	}
	if _, err := load(t, "--config", filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, fs.ErrNotExist) && (err == nil || !strings.Contains(err.Error(), "no such file")) {
		t.Errorf("asked for: %v", err)
	}
}

// TestSyntaxLines checks the line that errors of syntax name.
func TestSyntaxLines(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"wirelog.yaml", "logs: [conn]\nformat: json\n  shards: 2\nseed: x\n", "wirelog.yaml:3: mapping values are not allowed in this context"},
		{"wirelog.yaml", "# all of it\nlogs: [conn\nformat: json\nseed: x\n", "wirelog.yaml:2: "},
		{"wirelog.yaml", "outputs:\n  - type: tsv\n    dir: x\n   name: y\nseed: x\n", "wirelog.yaml:4: did not find expected"},
		{"wirelog.yaml", "seed: x\n\tformat: json\n", "wirelog.yaml:2: found a tab character that violates indentation"},
		{"wirelog.yaml", "seed: 'x\nformat: json\n", "wirelog.yaml:1: found unexpected end of stream"},
		{"wirelog.yaml", "seed: x\nformat: json\nseed: y\n", `wirelog.yaml:3: mapping key "seed" already defined at line 1`},
		{"wirelog.yaml", "seed: x\nlogs: [!dns]\nformat: json\nother text\n", "wirelog.yaml:2: did not find expected ',' or ']'; a name with ! needs quotes here: '!dns', or -dns"},
		{"wirelog.toml", "seed = 'x'\n\n# empty\nshards = \nformat = 'json'\n", "wirelog.toml:4: "},
		{"wirelog.toml", "seed = 'x'\n[files\n", "wirelog.toml:2: "},
	} {
		alone(t)
		write(t, c.name, c.text)
		if _, err := load(t); err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "line 2:") {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestNaming has the flag for names of columns.
func TestNaming(t *testing.T) {
	alone(t)
	l := mustLoad(t, "--format", "json", "--naming", "ecs", "--local-nets", "192.0.2.0/24,2001:db8::/32")
	if l.Naming != "ecs" || len(l.LocalNets) != 2 {
		t.Errorf("%q, %v", l.Naming, l.LocalNets)
	}
	for _, c := range []struct{ text, want string }{
		{"naming: ocsf\n", "wirelog.yaml: naming: ocsf is for JSON: choose --format json"},
		{"naming: ecs\noutputs: [{type: json}]\n", "wirelog.yaml: naming cannot be used with outputs: set it in the list"},
		{"outputs: [{type: json, dir: ''}]\n", "wirelog.yaml: outputs[0].dir: want a folder; . is the current one"},
		{"output_dir: ''\n", "wirelog.yaml: output_dir: want a folder; . is the current one"},
	} {
		write(t, "wirelog.yaml", c.text)
		if _, err := load(t); err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}
