// Package ascii changes the case of ASCII letters, several bytes at a time, and compares without
// regard to it.
package ascii

import (
	"encoding/binary"
	"slices"
)

const (
	each = 0x0101010101010101
	high = each << 7
)

// The arguments of change for the letters of each case.
const (
	upperFirst, upperLast = each * (0x80 - 'A'), each * (0x7f - 'Z')
	lowerFirst, lowerLast = each * (0x80 - 'a'), each * (0x7f - 'z')
)

// Lower changes the ASCII letters of b to lower case.
func Lower(b []byte) { change(b, b, upperFirst, upperLast) }

// Upper changes the ASCII letters of b to upper case.
func Upper(b []byte) { change(b, b, lowerFirst, lowerLast) }

// AppendLower appends b to dst with its ASCII letters in lower case. It is faster than to change
// a copy, which waits for the copy to be stored.
func AppendLower(dst, b []byte) []byte { return appendChanged(dst, b, upperFirst, upperLast) }

// AppendUpper appends b to dst with its ASCII letters in upper case, like AppendLower.
func AppendUpper(dst, b []byte) []byte { return appendChanged(dst, b, lowerFirst, lowerLast) }

func appendChanged(dst, b []byte, first, last uint64) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(b))[:n+len(b)]
	change(dst[n:], b, first, last)
	return dst
}

// Equal reports whether b is word, which is in lower case, in any case.
func Equal(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// change sets dst to b, which may be dst, with the case changed of the letters between two,
// which are given by what sets the highest bit of each byte from the first one on, and of each
// byte beyond the last one. The last bytes are read before any are written, because some may be
// written twice.
func change(dst, b []byte, first, last uint64) {
	dst = dst[:len(b)]
	switch n := len(b); {
	case n >= 8:
		end := eight(binary.LittleEndian.Uint64(b[n-8:]), first, last)
		for i := 0; i < n-8; i += 8 {
			binary.LittleEndian.PutUint64(dst[i:], eight(binary.LittleEndian.Uint64(b[i:]), first, last))
		}
		binary.LittleEndian.PutUint64(dst[n-8:], end)
	case n >= 4:
		w := eight(uint64(binary.LittleEndian.Uint32(b))|uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32, first, last)
		binary.LittleEndian.PutUint32(dst, uint32(w))
		binary.LittleEndian.PutUint32(dst[n-4:], uint32(w>>32))
	default:
		for i, c := range b {
			dst[i] = byte(eight(uint64(c), first, last))
		}
	}
}

// eight changes eight bytes. The highest bits of w stay out of the sums.
func eight(w, first, last uint64) uint64 {
	low := w &^ high
	letters := (low + first) &^ (low + last) &^ w & high
	return w ^ letters>>2
}
