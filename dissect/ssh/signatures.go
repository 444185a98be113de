package ssh

import "github.com/wirelog/wirelog/dissect/detect"

// signatures is Zeek's of base/protocols/ssh: both sides have to match.
var signatures = []detect.Signature{{Orig: isVersion, Resp: isVersion}}

// isVersion matches the beginning of a version line, in upper or lower case.
func isVersion(b []byte) bool {
	const prefix = "ssh-"
	if len(b) < len(prefix)+2 {
		return false
	}
	for i := range len(prefix) {
		if b[i] != prefix[i] && b[i]|0x20 != prefix[i] {
			return false
		}
	}
	return (b[4] == '1' || b[4] == '2') && b[5] == '.'
}
