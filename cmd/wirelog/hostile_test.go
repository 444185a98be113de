//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirelog/wirelog/pipeline"
)

// hostile is a name that forges a message, sets the terminal's title, clears its screen and
// is not UTF-8.
const hostile = "a\nwirelog: all is well\r\x1b]0;t\a\x1b[2J\u202e\xff"

const escaped = `a\nwirelog: all is well\r\x1b]0;t\x07\x1b[2J\u202e\xff`

// TestHostileNames passes names from outside through everything that prints them: each
// message must be on one line, with the name escaped.
func TestHostileNames(t *testing.T) {
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
	unknown := append([]byte(nil), whole...)
	copy(unknown[20:24], []byte{0xee, 0xee, 0, 0})
	var (
		missing  = filepath.Join(dir, "missing-"+hostile)
		good     = put("good/"+hostile+".pcap", whole)
		cut      = put("cut/"+hostile+".pcap", whole[:len(whole)-3])
		link     = put("link/"+hostile+".pcap", unknown)
		text     = put("text/"+hostile+".txt", []byte("no capture"))
		log      = put("log/"+hostile+"/conn.log", []byte("#fields\tts\n#types\ttime\nx\n"))
		noLog    = put("nolog/"+hostile+".log", []byte("no log\n"))
		yaml     = put("yaml/"+hostile+".yaml", []byte("nothing: 1\n"))
		badYAML  = put("badyaml/"+hostile+".yaml", []byte("a: [\n"))
		held     = put("held/"+hostile+"/conn.log", []byte("old"))
		overlaps = filepath.Join(dir, "overlaps", hostile)
	)
	put("overlaps/"+hostile+"/1.pcap", whole)
	put("overlaps/"+hostile+"/2.pcap", whole)
	if err := os.MkdirAll(filepath.Join(dir, "empty", hostile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "text", hostile+".pcap")); err != nil {
		t.Fatal(err)
	}
	folder := func(path string) string { return filepath.Dir(path) }
	for name, args := range map[string][]string{
		"missing capture":        {"read", missing},
		"cut capture":            {"read", cut},
		"cut capture in folder":  {"read", folder(cut)},
		"each":                   {"read", "--each", folder(cut), good, missing + "/.."},
		"each, same name":        {"read", "--each", folder(good), good},
		"unknown link type":      {"read", link},
		"no capture":             {"read", text},
		"skipped, broken link":   {"read", folder(text), good},
		"empty folder":           {"read", filepath.Join(dir, "empty", hostile)},
		"captures that overlap":  {"read", overlaps},
		"merge":                  {"read", "--merge", cut, good},
		"configuration missing":  {"read", "--config", missing + ".yaml", good},
		"configuration's ending": {"read", "--config", missing, good},
		"unknown key":            {"read", "--config", yaml, good},
		"malformed YAML":         {"read", "--config", badYAML, good},
		"folder is a file":       {"read", "-o", text, good},
		"folder below a file":    {"read", "-o", text + "/x", good},
		"files of others":        {"read", "-o", folder(held), good},
		"events below a file":    {"read", "--events", text + "/x", good},
		"summary":                {"read", "--summary", "text", "-o", filepath.Join(dir, "out", hostile), good},
		"summaries":              {"read", "--summary", "text", "--each", "-o", filepath.Join(dir, "outs", hostile), good},
		"profile":                {"read", "--cpu-profile", missing + "/x", good},
		"unknown command":        {hostile},
		"unknown flag":           {"read", "--" + hostile},
		"value of a flag":        {"read", "--format", hostile, good},
		"filter":                 {"read", "--filter", hostile, good},
		"where":                  {"read", "--config", put("where/w.yaml", []byte("outputs: [{type: tsv, where: {conn: \"\\e[2J\"}}]\n")), good},
		"unknown log":            {"read", "--logs", hostile, good},
		"convert, missing":       {"convert", missing, "-o", filepath.Join(dir, "c1")},
		"convert, bad row":       {"convert", folder(log), "-o", filepath.Join(dir, "c2")},
		"convert, no log":        {"convert", noLog, "-o", filepath.Join(dir, "c3")},
		"convert, other files":   {"convert", folder(noLog), "-o", filepath.Join(dir, "c4")},
		"convert onto itself":    {"convert", folder(log), "-o", folder(log)},
		"convert, twice":         {"convert", log, log, "-o", filepath.Join(dir, "c5")},
		"diff, missing":          {"diff", missing, folder(log)},
		"diff, bad row":          {"diff", folder(log), folder(log)},
		"schema":                 {"schema", hostile},
		"check":                  {"check", "-o", text},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("XDG_CONFIG_HOME", t.TempDir())
			var stdout, stderr strings.Builder
			p := program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, run: pipeline.Run}
			p.main(t.Context(), args)
			printed := stderr.String()
			if args[0] == "check" || slices.Contains(args, "--summary") {
				printed = stdout.String() + printed
			}
			for line := range strings.Lines(printed) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(line, "wirelog: all is well") || strings.ContainsAny(line, "\n\r\x1b\a\u202e") || !utf8.ValidString(line) {
					t.Errorf("%q", line)
				}
			}
			t.Logf("%s", printed)
		})
	}
	t.Run("escaped", func(t *testing.T) {
		t.Chdir(t.TempDir())
		var stdout, stderr strings.Builder
		p := program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, run: pipeline.Run}
		if code := p.main(t.Context(), []string{"read", cut}); code != exitLost || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), escaped) {
			t.Errorf("exit %d\n%s", code, stderr.String())
		}
	})
}
