package writers

import (
	"sync/atomic"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/schemas"
)

// A Collector takes the records of one shard and encodes them at once. It is
// used by one goroutine; Flush hands over what it holds.
//
// Collector implements schemas.Emitter.
type Collector struct {
	merger *Merger
	// encoders by stream and part, nil for streams of lines.
	encoders [][]RowEncoder
	// key of the next record; clock is its time.
	key   Key
	clock value.Time
	batch *Batch
	// free holds batches that have been merged.
	free chan *Batch
	// built counts emitted rows by stream; Flush publishes it.
	built     []uint64
	published []atomic.Uint64
}

var _ schemas.Emitter = (*Collector)(nil)

// A Batch is what one collector took between two calls of Flush.
type Batch struct {
	owner *Collector
	// runs by stream; dirty lists the streams that have rows.
	runs  []run
	dirty []int
}

// A run is the rows of one stream in a batch.
type run struct {
	entries []entry
	// parts by the index in target.part.
	parts    []part
	unsorted bool
	gates    []gateRef
	gateKeys []byte
}

// An entry is one row: its key, and 1 + the index of its gate, or 0.
type entry struct {
	Key
	gate uint32
}

// A part is the rows of a run as one encoder made them: row i ends at end[i].
type part struct {
	buf []byte
	end []int
	// filtered counts the rows without bytes, which a filter kept out.
	filtered int
}

// A gateRef is a schemas.Gate with its strings in run.gateKeys.
type gateRef struct {
	kind     schemas.GateKind
	off      int
	key, sub int // lengths
}

// maxFree is how many batches a collector keeps for use again.
const maxFree = 8

func newCollector(m *Merger) *Collector {
	c := &Collector{
		merger:    m,
		encoders:  make([][]RowEncoder, len(m.streams)),
		free:      make(chan *Batch, maxFree),
		built:     make([]uint64, len(m.streams)),
		published: make([]atomic.Uint64, len(m.streams)),
	}
	for i, st := range m.streams {
		if st.schema == nil {
			continue
		}
		for _, t := range st.targets {
			c.encoders[i] = append(c.encoders[i], m.encoder(t, &c.clock))
		}
	}
	c.batch = c.newBatch()
	return c
}

func (c *Collector) newBatch() *Batch {
	b := &Batch{owner: c, runs: make([]run, len(c.merger.streams))}
	for i, st := range c.merger.streams {
		b.runs[i].parts = make([]part, 1)
		if st.schema != nil {
			b.runs[i].parts = make([]part, len(st.targets))
		}
	}
	return b
}

// SetCause says what causes the records that follow: a packet with its number
// at the run's clock, or a timer with its deadline as the time and the number of
// the first packet of its connection. Causes must rise within a batch and from
// batch to batch; a batch in which they don't is sorted. The sequence number goes
// on when the cause is set to what it was.
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

// Emit encodes rec. Records of logs that are not wanted are ignored.
func (c *Collector) Emit(rec schemas.Record) {
	c.emit(rec, nil)
}

// EmitGated encodes rec, which is written if g lets it pass when it is merged.
func (c *Collector) EmitGated(rec schemas.Record, g schemas.Gate) {
	c.emit(rec, &g)
}

func (c *Collector) emit(rec schemas.Record, g *schemas.Gate) {
	i := c.merger.streamOf(rec.Schema())
	if i < 0 {
		return
	}
	r := &c.batch.runs[i]
	for o, e := range c.encoders[i] {
		p := &r.parts[o]
		p.buf = e.Append(p.buf, rec)
	}
	c.added(i, r, g)
}

// OpenLine begins a line of the stream with that index in Config.Lines. The
// caller appends the line, without its newline, to the slice that is returned, and
// passes the result to CloseLine before it opens or emits anything else.
func (c *Collector) OpenLine(lines int) []byte {
	return c.batch.runs[c.merger.lines+lines].parts[0].buf
}

// CloseLine finishes the line that OpenLine began.
func (c *Collector) CloseLine(lines int, buf []byte) {
	c.closeLine(lines, buf, nil)
}

// CloseLineGated is CloseLine for a line that is written if g lets it pass.
func (c *Collector) CloseLineGated(lines int, buf []byte, g schemas.Gate) {
	c.closeLine(lines, buf, &g)
}

func (c *Collector) closeLine(lines int, buf []byte, g *schemas.Gate) {
	i := c.merger.lines + lines
	r := &c.batch.runs[i]
	r.parts[0].buf = append(buf, '\n')
	c.added(i, r, g)
}

// added enters the row that has been appended to every part of r.
func (c *Collector) added(stream int, r *run, g *schemas.Gate) {
	for o := range r.parts {
		p := &r.parts[o]
		if n := len(p.end); n == 0 && len(p.buf) == 0 || n > 0 && len(p.buf) == p.end[n-1] {
			p.filtered++
		}
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
	c.built[stream]++
}

// Buffered returns how many bytes have been encoded since the last Flush, so that
// a shard that emits without packets coming in can end a batch.
func (c *Collector) Buffered() int {
	n := 0
	for _, i := range c.batch.dirty {
		for o := range c.batch.runs[i].parts {
			n += len(c.batch.runs[i].parts[o].buf)
		}
	}
	return n
}

// Flush ends a batch and hands it over; the collector goes on with another one.
// It returns nil when nothing was emitted. A batch belongs to the caller until
// it is passed to Merge.
func (c *Collector) Flush() *Batch {
	b := c.batch
	if len(b.dirty) == 0 {
		return nil
	}
	for _, i := range b.dirty {
		c.published[i].Store(c.built[i])
	}
	select {
	case c.batch = <-c.free:
	default:
		c.batch = c.newBatch()
	}
	return b
}

// Buffers above this size are not kept for the next batch.
const maxKeptBuffer = 16 << 20

// recycle empties b and gives it back to its collector.
func (b *Batch) recycle() {
	for _, i := range b.dirty {
		r := &b.runs[i]
		size := 0
		for o := range r.parts {
			p := &r.parts[o]
			size += cap(p.buf)
			p.buf, p.end, p.filtered = p.buf[:0], p.end[:0], 0
		}
		r.entries, r.gates, r.gateKeys, r.unsorted = r.entries[:0], r.gates[:0], r.gateKeys[:0], false
		if size > maxKeptBuffer {
			*r = run{parts: make([]part, len(r.parts))}
		}
	}
	b.dirty = b.dirty[:0]
	select {
	case b.owner.free <- b:
	default:
	}
}
