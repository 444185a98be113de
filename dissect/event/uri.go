package event

import "strings"

// UnescapeURI appends uri to dst with its percent escapes resolved (RFC 3986 section
// 2.1), including those of the form %uXXXX, which never became a standard. It is
// Zeek's unescape_URI. weird, if not nil, is called with Zeek's name of each fault
// in the escapes.
func UnescapeURI(dst, uri []byte, weird func(name string)) []byte {
	tell := func(name string) {
		if weird != nil {
			weird(name)
		}
	}
	for i := 0; i < len(uri); i++ {
		if uri[i] != '%' {
			dst = append(dst, uri[i])
			continue
		}
		rest := uri[i+1:]
		switch {
		case len(rest) == 0:
			tell("illegal_%_at_end_of_URI")
			dst = append(dst, '%')
		case len(rest) == 1:
			tell("partial_escape_at_end_of_URI")
			return append(dst, '%', rest[0])
		case rest[0] == '%':
			tell("double_%_in_URI")
		case isHex(rest[0]) && isHex(rest[1]):
			dst = append(dst, unhex(rest[0])<<4|unhex(rest[1]))
			i += 2
		case len(rest) >= 5 && rest[0] == 'u' && isHex(rest[1]) && isHex(rest[2]) && isHex(rest[3]) && isHex(rest[4]):
			if rest[1] != '0' || rest[2] != '0' {
				dst = append(dst, unhex(rest[1])<<4|unhex(rest[2]))
			}
			dst = append(dst, unhex(rest[3])<<4|unhex(rest[4]))
			i += 5
		default:
			tell("unescaped_%_in_URI")
			dst = append(dst, '%', rest[0])
			i++
		}
	}
	return dst
}

const hexDigits = "0123456789abcdefABCDEF"

func isHex(c byte) bool { return strings.IndexByte(hexDigits, c) >= 0 }

func unhex(c byte) byte {
	i := strings.IndexByte(hexDigits, c)
	if i >= 16 {
		i -= 6
	}
	return byte(i)
}
