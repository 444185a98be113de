package sip

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signature matches a datagram whose first line ends like a request line, or that begins
// like a response (Zeek's dpd_sip_udp_req and dpd_sip_udp_resp).
func signature(b []byte) detect.Verdict {
	if n := bytes.IndexByte(b, '\n'); n > len(" SIP/2.0") && b[n-1] == '\r' {
		if line := b[n-1-len(" SIP/2.0") : n-1]; line[0] == ' ' && isVersion(line[1:]) {
			return detect.Match
		}
	}
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) < len("SIP/2.0\r\n") || !isVersion(b) {
		return detect.NoMatch
	}
	b = b[len("SIP/2.0"):]
	if b[0] == '\r' && b[1] == '\n' ||
		len(b) >= 5 && b[0] == ' ' && isDigit(b[1]) && isDigit(b[2]) && isDigit(b[3]) && b[4] == ' ' {
		return detect.Match
	}
	return detect.NoMatch
}

// startLine matches a stream that begins with a request line or a status line (RFC 3261
// section 7), whose method may have up to maxMethod bytes.
func startLine(b []byte) detect.Verdict {
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		return startsMessage(bytes.TrimSuffix(b[:end], []byte("\r")))
	}
	if v := detect.StartsWith(b, "SIP/"); v != detect.NoMatch {
		return detect.NeedMore
	}
	n := 0
	for n < len(b) && isToken(b[n]) {
		n++
	}
	if n > maxMethod || n < len(b) && (n == 0 || b[n] != ' ') {
		return detect.NoMatch
	}
	return detect.NeedMore
}

const maxMethod = 64

// startsMessage returns whether a line is a request line or a status line.
func startsMessage(line []byte) detect.Verdict {
	if isStatus(line) {
		if isVersion(line) && len(line) >= len("SIP/2.0 200") && line[7] == ' ' && digits(line[8:11]) == 3 {
			return detect.Match
		}
		return detect.NoMatch
	}
	method, rest, _ := bytes.Cut(line, []byte(" "))
	if at := len(rest) - len(" SIP/2.0"); at > 0 && rest[at] == ' ' && isVersion(rest[at+1:]) && isMethod(method) {
		return detect.Match
	}
	return detect.NoMatch
}

func isMethod(b []byte) bool {
	for _, c := range b {
		if !isToken(c) {
			return false
		}
	}
	return len(b) > 0 && len(b) <= maxMethod
}

// isStatus reports whether a line is a response's.
func isStatus(line []byte) bool { return bytes.HasPrefix(line, []byte("SIP/")) }

// resumes reports whether a line surely begins a message, after missing bytes: it is not
// the end of one.
func resumes(line []byte) bool {
	if startsMessage(line) != detect.Match {
		return false
	}
	method, _, _ := bytes.Cut(line, []byte(" "))
	return isStatus(line) || known[string(method)]
}

// known are the methods of RFC 3261, RFC 3262, RFC 3311, RFC 3428, RFC 3515, RFC 3903,
// RFC 6086 and RFC 6665.
var known = map[string]bool{
	"ACK": true, "BYE": true, "CANCEL": true, "INFO": true, "INVITE": true, "MESSAGE": true, "NOTIFY": true,
	"OPTIONS": true, "PRACK": true, "PUBLISH": true, "REFER": true, "REGISTER": true, "SUBSCRIBE": true, "UPDATE": true,
}

// isVersion reports whether b begins like SIP/2.0.
func isVersion(b []byte) bool {
	return len(b) >= len("SIP/2.0") && string(b[:4]) == "SIP/" && isDigit(b[4]) && b[5] == '.' && isDigit(b[6])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
