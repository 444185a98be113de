package writers

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/wirelog/wirelog/schemas"
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
	outOfOrder uint64
	closed     bool
	// dirty and cursors are scratch of Merge.
	dirty   []int
	cursors []cursor
}

// A stream is one log or stream of lines; it has a file an output.
type stream struct {
	name   string
	schema *schemas.Schema
	files  []*file
	gates  gates
	// last is the key of the last row, when rows is not 0.
	last Key
	rows uint64
	// runs is scratch of Merge.
	runs []*run
}

// New makes a Merger. It makes the files of cfg.Lines at once, and those of logs
// when their first record comes.
func New(cfg Config) (*Merger, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sampling == (Sampling{}) {
		cfg.Sampling = DefaultSampling()
	}
	all := schemas.All()
	logs := cfg.Logs
	if logs == nil {
		logs = all
	}
	if len(cfg.Outputs) == 0 {
		logs = nil
	}
	m := &Merger{byID: make([]int, len(all))}
	for i := range m.byID {
		m.byID[i] = -1
	}
	cfg.Outputs = slices.Clone(cfg.Outputs)
	for i := range cfg.Outputs {
		cfg.Outputs[i].Dir = cmp.Or(cfg.Outputs[i].Dir, ".")
	}
	m.cfg = cfg
	used := make(map[string]bool)
	for _, s := range logs {
		if m.byID[s.ID] >= 0 {
			continue
		}
		st := &stream{name: s.Name, schema: s, gates: gates{sampling: cfg.Sampling}}
		for _, o := range cfg.Outputs {
			name := s.Name + o.Format.Ext()
			if !plainName(name) {
				return nil, fmt.Errorf("%q cannot be the name of a log file", name)
			}
			path := filepath.Join(o.Dir, name)
			if used[path] {
				return nil, fmt.Errorf("two outputs would write %s", path)
			}
			used[path] = true
			e := o.Format.Encoder(s, cfg.Groups)
			st.files = append(st.files, &file{
				format: o.Format.Name(), path: path, dir: o.Dir, name: name,
				header: e.AppendHeader, footer: e.AppendFooter,
				now: cfg.Now, report: cfg.Report,
			})
		}
		m.byID[s.ID] = len(m.streams)
		m.streams = append(m.streams, st)
	}
	m.lines = len(m.streams)
	for _, l := range cfg.Lines {
		if l.Path != "-" && used[filepath.Clean(l.Path)] {
			return nil, fmt.Errorf("two outputs would write %s", l.Path)
		}
		used[filepath.Clean(l.Path)] = true
		f := &file{path: l.Path, now: cfg.Now, report: cfg.Report}
		m.streams = append(m.streams, &stream{
			name: l.Name, files: []*file{f}, gates: gates{sampling: cfg.Sampling},
		})
		if err := f.open(); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	return m, nil
}

// plainName reports whether name is a file name that stays in its folder and
// needs no quoting.
func plainName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return name != "" && name[0] != '.' && name[0] != '-'
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
		clear(st.runs)
		st.runs = st.runs[:0]
	}
	m.dirty = m.dirty[:0]
	for _, b := range batches {
		if b != nil {
			b.recycle()
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
	return bytes.Compare(c.run.parts[0].row(c.row()), o.run.parts[0].row(o.row())) < 0
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
			for o, f := range st.files {
				f.write(c.run.parts[o].buf, uint64(n))
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
			for _, f := range st.files {
				f.dropped[reason]++
			}
			return
		}
	}
	for o, f := range st.files {
		f.write(c.run.parts[o].row(row), 1)
	}
}

// Flush writes what is buffered to the files, for readers that follow them.
func (m *Merger) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, st := range m.streams {
		for _, f := range st.files {
			f.flush()
		}
	}
}

// Close writes what is buffered, the footers, and closes the files. It returns
// an error when rows were lost or a file was not closed well.
func (m *Merger) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	var errs []error
	for _, st := range m.streams {
		for _, f := range st.files {
			err := f.close()
			var lost uint64
			for r, n := range f.dropped {
				if Reason(r).Lost() {
					lost += n
				}
			}
			if lost > 0 {
				err = fmt.Errorf("%s: %d rows lost: %w", f.path, lost, f.lastErr)
			}
			errs = append(errs, err)
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
		for _, f := range st.files {
			s.Streams = append(s.Streams, StreamStats{
				Log: st.name, Format: f.format, Path: f.path,
				Built: built, Written: f.written, Bytes: f.bytes, Dropped: f.dropped,
			})
		}
	}
	return s
}
