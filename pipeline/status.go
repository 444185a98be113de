package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/kafka"
)

// Status is the state of a run, as of a second or two ago.
type Status struct {
	// Start is when the run began, Time that of the status, on the clock.
	Start, Time time.Time
	// Source has what was read, without its files. LastPacket is the time of the latest
	// packet, zero if there was none. Lag is how far it is behind the clock.
	Source     capture.Stats
	LastPacket time.Time
	Lag        time.Duration
	// KernelDropped and KernelSeen count packets of live capture.
	KernelDropped, KernelSeen uint64
	// Counters are the sum over all shards, and Shards their packets; Processed and Dropped
	// have what became of the packets, by reason.
	Counters logs.Counters
	Shards   []uint64
	// Jobs and Results are the lengths of each shard's queues: batches that it has not
	// dissected, and results that are not merged. There are none with one shard.
	Jobs, Results []int
	Processed     uint64
	Dropped       map[string]uint64
	// State has the bytes that are held, by kind. MemoryLimit is Options.Memory or what
	// stands for it, 0 if nothing is known.
	State       map[string]uint64
	MemoryLimit int64
	// Overload is the level of what is left out because of it, 0 for nothing, 1 for files,
	// 2 for long streams, too. Overloads counts how often it went up, and Shed what was left
	// out, by kind.
	Overload  int
	Overloads uint64
	Shed      map[string]uint64
	// Filter is Options.Filter, which is in force.
	Filter string
	// Streams are the counts of logs and outputs. Gauges has what outputs hold, by output and
	// name.
	Streams []writers.StreamStats
	Gauges  map[string]map[string]uint64
	// Config is the hash of the configuration in force, Reloads what became of others.
	Config  string
	Reloads Reloads
	// Stuck are the shards that make no progress; see Options.StuckAfter.
	Stuck []int
}

// Reloads count what became of new configurations.
type Reloads struct {
	Done, Refused uint64
	// Last is when the last was done, zero if none was.
	Last time.Time
}

// spool returns the bytes in the spools of all outputs.
func (s *Status) spool() (n uint64) {
	for _, g := range s.Gauges {
		n += g[kafka.GaugeSpool]
	}
	return n
}

// drops returns how many packets were left out, but for those that the filter excludes.
func (s *Status) drops() uint64 {
	n := s.KernelDropped
	for _, d := range s.Dropped {
		n += d
	}
	return n
}

// shardState hands the state of a shard to another goroutine, at the end of a batch.
type shardState struct {
	wanted    atomic.Bool
	mu        sync.Mutex
	counters  logs.Counters
	processed uint64
	dropped   [packet.NumDrops]uint64
	state     map[string]uint64
	shed      map[string]uint64
}

// set is called by the shard.
func (x *shardState) set(s *shard) {
	st, t := s.dissect.Counts(), s.dissect.Table()
	st.Conn, st.Files = t.Stats(), s.dissect.Files().Stats()
	x.mu.Lock()
	x.counters, x.processed, x.dropped = s.counters(), st.Processed, st.Dropped
	x.state = map[string]uint64{
		"connections": t.Memory(), "streams": t.StreamHeld(), "messages": uint64(t.Held()),
		"analyzers and rows": uint64(t.StateHeld()), "files": uint64(s.dissect.Files().StateHeld()),
		"fragments": uint64(s.dissect.FragmentsHeld()),
	}
	x.shed = map[string]uint64{"hashes": st.Files.Unhashed, "extractions": st.Files.Extract.Shed, "streams": st.Conn.Shed}
	x.mu.Unlock()
	x.wanted.Store(false)
}

// watcher keeps the state of a run, for Options.Status and the log sensor. It does nothing
// unless one of the two is wanted.
type watcher struct {
	run    *run
	on     bool // somebody wants to know
	sensor bool // the log is wanted
	start  time.Time
	next   time.Time // of the next row
	stuck  stuck
	first  sync.Mutex // guards begun
	begun  bool       // the first row is written

	wanted atomic.Bool // whoever reads the source is asked for its counts
	mu     sync.Mutex
	source capture.Stats
	last   int64 // time of the latest packet
	clock  value.Time
	now    Status
}

// begin is called when the run is about to begin.
func (w *watcher) begin(r *run) {
	w.run, w.start = r, time.Now()
	for _, s := range r.logs {
		w.sensor = w.sensor || s == &schemas.SensorSchema
	}
	w.on = w.sensor || r.opts.Status != nil || r.opts.live()
	w.next = w.start.Add(r.opts.Reports.SensorEvery)
	w.wanted.Store(w.on)
}

// read is called after each batch by whoever reads the source.
func (w *watcher) read(b *capture.Batch) {
	last := int64(0)
	if n := len(b.Packets); n > 0 {
		last = b.Packets[n-1].Time
	}
	w.readUntil(b.Now, last)
}

// readUntil is called after each batch, with the run's clock and the time of the latest packet
// or 0. It may be called by several goroutines.
func (w *watcher) readUntil(clock, last int64) {
	if !w.wanted.Load() || !w.wanted.CompareAndSwap(true, false) {
		return
	}
	w.keep(clock, last)
	w.firstRow(time.Now(), false)
}

// firstRow writes the row of the start, once. try says not to wait for a merge.
func (w *watcher) firstRow(now time.Time, try bool) {
	w.first.Lock()
	defer w.first.Unlock()
	if !w.begun {
		w.begun = w.row("start", now, try)
	}
}

// keep keeps the counts of the source, and the times that are not 0.
func (w *watcher) keep(clock, last int64) {
	st := w.run.source.Stats()
	st.Files, st.Interfaces = nil, slices.Clone(st.Interfaces)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.source = st
	w.clock = value.Time(cmp.Or(clock, int64(w.clock)))
	w.last = cmp.Or(last, w.last)
}

// tick is called every second or so: it takes what was asked for at the last call, and asks
// again.
func (w *watcher) tick(now time.Time) {
	if !w.on {
		return
	}
	w.gather(now)
	w.wanted.Store(true)
	for _, s := range w.run.shards {
		s.state.wanted.Store(true)
	}
	if every := w.run.opts.Reports.SensorEvery; every > 0 && !now.Before(w.next) {
		w.firstRow(w.start, true)
		if w.row("running", now, true) {
			w.next = now.Add(every)
		}
	}
}

// end is called when everything has been read and dissected.
func (w *watcher) end() {
	if !w.on {
		return
	}
	w.keep(0, 0)
	for _, s := range w.run.shards {
		s.state.set(s)
	}
	now := time.Now()
	w.gather(now)
	w.firstRow(w.start, false)
	w.row("end", now, false)
}

// gather adds up what was handed over.
func (w *watcher) gather(now time.Time) {
	s := Status{
		Start: w.start, Time: now, Dropped: make(map[string]uint64), State: make(map[string]uint64), Shed: make(map[string]uint64),
		MemoryLimit: w.run.memory, Filter: w.run.reloading.epoch.Load().filter,
		Overload: int(w.run.overload.level.Load()), Overloads: w.run.overload.times.Load(),
		Gauges: w.run.merger.Gauges(), Config: *w.run.reloading.hash.Load(), Stuck: w.stuck.tick(w.run, now),
	}
	if c := w.run.opts.Control; c != nil {
		s.Reloads = Reloads{Done: uint64(c.count.done.Load()), Refused: uint64(c.count.refused.Load())}
		if t := c.count.last.Load(); t != 0 {
			s.Reloads.Last = time.Unix(0, t)
		}
	}
	if st, ok := w.run.merger.TryStats(); ok {
		s.Streams = st.Streams
	} else {
		s.Streams = w.now.Streams // a merge waits for an output, or there is much to write
	}
	for _, sh := range w.run.shards {
		x := &sh.state
		x.mu.Lock()
		s.Counters.Add(&x.counters)
		s.Shards = append(s.Shards, x.counters.Packets)
		s.Processed += x.processed
		for why, n := range x.dropped {
			if n > 0 {
				s.Dropped[packet.Drop(why).String()] += n
			}
		}
		for kind, n := range x.state {
			s.State[kind] += n
		}
		for kind, n := range x.shed {
			s.Shed[kind] += n
		}
		x.mu.Unlock()
	}
	if w.run.queues != nil {
		q := w.run.queues()
		s.Jobs, s.Results = q.jobs, q.results
		s.State["queues"] = uint64(max(q.bytes, 0))
	}
	w.mu.Lock()
	s.Source = w.source
	for _, i := range s.Source.Interfaces {
		s.State["rings"] += i.Ring
		s.KernelDropped += i.Dropped
		s.KernelSeen += i.Kernel
	}
	if w.last != 0 {
		s.LastPacket = time.Unix(0, w.last)
		s.Lag = now.Sub(s.LastPacket)
	}
	w.now = s
	w.mu.Unlock()
	if w.run.opts.Status != nil {
		w.run.opts.Status(s)
	}
}

// status returns the latest state.
func (w *watcher) status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.now
	s.State, s.Dropped = maps.Clone(s.State), maps.Clone(s.Dropped)
	return s
}

// row writes a row of the log sensor. Its place among those of other logs is that of the
// traffic at the time.
// With try it reports false if a merge is running, and writes none then.
func (w *watcher) row(status string, now time.Time, try bool) bool {
	if !w.sensor {
		return true
	}
	o, s := &w.run.opts, w.status()
	w.mu.Lock()
	clock, packets := w.clock, w.source.Packets
	w.mu.Unlock()
	rec := schemas.Sensor{
		TS: value.Time(now.UnixNano()), Sensor: o.sensor(), Status: status, Version: o.Version, Config: *w.run.reloading.hash.Load(),
		Uptime: value.Interval(now.Sub(w.start).Seconds()), Packets: packets, Drops: s.drops(), Spool: s.spool(),
	}
	if status == "start" {
		rec.Uptime, rec.Packets = 0, 0
	}
	if o.live() && !s.LastPacket.IsZero() {
		rec.Lag = value.Some(value.Interval(s.Lag.Seconds()))
	}
	for i := range s.Streams {
		rec.Rows += s.Streams[i].Written
		rec.RowsLost += s.Streams[i].Lost()
	}
	if clock == 0 {
		clock = rec.TS
	}
	if try {
		return w.run.merger.TryEmit(clock, &rec)
	}
	w.run.merger.Emit(clock, &rec)
	return true
}
