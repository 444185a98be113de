// Package text prints values as Zeek's logs do, for the text formats.
package text

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/wirelog/wirelog/value"
)

// pairs are the two digits of each number below 100, the first in the lower byte. The other
// places let an index be masked.
var pairs = func() (t [128]uint16) {
	for i := range 100 {
		t[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8
	}
	return t
}()

// pair returns the two digits of v, which is below 100.
func pair(v uint64) uint16 { return pairs[v%128] }

// AppendUint appends v in decimal. Most numbers in rows are small, or ports.
func AppendUint(dst []byte, v uint64) []byte {
	switch {
	case v < 10:
		return append(dst, '0'+byte(v))
	case v < 100:
		return binary.LittleEndian.AppendUint16(dst, pair(v))
	case v < 1000:
		dst = append(dst, '0'+byte(v/100))
		return binary.LittleEndian.AppendUint16(dst, pair(v%100))
	case v < 10_000:
	case v < 100_000:
		dst = append(dst, '0'+byte(v/10_000))
		v %= 10_000
	default:
		dst = AppendUint(dst, v/10_000)
		v %= 10_000
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(pair(v/100))|uint32(pair(v%100))<<16)
}

// AppendMicros appends v, which must be below a million, as six digits.
func AppendMicros(dst []byte, v uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(pair(v/10_000))|uint32(pair(v/100%100))<<16)
	return binary.LittleEndian.AppendUint16(dst, pair(v%100))
}

// AppendTime appends t in seconds with exactly six decimals.
func AppendTime(dst []byte, t value.Time) []byte {
	// Below 2^32 seconds, the double that Zeek holds prints the exact microseconds.
	if us := uint64(t) / 1000; t >= 0 && us < 1e6<<32 {
		dst = AppendUint(dst, us/1e6)
		return AppendMicros(append(dst, '.'), us%1e6)
	}
	return AppendFixed(dst, t.Seconds())
}

// AppendFixed appends v with exactly six decimals, as C's "%.6f" does.
func AppendFixed(dst []byte, v float64) []byte {
	if a := math.Abs(v) * 1e6; a < 1<<43 {
		// The product is off by less than 2^-10, so it decides how v rounds unless it is
		// that close to a half.
		n := math.Floor(a + 0.5)
		if math.Abs(a-n) < 0.499 {
			if math.Signbit(v) {
				dst = append(dst, '-')
			}
			us := uint64(n)
			dst = AppendUint(dst, us/1e6)
			return AppendMicros(append(dst, '.'), us%1e6)
		}
	}
	if s, ok := special(v); ok {
		return append(dst, s...)
	}
	return strconv.AppendFloat(dst, v, 'f', 6, 64)
}

// special returns C's names of NaN and the infinities.
func special(v float64) (string, bool) {
	switch {
	case math.IsNaN(v):
		if math.Signbit(v) {
			return "-nan", true
		}
		return "nan", true
	case math.IsInf(v, 1):
		return "inf", true
	case math.IsInf(v, -1):
		return "-inf", true
	}
	return "", false
}

// AppendTSVDouble appends v with at most six decimals and no exponent; a whole
// number gets ".0".
func AppendTSVDouble(dst []byte, v float64) []byte {
	if math.IsNaN(v) {
		return append(dst, "nan"...)
	}
	if s, ok := special(v); ok {
		return append(dst, s...)
	}
	if v == 0 {
		v = 0 // also for negative zero
	}
	dst = AppendFixed(dst, v)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if math.Abs(v-math.RoundToEven(v)) < 1e-9 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// AppendAddr appends an address. An IPv4-mapped address (::ffff:0:0/96) is printed as
// IPv4, and an IPv4-compatible one (RFC 4291, section 2.5.5.1) with a dotted end. The
// zero Addr prints as "::".
func AppendAddr(dst []byte, a netip.Addr) []byte {
	if !a.Is6() {
		if !a.IsValid() {
			return append(dst, "::"...)
		}
		return appendIPv4(dst, a.As4())
	}
	b := a.As16()
	if a.Is4In6() {
		return appendIPv4(dst, [4]byte(b[12:]))
	}
	if [12]byte(b[:12]) == [12]byte{} && (b[12] != 0 || b[13] != 0) {
		return appendIPv4(append(dst, "::"...), [4]byte(b[12:]))
	}
	return a.WithZone("").AppendTo(dst)
}

// octets are the numbers of a dotted address, each with a dot.
var octets = func() (t [256]struct {
	text [4]byte
	n    uint8
}) {
	for i := range t {
		t[i].n = uint8(copy(t[i].text[:], strconv.Itoa(i)+"."))
	}
	return t
}()

func appendIPv4(dst []byte, a [4]byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, 16)
	b := dst[at : at+16]
	n := 0
	for _, c := range a {
		o := &octets[c]
		*(*[4]byte)(b[n&15:]) = o.text
		n += int(o.n)
	}
	return dst[:at+n-1]
}

// AppendSubnet appends a prefix.
func AppendSubnet(dst []byte, p netip.Prefix) []byte {
	bits := p.Bits()
	if p.Addr().Is4In6() && bits >= 96 {
		bits -= 96
	}
	dst = append(AppendAddr(dst, p.Addr()), '/')
	return strconv.AppendInt(dst, int64(max(bits, 0)), 10)
}

// AppendByte appends the text \xhh.
func AppendByte(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'x', hex[c>>4], hex[c&15])
}

// Clean reports whether s consists of printable ASCII, of control characters for which
// control is true, and of valid UTF-8 outside the control, private and special (U+FFF0
// to U+FFFF) characters. Zeek prints such a string unchanged; in any other string, it
// escapes every byte that is not printable ASCII.
func Clean(s string, control func(byte) bool) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if (c < ' ' || c == 0x7f) && !control(c) {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError, r <= 0x9f, r >= 0xe000 && r <= 0xf8ff, r >= 0xfff0 && r <= 0xffff:
			return false
		}
		i += n
	}
	return true
}

// HasJSONEscape reports whether JSON has a short escape for a control character.
func HasJSONEscape(c byte) bool {
	return c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t'
}

// IsValue reports whether AppendValue appends s unchanged.
func IsValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return Clean(s[i:], HasJSONEscape)
		}
	}
	return true
}

// AppendValue appends s as valid UTF-8, in the form in which it reads back from Zeek's
// JSON: if s is not Clean, every byte that is neither printable ASCII nor has a short
// escape in JSON becomes \xhh.
func AppendValue(dst []byte, s string) []byte {
	if IsValue(s) {
		return append(dst, s...)
	}
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c < 0x7f || HasJSONEscape(c) {
			dst = append(dst, c)
		} else {
			dst = AppendByte(dst, c)
		}
	}
	return dst
}
