package smtp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures is Zeek's of base/protocols/smtp: both sides have to match.
var signatures = []detect.Signature{{Orig: greetsServer, Resp: greetsClient}}

var ehlo, helo = []byte("EHLO"), []byte("HELO")

// greetsServer matches what has a line with EHLO or HELO.
func greetsServer(b []byte) bool {
	return detect.AnyLine(b, func(line []byte) bool {
		line = detect.TrimSpace(line)
		return len(line) >= 4 && (bytes.EqualFold(line[:4], ehlo) || bytes.EqualFold(line[:4], helo))
	})
}

// greetsClient matches a reply with code 220.
func greetsClient(b []byte) bool {
	b = detect.TrimSpace(b)
	return len(b) >= 4 && string(b[:3]) == "220" && (b[3] == '-' || detect.IsSpace(b[3]))
}
