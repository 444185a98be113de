package pipeline

import (
	"context"
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/packet"
	"github.com/wirelog/wirelog/writers"
)

// parallel runs several shards, on a goroutine each, and no goroutine beside them:
// the shard that has nothing to do reads the next batches for all, and the one that
// ends a job last merges what all have made of it. So as many cores are busy as
// there are shards, and none waits for another to be woken.
type parallel struct {
	*run
	jobs []chan job
	done []chan *writers.Batch

	reading sync.Mutex // of the reader and what follows
	hosts   packet.Decoder
	err     error  // why reading ended
	limit   uint64 // of the last job that ended connections
	free    chan *assignment

	merging sync.Mutex // of the merger and what follows
	batches []*writers.Batch
}

// job is what a shard works on: a batch with the shard of each of its packets, or,
// at the end, the connections to be ended.
type job struct {
	batch  *capture.Batch
	shards *assignment
	limit  uint64
}

// assignment has the shard of every packet of a batch.
type assignment struct {
	of   [capture.BatchPackets]uint8
	refs atomic.Int32
	free chan<- *assignment
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
	// inFlight is how many jobs and results may wait for each shard.
	inFlight = 128
	// readAhead is how many jobs a shard makes when it has none, so that the others
	// have some while it makes the next.
	readAhead = 2
)

func newParallel(r *run) *parallel {
	p := &parallel{run: r, free: make(chan *assignment, inFlight+2), batches: make([]*writers.Batch, len(r.shards))}
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
	for i := range p.shards {
		shards.Go(func() { p.work(ctx, i) })
	}
	shards.Wait()
	return ignoreEOF(p.err)
}

// work does the jobs of shard i.
func (p *parallel) work(ctx context.Context, i int) {
	s, me := p.shards[i], uint8(i)
	for {
		j, ok := p.job(ctx, i)
		if !ok {
			return
		}
		if j.batch == nil {
			p.done[i] <- s.drain(j.limit)
		} else {
			out := s.batch(j.batch, func(n int) bool { return j.shards.of[n] == me })
			j.batch.Release()
			j.shards.release()
			p.done[i] <- out
		}
		p.merge()
	}
}

// job returns the next job of shard i. Whoever finds none makes some for all.
func (p *parallel) job(ctx context.Context, i int) (j job, ok bool) {
	select {
	case j, ok = <-p.jobs[i]:
		return j, ok
	default:
	}
	if p.reading.TryLock() {
		for len(p.jobs[i]) < readAhead && p.feed(ctx) {
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
		p.assign(j.batch, j.shards)
		j.batch.Retain(len(p.jobs) - 1)
		j.shards.refs.Store(int32(len(p.jobs)))
	} else {
		p.limit = p.nextDrain(p.limit)
		j.limit = p.limit
	}
	for _, c := range p.jobs {
		c <- j
		if p.limit == dissect.All {
			close(c)
		}
	}
	return true
}

// assign chooses the shard of every packet of b by a symmetric, keyed hash of its
// two outermost IP addresses. What has none goes to the first shard.
func (p *parallel) assign(b *capture.Batch, a *assignment) {
	n := uint64(len(p.shards))
	var f packet.Frame
	for i := range b.Packets {
		pkt := &b.Packets[i]
		f.Data, f.OrigLen, f.Link = pkt.Data, pkt.OrigLen, packet.LinkType(pkt.Link)
		src, dst, ok := p.hosts.Hosts(&f)
		if !ok {
			a.of[i] = 0
			continue
		}
		h := p.hashAddr(&src) + p.hashAddr(&dst)
		hi, _ := bits.Mul64(h, n)
		a.of[i] = uint8(hi)
	}
}

func (p *parallel) hashAddr(a *[16]byte) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^p.seed[0], binary.LittleEndian.Uint64(a[8:])^p.seed[1])
	hi, lo = bits.Mul64(hi^lo^p.seed[2], 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// merge merges what all shards have made of the jobs that all have done, unless another
// shard is at it, which then sees this one's result.
func (p *parallel) merge() {
	for p.complete() && p.merging.TryLock() {
		for p.complete() {
			for i, c := range p.done {
				p.batches[i] = <-c
			}
			p.merger.Merge(p.batches...)
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
