package tls

// The signatures are those of Zeek's base/protocols/ssl.

func between(x, low, high byte) bool { return low <= x && x <= high }

// clientHello matches a record with the ClientHello of SSL 3 or later (RFC 8446
// sections 5.1 and 4.1.2).
func clientHello(b []byte) bool {
	return len(b) >= 11 && b[0] == typeHandshake && b[1] == 3 && between(b[2], 0, 3) &&
		b[5] == msgClientHello && b[9] == 3 && between(b[10], 0, 3)
}

// serverHello matches a record with a ServerHello, also after an alert such as
// unrecognized_name.
func serverHello(b []byte) bool {
	if len(b) >= 7 && b[0] == typeAlert && b[1] == 3 && between(b[2], 0, 3) {
		b = b[7:]
	}
	return len(b) >= 11 && b[0] == typeHandshake && b[1] == 3 && between(b[2], 0, 3) &&
		b[5] == msgServerHello &&
		(b[9] == 3 && between(b[10], 0, 4) || b[9] == versionDraft && between(b[10], 0, 0x50))
}

// dtlsClientHello matches a datagram with the first ClientHello of DTLS (RFC 6347
// section 4.1).
func dtlsClientHello(b []byte) bool {
	if len(b) < 27 || b[0] != typeHandshake || !dtls(b[1:]) || b[13] != msgClientHello || !dtls(b[25:]) {
		return false
	}
	for _, x := range b[3:10] {
		if x != 0 {
			return false
		}
	}
	return true
}

func dtls(b []byte) bool { return b[0] == 0xfe && (b[1] == 0xff || b[1] == 0xfd) }
