// Package ascii changes the case of ASCII letters in place, several bytes at a time, and compares
// without regard to it.
package ascii

import "encoding/binary"

const (
	each = 0x0101010101010101
	high = each << 7
)

// Lower changes the ASCII letters of b to lower case.
func Lower(b []byte) { change(b, each*(0x80-'A'), each*(0x7f-'Z')) }

// Upper changes the ASCII letters of b to upper case.
func Upper(b []byte) { change(b, each*(0x80-'a'), each*(0x7f-'z')) }

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

// change changes the case of the letters between two, which are given by what sets the
// highest bit of each byte from the first one on, and of each byte beyond the last one. The
// last bytes may be looked at twice, which does not matter: their case is the other one then.
func change(b []byte, first, last uint64) {
	switch n := len(b); {
	case n >= 8:
		for rest := b; len(rest) > 8; rest = rest[8:] {
			binary.LittleEndian.PutUint64(rest, eight(binary.LittleEndian.Uint64(rest), first, last))
		}
		rest := b[n-8:]
		binary.LittleEndian.PutUint64(rest, eight(binary.LittleEndian.Uint64(rest), first, last))
	case n >= 4:
		rest := b[n-4:]
		w := eight(uint64(binary.LittleEndian.Uint32(b))|uint64(binary.LittleEndian.Uint32(rest))<<32, first, last)
		binary.LittleEndian.PutUint32(b, uint32(w))
		binary.LittleEndian.PutUint32(rest, uint32(w>>32))
	default:
		for i, c := range b {
			b[i] = byte(eight(uint64(c), first, last))
		}
	}
}

// eight changes eight bytes. The highest bits of w stay out of the sums.
func eight(w, first, last uint64) uint64 {
	low := w &^ high
	letters := (low + first) &^ (low + last) &^ w & high
	return w ^ letters>>2
}
