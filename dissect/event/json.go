package event

import (
	"math"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/wirelog/wirelog/value"
)

// The functions of this file append values in the form of Zeek's to_json.

// Classes of bytes in a string.
const (
	plainByte   = iota // stands for itself
	escapedByte        // has a short escape in JSON
	controlByte        // is always escaped
	highByte           // part of a UTF-8 sequence, or of nothing
)

var byteClass = func() (t [256]uint8) {
	for i := range t {
		switch {
		case i >= utf8.RuneSelf:
			t[i] = highByte
		case shortEscape(byte(i)) != 0:
			t[i] = escapedByte
		case i < ' ' || i == 0x7f:
			t[i] = controlByte
		}
	}
	return t
}()

// shortEscape is the letter after the backslash in JSON's escape of c, or 0.
func shortEscape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}

// appendString appends s as a JSON string. Text in UTF-8 without control
// characters (but for \b \f \n \r \t), private-use and special characters is
// written unchanged; in any other string every byte that is not ASCII text
// becomes \xhh.
func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	i := 0
	for i < len(s) && byteClass[s[i]] == plainByte {
		i++
	}
	if i == len(s) {
		dst = append(dst, s...)
		return append(dst, '"')
	}
	text := isText(s, i)
	start := 0
	for ; i < len(s); i++ {
		c := s[i]
		class := byteClass[c]
		if class == plainByte || class == highByte && text {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		if class == escapedByte {
			dst = append(dst, '\\', shortEscape(c))
			continue
		}
		const hex = "0123456789abcdef"
		dst = append(dst, '\\', '\\', 'x', hex[c>>4], hex[c&15])
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// isText reports whether appendString writes s unchanged from i on.
func isText[S ~string | ~[]byte](s S, i int) bool {
	for i < len(s) {
		switch byteClass[s[i]] {
		case controlByte:
			return false
		case highByte:
			var seq [utf8.UTFMax]byte
			r, n := utf8.DecodeRune(seq[:copy(seq[:], s[i:])])
			if r == utf8.RuneError || r < 0xa0 || 0xe000 <= r && r <= 0xf8ff || 0xfff0 <= r && r <= 0xffff {
				return false
			}
			i += n
		default:
			i++
		}
	}
	return true
}

// appendDouble appends f with the fewest digits that identify it, always with a
// point or an exponent; null for infinities and NaN.
func appendDouble(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return append(dst, "null"...)
	}
	if math.Signbit(f) {
		dst = append(dst, '-')
		f = -f
	}
	if f == 0 {
		return append(dst, "0.0"...)
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	// text is d[.ddd]e±dd; digits becomes its digits and point the place of the
	// decimal point among them.
	digits := text[:1]
	i := 1
	if text[1] == '.' {
		for i = 2; text[i] != 'e'; i++ {
			digits = append(digits, text[i])
		}
	}
	point, n := 0, len(digits)
	for _, c := range text[i+2:] {
		point = point*10 + int(c-'0')
	}
	if text[i+1] == '-' {
		point = -point
	}
	point++
	switch {
	case n <= point && point <= 21:
		dst = append(dst, digits...)
		for ; n < point; n++ {
			dst = append(dst, '0')
		}
		return append(dst, ".0"...)
	case 0 < point && point <= 21:
		dst = append(dst, digits[:point]...)
		dst = append(dst, '.')
		return append(dst, digits[point:]...)
	case -6 < point && point <= 0:
		dst = append(dst, "0."...)
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if n > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	dst = append(dst, 'e')
	return strconv.AppendInt(dst, int64(point-1), 10)
}

// appendInterval appends v in Zeek's words: "2.0 mins 30.0 secs".
func appendInterval(dst []byte, v value.Interval) []byte {
	units := [...]struct {
		length float64
		word   string
	}{
		{86400, "day"}, {3600, "hr"}, {60, "min"}, {1, "sec"}, {1e-3, "msec"}, {1e-6, "usec"},
	}
	dst = append(dst, '"')
	rest := float64(v)
	some := false
	for i, u := range units {
		var n float64
		if i == len(units)-1 {
			n = rest / u.length
			if math.Abs(n) < 1e-6 {
				break
			}
		} else {
			if math.Abs(rest) < u.length {
				continue
			}
			n = math.Trunc(rest / u.length)
			rest -= n * u.length
		}
		if some {
			dst = append(dst, ' ')
		}
		dst = appendQuantity(dst, n)
		dst = append(dst, ' ')
		dst = append(dst, u.word...)
		if math.Abs(math.Abs(n)-1) >= 1e-6 {
			dst = append(dst, 's')
		}
		some = true
	}
	if !some {
		dst = append(dst, "0 secs"...)
	}
	return append(dst, '"')
}

// appendQuantity appends a number like Zeek's description of doubles: up to six
// decimals, ".0" on whole numbers, an exponent for the very large and the very
// small.
func appendQuantity(dst []byte, f float64) []byte {
	start := len(dst)
	switch a := math.Abs(f); {
	case a > math.MaxInt32:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	case a < 1e-6:
		return strconv.AppendFloat(dst, f, 'g', 6, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'f', 6, 64)
	for len(dst) > start && dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = append(dst, '0')
	}
	return dst
}

func appendUID(dst []byte, u value.UID) []byte {
	dst = append(dst, '"')
	dst = u.Append(dst)
	return append(dst, '"')
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	dst = append(dst, '"')
	dst = appendAddrText(dst, a)
	return append(dst, '"')
}

// appendAddrText appends a as inet_ntop prints it; the zero Addr is "::".
func appendAddrText(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(dst, "::"...)
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		// An IPv4-compatible address (RFC 4291 section 2.5.5.1) ends in dotted form.
		b := a.As16()
		compatible := b[12] != 0 || b[13] != 0
		for _, c := range b[:12] {
			compatible = compatible && c == 0
		}
		if compatible {
			dst = append(dst, "::"...)
			a = netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	return a.AppendTo(dst)
}

func appendSubnet(dst []byte, p netip.Prefix) []byte {
	dst = append(dst, '"')
	dst = appendAddrText(dst, p.Addr())
	dst = append(dst, '/')
	dst = strconv.AppendInt(dst, int64(max(p.Bits(), 0)), 10)
	return append(dst, '"')
}

func appendPort(dst []byte, p value.Port) []byte {
	dst = append(dst, `{"port":`...)
	dst = strconv.AppendUint(dst, uint64(p.Num), 10)
	dst = append(dst, `,"proto":"`...)
	if p.Proto == value.ProtoUnknown {
		dst = append(dst, "unknown"...)
	} else {
		dst = append(dst, p.Proto.String()...)
	}
	return append(dst, `"}`...)
}

func appendConnID(dst []byte, id *ConnID) []byte {
	dst = append(dst, `{"orig_h":`...)
	dst = appendAddr(dst, id.OrigH)
	dst = append(dst, `,"orig_p":`...)
	dst = appendPort(dst, value.Port{Num: id.OrigP, Proto: id.Proto})
	dst = append(dst, `,"resp_h":`...)
	dst = appendAddr(dst, id.RespH)
	dst = append(dst, `,"resp_p":`...)
	dst = appendPort(dst, value.Port{Num: id.RespP, Proto: id.Proto})
	dst = append(dst, `,"proto":`...)
	dst = strconv.AppendUint(dst, uint64(id.IPProto), 10)
	return append(dst, `,"ctx":{}}`...)
}

// closeObject ends an object whose fields all end with a comma.
func closeObject(dst []byte) []byte {
	if last := len(dst) - 1; dst[last] == ',' {
		dst[last] = '}'
		return dst
	}
	return append(dst, '}')
}
