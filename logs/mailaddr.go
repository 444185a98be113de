package logs

import (
	"bytes"
	"net/netip"
)

// The functions of Zeek's base/utils/email and base/utils/addrs, which find addresses in
// arguments of SMTP commands and in mail headers. All run in linear time.

// emailAddrs calls f for each mail address in s (extract_email_addrs_vec), until it returns
// false. The addresses are built in buf, which is returned.
func emailAddrs(buf, s []byte, f func(addr []byte) bool) []byte {
	for i := 0; i < len(s); {
		start := i
		if beforeAddr(s[i]) {
			i++
		}
		at := i
		for at < len(s) && s[at] != '@' && !beforeAddr(s[at]) {
			at++
		}
		if at == i || at == len(s) || s[at] != '@' {
			if i = at; i == start {
				i++ // an @ without anything before it
			}
			continue
		}
		end := at + 1
		for end < len(s) && s[end] != '>' && s[end] != ',' && s[end] != ';' && !isBlank(s[end]) {
			end++
		}
		if i = end; end == at+1 {
			continue
		}
		if end < len(s) {
			i++
		}
		buf = buf[:0]
		for _, c := range s[start:end] {
			switch c {
			case '<', '>', ',', ':', ';', ' ', '\t':
			default:
				buf = append(buf, c)
			}
		}
		if !f(buf) {
			break
		}
	}
	return buf
}

// beforeAddr reports whether c may precede an address but not be part of one.
func beforeAddr(c byte) bool { return c == '<' || c == ',' || c == ':' || isBlank(c) }

// commaRun is a part of a text between commas.
type commaRun struct{ from, end, at int }

// find sets r to the run of s around i, and at to its last @ with text after it.
func (r *commaRun) find(s []byte, i int) {
	if r.from <= i && i <= r.end && r.end > 0 {
		return
	}
	r.from, r.end = i, len(s)
	if n := bytes.IndexByte(s[i:], ','); n >= 0 {
		r.end = i + n
	}
	r.at = i + bytes.LastIndexByte(s[i:max(r.end-1, i)], '@')
}

// mimeAddrs calls f for each address in the value of a header, with its display name
// (split_mime_email_addresses), until it returns false.
func mimeAddrs(s []byte, f func(addr []byte) bool) {
	var plain, quoted commaRun
	for i := 0; i < len(s); {
		end := -1
		if plain.find(s, i); plain.at > i {
			end = plain.end
		}
		if s[i] == '"' {
			if n := bytes.IndexByte(s[i+1:], '"'); n >= 0 && i+n+2 < len(s) {
				after := i + n + 2
				if quoted.find(s, after); quoted.at > after && quoted.end > end {
					end = quoted.end
				}
			}
		}
		switch {
		case end >= 0:
			if !f(bytes.TrimFunc(s[i:end], func(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' })) {
				return
			}
			i = end
		case plain.end == i:
			i++
		default:
			// No address can begin before the next quote.
			n := bytes.IndexByte(s[i+1:], '"')
			if n < 0 || i+1+n > plain.end {
				i = plain.end
			} else {
				i += 1 + n
			}
		}
	}
}

// ipAddrs calls f for each IP address in s (extract_ip_addresses), until it returns
// false; if wrapped is set, only for those between brackets or blanks.
func ipAddrs(s []byte, wrapped bool, f func(a netip.Addr) bool) {
	last := 0 // end of the previous candidate
	for i := 0; i < len(s); {
		if i = nextAddr(s, i); i == len(s) {
			return
		}
		n := longestAddr(s[i:])
		if n == 0 {
			i++
			continue
		}
		a, ok := parseAddr(s[i : i+n])
		if ok && (!wrapped || isWrapped(s[last:i], s[i+n:])) && !f(a) {
			return
		}
		i += n
		last = i
	}
}

// nextAddr returns the first place from i on at which longestAddr may find something, or
// len(s). In most text there is none.
func nextAddr(s []byte, i int) int {
	for i < len(s) {
		if !isHex(s[i]) {
			if s[i] == ':' && i+1 < len(s) && s[i+1] == ':' {
				return i
			}
			i++
			continue
		}
		end := i + 1
		for end < len(s) && isHex(s[end]) {
			end++
		}
		if end < len(s) && (s[end] == ':' || s[end] == '.') {
			return max(i, end-4) // a number has at most four digits
		}
		i = end
	}
	return i
}

// isHex reports whether c is a hexadecimal digit.
func isHex(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 5 }

// isWrapped reports whether an address stands between brackets or blanks.
func isWrapped(before, after []byte) bool {
	if len(after) > 0 && longestAddr(after) > 0 {
		after = nil
	}
	if len(before) == 0 || len(after) == 0 {
		return len(before) == len(after)
	}
	switch c := after[0]; before[len(before)-1] {
	case '[':
		return c == ']'
	case '(':
		return c == ')'
	case '{':
		return c == '}'
	case ' ':
		return c == ' '
	}
	return false
}

func parseAddr(b []byte) (netip.Addr, bool) {
	if bytes.IndexByte(b, ':') >= 0 {
		a, err := netip.ParseAddr(string(b))
		return a.Unmap(), err == nil
	}
	// Leading zeros do not count.
	var ip [4]byte
	for i := range ip {
		part, rest, _ := bytes.Cut(b, []byte{'.'})
		b = rest
		for _, c := range part {
			ip[i] = ip[i]*10 + c - '0'
		}
	}
	return netip.AddrFrom4(ip), true
}

// longestAddr returns the length of the longest prefix of b that matches Zeek's
// ip_addr_regex, or 0.
func longestAddr(b []byte) int {
	best := longestIPv4(b)
	i := 0
	for lead := 0; ; lead++ {
		n := hexRun(b[i:])
		if lead == 7 && n > 0 {
			best = max(best, i+n)
		}
		if lead == 6 {
			if v4 := longestIPv4(b[i:]); v4 > 0 {
				best = max(best, i+v4)
			}
		}
		colons := b[i:]
		if lead > 0 {
			colons = b[i-1:]
		}
		if len(colons) >= 2 && colons[0] == ':' && colons[1] == ':' {
			return max(best, len(b)-len(colons)+2+afterColons(colons[2:], lead))
		}
		if lead == 7 || n == 0 || i+n >= len(b) || b[i+n] != ':' {
			return best
		}
		i += n + 1
	}
}

// afterColons returns how much of b continues an IPv6 address after lead groups and two
// colons.
func afterColons(b []byte, lead int) int {
	best := 0
	if lead <= 5 {
		best = longestIPv4(b)
	}
	i := 0
	for trail := 1; trail <= 7-lead; trail++ {
		n := hexRun(b[i:])
		if n == 0 {
			break
		}
		best = max(best, i+n)
		if trail <= 5-lead {
			// Zeek's pattern has no colon before the dotted part.
			for j := 1; j <= n; j++ {
				if v4 := longestIPv4(b[i+j:]); v4 > 0 {
					best = max(best, i+j+v4)
				}
			}
		}
		if i += n; i >= len(b) || b[i] != ':' {
			break
		}
		i++
	}
	return best
}

// hexRun counts the leading hexadecimal digits of b, up to 4.
func hexRun(b []byte) int {
	n := 0
	for n < len(b) && n < 4 && isHex(b[n]) {
		n++
	}
	return n
}

// longestIPv4 returns the length of the longest prefix of b that is four numbers separated
// by dots, or 0.
func longestIPv4(b []byte) int {
	i := 0
	for part := range 4 {
		n := 0
		for n < 3 && i+n < len(b) && '0' <= b[i+n] && b[i+n] <= '9' {
			n++
		}
		if n == 3 && (b[i] > '2' || b[i] == '2' && (b[i+1] > '5' || b[i+1] == '5' && b[i+2] > '5')) {
			n = 2
		}
		if n == 0 {
			return 0
		}
		if i += n; part == 3 {
			break
		}
		if i >= len(b) || b[i] != '.' {
			return 0
		}
		i++
	}
	return i
}
