package socks

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures are those of Zeek's base/protocols/socks. Both sides must match. A client of
// version 4 may be either side, since the originator is sometimes unknown.
var signatures = []detect.Signature{
	{Orig: client4, Resp: server4},
	{Orig: server4, Resp: client4},
	{Orig: client5, Resp: server5},
}

var (
	client4 = detect.Leading("\x04", detect.Within(2+maxUser+1, isClient4))
	server4 = detect.Leading("\x00", detect.Within(2, isServer4))
	client5 = detect.Leading("\x05", detect.Within(3, isClient5))
	server5 = detect.Leading("\x05", detect.Within(2, isServer5))
)

// maxUser is the largest distance from the command to a zero byte, which ends the user
// name. Most port and address fields before it contain a zero too.
const maxUser = 32

// isClient4 matches a request of version 4: version, CONNECT or BIND, and a zero byte.
func isClient4(b []byte) bool {
	if len(b) < 2 || b[0] != version4 || b[1] != 1 && b[1] != 2 {
		return false
	}
	return bytes.IndexByte(b[2:min(len(b), 2+maxUser+1)], 0) >= 0
}

// isServer4 matches a reply of version 4 with one of the four statuses.
func isServer4(b []byte) bool {
	return len(b) >= 2 && b[0] == 0 && b[1] >= 0x5a && b[1] <= 0x5d
}

// isClient5 matches an offer whose first method is registered.
func isClient5(b []byte) bool {
	return len(b) >= 3 && b[0] == version5 && registered(b[2])
}

// isServer5 matches the choice of a registered method, or the refusal of all.
func isServer5(b []byte) bool {
	return len(b) >= 2 && b[0] == version5 && (registered(b[1]) || b[1] == methodRefused)
}

// registered reports whether IANA has assigned the method (socks-methods).
func registered(method byte) bool { return method <= 9 && method != 4 }
