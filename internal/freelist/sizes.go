package freelist

import "math/bits"

// Sizes keeps byte slices by size, for data of which each holder gathers little or much and
// keeps it long: a holder has no more than twice what it needs, however large those were that
// were put back. The zero Sizes is empty. It belongs to one goroutine.
type Sizes struct {
	free [sizes][][]byte // with capacities of smallest, twice that and so on
}

const (
	smallest = 32
	sizes    = 8 // the largest has 4 KB
	// mostOfSize is how many bytes of one size are kept.
	mostOfSize = 2 << 20
)

// size returns the index of the smallest size that holds n bytes, which may be too large.
func size(n int) int { return bits.Len(uint(max(n, 1)-1) / smallest) }

// Append is append(dst, b...). It takes dst, which may be nil or a slice that Append has returned,
// back if that has no room.
func (s *Sizes) Append(dst, b []byte) []byte {
	n := len(dst) + len(b)
	if n <= cap(dst) {
		return append(dst, b...)
	}
	i := size(n)
	if i >= sizes {
		grown := append(dst, b...)
		s.Put(dst)
		return grown
	}
	old := dst
	if f := s.free[i]; len(f) > 0 {
		dst = f[len(f)-1]
		s.free[i] = f[:len(f)-1]
	} else {
		dst = make([]byte, 0, smallest<<i)
	}
	dst = append(append(dst, old...), b...)
	s.Put(old)
	return dst
}

// Put takes a buffer back. The caller must not use it afterwards.
func (s *Sizes) Put(b []byte) {
	if b != nil {
		s.put(b)
	}
}

func (s *Sizes) put(b []byte) {
	i := size(cap(b))
	if i < sizes && cap(b) == smallest<<i && len(s.free[i]) < mostOfSize>>i/smallest {
		s.free[i] = append(s.free[i], b[:0])
	}
}
