package writers_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

func fixedNow() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local) }

func config(dir string) writers.Config {
	return writers.Config{
		Outputs: []writers.Output{{Dir: dir, Format: tsv.Format{}}},
		Now:     fixedNow,
	}
}

func newMerger(t testing.TB, cfg writers.Config) *writers.Merger {
	t.Helper()
	m, err := writers.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// conserve checks that every row is accounted for.
func conserve(t testing.TB, m *writers.Merger) writers.Stats {
	t.Helper()
	s := m.Stats()
	for _, st := range s.Streams {
		sum := st.Written
		for _, n := range st.Dropped {
			sum += n
		}
		if sum != st.Built {
			t.Errorf("%s: built %d, written %d, dropped %v", st.Path, st.Built, st.Written, st.Dropped)
		}
	}
	return s
}

// An emission is one record of an invented run and the data that go with it.
type emission struct {
	time  int64
	class writers.Class
	num   uint64
	conn  int // selects the shard
}

// run distributes rows over shards in batches, as a pipeline does.
func run(t *testing.T, cfg writers.Config, batches [][]emission, shards int) {
	t.Helper()
	m := newMerger(t, cfg)
	cs := make([]*writers.Collector, shards)
	for i := range cs {
		cs[i] = m.Collector()
	}
	for _, rows := range batches {
		for _, r := range rows {
			c := cs[r.conn%shards]
			c.SetCause(r.time, r.class, r.num)
			rec := testlog.Conn()
			rec.TS = value.Time(r.time)
			rec.UID = fmt.Sprint("C", r.num, r.conn)
			c.Emit(rec)
			if r.num%3 == 0 {
				rec.OrigPkts.V = r.num
				c.Emit(rec)
			}
			weird := &schemas.Weird{TS: rec.TS, Name: fmt.Sprint("weird", r.num%5), Peer: "wirelog"}
			c.EmitGated(weird, schemas.Gate{Kind: schemas.GateSample, Key: weird.Name})
			line := c.OpenLine(0)
			c.CloseLine(0, fmt.Appendf(line, `{"ts":%d,"num":%d}`, r.time, r.num))
		}
		flushed := make([]*writers.Batch, shards)
		for i, c := range cs {
			flushed[i] = c.Flush()
		}
		m.Merge(flushed...)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	s := conserve(t, m)
	if s.OutOfOrder != 0 {
		t.Errorf("%d shards: %d rows out of order", shards, s.OutOfOrder)
	}
}

func TestShardsGiveTheSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var batches [][]emission
	num := uint64(0)
	for b := range int64(20) {
		var rows []emission
		for i := range r.IntN(300) {
			num++
			rows = append(rows, emission{b*1e9 + int64(i)*1e6, writers.ClassPacket, num, r.IntN(1000)})
		}
		// Timers due at the end of the batch, with the same deadline.
		for i := range r.IntN(50) {
			conn := i * 7
			rows = append(rows, emission{b*1e9 + 999e6, writers.ClassTimer, uint64(i), conn})
		}
		batches = append(batches, rows)
	}
	results := make(map[int]map[string]string)
	for _, shards := range []int{1, 2, 3, 8} {
		dir := t.TempDir()
		cfg := config(filepath.Join(dir, "tsv"))
		cfg.Outputs = append(cfg.Outputs, writers.Output{Dir: filepath.Join(dir, "json"), Format: json.Format{}})
		cfg.Lines = []writers.Lines{{Name: "events", Path: filepath.Join(dir, "events.jsonl")}}
		run(t, cfg, batches, shards)
		results[shards] = make(map[string]string)
		for _, name := range []string{"tsv/conn.log", "tsv/weird.log", "json/conn.log", "json/weird.log", "events.jsonl"} {
			results[shards][name] = readFile(t, filepath.Join(dir, name))
		}
	}
	for name, want := range results[1] {
		if strings.Count(want, "\n") < 100 {
			t.Errorf("%s has only %d lines", name, strings.Count(want, "\n"))
		}
		for _, shards := range []int{2, 3, 8} {
			if results[shards][name] != want {
				t.Errorf("%s: %d shards give other bytes than one", name, shards)
			}
		}
	}
}

func TestUnsortedBatchIsSorted(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, config(dir))
	c := m.Collector()
	for _, num := range []uint64{3, 1, 2} {
		c.SetCause(10, writers.ClassPacket, num)
		c.Emit(&schemas.Weird{Name: fmt.Sprint("w", num)})
	}
	m.Merge(c.Flush())
	c.SetCause(10, writers.ClassPacket, 1)
	c.Emit(&schemas.Weird{Name: "late"})
	m.Merge(nil, c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if s := conserve(t, m); s.OutOfOrder != 1 {
		t.Errorf("%d rows out of order, want 1", s.OutOfOrder)
	}
	log, err := testlog.ReadFile(filepath.Join(dir, "weird.log"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range log.Rows {
		names = append(names, r["name"])
	}
	if got := strings.Join(names, " "); got != "w1 w2 w3 late" {
		t.Errorf("got %s", got)
	}
}

func TestOnlyWantedLogsAreMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	cfg := config(dir)
	cfg.Logs = []*schemas.Schema{&schemas.WeirdSchema, &schemas.TunnelSchema}
	cfg.Groups = schemas.GroupVLANLogging
	m := newMerger(t, cfg)
	c := m.Collector()
	if c.On(&schemas.ConnSchema) || !c.On(&schemas.WeirdSchema) || c.Groups() != cfg.Groups {
		t.Error("the wrong logs or columns are on")
	}
	if c.Flush() != nil {
		t.Error("an empty batch is not nil")
	}
	c.Emit(testlog.Conn())
	m.Merge(c.Flush())
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the folder was made before there was a record: ", err)
	}
	c.Emit(&schemas.Weird{Name: "x"})
	if c.Buffered() == 0 {
		t.Error("nothing is buffered")
	}
	m.Merge(c.Flush())
	m.Flush()
	if got := readFile(t, filepath.Join(dir, "weird.log")); !strings.HasPrefix(got, "#separator") || strings.Count(got, "\n") != 9 {
		t.Errorf("after Flush: %q", got)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error("second Close: ", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want weird.log alone", entries, err)
	}
	if got := readFile(t, filepath.Join(dir, "weird.log")); !strings.HasSuffix(got, "\n#close\t2026-01-02-03-04-05\n") {
		t.Errorf("the footer is missing: %q", got)
	}
	conserve(t, m)
}

func TestExistingLogIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "weird.log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("old\n"), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	m := newMerger(t, config(dir))
	c := m.Collector()
	c.Emit(&schemas.Weird{Name: "x"})
	m.Merge(c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(readFile(t, path), "old") {
		t.Error("old rows are left")
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "weird.log")); err != nil {
		t.Skip(err)
	}
	cfg := config(dir)
	var reports []error
	cfg.Report = func(err error) { reports = append(reports, err) }
	m := newMerger(t, cfg)
	c := m.Collector()
	c.Emit(&schemas.Weird{Name: "x"})
	m.Merge(c.Flush())
	if err := m.Close(); !errors.Is(err, writers.ErrIncomplete) {
		t.Errorf("got error %v", err)
	}
	if len(reports) != 1 || !strings.Contains(reports[0].Error(), "weird.log") {
		t.Errorf("got reports %v", reports)
	}
	if got := readFile(t, outside); got != "precious" {
		t.Errorf("the file outside holds %q", got)
	}
	for _, st := range conserve(t, m).Streams {
		if st.Log == "weird" && st.Dropped[writers.DropOpen] != 1 {
			t.Errorf("dropped %v", st.Dropped)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	dir := t.TempDir()
	evil := schemas.WeirdSchema
	for name, change := range map[string]func(*writers.Config){
		"name": func(c *writers.Config) { evil.Name = "../weird"; c.Logs = []*schemas.Schema{&evil} },
		"same file": func(c *writers.Config) {
			c.Outputs = append(c.Outputs, writers.Output{Dir: dir, Format: json.Format{}})
		},
		"lines over log": func(c *writers.Config) {
			c.Lines = []writers.Lines{{Name: "events", Path: filepath.Join(dir, ".", "conn.log")}}
		},
		"no folder": func(c *writers.Config) {
			c.Lines = []writers.Lines{{Name: "events", Path: filepath.Join(dir, "none", "events")}}
		},
	} {
		cfg := config(dir)
		change(&cfg)
		if _, err := writers.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Gates must see the records of all shards in order, for every format.
func TestGates(t *testing.T) {
	const minute = int64(time.Minute)
	dir := t.TempDir()
	cfg := config(dir)
	cfg.Sampling = value.Sampling{Threshold: 2, Rate: 3, Duration: 10 * time.Minute}
	cfg.Lines = []writers.Lines{{Name: "events", Path: filepath.Join(dir, "events")}}
	m := newMerger(t, cfg)
	c := m.Collector()
	emit := func(at int64, name string, g schemas.Gate) {
		c.SetCause(at, writers.ClassPacket, uint64(at))
		c.EmitGated(&schemas.Weird{TS: value.Time(at), Name: name}, g)
		c.CloseLineGated(0, append(c.OpenLine(0), name...), g)
	}
	for i := range int64(9) {
		emit(i, fmt.Sprint("sample", i), schemas.Gate{Kind: schemas.GateSample, Key: "s"})
		emit(i, fmt.Sprint("sub", i), schemas.Gate{Kind: schemas.GateSample, Key: "t", Sub: fmt.Sprint(i % 3)})
		emit(i, fmt.Sprint("repeat", i), schemas.Gate{Kind: schemas.GateRepeat, Key: "s"})
		emit(i, fmt.Sprint("both", i), schemas.Gate{Kind: schemas.GateSample | schemas.GateRepeat, Key: fmt.Sprint("b", i/4)})
		emit(i, fmt.Sprint("daily", i), schemas.Gate{Kind: schemas.GateDaily, Key: "s"})
	}
	later := 10 * minute
	emit(later, "sample-later", schemas.Gate{Kind: schemas.GateSample, Key: "s"})
	emit(later, "repeat-later", schemas.Gate{Kind: schemas.GateRepeat, Key: "s"})
	emit(later, "daily-later", schemas.Gate{Kind: schemas.GateDaily, Key: "s"})
	emit(24*60*minute, "daily-next", schemas.Gate{Kind: schemas.GateDaily, Key: "s"})
	m.Merge(c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	want := "sample0 sub0 repeat0 both0 daily0 sample1 sub1 sub2 sub3 sample4 sub4 both4 sub5 sample7 both8 " +
		"sample-later repeat-later daily-next"
	if got := strings.Join(strings.Fields(readFile(t, filepath.Join(dir, "events"))), " "); got != want {
		t.Errorf("events\n got %s\nwant %s", got, want)
	}
	log, err := testlog.ReadFile(filepath.Join(dir, "weird.log"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range log.Rows {
		names = append(names, r["name"])
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("weird.log\n got %s\nwant %s", got, want)
	}
	conserve(t, m)
}

func TestCollectorAllocations(t *testing.T) {
	cfg := config(t.TempDir())
	m := newMerger(t, cfg)
	c := m.Collector()
	rec := testlog.Conn()
	batch := func() {
		for i := range uint64(1000) {
			c.SetCause(int64(i), writers.ClassPacket, i)
			c.Emit(rec)
		}
		m.Merge(c.Flush())
	}
	for range 10 {
		batch()
	}
	if n := testing.AllocsPerRun(20, batch); n > 10 {
		t.Errorf("%v allocations for a batch of 1000 records", n)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

func benchmark(b *testing.B, f writers.Format, shards int) {
	const records = 1_000_000
	rec := testlog.Conn()
	for b.Loop() {
		m := newMerger(b, writers.Config{Outputs: []writers.Output{{Dir: b.TempDir(), Format: f}}})
		cs := make([]*writers.Collector, shards)
		for i := range cs {
			cs[i] = m.Collector()
		}
		batches := make([]*writers.Batch, shards)
		for i := range uint64(records) {
			c := cs[i*2654435761>>16%uint64(shards)]
			c.SetCause(int64(i), writers.ClassPacket, i)
			c.Emit(rec)
			if i%10_000 == 9_999 {
				for j := range cs {
					batches[j] = cs[j].Flush()
				}
				m.Merge(batches...)
			}
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkTSV1(b *testing.B)  { benchmark(b, tsv.Format{}, 1) }
func BenchmarkTSV8(b *testing.B)  { benchmark(b, tsv.Format{}, 8) }
func BenchmarkJSON1(b *testing.B) { benchmark(b, json.Format{}, 1) }
func BenchmarkJSON8(b *testing.B) { benchmark(b, json.Format{}, 8) }
