package smb

import "github.com/wirelog/wirelog/dissect/detect"

// signatures is Zeek's of base/protocols/smb, which either side may match.
var signatures = []detect.Signature{{Orig: detect.Within(8, startsMessage)}, {Resp: detect.Within(8, startsMessage)}}

// startsMessage reports whether b begins with a frame of an SMB1 or SMB2 message: four
// bytes, and the magic.
func startsMessage(b []byte) bool {
	if len(b) < frameHeader+4 {
		return false
	}
	m := magic(b[frameHeader:])
	return m == magicSMB1 || m == magicSMB2
}
