// Package utf16 converts the UTF-16 strings of Windows protocols to UTF-8.
package utf16

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

const (
	surrogates    = 0xd800 // the first
	lowSurrogates = 0xdc00 // the first code unit that is the second of a pair
	endSurrogates = 0xe000
)

// Append converts src, UTF-16 in little-endian order, up to its first NUL to UTF-8 and
// appends it to dst. An odd last byte counts as a character. A lone surrogate becomes three
// bytes, so that distinct strings stay distinct. If src ends inside a pair, src itself is
// appended and ok is false; Zeek then raises the weird utf16_conversion_failed.
func Append(dst, src []byte) (out []byte, ok bool) {
	n := len(dst)
	for i := 0; i < len(src); {
		c := rune(src[i])
		if i+1 < len(src) {
			c = rune(binary.LittleEndian.Uint16(src[i:]))
		}
		i += 2
		if c >= surrogates && c < lowSurrogates {
			if i >= len(src) {
				return append(dst[:n], src...), false
			}
			low := rune(src[i])
			if i+1 < len(src) {
				low = rune(binary.LittleEndian.Uint16(src[i:]))
			}
			if low >= lowSurrogates && low < endSurrogates {
				c = (c-surrogates)<<10 + (low - lowSurrogates) + 0x10000
				i += 2
			}
		}
		if c >= surrogates && c < endSurrogates {
			dst = append(dst, 0xe0|byte(c>>12), 0x80|byte(c>>6)&0x3f, 0x80|byte(c)&0x3f)
		} else {
			dst = utf8.AppendRune(dst, c)
		}
	}
	if i := bytes.IndexByte(dst[n:], 0); i >= 0 {
		dst = dst[:n+i]
	}
	return dst, true
}
