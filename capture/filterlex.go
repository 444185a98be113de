package capture

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	tokEnd   tokenKind = iota
	tokWord            // keyword or name; an escaped one is always a name
	tokNum             // 32-bit number
	tokDots            // two to four decimal numbers separated by dots
	tokAddr6           // IPv6 address
	tokMAC             // six bytes
	tokOp              // operator or bracket
)

type token struct {
	kind    tokenKind
	text    string
	escaped bool
	num     uint32
	bits    int        // tokDots: 8 for each number
	addr    netip.Addr // tokAddr6
	mac     [6]byte
	pos     int
}

// FilterError reports that a filter expression cannot be compiled.
type FilterError struct {
	Expr   string
	Pos    int // offset in Expr of what is wrong, in bytes
	Reason string
}

// Error returns the expression, the position and the reason.
func (e *FilterError) Error() string {
	return fmt.Sprintf("filter %q: at byte %d: %s", e.Expr, e.Pos, e.Reason)
}

// Limits of an expression.
const (
	maxFilter        = 64 << 10
	maxFilterNesting = 256
)

func lexFilter(expr string) ([]token, error) {
	fail := func(pos int, format string, args ...any) ([]token, error) {
		return nil, &FilterError{expr, pos, fmt.Sprintf(format, args...)}
	}
	if len(expr) > maxFilter {
		return fail(0, "longer than %d bytes", maxFilter)
	}
	var toks []token
	depth := 0
	for i := 0; i < len(expr); {
		c := expr[i]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '\\':
			j := i + 1
			for j < len(expr) && strings.IndexByte(" !()\t\r\n", expr[j]) < 0 {
				j++
			}
			if j == i+1 {
				return fail(i, "nothing is escaped")
			}
			toks = append(toks, token{kind: tokWord, text: expr[i+1 : j], escaped: true, pos: i})
			i = j
			continue
		}
		if t, n := lexColons(expr[i:]); n > 0 {
			t.pos = i
			toks = append(toks, t)
			i += n
			continue
		}
		if isAlnum(c) {
			j := i + 1
			for j < len(expr) && (isAlnum(expr[j]) || strings.IndexByte("-_.", expr[j]) >= 0) {
				j++
			}
			for expr[j-1] == '-' || expr[j-1] == '_' {
				j--
			}
			t, why := lexWord(expr[i:j])
			if why != "" {
				return fail(i, "%s", why)
			}
			t.pos = i
			toks = append(toks, t)
			i = j
			continue
		}
		op := expr[i : i+1]
		if i+1 < len(expr) {
			switch two := expr[i : i+2]; two {
			case "&&", "||", ">=", "<=", "!=", "==", "<<", ">>":
				op = two
			}
		}
		text := op
		switch op {
		case "==":
			text = "="
		case "!", "(", ")", "[", "]", ":", "/", "<", ">", "=", "+", "-", "*", "%", "&", "|", "^",
			"&&", "||", ">=", "<=", "!=", "<<", ">>":
		default:
			return fail(i, "unexpected %q", op)
		}
		switch op {
		case "(", "[":
			if depth++; depth > maxFilterNesting {
				return fail(i, "more than %d nested brackets", maxFilterNesting)
			}
		case ")", "]":
			depth--
		}
		toks = append(toks, token{kind: tokOp, text: text, pos: i})
		i += len(op)
	}
	return append(toks, token{kind: tokEnd, pos: len(expr)}), nil
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// lexColons returns the IPv6 address or MAC address with colons that s begins
// with, and its length, 0 if there is none.
func lexColons(s string) (token, int) {
	n := 0
	for n < len(s) && (isHex(s[n]) || s[n] == ':' || s[n] == '.') {
		n++
	}
	run := s[:n]
	if strings.IndexByte(run, ':') < 0 || n < len(s) && isAlnum(s[n]) {
		return token{}, 0
	}
	if mac, ok := parseMAC(run); ok {
		return token{kind: tokMAC, text: run, mac: mac}, n
	}
	if a, err := netip.ParseAddr(run); err == nil && a.Is6() {
		return token{kind: tokAddr6, text: run, addr: a}, n
	}
	return token{}, 0
}

// parseMAC parses six hexadecimal bytes separated by ':', '-' or '.', three
// groups of four digits separated by dots, or twelve digits.
func parseMAC(s string) (mac [6]byte, ok bool) {
	var parts []string
	for _, sep := range []string{":", "-", "."} {
		if p := strings.Split(s, sep); len(p) == 6 {
			parts = p
		} else if sep == "." && len(p) == 3 && len(s) == 14 {
			s = strings.ReplaceAll(s, ".", "")
		}
	}
	if parts == nil && len(s) == 12 {
		for i := 0; i < 12; i += 2 {
			parts = append(parts, s[i:i+2])
		}
	}
	if len(parts) != 6 {
		return mac, false
	}
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(p) > 2 {
			return mac, false
		}
		mac[i] = byte(v)
	}
	return mac, true
}

// lexWord returns the token of a number, dotted numbers, a MAC address or a name,
// or what is wrong with it.
func lexWord(s string) (token, string) {
	if mac, ok := parseMAC(s); ok {
		return token{kind: tokMAC, text: s, mac: mac}, ""
	}
	if strings.Trim(s, "0123456789") == "" || len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && strings.Trim(s[2:], "0123456789abcdefABCDEF") == "" {
		v, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			return token{}, fmt.Sprintf("%s is no 32-bit number", s)
		}
		return token{kind: tokNum, text: s, num: uint32(v)}, ""
	}
	if strings.Trim(s, "0123456789.") == "" {
		parts := strings.Split(s, ".")
		if len(parts) > 4 {
			return token{}, fmt.Sprintf("%s is no IPv4 address", s)
		}
		t := token{kind: tokDots, text: s, bits: 8 * len(parts)}
		for _, p := range parts {
			v, err := strconv.ParseUint(p, 10, 8)
			if err != nil {
				return token{}, fmt.Sprintf("%s is no IPv4 address", s)
			}
			t.num = t.num<<8 | uint32(v)
		}
		return t, ""
	}
	return token{kind: tokWord, text: s}, ""
}
