package cases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// runs starts n runs of a capture at once, each with its own seed, into one folder, and
// returns their errors.
func runs(n int, dir, format, capture string) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			o := pipeline.Defaults()
			o.Paths, o.OutputDir, o.Format, o.Seed, o.Shards = []string{capture}, dir, format, fmt.Sprint(i), 1
			_, errs[i] = pipeline.Run(context.Background(), o)
		})
	}
	all.Wait()
	return errs
}

// tree lists the files below a folder, without what the program keeps for itself.
func tree(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".wirelog" {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isOption(err error) bool {
	var o *pipeline.OptionError
	return errors.As(err, &o)
}

// 60: six runs at once into one folder. A tree gets the rows of all; plain names belong to
// one run, and the others are refused before they write anything.
func TestParallelRunsOneFolder(t *testing.T) {
	tree6 := t.TempDir()
	for i, err := range runs(6, tree6, pipeline.FormatParquet, input(t, "60-parallel-runs-one-folder", "in.pcap")) {
		if err != nil {
			t.Errorf("parquet: run %d: %v", i, err)
		}
	}
	count := map[string]uint64{}
	out := t.TempDir()
	stats, err := pipeline.Convert(t.Context(), pipeline.ConvertOptions{Paths: []string{tree6}, Dir: out, Format: pipeline.FormatTSV})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats.Streams {
		count[s.Log] = s.Written
	}
	for _, log := range []string{"conn", "http", "files"} {
		if count[log] != 12 {
			t.Errorf("parquet: %d rows of %s, want 12", count[log], log)
		}
	}
	for _, format := range []string{pipeline.FormatTSV, pipeline.FormatJSON, pipeline.FormatArrow} {
		dir := t.TempDir()
		done := 0
		for i, err := range runs(6, dir, format, input(t, "60-parallel-runs-one-folder", "mixed.pcap")) {
			switch {
			case err == nil:
				done++
			case !isOption(err):
				t.Errorf("%s: run %d: %v", format, i, err)
			}
		}
		if done != 1 {
			t.Errorf("%s: %d runs wrote", format, done)
		}
		if format == pipeline.FormatTSV {
			if rows := readTSV(t, filepath.Join(dir, "conn.log")); len(rows) != 36 {
				t.Errorf("%d rows in conn.log, want 36", len(rows))
			}
		}
	}
}

// The same run again finds its own files; another one adds to a tree, and replaces a set of
// plain names only on request.
func TestRunsAgain(t *testing.T) {
	first, second := input(t, "60-parallel-runs-one-folder", "mixed.pcap"), input(t, "60-parallel-runs-one-folder", "in.pcap")
	for _, format := range []string{pipeline.FormatTSV, pipeline.FormatJSON, pipeline.FormatArrow, pipeline.FormatParquet} {
		dir := t.TempDir()
		run := func(capture string, overwrite bool) error {
			o := pipeline.Defaults()
			o.Paths, o.OutputDir, o.Format, o.Overwrite = []string{capture}, dir, format, overwrite
			_, err := pipeline.Run(t.Context(), o)
			return err
		}
		if err := run(first, false); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		if err := run(first, false); !isOption(err) || !strings.Contains(err.Error(), "--overwrite") {
			t.Errorf("%s: the same run again: %v", format, err)
		}
		if err := run(first, true); err != nil || fmt.Sprint(tree(t, dir)) != fmt.Sprint(before) {
			t.Errorf("%s: the same run with --overwrite: %v, %q, before %q", format, err, tree(t, dir), before)
		}
		if format == pipeline.FormatParquet {
			if err := run(second, false); err != nil || len(tree(t, dir)) <= len(before) {
				t.Errorf("another run into the tree: %v, %q", err, tree(t, dir))
			}
			continue
		}
		if err := run(second, false); !isOption(err) {
			t.Errorf("%s: another run: %v", format, err)
		}
		if err := run(second, true); err != nil {
			t.Fatal(err)
		}
		for _, name := range tree(t, dir) {
			if strings.HasPrefix(name, "dns") || strings.HasPrefix(name, "ssl") {
				t.Errorf("%s: %s of the replaced run is left", format, name)
			}
		}
	}
}

// rotated reads a capture in a time zone with rotated TSV logs, and returns the rows of each
// file.
func rotated(t *testing.T, zone, rotate, names, log, capture string) map[string]int {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Skip("no time zones: ", err)
	}
	old := time.Local
	time.Local = loc
	defer func() { time.Local = old }()
	settings, err := pipeline.NewSettings(pipeline.FormatTSV)
	if err != nil {
		t.Fatal(err)
	}
	s := settings.(*pipeline.TSVSettings)
	s.Dir, s.Names = t.TempDir(), names
	if s.Rotate, err = time.ParseDuration(rotate); err != nil {
		t.Fatal(err)
	}
	o := pipeline.Defaults()
	o.Paths, o.Logs, o.Outputs = []string{capture}, []string{log}, []pipeline.Output{{Type: pipeline.FormatTSV, Settings: s}}
	if _, err := pipeline.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, name := range tree(t, s.Dir) {
		rows[name] = len(readTSV(t, filepath.Join(s.Dir, name)))
	}
	return rows
}

// 36: the clock is changed. No file is replaced, and the hour that comes twice has two.
func TestRotationWhenTheClockChanges(t *testing.T) {
	for name, files := range map[string]int{"in.pcap": 5, "spring.pcap": 5} {
		rows := rotated(t, "Europe/Berlin", "1h", "zeek", "conn", input(t, "36-rotation-dst", name))
		sum := 0
		for _, n := range rows {
			sum += n
		}
		if sum != 24 || len(rows) != files {
			t.Errorf("%s: %d rows in %v", name, sum, rows)
		}
	}
}

// 37: files end at local midnight, and at full hours in a zone of half hours.
func TestRotationFromLocalMidnight(t *testing.T) {
	capture := input(t, "37-rotation-local-day", "in.pcap")
	days := rotated(t, "America/New_York", "24h", "zeekctl", "dns", capture)
	for _, name := range []string{"2026-07-01/dns.06:00:00-00:00:00.log", "2026-07-02/dns.00:00:00-00:00:00.log", "2026-07-03/dns.00:00:00-07:00:00.log"} {
		if days[name] == 0 {
			t.Errorf("%s is missing in %v", name, days)
		}
	}
	for name := range rotated(t, "Asia/Kolkata", "1h", "zeekctl", "dns", capture) {
		from, to, _ := strings.Cut(strings.TrimSuffix(name[strings.Index(name, "dns.")+len("dns."):], ".log"), "-")
		// The first and the last file begin and end with the capture.
		if !strings.HasSuffix(from, ":00:00") && !strings.HasSuffix(to, ":00:00") {
			t.Errorf("%s", name)
		}
	}
}

// Patterns that match nothing are errors, and say which form is right.
func TestExtractionPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"*": "*/*", "all": "*/*", "application": `"application/*"`, "pdf": `"application/pdf"`, "exe": `"application/x-dosexec"`, "image/": `"image/*"`,
	} {
		o := pipeline.Defaults()
		o.Paths, o.OutputDir, o.Dissect.Files.Extract = []string{os.DevNull}, t.TempDir(), []string{pattern}
		if _, err := pipeline.Run(t.Context(), o); !isOption(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s in it", pattern, err, want)
		}
	}
}

// Extracted files lie below the logs, with an extension, and the rows say where. Zeek has
// the name alone.
func TestExtractedFiles(t *testing.T) {
	capture := input(t, "60-parallel-runs-one-folder", "mixed.pcap")
	for _, compat := range []string{"none", "zeek-8.2"} {
		o := pipeline.Defaults()
		o.Paths, o.OutputDir, o.Dissect.Files.Extract, o.Compat = []string{capture}, filepath.Join(t.TempDir(), "logs"), []string{"text/*"}, compat
		for range 2 {
			if _, err := pipeline.Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, r := range readTSV(t, filepath.Join(o.OutputDir, "files.log")) {
				path := r["extracted"]
				if path == "-" {
					continue
				}
				n++
				dir, ext := filepath.Dir(path), filepath.Ext(path)
				if compat == "none" && (dir != "extract_files" || ext != ".html" && ext != ".json" && ext != ".txt") {
					t.Errorf("extracted %q", path)
				}
				if compat != "none" {
					if dir != "." || strings.HasSuffix(path, ".html") {
						t.Errorf("%s: extracted %q", compat, path)
					}
					path = filepath.Join("extract_files", path)
				}
				if _, err := os.Stat(filepath.Join(o.OutputDir, path)); err != nil {
					t.Error(err)
				}
			}
			extracted, err := os.ReadDir(filepath.Join(o.OutputDir, "extract_files"))
			if err != nil || n == 0 || len(extracted) != n {
				t.Errorf("%s: %d files for %d rows: %v", compat, len(extracted), n, err)
			}
			o.Overwrite = true // replaces them as well
		}
	}
}
