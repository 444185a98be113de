package arrow

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/row"
)

func env(t testing.TB, errs *[]error) writers.Env {
	return writers.Env{
		Context: context.Background(), Now: time.Now, Notice: func(string) {}, Sensor: "test", Version: "1",
		Report: func(err error) {
			if errs == nil {
				t.Error(err)
			} else {
				*errs = append(*errs, err)
			}
		},
	}
}

func open(t testing.TB, s Settings, schema *schemas.Schema, e writers.Env) (*stream, *writers.Counts) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	p, counts := New(s), new(writers.Counts)
	if err := p.Start(e); err != nil {
		t.Fatal(err)
	}
	st, err := p.Open(writers.StreamInfo{Log: schema.Name, Schema: schema, Counts: counts, Env: e})
	if err != nil {
		t.Fatal(err)
	}
	return st.(*stream), counts
}

func rowsOf(records ...schemas.Record) []writers.Row {
	var rows []writers.Row
	for _, rec := range records {
		rows = append(rows, writers.Row{Data: row.New(0).Append(nil, rec)})
	}
	return rows
}

// read returns the rows of a file or stream as JSON values by Zeek's names.
func read(t testing.TB, b []byte) (rows []map[string]any, schema *arrow.Schema) {
	t.Helper()
	var next func() (arrow.Record, error)
	if bytes.HasPrefix(b, []byte("ARROW1")) {
		r, err := ipc.NewFileReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		next, schema = r.Read, r.Schema()
	} else {
		r, err := ipc.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		next, schema = r.Read, r.Schema()
	}
	for {
		rec, err := next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return rows, schema
		}
		for i := range int(rec.NumRows()) {
			got := map[string]any{}
			for j, c := range rec.Columns() {
				put(got, rec.ColumnName(j), c, i)
			}
			rows = append(rows, got)
		}
	}
}

func put(to map[string]any, name string, a arrow.Array, i int) {
	switch a := a.(type) {
	case *array.Struct:
		for j := range a.NumField() {
			put(to, name+"."+a.DataType().(*arrow.StructType).Field(j).Name, a.Field(j), i)
		}
	case *array.List:
		if a.IsNull(i) {
			return
		}
		list := []any{}
		start, end := a.ValueOffsets(i)
		for k := start; k < end; k++ {
			list = append(list, valueAt(a.ListValues(), int(k)))
		}
		to[name] = list
	default:
		if a.IsValid(i) {
			to[name] = valueAt(a, i)
		}
	}
}

func valueAt(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int32:
		return float64(a.Value(i))
	case *array.Int64:
		return float64(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Timestamp:
		return time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000000Z")
	case *array.String:
		return a.Value(i)
	}
	return fmt.Sprintf("%T", a)
}

func asJSON(t testing.TB, records ...schemas.Record) (list []map[string]any) {
	t.Helper()
	for _, rec := range records {
		line := json.Format{Timestamps: json.ISO8601}.New(rec.Schema(), 0).Append(nil, rec)
		var v map[string]any
		if err := stdjson.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func awkward() testlog.Record {
	f := func(name string, k schemas.Kind, c schemas.Container) schemas.Field {
		return schemas.Field{Name: name, Kind: k, Container: c}
	}
	return testlog.Record{
		testlog.Strings("a.strings", testlog.Awkward), testlog.Strings("none", nil), testlog.String("a.empty", ""),
		{Field: f("times", schemas.KindTime, schemas.VectorOf), Pass: func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 2)
			s.Time(1768566600123456789)
			s.Unset()
			s.End()
		}},
		{Field: f("port", schemas.KindPort, 0), Pass: func(s schemas.Sink) { s.Port(65535) }},
		{Field: f("unset", schemas.KindSubnet, 0), Pass: func(s schemas.Sink) { s.Unset() }},
		{Field: f("set", schemas.KindCount, schemas.SetOf), Pass: func(s schemas.Sink) { s.Unset() }},
	}
}

// Rows read back, from either form, compressed or not, equal those of the JSON output.
func TestReadBack(t *testing.T) {
	for _, records := range [][]schemas.Record{
		{testlog.Conn(), &schemas.Conn{UID: "C2", TunnelParents: value.Set[string]{}}, &schemas.Conn{TunnelParents: value.Set[string]{"a", "b"}}},
		{awkward(), awkward()},
	} {
		want := asJSON(t, records...)
		for _, form := range []string{formFile, FormStream} {
			for _, compress := range []string{compressNone, compressLZ4, compressZstd} {
				for _, flat := range []bool{false, true} {
					settings := Default(t.TempDir())
					settings.Form, settings.Compress, settings.Flat, settings.Batch = form, compress, flat, 150
					schema := records[0].Schema().With(0)
					s, counts := open(t, settings, schema, env(t, nil))
					s.Write(rowsOf(records...))
					if entries, _ := os.ReadDir(settings.Dir); len(entries) != 1 || entries[0].Name()[0] != '.' {
						t.Errorf("%v is seen before the end", entries)
					}
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					b, err := os.ReadFile(filepath.Join(settings.Dir, schema.Name+settings.ext()))
					if err != nil {
						t.Fatal(err)
					}
					got, read := read(t, b)
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s %s flat %v:\ngot  %v\nwant %v", form, compress, flat, got, want)
					}
					if v, _ := read.Metadata().GetValue("zeek.types"); !strings.HasPrefix(v, `["`) {
						t.Errorf("metadata %v", read.Metadata())
					}
					if entries, _ := os.ReadDir(settings.Dir); len(entries) != 1 {
						t.Errorf("files %v", entries)
					}
					if st := counts.Stats(); st.Written != uint64(len(records)) || st.Lost() != 0 {
						t.Errorf("%+v", st)
					}
				}
			}
		}
	}
}

// A named file is created even without rows, so that its readers find the columns.
func TestNoRows(t *testing.T) {
	settings := Default("")
	settings.Path = filepath.Join(t.TempDir(), "x", "c.arrow")
	s, _ := open(t, settings, schemas.ConnSchema.With(0), env(t, nil))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(settings.Path)
	if err != nil {
		t.Fatal(err)
	}
	if rows, schema := read(t, b); rows != nil || schema.Field(2).Name != "id" {
		t.Errorf("%d rows, %v", len(rows), schema)
	}
	settings = Default(t.TempDir())
	s, _ = open(t, settings, schemas.ConnSchema.With(0), env(t, nil))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(settings.Dir); len(entries) != 0 {
		t.Errorf("files %v", entries)
	}
}

// many writes rows in batches of about ten.
func many(t testing.TB, s *stream, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		s.Write(rowsOf(&schemas.Weird{TS: value.Time(i) * 1e9, Name: strings.Repeat("x", 1000)}))
	}
}

// After a killed run, the next one finishes the complete batches under a name of its
// own.
func TestKilled(t *testing.T) {
	settings := Default(t.TempDir())
	settings.Batch = 10000
	s, _ := open(t, settings, schemas.WeirdSchema.With(0), env(t, nil))
	many(t, s, 0, 55)
	whole, err := os.ReadFile(hidden(filepath.Join(settings.Dir, "weird.arrow")))
	if err != nil {
		t.Fatal(err)
	}
	if open(t, settings, schemas.WeirdSchema.With(0), env(t, nil)); len(whole) == 0 {
		t.Fatal("nothing was written")
	}
	if _, err := os.Stat(hidden(filepath.Join(settings.Dir, "weird.arrow"))); err != nil {
		t.Error("a file that is being written was taken: ", err)
	}
	runtime.KeepAlive(s)
	last := -1
	for cut := 0; cut <= len(whole); cut += 997 {
		dir := t.TempDir()
		settings.Dir = dir
		if err := os.WriteFile(hidden(filepath.Join(dir, "weird.arrow")), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		var notices []string
		e := env(t, nil)
		e.Notice = func(n string) { notices = append(notices, n) }
		open(t, settings, schemas.WeirdSchema.With(0), e)
		n := 0
		if b, err := os.ReadFile(filepath.Join(dir, "weird-recovered.arrow")); err == nil {
			rows, _ := read(t, b)
			n = len(rows)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 1 || len(notices) != 1 || n < last {
			t.Errorf("cut at %d: %d rows after %d, files %v, notices %q", cut, n, last, entries, notices)
		}
		last = n
	}
	if last < 40 {
		t.Errorf("%d rows were recovered", last)
	}
}

// The folder is removed, or cannot be created: every row is counted once.
func TestFolders(t *testing.T) {
	var errs []error
	settings := Default(filepath.Join(t.TempDir(), "logs"))
	settings.Batch = 10000
	s, counts := open(t, settings, schemas.WeirdSchema.With(0), env(t, &errs))
	many(t, s, 0, 100)
	before := counts.Stats().Written
	if err := os.RemoveAll(settings.Dir); err != nil {
		t.Fatal(err)
	}
	many(t, s, 100, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st := counts.Stats(); st.Dropped[writers.DropRemoved] != before || st.Written != 200-before || len(errs) != 1 || !errors.Is(errs[0], errRemoved) {
		t.Errorf("%+v, reports %v", st, errs)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	settings.Dir, errs = filepath.Join(file, "logs"), nil
	s, counts = open(t, settings, schemas.WeirdSchema.With(0), env(t, &errs))
	many(t, s, 0, 6000)
	if s.pendingBytes > maxPending {
		t.Errorf("%d bytes wait", s.pendingBytes)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st := counts.Stats(); st.Written != 0 || st.Dropped[writers.DropOpen] != 6000 || len(errs) > 2 {
		t.Errorf("%+v, reports %v", st, errs)
	}
}

// BenchmarkConn writes connections.
func BenchmarkConn(b *testing.B) {
	rows := rowsOf(testlog.Conn())
	for len(rows) < 500 {
		rows = append(rows, rows...)
	}
	s, _ := open(b, Default(b.TempDir()), schemas.ConnSchema.With(0), env(b, nil))
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		s.Write(rows)
		n += len(rows)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
