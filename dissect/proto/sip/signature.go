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

// isVersion reports whether b begins like SIP/2.0.
func isVersion(b []byte) bool {
	return len(b) >= len("SIP/2.0") && string(b[:4]) == "SIP/" && isDigit(b[4]) && b[5] == '.' && isDigit(b[6])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
