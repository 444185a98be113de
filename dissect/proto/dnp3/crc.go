package dnp3

import "encoding/binary"

// polynomial is that of the link layer's checksum, x^16 + x^13 + x^12 + x^11 + x^10 + x^8 +
// x^6 + x^5 + x^2 + 1, with the lowest power in the highest bit.
const polynomial = 0xa6bc

// sums has the checksum of each byte.
var sums = func() (t [256]uint16) {
	for i := range t {
		sum := uint16(i)
		for range 8 {
			odd := sum & 1
			sum >>= 1
			if odd != 0 {
				sum ^= polynomial
			}
		}
		t[i] = sum
	}
	return t
}()

// checksum returns the checksum of b.
func checksum(b []byte) uint16 {
	sum := uint16(0)
	for _, x := range b {
		sum = sums[uint8(sum)^x] ^ sum>>8
	}
	return ^sum
}

// sumOK reports whether the checksum after b is right.
func sumOK(b, after []byte) bool {
	return checksum(b) == binary.LittleEndian.Uint16(after)
}
