package pipeline

import (
	"log/slog"
	"runtime/debug"
	"sort"
	"strconv"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
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
	fan     *fanClock  // nil unless the shard reads a part of its own
	bytes   uint64     // captured of the packets so far
	ended   bool       // drain was called
	origins bool       // whether the origins of packets are wanted
	packet  int        // place of the current packet in its batch, -1 if there is none; only if origins is set
	panics  uint64     // of builders, besides those that dissect contains
	report  shardReport
	state   shardState
	epoch   *epoch // in force
	busy    busy
	load    *overload
	tally   *tally // nil without Options.Tally

	// part takes the rows so far, if not nil, when a batch has more of them than most
	// bytes. Those that follow are not before the key.
	part    func(b *writers.Batch, before writers.Key)
	most    int
	cutting bool
}

func (r *run) newShard(of int) (*shard, error) {
	o := &r.opts
	s := &shard{hooks: new(event.Hooks), out: r.merger.Collector(), most: min(maxRows, int(min(int64(maxRowsAll), r.queueBytes/2))/of), packet: -1, load: &r.overload}
	s.origins = s.out.Groups()&(schemas.GroupSource|schemas.GroupMirror) != 0
	now := func() value.Time { return s.dissect.Now() }
	cause := func(deadline value.Time, first uint64) {
		if s.out.Buffered() > s.most && int64(deadline) > s.out.Time() {
			s.cutTimers(deadline)
		}
		s.out.SetCause(int64(deadline), writers.ClassTimer, first)
	}
	s.logs = logs.Install(s.hooks, s.out, logs.Options{
		LocalNets: o.LocalNets, Now: now, Clock: func() value.Time { return s.dissect.Clock() }, Cause: cause, Groups: s.out.Groups(), RootCerts: r.roots,
		Origin: s.origin, Limits: o.Rows, Reports: o.Reports, Compat: r.compat, LDAP: o.LDAP,
		Counters: s.counters,
	})
	own, err := r.extend(s, now)
	if err != nil {
		return nil, err
	}
	s.logs.Add(o.Builders...)
	if o.Tally {
		s.tally = newTally(s.hooks)
	}
	watchers := dissect.Watchers(s.hooks)
	if len(r.shards) == 0 {
		r.behind.hooks.SteppingStone = s.hooks.SteppingStone
	}
	if r.events {
		gate := schemas.Gate{Kind: schemas.GateSample}
		if picks(o.EventNames, "unknown_protocol") {
			s.hooks.Packet.UnknownProtocol.Listen(func(e *event.UnknownProtocol) {
				gate.Key = e.AnalyzerName + " " + strconv.FormatUint(e.Protocol, 10)
			})
		}
		emit := func(line []byte) {
			line = append(s.out.OpenLine(0), line[:len(line)-1]...)
			if gate.Key == "" {
				s.out.CloseLine(0, line)
				return
			}
			s.out.CloseLineGated(0, line, gate)
			gate.Key = ""
		}
		if _, err := event.NewStream(s.hooks, now, emit, o.EventNames...); err != nil {
			return nil, &OptionError{"EventNames", err}
		}
	}
	d := option.Divide(o.Dissect, of)
	d.Conn.Seed, d.Conn.Compat = r.seed, r.compat
	d.Protocols, d.Attach = own, watchers
	if d.Watch.Notes = nil; s.hooks.SteppingStone.On() {
		d.Watch.Notes = func(note []byte) { s.out.Note(0, note) }
	}
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

// maxRows is how many bytes of rows a shard gathers before it hands them over, also within
// a batch of packets, a burst of timers or the end of the run. All shards together gather
// maxRowsAll. Tests change it.
var (
	maxRows    = 8 << 20
	maxRowsAll = 64 << 20
)

// cut hands the rows so far over.
func (s *shard) cut(before writers.Key) {
	if s.part != nil {
		if b := s.out.Flush(); b != nil {
			s.busy.end() // an output that makes it wait is no fault of the shard
			s.part(b, before)
			s.busy.begin()
		}
	}
}

// cutTimers is cut between timers, before the rows of one with that deadline. Builders'
// timers otherwise run after all others of a packet, but their rows belong between these.
func (s *shard) cutTimers(deadline value.Time) {
	if s.cutting || s.part == nil {
		return
	}
	s.cutting = true
	if s.logs.Due(deadline - 1) {
		s.expire(deadline - 1)
	}
	s.cutting = false
	s.cut(writers.Key{Time: int64(deadline)})
}

// batch dissects the packets of b whose places are in mine, and returns the
// resulting records.
func (s *shard) batch(b *capture.Batch, mine []uint16) *writers.Batch {
	s.run(b, mine)
	return s.out.Flush()
}

// run is batch without the end: the records stay.
func (s *shard) run(b *capture.Batch, mine []uint16) {
	s.clock.Batch = b
	s.busy.begin()
	defer s.busy.end()
	s.dissect.Shed(s.load.shedding())
	for _, i := range mine {
		p := &b.Packets[i]
		s.advance(value.Time(p.Now))
		s.out.SetCause(p.Now, writers.ClassPacket, p.Num)
		s.bytes += uint64(len(p.Data))
		f := &s.frame
		f.Data, f.OrigLen, f.Link = p.Data, p.OrigLen, packet.LinkType(p.Link)
		f.Unsummed = p.Unsummed
		f.Time, f.Now, f.Num = value.Time(p.Time), value.Time(p.Now), p.Num
		if s.origins {
			s.packet = int(i)
		}
		s.dissect.Frame(f)
		s.packet = -1
		if s.out.Buffered() > s.most {
			s.cut(writers.Key{Time: p.Now, Class: writers.ClassPacket, Num: p.Num + 1})
		}
	}
	s.advance(value.Time(b.Now))
	s.dissect.Settle()
	s.now = b.Now
	s.clock.Batch = nil
	if s.report.wanted.Load() {
		s.report.set(s.dissect)
	}
	if s.state.wanted.Load() {
		s.state.set(s)
	}
}

// origin says where the current packet is.
func (s *shard) origin() (o schemas.Source) {
	if s.packet < 0 {
		return o
	}
	if len(s.clock.Mirrors) > 0 {
		m := &s.clock.Mirrors[s.packet]
		setTunnel(&o.MirrorType, &o.MirrorID, &m.Outer)
		setTunnel(&o.InnerMirrorType, &o.InnerMirrorID, &m.Inner)
	}
	if len(s.clock.Origins) == 0 { // of a source that is not files
		o.Packet = value.Some(s.clock.Packets[s.packet].Num)
		return o
	}
	at := &s.clock.Origins[s.packet]
	o.File, o.Packet = value.Some(at.File), value.Some(at.Num)
	if at.Interface >= 0 {
		o.Interface = value.Some(uint64(at.Interface))
	}
	return o
}

// setTunnel sets the columns of a tunnel that was taken off.
func setTunnel(name *value.Opt[string], id *value.Opt[uint64], t *capture.Tunnel) {
	if t.Name == "" {
		return
	}
	*name = value.Some(t.Name)
	if t.HasID {
		*id = value.Some(uint64(t.ID))
	}
}

// advance runs the timers that are due at now.
func (s *shard) advance(now value.Time) {
	if s.fan != nil {
		if now == 0 {
			return // there was nothing yet, here
		}
		s.fan.now = now
	}
	if s.logs.Due(now) {
		s.measure(now)
	}
	s.dissect.Advance(now, &s.clock)
	if s.logs.Due(now) {
		s.expire(now)
	}
}

// measure runs the builders' timers that must find connections as they are at their
// deadlines.
func (s *shard) measure(now value.Time) {
	for d := s.logs.Exact(); d <= now; d = s.logs.Exact() {
		if d > 0 { // 0 is that of a timer which is set at the first packet
			s.dissect.Advance(d, &s.clock)
		}
		s.expire(d)
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
	if s.fan != nil {
		s.logs.Advance(now, s.fan)
		return
	}
	s.logs.Advance(now, &s.clock)
}

// drain ends the connections that began before packet limit.
func (s *shard) drain(limit uint64) *writers.Batch {
	s.busy.begin()
	defer s.busy.end()
	if !s.ended {
		s.ended = true
		s.out.SetCause(s.now, writers.ClassEnd, 0)
		s.logs.Finish(value.Time(s.now))
	}
	s.dissect.Drain(limit, value.Time(s.now), func(first uint64) {
		// The files that remain at the very end may belong to earlier packets.
		if s.out.Buffered() > s.most && limit != dissect.All {
			s.cut(writers.Key{Time: s.now, Class: writers.ClassEnd, Num: first})
		}
		s.out.SetCause(s.now, writers.ClassEnd, first)
	})
	return s.out.Flush()
}
