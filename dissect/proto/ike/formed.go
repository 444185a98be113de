package ike

import "encoding/binary"

// wellFormed reports whether what a reader reads of the payloads of a message is there, and has
// the values that it must have, in much less time. The first payload is of the type next.
func wellFormed(b []byte, next, major byte) bool {
	for next != 0 && len(b) > 0 {
		n, ok := lengthOf(b, payloadLen)
		if !ok {
			return false
		}
		p := b[payloadLen:n]
		if major == 1 && !wellFormedV1(p, next) || major == 2 && !wellFormedV2(p, next) {
			return false
		}
		if major == 2 && (next == payloadEncrypted || next == payloadFragment) {
			return true
		}
		next, b = b[0], b[n:]
	}
	return true
}

// lengthOf returns the length that a payload, proposal or transform has in its header of head
// bytes, and whether it is there.
func lengthOf(b []byte, head int) (n int, ok bool) {
	if len(b) < head {
		return 0, false
	}
	n = int(binary.BigEndian.Uint16(b[2:]))
	return n, n >= head && n <= len(b)
}

func wellFormedV2(b []byte, typ byte) bool {
	switch typ {
	case payloadSA:
		return wellFormedProposals(b, 2)
	case payloadKE:
		return len(b) >= 4
	case payloadCert, payloadCertReq:
		return len(b) >= 1
	case payloadNotify:
		return wellFormedNotify(b)
	case payloadDelete:
		return wellFormedDelete(b)
	}
	return true
}

func wellFormedV1(b []byte, typ byte) bool {
	const doiLen = 4
	switch typ {
	case payloadSAV1:
		return len(b) >= 8 && wellFormedProposals(b[8:], 1)
	case payloadIDV1:
		return len(b) >= 4
	case payloadCertV1, payloadCertReqV1:
		return len(b) >= 1
	case payloadNotifyV1:
		return len(b) >= doiLen && wellFormedNotify(b[doiLen:])
	case payloadDeleteV1:
		return len(b) >= doiLen && wellFormedDelete(b[doiLen:])
	}
	return true
}

func wellFormedNotify(b []byte) bool { return len(b) >= 4 && len(b)-4 >= int(b[1]) }

func wellFormedDelete(b []byte) bool {
	return len(b) >= 4 && (b[1] == 0 || (len(b)-4)%int(b[1]) == 0)
}

func wellFormedProposals(b []byte, major byte) bool {
	const headLen = 8
	for len(b) > 0 {
		n, ok := lengthOf(b, headLen)
		if !ok || major == 2 && b[0] != 0 && b[0] != 2 || n-headLen < int(b[6]) {
			return false
		}
		t := b[headLen+int(b[6]) : n]
		for range b[7] {
			n, ok := lengthOf(t, headLen)
			if !ok || major == 2 && t[0] != 0 && t[0] != 3 || !wellFormedAttributes(t[headLen:n]) {
				return false
			}
			t = t[n:]
		}
		if major == 1 && b[0] == 0 { // the last
			break
		}
		b = b[n:]
	}
	return true
}

func wellFormedAttributes(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 4 {
			return false
		}
		n := 4
		if b[0]&0x80 == 0 { // a length, where the others have their value
			n += int(binary.BigEndian.Uint16(b[2:]))
		}
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return true
}
