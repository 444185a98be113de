package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/schemas"
)

// convert runs Convert and returns the files and the errors.
func convert(t *testing.T, change func(*ConvertOptions), paths ...string) (files map[string]string, errs []string, err error) {
	t.Helper()
	opts := ConvertOptions{
		Paths: paths, Dir: filepath.Join(t.TempDir(), "out"), Format: FormatTSV,
		Report: func(err error) { errs = append(errs, err.Error()) },
	}
	if change != nil {
		change(&opts)
	}
	_, err = Convert(t.Context(), opts)
	if errors.Is(err, ErrConvert) && err.Error() != ErrConvert.Error() {
		errs = append(errs, err.Error()) // the only file could not be read
	}
	if _, statErr := os.Stat(opts.Dir); statErr == nil {
		files = readTree(t, opts.Dir)
	}
	return files, errs, err
}

// rowsOf returns the lines of a TSV file, except those with the time of
// writing.
func rowsOf(log string) string {
	var rows []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "#open") && !strings.HasPrefix(line, "#close") {
			rows = append(rows, line)
		}
	}
	return strings.Join(rows, "")
}

// TestConvertRoundTrip checks that a run's TSV and JSON are the same logs: both
// convert to the TSV that the run writes, escapes included.
func TestConvertRoundTrip(t *testing.T) {
	skipIfOneGoroutine(t)
	captures, err := filepath.Glob("../testdata/*.pcap")
	if err != nil {
		t.Fatal(err)
	}
	run := func(format, timestamps string) (dir string, files map[string]string) {
		dir = filepath.Join(t.TempDir(), "logs")
		got := runOn(t, captures, func(o *Options) {
			o.OutputDir, o.Format, o.JSONTimestamps = dir, format, timestamps
			o.Columns = []string{"community-id", "vlan-logging", "mac-logging", "ja3"}
		})
		if got.err != nil && !strings.Contains(got.err.Error(), "damaged-") {
			t.Fatal(got.err)
		}
		return dir, readTree(t, dir)
	}
	tsvDir, want := run(FormatTSV, TimestampsEpoch)
	epochDir, _ := run(FormatJSON, TimestampsEpoch)
	isoDir, _ := run(FormatJSON, TimestampsISO8601)
	zipped, errs, err := convert(t, func(o *ConvertOptions) { o.Compress = "zstd" }, tsvDir)
	if err != nil || len(errs) > 0 || len(zipped) != len(want) {
		t.Fatal(len(zipped), errs, err)
	}
	zippedDir := t.TempDir()
	for name, content := range zipped {
		if err := os.WriteFile(filepath.Join(zippedDir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, dir := range map[string]string{"TSV": tsvDir, "JSON": epochDir, "JSON with ISO 8601": isoDir, "zstd": zippedDir} {
		got, errs, err := convert(t, nil, dir)
		if err != nil || len(errs) > 0 {
			t.Errorf("%s: %v, %q", name, err, errs)
		}
		if len(got) != len(want) || len(want) < 10 {
			t.Errorf("%s: %d logs, want %d", name, len(got), len(want))
		}
		for log := range want {
			gotLines, wantLines := strings.Split(rowsOf(got[log]), "\n"), strings.Split(rowsOf(want[log]), "\n")
			for i := range wantLines {
				if wantLines[i] != at(gotLines, i) && !sameButColumns(wantLines, gotLines) {
					t.Errorf("%s: %s:\n%s\nwant\n%s", name, log, at(gotLines, i), wantLines[i])
					break
				}
			}
		}
	}
}

func at(lines []string, i int) string {
	if i >= len(lines) {
		return "(no line)"
	}
	return lines[i]
}

// sameButColumns reports whether lines differ only in optional columns without a
// value, which the second lacks.
func sameButColumns(want, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for i, line := range want {
		n := len(got[i])
		if len(line) < n || strings.Trim(line[n:], "\t-") != "" && !strings.HasPrefix(line, "#") || line[:n] != got[i] {
			return false
		}
	}
	return true
}

const foreign = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tmine\n#open\t2026-01-16-14-00-00\n" +
	"#fields\tts\ta\tn\ttags\tnets\td\tp\n#types\ttime\taddr\tint\tset[string]\tvector[subnet]\tinterval\tpattern\n" +
	"1.500000\t::1\t-5\tx,\\x2c,-\t(empty)\t0.250000\tq\\x00\\\\x\n" +
	"2.000000\t-\t-\t(empty)\t10.0.0.0/8\t-\t-\n"

func TestConvertErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tsvFile := write("mine.log", foreign+"3.0\tnonsense\t1\t-\t-\t-\t-\n4.0\t1.2.3.4\n5.000000\t1.2.3.4\t7\t-\t-\t-\t-\n#close\t2026-01-16-15-00-00\n")
	jsonFile := write("other.log", `{"ts":1.5,"uid":"C","n":1,"x":[1,2.5],"m":true,"e":[]}`+"\n"+`{"ts":"2026-01-16T00:00:00.000001Z","n":-2,"m":"t"`+"\n"+`{"ts":2.0,"n":-2,"m":false}`+"\n")
	for _, tt := range []struct {
		name   string
		format string
		paths  []string
		errs   []string
		log    string
		want   string
	}{
		{
			"types of the header", FormatJSON, []string{tsvFile},
			[]string{`mine.log:11: a: "nonsense" is no addr`, "mine.log:12: 2 columns, want 7"}, "mine.log",
			`{"ts":1.5,"a":"::1","n":-5,"tags":["x",",",null],"nets":[],"d":0.25,"p":"q\\x00\\x"}` + "\n" +
				`{"ts":2.0,"tags":[],"nets":["10.0.0.0/8"]}` + "\n" + `{"ts":5.0,"a":"1.2.3.4","n":7}` + "\n",
		},
		{
			"types of values", FormatTSV, []string{jsonFile},
			[]string{"other.log:2: the JSON object has no end"}, "other.log",
			"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tother\n#fields\tts\tuid\tn\tx\tm\te\n" +
				"#types\ttime\tstring\tint\tvector[double]\tbool\tvector[string]\n1.500000\tC\t1\t1.0,2.5\tT\t(empty)\n2.000000\t-\t-2\t-\tF\t-\n",
		},
		{"other columns", FormatTSV, []string{tsvFile, write("sub.log", strings.Replace(foreign, "addr", "string", 1))}, []string{"sub.log: the column a of mine is string there and addr in a file before; convert them apart"}, "mine.log", ""},
		{"no log", FormatTSV, []string{write("x.log", "hello\n")}, []string{"x.log: neither"}, "", ""},
		{"empty", FormatTSV, []string{write("y.log", "")}, []string{"y.log: the file is empty"}, "", ""},
		{"no header", FormatTSV, []string{write("z.log", "#separator \\x09\n#fields\ta\n")}, []string{"z.log: the file ends in the header"}, "", ""},
		{"cut", FormatTSV, []string{write("cut.log.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00")}, []string{"cut.log.gz: "}, "", ""},
		{"not there", FormatTSV, []string{filepath.Join(dir, "nothing.log")}, []string{"nothing.log"}, "", ""},
	} {
		files, errs, err := convert(t, func(o *ConvertOptions) { o.Format = tt.format }, tt.paths...)
		if !errors.Is(err, ErrConvert) {
			t.Errorf("%s: error %v", tt.name, err)
		}
		all := strings.Join(errs, "\n")
		for _, want := range tt.errs {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no %q in %q", tt.name, want, errs)
			}
		}
		if tt.want != "" && rowsOf(files[tt.log]) != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, rowsOf(files[tt.log]), tt.want)
		}
	}
	if _, _, err := convert(t, func(o *ConvertOptions) { o.Format = "xml" }, tsvFile); err == nil {
		t.Error("unknown format: no error")
	}
	ecs, _, _ := convert(t, func(o *ConvertOptions) { o.Format, o.Naming = FormatJSON, NamingECS }, tsvFile)
	if !strings.Contains(ecs["mine.log"], `"event.dataset":"zeek.mine"`) || !strings.Contains(ecs["mine.log"], `"zeek.mine.a":"::1"`) {
		t.Errorf("ECS: %s", ecs["mine.log"])
	}
}

// TestConvertKeepsFiles checks that a file is replaced only on demand, and never one that is read.
func TestConvertKeepsFiles(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "mine.log")
	if err := os.WriteFile(path, []byte(foreign), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, overwrite := range []bool{false, true} {
		_, errs, err := convert(t, func(o *ConvertOptions) { o.Dir, o.Overwrite = dir, overwrite }, path)
		if err == nil || len(errs) > 0 || !strings.Contains(err.Error(), "choose another folder") {
			t.Errorf("into its own folder: %v, %v", err, errs)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != foreign {
			t.Errorf("%q, %v", b, err)
		}
	}
	for i, format := range []string{FormatTSV, FormatParquet} {
		for _, overwrite := range []bool{false, true} {
			set := func(o *ConvertOptions) {
				o.Dir, o.Format, o.Overwrite = filepath.Join(out, format), format, overwrite
			}
			if _, _, err := convert(t, set, path); err != nil {
				t.Fatal(err)
			}
			again := func(o *ConvertOptions) { set(o); o.Overwrite = false }
			if _, _, err := convert(t, again, path); err == nil || !strings.Contains(err.Error(), "--overwrite") {
				t.Errorf("%d: the same again: %v", i, err)
			}
		}
	}
	if schemas.Lookup("mine") != nil {
		t.Error("there is a log of that name: choose another one")
	}
}

func TestConvertToColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.log")
	if err := os.WriteFile(path, []byte(foreign), 0o644); err != nil {
		t.Fatal(err)
	}
	for format, magic := range map[string]string{"parquet": "PAR1", "arrow": "ARROW1"} {
		files, errs, err := convert(t, func(o *ConvertOptions) { o.Format = format }, path)
		if err != nil || len(errs) > 0 || len(files) != 1 {
			t.Errorf("%s: %d files, %q, %v", format, len(files), errs, err)
		}
		for name, content := range files {
			if !strings.HasPrefix(content, magic) {
				t.Errorf("%s begins with %.10q", name, content)
			}
		}
	}
}

func TestKafkaECS(t *testing.T) {
	s := defaultKafka()
	s.Naming = NamingECS
	if c, err := s.config(); err != nil || c.Format.Naming == nil {
		t.Errorf("%+v, %v", c.Format, err)
	}
	s.Timestamps = TimestampsMillis
	if _, err := s.config(); err == nil {
		t.Error("milliseconds: no error")
	}
}

// Standard output has the rows of several logs only in a form that keeps them apart.
func TestConvertToStdout(t *testing.T) {
	path := writeFile(t, "all.log", []byte(`{"_path":"a","n":1}`+"\n"+`{"_path":"b","n":"x,y"}`+"\n"+`{"_path":"a","n":2}`+"\n"))
	for _, tt := range []struct {
		name   string
		change func(*ConvertOptions)
		want   string
	}{
		{"json", func(o *ConvertOptions) { o.Format, o.Logs = FormatJSON, []string{"a"} }, `{"n":1}` + "\n" + `{"n":2}` + "\n"},
		{"csv", func(o *ConvertOptions) { o.Format, o.Logs = FormatCSV, []string{"b"} }, "n\n\"x,y\"\n"},
		{"tsv", func(o *ConvertOptions) {}, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\ta\n#fields\tn\n#types\tcount\n1\n2\n" +
			"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tb\n#fields\tn\n#types\tstring\nx,y\n"},
		{"json of two logs", func(o *ConvertOptions) { o.Format = FormatJSON }, ""},
		{"csv of two logs", func(o *ConvertOptions) { o.Format = FormatCSV }, ""},
		{"parquet", func(o *ConvertOptions) { o.Format, o.Logs = FormatParquet, []string{"a"} }, ""},
		{"a log that is not there", func(o *ConvertOptions) { o.Logs = []string{"c"} }, ""},
		{"compressed", func(o *ConvertOptions) { o.Compress = "gzip" }, ""},
	} {
		var out strings.Builder
		opts := ConvertOptions{Paths: []string{path}, Dir: "-", Format: FormatTSV, Stdout: &out}
		tt.change(&opts)
		_, err := Convert(t.Context(), opts)
		if got := rowsOf(out.String()); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	opts := ConvertOptions{Paths: []string{path}, Dir: "-", Format: FormatTSV, Stdout: brokenWriter{}, Report: func(error) {}}
	if stats, err := Convert(t.Context(), opts); !errors.Is(err, ErrConvert) || stats.Streams[0].Written != 0 || stats.Streams[0].Lost() != 2 {
		t.Errorf("broken: %+v, %v", stats, err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

// Files of a log with other columns become one log with all of them.
func TestConvertUnion(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"conn.1.log": `{"ts":1.5,"vlan":5}`, "conn.2.log": `{"ts":2.5,"mine":{"x":1}}`, "note.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	files, errs, err := convert(t, func(o *ConvertOptions) {
		o.Format, o.Notice = FormatJSON, func(s string) { said = append(said, s) }
	}, dir, filepath.Join(dir, "conn.1.log"))
	if want := `{"ts":1.5,"vlan":5}` + "\n" + `{"ts":2.5,"mine.x":1}` + "\n"; files["conn.log"] != want {
		t.Errorf("%q, want %q", files["conn.log"], want)
	}
	if err == nil || len(errs) != 1 || !strings.Contains(errs[0], "named twice") || len(said) != 1 || !strings.Contains(said[0], "note.txt") {
		t.Errorf("%v, %q, %q", err, errs, said)
	}
}

// All files of a log in a lake have the same columns, whichever were asked for.
func TestAllColumns(t *testing.T) {
	for _, all := range []bool{true, false} {
		var columns []string
		for _, groups := range [][]string{nil, {"community-id"}} {
			dir := filepath.Join(t.TempDir(), "lake")
			runOn(t, []string{"../testdata/dns.pcap"}, func(o *Options) {
				s := defaultParquet(dir)
				s.AllColumns = all
				o.Outputs, o.Columns = []Output{{Type: FormatParquet, Logs: []string{"conn"}, Settings: s}}, groups
			})
			f, err := readers.Open(parquetFiles(t, dir)[0], "")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range f.Logs()[0].Fields {
				names = append(names, f.Name)
			}
			rec, err := f.Next()
			if err != nil {
				t.Fatal(err)
			}
			if i := slices.Index(names, "community_id"); i >= 0 && rec.Values[i].Set != (groups != nil) {
				t.Errorf("%v %v: %+v", all, groups, rec.Values[i])
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			columns = append(columns, strings.Join(names, " "))
		}
		if (columns[0] == columns[1]) != all {
			t.Errorf("%v: %q", all, columns)
		}
	}
}
