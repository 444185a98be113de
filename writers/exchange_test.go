package writers_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// emitter emits weirds named by numbers that rise.
type emitter struct {
	m    *writers.Merger
	list []*writers.Collector
	n    int
}

func newEmitter(m *writers.Merger, collectors int) *emitter {
	e := &emitter{m: m}
	for range collectors {
		e.list = append(e.list, m.Collector())
	}
	return e
}

// round emits a row of each collector and merges them.
func (e *emitter) round() {
	var batches []*writers.Batch
	for _, c := range e.list {
		e.n++
		at := time.Unix(1_700_000_000+int64(e.n), 0)
		c.SetCause(at.UnixNano(), writers.ClassPacket, uint64(e.n))
		c.Emit(&schemas.Weird{TS: value.Time(at.UnixNano()), Name: string(rune('a' + e.n - 1))})
		batches = append(batches, c.Flush())
	}
	e.m.Merge(batches...)
}

func (e *emitter) follow(x *writers.Exchange, collectors ...int) {
	for _, i := range collectors {
		e.list[i].Follow(x)
	}
}

// letters returns the names of the weirds of all files below dir.
func letters(t *testing.T, dir string) (all string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for line := range strings.Lines(readFile(t, f)) {
			if !strings.HasPrefix(line, "#") {
				all += strings.Fields(line)[6]
			}
		}
	}
	return all
}

var weirdLog = []*schemas.Schema{&schemas.WeirdSchema}

func exchange(t *testing.T, m *writers.Merger, outputs ...writers.Output) *writers.Exchange {
	t.Helper()
	x, err := m.Prepare(writers.Config{Outputs: outputs})
	if err == nil {
		err = m.Install(x)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Rows go to the outputs that were in force when they were built, also while some
// collectors have followed and others have not. What goes on is not closed.
func TestExchange(t *testing.T) {
	dir := t.TempDir()
	out := func(name string) writers.Output {
		return writers.Output{Name: name, Dir: filepath.Join(dir, name), Format: tsv.Format{}, Logs: weirdLog}
	}
	kept, old, fresh := out("kept"), out("old"), out("fresh")
	place := &memory{}
	m := newMerger(t, writers.Config{Outputs: []writers.Output{kept, old, {Name: "place", Place: place, Logs: weirdLog}}, Logs: weirdLog, Now: fixedNow, Run: &writers.Run{}})
	e := newEmitter(m, 2)
	e.round() // a b
	kept.Continues = 1
	kept.Where = map[string]string{"weird": "name != 'f'"}
	x := exchange(t, m, kept, fresh, writers.Output{Name: "place", Place: &memory{}, Logs: weirdLog, Continues: 3})
	e.follow(x, 1)
	e.round() // c: before, d: after
	if got := letters(t, filepath.Join(dir, "fresh")); got != "" {
		t.Errorf("written at once: %q", got)
	}
	e.follow(x, 0, 1)
	e.round() // e f
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"kept": "abcde", "old": "abc", "fresh": "def"} {
		if got := letters(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
		if text := readFile(t, filepath.Join(dir, name, "weird.log")); strings.Count(text, "#separator") != 1 || strings.Count(text, "#close") != 1 {
			t.Errorf("%s was not written as one file:\n%s", name, text)
		}
	}
	if n := place.streams["weird"].rows; n != 6 {
		t.Errorf("the place that goes on has %d rows", n)
	}
	built := map[string]uint64{}
	for _, s := range conserve(t, m).Streams {
		built[s.Output] += s.Built
	}
	if built["kept"] != 6 || built["old"] != 3 || built["fresh"] != 3 || built["place"] != 6 {
		t.Errorf("built %v", built)
	}
}

// What an exchange cannot do is refused, and the outputs before go on.
func TestExchangeRefused(t *testing.T) {
	dir := t.TempDir()
	plain := writers.Output{Dir: dir, Format: tsv.Format{}, Logs: weirdLog}
	m := newMerger(t, writers.Config{Outputs: []writers.Output{plain}, Logs: weirdLog, Now: fixedNow, Run: &writers.Run{Overwrite: true}})
	e := newEmitter(m, 1)
	e.round()
	dropped := plain
	dropped.Continues, dropped.Fields.Drop = 1, []string{"notice"}
	for name, o := range map[string]writers.Output{
		"other columns in a file":  dropped,
		"another file of the name": plain,
		"a place that fails":       {Place: &memory{refuse: errors.New("no such place")}, Logs: weirdLog},
	} {
		_, err := m.Prepare(writers.Config{Outputs: []writers.Output{o}})
		var ce *writers.ConfigError
		if !errors.As(err, &ce) || ce.Output != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.round()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got := letters(t, dir); got != "ab" {
		t.Errorf("%q", got)
	}
	if _, err := m.Prepare(writers.Config{Outputs: []writers.Output{plain}}); err == nil {
		t.Error("an exchange after the end")
	}
}

// A file that grows has its plain name before and after an exchange of the folder's output;
// files that were begun before are finished beside it.
func TestExchangeOfRotatedFiles(t *testing.T) {
	dir := t.TempDir()
	o := writers.Output{Name: "out", Dir: dir, Format: json.Format{}, Logs: weirdLog, RunID: "one", Rotation: writers.Rotation{Interval: 24 * 365 * time.Hour, UTC: true}}
	m := newMerger(t, writers.Config{Outputs: []writers.Output{o}, Logs: weirdLog, Run: &writers.Run{}})
	e := newEmitter(m, 1)
	e.round()
	o.RunID, o.Rotation.Compress = "two", "gzip"
	x := exchange(t, m, o)
	e.follow(x, 0)
	e.round()
	m.Flush()
	if text := readFile(t, filepath.Join(dir, "weird.log")); !strings.Contains(text, `"name":"b"`) || strings.Contains(text, `"name":"a"`) {
		t.Errorf("the plain name has %s", text)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "weird.*")); len(files) != 2 || !strings.HasSuffix(files[0], ".log") || !strings.HasSuffix(files[1], ".log.gz") {
		t.Errorf("files %q", files)
	}
	conserve(t, m)
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, writers.Config{Logs: weirdLog, Outputs: []writers.Output{
		{Name: "r", Dir: filepath.Join(dir, "r"), Format: tsv.Format{}, Rotation: writers.Rotation{Interval: time.Hour, UTC: true}},
		{Name: "plain", Dir: filepath.Join(dir, "p"), Format: tsv.Format{}},
	}})
	if files, _ := m.Rotate(); files != 0 {
		t.Errorf("%d files were ended before there was one", files)
	}
	e := newEmitter(m, 1)
	e.round()
	if files, without := m.Rotate(); files != 1 || len(without) != 1 || without[0] != "plain" {
		t.Errorf("%d files ended, not rotated: %q", files, without)
	}
	e.round()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "r", "weird*")); len(files) != 2 || len(letters(t, filepath.Join(dir, "r"))) != 2 || letters(t, filepath.Join(dir, "p")) != "ab" {
		t.Errorf("files %q", files)
	}
}

// unsettled is a place whose rows wait until they are released.
type unsettled struct {
	memory
	released chan struct{}
	env      writers.Env
	info     writers.StreamInfo
	rows     uint64
}

func (u *unsettled) Start(env writers.Env) error { u.env = env; return nil }

func (u *unsettled) Open(info writers.StreamInfo) (writers.Stream, error) {
	u.info = info
	return u, nil
}
func (u *unsettled) Write(rows []writers.Row) { u.rows += uint64(len(rows)) }
func (u *unsettled) Tick(time.Time)           {}
func (u *unsettled) Flush()                   {}
func (u *unsettled) Close() error {
	if u.rows == 0 {
		return nil
	}
	select {
	case <-u.released:
		u.info.Counts.Wrote(u.rows)
	case <-u.env.Hurry.Done():
		u.info.Counts.Dropped(writers.DropWrite, u.rows)
	}
	u.rows = 0
	return nil
}

func TestMark(t *testing.T) {
	u := &unsettled{released: make(chan struct{})}
	m := newMerger(t, writers.Config{Logs: weirdLog, Outputs: []writers.Output{{Dir: t.TempDir(), Format: tsv.Format{}}, {Name: "u", Place: u}}})
	e := newEmitter(m, 1)
	safely := func(check func() (bool, bool)) bool {
		t.Helper()
		safe, whole := check()
		if !whole {
			t.Error("rows are lost")
		}
		return safe
	}
	if !safely(m.Mark()) {
		t.Error("no row is not safe")
	}
	e.round()
	mark := m.Mark()
	u.info.Counts.Wrote(1)
	u.rows = 0
	if safely(mark) {
		t.Error("a row in memory is safe")
	}
	m.Flush()
	if !safely(mark) {
		t.Error("a row in a file is not safe")
	}
	e.round()
	mark = m.Mark()
	if safely(mark) {
		t.Error("rows are safe that a place has not settled")
	}
	u.info.Counts.Dropped(writers.DropWrite, 1)
	u.rows = 0
	m.Flush()
	if safe, whole := mark(); !safe || whole {
		t.Errorf("a row is lost: safe %v, whole %v", safe, whole)
	}
	if err := m.Close(); !errors.Is(err, writers.ErrIncomplete) {
		t.Fatal(err)
	}
}

// The time to wait at the end is for all outputs, and what is lost then is counted.
func TestStopDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	u := &unsettled{released: make(chan struct{})}
	m := newMerger(t, writers.Config{Context: ctx, Logs: weirdLog, Outputs: []writers.Output{{Name: "u", Place: u}}, StopDeadline: time.Millisecond})
	newEmitter(m, 1).round()
	if err := m.Close(); !errors.Is(err, writers.ErrIncomplete) {
		t.Errorf("%v", err)
	}
	if s := conserve(t, m).Streams[0]; s.Lost() != 1 {
		t.Errorf("%+v", s)
	}
}
