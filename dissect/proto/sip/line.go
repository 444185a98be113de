package sip

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// request parses a request line (RFC 3261 section 7.1). It returns what is wrong with it, in
// Zeek's words, or "".
func (a *messages) request(line []byte) string {
	n := 0
	for n < len(line) && !isToken(line[n]) {
		n++
	}
	junk, rest := line[:n], line[n:]
	for n = 0; n < len(rest) && isToken(rest[n]); n++ {
	}
	if n == 0 {
		return mismatch("23", "[a-zA-Z0-9_.!%*+`'~-]+", rest)
	}
	method := rest[:n]
	rest = skipBlanks(rest[n:])
	for n = 0; n < len(rest) && rest[n] > ' ' && rest[n] < 0x7f; n++ {
	}
	if n == 0 {
		return mismatch("25", "[[:alnum:]@[:punct:]]+", rest)
	}
	uri := rest[:n]
	version, _, wrong := parseVersion(skipBlanks(rest[n:]))
	if wrong != "" {
		return wrong
	}
	if len(junk) > 0 {
		a.Weird("sip_junk_before_request", render(junk), "SIP")
	}
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.SIPRequest{Conn: a.Conn(), Method: method, OriginalURI: uri, Version: version}
		a.f.hooks.Request.Raise(e)
	}
	a.begun(true)
	return ""
}

// response parses a status line (RFC 3261 section 7.2).
func (a *messages) response(line []byte) string {
	version, rest, wrong := parseVersion(line)
	if wrong != "" {
		return wrong
	}
	rest = skipBlanks(rest)
	if len(rest) < 3 || !isDigit(rest[0]) || !isDigit(rest[1]) || !isDigit(rest[2]) {
		return mismatch("39", "[0-9]{3}", rest)
	}
	code := uint64(rest[0]-'0')*100 + uint64(rest[1]-'0')*10 + uint64(rest[2]-'0')
	a.Confirm()
	a.confirmed = true
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.SIPReply{Conn: a.Conn(), Version: version, Code: code, Reason: skipBlanks(rest[3:])}
		a.f.hooks.Reply.Raise(e)
	}
	a.begun(false)
	return ""
}

// parseVersion parses a version, such as SIP/2.0, and returns its number and what follows.
func parseVersion(b []byte) (version, rest []byte, wrong string) {
	if len(b) < len("SIP/") {
		return nil, nil, "out_of_bound: SIP_Version:anonymous_field_010: 4 > " + strconv.Itoa(len(b))
	}
	if string(b[:4]) != "SIP/" {
		return nil, nil, mismatch("45", "SIP/", b)
	}
	b = b[4:]
	major := digits(b)
	minor := 0
	if major > 0 && major < len(b) && b[major] == '.' {
		minor = digits(b[major+1:])
	}
	if minor == 0 {
		return nil, nil, mismatch("46", "[0-9]+\\.[0-9]+", b)
	}
	n := major + 1 + minor
	return b[:n], b[n:], ""
}

// splitHeader parses a header (RFC 3261 section 7.3.1).
func splitHeader(line []byte) (name, value []byte, wrong string) {
	n := 0
	for n < len(line) && !endsName[line[n]] {
		n++
	}
	if n == 0 {
		return nil, nil, mismatch("60", "[^: \\t]+", line)
	}
	rest := skipBlanks(line[n:])
	if len(rest) == 0 {
		return nil, nil, "out_of_bound: SIP_Header:anonymous_field_014: " + strconv.Itoa(len(line)+1) + " > " + strconv.Itoa(len(line))
	}
	if rest[0] != ':' {
		return nil, nil, mismatch("62", ":", rest)
	}
	return line[:n], skipBlanks(rest[1:]), ""
}

// upperCase has each byte in upper case.
var upperCase = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'a' <= i && i <= 'z' {
			t[i] -= 'a' - 'A'
		}
	}
	return t
}()

// tokenByte says which bytes may be in a token (RFC 3261 section 25.1).
var tokenByte = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.!%*+`'~-" {
		t[c] = true
	}
	return t
}()

// endsName says which bytes end the name of a header.
var endsName = [256]bool{':': true, ' ': true, '\t': true}

func isToken(c byte) bool { return tokenByte[c] }

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

func digits(b []byte) (n int) {
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n
}

// number converts a decimal number as C's strtol does, with the result in 32 bits.
func number(b []byte) int {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\v' || b[0] == '\f') {
		b = b[1:]
	}
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	n := int64(0)
	for _, c := range b[:digits(b)] {
		if n > (1<<63-1-9)/10 {
			n = 1<<63 - 1
			break
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return int(int32(n))
}

// mismatch returns Zeek's message for text that a pattern does not match.
func mismatch(line, pattern string, have []byte) string {
	return wire.PatternMismatch("zeek/src/analyzer/protocol/sip/sip-protocol.pac:"+line, pattern, have)
}

// invalidLength returns Zeek's message for a body of a negative length.
func invalidLength(n int) string {
	return "invalid length string: zeek/src/analyzer/protocol/sip/sip-protocol.pac:68: " + strconv.Itoa(n)
}

// render returns bytes as Zeek prints a string, with what is not printable in hexadecimal.
func render(b []byte) string {
	const hex = "0123456789abcdef"
	var dst []byte
	for _, c := range b {
		if c < ' ' || c > '~' {
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return string(dst)
}
