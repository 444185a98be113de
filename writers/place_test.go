package writers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/row"
	"github.com/wirelog/wirelog/writers/tsv"
)

// memory is a place that keeps the rows of each stream as text, made from replayed
// values.
type memory struct {
	streams map[string]*memoryStream
	env     writers.Env
	closed  bool
	refuse  error // of Open
	limit   int   // rows per stream; 0 is no limit
}

type memoryStream struct {
	place  *memory
	info   writers.StreamInfo
	lines  strings.Builder
	rows   int
	ticks  []time.Time
	closed bool
}

var dropFull = writers.NewReason("full", true)

func (p *memory) Type() string { return "memory" }

func (p *memory) Start(env writers.Env) error {
	p.env, p.streams = env, map[string]*memoryStream{}
	return nil
}

func (p *memory) Encoder(info writers.StreamInfo) writers.RowEncoder { return row.New(info.Groups) }

func (p *memory) Open(info writers.StreamInfo) (writers.Stream, error) {
	s := &memoryStream{place: p, info: info}
	p.streams[info.Log] = s
	return s, p.refuse
}

func (p *memory) Close() error {
	for _, s := range p.streams {
		if !s.closed {
			return errors.New("the place was closed before its streams")
		}
	}
	p.closed = true
	return nil
}

func (s *memoryStream) Write(rows []writers.Row) {
	for _, r := range rows {
		if s.rows++; s.place.limit > 0 && s.rows > s.place.limit {
			s.info.Counts.Dropped(dropFull, 1)
			continue
		}
		fmt.Fprintf(&s.lines, "%d %d ", r.Key.Time, r.Key.Num)
		if s.info.Schema == nil {
			s.lines.Write(r.Data)
		} else {
			s.lines.Write(tsv.New(s.info.Schema, s.info.Groups).Append(nil, replayed{s.info.Schema, r.Data}))
		}
		s.info.Counts.Wrote(1)
		s.info.Counts.Bytes(uint64(len(r.Data)))
	}
	s.info.Counts.Mark("calls", false).Add(1)
}

func (s *memoryStream) Tick(now time.Time) { s.ticks = append(s.ticks, now) }
func (s *memoryStream) Flush()             {}
func (s *memoryStream) Close() error       { s.closed = true; return nil }

// replayed is a record read back from a row.
type replayed struct {
	schema *schemas.Schema
	data   []byte
}

func (r replayed) Schema() *schemas.Schema { return r.schema }

func (r replayed) Encode(s schemas.Sink) {
	if err := row.Replay(r.data, s); err != nil {
		panic(err)
	}
}

// A place gets the same rows with the same keys for any number of shards, and the same
// rows as files.
func TestPlaceGetsRowsInOrder(t *testing.T) {
	var batches [][]emission
	num := uint64(0)
	for b := range int64(5) {
		var rows []emission
		for i := range 100 {
			num++
			rows = append(rows, emission{b*1e9 + int64(i)*1e6, writers.ClassPacket, num, i * 7})
		}
		batches = append(batches, rows)
	}
	var want map[string]string
	for _, shards := range []int{1, 2, 3} {
		dir, place := t.TempDir(), new(memory)
		cfg := config(dir)
		cfg.Outputs = append(cfg.Outputs, writers.Output{Place: place})
		cfg.Lines = []writers.Lines{{Name: "events", Outputs: []int{1}}}
		run(t, cfg, batches, shards)
		got := map[string]string{}
		for name, s := range place.streams {
			if got[name] = s.lines.String(); s.rows == 0 {
				delete(got, name)
			}
		}
		if len(got) != 3 || !place.closed {
			t.Fatalf("%d streams, closed %v", len(got), place.closed)
		}
		for _, log := range []string{"conn", "weird"} {
			var rows []string
			for line := range strings.Lines(got[log]) {
				_, line, _ = strings.Cut(line, " ")
				_, line, _ = strings.Cut(line, " ")
				rows = append(rows, line)
			}
			file := slices.DeleteFunc(slices.Collect(strings.Lines(readFile(t, filepath.Join(dir, log+".log")))),
				func(l string) bool { return l[0] == '#' })
			if !slices.Equal(rows, file) {
				t.Errorf("%d shards: the place and the file hold different rows of %s", shards, log)
			}
		}
		if want == nil {
			want = got
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%d shards: %s differs", shards, name)
			}
		}
	}
}

func TestPlaceCounts(t *testing.T) {
	place := &memory{limit: 3}
	m := newMerger(t, writers.Config{
		Outputs: []writers.Output{{Name: "mem", Place: place}},
		Logs:    []*schemas.Schema{&schemas.ConnSchema},
		Sensor:  "tap1",
	})
	c := m.Collector()
	for i := range 5 {
		c.SetCause(int64(i), writers.ClassPacket, uint64(i))
		c.Emit(testlog.Conn())
	}
	m.Merge(c.Flush())
	m.Tick(fixedNow())
	err := m.Close()
	if !errors.Is(err, writers.ErrIncomplete) {
		t.Errorf("Close: %v", err)
	}
	s := conserve(t, m).Streams[0]
	if s.Output != "mem" || s.Format != "memory" || s.Written != 3 || s.Dropped[dropFull] != 2 || s.Lost() != 2 || s.Bytes == 0 {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.Marks, []writers.MarkCount{{Name: "calls", Count: 1}}) {
		t.Errorf("marks %v", s.Marks)
	}
	st := place.streams["conn"]
	if len(st.ticks) != 1 || place.env.Sensor != "tap1" || st.info.Sensor != "tap1" || place.env.Context == nil || place.env.Now == nil {
		t.Errorf("ticks %v, env %+v", st.ticks, place.env)
	}
	if dropFull.String() != "full" || !dropFull.Lost() {
		t.Error("the reason has not the name or loss that it was made with")
	}
}

// A row is in the file after a tick, without another row.
func TestTickWritesFiles(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, config(dir))
	c := m.Collector()
	c.Emit(testlog.Conn())
	m.Merge(c.Flush())
	path := filepath.Join(dir, "conn.log")
	if strings.Contains(readFile(t, path), "CblCHNnmxeyuTZty7") {
		t.Error("rows are not gathered")
	}
	m.Tick(fixedNow())
	if !strings.Contains(readFile(t, path), "CblCHNnmxeyuTZty7") {
		t.Error("the row is not in the file")
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

// A tick that finds the merger at work is made up for when that is done.
func TestTickDuringMerge(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, config(dir))
	c := m.Collector()
	c.Emit(testlog.Conn())
	m.Merge(c.Flush())
	m.Busy(func() { m.Tick(fixedNow()) })
	path := filepath.Join(dir, "conn.log")
	if strings.Contains(readFile(t, path), "CblCHNnmxeyuTZty7") {
		t.Error("the row was written while the merger was locked")
	}
	m.Merge()
	if !strings.Contains(readFile(t, path), "CblCHNnmxeyuTZty7") {
		t.Error("the row is not in the file")
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPlaceThatCannotBeOpened(t *testing.T) {
	place := &memory{refuse: errors.New("no such topic")}
	_, err := writers.New(writers.Config{Outputs: []writers.Output{{Place: place}}, Logs: []*schemas.Schema{&schemas.ConnSchema}})
	if err == nil || !strings.Contains(err.Error(), "no such topic") {
		t.Errorf("New: %v", err)
	}
}

// The error of New says which output or stream of lines it belongs to.
func TestConfigError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	good := writers.Output{Name: "good", Dir: dir, Format: json.Format{}}
	logs := []*schemas.Schema{&schemas.ConnSchema}
	for name, tt := range map[string]struct {
		cfg  writers.Config
		want writers.ConfigError // without Err
	}{
		"place": {
			writers.Config{Outputs: []writers.Output{good, {Name: "bad", Place: &memory{refuse: errors.New("no")}}}},
			writers.ConfigError{Output: 1, Lines: -1, Name: "bad"},
		},
		"rotation": {
			writers.Config{Outputs: []writers.Output{good, {Name: "bad", Format: json.Format{}, Rotation: writers.Rotation{Names: "{nothing}"}}}},
			writers.ConfigError{Output: 1, Lines: -1, Name: "bad"},
		},
		"columns": {
			writers.Config{Outputs: []writers.Output{good, {Name: "bad", Dir: file, Format: json.Format{}, Fields: writers.Fields{Drop: []string{"*"}}}}},
			writers.ConfigError{Output: 1, Lines: -1, Name: "bad"},
		},
		"same file": {
			writers.Config{Outputs: []writers.Output{good, {Name: "bad", Dir: dir, Format: json.Format{}}}},
			writers.ConfigError{Output: 1, Lines: -1, Name: "bad"},
		},
		"file of lines": {
			writers.Config{Outputs: []writers.Output{good}, Lines: []writers.Lines{{Name: "events", Path: filepath.Join(file, "events")}}},
			writers.ConfigError{Output: -1, Lines: 0, Name: "events"},
		},
		"lines in the file of a log": {
			writers.Config{Outputs: []writers.Output{good}, Lines: []writers.Lines{{Name: "events", Path: filepath.Join(dir, "conn.log")}}},
			writers.ConfigError{Output: -1, Lines: 0, Name: "events"},
		},
	} {
		tt.cfg.Logs = logs
		_, err := writers.New(tt.cfg)
		var got *writers.ConfigError
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Err = nil
		if *got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, *got, tt.want)
		}
	}
}

func TestLinesOfAFolder(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, writers.Config{
		Outputs: []writers.Output{{Dir: dir, Format: json.Format{}}},
		Logs:    []*schemas.Schema{&schemas.ConnSchema},
		Lines:   []writers.Lines{{Name: "events", Outputs: []int{0}}},
	})
	mustNotExist(t, filepath.Join(dir, "events.log"))
	c := m.Collector()
	c.CloseLine(0, append(c.OpenLine(0), "{}"...))
	m.Merge(c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	conserve(t, m)
	if got := readFile(t, filepath.Join(dir, "events.log")); got != "{}\n" {
		t.Errorf("events.log: %q", got)
	}
}
