package readers

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/arrow"
	"github.com/wirelog/wirelog/writers/parquet"
	writerrow "github.com/wirelog/wirelog/writers/row"
	"github.com/wirelog/wirelog/writers/tsv"
)

func TestLogName(t *testing.T) {
	for path, want := range map[string]string{
		"a/conn.log":                   "conn",
		"conn.log.gz":                  "conn",
		"conn.2026-01-16-14-00-00.log": "conn",
		"2026-01-16/conn.14:00:00-15:00:00.log.gz":      "conn",
		"conn_20260116_14:00:00.log":                    "conn",
		"conn-2.log":                                    "conn",
		"smb_files.log":                                 "smb_files",
		"smb_files_20260116.log":                        "smb_files",
		"json_streaming_dns.2026-01-16-14-00-00.log":    "dns",
		"x509.log":                                      "x509",
		"lake/conn/date=2026-01-16/hour=07/a-b.parquet": "conn",
		"conn.arrows":                                   "conn",
		"my_log.ndjson":                                 "my_log",
	} {
		if got := logName(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestIsLog(t *testing.T) {
	for path, want := range map[string]bool{
		"conn.log": true, "d/conn.log.gz": true, "conn.log.zst": true, "a.ndjson": true,
		"conn.parquet": true, "conn.arrow": true, "conn.arrows.zst": true, "x.parquet.part": false,
		"conn.log.labeled": true, ".conn.log.tsv.1.open": false, ".conn.log": false, "conn.txt": false, "log": false,
	} {
		if got := IsLog(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// columnarFiles returns the same two rows as Parquet, Arrow file and Arrow stream.
func columnarFiles(t testing.TB) [][]byte {
	s := &schemas.Schema{Name: "conn"}
	for _, f := range []schemas.Field{
		{Name: "ts", Kind: schemas.KindTime}, {Name: "id.orig_h", Kind: schemas.KindAddr}, {Name: "n", Kind: schemas.KindCount},
		{Name: "b", Kind: schemas.KindBool}, {Name: "tags", Kind: schemas.KindString, Container: schemas.SetOf},
	} {
		f.Unsettable = true
		s.Fields = append(s.Fields, f)
	}
	rec := row.New(s)
	var rows []writers.Row
	e := writerrow.New(0)
	for range 2 {
		rows = append(rows, writers.Row{Data: e.Append(nil, rec)})
		rec.Values[0] = row.Value{Set: true, Number: 1768543200e9}
		rec.Values[1], _ = row.Text(schemas.KindAddr, "10.0.0.1")
		rec.Values[2], rec.Values[3] = row.Value{Set: true, Number: 7}, row.Bool(true)
		rec.Values[4] = row.Value{Set: true, List: []row.Value{{Set: true, Text: "a"}, {}}}
	}
	dir := t.TempDir()
	stream := arrow.Default(filepath.Join(dir, "stream"))
	stream.Form = arrow.FormStream
	for _, p := range []writers.Place{
		parquet.New(parquet.Default(filepath.Join(dir, "parquet"))), arrow.New(arrow.Default(filepath.Join(dir, "file"))), arrow.New(stream),
	} {
		env := writers.Env{Context: t.Context(), Now: time.Now, Report: func(err error) { t.Error(err) }, Notice: func(string) {}}
		if err := p.Start(env); err != nil {
			t.Fatal(err)
		}
		st, err := p.Open(writers.StreamInfo{Log: s.Name, Schema: s, Counts: new(writers.Counts), Env: env})
		if err != nil {
			t.Fatal(err)
		}
		st.Write(rows)
		if err := errors.Join(st.Close(), p.Close()); err != nil {
			t.Fatal(err)
		}
	}
	var files [][]byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files = append(files, b)
		return err
	})
	if err != nil || len(files) != 3 {
		t.Fatal(len(files), err)
	}
	return files
}

// A columnar file that is cut anywhere, or that has a changed byte, gives rows or an
// error. No wrong length leads to a large allocation.
func TestDamagedColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "conn.log")
	for _, file := range columnarFiles(t) {
		if n, err := readAll(t, path, file); n != 2 || err != nil {
			t.Errorf("%.8q: %d rows, %v", file, n, err)
		}
		step := 3
		if testing.Short() {
			step = 61
		}
		for i := 8; i < len(file); i += step {
			if n, err := readAll(t, path, file[:i]); n > 2 || err == nil && file[0] != 0xff {
				t.Errorf("%.8q cut at %d: %d rows, %v", file, i, n, err)
			}
			damaged := bytes.Clone(file)
			damaged[i] ^= 0xff
			_, _ = readAll(t, path, damaged)
		}
	}
}

// readAll writes a file, reads it, and returns the number of rows.
func readAll(t *testing.T, path string, data []byte) (rows int, err error) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path, "")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	encoders := make(map[*schemas.Schema]*tsv.Encoder)
	for _, s := range file.Logs() {
		encoders[s] = tsv.New(s, 0)
	}
	for range 1 << 16 {
		rec, err := file.Next()
		var rowErr *row.Error
		switch {
		case err == io.EOF:
			return rows, nil
		case errors.As(err, &rowErr):
		case err != nil:
			return rows, err
		default:
			encoders[rec.Schema()].Append(nil, rec)
			rows++
		}
	}
	t.Error("reading does not end")
	return rows, nil
}

// Whatever a file contains, reading ends, and the rows read can be written.
func FuzzFile(f *testing.F) {
	f.Add([]byte("#separator \\x09\n#path\tx\n#fields\ta\tb\n#types\tcount\tset[addr]\n1\t::1,-\n-\t(empty)\nx\n"))
	f.Add([]byte("#fields\tts\tt\n#types\ttime\tbool\n1.5\tT\n"))
	f.Add([]byte(`{"ts":1.5,"x":[1,"a",null],"y":{"z":1}}` + "\n" + `{"_path":"conn","ts":"2026-01-16T00:00:00Z","uid":"\u0000"}` + "\n"))
	f.Add([]byte(`{"ts":1.5,"id.orig_h":"::1","id.orig_p":70000,"x":-1}`))
	f.Add([]byte(`[{"ts":1.5,"id":{"orig_h":"::1"},"a":[{"b":1},null,{"b":"\u00e9\ud83d\ude00"}]},` + "\n" + `{"a":[],"x":[[1],{}]}]`))
	f.Add([]byte(`{"conn":{"ts":1.5}}` + "\n" + `{"dns":{"ts":"2026-01-16 00:00:00"}}` + "\n" + `{"conn":{"ts":1},"x":{"ts":1}}`))
	f.Add([]byte("\ufeff#path\tx\n#fields\ta   b\n#types\tcount   string\n1   2\n#path\ty\n#fields\ta\n#types\tint\n-1\n#fields\ta\n#types\taddr\n1\n"))
	f.Add([]byte("\xff\xfe#\x00f\x00"))
	for _, file := range columnarFiles(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = readAll(t, filepath.Join(t.TempDir(), "conn.log"), data)
	})
}
