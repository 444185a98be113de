package rdp

import "bytes"

// The signatures are those of Zeek's base/protocols/rdp.

var (
	clientKey = []byte("Duca")
	serverKey = []byte("McDn")
	channels  = [][]byte{[]byte("rdpdr"), []byte("rdpsnd"), []byte("drdynvc"), []byte("cliprdr")}
)

// The size in bytes of a datagram that begins RDP over UDP; it is padded to probe the MTU.
const (
	minSyn = 1132
	maxSyn = 1232
)

// client matches a connection request with a cookie, or the client's settings.
func client(b []byte) bool {
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
func server(b []byte) bool {
	return len(b) >= 6 && b[5] == connectionConfirm || bytes.Contains(b, serverKey)
}

// synDatagram matches a datagram that begins RDP over UDP.
func synDatagram(b []byte) bool {
	return len(b) >= minSyn && len(b) <= maxSyn && bytes.HasPrefix(b, noAck) && b[7] == 1
}
