package pipeline

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// busy tells since when a shard has been at work on one batch.
type busy struct{ since atomic.Int64 } // nanoseconds since origin, 0 if it is not

// origin has a reading of the monotonic clock, so that it does not matter when the clock is set.
var origin = time.Now()

func (b *busy) begin() { b.since.Store(int64(time.Since(origin))) }
func (b *busy) end()   { b.since.Store(0) }

// stuck finds shards that make no progress.
type stuck struct {
	shards []int // that are stuck
	began  time.Time
}

// stackBytes is how much is told of the stacks of goroutines.
const stackBytes = 1 << 20

// tick is called every second or so. It tells of a shard when it is found to be stuck, with
// the stacks of all goroutines, and when all go on.
func (x *stuck) tick(r *run, now time.Time) []int {
	limit := r.opts.StuckAfter
	if limit <= 0 {
		return nil
	}
	var found []int
	oldest := now
	for i, s := range r.shards {
		n := s.busy.since.Load()
		since := origin.Add(time.Duration(n))
		if n != 0 && now.Sub(since) > limit {
			found = append(found, i)
			if since.Before(oldest) {
				oldest = since
			}
		}
	}
	for _, i := range found {
		if !slices.Contains(x.shards, i) {
			stacks := make([]byte, stackBytes)
			stacks = stacks[:runtime.Stack(stacks, true)]
			slog.Error("a shard is stuck: it has not finished a batch of packets", "shard", i, "after", now.Sub(oldest).Round(time.Second).String(), "stacks", string(stacks))
			break // the stacks are those of all
		}
	}
	switch {
	case len(found) > 0 && len(x.shards) == 0:
		x.began = oldest
	case len(found) == 0 && len(x.shards) > 0 && r.opts.Notice != nil:
		r.opts.Notice(fmt.Sprintf("all shards go on, after %s", now.Sub(x.began).Round(time.Second)))
	}
	x.shards = found
	return found
}
