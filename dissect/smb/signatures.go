package smb

import "github.com/wirelog/wirelog/dissect/detect"

// signatures is Zeek's of base/protocols/smb, which either side may match.
var signatures = []detect.Signature{{Orig: detect.Within(8, isMessage)}, {Resp: detect.Within(8, isMessage)}}

// isMessage matches the magic of SMB1 or SMB2 after four bytes of framing. As for the dot
// of a pattern, there may be no newline in them.
func isMessage(b []byte) bool {
	if !startsMessage(b) {
		return false
	}
	for _, x := range b[:frameHeader] {
		if x == '\n' {
			return false
		}
	}
	return true
}

// startsMessage reports whether b begins with a frame of an SMB1 or SMB2 message.
func startsMessage(b []byte) bool {
	if len(b) < frameHeader+4 {
		return false
	}
	m := magic(b[frameHeader:])
	return m == magicSMB1 || m == magicSMB2
}
