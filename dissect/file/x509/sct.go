package x509

import "encoding/binary"

// sct is a signed certificate timestamp (RFC 6962 section 3.2).
type sct struct {
	version    byte
	logID      []byte
	timestamp  uint64
	extensions []byte
	hash, sig  byte
	signature  []byte
}

const logIDLen = 32

// eachSCT calls fn for the timestamps in the value of an extension, an OCTET STRING
// with a SignedCertificateTimestampList (RFC 6962 section 3.3), up to the first
// malformed one, and reports whether all are well-formed.
func eachSCT(value []byte, fn func(s *sct)) bool {
	outer := reader{b: value}
	b := outer.expect(tagOctetString).body
	for len(b) > 0 {
		list, rest, ok := vector16(b)
		if !ok {
			return false
		}
		for len(list) > 0 {
			var one []byte
			if one, list, ok = vector16(list); !ok || len(one) < 1+logIDLen+8 {
				return false
			}
			s := sct{version: one[0], logID: one[1 : 1+logIDLen], timestamp: binary.BigEndian.Uint64(one[1+logIDLen:])}
			s.extensions, one, ok = vector16(one[1+logIDLen+8:]) // its extensions
			if !ok || len(one) < 2 {
				return false
			}
			s.hash, s.sig = one[0], one[1]
			if s.signature, _, ok = vector16(one[2:]); !ok {
				return false
			}
			fn(&s)
		}
		b = rest
	}
	return !outer.bad
}

// vector16 reads a vector with a length of two bytes (RFC 8446 section 3.4).
func vector16(b []byte) (body, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}
