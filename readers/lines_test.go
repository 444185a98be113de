package readers

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wirelog/wirelog/schemas"
	writers "github.com/wirelog/wirelog/writers/json"
)

// read returns the rows of a file, each as its log and JSON, and the errors and notes.
func read(t *testing.T, name, content string) (rows, errs []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	say := func(s string) { errs = append(errs, strings.TrimPrefix(s, filepath.Dir(path)+"/")) }
	f, err := Open(path, "")
	if err != nil {
		say(err.Error())
		return nil, errs
	}
	defer f.Close()
	for {
		rec, err := f.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			say(err.Error())
			continue
		}
		rows = append(rows, rec.Schema().Name+strings.TrimSpace(string(writers.Format{}.New(rec.Schema(), 0).Append(nil, rec))))
	}
	for _, n := range f.Notes() {
		say(n)
	}
	return rows, errs
}

const labelled = "#separator \\x09\n#path\tx\n#fields\ta\tb   label   detailed-label\n#types\tcount\tset[string]   string   string\n"

func TestForms(t *testing.T) {
	utf16le := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for _, tt := range []struct {
		name, file, content string
		rows, errs          []string
	}{
		{"nested", "x.log", `{"ts":"2020-08-24T04:24:54.015046Z","id":{"orig_h":"10.0.0.1","orig_p":1.0},"a":{"b":{"c":true}},"d":{}}`,
			[]string{`x{"ts":1598243094.015046,"id.orig_h":"10.0.0.1","id.orig_p":1,"a.b.c":true}`}, nil},
		{"underscores", "x.log", `{"id_orig_h":"10.0.0.1","id_resp_p":80}`, []string{`x{"id.orig_h":"10.0.0.1","id.resp_p":80}`}, nil},
		{"both names", "x.log", `{"id_orig_h":"10.0.0.1","id.orig_h":"10.0.0.2"}`, []string{`x{"id_orig_h":"10.0.0.1","id.orig_h":"10.0.0.2"}`}, nil},
		{"tagged", "all.log", `{"weird":{"ts":1.5,"name":"n"}}` + "\n" + `{"mine":{"ts":1.5,"n":1}}` + "\n" + `{"box":{"n":1}}`,
			[]string{`weird{"ts":1.5,"name":"n"}`, `mine{"ts":1.5,"n":1}`, `all{"box.n":1}`}, nil},
		{"paths", "all.log", `{"_path":"x","n":1}` + "\n" + `{"_path":"y","_write_ts":"2020-08-24T04:24:54Z","n":"a"}` + "\n" + `{"n":2}` + "\n" + `{"_path":"x","n":2}`,
			[]string{`x{"n":1}`, `y{"n":"a"}`, `all{"n":2}`, `x{"n":2}`}, []string{"all.log: members _system_name and _write_ts, which are no columns, left out: 1"}},
		{"lists of objects", "x.log", `{"a":[{"b":1,"c":"u"},null,{"b":2}]}` + "\n" + `{"a":[]}` + "\n" + `{"n":1}`,
			[]string{`x{"a.b":[1,null,2],"a.c":["u",null,null]}`, `x{"a.b":[],"a.c":[]}`, `x{"n":1}`}, nil},
		{"lists and objects", "x.log", `{"a":[1,{"b":2},[3]],"l":[[1],[2,3]]}`, []string{`x{"a":"[1,{\"b\":2},[3]]","l":"[[1],[2,3]]"}`}, nil},
		{"an object and a list", "x.log", `{"a":{"b":1}}` + "\n" + `{"a":[{"b":1}]}`, []string{`x{"a.b":[1]}`}, []string{"x.log:1: a.b: 1 is not an array"}},
		{"twice", "x.log", `{"a":1,"a":2}` + "\n" + `{"a":3}`, []string{`x{"a":3}`}, []string{"x.log:1: a: the object has two of that name"}},
		{"an array", "x.json", `[{"n":1},` + "\n" + `{"n":2}]`, []string{`x{"n":1}`, `x{"n":2}`}, nil},
		{"over several lines", "x.json", "{\n  \"n\": 1,\n  \"s\": \"}\\\"{\"\n}\n{\n  \"n\": 2 3\n}\n{ \"n\": 4 }\nx\n{", []string{`x{"n":1,"s":"}\"{"}`, `x{"n":4}`},
			[]string{"x.json:5: malformed JSON: invalid character '3' after object key:value pair", "x.json:9: text between JSON objects", "x.json:10: the JSON object has no end"}},
		{"a cut line", "x.log", `{"n":1}` + "\n" + `{"n":` + "\n" + `{"n":2}{"n":3}` + "\n5\n" + `{"n":4}`, []string{`x{"n":1}`, `x{"n":4}`},
			[]string{"x.log:2: the JSON object has no end", "x.log:3: more than one JSON object in the line", "x.log:4: no JSON object"}},
		{"bytes", "x.log", "{\"s\":\"\\u00e9\\ud83d\\ude00\\n\\/\",\"t\":\"\xff\"}", []string{"x{\"s\":\"é😀\\n/\",\"t\":\"\\\\xff\"}"}, nil},
		{"names that lie", "x.log", `{"ts":"soon","id.orig_h":"host","id.orig_p":1}`, []string{`x{"ts":"soon","id.orig_h":"host","id.orig_p":1}`}, nil},
		{"times", "x.log", `{"ts":"2020-08-24 04:24:54"}` + "\n" + `{"ts":1598243094015}` + "\n" + `{"ts":"2020-08-24T06:24:54+0200"}`,
			[]string{`x{"ts":1598243094.0}`, `x{"ts":1598243094.015}`, `x{"ts":1598243094.0}`}, []string{"x.log: times without a zone, taken as UTC: 1"}},
		{"null is no number", "x.log", `{"d":null,"n":1}` + "\n" + `{"d":1.5}`, []string{`x{"d":null,"n":1}`, `x{"d":1.5}`}, nil},
		{"null is unset", "x.log", `{"d":null,"n":1}` + "\n" + `{"d":1.5,"n":null}`, []string{`x{"n":1}`, `x{"d":1.5}`}, nil},
		{"a known log", "weird.log", `{"ts":1.5,"id":{"orig_h":"x"}}` + "\n" + `{"ts":2.5,"notice":"T","more":[1]}`,
			[]string{`weird{"ts":2.5,"notice":true,"more":[1]}`}, []string{`weird.log:1: id.orig_h: "x" is no addr`}},
		{"a known column with arrays", "conn.log", `{"service":["ssl","http"]}`, []string{`conn{"service":["ssl","http"]}`}, nil},
		{"ECS, nested", "x.log", `{"ecs":{"version":"8"},"event":{"dataset":"zeek.connection"}}`, nil,
			[]string{"x.log: it has the names of the Elastic Common Schema, which do not keep all of a log: convert what it was made from"}},
		{"no log", "x.log", "hello\n", nil, []string{"x.log: neither a log in Zeek's TSV, which begins with #separator, nor one in JSON, Parquet or Arrow"}},
		{"byte-order mark", "x.log", "\ufeff" + labelled + "1\t-   Bad   y z\n", []string{`x{"a":1,"label":"Bad","detailed-label":"y z"}`}, nil},
		{"byte-order mark, JSON", "x.log", "\ufeff" + `{"n":1}` + "\n\ufeff" + `{"n":2}`, []string{`x{"n":1}`, `x{"n":2}`}, nil},
		{"UTF-16", "x.log", utf16le(`{"s":"é😀"}` + "\r\n"), []string{`x{"s":"é😀"}`}, nil},
		{"labels", "x.log", labelled + "1\tu,v   Bad   -\n2\t(empty)\n", []string{`x{"a":1,"b":["u","v"],"label":"Bad"}`},
			[]string{"x.log:6: b: 1 values, want 3 with 3 spaces between them"}},
		{"labels without types", "x.log", "#fields\ta\tb   label\n#types\tcount\tset[string]   string   string\n", nil,
			[]string{`x.log:2: 2 names, 3 types in the column "b   label" with the type "set[string]   string   string"`}},
		{"odd types", "x.log", "#fields\ta\tp\n#types\tset[double]\tpattern\n1.5,2.5e+300\t/x/\n", []string{`x{"a":[1.5,2.5e300],"p":"/x/"}`},
			[]string{"x.log: column p of x has the type pattern, kept as text"}},
		{"headers in the middle", "x.log", "#fields\tts\tn\n#types\ttime\tcount\n1.0\t1\n#path\ty\n#fields\tn\n#types\taddr\n::1\n" +
			"#separator \\x2c\n#path,x\n#fields,b,n,ts\n#types,string,int,time\nu,-1,2020-08-24 04:24:54\n#fields,n\n#types,addr\n::1\n#fields,n,n\n1,1\n",
			[]string{`x{"ts":1.0,"n":1}`, `y{"n":"::1"}`, `x{"ts":1598243094.0,"n":-1,"b":"u"}`},
			[]string{"x.log:14: the type of the column n of x changes from int to addr in the middle of the file",
				"x.log:15: row below a header that cannot be used: the type of the column n of x changes from int to addr in the middle of the file",
				"x.log:17: row below a header that cannot be used: the type of the column n of x changes from int to addr in the middle of the file",
				"x.log: times without a zone, taken as UTC: 1"}},
		{"scope separator", "conn.log", "#fields\tts\tid_orig_h\n#types\ttime\taddr\n1.0\t::1\n", []string{`conn{"ts":1.0,"id.orig_h":"::1"}`}, nil},
	} {
		rows, errs := read(t, tt.file, tt.content)
		if !slices.Equal(rows, tt.rows) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, strings.Join(rows, "\n"), strings.Join(tt.rows, "\n"))
		}
		if !slices.Equal(errs, tt.errs) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, strings.Join(errs, "\n"), strings.Join(tt.errs, "\n"))
		}
		for _, r := range rows {
			if r = r[strings.IndexByte(r, '{'):]; !json.Valid([]byte(r)) {
				t.Errorf("%s: %s", tt.name, r)
			}
		}
	}
}

func TestUnion(t *testing.T) {
	dir := t.TempDir()
	open := func(name, content string) *File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, "x")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var u Union
	files := []*File{
		open("1", `{"a":1,"b":null,"c":1}`), open("2", `{"a":1.5,"b":"::1","c":"t","d":[1]}`),
		open("3", "#fields\tb\te\n#types\taddr\tcount\n::2\t1\n"),
	}
	for _, f := range files {
		if err := u.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Add(open("4", "#fields\tb\n#types\tstring\nx\n")); err == nil || !strings.Contains(err.Error(), "4: the column b of x is string there and addr in a file before") {
		t.Error(err)
	}
	u.Finish()
	var types, rows []string
	for _, f := range u.Logs[0].Fields {
		types = append(types, f.Name+" "+f.ZeekType())
	}
	for _, f := range files {
		for {
			rec, err := f.Next()
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				break
			}
			if rec.Schema() != u.Logs[0] {
				t.Error("a row of another schema")
			}
			rows = append(rows, strings.TrimSpace(string(writers.Format{}.New(rec.Schema(), 0).Append(nil, rec))))
		}
	}
	if got, want := strings.Join(types, ", "), "a double, b addr, c string, d vector[count], e count"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := strings.Join(rows, "\n"), `{"a":1.0,"c":"1"}`+"\n"+`{"a":1.5,"b":"::1","c":"t","d":[1]}`+"\n"+`{"b":"::2","e":1}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	u.Extend()
	if schemas.Lookup("x") != nil || len(u.Logs[0].Fields) != 5 {
		t.Error(u.Logs[0])
	}
}
