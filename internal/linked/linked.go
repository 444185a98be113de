// Package linked keeps values in the order in which they were added, to find the oldest.
package linked

import "iter"

// A List is a list of values. The zero List is empty. It belongs to one goroutine.
type List[T any] struct{ oldest, newest *Node[T] }

// A Node is the place of a value in a List, and part of the value.
type Node[T any] struct {
	prev, next *Node[T]
	of         *T
}

// Add adds x, of which n is part, as the newest. It must not be in a list.
func (l *List[T]) Add(n *Node[T], x *T) {
	*n = Node[T]{prev: l.newest, of: x}
	if n.prev != nil {
		n.prev.next = n
	} else {
		l.oldest = n
	}
	l.newest = n
}

// Remove removes the value of n, which must be in the list.
func (l *List[T]) Remove(n *Node[T]) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.oldest = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.newest = n.prev
	}
	*n = Node[T]{}
}

// Oldest returns the value that was added first, or nil.
func (l *List[T]) Oldest() *T {
	if l.oldest == nil {
		return nil
	}
	return l.oldest.of
}

// All returns the values from the oldest on. Its loop may remove the value that it has, and
// no other.
func (l *List[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for n := l.oldest; n != nil; {
			next := n.next
			if !yield(n.of) {
				return
			}
			n = next
		}
	}
}
