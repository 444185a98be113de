package writers_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/tsv"
)

// claiming returns a configuration of a run that claims its folder.
func claiming(dir, id string, r writers.Rotation, notices *[]string) writers.Config {
	cfg := rotating(dir, r)
	cfg.Run, cfg.Outputs[0].RunID = &writers.Run{Reading: "x.pcap"}, id
	cfg.Notice = func(msg string) { *notices = append(*notices, msg) }
	return cfg
}

// visible returns the files that are not hidden.
func visible(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name()[0] != '.' {
			files[e.Name()] = readFile(t, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

// The current log has its plain name while it grows; a second run in the folder has hidden
// names only, and both add their files.
func TestCurrentLogHasItsPlainName(t *testing.T) {
	dir := t.TempDir()
	var notices []string
	r := writers.Rotation{Interval: time.Hour}
	first := newMerger(t, claiming(dir, "one", r, &notices))
	emit(first, false, at("14:12:31"))
	first.Flush()
	if got := visible(t, dir); len(got) != 1 || !strings.Contains(got["weird.log"], "\t14:12:31\t") {
		t.Errorf("files %q", got)
	}
	second := newMerger(t, claiming(dir, "two", r, &notices))
	if len(notices) != 1 || !strings.Contains(notices[0], "hidden names only") || !strings.Contains(notices[0], "reading x.pcap") {
		t.Errorf("notices %q", notices)
	}
	emit(second, false, at("14:12:31"))
	second.Flush()
	if got := visible(t, dir); len(got) != 1 || strings.Count(got["weird.log"], "\t14:12:31\t") != 1 {
		t.Errorf("files %q", got)
	}
	emit(first, false, at("15:00:00"))
	first.Flush()
	if got := visible(t, dir)["weird.log"]; !strings.Contains(got, "\t15:00:00\t") || strings.Contains(got, "14:12:31") {
		t.Errorf("the current log after a rotation: %q", got)
	}
	for _, m := range []*writers.Merger{first, second} {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	delete2 := visible(t, dir)
	for _, name := range []string{"weird.2026-01-16-14-12-31.log", "weird.2026-01-16-14-12-31-2.log", "weird.2026-01-16-15-00-00.log"} {
		if _, ok := delete2[name]; !ok {
			t.Errorf("%s is missing", name)
		}
		delete(delete2, name)
	}
	if len(delete2) != 0 {
		t.Errorf("also there: %q", delete2)
	}
	// The same run again is refused, and replaces its own files alone.
	cfg := claiming(dir, "one", r, &notices)
	if _, err := writers.New(cfg); err == nil || !strings.Contains(err.Error(), "of the same captures and settings") {
		t.Errorf("%v", err)
	}
	cfg.Run.Overwrite = true
	m := newMerger(t, cfg)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if left := visible(t, dir); len(left) != 1 {
		t.Errorf("left: %d files", len(left))
	}
}

// What a killed run has left is finished by the next one, also where it had a plain name.
func TestPlainNameOfAKilledRun(t *testing.T) {
	dir := t.TempDir()
	r := writers.Rotation{Interval: time.Hour}
	hidden := ".weird.log.tsv.1768572751000000000.open"
	whole := newMerger(t, rotating(dir, r))
	emit(whole, false, at("14:12:31"))
	whole.Flush()
	content := readFile(t, filepath.Join(dir, hidden))
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 10, len(content)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, hidden), []byte(content[:cut]), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(dir, hidden), filepath.Join(dir, "weird.log")); err != nil {
			t.Skip(err)
		}
		var notices []string
		m := newMerger(t, claiming(dir, "one", r, &notices))
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		got := visible(t, dir)
		if cut < len(content) {
			if len(got) != 0 || len(notices) != 0 {
				t.Errorf("cut at %d: files %q, notices %q", cut, got, notices)
			}
			continue
		}
		if len(got) != 1 || got["weird.2026-01-16-14-12-31.log"] == "" {
			t.Errorf("files %q", got)
		}
		if len(notices) != 1 || !strings.Contains(notices[0], "finished now") {
			t.Errorf("notices %q", notices)
		}
	}
}

// A file by its path belongs to one run, and is not replaced unasked.
func TestPathOfOneRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weird.log")
	cfg := writers.Config{
		Outputs: []writers.Output{{Path: path, Format: tsv.Format{}}}, Logs: []*schemas.Schema{&schemas.WeirdSchema},
		Now: fixedNow, Run: &writers.Run{}, FileMode: 0o600,
	}
	m := newMerger(t, cfg)
	if _, err := writers.New(cfg); err == nil || !strings.Contains(err.Error(), "is being written by another run") {
		t.Errorf("a second run: %v", err)
	}
	emit(m, false, at("14:00:00"))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	before := readFile(t, path)
	if _, err := writers.New(cfg); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("a run after it: %v", err)
	}
	if got := readFile(t, path); got != before {
		t.Error("the file was changed by a run that was refused")
	}
	cfg.Run.Overwrite = true
	m = newMerger(t, cfg)
	emit(m, false, at("15:00:00"))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, path); strings.Contains(got, "14:00:00") || !strings.Contains(got, "15:00:00") {
		t.Errorf("%q", got)
	}
	// A file without rows is not left.
	path = filepath.Join(t.TempDir(), "x")
	cfg.Outputs[0].Path = path
	m = newMerger(t, cfg)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// Permissions, and what the default is.
func TestPermissions(t *testing.T) {
	for mode, want := range map[fs.FileMode][2]fs.FileMode{0: {0o640, 0o750}, 0o600: {0o600, 0o700}, 0o644: {0o644, 0o755}} {
		dir := filepath.Join(t.TempDir(), "logs")
		cfg := rotating(dir, writers.Rotation{Interval: time.Hour, Names: "{log}/{open:%H}", Compress: "gzip"})
		cfg.FileMode = mode
		m := newMerger(t, cfg)
		emit(m, false, at("14:00:00"))
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]fs.FileMode{".": want[1], "weird": want[1], "weird/14.log.gz": want[0]} {
			if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode().Perm() != want {
				t.Errorf("%o: %s: %v, %v", mode, name, fi, err)
			}
		}
	}
}

// A command that is not there is known at the start.
func TestMissingCommand(t *testing.T) {
	cfg := rotating(t.TempDir(), writers.Rotation{Interval: time.Hour, Command: []string{"/nonexistent/program"}})
	var ce *writers.ConfigError
	if _, err := writers.New(cfg); !errors.As(err, &ce) || !strings.Contains(err.Error(), "/nonexistent/program") {
		t.Errorf("%v", err)
	}
}
