// Package freelist keeps what is no longer in use until it is needed again: connections come
// and go, and what an analyzer needs for one does not take memory anew.
package freelist

// A List keeps values of one type. The zero List is empty. It belongs to one goroutine.
type List[T any] struct{ free []*T }

// Get returns a value that was put back, as it is, or a new one.
func (l *List[T]) Get() *T {
	n := len(l.free)
	if n == 0 {
		return new(T)
	}
	x := l.free[n-1]
	l.free = l.free[:n-1]
	return x
}

// Put takes a value back, which must not be used any more.
func (l *List[T]) Put(x *T) { l.free = append(l.free, x) }

// Len is the number of values that are left for use.
func (l *List[T]) Len() int { return len(l.free) }
