package arrow

import (
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// recycler is an allocator that reuses freed buffers: the columns of one batch become
// those of the next. It keeps as much as was ever in use at once, and belongs to one
// stream.
type recycler struct {
	memory.Allocator
	// free holds buffers by size, which is a power of two.
	free [bits.UintSize][][]byte
}

func newRecycler() *recycler { return &recycler{Allocator: memory.NewGoAllocator()} }

// class returns the exponent of the smallest power of two that is at least size.
func class(size int) int { return bits.Len(uint(max(size, 64) - 1)) }

// Allocate returns size zeroed bytes.
func (r *recycler) Allocate(size int) []byte {
	k := class(size)
	if n := len(r.free[k]); n > 0 {
		b := r.free[k][n-1]
		r.free[k] = r.free[k][:n-1]
		clear(b)
		return b[:size]
	}
	return r.Allocator.Allocate(1 << k)[: size : 1<<k]
}

// Reallocate returns size bytes that begin with those of b and are zero after that. It
// frees b.
func (r *recycler) Reallocate(size int, b []byte) []byte {
	if k := class(size); b != nil && 1<<k == cap(b) {
		if size > len(b) {
			clear(b[len(b):size])
		}
		return b[:size]
	}
	next := r.Allocate(size)
	copy(next, b)
	r.Free(b)
	return next
}

// Free takes b back for reuse.
func (r *recycler) Free(b []byte) {
	if k := class(cap(b)); cap(b) == 1<<k {
		r.free[k] = append(r.free[k], b[:cap(b)])
	}
}
