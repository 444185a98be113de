package diff

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// log makes a TSV log from rows with spaces between the values.
func log(path, fields, types string, rows ...string) string {
	tabs := func(s string) string { return strings.Join(strings.Fields(s), "\t") + "\n" }
	text := "#separator \\x09\n#path\t" + path + "\n#fields\t" + tabs(fields) + "#types\t" + tabs(types)
	for _, r := range rows {
		text += tabs(r)
	}
	return text
}

const (
	connFields = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p service duration orig_bytes tunnel_parents"
	connTypes  = "time string addr port addr port string interval count set[string]"
	httpFields = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p uri resp_fuids"
	httpTypes  = "time string addr port addr port string vector[string]"
	filesField = "ts fuid uid source depth"
	filesTypes = "time string string string count"
)

// zeek is the output of one Zeek.
func zeek() map[string]string {
	return map[string]string{
		"conn.log": log("conn", connFields, connTypes,
			"1.5 CA 10.0.0.1 99 10.0.0.2 80 http,ssl 0.25 7 -", "2.5 CB 10.0.0.1 99 10.0.0.2 80 - - 0 CA", "3.0 CC ::1 1 ::2 2 - 1 0 (empty)"),
		"http.log":  log("http", httpFields, httpTypes, `1.6 CA 10.0.0.1 99 10.0.0.2 80 /a\x00 FA,FB`),
		"files.log": log("files", filesField, filesTypes, "1.7 FA CA HTTP 0", "1.8 FB CA HTTP 0"),
	}
}

// ours has the same rows in JSON, with other identifiers and in another order.
func ours() map[string]string {
	return map[string]string{
		"conn.log": `{"ts":3.0,"uid":"C3","id.orig_h":"::1","id.orig_p":1,"id.resp_h":"::2","id.resp_p":2,"duration":1.0,"orig_bytes":0,"tunnel_parents":[]}` + "\n" +
			`{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":99,"id.resp_h":"10.0.0.2","id.resp_p":80,"service":"ssl,http","duration":0.2500001,"orig_bytes":7}` + "\n" +
			`{"ts":2.5,"uid":"C2","id.orig_h":"10.0.0.1","id.orig_p":99,"id.resp_h":"10.0.0.2","id.resp_p":80,"orig_bytes":0,"tunnel_parents":["C1"]}` + "\n",
		"http.ndjson": `{"ts":1.6,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":99,"id.resp_h":"10.0.0.2","id.resp_p":80,"uri":"/a\\x00","resp_fuids":["F1","F2"]}` + "\n",
		"files.log":   log("files", filesField, filesTypes, "1.8 F2 C1 HTTP 0", "1.7 F1 C1 HTTP 0"),
	}
}

// With little memory, everything is sorted in files.
func TestCompareInFiles(t *testing.T) {
	spools, sorts := spoolSize, sortSize
	defer func() { spoolSize, sortSize = spools, sorts }()
	spoolSize, sortSize = 64, 200
	TestCompare(t)
	TestColumns(t)
}

func TestSorter(t *testing.T) {
	sorts := sortSize
	defer func() { sortSize = sorts }()
	var want []string
	for _, sortSize = range []int{1 << 20, 1000, 1} {
		tmp := new(temp)
		s := tmp.sorter()
		for i := range 1000 {
			s.add(fmt.Append(nil, i*7%10), fmt.Appendf(nil, "%04d", i))
		}
		var got []string
		for c := s.sorted(); c.ok; c.next() {
			got = append(got, string(c.key)+" "+string(c.data))
		}
		if want == nil {
			want = slices.Clone(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) || len(got) != 1000 {
			t.Errorf("%d: %q", sortSize, got)
		}
		if err := tmp.close(); err != nil || len(tmp.files) != 0 {
			t.Error(err, tmp.files)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(files map[string]string)
		opts   Options
		differ string // the logs that differ, as log equal/wrong/onlyA/onlyB
		fields string // the columns that differ in them
		shown  string
	}{
		{name: "the same", change: func(map[string]string) {}},
		{
			name: "a value",
			change: func(f map[string]string) {
				f["conn.log"] = strings.Replace(f["conn.log"], `"orig_bytes":7`, `"orig_bytes":8`, 1)
			},
			opts:   Options{Show: 1},
			differ: "conn 2/1/0/0", fields: "orig_bytes", shown: `orig_bytes: A "7", B "8"`,
		},
		{
			name: "a value that is ignored",
			change: func(f map[string]string) {
				f["conn.log"] = strings.Replace(f["conn.log"], `"orig_bytes":7`, `"orig_bytes":8`, 1)
			},
			opts: Options{Ignore: []string{"conn:orig_bytes"}},
		},
		{
			name: "another log",
			change: func(f map[string]string) {
				f["conn.log"] = strings.Replace(f["conn.log"], `"orig_bytes":7`, `"orig_bytes":8`, 1)
			},
			opts: Options{Logs: []string{"http"}},
		},
		{
			name: "unset and empty",
			change: func(f map[string]string) {
				f["conn.log"] = strings.Replace(f["conn.log"], `,"tunnel_parents":[]`, ``, 1)
			},
			differ: "conn 2/1/0/0", fields: "tunnel_parents",
		},
		{
			name:   "the wrong connection",
			change: func(f map[string]string) { f["http.ndjson"] = strings.Replace(f["http.ndjson"], `"C1"`, `"C2"`, 1) },
			differ: "http 0/1/0/0", fields: "uid",
		},
		{
			name: "the wrong file",
			change: func(f map[string]string) {
				f["http.ndjson"] = strings.Replace(f["http.ndjson"], `"F1","F2"`, `"F2","F1"`, 1)
			},
			differ: "http 0/1/0/0", fields: "resp_fuids",
		},
		{
			name:   "an unknown file",
			change: func(f map[string]string) { f["http.ndjson"] = strings.Replace(f["http.ndjson"], `"F1"`, `"F9"`, 1) },
			differ: "http 0/1/0/0", fields: "resp_fuids",
		},
		{
			name: "a row missing",
			change: func(f map[string]string) {
				_, f["conn.log"], _ = strings.Cut(f["conn.log"], "\n")
			},
			opts:   Options{Show: 3},
			differ: "conn 2/0/1/0", shown: `only in A: ts="3.000000"`,
		},
		{
			name:   "a row twice",
			change: func(f map[string]string) { f["http.ndjson"] += f["http.ndjson"] },
			differ: "http 1/0/0/1",
		},
		{name: "a log missing", change: func(f map[string]string) { delete(f, "http.ndjson") }, differ: "http 0/0/1/0"},
		{
			name:   "a log of Zeek's own",
			change: func(f map[string]string) { f["stats.log"] = log("stats", "ts", "time", "1.0") },
		},
		{
			name:   "that log by name",
			change: func(f map[string]string) { f["stats.log"] = log("stats", "ts", "time", "1.0") },
			opts:   Options{Logs: []string{"stats"}},
			differ: "stats 0/0/0/1",
		},
	} {
		files := ours()
		tt.change(files)
		tt.opts.Report = func(err error) { t.Errorf("%s: %v", tt.name, err) }
		logs, err := Compare(folder(t, zeek()), folder(t, files), tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		var differ, fields, shown []string
		for _, l := range logs {
			if l.A != l.Equal+l.Wrong+l.OnlyA || l.B != l.Equal+l.Wrong+l.OnlyB {
				t.Errorf("%s: the sums are wrong: %+v", tt.name, l)
			}
			if !l.Same() {
				differ = append(differ, l.Name+" "+figures(l))
			}
			for f := range l.Fields {
				fields = append(fields, f)
			}
			shown = append(shown, l.Shown...)
		}
		slices.Sort(fields)
		if got := strings.Join(differ, ", "); got != tt.differ {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.differ)
		}
		if got := strings.Join(fields, ", "); got != tt.fields {
			t.Errorf("%s: columns %s, want %s", tt.name, got, tt.fields)
		}
		if got := strings.Join(shown, "\n"); !strings.Contains(got, tt.shown) || len(shown) > tt.opts.Show*len(logs) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.shown)
		}
	}
}

func figures(l *Log) string {
	var parts []string
	for _, n := range []int{l.Equal, l.Wrong, l.OnlyA, l.OnlyB} {
		parts = append(parts, string(rune('0'+n)))
	}
	return strings.Join(parts, "/")
}

// A column that one side lacks is reported, and counts as unset.
func TestColumns(t *testing.T) {
	a := folder(t, map[string]string{"x.log": log("x", "ts a b", "time count count", "1.0 1 -", "2.0 2 5")})
	b := folder(t, map[string]string{"x.log": log("x", "c ts a", "count time count", "- 1.0 1", "- 2.0 2")})
	logs, err := Compare(a, b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := logs[0]
	if figures(l) != "1/1/0/0" || l.Fields["b"] != 1 || !slices.Equal(l.ColumnsA, []string{"b"}) || !slices.Equal(l.ColumnsB, []string{"c"}) {
		t.Errorf("%+v", l)
	}
}

func TestErrors(t *testing.T) {
	good := folder(t, zeek())
	if _, err := Compare(good, t.TempDir(), Options{}); err == nil {
		t.Error("a folder without logs: no error")
	}
	if _, err := Compare(filepath.Join(good, "nothing"), good, Options{}); err == nil {
		t.Error("no folder: no error")
	}
	bad := ours()
	bad["files.log"] += "x\n"
	var errs []string
	logs, err := Compare(good, folder(t, bad), Options{Report: func(err error) { errs = append(errs, err.Error()) }})
	if err != nil || len(errs) != 1 || !strings.Contains(errs[0], "files.log:7: 1 columns, want 5") {
		t.Errorf("%q, %v", errs, err)
	}
	for _, l := range logs {
		if !l.Same() {
			t.Errorf("%+v", l)
		}
	}
}
