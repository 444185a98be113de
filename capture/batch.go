package capture

import (
	"sync"
	"sync/atomic"
)

// Batch is a run of consecutive packets.
type Batch struct {
	// Seq is the batch's number in the run, from 0.
	Seq uint64
	// Packets are the packets, in capture order; never empty.
	Packets []Packet
	// Now is the run's clock at the end of the batch, in nanoseconds since the
	// Unix epoch: that of the last packet.
	Now int64

	pool   *pool
	blocks []*block
	refs   atomic.Int32
}

// Retain adds n users to the batch, so that it takes n more calls of Release
// until it is recycled. The reader hands it out with one.
func (b *Batch) Retain(n int) { b.refs.Add(int32(n)) }

// Release gives the batch up. After the last Release the batch and its packets
// are used again for others. It may be called from any goroutine.
func (b *Batch) Release() {
	switch n := b.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("capture: batch released twice")
	}
	b.pool.putBatch(b)
}

// blockSize is how much is read at once. It is a balance: small enough that a
// few blocks stay in the processor's cache between the kernel's copy and the
// dissector's look, large enough that system calls do not count, and at least
// twice the longest record, which has to fit in one piece.
const blockSize = 1 << 20

// block is memory that packets of one or more batches point into. The reader
// holds it while it fills it, every batch while it is in use.
type block struct {
	buf  [blockSize]byte
	refs atomic.Int32
}

// maxFree bounds what a pool keeps for later. What is in flight is bounded by
// whoever holds the batches.
const maxFree = 64

// pool keeps blocks and batches that are not in use. The one given back last is
// handed out first, since it is the one still in the cache.
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
		b = new(block)
	}
	b.refs.Store(1)
	return b
}

func (p *pool) putBlock(b *block) {
	if b.refs.Add(-1) > 0 {
		return
	}
	p.mu.Lock()
	if len(p.blocks) < maxFree {
		p.blocks = append(p.blocks, b)
	}
	p.mu.Unlock()
}

func (p *pool) batch(seq uint64) *Batch {
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
	b.Seq = seq
	b.refs.Store(1)
	return b
}

func (p *pool) putBatch(b *Batch) {
	for _, blk := range b.blocks {
		p.putBlock(blk)
	}
	b.blocks = b.blocks[:0]
	b.Packets = b.Packets[:0]
	p.mu.Lock()
	if len(p.batches) < maxFree {
		p.batches = append(p.batches, b)
	}
	p.mu.Unlock()
}

// use makes the batch a holder of blk; packets point into it from now on.
func (b *Batch) use(blk *block) {
	if n := len(b.blocks); n > 0 && b.blocks[n-1] == blk {
		return
	}
	blk.refs.Add(1)
	b.blocks = append(b.blocks, blk)
}
