package pipeline

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/writers"
)

// parallel runs several shards, each on its own goroutine, and uses no others: an idle
// shard reads the next batches for all, and a shard that is ahead merges the results
// of all. This keeps as many cores busy as there are shards, and none waits for
// another to wake up.
type parallel struct {
	*run
	jobs []chan job
	done []chan result

	reading sync.Mutex // guards the reader and the fields below
	hosts   packet.Decoder
	frame   packet.Frame // scratch of choose
	buckets [numBuckets]uint16
	// bucketKey keys the hash that selects a bucket. It is random even if the seed of the
	// uids is given, so that nobody can choose hosts for one shard; no row depends on it.
	bucketKey conn.Seed
	load      []uint64 // work given to each shard so far, roughly in bytes
	err       error    // why reading ended
	limit     uint64   // limit of the last job that ended connections
	idle      bool     // the source may have nothing more for a while
	free      chan *assignment
	lead      lead

	worked []atomic.Uint64 // the part of load that each shard has done

	merging sync.Mutex // guards the merger and the fields below
	// parts are the rows of the current job that are not written, and before bounds what
	// those shards will add that have not finished it.
	parts   []part
	scratch []*writers.Batch
	before  []writers.Key
	given   []atomic.Int32 // what each shard has given of the current job: nothing, part, all
	first   atomic.Int32   // the shard with the least key of those that have given a part, or -1

	held    []atomic.Int64 // bytes of each shard's results that are not written
	working atomic.Int32   // shards that have not finished
}

// What a shard has given of a job.
const (
	givenNothing = iota
	givenPart
	givenAll
)

// part is rows of a shard that wait to be written.
type part struct {
	rows  *writers.Batch
	shard int
	bytes int
}

// result is the rows of a job, or a part of them: those before a key.
type result struct {
	rows   *writers.Batch
	part   bool
	before writers.Key
}

// job is a unit of work of a shard: a batch and the assignment of its packets to
// shards or, at the end, the connections to end.
type job struct {
	batch  *capture.Batch
	shards *assignment
	limit  uint64
	epoch  *epoch
}

// lead bounds how far reading may be ahead of merging, in bytes of the capture and of rows
// that are held.
type lead struct {
	mu     sync.Mutex
	change sync.Cond
	jobs   []waiting // that are not merged yet
	bytes  int       // of jobs and rows
	most   int       // bytes from which on reading waits
}

// waiting is a job that is not merged: its bytes, and the number of the run's last packet.
type waiting struct {
	bytes int
	last  uint64
}

// rows counts n more bytes of rows, or fewer.
func (l *lead) rows(n int) {
	if n == 0 {
		return
	}
	l.mu.Lock()
	if l.bytes += n; n < 0 {
		l.change.Broadcast()
	}
	l.mu.Unlock()
}

// until returns when ready returns true, which it calls again after every wake.
func (l *lead) until(ready func() bool) {
	l.mu.Lock()
	for !ready() {
		l.change.Wait()
	}
	l.mu.Unlock()
}

// add counts a job of n bytes, whose last packet has that number.
func (l *lead) add(n int, last uint64) {
	l.mu.Lock()
	l.jobs = append(l.jobs, waiting{n, last})
	l.bytes += n
	l.mu.Unlock()
}

// done removes the oldest job, which is merged, and returns the number of its last packet.
func (l *lead) done() (last uint64) {
	l.mu.Lock()
	last = l.jobs[0].last
	l.bytes -= l.jobs[0].bytes
	l.jobs = l.jobs[1:]
	l.change.Broadcast()
	l.mu.Unlock()
	return last
}

// full reports whether reading must wait.
func (l *lead) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes >= l.most
}

// wait returns when there is room for more, or when ready returns true. It calls ready
// again after every wake.
func (l *lead) wait(ready func() bool) {
	l.mu.Lock()
	for l.bytes >= l.most && !ready() {
		l.change.Wait()
	}
	l.mu.Unlock()
}

// wake makes wait check again.
func (l *lead) wake() {
	l.mu.Lock()
	l.change.Broadcast()
	l.mu.Unlock()
}

// assignment assigns the packets of a batch to shards.
type assignment struct {
	// first is the place of each shard's first packet, plus 1, and next that of the
	// same shard's packet after each packet; 0 means none.
	first [maxShards]uint16
	next  [capture.BatchPackets]uint16
	// load is what the packets add to each shard's load.
	load [maxShards]uint64
	refs atomic.Int32
	free chan<- *assignment
}

// packets appends the places of the packets of shard i.
func (a *assignment) packets(i int, dst []uint16) []uint16 {
	for n := a.first[i]; n != 0; n = a.next[n-1] {
		dst = append(dst, n-1)
	}
	return dst
}

// release is called by every shard when it is done with a.
func (a *assignment) release() {
	if a.refs.Add(-1) == 0 {
		select {
		case a.free <- a:
		default:
		}
	}
}

const (
	// inFlight is how many jobs and results may wait for each shard. If one shard gets
	// most of the traffic for a while, the others can go on to later batches.
	inFlight = 512
	// maxParts is more than the parts of its job that a shard gives before it waits until
	// they are written.
	maxParts = 16
	// drainBytes is what a job that ends connections counts in lead.
	drainBytes = 2 << 20
	// mergeAt is how many results wake a waiting shard to merge them.
	mergeAt = 4
	// maxBehind is how many results a shard that is behind leaves for others to merge.
	maxBehind = 8
	// A shard with fewer than readAt jobs reads more, until it has readAhead. The others
	// still have jobs meanwhile, even if they have as few.
	readAt    = 2
	readAhead = 4
	// numBuckets is the number of buckets in which pairs of hosts are divided among
	// the shards; unassigned is the shard of a bucket without a packet yet.
	numBuckets = 1 << 16
	unassigned = maxShards
	// perPacket is how many bytes of payload cost as much time as the rest of a
	// packet.
	perPacket = 512
	// undone weights a shard's backlog against its total load.
	undone = 8
	// perHeld is roughly the memory in bytes that a held packet takes besides
	// its data.
	perHeld = 64
)

// maxLead bounds lead, with the share of queues in the memory limit. Tests change it.
var maxLead = 48 << 20

// queues is how much waits between the goroutines of a run.
type queues struct {
	jobs, results []int // batches that each shard has not dissected, and results that are not merged
	bytes         int   // of packets and rows in them, roughly
}

// queues may be called at any time.
func (p *parallel) queues() (q queues) {
	for i := range p.jobs {
		q.jobs, q.results = append(q.jobs, len(p.jobs[i])), append(q.results, len(p.done[i]))
	}
	p.lead.mu.Lock()
	q.bytes = p.lead.bytes
	p.lead.mu.Unlock()
	return q
}

func newParallel(r *run) *parallel {
	p := &parallel{run: r, bucketKey: conn.RandomSeed(), free: make(chan *assignment, inFlight+2), before: make([]writers.Key, len(r.shards)),
		given: make([]atomic.Int32, len(r.shards)), held: make([]atomic.Int64, len(r.shards)),
		load: make([]uint64, len(r.shards)), worked: make([]atomic.Uint64, len(r.shards))}
	p.lead.change.L = &p.lead.mu
	p.lead.most = int(min(int64(maxLead), r.queueBytes/2))
	p.first.Store(-1)
	p.hosts.ZeekLinks = r.compat.Has(compat.LinkTypes)
	for i := range p.buckets {
		p.buckets[i] = unassigned
	}
	for range r.shards {
		p.jobs = append(p.jobs, make(chan job, inFlight))
		p.done = append(p.done, make(chan result, inFlight+maxParts))
	}
	for i, s := range r.shards {
		s.part = func(b *writers.Batch, before writers.Key) { p.part(i, b, before) }
	}
	return p
}

// process reads, dissects and merges everything. Every shard gets every batch, because
// time passes for all of them.
func (p *parallel) process(ctx context.Context) error {
	var shards sync.WaitGroup
	p.working.Store(int32(len(p.shards)))
	for i := range p.shards {
		shards.Go(func() {
			p.pin(i)
			p.work(ctx, i)
		})
	}
	shards.Wait()
	return ignoreEOF(p.err)
}

// work runs the jobs of shard i.
func (p *parallel) work(ctx context.Context, i int) {
	s := p.shards[i]
	var mine [capture.BatchPackets]uint16
	turn := func() bool { return p.turn(i) }
	for {
		j, ok := p.job(ctx, i, turn)
		if !ok {
			p.working.Add(-1)
			p.merge(p.complete)
			return
		}
		s.adopt(j.epoch)
		if j.batch == nil {
			p.give(i, result{rows: s.drain(j.limit)})
		} else {
			out := s.batch(j.batch, j.shards.packets(i, mine[:0]))
			p.worked[i].Add(j.shards.load[i])
			j.batch.Release()
			j.shards.release()
			p.give(i, result{rows: out})
		}
		p.merge(turn)
		if p.complete() {
			p.lead.wake()
		}
	}
}

// job returns the next job of shard i. A shard that finds few reads more for
// all.
func (p *parallel) job(ctx context.Context, i int, turn func() bool) (j job, ok bool) {
	if len(p.jobs[i]) < readAt && p.reading.TryLock() {
		for len(p.jobs[i]) < readAhead {
			if p.lead.full() {
				if len(p.jobs[i]) > 0 {
					break
				}
				// The others are behind; this shard has nothing left to do.
				p.lead.wait(p.due)
				p.merge(turn)
				continue
			}
			if !p.feed(ctx) || p.idle {
				break
			}
		}
		p.reading.Unlock()
	}
	// The shard that reads sends to this one too.
	j, ok = <-p.jobs[i]
	return j, ok
}

// feed gives every shard another job. If there is none, it closes the shards'
// channels and returns false.
func (p *parallel) feed(ctx context.Context) bool {
	if p.limit == dissect.All {
		return false
	}
	var j job
	if p.err == nil {
		j.batch, p.err = p.next(ctx)
	}
	if p.err == nil {
		select {
		case j.shards = <-p.free:
		default:
			j.shards = &assignment{free: p.free}
		}
		p.idle = j.batch.Idle
		p.lead.add(p.assign(j.batch, j.shards), j.batch.Last)
		j.batch.Retain(len(p.jobs) - 1)
		j.shards.refs.Store(int32(len(p.jobs)))
	} else {
		p.limit = p.nextDrain(p.limit)
		j.limit = p.limit
		p.lead.add(drainBytes, p.last.Num)
	}
	j.epoch = p.reloading.epoch.Load()
	for _, c := range p.jobs {
		c <- j
		if p.limit == dissect.All {
			close(c)
		}
	}
	return true
}

// assign chooses the shard of every packet of b by its two outermost IP addresses.
// Packets without addresses go to the first shard. A symmetric, keyed hash of the
// addresses selects a bucket, and a bucket belongs to the shard with the least load when
// its first packet arrived: often a few pairs of hosts have most of the traffic, and they
// should not meet on one shard by chance. It returns the total bytes of the packets.
func (p *parallel) assign(b *capture.Batch, a *assignment) (bytes int) {
	clear(a.first[:len(p.jobs)])
	clear(a.load[:len(p.jobs)])
	// Going from the last packet to the first leaves each list in order.
	for i := len(b.Packets) - 1; i >= 0; i-- {
		pkt := &b.Packets[i]
		bytes += len(pkt.Data) + perHeld
		s := p.choose(pkt)
		n := perPacket + uint64(len(pkt.Data))
		p.load[s] += n
		a.load[s] += n
		a.next[i] = a.first[s]
		a.first[s] = uint16(i) + 1
	}
	return bytes
}

// choose returns the shard of a packet.
func (p *parallel) choose(pkt *capture.Packet) uint16 {
	f := &p.frame
	f.Data, f.OrigLen, f.Link = pkt.Data, pkt.OrigLen, packet.LinkType(pkt.Link)
	src, dst, ok := p.hosts.Hosts(f)
	if !ok {
		return 0
	}
	bucket := &p.buckets[(p.hash(src)+p.hash(dst))%numBuckets]
	if *bucket == unassigned {
		*bucket = p.least()
	}
	return *bucket
}

// least returns the shard to give more work to. Work that a shard was given but has not
// done counts more than work done: it may be harder than load says. The choice does not
// affect the result.
func (p *parallel) least() uint16 {
	best, least := 0, ^uint64(0)
	for i, n := range p.load {
		if n += undone * (n - p.worked[i].Load()); n < least {
			best, least = i, n
		}
	}
	return uint16(best)
}

func (p *parallel) hash(h packet.Addr) uint64 {
	hi, lo := bits.Mul64(h.Hi^p.bucketKey[0], h.Lo^p.bucketKey[1])
	hi, lo = bits.Mul64(hi^lo^p.bucketKey[2], 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// give hands a result of shard i over to be merged.
func (p *parallel) give(i int, r result) {
	n := r.rows.Bytes()
	p.held[i].Add(int64(n))
	p.lead.rows(n)
	p.done[i] <- r
}

// part hands a part of the rows of shard i's current job over, and waits while too many
// of its parts are not written. The shard with the least key does not wait: what of it is
// not written comes after what it has still to give.
func (p *parallel) part(i int, b *writers.Batch, before writers.Key) {
	p.give(i, result{b, true, before})
	p.merge(p.complete)
	p.lead.wake()
	few := func() bool {
		return p.held[i].Load() <= int64(p.shards[i].most) || p.first.Load() == int32(i)
	}
	for p.complete() || !few() {
		p.lead.until(func() bool { return p.complete() || few() })
		p.merge(p.complete)
	}
}

// merge merges the results of the jobs that all shards have done, as long as ready
// returns true. If another shard is merging, it does nothing: that shard sees this
// one's result.
func (p *parallel) merge(ready func() bool) {
	for ready() && p.merging.TryLock() {
		for ready() {
			p.mergeMore()
		}
		p.merging.Unlock()
	}
}

// mergeMore writes the rows of the current job that no other row of it can precede.
func (p *parallel) mergeMore() {
	all, first := true, int32(-1)
	var before writers.Key
	for i, c := range p.done {
		for p.given[i].Load() != givenAll && len(c) > 0 {
			r := <-c
			if r.rows != nil {
				p.parts = append(p.parts, part{r.rows, i, r.rows.Bytes()})
			}
			if p.before[i] = r.before; r.part {
				p.given[i].Store(givenPart)
			} else {
				p.given[i].Store(givenAll)
			}
		}
		if p.given[i].Load() != givenAll {
			if all || p.before[i].Compare(&before) < 0 {
				before, first = p.before[i], int32(i)
			}
			all = false
		}
	}
	if !all {
		p.write(&before)
		if p.first.Swap(first) != first {
			p.lead.wake()
		}
		return
	}
	p.first.Store(-1)
	p.write(nil)
	for i := range p.given {
		p.given[i].Store(givenNothing)
	}
	p.acks.merged.Store(p.lead.done())
}

// write writes the rows of parts that are below a key, or all if it is nil.
func (p *parallel) write(before *writers.Key) {
	list := p.scratch[:0]
	for i := range p.parts {
		list = append(list, p.parts[i].rows)
	}
	p.scratch = list
	left := p.merger.MergeBefore(before, list)
	kept, n := p.parts[:0], 0
	for _, x := range p.parts {
		if len(left) > 0 && x.rows == left[0] {
			left = left[1:]
			kept = append(kept, x)
			continue
		}
		p.held[x.shard].Add(-int64(x.bytes))
		n += x.bytes
	}
	p.parts = kept
	p.lead.rows(-n)
}

// complete reports whether rows can be written: each shard has a result of the current
// job, and one of them is new.
func (p *parallel) complete() bool {
	some := false
	for i, c := range p.done {
		switch given := p.given[i].Load(); {
		case given == givenAll:
		case len(c) > 0:
			some = true
		case given == givenNothing:
			return false
		}
	}
	return some
}

// results returns the number of jobs, roughly, of which shard i has given something that
// is not written.
func (p *parallel) results(i int) int {
	n := len(p.done[i])
	if p.given[i].Load() != givenNothing {
		n++
	}
	return n
}

// turn reports whether there is something to merge and shard i should do it: while others
// still have jobs, a shard that is behind leaves merging to those ahead for a while.
func (p *parallel) turn(i int) bool {
	if !p.complete() {
		return false
	}
	mine := p.results(i)
	if mine >= maxBehind || int(p.working.Load()) < len(p.shards) {
		return true
	}
	for i := range p.done {
		if p.results(i) > mine {
			return false
		}
	}
	return true
}

// due reports whether there is enough to merge to wake a shard, or anything at all when
// the shard that is behind has no jobs.
func (p *parallel) due() bool {
	if !p.complete() {
		return false
	}
	behind := 0
	for i := range p.done {
		if p.results(i) < p.results(behind) {
			behind = i
		}
	}
	n := p.results(behind)
	return n >= mergeAt || n > 0 && len(p.jobs[behind]) == 0
}
