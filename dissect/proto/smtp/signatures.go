package smtp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures is Zeek's of base/protocols/smtp: both sides have to match.
var signatures = []detect.Signature{{Orig: detect.Anywhere(greetsServer), Resp: greetsClient}}

var ehlo, helo = []byte("EHLO"), []byte("HELO")

// greetsServer reports whether a line begins with EHLO or HELO.
func greetsServer(b []byte) bool {
	return detect.AnyLine(b, func(line []byte) bool {
		line = detect.TrimSpace(line)
		return len(line) >= 4 && (bytes.EqualFold(line[:4], ehlo) || bytes.EqualFold(line[:4], helo))
	})
}

// greetsClient matches a reply with code 220.
func greetsClient(b []byte) detect.Verdict {
	b = detect.TrimSpace(b)
	v := detect.StartsWith(b, "220")
	switch {
	case v == detect.Match && len(b) == 3:
		return detect.NeedMore
	case v == detect.Match && b[3] != '-' && !detect.IsSpace(b[3]):
		return detect.NoMatch
	}
	return v
}
