package http

import "math"

// parseInt parses the number at the start of b as C++'s from_chars does: a minus sign is
// allowed, and anything may follow. ok is false if there is no digit or the number
// overflows.
func parseInt(b []byte, base int64) (n int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	for _, c := range b {
		d := int64(99)
		switch {
		case isDigit(c):
			d = int64(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			d = int64(c|0x20-'a') + 10
		}
		if d >= base {
			break
		}
		if n > (math.MaxInt64-d)/base {
			return 0, false
		}
		n = n*base + d
		ok = true
	}
	if neg {
		n = -n
	}
	return n, ok
}
