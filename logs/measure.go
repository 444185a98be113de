package logs

import (
	"cmp"
	"encoding/binary"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Counters are what a shard has done so far, or what it has now.
type Counters struct {
	// Packets were dissected, with Bytes captured. Events were raised.
	Packets, Bytes, Events uint64
	// Acks and Gaps are those of a connection table.
	Acks, Gaps uint64
	// TCP, UDP and ICMP connections, and files, have begun.
	TCP, UDP, ICMP, Files uint64

	// Active are those that are open, and Held the bytes that reassembly holds, now.
	ActiveTCP, ActiveUDP, ActiveICMP, ActiveFiles uint64
	HeldTCP, HeldFiles, HeldFragments             uint64
}

// growing returns the counters that only grow, current the others.
func (c *Counters) growing() []*uint64 {
	return []*uint64{&c.Packets, &c.Bytes, &c.Events, &c.Acks, &c.Gaps, &c.TCP, &c.UDP, &c.ICMP, &c.Files}
}

func (c *Counters) current() []*uint64 {
	return []*uint64{&c.ActiveTCP, &c.ActiveUDP, &c.ActiveICMP, &c.ActiveFiles, &c.HeldTCP, &c.HeldFiles, &c.HeldFragments}
}

// Add adds o to c.
func (c *Counters) Add(o *Counters) {
	from := append(o.growing(), o.current()...)
	for i, p := range append(c.growing(), c.current()...) {
		*p += *from[i]
	}
}

// since returns c without what was counted by before.
func (c Counters) since(before *Counters) Counters {
	was := before.growing()
	for i, p := range c.growing() {
		*p -= *was[i]
	}
	return c
}

// Process is what is known of the process rather than of a shard, for stats.log.
type Process struct {
	// Memory is in use, in bytes.
	Memory uint64
	// Live says that the rest counts: packets that the kernel has dropped, those that it has
	// seen and those that the filter has left out, and how far the latest packet is behind the
	// clock.
	Live                    bool
	Dropped, Link, Filtered uint64
	Lag                     time.Duration
}

// measure takes notes of a shard's counters at intervals, of which a measureJoiner makes the
// rows of capture_loss.log or stats.log. All shards take theirs at the same times.
//
// Zeek's scripts count the first interval from the first packet, and all others from the packet
// that has ended the one before.
type measure struct {
	out          schemas.Emitter
	rec          schemas.Record
	cause        func(deadline value.Time, num uint64)
	counters     func() Counters
	timer        *Timer
	first, every value.Time
	next, last   value.Time // the deadline, and the time of the last measurement
	before       Counters
	note         []byte
}

func installMeasure(rec schemas.Record, first, every time.Duration) func(*event.Hooks, schemas.Emitter, *Options) {
	return func(_ *event.Hooks, out schemas.Emitter, o *Options) {
		if every <= 0 || o.Counters == nil {
			return
		}
		b := &measure{out: out, rec: rec, cause: o.Cause, counters: o.Counters, first: value.Time(first), every: value.Time(every)}
		b.timer = o.NewTimer(b.measure)
		b.timer.exact, b.timer.end = true, b.take
		b.timer.Set(0)
	}
}

func installCaptureLoss(h *event.Hooks, out schemas.Emitter, o *Options) {
	r := &o.Reports
	installMeasure(new(schemas.CaptureLoss), r.CaptureLossFirst, r.CaptureLossEvery)(h, out, o)
}

func installStats(h *event.Hooks, out schemas.Emitter, o *Options) {
	installMeasure(new(schemas.Stats), o.Reports.StatsEvery, o.Reports.StatsEvery)(h, out, o)
}

// measure takes the measurement that is due.
func (b *measure) measure(_ value.Time, clock Clock) {
	at, num := clock.At(b.next)
	if b.last == 0 {
		b.last, b.next = at, at+b.first
	} else {
		b.cause(b.next, num)
		b.take(at)
		b.next = at + b.every
	}
	b.timer.Set(b.next)
}

// take takes a note of a measurement.
func (b *measure) take(at value.Time) {
	if b.last == 0 {
		return // nothing was ever measured
	}
	now := b.counters()
	c := now.since(&b.before)
	n := binary.BigEndian.AppendUint64(b.note[:0], uint64(at))
	n = binary.BigEndian.AppendUint64(n, uint64(at-b.last))
	for _, p := range append(c.growing(), c.current()...) {
		n = binary.BigEndian.AppendUint64(n, *p)
	}
	b.note, b.before, b.last = n, now, at
	b.out.EmitGated(b.rec, schemas.Gate{Kind: schemas.GateJoin, Key: text(n)})
}

// A measureJoiner adds up the notes of a measurement: one of each shard.
type measureJoiner struct {
	shards, notes int
	sum           Counters
	row           func(at, delta value.Time, c *Counters) schemas.Record
}

// Join takes a note.
func (j *measureJoiner) Join(note []byte, emit func(schemas.Record)) {
	at, delta := value.Time(binary.BigEndian.Uint64(note)), value.Time(binary.BigEndian.Uint64(note[8:]))
	var c Counters
	for i, p := range append(c.growing(), c.current()...) {
		*p = binary.BigEndian.Uint64(note[16+8*i:])
	}
	j.sum.Add(&c)
	if j.notes++; j.notes == j.shards {
		emit(j.row(at, delta, &j.sum))
		j.notes, j.sum = 0, Counters{}
	}
}

// End has nothing left: a measurement is complete when it is in its place.
func (j *measureJoiner) End(func(schemas.Record)) {}

// Limited has no limit.
func (j *measureJoiner) Limited() (string, uint64) { return "", 0 }

// newCaptureLossJoiner makes capture_loss.log after Zeek's policy/misc/capture-loss, without
// its notices.
func newCaptureLossJoiner(o *Options) schemas.Joiner {
	rec := schemas.CaptureLoss{Peer: cmp.Or(o.Peer, peerName)}
	return &measureJoiner{shards: o.Shards, row: func(at, delta value.Time, c *Counters) schemas.Record {
		rec.TS, rec.TSDelta, rec.Gaps, rec.Acks, rec.PercentLost = at, value.Interval(delta.Seconds()), c.Gaps, c.Acks, 0
		if c.Acks > 0 {
			rec.PercentLost = 100 * float64(c.Gaps) / float64(c.Acks)
		}
		return &rec
	}}
}

// newStatsJoiner makes stats.log after Zeek's policy/misc/stats.
func newStatsJoiner(o *Options) schemas.Joiner {
	peer, process := cmp.Or(o.Peer, peerName), o.Process
	if process == nil {
		process = func() Process { return Process{} }
	}
	var rec schemas.Stats
	var before Process
	return &measureJoiner{shards: o.Shards, row: func(at, _ value.Time, c *Counters) schemas.Record {
		rec = schemas.Stats{
			TS: at, Peer: peer, PktsProc: c.Packets, BytesRecv: c.Bytes, EventsProc: c.Events, EventsQueued: c.Events,
			ActiveTCPConns: c.ActiveTCP, ActiveUDPConns: c.ActiveUDP, ActiveICMPConns: c.ActiveICMP,
			TCPConns: c.TCP, UDPConns: c.UDP, ICMPConns: c.ICMP, Files: c.Files, ActiveFiles: c.ActiveFiles,
			ReassemTCPSize: c.HeldTCP, ReassemFileSize: c.HeldFiles, ReassemFragSize: c.HeldFragments,
		}
		p := process()
		rec.Mem = p.Memory >> 20
		if p.Live {
			rec.PktsDropped = value.Some(p.Dropped - before.Dropped)
			rec.PktsLink = value.Some(p.Link - before.Link)
			rec.PktsFiltered = value.Some(p.Filtered - before.Filtered)
			rec.PktLag = value.Some(value.Interval(p.Lag.Seconds()))
		}
		before = p
		return &rec
	}}
}
