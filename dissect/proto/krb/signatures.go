package krb

import (
	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/detect"
)

// Signatures of Zeek's base/protocols/krb. Either side may match.
var (
	udpSignatures = []detect.Signature{{Orig: detect.Anywhere(isMessage)}, {Resp: detect.Anywhere(isMessage)}}
	tcpSignatures = []detect.Signature{{Orig: detect.Within(32, isFramed)}, {Resp: detect.Within(32, isFramed)}}
)

// isFramed matches a message after its length.
func isFramed(b []byte) bool {
	return len(b) > lengthLen && isMessage(b[lengthLen:])
}

// isMessage matches the version and the type at the start of a message from or to a KDC.
func isMessage(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	first := byte(0)
	switch b[0] {
	case 0x6a, 0x6c: // AS-REQ, TGS-REQ
		first = asn1.TagContext + 1
	case 0x6b, 0x6d, 0x7e: // AS-REP, TGS-REP, KRB-ERROR
		first = asn1.TagContext
	default:
		return false
	}
	rest := [...]byte{first, 3, 2, 1, 5, first + 1, 3, 2, 1}
	for i := 1; i <= 4; i++ {
		if len(b) <= 1+i {
			return false
		}
		if b[1+i] != asn1.TagSequence {
			continue
		}
		for j := 1; j <= 4; j++ {
			at := 1 + i + j
			if len(b) < at+1+len(rest) {
				break
			}
			if [len(rest)]byte(b[at+1:]) == rest {
				return true
			}
		}
	}
	return false
}
