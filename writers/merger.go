package writers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// A Merger writes what collectors have taken. Its methods may be called from
// any goroutine, one at a time each; Merge must be called in the order of batches.
type Merger struct {
	cfg Config
	// streams are the wanted logs, then, from index lines on, the streams of lines.
	streams []*stream
	lines   int
	// byID is the stream of a log by schemas.Schema.ID, or -1.
	byID []int

	mu         sync.Mutex
	collectors []*Collector
	// finishers by output, nil for places and files that are not rotated.
	finishers []*finisher
	// clock is the highest time of a row.
	clock int64
	// started are the places that Close must close.
	started    []Place
	outOfOrder uint64
	closed     bool
	// dirty and cursors are scratch of Merge.
	dirty   []int
	cursors []cursor
}

// A stream is one log or stream of lines; it has a target for every output that
// takes it.
type stream struct {
	name    string
	schema  *schemas.Schema
	targets []*target
	gates   gates
	// last is the key of the last row, when rows is not 0.
	last Key
	rows uint64
	// runs is scratch of Merge.
	runs []*run
}

// New makes a Merger. It makes the files of cfg.Lines at once, and those of logs
// when their first record comes; places are started.
func New(cfg Config) (*Merger, error) {
	cfg.setDefaults()
	all := schemas.All()
	logs := cfg.Logs
	if logs == nil {
		logs = all
	}
	ids := len(all)
	for _, s := range logs {
		ids = max(ids, s.ID+1)
	}
	m := &Merger{byID: make([]int, ids), cfg: cfg}
	for i := range m.byID {
		m.byID[i] = -1
	}
	if err := m.makeFinishers(); err != nil {
		return nil, err
	}
	used := make(map[string]bool)
	for _, s := range logs {
		if m.byID[s.ID] >= 0 {
			continue
		}
		st := &stream{name: s.Name, schema: s, gates: gates{sampling: cfg.Sampling}}
		for i := range cfg.Outputs {
			if !cfg.Outputs[i].takes(s) {
				continue
			}
			t, err := m.logTarget(s, i, used)
			if err != nil {
				return nil, err
			}
			t.part = len(st.targets)
			st.targets = append(st.targets, t)
		}
		if len(st.targets) > 0 {
			m.byID[s.ID] = len(m.streams)
			m.streams = append(m.streams, st)
		}
	}
	m.lines = len(m.streams)
	for _, l := range cfg.Lines {
		st, err := m.lineStream(l, used)
		if err != nil {
			return nil, err
		}
		m.streams = append(m.streams, st)
	}
	if err := m.start(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// makeFinishers makes the finishers of outputs whose files are finished.
func (m *Merger) makeFinishers() error {
	m.finishers = make([]*finisher, len(m.cfg.Outputs))
	for i := range m.cfg.Outputs {
		o := &m.cfg.Outputs[i]
		if o.Place != nil || o.Path != "" || !o.Rotation.Enabled() {
			continue
		}
		// Footers are the same for all logs.
		footer := o.Format.Encoder(schemas.All()[0], 0).AppendFooter
		var err error
		if m.finishers[i], err = newFinisher(o, m.env(), footer); err != nil {
			return fmt.Errorf("output %s: %w", o.name(), err)
		}
	}
	return nil
}

func (cfg *Config) setDefaults() {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
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
	cfg.Outputs = slices.Clone(cfg.Outputs)
	for i := range cfg.Outputs {
		cfg.Outputs[i].Dir = cmp.Or(cfg.Outputs[i].Dir, ".")
	}
}

// Collector makes the collector of a shard.
func (m *Merger) Collector() *Collector {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newCollector(m)
	m.collectors = append(m.collectors, c)
	return c
}

// Merge writes the rows of the batches in the order of their keys, and gives the
// batches back to their collectors. It takes one batch a shard, nil for a shard that
// emitted nothing; their order does not matter.
func (m *Merger) Merge(batches ...*Batch) {
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
		m.mergeStream(st)
		for _, t := range st.targets {
			t.handOver()
		}
		clear(st.runs)
		st.runs = st.runs[:0]
	}
	m.dirty = m.dirty[:0]
	m.passTime()
	for _, b := range batches {
		if b != nil {
			b.recycle()
		}
	}
}

// passTime ends the files that are due although no row of theirs came.
func (m *Merger) passTime() {
	for _, st := range m.streams {
		if st.rows > 0 {
			m.clock = max(m.clock, st.last.Time)
		}
	}
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.file != nil && t.file.rot != nil {
				t.file.rot.pass(m.clock)
			}
		}
	}
}

// A cursor stands on a row of a run.
type cursor struct {
	run *run
	pos int
	// order is nil when the run's rows are in order as they are.
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

// less orders by key. Rows of different shards with the same key, which only
// causes without a packet have, are ordered by what they say.
func (c *cursor) less(o *cursor) bool {
	if d := c.key().Compare(o.key()); d != 0 {
		return d < 0
	}
	for i := range c.run.parts {
		if d := bytes.Compare(c.run.parts[i].row(c.row()), o.run.parts[i].row(o.row())); d != 0 {
			return d < 0
		}
	}
	return false
}

func (m *Merger) mergeStream(st *stream) {
	cs := m.cursors[:0]
	for _, r := range st.runs {
		c := cursor{run: r}
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
		if c.order == nil && len(c.run.gates) == 0 && !late {
			n := len(c.run.entries)
			for _, t := range st.targets {
				t.writeAll(c.run)
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
		second := -1
		for i := range cs {
			if i != first && (second < 0 || cs[i].less(&cs[second])) {
				second = i
			}
		}
		c := &cs[first]
		m.writeRow(st, c)
		for c.pos++; c.pos < len(c.run.entries); c.pos++ {
			if second >= 0 && !c.less(&cs[second]) {
				break
			}
			m.writeRow(st, c)
		}
		if c.pos == len(c.run.entries) {
			cs = slices.Delete(cs, first, first+1)
		}
	}
	clear(m.cursors)
}

// writeRow writes the row that c stands on if its gate lets it pass.
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
		sub := c.run.gateKeys[g.off+g.key : g.off+g.key+g.sub]
		if reason, ok := st.gates.pass(g.kind, key, sub, e.Time); !ok {
			for _, t := range st.targets {
				t.drop(reason, 1)
			}
			return
		}
	}
	for _, t := range st.targets {
		t.write(&e.Key, c.run.parts[t.part].row(row))
	}
}

// Flush writes what is buffered to the files, for readers that follow them.
func (m *Merger) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.file != nil {
				t.file.flush()
			} else {
				t.to.Flush()
			}
		}
	}
}

// Tick tells the places that time passes, and writes what files have buffered, so that
// little is lost when the process is killed (Zeek's Log::flush_interval). It is to
// be called about once a second, with the wall clock, while the run lasts; it does
// not wait for a Merge that is under way.
func (m *Merger) Tick(now time.Time) {
	if !m.mu.TryLock() {
		return
	}
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.file != nil {
				t.file.flush()
			} else {
				t.to.Tick(now)
			}
		}
	}
}

// Close writes what is buffered, the footers, and closes files and places. It
// returns an error when rows were lost or something was not closed well.
func (m *Merger) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	var errs []error
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.file != nil {
				err := t.closeFile(m.clock)
				s := m.stats(st, t)
				if lost := s.Lost(); lost > 0 {
					err = fmt.Errorf("%s: %d rows lost: %w", t.file.path, lost, t.file.lastErr)
				}
				errs = append(errs, err)
			} else if t.to != nil {
				errs = append(errs, t.to.Close())
			}
		}
	}
	for _, f := range m.finishers {
		if f != nil {
			f.close()
		}
	}
	for _, p := range m.started {
		errs = append(errs, p.Close())
	}
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.to == nil {
				continue
			}
			s := m.stats(st, t)
			if lost := s.Lost(); lost > 0 {
				errs = append(errs, fmt.Errorf("%s: %s: %d rows lost", s.Output, s.Log, lost))
			}
		}
	}
	return errors.Join(errs...)
}

// Stats returns the counts so far. Rows that were built since the last Flush of
// their collector are not in it.
func (m *Merger) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Stats{OutOfOrder: m.outOfOrder}
	for i, st := range m.streams {
		var built uint64
		for _, c := range m.collectors {
			built += c.published[i].Load()
		}
		for _, t := range st.targets {
			stats := m.stats(st, t)
			stats.Built = built
			s.Streams = append(s.Streams, stats)
		}
	}
	return s
}
