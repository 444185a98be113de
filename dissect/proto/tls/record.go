package tls

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
)

// headerLen is the length in bytes of a record's header (RFC 8446 section 5.1). For SSL 2
// it covers the length and the first three bytes of the message.
const headerLen = 5

// recordSide is the incomplete record of one direction.
type recordSide struct {
	header  [headerLen]byte
	nheader uint8
	skipped bool // the body is not parsed
	ssl2    bool
	length  int // of the body
	left    int // bytes left of a skipped body
	body    []byte
	msg     handshakeSide
}

// analyzer is the record layer over a stream.
type analyzer struct {
	session
	side [2]recordSide
	// ssl2 or synced is set once the record layer is known: that of SSL 2 or that of its
	// successors.
	ssl2, synced bool
	gap          bool
}

func (f *factory) newSSL(u conn.Use) conn.Analyzer {
	a := f.freeSSL.Get()
	*a = analyzer{session: newSession(f, u, sourceSSL)}
	return a
}

// Data parses the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off || a.gap || a.Conn().Partial() {
		return
	}
	s := &a.side[conn.Side(isOrig)]
	for !a.off {
		if s.nheader < headerLen {
			n := copy(s.header[s.nheader:], b)
			s.nheader += uint8(n)
			b = b[n:]
			if s.nheader < headerLen {
				return
			}
			if !a.begin(isOrig, s) {
				return
			}
		}
		switch {
		case s.skipped:
			n := min(len(b), s.left)
			s.left -= n
			b = b[n:]
			if s.left > 0 {
				return
			}
			a.record(isOrig, s, nil)
		case len(s.body) == 0 && len(b) >= s.length:
			body := b[:s.length:s.length]
			b = b[s.length:]
			a.record(isOrig, s, body)
		default:
			n := min(len(b), s.length-len(s.body))
			a.appendTo(&s.body, b[:n])
			b = b[n:]
			if len(s.body) < s.length {
				return
			}
			a.record(isOrig, s, s.body)
			a.release(&s.body)
		}
		s.nheader = 0
	}
}

// begin parses a header and reports whether the analysis goes on.
func (a *analyzer) begin(isOrig bool, s *recordSide) bool {
	h := &s.header
	if !a.layer(isOrig, s) {
		return false
	}
	s.length = int(binary.BigEndian.Uint16(h[3:]))
	if s.ssl2 {
		s.length = int(h[0]&0x7f)<<8 | int(h[1]) - 3
		if s.length < 0 {
			a.violate("Invalid length in SSL 2 record")
			return false
		}
	}
	s.skipped = a.encrypting[conn.Side(isOrig)] || s.contentType() == typeApplicationData
	s.left = s.length
	return true
}

// layer determines the record layer of a header and reports whether the header is valid.
func (a *analyzer) layer(isOrig bool, s *recordSide) bool {
	h := &s.header
	version := binary.BigEndian.Uint16(h[1:])
	known := version >= versionSSL3 && version <= versionTLS12
	s.ssl2 = a.ssl2
	switch {
	case a.synced && !known:
		a.violate("Invalid version late in TLS connection. Packet reported version: " + strconv.Itoa(int(version)))
	case a.synced, a.ssl2:
	case h[0]&0x80 != 0 && h[2] == ssl2ClientHello && isOrig:
		// Whatever version it offers, the record is one of SSL 2 (RFC 6101 appendix E).
		offered := binary.BigEndian.Uint16(h[3:])
		if offered != versionSSL2 && (offered < versionSSL3 || offered > versionTLS12) {
			a.violate("Invalid version in SSL client hello. Version: " + strconv.Itoa(int(offered)))
		}
		s.ssl2 = true
	case h[0]&0x80 != 0 && h[2] == ssl2ServerHello && h[4] < 2 && !isOrig:
		a.ssl2, s.ssl2 = true, true
	case h[0]&0x80 != 0:
		a.violate(fmt.Sprintf("Invalid headers in SSL connection. Head1: %d, head2: %d, head3: %d", h[1], h[2], h[3]))
	case !known:
		a.violate("Invalid version in TLS connection. Version: " + strconv.Itoa(int(version)))
	case h[0] < 20 || h[0] > 30:
		a.violate(fmt.Sprintf("Invalid type in TLS connection. Version: %d, Type: %d", version, h[0]))
	default:
		a.synced = true
	}
	return !a.off
}

// contentType returns the content type of the record, for SSL 2 the number that Zeek uses.
func (s *recordSide) contentType() uint16 {
	if s.ssl2 {
		return ssl2Base + uint16(s.header[2])
	}
	return uint16(s.header[0])
}

func (s *recordSide) version() uint16 {
	if s.ssl2 {
		return 0
	}
	return binary.BigEndian.Uint16(s.header[1:])
}

// record handles a complete record. A skipped one has no body.
func (a *analyzer) record(isOrig bool, s *recordSide, body []byte) {
	typ, version := s.contentType(), s.version()
	switch {
	case s.length == 0:
	case a.encrypted(isOrig, typ):
		a.ciphertext(isOrig, version, typ, s.length)
	case typ == typeChangeCipherSpec:
		// Each byte is a message; there should be only one.
		for i := 0; i < a.several(s.length) && !a.off; i++ {
			if a.encrypted(isOrig, typ) {
				a.ciphertext(isOrig, version, typ, s.length)
				break
			}
			a.changeCipherSpec(isOrig)
			a.plaintext(isOrig, version, typ, s.length)
		}
	case a.contents(isOrig, s, typ, body):
		a.plaintext(isOrig, version, typ, s.length)
	}
	a.settle()
}

// contents parses the contents of an unencrypted record and reports whether they are well
// formed.
func (a *analyzer) contents(isOrig bool, s *recordSide, typ uint16, body []byte) bool {
	switch typ {
	case typeAlert:
		return a.alerts(isOrig, body)
	case typeHandshake:
		a.recordVersion = s.version()
		a.handshakes(isOrig, &s.msg, body)
	case typeHeartbeat:
		return a.heartbeat(isOrig, body)
	case typeApplicationData:
	case ssl2Base + ssl2Error, ssl2Base + ssl2ClientHello, ssl2Base + ssl2ClientMasterKey, ssl2Base + ssl2ServerHello:
		a.recordVersion = 0
		return a.message2(isOrig, &s.header, body)
	default:
		a.unknownRecord(isOrig, typ)
	}
	return true
}

// Gap ends the analysis: the next record cannot be found.
func (a *analyzer) Gap(bool, uint64) { a.gap = true }

// End does nothing: a truncated record is not reported.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() {
	a.side[0], a.side[1] = a.side[1], a.side[0]
	a.encrypting[0], a.encrypting[1] = a.encrypting[1], a.encrypting[0]
}

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.side {
		a.release(&a.side[i].body)
		a.release(&a.side[i].msg.b)
	}
	a.f.freeSSL.Put(a)
}
