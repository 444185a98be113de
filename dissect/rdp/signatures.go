package rdp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// The signatures are Zeek's of base/protocols/rdp. As for the dot of a pattern, there may be
// no newline before what they look for.

var (
	clientKey = []byte("Duca")
	serverKey = []byte("McDn")
	channels  = [][]byte{[]byte("rdpdr"), []byte("rdpsnd"), []byte("drdynvc"), []byte("cliprdr")}
)

// The size of a datagram that begins RDP over UDP: it is filled up, to find out the MTU.
const (
	minSyn = 1132
	maxSyn = 1232
)

// firstLine is b up to its first newline.
func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// client matches a connection request with a cookie, or the client's settings.
func client(b []byte) bool {
	b = firstLine(b)
	if bytes.Contains(b, cookiePrefix) {
		return true
	}
	_, rest, ok := bytes.Cut(b, clientKey)
	if !ok {
		return false
	}
	for _, name := range channels {
		if bytes.Contains(rest, name) {
			return true
		}
	}
	return false
}

// server matches a connection confirm, or the server's settings.
func server(b []byte) detect.Verdict {
	line := firstLine(b)
	switch {
	case len(line) >= 6 && line[5] == connectionConfirm || bytes.Contains(line, serverKey):
		return detect.Match
	case len(line) < len(b):
		return detect.NoMatch
	default:
		return detect.NeedMore
	}
}

// synDatagram matches a datagram that begins RDP over UDP.
func synDatagram(b []byte) bool {
	return len(b) >= minSyn && len(b) <= maxSyn && bytes.HasPrefix(b, noAck) &&
		bytes.IndexByte(b[4:7], '\n') < 0 && b[7] == 1
}
