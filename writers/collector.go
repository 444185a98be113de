package writers

import (
	"slices"
	"unsafe"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// A Collector encodes the records of one shard as they are emitted. It belongs to one
// goroutine; Flush hands over what it holds.
//
// Collector implements schemas.Emitter.
type Collector struct {
	merger *Merger
	// layout is what the rows are built for. encoders is indexed by stream and target; it is
	// nil for streams of lines.
	layout   *layout
	encoders [][]RowEncoder
	// key is the key of the next record; clock is its time.
	key   Key
	clock value.Time
	batch *Batch
	// buffered is the size of the batch in bytes.
	buffered int
	// free holds merged batches of the layout for reuse.
	free chan *Batch
	// built counts emitted rows by stream since the last Flush, which adds them to the layout.
	built []uint64
}

var _ schemas.Emitter = (*Collector)(nil)

// A Batch is what one collector gathered between two calls of Flush.
type Batch struct {
	layout *layout
	free   chan<- *Batch
	bytes  int
	// runs is indexed by stream; dirty lists the streams that have rows.
	runs  []run
	dirty []int
}

// A run is the rows of one stream in a batch.
type run struct {
	entries []entry
	layout  *layout
	// targets are those of the stream. Each has the part of its index, or all have the only one.
	targets  []*target
	parts    []part
	unsorted bool
	gates    []gateRef
	gateKeys []byte
	// merged is the number of rows that are written already, in their order.
	merged int
}

// An entry is one row: its key, and the index of its gate plus 1, or 0.
type entry struct {
	Key
	gate uint32
}

// A part is the rows of a run as one encoder wrote them. Row i ends at end[i].
type part struct {
	buf []byte
	end []int
	// filtered counts the empty rows, which a filter rejected.
	filtered int
}

// A gateRef is a schemas.Gate whose strings are in run.gateKeys.
type gateRef struct {
	kind     schemas.GateKind
	off      int
	key, sub int // lengths
}

// maxFree is how many free batches a collector keeps.
const maxFree = 8

func newCollector(m *Merger) *Collector {
	c := &Collector{merger: m, built: make([]uint64, len(m.streams))}
	c.use(m.layouts[len(m.layouts)-1])
	return c
}

// use lets the rows that follow be built for l.
func (c *Collector) use(l *layout) {
	m := c.merger
	before, encoders := c.layout, c.encoders
	c.layout, c.free = l, make(chan *Batch, maxFree)
	c.encoders = make([][]RowEncoder, len(m.streams))
	for i, st := range m.streams {
		if st.schema == nil {
			continue
		}
		for k, t := range l.targets[i] {
			var e RowEncoder
			if before != nil {
				// Where nothing has changed, encoders go on.
				if was := slices.Index(before.targets[i], t); was >= 0 && before.views[i][was] == l.views[i][k] {
					e = encoders[i][was]
				}
			}
			if e == nil {
				e = m.encoder(t, l.views[i][k], &c.clock)
			}
			c.encoders[i] = append(c.encoders[i], e)
		}
	}
	l.users.Add(1)
	if before != nil {
		before.users.Add(-1)
	}
	c.batch = c.newBatch()
}

// Follow lets the rows that follow go to the outputs of x, which Merger.Install has
// installed. It is called between two batches: right after Flush.
func (c *Collector) Follow(x *Exchange) {
	if x.next == c.layout {
		return
	}
	if len(c.batch.dirty) > 0 {
		panic("writers: a collector changes its outputs within a batch")
	}
	c.use(x.next)
}

func (c *Collector) newBatch() *Batch {
	b := &Batch{layout: c.layout, free: c.free, runs: make([]run, len(c.merger.streams))}
	for i, st := range c.merger.streams {
		b.runs[i] = run{layout: c.layout, targets: c.layout.targets[i], parts: make([]part, 1)}
		if st.schema != nil {
			b.runs[i].parts = make([]part, len(c.layout.targets[i]))
		}
	}
	return b
}

// part returns the rows for the target with that index.
func (r *run) part(target int) *part {
	if len(r.parts) == 1 {
		return &r.parts[0]
	}
	return &r.parts[target]
}

// SetCause sets the cause of the records that follow. For a packet it is the run's clock
// and the packet's number; for a timer, its deadline and the number of the first packet
// of its connection. Causes must rise within a batch and from batch to batch; a batch
// whose causes do not rise is sorted. Setting the same cause again continues its
// sequence numbers.
func (c *Collector) SetCause(time int64, class Class, num uint64) {
	if c.key.Time == time && c.key.Num == num && c.key.Class == class {
		return
	}
	c.key = Key{Time: time, Num: num, Class: class}
	c.clock = value.Time(time)
}

// On reports whether records of the log s are wanted.
func (c *Collector) On(s *schemas.Schema) bool { return c.merger.streamOf(s) >= 0 }

// Groups returns the optional columns that are wanted.
func (c *Collector) Groups() schemas.Groups { return c.merger.cfg.Groups }

// Emit encodes rec. It ignores records of logs that are not wanted.
func (c *Collector) Emit(rec schemas.Record) {
	c.emit(rec, nil)
}

// EmitGated encodes rec. The merge stage writes it if g passes.
func (c *Collector) EmitGated(rec schemas.Record, g schemas.Gate) {
	c.emit(rec, &g)
}

func (c *Collector) emit(rec schemas.Record, g *schemas.Gate) {
	i := c.merger.streamOf(rec.Schema())
	if i < 0 || len(c.encoders[i]) == 0 {
		return
	}
	r := &c.batch.runs[i]
	if g == nil || g.Kind&schemas.GateJoin == 0 {
		for o, e := range c.encoders[i] {
			p := &r.parts[o]
			p.buf = e.Append(p.buf, rec)
		}
	}
	c.added(i, r, g)
}

// OpenLine begins a line of the stream with that index in Config.Lines. The caller
// appends the line, without a newline, to the returned slice, and passes the result to
// CloseLine before it opens or emits anything else.
func (c *Collector) OpenLine(lines int) []byte {
	return c.batch.runs[c.merger.lines+lines].parts[0].buf
}

// CloseLine finishes the line that OpenLine began.
func (c *Collector) CloseLine(lines int, buf []byte) {
	c.closeLine(lines, buf, nil)
}

// CloseLineGated is CloseLine for a line that is written only if g passes.
func (c *Collector) CloseLineGated(lines int, buf []byte, g schemas.Gate) {
	c.closeLine(lines, buf, &g)
}

// Note takes a note for the joiner of the stream with that index in Config.Lines.
func (c *Collector) Note(lines int, note []byte) {
	i := c.merger.lines + lines
	c.added(i, &c.batch.runs[i], &schemas.Gate{Kind: schemas.GateJoin, Key: unsafe.String(unsafe.SliceData(note), len(note))})
}

func (c *Collector) closeLine(lines int, buf []byte, g *schemas.Gate) {
	i := c.merger.lines + lines
	r := &c.batch.runs[i]
	r.parts[0].buf = append(buf, '\n')
	c.added(i, r, g)
}

// added records the row that was just appended to every part of r.
func (c *Collector) added(stream int, r *run, g *schemas.Gate) {
	c.buffered += entryBytes
	note := g != nil && g.Kind&schemas.GateJoin != 0
	if note {
		c.buffered += len(g.Key)
	}
	for o := range r.parts {
		p := &r.parts[o]
		size := len(p.buf)
		if n := len(p.end); n > 0 {
			size -= p.end[n-1]
		}
		if size == 0 && !note {
			p.filtered++
		}
		c.buffered += size + endBytes
		p.end = append(p.end, len(p.buf))
	}
	e := entry{Key: c.key}
	c.key.Seq++
	if g != nil && g.Kind != 0 {
		r.gates = append(r.gates, gateRef{g.Kind, len(r.gateKeys), len(g.Key), len(g.Sub)})
		r.gateKeys = append(append(r.gateKeys, g.Key...), g.Sub...)
		e.gate = uint32(len(r.gates))
	}
	if n := len(r.entries); n == 0 {
		c.batch.dirty = append(c.batch.dirty, stream)
	} else if e.Compare(&r.entries[n-1].Key) < 0 {
		r.unsorted = true
	}
	r.entries = append(r.entries, e)
	if !note {
		c.built[stream]++
	}
}

// What a row takes beside its bytes: its entry, and its end in each part.
const (
	entryBytes = int(unsafe.Sizeof(entry{}))
	endBytes   = int(unsafe.Sizeof(int(0)))
)

// Buffered returns the bytes that the rows since the last Flush take. A shard ends a batch
// early when they are many.
func (c *Collector) Buffered() int { return c.buffered }

// Time returns the time of the current cause.
func (c *Collector) Time() int64 { return c.key.Time }

// Bytes returns the bytes that the rows of b take, 0 for a nil b.
func (b *Batch) Bytes() int {
	if b == nil {
		return 0
	}
	return b.bytes
}

// Flush ends the batch and returns it, or nil if nothing was emitted. The batch belongs
// to the caller until it is passed to Merge.
func (c *Collector) Flush() *Batch {
	b := c.batch
	if len(b.dirty) == 0 {
		return nil
	}
	for _, i := range b.dirty {
		c.layout.built[i].Add(c.built[i])
		c.built[i] = 0
	}
	c.layout.users.Add(1)
	b.bytes, c.buffered = c.buffered, 0
	select {
	case c.batch = <-c.free:
	default:
		c.batch = c.newBatch()
	}
	return b
}

// maxKeptBuffer is the size above which a buffer is not kept for the next batch.
const maxKeptBuffer = 16 << 20

// recycle empties b and returns it to its collector.
func (b *Batch) recycle() {
	for _, i := range b.dirty {
		r := &b.runs[i]
		size := 0
		for o := range r.parts {
			p := &r.parts[o]
			size += cap(p.buf)
			p.buf, p.end, p.filtered = p.buf[:0], p.end[:0], 0
		}
		r.entries, r.gates, r.gateKeys, r.unsorted, r.merged = r.entries[:0], r.gates[:0], r.gateKeys[:0], false, 0
		if size > maxKeptBuffer {
			*r = run{layout: r.layout, targets: r.targets, parts: make([]part, len(r.parts))}
		}
	}
	b.dirty = b.dirty[:0]
	b.layout.users.Add(-1)
	select {
	case b.free <- b:
	default:
	}
}
