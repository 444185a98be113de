package value

import "encoding/binary"

// UID is the unique identifier of a connection in its printed form, "C"
// followed by base-62 digits.
type UID struct {
	b [19]byte
	n uint8
}

// MakeUID prints a prefix letter and 96 bits (hi holds the upper 32 of them) in
// base 62, the form of Zeek's uids and file ids.
func MakeUID(prefix byte, hi, lo uint64) UID {
	u := UID{n: 1}
	u.b[0] = prefix
	u.digits(lo, &upperFirst)
	u.digits(hi&0xffffffff, &upperFirst)
	return u
}

// MakeFileUID prints the 96 bits of a file id digit by digit as Zeek does (UID::Base62),
// so that ids are the same in Zeek and wirelog.
func MakeFileUID(hi, lo uint64) UID {
	u := UID{n: 1}
	u.b[0] = 'F'
	for _, v := range [2]uint64{hi & 0xffffffff, lo} {
		if v == 0 {
			u.b[u.n] = '0'
			u.n++
		}
		u.digits(v, &lowerFirst)
	}
	return u
}

// digitPairs are the two digits of each number below 62*62, the lowest in the lower byte.
// The other places let an index be masked.
type digitPairs [4096]uint16

// The digits of connections and those of files.
var (
	upperFirst = pairsOf("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	lowerFirst = pairsOf("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
)

func pairsOf(digits string) (t digitPairs) {
	for i := range 62 * 62 {
		t[i] = uint16(digits[i%62]) | uint16(digits[i/62])<<8
	}
	return t
}

// digits appends v in base 62, the lowest digit first, and nothing for 0. There is room
// for the 17 digits that 96 bits take at most.
func (u *UID) digits(v uint64, pairs *digitPairs) {
	n := u.n
	for v >= 62 {
		rest := v / (62 * 62)
		binary.LittleEndian.PutUint16(u.b[n:], pairs[(v-rest*(62*62))%4096])
		n += 2
		v = rest
	}
	if v > 0 {
		u.b[n] = byte(pairs[v])
		n++
	}
	u.n = n
}

// String returns the printed form.
func (u UID) String() string { return string(u.b[:u.n]) }

// Append appends the printed form to dst.
func (u *UID) Append(dst []byte) []byte { return append(dst, u.b[:u.n]...) }

// Hash returns some of the identifier's bits, for use in hash tables.
func (u *UID) Hash() uint32 {
	h := uint32(2166136261)
	for _, b := range u.b[:u.n] {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}

// IsZero reports whether u is unset.
func (u *UID) IsZero() bool { return u.n == 0 }

// ParseUID returns the UID with a printed form. It reports false if b cannot be one.
func ParseUID(b []byte) (u UID, ok bool) {
	if len(b) > len(u.b) {
		return u, false
	}
	u.n = uint8(copy(u.b[:], b))
	return u, true
}
