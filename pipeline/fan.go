package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// fanned is a run whose source is a capture.Fan: each shard reads a part of its own. All that
// the shards do before the end is one job of parallel, of which each gives its rows with its
// clock, which goes on while it has no packets: the least of them bounds what is written.
type fanned struct {
	*parallel
	parts []capture.Source

	mu     sync.Mutex
	change sync.Cond
	clocks []int64  // of the shards
	ended  []bool   // shards whose part has no more packets
	left   int      // shards that have not ended
	nums   []uint64 // of the shards' last packets
}

const (
	// gatherFor and gatherBytes are how long and how much a shard gathers rows for before it
	// gives them: merging few of them at a time would cost more.
	gatherFor   = 25 * time.Millisecond
	gatherBytes = 256 << 10
)

// processFan reads, dissects and merges everything.
func (p *parallel) processFan(ctx context.Context, parts []capture.Source) error {
	f := &fanned{parallel: p, parts: parts, left: len(parts),
		clocks: make([]int64, len(parts)), ended: make([]bool, len(parts)), nums: make([]uint64, len(parts))}
	f.change.L = &f.mu
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := new(fanStart)
	p.lead.add(0, 0)
	var shards sync.WaitGroup
	p.working.Store(int32(len(p.shards)))
	for i, s := range p.shards {
		give := s.part
		s.part = func(b *writers.Batch, before writers.Key) { f.pass(i, b, before) }
		s.fan = &fanClock{start: start}
		shards.Go(func() {
			p.pin(i)
			if err := f.read(ctx, i); f.fails(err) {
				cancel() // the other parts end too
			}
			f.end(i)
			s.part = give
			p.work(ctx, i)
		})
	}
	shards.Wait()
	return ignoreEOF(p.err)
}

// read reads the part of shard i to its end.
func (f *fanned) read(ctx context.Context, i int) error {
	s, src := f.shards[i], f.parts[i]
	var all [capture.BatchPackets]uint16
	for n := range all {
		all[n] = uint16(n)
	}
	given := time.Now()
	var seen *change
	for {
		b, err := f.nextOf(ctx, src, &seen)
		if e := f.reloading.epoch.Load(); e != s.epoch {
			if rows := s.out.Flush(); rows != nil { // for the outputs before
				f.pass(i, rows, writers.Key{Time: s.now})
			}
			s.adopt(e)
		}
		if err != nil {
			return err
		}
		s.run(b, all[:len(b.Packets)])
		f.came(i, b)
		b.Release()
		if now := time.Now(); s.out.Buffered() >= gatherBytes || now.Sub(given) >= gatherFor {
			given = now
			f.pass(i, s.out.Flush(), writers.Key{Time: s.now})
		}
	}
}

// came notes the times of a batch of shard i.
func (f *fanned) came(i int, b *capture.Batch) {
	r := f.run
	f.mu.Lock()
	f.clocks[i], f.nums[i] = b.Now, b.Last
	if n := len(b.Packets); n > 0 {
		first, last := &b.Packets[0], &b.Packets[n-1]
		if r.last.Num == 0 || first.Time < r.first {
			r.first = first.Time
		}
		if r.last.Num == 0 || last.Time > r.last.Time {
			r.last = *last
			r.last.Data = nil
		}
	}
	latest := r.last.Time
	f.mu.Unlock()
	r.watcher.readUntil(b.Now, latest)
}

// fails keeps the error that ends a part, and reports whether it ends the others.
func (f *fanned) fails(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil || errors.Is(f.err, io.EOF) {
		f.err = err
	}
	return !errors.Is(err, io.EOF)
}

// end waits until all parts have ended, with its shard's clock going on as the others' do, and
// then gives what is left.
func (f *fanned) end(i int) {
	s := f.shards[i]
	f.parts[i].Stats() // for those of the run
	// Only the end of connections comes at this time or, later, timers.
	f.pass(i, s.out.Flush(), writers.Key{Time: s.now, Class: writers.ClassEnd})
	f.mu.Lock()
	f.ended[i] = true
	if f.left--; f.left == 0 {
		f.last.Num = slices.Max(f.nums)
	}
	f.change.Broadcast()
	for f.left > 0 {
		at := f.least()
		if at <= s.now {
			f.change.Wait()
			continue
		}
		f.mu.Unlock()
		f.pass(i, s.batch(&capture.Batch{Now: at, Last: f.nums[i]}, nil), writers.Key{Time: at, Class: writers.ClassEnd})
		f.mu.Lock()
	}
	at := slices.Max(f.clocks)
	f.mu.Unlock()
	f.give(i, result{rows: s.batch(&capture.Batch{Now: at, Last: f.nums[i]}, nil)})
	f.merge(f.complete)
	f.lead.wake()
}

// least returns the least clock of the shards that have not ended.
func (f *fanned) least() int64 {
	at := int64(-1)
	for i, c := range f.clocks {
		if !f.ended[i] && (at < 0 || c < at) {
			at = c
		}
	}
	return at
}

// pass gives rows of shard i, and waits while too many of its rows are not written. The shard
// with the least clock does not wait.
func (f *fanned) pass(i int, b *writers.Batch, before writers.Key) {
	f.mu.Lock()
	f.clocks[i] = max(f.clocks[i], before.Time) // within a batch
	if f.left < len(f.parts) {
		f.change.Broadcast()
	}
	f.mu.Unlock()
	f.give(i, result{b, true, before})
	f.merge(f.complete)
	f.lead.wake()
	most := int64(f.shards[i].most)
	if f.held[i].Load() > most {
		f.lead.until(func() bool { return f.held[i].Load() <= most || f.first.Load() == int32(i) })
	}
}

// fanStart is the time at which the builders of all shards begin to count. Their timers go off
// at their deadlines, since there is no packet of the run at which all shards could.
type fanStart struct {
	once sync.Once
	time value.Time
}

// at returns the clock of the first shard that asks.
func (f *fanStart) at(now value.Time) value.Time {
	f.once.Do(func() { f.time = now })
	return f.time
}

// fanClock is the clock of the builders of a shard.
type fanClock struct {
	start *fanStart
	now   value.Time // of the packet or batch at work
}

// fanBehind is how far a deadline may be behind the clock: when time has jumped, what happens at
// intervals does not happen once for each of them.
const fanBehind = value.Time(time.Hour)

// At returns d, or the start of the run if that is later.
func (c *fanClock) At(d value.Time) (value.Time, uint64) {
	start := c.start.at(c.now)
	if c.now-d > fanBehind {
		d = c.now - c.now%fanBehind
	}
	return max(d, start), 0
}
