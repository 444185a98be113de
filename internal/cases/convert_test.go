package cases

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// convert converts files of a case into JSON, and returns the rows of each log, what was
// reported, and the error.
func convert(t *testing.T, to string, paths ...string) (logs map[string]string, said []string, err error) {
	t.Helper()
	dir := t.TempDir()
	o := pipeline.ConvertOptions{
		Paths: paths, Dir: dir, Format: to, AllColumns: true,
		Report: func(err error) { said = append(said, err.Error()) }, Notice: func(s string) { said = append(said, s) },
	}
	stats, err := pipeline.Convert(t.Context(), o)
	if err != nil {
		said = append(said, err.Error())
	}
	for _, s := range stats.Streams {
		if s.Built == 0 {
			t.Errorf("%s: no row", s.Log)
		}
	}
	logs = make(map[string]string)
	for i, s := range said {
		said[i] = strings.ReplaceAll(s, filepath.Dir(paths[0])+"/", "")
	}
	err2 := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		logs[name] = string(b)
		return err
	})
	if err2 != nil {
		t.Fatal(err2)
	}
	return logs, said, err
}

const connRow = `"ts":1598243094.015046,"uid":"CWjxkd3jpmxuvN21uj","id.orig_h":"10.124.2.117","id.orig_p":61927,"id.resp_h":"10.70.70.70","id.resp_p":8080,"proto":"tcp"`

func TestConvertTSV(t *testing.T) {
	for _, tt := range []struct {
		file []string
		// rows are parts of the rows of the log, one after another.
		log  string
		rows []string
		said []string
	}{
		{[]string{"25-tsv-nonadjacent-record", "conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"25-tsv-nonadjacent-record", "socks.log"}, "socks", []string{`"bound.name":"google.com","bound_p":0`}, nil},
		{[]string{"26-tsv-extra-field", "conn.log"}, "conn", []string{connRow},
			[]string{"conn.log:9: 22 columns, want 21", "conn.log:11: 20 columns, want 21", "conn.log:12: 23 columns, want 21", "not everything was converted"}},
		{[]string{"27-tsv-scope-separator", "conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"28-tsv-labelled", "conn.log.labeled"}, "conn", []string{`"label":"Malicious","detailed-label":"PartOfAHorizontalPortScan"`}, nil},
		{[]string{"29-tsv-transport-damage", "crlf-conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"29-tsv-transport-damage", "noclose-conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"29-tsv-transport-damage", "noeol-conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"29-tsv-transport-damage", "cat-conn.log"}, "conn", []string{connRow, `"community_id":"1:abc"`}, nil},
		{[]string{"30-tsv-other-separators", "conn.log"}, "conn", []string{connRow}, nil},
		{[]string{"58-convert-not-a-log", "headerless-conn.log"}, "", nil,
			[]string{"headerless-conn.log: neither a log in Zeek's TSV, which begins with #separator, nor one in JSON, Parquet or Arrow"}},
	} {
		t.Run(strings.Join(tt.file, "/"), func(t *testing.T) {
			logs, said, _ := convert(t, pipeline.FormatJSON, input(t, tt.file...))
			if !slices.Equal(said, tt.said) {
				t.Errorf("said %q, want %q", said, tt.said)
			}
			checkRows(t, logs[tt.log], tt.rows)
		})
	}
}

// checkRows verifies that rows are as many as want, that each is JSON, and that each has
// the part that is wanted.
func checkRows(t *testing.T, rows string, want []string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(rows) {
		if !json.Valid([]byte(line)) || n < len(want) && !strings.Contains(line, want[n]) {
			t.Errorf("%s, want %s", line, want[min(n, len(want)-1)])
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d rows, want %d", n, len(want))
	}
}

// A file whose first line has a byte-order mark is as one without.
func TestConvertByteOrderMark(t *testing.T) {
	b, err := os.ReadFile(input(t, "29-tsv-transport-damage", "noeol-conn.log"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "conn.log")
	if err := os.WriteFile(path, append([]byte("\ufeff"), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	logs, said, err := convert(t, pipeline.FormatJSON, path)
	if err != nil || len(said) > 0 {
		t.Error(said, err)
	}
	checkRows(t, logs["conn"], []string{connRow})
}

func TestConvertJSON(t *testing.T) {
	const endpoints = `"id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":`
	for _, tt := range []struct {
		file string
		want map[string][]string
	}{
		{"conn.log", map[string][]string{"conn": {`"ts":1598243094.015046,"uid":"C1",` + endpoints + `2,"proto":"tcp","duration":0.1,"orig_bytes":1`}}},
		{"tagged-conn.log", map[string][]string{"conn": {`"ts":1598243094.015046,"uid":"C1",` + endpoints + `2,"proto":"tcp"`}}},
		{"millis-conn.log", map[string][]string{"millis-conn": {`"ts":1598243094.015046,"uid":"C1",` + endpoints + `2,"proto":"tcp"`}}},
		{"all.log", map[string][]string{"conn": {endpoints + `2,"proto":"tcp"`}, "dns": {endpoints + `53,"proto":"udp","query":"a"`}}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := input(t, "31-json-forms", tt.file)
			logs, said, err := convert(t, pipeline.FormatJSON, path)
			if err != nil || len(said) > 0 || len(logs) != len(tt.want) {
				t.Errorf("%d logs, said %q, %v", len(logs), said, err)
			}
			for log, rows := range tt.want {
				checkRows(t, logs[log], rows)
			}
			// Through Parquet they are the same.
			dir := t.TempDir()
			if _, err := pipeline.Convert(t.Context(), pipeline.ConvertOptions{Paths: []string{path}, Dir: dir, Format: pipeline.FormatParquet, AllColumns: true}); err != nil {
				t.Fatal(err)
			}
			back, said, err := convert(t, pipeline.FormatJSON, dir)
			if err != nil || len(said) > 0 || len(back) != len(logs) {
				t.Errorf("%d logs, said %q, %v", len(back), said, err)
			}
			for log := range logs {
				if back[log] != logs[log] {
					t.Errorf("%s: %s, want %s", log, back[log], logs[log])
				}
			}
		})
	}
}

// Odd types keep their values on the way to Parquet and back.
func TestConvertOddTypes(t *testing.T) {
	path := input(t, "55-tsv-odd-types", "custom.log")
	dir := t.TempDir()
	var said []string
	o := pipeline.ConvertOptions{Paths: []string{path}, Dir: dir, Format: pipeline.FormatParquet, Notice: func(s string) { said = append(said, filepath.Base(s)) }}
	if _, err := pipeline.Convert(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if want := []string{"custom.log: column pat of custom has the type pattern, kept as text"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	back, _, err := convert(t, pipeline.FormatTSV, dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(log string) (list []string) {
		for line := range strings.Lines(log) {
			if line[0] != '#' {
				list = append(list, line)
			}
		}
		return list
	}
	// A comma outside a set needs no escape.
	got, wanted := rows(back["custom"]), rows(strings.Replace(string(want), `x\x2cy`, "x,y", 1))
	if !slices.Equal(got, wanted) {
		t.Errorf("%q\nwant\n%q", got, wanted)
	}
}

// Captures of one name with numbers are read in the order of the numbers.
func TestRotatedCaptures(t *testing.T) {
	logs, _ := read(t, nil, input(t, "32-rotated-capture-names"))
	if got := column(logs["conn"], "orig_pkts"); len(got) != 1 {
		t.Errorf("%d rows in conn, want one", len(got))
	}
	n := 0
	for _, r := range logs["conn"] {
		for _, c := range []string{r["orig_pkts"], r["resp_pkts"]} {
			var v int
			if err := json.Unmarshal([]byte(c), &v); err != nil {
				t.Error(err)
			}
			n += v
		}
	}
	if n != 58 {
		t.Errorf("%d packets, want 58", n)
	}
}

// Hours that come twice or not at all when clocks change overwrite no file.
func TestRotationAndSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	local := time.Local
	time.Local = berlin
	defer func() { time.Local = local }()
	for _, name := range []string{"in.pcap", "spring.pcap"} {
		capture := input(t, "36-rotation-dst", name)
		dir := t.TempDir()
		settings := func() *pipeline.TSVSettings {
			s, err := pipeline.NewSettings(pipeline.FormatTSV)
			if err != nil {
				t.Fatal(err)
			}
			return s.(*pipeline.TSVSettings)
		}()
		settings.Dir, settings.Rotate = dir, time.Hour
		logs, _ := read(t, func(o *pipeline.Options) {
			o.Outputs = []pipeline.Output{{Type: pipeline.FormatTSV, Logs: []string{"dns"}, Settings: settings}}
		}, capture)
		if len(logs) > 0 {
			t.Error(logs)
		}
		files, err := filepath.Glob(filepath.Join(dir, "dns*.log"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range files {
			n += len(readTSV(t, f))
		}
		if n != 24 {
			t.Errorf("%s: %d rows in %d files, want 24", name, n, len(files))
		}
	}
}

// Bytes that are not text become valid JSON.
func TestJSONBytes(t *testing.T) {
	capture := input(t, "38-json-bytes", "in.pcap")
	o := pipeline.Defaults()
	o.Paths, o.OutputDir, o.Format = []string{capture}, t.TempDir(), pipeline.FormatJSON
	if _, err := pipeline.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(o.OutputDir, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			if !json.Valid(line) {
				t.Errorf("%s: %s", f, line)
			}
		}
	}
}
