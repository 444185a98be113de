package http

import "math"

// parseInt reads the number with which b begins, as C++'s from_chars does: with a
// minus sign perhaps, and whatever after it. ok is false without a digit, and when
// the number does not fit.
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
