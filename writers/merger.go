package writers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/claims"
)

// A Merger writes what collectors have gathered. Its methods may be called from any
// goroutine, but Merge must be called in the order of batches.
type Merger struct {
	cfg Config
	// streams holds the wanted logs and, from index lines on, the streams of lines.
	streams []*stream
	lines   int
	// byID is the stream of a log by schemas.Schema.ID, or -1. Logs beyond it are not
	// wanted.
	byID []int

	gauged atomic.Pointer[[]*outlet] // those of the layouts
	due    atomic.Pointer[time.Time] // what Tick has asked for, nil if it is done
	mu     sync.Mutex
	// layouts are those that rows may still come for; the last one is in force.
	layouts []*layout
	// live are the targets of layouts, by stream; leaving are those that are being closed,
	// and gone has the counts of those that have been.
	live    []*target
	leaving []*target
	gone    []StreamStats
	closing sync.WaitGroup
	// failed means that a file or place was not closed well.
	failed bool
	// plain are the paths that this run writes, or has written, in place.
	plain map[string]bool
	// claims is nil if Config.Run is.
	claims *claims.Set
	// hurry is done when the time to wait at the end is over.
	hurry  context.Context
	hasten context.CancelFunc
	// clock is the latest time of any row.
	clock      int64
	outOfOrder uint64
	closed     bool
	// dirty and cursors are scratch space of Merge.
	dirty   []int
	cursors []cursor
}

// A stream is one log or stream of lines. Layouts have its targets.
type stream struct {
	name   string
	index  int
	schema *schemas.Schema
	gates  gates
	// joiner makes the rows of notes; nil for a stream without notes.
	joiner *joined
	// last is the key of the last row, if rows is not 0.
	last Key
	rows uint64
	// runs is scratch space of Merge.
	runs []*run
}

// New makes a Merger. It starts the places and creates the files of cfg.Lines; the
// file of a log is created when its first record comes. An error that belongs to
// one output or stream of lines is a *ConfigError.
func New(cfg Config) (*Merger, error) {
	cfg.setDefaults()
	logs := cfg.Logs
	if logs == nil {
		logs = schemas.All()
	}
	ids := 0
	for _, s := range logs {
		ids = max(ids, s.ID+1)
	}
	m := &Merger{byID: make([]int, ids), cfg: cfg, plain: map[string]bool{}}
	m.hurry, m.hasten = context.WithCancel(context.Background())
	if r := cfg.Run; r != nil {
		m.claims = claims.New(claims.Options{
			Reading: r.Reading, Overwrite: r.Overwrite, Perm: cfg.FileMode, DirPerm: dirMode(cfg.FileMode),
			Now: time.Now, Notice: cfg.Notice,
		})
	}
	for i := range m.byID {
		m.byID[i] = -1
	}
	for _, s := range logs {
		if i := m.byID[s.ID]; i >= 0 {
			if m.streams[i].name != s.Name {
				return nil, fmt.Errorf("the logs %s and %s have the same ID", m.streams[i].name, s.Name)
			}
			continue
		}
		if !slices.ContainsFunc(cfg.Outputs, func(o Output) bool { return o.takes(s) }) {
			continue
		}
		st := &stream{name: s.Name, index: len(m.streams), schema: s, gates: gates{sampling: cfg.Sampling}}
		m.addJoiner(st)
		m.byID[s.ID] = len(m.streams)
		m.streams = append(m.streams, st)
	}
	m.lines = len(m.streams)
	for i := range cfg.Lines {
		l := &cfg.Lines[i]
		st := &stream{name: l.Name, index: len(m.streams), gates: gates{sampling: cfg.Sampling}}
		if l.Sampling != (value.Sampling{}) {
			st.gates.sampling = l.Sampling
		}
		st.addLineJoiner(l.Joiner)
		m.streams = append(m.streams, st)
	}
	l, err := m.plan(&cfg, nil)
	if err != nil {
		return nil, err
	}
	m.install(l)
	if err := m.start(l, cfg.Try); err != nil {
		_ = m.Close() // nothing was written, and err tells why
		return nil, err
	}
	return m, nil
}

// layout returns what is in force.
func (m *Merger) layout() *layout { return m.layouts[len(m.layouts)-1] }

func (cfg *Config) setDefaults() {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.FileMode = cmp.Or(cfg.FileMode, DefaultFileMode)
	if cfg.Context == nil {
		cfg.Context = context.Background()
	}
	if cfg.Sampling == (value.Sampling{}) {
		cfg.Sampling = value.DefaultSampling()
	}
	var mu sync.Mutex
	if report := cfg.Report; report == nil {
		cfg.Report = func(error) {}
	} else {
		cfg.Report = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			report(err)
		}
	}
	if notice := cfg.Notice; notice == nil {
		cfg.Notice = func(string) {}
	} else {
		cfg.Notice = func(msg string) {
			mu.Lock()
			defer mu.Unlock()
			notice(msg)
		}
	}
	if cfg.Command == nil {
		cfg.Command = func(hurry context.Context, c *Command) error { return c.Run(hurry) }
	}
	cfg.Outputs = slices.Clone(cfg.Outputs)
	for i := range cfg.Outputs {
		cfg.Outputs[i].Dir = cmp.Or(cfg.Outputs[i].Dir, ".")
	}
}

// streamOf returns the index of the stream of a log, or -1 if it is not wanted.
func (m *Merger) streamOf(s *schemas.Schema) int {
	if s.ID >= len(m.byID) {
		return -1
	}
	return m.byID[s.ID]
}

// Collector makes the collector of a shard.
func (m *Merger) Collector() *Collector {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newCollector(m)
}

// Merge writes the rows of the batches in the order of their keys, and returns the
// batches to their collectors. It takes one batch per shard, or nil for a shard that
// emitted nothing; their order does not matter.
func (m *Merger) Merge(batches ...*Batch) { m.MergeBefore(nil, batches) }

// MergeBefore writes those rows of batches whose keys are below before; nil stands for the
// end. It returns the batches that have rows left, in the memory of batches. They must be
// among those of the next call.
func (m *Merger) MergeBefore(before *Key, batches []*Batch) []*Batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range batches {
		if b == nil {
			continue
		}
		for _, i := range b.dirty {
			st := m.streams[i]
			if len(st.runs) == 0 {
				m.dirty = append(m.dirty, i)
			}
			st.runs = append(st.runs, &b.runs[i])
		}
	}
	for _, i := range m.dirty {
		st := m.streams[i]
		m.mergeStream(st, before)
		for _, r := range st.runs {
			for _, t := range r.targets {
				t.handOver()
			}
		}
		clear(st.runs)
		st.runs = st.runs[:0]
	}
	m.dirty = m.dirty[:0]
	m.passTime()
	m.tick()
	left := batches[:0]
	for _, b := range batches {
		switch {
		case b == nil:
		case b.done():
			b.recycle()
		default:
			left = append(left, b)
		}
	}
	m.leave()
	return left
}

// done reports whether all rows are written.
func (b *Batch) done() bool {
	for _, i := range b.dirty {
		if r := &b.runs[i]; r.merged < len(r.entries) {
			return false
		}
	}
	return true
}

// passTime ends files that are due although they got no row.
func (m *Merger) passTime() {
	for _, st := range m.streams {
		if st.rows > 0 {
			m.clock = max(m.clock, st.last.Time)
		}
	}
	for _, t := range m.live {
		if t.file != nil && t.file.rot != nil {
			t.file.rot.pass(m.clock)
		}
	}
}

// A cursor points at a row of a run.
type cursor struct {
	run *run
	pos int
	// order is nil if the rows of the run are sorted already.
	order []int
}

func (c *cursor) row() int {
	if c.order != nil {
		return c.order[c.pos]
	}
	return c.pos
}

func (c *cursor) key() *Key { return &c.run.entries[c.row()].Key }

func (p *part) row(i int) []byte {
	start := 0
	if i > 0 {
		start = p.end[i-1]
	}
	return p.buf[start:p.end[i]]
}

// less orders rows by key. Rows of different shards have equal keys only if no packet
// caused them; those are ordered by their bytes.
func (c *cursor) less(o *cursor) bool {
	if d := c.key().Compare(o.key()); d != 0 {
		return d < 0
	}
	for i := range min(len(c.run.parts), len(o.run.parts)) {
		if d := bytes.Compare(c.run.parts[i].row(c.row()), o.run.parts[i].row(o.row())); d != 0 {
			return d < 0
		}
	}
	return false
}

// mergeStream writes the rows of st that are below before, or all if it is nil.
func (m *Merger) mergeStream(st *stream, before *Key) {
	cs := m.cursors[:0]
	for _, r := range st.runs {
		if r.merged == len(r.entries) {
			continue
		}
		c := cursor{run: r, pos: r.merged}
		if r.unsorted {
			c.order = make([]int, len(r.entries))
			for i := range c.order {
				c.order[i] = i
			}
			slices.SortStableFunc(c.order, func(a, b int) int {
				return r.entries[a].Compare(&r.entries[b].Key)
			})
		}
		cs = append(cs, c)
	}
	m.cursors = cs
	if len(cs) == 1 {
		c := &cs[0]
		late := st.rows > 0 && c.key().Compare(&st.last) < 0
		n := len(c.run.entries)
		all := c.pos == 0 && (before == nil || c.run.entries[n-1].Compare(before) < 0)
		if all && c.order == nil && len(c.run.gates) == 0 && !late {
			c.run.merged = n
			for i, t := range c.run.targets {
				t.writeAll(c.run, c.run.part(i))
			}
			st.last = c.run.entries[n-1].Key
			st.rows += uint64(n)
			return
		}
	}
	for len(cs) > 0 {
		first := 0
		for i := 1; i < len(cs); i++ {
			if cs[i].less(&cs[first]) {
				first = i
			}
		}
		if before != nil && cs[first].key().Compare(before) >= 0 {
			break
		}
		second := -1
		for i := range cs {
			if i != first && (second < 0 || cs[i].less(&cs[second])) {
				second = i
			}
		}
		c := &cs[first]
		m.writeRow(st, c)
		for c.pos++; c.pos < len(c.run.entries); c.pos++ {
			if second >= 0 && !c.less(&cs[second]) || before != nil && c.key().Compare(before) >= 0 {
				break
			}
			m.writeRow(st, c)
		}
		c.run.merged = c.pos
		if c.pos == len(c.run.entries) {
			cs = slices.Delete(cs, first, first+1)
		}
	}
	clear(m.cursors)
}

// writeRow writes the row at c if its gate passes.
func (m *Merger) writeRow(st *stream, c *cursor) {
	row := c.row()
	e := &c.run.entries[row]
	if st.rows > 0 && e.Compare(&st.last) < 0 {
		m.outOfOrder++
	} else {
		st.last = e.Key
	}
	st.rows++
	if e.gate != 0 {
		g := &c.run.gates[e.gate-1]
		key := c.run.gateKeys[g.off : g.off+g.key]
		if g.kind&schemas.GateJoin != 0 {
			st.join(c.run.layout, key)
			return
		}
		sub := c.run.gateKeys[g.off+g.key : g.off+g.key+g.sub]
		if reason, ok := st.gates.pass(g.kind, key, sub, e.Time); !ok {
			for _, t := range c.run.targets {
				t.drop(reason, 1)
			}
			return
		}
	}
	for i, t := range c.run.targets {
		t.write(&e.Key, c.run.part(i).row(row))
	}
}

// Flush writes what is buffered, for readers that follow the files.
func (m *Merger) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.live {
		if t.file != nil {
			t.file.flush()
		} else {
			t.to.Flush()
		}
	}
}

// Tick tells the places that time passes, and writes what files have buffered, so that
// little is lost if the process is killed (Zeek's Log::flush_interval). Call it about
// once a second with the wall clock. If a Merge is running, which then does it at its end,
// Tick returns at once.
func (m *Merger) Tick(now time.Time) {
	m.due.Store(&now)
	if m.mu.TryLock() {
		m.tick()
		m.mu.Unlock()
	}
}

// tick does what Tick has asked for and is not done.
func (m *Merger) tick() {
	due := m.due.Swap(nil)
	if due == nil || m.closed {
		return
	}
	now := *due
	for _, t := range m.live {
		if t.file != nil {
			t.file.flush()
		} else {
			t.to.Tick(now)
		}
		if t.outlet == nil {
			t.file.alarm.Tick(now, func() (lost, waiting uint64) {
				s := t.stats()
				return s.Lost(), t.file.pending
			})
		}
	}
	for _, o := range m.outlets() {
		o.alarm.Tick(now, func() (lost, waiting uint64) { return m.missing(o) })
	}
	m.leave()
}

// Check asks the places that can tell without a row whether they can be written. A notice
// names those that cannot tell.
func (m *Merger) Check(ctx context.Context) error {
	var errs []error
	for _, o := range m.outlets() {
		if !o.started {
			continue
		}
		if c, ok := o.Place.(Checker); ok {
			errs = append(errs, c.Check(ctx))
		} else {
			m.cfg.Notice("started; whether it takes records shows only when there are some")
		}
	}
	return errors.Join(errs...)
}

// Record adds a file that the run writes by itself to the record of the run's claim of the
// folder, so that a run that replaces this one removes it too. The path is relative to the
// folder. It may be called from any goroutine.
func (m *Merger) Record(dir, path string) { m.claims.Record(dir, path) }

// missing returns how many rows of an output are lost, and how many wait in files.
func (m *Merger) missing(o *outlet) (lost, waiting uint64) {
	for _, t := range m.live {
		if t.outlet != o {
			continue
		}
		s := t.stats()
		lost += s.Lost()
		if t.file != nil {
			waiting += t.file.pending
		}
	}
	return lost, waiting
}

// ErrIncomplete is the error of Merger.Close. Config.Report was told the causes, and Stats has the counts.
var ErrIncomplete = errors.New("the output is incomplete")

// Close writes buffered rows and footers, and closes files and places. Every error
// on the way goes to Config.Report, once. Close returns ErrIncomplete if a file or
// place was not closed well or if rows were lost.
func (m *Merger) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	defer m.hasten()
	if d := m.cfg.StopDeadline; d > 0 {
		defer time.AfterFunc(d, m.hasten).Stop()
	}
	// What an exchange has replaced needs the lock to end.
	m.mu.Unlock()
	m.closing.Wait()
	m.mu.Lock()
	for _, st := range m.streams {
		st.endJoin(m.layout())
	}
	for _, t := range m.live {
		if t.file != nil {
			if err := t.closeFile(m.clock); err != nil {
				m.failed = true // the file has reported it
			}
		} else if t.to != nil {
			m.ended(t.to.Close())
		}
	}
	outlets := m.outlets()
	for _, o := range outlets {
		if o.finisher != nil {
			o.finisher.close()
		}
	}
	for _, o := range outlets {
		if o.started {
			m.ended(o.Place.Close())
		}
	}
	m.ended(m.claims.Close())
	for _, o := range outlets {
		o.alarm.Close()
	}
	complete := !m.failed
	for _, s := range m.streamStats() {
		complete = complete && s.Lost() == 0
	}
	if !complete {
		return ErrIncomplete
	}
	return nil
}

// ended takes what the end of something has come to.
func (m *Merger) ended(err error) {
	if err != nil {
		m.cfg.Report(err)
		m.failed = true
	}
}

// Gauges returns what the places hold that can tell, by the names of their outputs.
func (m *Merger) Gauges() map[string]map[string]uint64 {
	g := make(map[string]map[string]uint64)
	for _, o := range *m.gauged.Load() {
		if p, ok := o.Place.(Gauged); ok {
			g[o.name()] = p.Gauges()
		}
	}
	return g
}

// Stats returns the counts so far. Rows built since their collector's last Flush are not
// included. The counts of an output that an exchange has replaced are added to those of the
// one with its name.
func (m *Merger) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats()
}

// TryStats is Stats if no Merge is running, which may wait for a place.
func (m *Merger) TryStats() (s Stats, ok bool) {
	if !m.mu.TryLock() {
		return s, false
	}
	defer m.mu.Unlock()
	return m.stats(), true
}

func (m *Merger) stats() Stats {
	s := Stats{OutOfOrder: m.outOfOrder, Streams: m.streamStats()}
	for _, st := range m.streams {
		if st.joiner == nil {
			continue
		}
		for name, n := range st.joiner.limits() {
			if n > 0 {
				s.Limits = append(s.Limits, JoinerLimit{st.name, name, n})
			}
		}
	}
	return s
}
