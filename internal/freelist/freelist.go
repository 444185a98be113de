// Package freelist keeps unused values until they are needed again: connections come
// and go, and an analyzer's state for one is reused, not allocated anew.
package freelist

import "unsafe"

// A List keeps values of one type. The zero List is empty. It belongs to one goroutine.
type List[T any] struct {
	free  []*T
	fresh []T // of the last block, what nobody has had yet
	block int // its length
}

// blockBytes is how large the blocks are in which small values are made, once there are many:
// each by itself would cost an allocation. A block stays as long as one of its values, as
// values that were put back stay with the list anyway.
const blockBytes = 4096

// Get returns a value that was put back, as it is, or a new one.
func (l *List[T]) Get() *T {
	if n := len(l.free); n > 0 {
		x := l.free[n-1]
		l.free = l.free[:n-1]
		return x
	}
	if len(l.fresh) == 0 {
		most := blockBytes / max(1, int(unsafe.Sizeof(*new(T))))
		l.block = max(1, min(2*l.block, most))
		l.fresh = make([]T, l.block)
	}
	x := &l.fresh[0]
	l.fresh = l.fresh[1:]
	return x
}

// Put takes a value back, which must not be used any more.
func (l *List[T]) Put(x *T) { l.free = append(l.free, x) }

// Len is the number of values that were put back and are left for use.
func (l *List[T]) Len() int { return len(l.free) }
