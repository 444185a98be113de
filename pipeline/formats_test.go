package pipeline

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/readers/diff"
	"github.com/wirelog/wirelog/writers/row"
)

// forms are all forms that Convert writes and reads back, except times in
// milliseconds.
var forms = map[string]func(*ConvertOptions){
	"tsv":         func(o *ConvertOptions) { o.Format = FormatTSV },
	"tsv-gzip":    func(o *ConvertOptions) { o.Format, o.Compress = FormatTSV, "gzip" },
	"json":        func(o *ConvertOptions) { o.Format = FormatJSON },
	"json-iso":    func(o *ConvertOptions) { o.Format, o.Timestamps = FormatJSON, TimestampsISO8601 },
	"json-stream": func(o *ConvertOptions) { o.Format, o.Streaming, o.Compress = FormatJSON, true, "zstd" },
	"parquet":     func(o *ConvertOptions) { o.Format = FormatParquet },
	"flat":        func(o *ConvertOptions) { o.Format, o.Flat = FormatParquet, true },
	"arrow":       func(o *ConvertOptions) { o.Format = FormatArrow },
	"arrow-flat":  func(o *ConvertOptions) { o.Format, o.Flat, o.Compress = FormatArrow, true, "lz4" },
	"arrows":      func(o *ConvertOptions) { o.Format, o.Streaming, o.Compress = FormatArrow, true, "zstd" },
}

// into converts a folder or a file to a form and returns the folder with the result.
func into(t *testing.T, form, path string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), form)
	opts := ConvertOptions{Paths: []string{path}, Dir: dir, Report: func(err error) { t.Errorf("%s to %s: %v", path, form, err) }}
	forms[form](&opts)
	if _, err := Convert(t.Context(), opts); err != nil {
		t.Fatal(path, form, err)
	}
	return dir
}

// rowsIn returns the rows of a folder's logs by log, each with its columns and types.
func rowsIn(t *testing.T, dir string) map[string][]string {
	t.Helper()
	logs := make(map[string][]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".wirelog" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		f, err := readers.Open(path, "")
		if err != nil {
			return err
		}
		columns := ""
		for i := range f.Logs()[0].Fields {
			columns += f.Logs()[0].Fields[i].Name + " " + f.Logs()[0].Fields[i].ZeekType() + ";"
		}
		e := row.New(0)
		for {
			rec, err := f.Next()
			if err == io.EOF {
				return f.Close()
			}
			if err != nil {
				return err
			}
			logs[f.Logs()[0].Name] = append(logs[f.Logs()[0].Name], columns+string(e.Append(nil, rec)))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func sameRows(t *testing.T, name string, want, got map[string][]string) {
	t.Helper()
	if len(want) == 0 || !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))) {
		t.Errorf("%s: logs %q, want %q", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for log := range want {
		if len(got[log]) != len(want[log]) {
			t.Errorf("%s: %s has %d rows, want %d", name, log, len(got[log]), len(want[log]))
			continue
		}
		for i := range want[log] {
			if want[log][i] != got[log][i] {
				t.Errorf("%s: %s, row %d:\n%q\nwant\n%q", name, log, i, got[log][i], want[log][i])
				break
			}
		}
	}
}

// TestConvertAndBack checks that the logs of testdata survive the conversion from any
// form to any other and back.
func TestConvertAndBack(t *testing.T) {
	skipIfOneGoroutine(t)
	tsv := into(t, "tsv", "../testdata/golden")
	all := []string{"tsv", "json", "parquet", "arrow"}
	if testing.Short() {
		all = all[2:3]
	}
	for _, from := range all {
		dir := into(t, from, tsv)
		want := rowsIn(t, dir)
		if len(want) < 20 {
			t.Fatalf("%s: %d logs", from, len(want))
		}
		for by := range forms {
			if by != from {
				sameRows(t, from+" by "+by, want, rowsIn(t, into(t, from, into(t, by, dir))))
			}
		}
		if from == "tsv" {
			continue
		}
		// JSON keeps neither sets nor the order of columns.
		logs, err := diff.Compare(tsv, dir, diff.Options{Show: 1, Report: func(err error) { t.Error(err) }})
		if err != nil || len(logs) != len(want) {
			t.Errorf("TSV and %s: %d logs, %v", from, len(logs), err)
		}
		for _, l := range logs {
			if !l.Same() {
				t.Errorf("TSV and %s: %s: %q", from, l.Name, l.Shown)
			}
		}
	}
}

// TestConvertKeepsDigits checks that columnar formats keep all digits of JSON and the
// six decimals of TSV.
func TestConvertKeepsDigits(t *testing.T) {
	dir := t.TempDir()
	if got := runOn(t, []string{"../testdata/mixed.pcap", "../testdata/smb-use.pcap"}, func(o *Options) { o.OutputDir, o.Format = dir, FormatJSON }); got.err != nil {
		t.Fatal(got.err)
	}
	want := readTree(t, dir)
	for by := range forms {
		if strings.HasPrefix(by, "tsv") {
			continue
		}
		got := readTree(t, into(t, "json", into(t, by, dir)))
		for name := range want {
			if want[name] != got[name] {
				t.Errorf("%s: %s:\n%s\nwant\n%s", by, name, got[name], want[name])
			}
		}
	}
}

// odd is a log that no build has, with values that formats might confuse: unset, empty,
// and strings that look like these; separators and bytes that are not text; the largest
// numbers.
const odd = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\todd\n#open\t2026-01-16-14-00-00\n" +
	"#fields\tts\tid.orig_h\tid.orig_p\tid.note\tn\ti\td\tiv\tb\te\tnet\ttags\tlist\tid.addrs\n" +
	"#types\ttime\taddr\tport\tstring\tcount\tint\tdouble\tinterval\tbool\tenum\tsubnet\tset[string]\tvector[interval]\tset[addr]\n" +
	"1768543200.000001\t10.0.0.1\t65535\t-\t9223372036854775807\t-9223372036854775808\t0.000001\t86400.500000\tT\tA::B\t10.0.0.0/8\ta,\\x2c,(empty),\\x2d,-\t0.500000,-,1.000000\t::1,10.0.0.2\n" +
	"1.999999\tfe80::1\t0\t(empty)\t0\t0\t-1.5\t-0.250000\tF\t(empty)\t::/0\t(empty)\t(empty)\t(empty)\n" +
	"-\t-\t-\t\\x2d\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n" +
	"2.000000\t-\t-\tcaf\u00e9 \\\\ \\x00\\xff\\x09\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n" +
	"3.000000\t-\t-\t\\x28empty)\t-\t-\t-\t-\t-\t-\t-\t\\x0a,\\xfe\t-\t-\n"

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConvertUnknownLog checks that a log unknown to this build keeps its types in
// all forms that record them.
func TestConvertUnknownLog(t *testing.T) {
	path := writeFile(t, "odd.log", []byte(odd))
	for by := range forms {
		got := readTree(t, into(t, "tsv", into(t, by, path)))["odd.log"]
		if !strings.HasPrefix(by, "json") {
			if rowsOf(got) != strings.Replace(odd, "#open\t2026-01-16-14-00-00\n", "", 1) {
				t.Errorf("by %s:\n%s\nwant\n%s", by, got, odd)
			}
			continue
		}
		// In JSON types are guessed from the values, and columns are in order of
		// appearance.
		want := "#fields\tts\tid.orig_h\tid.orig_p\tn\ti\td\tiv\tb\te\tnet\ttags\tlist\tid.addrs\tid.note\n" +
			"#types\ttime\taddr\tport\tcount\tint\tdouble\tdouble\tbool\tstring\tstring\tvector[string]\tvector[double]\tvector[string]\tstring\n"
		if !strings.Contains(got, want) {
			t.Errorf("by %s:\n%s", by, got)
		}
	}
}

// TestConvertLargeCount checks that a count above 2^63-1 becomes 2^63-1 in
// formats with signed integers.
func TestConvertLargeCount(t *testing.T) {
	path := writeFile(t, "large.log", []byte("#separator \\x09\n#path\tlarge\n#fields\tn\n#types\tcount\n18446744073709551615\n"))
	for by := range forms {
		want := "18446744073709551615"
		if !strings.HasPrefix(by, "tsv") && !strings.HasPrefix(by, "json") {
			want = "9223372036854775807"
		}
		if got := rowsOf(readTree(t, into(t, "tsv", into(t, by, path)))["large.log"]); !strings.HasSuffix(got, "\tcount\n"+want+"\n") {
			t.Errorf("by %s: %s", by, got)
		}
	}
}

// TestDiffForms checks that a single different value is found between any two
// forms.
func TestDiffForms(t *testing.T) {
	skipIfOneGoroutine(t)
	path := writeFile(t, "odd.log", []byte(odd))
	changed := writeFile(t, "odd.log", []byte(strings.Replace(odd, "86400.500000", "86400.500001", 1)))
	for a := range forms {
		if strings.HasPrefix(a, "json") {
			continue // enough on one side
		}
		for b := range forms {
			compare := func(b string) *diff.Log {
				logs, err := diff.Compare(into(t, a, path), b, diff.Options{Show: 9, Report: func(err error) { t.Error(err) }})
				if err != nil || len(logs) != 1 {
					t.Fatal(logs, err)
				}
				return logs[0]
			}
			if l := compare(into(t, b, path)); !l.Same() {
				t.Errorf("%s, %s: %+v", a, b, l)
			}
			if l := compare(into(t, b, changed)); l.Equal != 4 || l.Wrong != 1 || l.Fields["iv"] != 1 || len(l.Fields) != 1 {
				t.Errorf("%s, %s: %+v", a, b, l)
			}
		}
	}
}

// find returns the only file of a tree.
func find(t *testing.T, dir string) string {
	t.Helper()
	var found string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatal("no file", err)
	}
	return found
}

// TestConvertDamaged checks that the rows before the damage of a cut or damaged file are
// converted and that the error names its place.
func TestConvertDamaged(t *testing.T) {
	rows := strings.Repeat("1.000000\tabcdefgh\n", 200000)
	path := writeFile(t, "many.log", []byte("#separator \\x09\n#path\tmany\n#fields\tts\tuid\n#types\ttime\tstring\n"+rows))
	for _, tt := range []struct {
		form   string
		damage func([]byte) []byte
		want   string
		most   int // of 200000 rows
	}{
		{"arrow", func(b []byte) []byte { return b[:len(b)/2] }, ", before byte ", 150000},
		{"arrow", func(b []byte) []byte { return b[:len(b)-3] }, "the end of the file is missing", 200000},
		{"arrows", func(b []byte) []byte { return b[:len(b)/2] }, ", before byte ", 150000},
		{"tsv-gzip", func(b []byte) []byte { return b[:len(b)/2] }, "line ", 150000},
		{"parquet", func(b []byte) []byte {
			i := bytes.LastIndex(b[:len(b)/2], []byte{0x28, 0xb5, 0x2f, 0xfd}) // a compressed page
			clear(b[i : i+64])
			return b
		}, "row group 1 of 1, after ", 199999},
		{"parquet", func(b []byte) []byte { return b[:len(b)-1] }, "no footer", 0},
		{"parquet", func(b []byte) []byte { return append(b, "PAR1 and more"...) }, "its last 13 bytes are no whole row group", 200000},
	} {
		whole, err := os.ReadFile(find(t, into(t, tt.form, path)))
		if err != nil {
			t.Fatal(err)
		}
		name := "many." + tt.form
		damaged := writeFile(t, name, tt.damage(bytes.Clone(whole)))
		files, errs, err := convert(t, nil, damaged)
		if !errors.Is(err, ErrConvert) || len(errs) != 1 || !strings.Contains(errs[0], name+": ") || !strings.Contains(errs[0], tt.want) {
			t.Errorf("%s: %q, %v; want %s", tt.form, errs, err, tt.want)
		}
		n := strings.Count(files["many.log"], "\n1.000000\tabcdefgh")
		if n > tt.most || tt.most > 0 && n < 1000 {
			t.Errorf("%s: %d rows, want up to %d", tt.form, n, tt.most)
		}
	}
}

// TestConvertNotFromECS checks that a lossy format is not read.
func TestConvertNotFromECS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ecs")
	opts := ConvertOptions{Paths: []string{writeFile(t, "odd.log", []byte(odd))}, Dir: dir, Format: FormatJSON, Naming: NamingECS}
	if _, err := Convert(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if _, errs, err := convert(t, nil, dir); err == nil || !strings.Contains(strings.Join(errs, ""), "Elastic Common Schema") {
		t.Error(errs, err)
	}
}

func TestConvertOptions(t *testing.T) {
	path := writeFile(t, "odd.log", []byte(odd))
	for i, change := range []func(*ConvertOptions){
		func(o *ConvertOptions) { o.Format, o.Naming = FormatParquet, NamingECS },
		func(o *ConvertOptions) { o.Format, o.Timestamps = FormatTSV, TimestampsISO8601 },
		func(o *ConvertOptions) { o.Format, o.Streaming = FormatParquet, true },
		func(o *ConvertOptions) { o.Format, o.Streaming = FormatTSV, true },
		func(o *ConvertOptions) { o.Format, o.Flat = FormatJSON, true },
		func(o *ConvertOptions) { o.Format, o.Compress = FormatParquet, "gzip" },
		func(o *ConvertOptions) { o.Format, o.Compress = FormatArrow, "gzip" },
		func(o *ConvertOptions) { o.Format, o.Compress = FormatTSV, "lz4" },
	} {
		if files, _, err := convert(t, change, path); err == nil || len(files) > 0 {
			t.Errorf("%d: %d files, %v", i, len(files), err)
		}
	}
	unnamed := writeFile(t, "unnamed.log", []byte(`{"ts":1.5,"uid":"C","id.orig_h":"::1","id.orig_p":1,"id.resp_h":"::2","id.resp_p":2,"proto":"tcp"}`+"\n"))
	files, errs, err := convert(t, func(o *ConvertOptions) { o.Log = "conn" }, unnamed)
	if err != nil || !strings.Contains(files["conn.log"], "#path\tconn\n") {
		t.Errorf("with a log: %q, %v, %v", files, errs, err)
	}
}
