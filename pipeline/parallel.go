package pipeline

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/writers"
)

// parallel runs several shards, on a goroutine each, and no goroutine beside them:
// the shard that has nothing to do reads the next batches for all, and one that is
// ahead of the others merges what all have made of a job. So as many cores are busy as
// there are shards, and none waits for another to be woken.
type parallel struct {
	*run
	jobs []chan job
	done []chan *writers.Batch

	reading sync.Mutex // of the reader and what follows
	hosts   packet.Decoder
	frame   packet.Frame // scratch of choose
	buckets [numBuckets]uint16
	load    []uint64 // what each shard was given to do so far, about in bytes
	err     error    // why reading ended
	limit   uint64   // of the last job that ended connections
	idle    bool     // the source may have nothing more for a while
	free    chan *assignment
	lead    lead

	worked []atomic.Uint64 // what each shard has done of load

	merging sync.Mutex // of the merger and what follows
	batches []*writers.Batch
	working atomic.Int32 // shards that have jobs to come
}

// job is what a shard works on: a batch with the lists of whose its packets are, or,
// at the end, the connections to be ended.
type job struct {
	batch  *capture.Batch
	shards *assignment
	limit  uint64
}

// lead is how far the shard that reads may be ahead of what is merged, in bytes: how much
// of the capture is held, and about how much of the rows.
type lead struct {
	mu     sync.Mutex
	change sync.Cond
	jobs   []int // bytes of those that are not merged yet
	bytes  int
}

// add notes a job.
func (l *lead) add(n int) {
	l.mu.Lock()
	l.jobs = append(l.jobs, n)
	l.bytes += n
	l.mu.Unlock()
}

// done notes that the oldest job is merged.
func (l *lead) done() {
	l.mu.Lock()
	l.bytes -= l.jobs[0]
	l.jobs = l.jobs[1:]
	l.change.Signal()
	l.mu.Unlock()
}

// full reports whether more has to wait.
func (l *lead) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes >= maxLead
}

// wait returns when more may come, or when ready does not return false any more, which
// is asked again after every wake.
func (l *lead) wait(ready func() bool) {
	l.mu.Lock()
	for l.bytes >= maxLead && !ready() {
		l.change.Wait()
	}
	l.mu.Unlock()
}

// wake has wait look again.
func (l *lead) wake() {
	l.mu.Lock()
	l.change.Signal()
	l.mu.Unlock()
}

// assignment has the packets of a batch that are each shard's.
type assignment struct {
	// first is the place of each shard's first packet, plus 1, and next that of the one
	// after each packet; 0 is none.
	first [maxShards]uint16
	next  [capture.BatchPackets]uint16
	// load is what they add to each shard's.
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
	// inFlight is how many jobs and results may wait for each shard. In traffic most of
	// which is for one shard for a while, the others get at what comes after it.
	inFlight = 512
	// drainBytes is what a job counts in lead that ends connections.
	drainBytes = 2 << 20
	// mergeAt is for how many results a shard that waits is woken to merge them.
	mergeAt = 4
	// maxBehind is how many results a shard that is behind leaves for another to merge.
	maxBehind = 8
	// A shard that has fewer than readAt jobs makes more, until it has readAhead: so the
	// others have some while it does, even if they have as few.
	readAt    = 2
	readAhead = 4
	// numBuckets is in how many parts the pairs of hosts are divided among the shards,
	// and unassigned is the shard of a part of which there was no packet yet.
	numBuckets = 1 << 16
	unassigned = maxShards
	// perPacket is how many bytes of payload take as long as the rest of a packet.
	perPacket = 512
	// undone is how many times what a shard has still to do is counted.
	undone = 8
	// perHeld is about what a packet takes beside its bytes while it is held.
	perHeld = 64
)

// maxLead bounds lead. Tests change it.
var maxLead = 48 << 20

func newParallel(r *run) *parallel {
	p := &parallel{run: r, free: make(chan *assignment, inFlight+2), batches: make([]*writers.Batch, len(r.shards)),
		load: make([]uint64, len(r.shards)), worked: make([]atomic.Uint64, len(r.shards))}
	p.lead.change.L = &p.lead.mu
	for i := range p.buckets {
		p.buckets[i] = unassigned
	}
	for range r.shards {
		p.jobs = append(p.jobs, make(chan job, inFlight))
		p.done = append(p.done, make(chan *writers.Batch, inFlight))
	}
	return p
}

// process reads, dissects and merges everything. Every shard gets every batch, because
// time passes for all.
func (p *parallel) process(ctx context.Context) error {
	var shards sync.WaitGroup
	p.working.Store(int32(len(p.shards)))
	for i := range p.shards {
		shards.Go(func() { p.work(ctx, i) })
	}
	shards.Wait()
	return ignoreEOF(p.err)
}

// work does the jobs of shard i.
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
		if j.batch == nil {
			p.done[i] <- s.drain(j.limit)
		} else {
			out := s.batch(j.batch, j.shards.packets(i, mine[:0]))
			p.worked[i].Add(j.shards.load[i])
			j.batch.Release()
			j.shards.release()
			p.done[i] <- out
		}
		p.merge(turn)
		if p.due() {
			p.lead.wake()
		}
	}
}

// job returns the next job of shard i. Whoever finds few makes more for all.
func (p *parallel) job(ctx context.Context, i int, turn func() bool) (j job, ok bool) {
	if len(p.jobs[i]) < readAt && p.reading.TryLock() {
		for len(p.jobs[i]) < readAhead {
			if p.lead.full() {
				if len(p.jobs[i]) > 0 {
					break
				}
				// The others are behind, this one has done all.
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
	// Whoever reads sends to this shard, too.
	j, ok = <-p.jobs[i]
	return j, ok
}

// feed gives every shard another job, or closes their channels and returns false when
// there is none.
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
		p.lead.add(p.assign(j.batch, j.shards))
		j.batch.Retain(len(p.jobs) - 1)
		j.shards.refs.Store(int32(len(p.jobs)))
	} else {
		p.limit = p.nextDrain(p.limit)
		j.limit = p.limit
		p.lead.add(drainBytes)
	}
	for _, c := range p.jobs {
		c <- j
		if p.limit == dissect.All {
			close(c)
		}
	}
	return true
}

// assign chooses the shard of every packet of b by its two outermost IP addresses. What has
// none goes to the first shard. A symmetric, keyed hash of the addresses is the bucket, and
// a bucket belongs to the shard that had least to do when its first packet came: often a few
// pairs of hosts have most of the traffic, and these are not to meet on one shard by chance.
// It returns how many bytes the packets are.
func (p *parallel) assign(b *capture.Batch, a *assignment) (bytes int) {
	clear(a.first[:len(p.jobs)])
	clear(a.load[:len(p.jobs)])
	// From the last packet to the first, so that each list is in their order.
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

// least returns the shard that is to get more to do. What a shard was given and has not done
// yet counts more than what it has: it may be harder to do than load says, and which shard
// does what makes no difference to the result.
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
	hi, lo := bits.Mul64(h.Hi^p.seed[0], h.Lo^p.seed[1])
	hi, lo = bits.Mul64(hi^lo^p.seed[2], 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// merge merges what all shards have made of the jobs that all have done, as long as
// ready says so, unless another shard is at it, which then sees this one's result.
func (p *parallel) merge(ready func() bool) {
	for ready() && p.merging.TryLock() {
		for ready() {
			for i, c := range p.done {
				p.batches[i] = <-c
			}
			p.merger.Merge(p.batches...)
			p.lead.done()
		}
		p.merging.Unlock()
	}
}

// complete tells whether every shard has a result to be merged.
func (p *parallel) complete() bool {
	for _, c := range p.done {
		if len(c) == 0 {
			return false
		}
	}
	return true
}

// turn tells whether there is something to be merged, and shard i is to do it: those that
// are behind others that have still jobs leave it to these for a while.
func (p *parallel) turn(i int) bool {
	if !p.complete() {
		return false
	}
	mine := len(p.done[i])
	if mine >= maxBehind || int(p.working.Load()) < len(p.shards) {
		return true
	}
	for _, c := range p.done {
		if len(c) > mine {
			return false
		}
	}
	return true
}

// due tells whether there is enough to be merged to wake a shard for it, or something at
// all and the shard that is behind has nothing else to do.
func (p *parallel) due() bool {
	behind := 0
	for i, c := range p.done {
		if len(c) < len(p.done[behind]) {
			behind = i
		}
	}
	n := len(p.done[behind])
	return n >= mergeAt || n > 0 && len(p.jobs[behind]) == 0
}
