package logs

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
)

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// lastParameter returns the index after the last parameter name of value, with its equals
// sign and blanks, of the form NAME = or, with star, NAME * =. It is negative if there is
// none. word must be in lower case.
func lastParameter(value []byte, word string, star bool) int {
	for i := len(value) - len(word); i >= 0; i-- {
		if value[i]|0x20 != word[0] || !bytes.EqualFold(value[i:i+len(word)], []byte(word)) {
			continue
		}
		j := i + len(word)
		for j < len(value) && isBlank(value[j]) {
			j++
		}
		if star && j < len(value) && value[j] == '*' {
			j++
		}
		if j >= len(value) || value[j] != '=' {
			continue
		}
		for j++; j < len(value) && isBlank(value[j]); j++ {
		}
		return j
	}
	return -1
}

// appendFilename appends the file name in the value of a Content-Disposition (RFC
// 6266) or Content-Type header, as Zeek's extract_filename_from_content_disposition
// finds it.
func appendFilename(dst, value []byte) []byte {
	name := value
	if i := lastParameter(value, "name", true); i >= 0 {
		name = value[i:]
	}
	if len(name) > 0 && name[0] == '"' {
		name, _, _ = bytes.Cut(name[1:], []byte{'"'})
	}
	if hasLanguage(name) {
		name = name[bytes.LastIndexByte(name, '\'')+1:]
	}
	return event.UnescapeURI(dst, name, nil)
}

// hasLanguage reports whether name begins with a character set and a language (RFC 8187
// section 3.2).
func hasLanguage(name []byte) bool {
	charset, rest, ok := bytes.Cut(name, []byte{'\''})
	if !ok || len(charset) == 0 {
		return false
	}
	language, _, ok := bytes.Cut(rest, []byte{'\''})
	if !ok {
		return false
	}
	for _, part := range [2][]byte{charset, language} {
		for _, c := range part {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			case '+' <= c && c <= '^': // Zeek's pattern has "+-^", which is a range
			case bytes.IndexByte([]byte("!#$%&_`{}~"), c) >= 0:
			default:
				return false
			}
		}
	}
	return true
}

// basicUser appends the user name of basic authentication (RFC 7617) in the value of
// an Authorization header. ok is false for other schemes.
func basicUser(dst, value []byte) (user []byte, ok bool) {
	if len(value) < 6 || value[5] != ' ' || !bytes.EqualFold(value[:5], []byte("basic")) {
		return dst, false
	}
	b := value[5:]
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	if userpass, ok := decodeBase64(dst, b); ok {
		if user, _, ok := bytes.Cut(userpass, []byte{':'}); ok {
			return user, true
		}
	}
	dst = append(dst[:0], "<problem-decoding> ("...)
	return append(append(dst, value...), ')'), true
}

// decodeBase64 appends the bytes that b encodes. Like Zeek's it accepts missing padding.
func decodeBase64(dst, b []byte) (out []byte, ok bool) {
	var group uint32
	n, pad, after := 0, 0, false
	add := func(c byte) bool {
		var k int
		switch {
		case 'A' <= c && c <= 'Z':
			k = int(c - 'A')
		case 'a' <= c && c <= 'z':
			k = int(c-'a') + 26
		case '0' <= c && c <= '9':
			k = int(c-'0') + 52
		case c == '+':
			k = 62
		case c == '/':
			k = 63
		case c == '=':
			pad++
		default:
			return false
		}
		group = group<<6 | uint32(k)
		if n++; n < 4 {
			return true
		}
		if after {
			return false
		}
		octets := [3]byte{byte(group >> 16), byte(group >> 8), byte(group)}
		dst = append(dst, octets[:max(3-pad, 0)]...)
		after = pad > 0
		group, n, pad = 0, 0, 0
		return true
	}
	for _, c := range b {
		if !add(c) {
			return dst, false
		}
	}
	for n > 0 {
		if !add('=') {
			break
		}
	}
	return dst, true
}
