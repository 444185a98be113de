// Package freelist keeps unused values until they are needed again: connections come
// and go, and an analyzer's state is reused for the next one, not allocated again.
package freelist

import "unsafe"

// A List keeps values of one type. The zero List is empty. It belongs to one goroutine.
type List[T any] struct {
	free  []*T
	fresh []T // unused rest of the last block
	block int // length of the last block
}

// blockBytes is the size of the blocks in which small values are allocated once there are
// many, to save an allocation for each. A block lives as long as any of its values, which
// is no loss because the list keeps returned values anyway.
const blockBytes = 4096

// Get returns a value that was put back, unchanged, or a new one.
func (l *List[T]) Get() *T {
	if n := len(l.free); n > 0 {
		x := l.free[n-1]
		l.free = l.free[:n-1]
		return x
	}
	if len(l.fresh) == 0 {
		most := blockBytes / max(1, Size[T]())
		l.block = max(1, min(2*l.block, most))
		l.fresh = make([]T, l.block)
	}
	x := &l.fresh[0]
	l.fresh = l.fresh[1:]
	return x
}

// mostFree is how many bytes of values a List keeps. Those put back beyond it, as at the
// end of a burst, are left to the garbage collector.
const mostFree = 16 << 20

// Put takes a value back. The caller must not use it afterwards.
func (l *List[T]) Put(x *T) {
	if len(l.free)*Size[T]() < mostFree {
		l.free = append(l.free, x)
	}
}

// Size returns the bytes that a value takes by itself.
func Size[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// Len returns the number of values that are ready for reuse.
func (l *List[T]) Len() int { return len(l.free) }
