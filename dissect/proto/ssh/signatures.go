package ssh

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures is that of Zeek's base/protocols/ssh: both sides have to match.
var signatures = []detect.Signature{{Orig: begins, Resp: begins}}

var begins = detect.Leading("Ss", detect.Within(6, isVersion))

// isVersion matches the beginning of a version line in upper or lower case.
func isVersion(b []byte) bool {
	if len(b) < 6 || !bytes.EqualFold(b[:4], versionPrefix) {
		return false
	}
	return (b[4] == '1' || b[4] == '2') && b[5] == '.'
}
