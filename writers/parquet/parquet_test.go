package parquet

import (
	"bytes"
	stdjson "encoding/json"
	"io/fs"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/columns"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/row"
)

// open starts a place with one stream.
func open(t testing.TB, s Settings, schema *schemas.Schema, env writers.Env) (*Place, *stream, *writers.Counts) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	p, counts := New(s), new(writers.Counts)
	if err := p.Start(env); err != nil {
		t.Fatal(err)
	}
	st, err := p.Open(writers.StreamInfo{Log: schema.Name, Schema: schema, Counts: counts, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return p, st.(*stream), counts
}

// closed closes the stream and the place.
func closed(t testing.TB, p *Place, s *stream) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if p.used != 0 {
		t.Errorf("%d bytes are in use after all was closed", p.used)
	}
}

// files returns the files of a tree as rows, by their paths in it.
func files(t testing.TB, root string) map[string][]map[string]any {
	t.Helper()
	list := map[string][]map[string]any{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			list[filepath.ToSlash(name)] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// readFile returns the rows of a file as JSON values by Zeek's names.
func readFile(t testing.TB, path string) []map[string]any {
	t.Helper()
	h, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	fi, err := h.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(h, fi.Size())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	leaves := f.Schema().Columns()
	r := parquet.NewReader(f)
	defer r.Close()
	var rows []map[string]any
	buf := make([]parquet.Row, 64)
	for {
		n, err := r.ReadRows(buf)
		for _, values := range buf[:n] {
			got := map[string]any{}
			for _, v := range values {
				path := leaves[v.Column()]
				name := strings.TrimSuffix(strings.Join(path, "."), ".list.element")
				node := f.Schema().Fields()[0].(parquet.Node)
				if leaf, ok := f.Schema().Lookup(path...); ok {
					node = leaf.Node
				}
				switch list := len(path) > 1 && path[len(path)-1] == "element"; {
				case !list && v.DefinitionLevel() == scalarSet:
					got[name] = valueOf(node, v)
				case list && v.DefinitionLevel() == listEmpty:
					got[name] = []any{}
				case list && v.DefinitionLevel() >= elementNull:
					old, _ := got[name].([]any)
					got[name] = append(old, valueOf(node, v))
				}
			}
			rows = append(rows, got)
		}
		if err != nil {
			break
		}
	}
	if int64(len(rows)) != f.NumRows() {
		t.Errorf("%s: %d of %d rows were read", path, len(rows), f.NumRows())
	}
	return rows
}

func valueOf(node parquet.Node, v parquet.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Kind() == parquet.Boolean:
		return v.Boolean()
	case v.Kind() == parquet.Double && (math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0)):
		return nil
	case v.Kind() == parquet.Double:
		return v.Double()
	case v.Kind() == parquet.ByteArray:
		return string(v.ByteArray())
	case node.Type().LogicalType() != nil && strings.HasPrefix(node.Type().LogicalType().Value.String(), "TIMESTAMP"):
		return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02T15:04:05.000000Z")
	case v.Kind() == parquet.Int32:
		return float64(v.Int32())
	default:
		return float64(v.Int64())
	}
}

// asJSON returns a record as read from Zeek's JSON.
func asJSON(t testing.TB, rec schemas.Record) map[string]any {
	t.Helper()
	line := json.Format{Timestamps: json.ISO8601}.New(rec.Schema(), 0).Append(nil, rec)
	var v map[string]any
	if err := stdjson.Unmarshal(line, &v); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return v
}

func rowOf(rec schemas.Record, at time.Time) writers.Row {
	return writers.Row{Key: writers.Key{Time: at.UnixNano()}, Data: row.New(0).Append(nil, rec)}
}

var noon = time.Date(2026, 1, 16, 12, 30, 0, 0, time.UTC)

func fieldOf(name string, kind schemas.Kind, c schemas.Container) schemas.Field {
	return schemas.Field{Name: name, Kind: kind, Container: c}
}

// oneField is a record with one field of every kind.
func everyKind(set bool) testlog.Record {
	column := func(f schemas.Field, pass func(schemas.Sink)) testlog.Column {
		if !set {
			pass = func(s schemas.Sink) { s.Unset() }
		}
		return testlog.Column{Field: f, Pass: pass}
	}
	return testlog.Record{
		column(fieldOf("ts", schemas.KindTime, 0), func(s schemas.Sink) { s.Time(1768566600123456789) }),
		column(fieldOf("b", schemas.KindBool, 0), func(s schemas.Sink) { s.Bool(true) }),
		column(fieldOf("n.count", schemas.KindCount, 0), func(s schemas.Sink) { s.Count(1 << 40) }),
		column(fieldOf("n.int", schemas.KindInt, 0), func(s schemas.Sink) { s.Int(-5) }),
		column(fieldOf("between", schemas.KindPort, 0), func(s schemas.Sink) { s.Port(65535) }),
		column(fieldOf("n.double", schemas.KindDouble, 0), func(s schemas.Sink) { s.Double(-0.1) }),
		column(fieldOf("interval", schemas.KindInterval, 0), func(s schemas.Sink) { s.Interval(15.161267042160034) }),
		column(fieldOf("addr", schemas.KindAddr, 0), func(s schemas.Sink) { s.Addr(netip.MustParseAddr("2001:db8::1")) }),
		column(fieldOf("net", schemas.KindSubnet, 0), func(s schemas.Sink) { s.Subnet(netip.MustParsePrefix("10.0.0.0/8")) }),
		column(fieldOf("enum", schemas.KindEnum, 0), func(s schemas.Sink) { s.Enum("Tunnel::GRE") }),
		column(fieldOf("empty", schemas.KindString, 0), func(s schemas.Sink) { s.String("") }),
		column(fieldOf("list.ports", schemas.KindPort, schemas.SetOf), func(s schemas.Sink) {
			s.Begin(schemas.SetOf, 2)
			s.Port(1)
			s.Port(2)
			s.End()
		}),
		column(fieldOf("list.times", schemas.KindInterval, schemas.VectorOf), func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 3)
			s.Interval(1.5)
			s.Unset()
			s.Interval(2.5)
			s.End()
		}),
		column(fieldOf("addrs", schemas.KindAddr, schemas.VectorOf), func(s schemas.Sink) {
			s.Begin(schemas.VectorOf, 0)
			s.End()
		}),
		column(fieldOf("strings", schemas.KindString, schemas.SetOf), func(s schemas.Sink) {
			s.Begin(schemas.SetOf, len(testlog.Awkward))
			for _, v := range testlog.Awkward {
				s.String(v)
			}
			s.End()
		}),
	}
}

// Rows read back equal those of the JSON output: values, nulls, empty lists, order.
func TestReadBack(t *testing.T) {
	for _, flat := range []bool{false, true} {
		for _, records := range [][]schemas.Record{
			{testlog.Conn(), &schemas.Conn{UID: "C2", TunnelParents: value.Set[string]{}}, &schemas.Conn{TunnelParents: value.Set[string]{"a", "b"}}},
			{everyKind(true), everyKind(false), everyKind(true)},
		} {
			settings := Default(t.TempDir())
			settings.Flat = flat
			schema := records[0].Schema().With(0)
			p, s, counts := open(t, settings, schema, testEnv(t, nil))
			var rows []writers.Row
			var want []map[string]any
			for i, rec := range records {
				rows = append(rows, rowOf(rec, noon.Add(time.Duration(i)*time.Second)))
				want = append(want, asJSON(t, rec))
			}
			s.Write(rows)
			closed(t, p, s)
			list := files(t, settings.Root)
			if len(list) != 1 {
				t.Fatalf("files %v", slices.Collect(maps.Keys(list)))
			}
			for name, got := range list {
				if !strings.HasPrefix(name, schema.Name+"/date=2026-01-16/hour=12/"+schema.Name+"-test-") || strings.Contains(name, ":") {
					t.Errorf("name %s", name)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("flat %v:\ngot  %v\nwant %v", flat, got, want)
				}
			}
			if n := counts.Stats().Written; n != uint64(len(records)) {
				t.Errorf("%d rows were counted", n)
			}
		}
	}
}

func TestSchema(t *testing.T) {
	got := newLayout(everyKind(true).Schema(), false).schema.String()
	want := `message test {
	optional int64 ts (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional boolean b;
	required group n {
		optional int64 count (INT(64,true));
		optional int64 int (INT(64,true));
		optional double double;
	}
	optional int32 between (INT(32,true));
	optional double interval;
	optional binary addr (STRING);
	optional binary net (STRING);
	optional binary enum (STRING);
	optional binary empty (STRING);
	required group list {
		optional group ports (LIST) {
			repeated group list {
				optional int32 element (INT(32,true));
			}
		}
		optional group times (LIST) {
			repeated group list {
				optional double element;
			}
		}
	}
	optional group addrs (LIST) {
		repeated group list {
			optional binary element (STRING);
		}
	}
	optional group strings (LIST) {
		repeated group list {
			optional binary element (STRING);
		}
	}
}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	// A struct is not made if a column has its name.
	s := &schemas.Schema{Name: "x", Fields: []schemas.Field{fieldOf("id", schemas.KindString, 0), fieldOf("id.orig_h", schemas.KindAddr, 0)}}
	if c := newLayout(s, false).schema.Columns(); !reflect.DeepEqual(c, [][]string{{"id"}, {"id.orig_h"}}) {
		t.Errorf("columns %v", c)
	}
}

func TestMetadata(t *testing.T) {
	settings := Default(t.TempDir())
	p, s, _ := open(t, settings, schemas.ConnSchema.With(0), testEnv(t, nil))
	s.Write(connRows(2000))
	closed(t, p, s)
	paths, err := filepath.Glob(filepath.Join(settings.Root, "conn/*/*/*.parquet"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"wirelog.log": "conn", "wirelog.sensor": "test", "wirelog.version": "1",
		"zeek.fields": `["ts","uid","id.orig_h",`, "zeek.types": `["time","string","addr","port",`,
	} {
		if got, _ := f.Lookup(key); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %s", key, got)
		}
	}
	chunks := f.RowGroups()[0].ColumnChunks()
	uid, ok := f.Schema().Lookup("uid")
	if !ok || chunks[uid.ColumnIndex].BloomFilter() == nil {
		t.Fatal("no Bloom filter on uid")
	}
	for i, want := range map[string]bool{"C00000000000000000": true, "Cnone": false} {
		if has, err := chunks[uid.ColumnIndex].BloomFilter().Check(parquet.ValueOf(i)); has != want || err != nil {
			t.Errorf("filter: %s: %v, %v", i, has, err)
		}
	}
	for _, path := range [][]string{{"id", "orig_h"}, {"id", "resp_h"}} {
		c, _ := f.Schema().Lookup(path...)
		if chunks[c.ColumnIndex].BloomFilter() == nil {
			t.Errorf("no Bloom filter on %v", path)
		}
	}
	m := f.Metadata().RowGroups[0].Columns[0].MetaData
	if m.Codec.String() != "ZSTD" || len(m.Statistics.MinValue) != 8 || len(m.Statistics.MaxValue) != 8 {
		t.Errorf("ts: %v", m)
	}
}

// Counts too large for a signed integer are clamped and counted; long bounds and NaN are
// left out.
func TestExtremes(t *testing.T) {
	record := func(count uint64, double float64, text string) schemas.Record {
		return testlog.Record{
			{Field: fieldOf("c", schemas.KindCount, 0), Pass: func(s schemas.Sink) { s.Count(count) }},
			{Field: fieldOf("d", schemas.KindDouble, 0), Pass: func(s schemas.Sink) { s.Double(double) }},
			testlog.String("s", text),
		}
	}
	settings := Default(t.TempDir())
	long := strings.Repeat("x", 10000)
	first := record(math.MaxUint64, math.NaN(), long)
	p, s, counts := open(t, settings, first.Schema(), testEnv(t, nil))
	s.Write([]writers.Row{rowOf(first, noon), rowOf(record(1, math.Inf(1), "y"), noon)})
	closed(t, p, s)
	for name, got := range files(t, settings.Root) {
		want := []map[string]any{{"c": float64(math.MaxInt64), "d": nil, "s": long}, {"c": 1.0, "d": nil, "s": "y"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %.200v", name, got)
		}
		if fi, err := os.Stat(filepath.Join(settings.Root, name)); err != nil || fi.Size() > 6000 {
			t.Errorf("%d bytes: a long text is in the footer, %v", fi.Size(), err)
		}
	}
	if marks := counts.Stats().Marks; len(marks) != 1 || marks[0].Name != columns.MarkSaturated || marks[0].Count != 1 {
		t.Errorf("marks %v", marks)
	}
}

// Row groups end at their size, files at theirs, and no row is lost.
func TestRoll(t *testing.T) {
	settings := Default(t.TempDir())
	settings.RowGroup, settings.FileSize = 1<<20, 1<<20
	p, s, counts := open(t, settings, schemas.ConnSchema.With(0), testEnv(t, nil))
	rows := connRows(80000)
	for i := 0; i < len(rows); i += 1000 {
		s.Write(rows[i : i+1000])
	}
	closed(t, p, s)
	seen, groups := map[any]bool{}, 0
	list := files(t, settings.Root)
	for name, rows := range list {
		for _, r := range rows {
			seen[r["uid"]] = true
		}
		b, err := os.ReadFile(filepath.Join(settings.Root, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		groups += len(f.RowGroups())
		for i, g := range f.Metadata().RowGroups {
			for j, want := range f.Schema().Columns() {
				if got := g.Columns[j].MetaData.PathInSchema; !slices.Equal(got, want) {
					t.Fatalf("%s: row group %d: column %d is %q, not %q", name, i, j, got, want)
				}
			}
		}
		if len(b) > 3<<20 {
			t.Errorf("%s has %d bytes", name, len(b))
		}
	}
	if len(seen) != len(rows) || len(list) < 3 || groups <= len(list) || counts.Stats().Written != uint64(len(rows)) {
		t.Errorf("%d rows, %d files, %d row groups, counted %d", len(seen), len(list), groups, counts.Stats().Written)
	}
}

// Memory stays within the budget for any number of logs.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	settings := Default(t.TempDir())
	settings.RowGroup, settings.Memory = 8<<20, 32<<20
	p := New(settings)
	env := testEnv(t, nil)
	if err := p.Start(env); err != nil {
		t.Fatal(err)
	}
	var streams []writers.Stream
	for range 12 {
		s, err := p.Open(writers.StreamInfo{Log: "conn", Schema: schemas.ConnSchema.With(0), Counts: new(writers.Counts), Env: env})
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	rows := connRows(50000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), uint64(0)
	for i := 0; i < len(rows); i += 500 {
		for _, s := range streams {
			s.Write(rows[i : i+500])
		}
		if i%5000 == 0 {
			most = max(most, heap())
		}
	}
	if used := int64(most - before); used > settings.Memory {
		t.Errorf("%d MB for a budget of %d MB", used>>20, settings.Memory>>20)
	} else {
		t.Logf("%d MB for a budget of %d MB", used>>20, settings.Memory>>20)
	}
	for _, s := range streams {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Rows are safe when they are in a file, hidden or not, and Rotate ends the files.
func TestRotateAndMark(t *testing.T) {
	root := t.TempDir()
	p, s, counts := open(t, Default(root), schemas.WeirdSchema.With(0), testEnv(t, nil))
	at := time.Unix(1_700_000_000, 0)
	write := func() {
		s.Write([]writers.Row{rowOf(&schemas.Weird{TS: value.Time(at.UnixNano()), Name: "x"}, at)})
	}
	if !s.Mark()() || s.Rotate() != 0 {
		t.Error("without a row something is not safe, or ended")
	}
	write()
	mark := s.Mark()
	if mark() {
		t.Error("a row in memory is safe")
	}
	s.parts[0].flush()
	if !mark() {
		t.Error("a row in a file is not safe")
	}
	write()
	if mark2 := s.Mark(); mark2() || !mark() {
		t.Error("a later row is safe, or the one before is not any more")
	}
	if n := s.Rotate(); n != 1 || counts.Stats().Written != 2 {
		t.Errorf("%d files ended, %+v", n, counts.Stats())
	}
	write()
	closed(t, p, s)
	if list := files(t, root); len(list) != 2 {
		t.Errorf("%d files", len(list))
	}
}
