package pipeline

import (
	"log/slog"
	"runtime/debug"
	"sort"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// shard is a goroutine's own copy of everything between packets and encoded rows.
type shard struct {
	dissect *dissect.Shard
	logs    *logs.Builders
	hooks   *event.Hooks
	out     *writers.Collector
	frame   packet.Frame
	clock   batchClock // of the current batch
	now     int64      // clock at the end of the last batch
	panics  uint64     // of builders, besides those that dissect contains
	report  shardReport
}

func (r *run) newShard(of int) (*shard, error) {
	o := &r.opts
	s := &shard{hooks: new(event.Hooks), out: r.merger.Collector()}
	now := func() value.Time { return s.dissect.Now() }
	cause := func(deadline value.Time, first uint64) { s.out.SetCause(int64(deadline), writers.ClassTimer, first) }
	s.logs = logs.Install(s.hooks, s.out, logs.Options{
		LocalNets: o.LocalNets, Now: now, Clock: func() value.Time { return s.dissect.Clock() }, Cause: cause, Groups: s.out.Groups(), RootCerts: r.roots,
		Limits: o.Rows, Compat: r.compat,
	})
	own, err := r.extend(s, now)
	if err != nil {
		return nil, err
	}
	s.logs.Add(o.Builders...)
	if r.events {
		emit := func(line []byte) {
			s.out.CloseLine(0, append(s.out.OpenLine(0), line[:len(line)-1]...))
		}
		if _, err := event.NewStream(s.hooks, now, emit, o.EventNames...); err != nil {
			return nil, &OptionError{"EventNames", err}
		}
	}
	d := option.Divide(o.Dissect, of)
	d.Conn.Seed, d.Conn.Compat = r.seed, r.compat
	d.Protocols = own
	d.Files.BareNames = r.compat.Has(compat.ExtractedName)
	d.Files.BestType = !r.events // only the event stream has the other types
	s.dissect, err = dissect.New(d, s.hooks, func(deadline value.Time, first, _ uint64) {
		cause(deadline, first)
	})
	if err != nil {
		return nil, &OptionError{"Extend", err} // this module's own protocols do not conflict
	}
	return s, nil
}

// batchClock is the clock of the packets of one batch. Timers whose deadline lies
// between two batches fire at the first packet of the later one, so where batches
// are cut has no effect on them.
type batchClock struct{ *capture.Batch }

// At returns clock and number of the first packet at or after d, or the end of the
// batch and the number after its last packet if there is none.
func (c *batchClock) At(d value.Time) (value.Time, uint64) {
	b := c.Packets
	i := sort.Search(len(b), func(i int) bool { return b[i].Now >= int64(d) })
	if i == len(b) {
		return value.Time(c.Now), c.Last + 1
	}
	p := &b[i]
	return value.Time(p.Now), p.Num
}

// batch dissects the packets of b whose places are in mine, and returns the
// resulting records.
func (s *shard) batch(b *capture.Batch, mine []uint16) *writers.Batch {
	s.clock.Batch = b
	for _, i := range mine {
		p := &b.Packets[i]
		s.advance(value.Time(p.Now))
		s.out.SetCause(p.Now, writers.ClassPacket, p.Num)
		f := &s.frame
		f.Data, f.OrigLen, f.Link = p.Data, p.OrigLen, packet.LinkType(p.Link)
		f.Time, f.Now, f.Num = value.Time(p.Time), value.Time(p.Now), p.Num
		s.dissect.Frame(f)
	}
	s.advance(value.Time(b.Now))
	s.dissect.Settle()
	s.now = b.Now
	s.clock.Batch = nil
	if s.report.wanted.Load() {
		s.report.set(s.dissect)
	}
	return s.out.Flush()
}

// advance runs the timers that are due at now.
func (s *shard) advance(now value.Time) {
	s.dissect.Advance(now, &s.clock)
	if s.logs.Due(now) {
		s.expire(now)
	}
}

// expire has the builders write expired rows. A panic costs the row being
// written.
func (s *shard) expire(now value.Time) {
	defer func() {
		if r := recover(); r != nil {
			if s.panics++; s.panics == 1 {
				slog.Error("writing expired rows panicked", "panic", r, "stack", string(debug.Stack()))
			}
		}
	}()
	s.logs.Advance(now, &s.clock)
}

// drain ends the connections that began before packet limit.
func (s *shard) drain(limit uint64) *writers.Batch {
	s.dissect.Drain(limit, value.Time(s.now), func(first uint64) { s.out.SetCause(s.now, writers.ClassEnd, first) })
	return s.out.Flush()
}
