package smb

import "github.com/wirelog/wirelog/dissect/detect"

// signatures are those of Zeek's base/protocols/smb. Either side may match.
var signatures = []detect.Signature{{Orig: detect.Within(8, startsMessage)}, {Resp: detect.Within(8, startsMessage)}}

// startsMessage reports whether b begins with the frame header and the magic number of an SMB1
// or SMB2 message.
func startsMessage(b []byte) bool {
	if len(b) < frameHeader+4 {
		return false
	}
	m := magic(b[frameHeader:])
	return m == magicSMB1 || m == magicSMB2
}
