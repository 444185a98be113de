package freelist

// Buffers keeps byte slices for data that must be gathered before it is parsed. It
// belongs to one goroutine.
type Buffers struct {
	// Largest is the capacity, in bytes, and Most the number of those that are kept. What is
	// larger or more is left to the collector.
	Largest, Most int
	free          [][]byte
}

// Get returns an empty buffer, which is nil if none is left.
func (l *Buffers) Get() []byte {
	n := len(l.free)
	if n == 0 {
		return nil
	}
	b := l.free[n-1]
	l.free = l.free[:n-1]
	return b
}

// Put takes a buffer back, which must not be used any more.
func (l *Buffers) Put(b []byte) {
	if cap(b) > 0 && cap(b) <= l.Largest && len(l.free) < l.Most {
		l.free = append(l.free, b[:0])
	}
}
