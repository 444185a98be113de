package writers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// at returns a time of day on a fixed date.
func at(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-01-16 "+clock, time.UTC)
	if err != nil {
		panic(err)
	}
	return t
}

// rotating returns a configuration with UTC file names.
func rotating(dir string, r writers.Rotation) writers.Config {
	r.UTC = true
	return writers.Config{
		Outputs: []writers.Output{{Dir: dir, Format: tsv.Format{}, Rotation: r}},
		Logs:    []*schemas.Schema{&schemas.WeirdSchema, &schemas.TunnelSchema},
		Now:     fixedNow, Sensor: "tap1",
	}
}

// emit emits a weird at each of the times, each in its own batch if single is true.
func emit(m *writers.Merger, single bool, times ...time.Time) {
	c := m.Collector()
	for i, t := range times {
		c.SetCause(t.UnixNano(), writers.ClassPacket, uint64(i+1))
		c.Emit(&schemas.Weird{TS: value.Time(t.UnixNano()), Name: t.UTC().Format("15:04:05")})
		if single {
			m.Merge(c.Flush())
		}
	}
	m.Merge(c.Flush())
}

// tree returns the contents of the files below dir: the names of the weirds,
// uncompressed.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[rel] = weirds(t, path)
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

// weirds lists the names in a log, and checks its header and footer.
func weirds(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(path) {
	case ".gz":
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	case ".zst":
		z, err := zstd.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		if b, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(string(b), "\n")
	if lines[0] != `#separator \x09` || !strings.HasPrefix(lines[len(lines)-2], "#close") || strings.Count(string(b), "#close") != 1 {
		t.Errorf("%s does not begin or end as a log: %q", path, b)
	}
	var names []string
	for _, l := range lines {
		if f := strings.Split(l, "\t"); !strings.HasPrefix(l, "#") && len(f) > 6 {
			names = append(names, f[6])
		}
	}
	return strings.Join(names, " ")
}

func sameTree(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("got")
		for _, name := range slices.Sorted(maps.Keys(got)) {
			t.Errorf("  %s: %s", name, got[name])
		}
		t.Errorf("want")
		for _, name := range slices.Sorted(maps.Keys(want)) {
			t.Errorf("  %s: %s", name, want[name])
		}
	}
}

func TestRotation(t *testing.T) {
	rows := []time.Time{at("14:12:31"), at("14:59:59"), at("15:00:00"), at("15:30:00"), at("17:20:00")}
	for _, tt := range []struct {
		rotation writers.Rotation
		want     map[string]string
	}{
		{writers.Rotation{Interval: time.Hour}, map[string]string{
			"weird.2026-01-16-14-12-31.log": "14:12:31 14:59:59",
			"weird.2026-01-16-15-00-00.log": "15:00:00 15:30:00",
			"weird.2026-01-16-17-00-00.log": "17:20:00",
		}},
		{writers.Rotation{Interval: time.Hour, Names: writers.NamesZeekctl, Compress: "gzip"}, map[string]string{
			"2026-01-16/weird.14:12:31-15:00:00.log.gz": "14:12:31 14:59:59",
			"2026-01-16/weird.15:00:00-16:00:00.log.gz": "15:00:00 15:30:00",
			"2026-01-16/weird.17:00:00-17:20:00.log.gz": "17:20:00",
		}},
		{writers.Rotation{Interval: 24 * time.Hour, Names: writers.NamesRITA, Compress: "zstd"}, map[string]string{
			"weird_20260116_14:12:31.log.zst": "14:12:31 14:59:59 15:00:00 15:30:00 17:20:00",
		}},
		{writers.Rotation{Size: 1}, map[string]string{
			"weird.2026-01-16-14-12-31.log": "14:12:31",
			"weird.2026-01-16-14-59-59.log": "14:59:59",
			"weird.2026-01-16-15-00-00.log": "15:00:00",
			"weird.2026-01-16-15-30-00.log": "15:30:00",
			"weird.2026-01-16-17-20-00.log": "17:20:00",
		}},
		{writers.Rotation{Size: 100, Interval: time.Hour, Names: "{sensor}/{log}-{open:%H%M%S}_{close:%s}"}, map[string]string{
			"tap1/weird-141231_1768575600.log": "14:12:31 14:59:59",
			"tap1/weird-150000_1768579200.log": "15:00:00 15:30:00",
			"tap1/weird-170000_1768584000.log": "17:20:00",
		}},
		{writers.Rotation{Compress: "gzip"}, map[string]string{
			"weird.log.gz": "14:12:31 14:59:59 15:00:00 15:30:00 17:20:00",
		}},
		{writers.Rotation{Interval: time.Hour, Names: "{log}"}, map[string]string{
			"weird.log":   "14:12:31 14:59:59",
			"weird-2.log": "15:00:00 15:30:00",
			"weird-3.log": "17:20:00",
		}},
	} {
		for _, single := range []bool{false, true} {
			dir := t.TempDir()
			m := newMerger(t, rotating(dir, tt.rotation))
			emit(m, single, rows...)
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			if s := conserve(t, m).Streams; s[0].Log != "weird" || s[0].Written != 5 || s[0].Path != filepath.Join(dir, "weird.log") {
				t.Errorf("%+v", s)
			}
			sameTree(t, tree(t, dir), tt.want)
		}
	}
}

// A row of another log also ends a file, and no file is replaced.
func TestRotationByOtherLogs(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "weird.2026-01-16-14-00-00.log")
	if err := os.WriteFile(taken, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := newMerger(t, rotating(dir, writers.Rotation{Interval: time.Hour}))
	emit(m, false, at("14:00:00"))
	mustNotExist(t, filepath.Join(dir, "weird.2026-01-16-14-00-00-2.log"))
	c := m.Collector()
	c.SetCause(at("15:00:00").UnixNano(), writers.ClassPacket, 9)
	c.Emit(&schemas.Tunnel{})
	m.Merge(c.Flush())
	final := filepath.Join(dir, "weird.2026-01-16-14-00-00-2.log")
	for range 200 {
		if _, err := os.Stat(final); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := weirds(t, final); got != "14:00:00" {
		t.Errorf("the finished file has %q", got)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, taken); got != "mine" {
		t.Errorf("a file that was there is %q now", got)
	}
	if link, err := os.Lstat(final); err != nil || link.Mode().Type() != 0 {
		t.Error("the finished file is not a plain one")
	}
}

func TestNames(t *testing.T) {
	for template, want := range map[string]string{
		"{log":            "not closed",
		"{open}":          "{log} is missing",
		"{log}.{when}":    "{when}",
		"{log}{sensor:x}": "{sensor:x}",
		"{log}{open:%Q}":  "%Q",
		"{log}{open:%}":   "ends in %",
		"/logs/{log}":     "folder",
		"../{log}":        "folder",
		"a//{log}":        "folder",
	} {
		r := writers.Rotation{Names: template}
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", template, err, want)
		}
	}
	if err := (&writers.Rotation{Compress: "bzip2"}).Check(); err == nil {
		t.Error("an unknown compression passed")
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		command []string
		timeout time.Duration
		report  string
	}{
		{[]string{"/bin/sh", "-c", `echo "$WIRELOG_LOG $WIRELOG_OPEN $WIRELOG_CLOSE $(basename $0)" >> "$(dirname $0)/said"`}, time.Minute, ""},
		{[]string{"/bin/sh", "-c", "echo; echo no space there >&2; exit 3"}, time.Minute, "weird.log: /bin/sh: exit status 3: no space there"},
		{[]string{"/bin/sleep", "60"}, 300 * time.Millisecond, "weird.log: /bin/sleep: "},
	} {
		dir := t.TempDir()
		cfg := rotating(dir, writers.Rotation{Names: "plain", Command: tt.command, CommandTimeout: tt.timeout})
		var reports []string
		cfg.Report = func(err error) { reports = append(reports, err.Error()) }
		m := newMerger(t, cfg)
		emit(m, false, at("14:00:00"), at("14:30:00"))
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		s := conserve(t, m).Streams[0]
		if tt.report == "" {
			if got, want := readFile(t, filepath.Join(dir, "said")), "weird 1768572000.000000 1768573800.000000 weird.log\n"; got != want {
				t.Errorf("the command said %q, want %q (reports %q)", got, want, reports)
			}
			continue
		}
		if len(reports) != 1 || !strings.Contains(reports[0], tt.report) {
			t.Errorf("%v: reports %q", tt.command, reports)
		}
		if len(s.Marks) != 1 || s.Marks[0] != (writers.MarkCount{Name: "failed commands", Count: 1, Bad: true}) || s.Written != 2 {
			t.Errorf("%v: %+v", tt.command, s)
		}
		if got := weirds(t, filepath.Join(dir, "weird.log")); got != "14:00:00 14:30:00" {
			t.Errorf("%v: the file has %q", tt.command, got)
		}
	}
}

// TestCommandElsewhere: whoever wants to runs the program.
func TestCommandElsewhere(t *testing.T) {
	dir := t.TempDir()
	cfg := rotating(dir, writers.Rotation{Names: "plain", Command: []string{"/bin/false", "x"}, CommandTimeout: time.Second})
	var got []writers.Command
	var reports []string
	cfg.Report = func(err error) { reports = append(reports, err.Error()) }
	cfg.Command = func(_ context.Context, c *writers.Command) error {
		got = append(got, *c)
		return errors.New("not today")
	}
	m := newMerger(t, cfg)
	emit(m, false, at("14:00:00"))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].File != filepath.Join(dir, "weird.log") || !slices.Equal(got[0].Program, cfg.Outputs[0].Rotation.Command) ||
		got[0].Timeout != time.Second || len(got[0].Env) != 4 || got[0].Env[0] != "WIRELOG_LOG=weird" {
		t.Errorf("%+v", got)
	}
	if len(reports) != 1 || !strings.Contains(reports[0], "weird.log: /bin/false: not today") {
		t.Errorf("%q", reports)
	}
}

// A run that ends without Close leaves a hidden file, cut anywhere. The next run makes a
// complete log of it.
func TestRecovery(t *testing.T) {
	whole := t.TempDir()
	m := newMerger(t, rotating(whole, writers.Rotation{Interval: time.Hour}))
	emit(m, false, at("14:12:31"), at("14:20:00"))
	m.Flush()
	hidden := ".weird.log.tsv." + fmt.Sprint(at("14:12:31").UnixNano()) + ".open"
	content := readFile(t, filepath.Join(whole, hidden))
	header := strings.Index(content, "\n1768") + 1

	for cut := 0; cut <= len(content); cut += 7 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, hidden), []byte(content[:cut]), 0o644); err != nil {
			t.Fatal(err)
		}
		var notices []string
		cfg := rotating(dir, writers.Rotation{Interval: time.Hour, Names: writers.NamesZeekctl, Compress: "gzip"})
		cfg.Notice = func(msg string) { notices = append(notices, msg) }
		cfg.Report = func(err error) { t.Error(err) }
		next := newMerger(t, cfg)
		emit(next, false, at("16:00:00"))
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"2026-01-16/weird.16:00:00-16:00:00.log.gz": "16:00:00"}
		rows := strings.Count(content[min(header, cut):cut], "\n")
		if rows > 0 {
			want["2026-01-16/weird.14:12:31-15:00:00.log.gz"] = strings.Join([]string{"14:12:31", "14:20:00"}[:rows], " ")
		}
		sameTree(t, tree(t, dir), want)
		if len(notices) != min(rows, 1) {
			t.Errorf("notices %q of %d rows", notices, rows)
		}
	}

	// The first run is still writing its file, so another one leaves it alone.
	other := newMerger(t, rotating(whole, writers.Rotation{Interval: time.Hour}))
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, filepath.Join(whole, hidden)); got != content {
		t.Error("a run changed the file of another that is under way")
	}
	emit(m, false, at("14:30:00"))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	sameTree(t, tree(t, whole), map[string]string{"weird.2026-01-16-14-12-31.log": "14:12:31 14:20:00 14:30:00"})
}

// The remains of a run that was killed while finishing a file.
func TestRecoveryOfFinishing(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, rotating(dir, writers.Rotation{Names: "{log}"}))
	emit(m, false, at("14:00:00"))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	log := readFile(t, filepath.Join(dir, "weird.log"))
	open, closed := at("14:00:00").UnixNano(), at("15:00:00").UnixNano()
	name := func(suffix string) string { return fmt.Sprintf(".weird.log.tsv.%d%s", open, suffix) }
	done := fmt.Sprintf("%s.%d.done", name(""), closed)
	for _, tt := range []struct {
		left map[string]string
		link string // another name of done
		want map[string]string
	}{
		{map[string]string{name(".open"): log, fmt.Sprintf("%s.%d.gz.tmp", name(""), closed): "\x1f\x8b"}, "",
			map[string]string{"weird.14:00-15:00.log": "14:00:00"}},
		{map[string]string{done: log}, "", map[string]string{"weird.14:00-15:00.log": "14:00:00"}},
		{map[string]string{done: log}, "weird.14:00-15:00.log", map[string]string{"weird.14:00-15:00.log": "14:00:00"}},
		{map[string]string{done: log, "weird.14:00-15:00.log": log}, "",
			map[string]string{"weird.14:00-15:00.log": "14:00:00", "weird.14:00-15:00-2.log": "14:00:00"}},
		{map[string]string{".mine": log, "weird.log.open": log}, "", map[string]string{".mine": "14:00:00", "weird.log.open": "14:00:00"}},
	} {
		dir := t.TempDir()
		for name, content := range tt.left {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if tt.link != "" {
			if err := os.Link(filepath.Join(dir, done), filepath.Join(dir, tt.link)); err != nil {
				t.Fatal(err)
			}
		}
		cfg := rotating(dir, writers.Rotation{Interval: time.Hour, Names: "{log}.{open:%H:%M}-{close:%H:%M}"})
		cfg.Report = func(err error) { t.Error(err) }
		if err := newMerger(t, cfg).Close(); err != nil {
			t.Fatal(err)
		}
		sameTree(t, tree(t, dir), tt.want)
	}
}

func TestRotationOfJSONAndLines(t *testing.T) {
	dir := t.TempDir()
	cfg := rotating(dir, writers.Rotation{Interval: time.Hour})
	cfg.Outputs[0].Format = json.Format{}
	cfg.Lines = []writers.Lines{{Name: "events", Outputs: []int{0}}}
	m := newMerger(t, cfg)
	c := m.Collector()
	for i, clock := range []string{"14:30:00", "15:30:00"} {
		c.SetCause(at(clock).UnixNano(), writers.ClassPacket, uint64(i))
		c.CloseLine(0, fmt.Appendf(c.OpenLine(0), `{"n":%d}`, i))
	}
	m.Merge(c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"events.2026-01-16-14-30-00.log": "{\"n\":0}\n", "events.2026-01-16-15-00-00.log": "{\"n\":1}\n"} {
		if got := readFile(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
