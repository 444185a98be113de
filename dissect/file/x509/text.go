package x509

import (
	"encoding/binary"
	"unicode/utf8"
)

// Tags of the types of strings (X.690 section 8.23).
const (
	tagNumericString   = 0x12
	tagPrintableString = 0x13
	tagT61String       = 0x14
	tagIA5String       = 0x16
	tagVisibleString   = 0x1a
	tagUniversalString = 0x1c
	tagBMPString       = 0x1e
)

// style is how OpenSSL writes a name.
type style uint8

const (
	rfc2253 style = iota // the last element first, separated by "," (XN_FLAG_RFC2253)
	oneline              // the first element first, separated by ", " (XN_FLAG_ONELINE)
)

// maxText is the length at which Zeek truncates a text from OpenSSL.
const maxText = 2047

// attribute is one attribute of a name; set numbers the set
// (RelativeDistinguishedName) that it belongs to.
type attribute struct {
	oid   []byte
	value element
	set   int
}

// maxAttributes bounds the attributes of a name; one with more is not read.
const maxAttributes = 4096

// name reads a Name (RFC 5280 section 4.1.2.4).
func (r *reader) name(dst []attribute) []attribute {
	sets := r.sequence()
	for n := 0; sets.more(); n++ {
		set := sets.inside(tagSet)
		for set.more() {
			s := set.sequence()
			a := attribute{oid: s.oid(), set: n}
			a.value, _ = s.next()
			set.end(&s)
			if len(dst) >= maxAttributes {
				set.bad = true
			}
			if !set.bad {
				dst = append(dst, a)
			}
		}
		sets.end(&set)
	}
	r.end(&sets)
	return dst
}

// appendName appends a name. Like OpenSSL, it stops before a value that is malformed
// for its type.
func appendName(dst []byte, name []attribute, st style) []byte {
	start := len(dst)
	for i := range name {
		a, before := &name[i], i-1
		if st == rfc2253 {
			a, before = &name[len(name)-1-i], len(name)-i
		}
		if i > 0 {
			sep := byte(',')
			if name[before].set == a.set {
				sep = '+'
			}
			switch {
			case st == rfc2253:
				dst = append(dst, sep)
			case sep == '+':
				dst = append(dst, " + "...)
			default:
				dst = append(dst, ", "...)
			}
		}
		o, known := objects()[string(a.oid)]
		if known {
			dst = append(dst, o.short...)
		} else {
			dst = append(dst, limitedOID(a.oid, 79)...)
		}
		if st == oneline {
			dst = append(dst, " = "...)
		} else {
			dst = append(dst, '=')
		}
		var ok bool
		if !known && st == rfc2253 {
			dst = appendDump(dst, &a.value)
		} else if dst, ok = appendValue(dst, &a.value, st); !ok {
			break
		}
		if len(dst)-start > maxText {
			break
		}
	}
	return dst[:min(len(dst), start+maxText)]
}

const upperHex = "0123456789ABCDEF"

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

// appendDump appends an element in the form that RFC 2253 section 2.4 has for values
// that are not strings.
func appendDump(dst []byte, e *element) []byte { return appendHex(append(dst, '#'), e.full) }

// appendValue appends the value of an attribute.
func appendValue(dst []byte, e *element, st style) ([]byte, bool) {
	b, width := e.body, 1
	switch e.tag {
	case tagUTF8, tagNumericString, tagPrintableString, tagT61String, tagIA5String, tagUTCTime, tagGenTime, tagVisibleString:
	case tagUniversalString:
		width = 4
	case tagBMPString:
		width = 2
	default:
		return appendDump(dst, e), true
	}
	if len(b)%width != 0 {
		return dst, false
	}
	isUTF8 := e.tag == tagUTF8
	start := len(dst)
	quotes := false
	if st == oneline {
		dst = append(dst, '"') // removed again if not needed
	}
	for at := 0; at < len(b); at += width {
		var c rune
		switch width {
		case 1:
			c = rune(b[at])
		case 2:
			c = rune(binary.BigEndian.Uint16(b[at:]))
		case 4:
			v := binary.BigEndian.Uint32(b[at:])
			if v > utf8.MaxRune {
				return dst[:start], false
			}
			c = rune(v)
		}
		if c < 0x80 || isUTF8 {
			var quoted bool
			dst, quoted = appendChar(dst, byte(c), at == 0, at+width == len(b), st)
			quotes = quotes || quoted
			continue
		}
		if c >= 0xd800 && c <= 0xdfff {
			return dst[:start], false
		}
		var enc [utf8.UTFMax]byte
		for _, x := range enc[:utf8.EncodeRune(enc[:], c)] {
			dst = append(dst, '\\', upperHex[x>>4], upperHex[x&15])
		}
	}
	switch {
	case st == oneline && quotes:
		dst = append(dst, '"')
	case st == oneline:
		dst = append(dst[:start], dst[start+1:]...)
	}
	return dst, true
}

// appendChar appends one byte of a value with the escapes of RFC 2253 section 2.4,
// and reports whether the whole value must be quoted instead.
func appendChar(dst []byte, c byte, first, last bool, st style) (_ []byte, quotes bool) {
	switch {
	case c < 0x20 || c >= 0x7f:
		return append(dst, '\\', upperHex[c>>4], upperHex[c&15]), false
	case c == '"' || c == '\\':
		return append(dst, '\\', c), false
	case c == ',' || c == '+' || c == '<' || c == '>' || c == ';', c == ' ' && (first || last), c == '#' && first && !last:
		if st == oneline {
			return append(dst, c), true
		}
		return append(dst, '\\', c), false
	}
	return append(dst, c), false
}

// appendPlain appends a string with dots for bytes that cannot be printed, up to the
// end of a line (OpenSSL's ASN1_STRING_print).
func appendPlain(dst, b []byte) []byte {
	for _, c := range b[:min(len(b), maxText)] {
		switch {
		case c == '\n':
			return append(dst, c)
		case c > '~' || c < ' ' && c != '\r':
			c = '.'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendOctets appends bytes in hexadecimal, in lines of 35 (OpenSSL's
// i2a_ASN1_STRING).
func appendOctets(dst, b []byte) []byte {
	start := len(dst)
	if len(b) == 0 {
		return append(dst, '0')
	}
	for i := 0; len(b) > 0; i++ {
		if i > 0 {
			dst = append(dst, "\\\n"...)
		}
		n := min(35, len(b))
		dst = appendHex(dst, b[:n])
		b = b[n:]
		if len(dst)-start > maxText {
			break
		}
	}
	return dst[:min(len(dst), start+maxText+1)]
}

// appendSerial appends an INTEGER in hexadecimal (OpenSSL's i2a_ASN1_INTEGER).
func appendSerial(dst, b []byte) []byte {
	if len(b) > 0 && b[0] >= 0x80 {
		dst = append(dst, '-')
		mag := make([]byte, len(b))
		carry := true
		for i := len(b) - 1; i >= 0; i-- {
			mag[i] = ^b[i]
			if carry {
				mag[i]++
				carry = mag[i] == 0
			}
		}
		b = mag
	}
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return appendOctets(dst, b)
}
