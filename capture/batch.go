package capture

import (
	"sync"
	"sync/atomic"
)

// Batch is a run of consecutive packets.
type Batch struct {
	// Seq is the batch's number in the run, from 0.
	Seq uint64
	// Packets are the packets in capture order, at most BatchPackets of them. A
	// batch without packets says only that time has passed.
	Packets []Packet
	// Origins has the origin of each of Packets if Options.Origins is set.
	Origins []Origin
	// Mirrors has what was taken off each of Packets if BatcherOptions.Mirrors is set.
	Mirrors []Mirror
	// Now is the run's clock at the end of the batch, in nanoseconds since the
	// Unix epoch. It is that of the last packet, or later if a live source was
	// idle after it.
	Now int64
	// Last is the number of the run's last packet up to the end of the batch, 0
	// if there was none.
	Last uint64
	// Idle says that the source had to wait, and may have to again: what the batch gives
	// rise to should not wait for another one.
	Idle bool
	// Pressure is the share of the source's buffer, from 0 to 1, that waited to be read or
	// was in use when the batch was made: the fullest ring of live capture, 0 for files. A
	// full buffer loses packets.
	Pressure float32

	pool   *pool
	blocks []*block
	refs   atomic.Int32
}

// Retain adds n users, so that the batch is recycled after n more calls of
// Release. A batch comes from its source with one user.
func (b *Batch) Retain(n int) { b.refs.Add(int32(n)) }

// Release gives up one use of the batch. After the last one the memory of the
// batch and its packets is reused. It may be called from any goroutine.
func (b *Batch) Release() {
	switch n := b.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("capture: batch released twice")
	}
	b.pool.putBatch(b)
}

// blockSize is how much is read at once. A few blocks must stay in the
// processor's cache between the kernel's copy and the dissector, the cost of
// system calls must not matter, and a block must hold at least two of the
// longest records in one piece.
const blockSize = 576 << 10

// block is memory that the packets of one or more batches point into. Whoever
// fills it holds one reference, and each batch with packets in it another.
type block struct {
	buf  *[blockSize]byte // nil if the memory is not the pool's
	refs atomic.Int32
	// back, if not nil, takes the block instead of the pool after the last use.
	back func()
}

// maxFree bounds what a pool keeps. The number of blocks and batches in use is
// bounded by those who hold batches.
const maxFree = 64

// pool keeps unused blocks and batches. The last one returned is the first to be
// used again, since it is the most likely to be in the cache.
type pool struct {
	mu      sync.Mutex
	blocks  []*block
	batches []*Batch
}

func (p *pool) block() *block {
	p.mu.Lock()
	var b *block
	if n := len(p.blocks); n > 0 {
		b = p.blocks[n-1]
		p.blocks = p.blocks[:n-1]
	}
	p.mu.Unlock()
	if b == nil {
		b = &block{buf: new([blockSize]byte)}
	}
	b.refs.Store(1)
	return b
}

func (p *pool) putBlock(b *block) {
	if b.refs.Add(-1) > 0 {
		return
	}
	if b.back != nil {
		b.back()
		return
	}
	p.mu.Lock()
	if len(p.blocks) < maxFree {
		p.blocks = append(p.blocks, b)
	}
	p.mu.Unlock()
}

func (p *pool) batch() *Batch {
	p.mu.Lock()
	var b *Batch
	if n := len(p.batches); n > 0 {
		b = p.batches[n-1]
		p.batches = p.batches[:n-1]
	}
	p.mu.Unlock()
	if b == nil {
		b = &Batch{pool: p, Packets: make([]Packet, 0, BatchPackets)}
	}
	b.Idle, b.Pressure = false, 0
	b.refs.Store(1)
	return b
}

func (p *pool) putBatch(b *Batch) {
	for _, blk := range b.blocks {
		p.putBlock(blk)
	}
	b.blocks = b.blocks[:0]
	b.Packets, b.Origins, b.Mirrors = b.Packets[:0], b.Origins[:0], b.Mirrors[:0]
	p.mu.Lock()
	if len(p.batches) < maxFree {
		p.batches = append(p.batches, b)
	}
	p.mu.Unlock()
}

// use adds a reference of the batch to blk, which packets added from now on
// point into.
func (b *Batch) use(blk *block) {
	if n := len(b.blocks); n > 0 && b.blocks[n-1] == blk {
		return
	}
	blk.refs.Add(1)
	b.blocks = append(b.blocks, blk)
}
