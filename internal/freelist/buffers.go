package freelist

// Buffers keeps byte slices for data that must be gathered before it is parsed. It
// belongs to one goroutine.
type Buffers struct {
	// Largest is the maximum capacity in bytes of a kept buffer, and Most the maximum
	// number of them. The garbage collector frees the others.
	Largest, Most int
	free          [][]byte
}

// Get returns an empty buffer, or nil if none is kept.
func (l *Buffers) Get() []byte {
	n := len(l.free)
	if n == 0 {
		return nil
	}
	b := l.free[n-1]
	l.free = l.free[:n-1]
	return b
}

// Put takes a buffer back. The caller must not use it afterwards.
func (l *Buffers) Put(b []byte) {
	if cap(b) > 0 && cap(b) <= l.Largest && len(l.free) < l.Most {
		l.free = append(l.free, b[:0])
	}
}
