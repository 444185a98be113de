package tls

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// noCipher stands for a cipher suite that was not chosen yet.
const noCipher = ^uint32(0)

// session is what the record layers of streams and datagrams have in common. Sides are
// 0 for the originator, 1 for the responder.
type session struct {
	f *factory
	conn.Use
	source string

	// off tells that nothing more is to be looked at.
	off bool
	// stopped tells that this is so from the next record on.
	stopped   bool
	confirmed bool
	// violated tells that something was wrong, and leaving that the analyzer is to be taken
	// off for it after the record.
	violated, leaving bool

	encrypting  [2]bool // by side
	established bool
	// serverSpoke tells that a server's version is known.
	serverSpoke bool
	// flipped tells that the originator is the server.
	flipped, unclear bool

	version       uint16 // chosen, 0 if none is yet
	recordVersion uint16 // of the record at work
	cipher        uint32
	history       int // letters in ssl.log
	// cid are the lengths of connection ids in the datagrams to a side, 0 for none
	// (RFC 9146 section 3).
	cid [2]uint8
}

func newSession(f *factory, u conn.Use, source string) session {
	return session{f: f, Use: u, source: source, cipher: noCipher}
}

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// client tells whether the side is the client.
func (s *session) client(isOrig bool) bool { return isOrig != s.flipped }

func (s *session) weird(name, addl string) { s.Weird(name, addl, s.source) }

// setVersion notes the version that a server has chosen. The first word counts, which is
// that of the extension.
func (s *session) setVersion(v uint16) {
	if s.version == 0 {
		s.version = v
	}
}

// tls13 reports whether the version chosen is surely TLS 1.3 or a draft of it.
func (s *session) tls13() bool { return s.version == versionTLS13 || s.version/0xff == versionDraft }

// signsWithAlgorithm reports whether signatures have their algorithm with them (RFC
// 5246 section 4.7).
func (s *session) signsWithAlgorithm() bool {
	return s.version > versionTLS11 && s.version != versionDTLS10
}

func versionKnown(v uint16) bool {
	switch v {
	case versionSSL2, versionSSL3, versionTLS10, versionTLS11, versionTLS12, versionTLS13,
		versionDTLS10, versionDTLS12, versionDTLS13:
		return true
	}
	return v>>8 == versionDraft
}

// encrypted reports whether a record of a type is. In TLS 1.3 application data is, and a
// change of ciphers means nothing.
func (s *session) encrypted(isOrig bool, contentType uint16) bool {
	i := index(isOrig)
	if s.encrypting[i] || contentType != typeApplicationData {
		return s.encrypting[i]
	}
	switch s.version {
	case versionSSL2, versionSSL3, versionTLS10, versionTLS11, versionTLS12:
	default:
		s.encrypting[i] = true
	}
	return s.encrypting[i]
}

// violate gives up: what the analyzer sees cannot be followed.
func (s *session) violate(reason string) {
	s.off, s.violated = true, true
	s.Violate(conn.Violation{Reason: reason})
}

// complain tells of a violation in a message, whose own events come after it.
func (s *session) complain(reason string) {
	s.violated = true
	if s.Violate(conn.Violation{Reason: reason, Stay: true}) {
		s.leaving = true
	}
}

// settle has the analyzer taken off, or not look any further, if the record at work has led
// to that, or has completed the handshake.
func (s *session) settle() {
	if s.stopped {
		s.off = true
	}
	switch {
	case s.leaving:
		s.leaving = false
		s.Leave()
	case !s.off && s.finished():
		s.Detach()
	}
}

// stop has nothing more looked at after the record.
func (s *session) stop() { s.stopped = true }

func (s *session) confirm() {
	s.confirmed = true
	s.Confirm()
}

// checkFlipped compares the side that has sent a message with the one that should have.
func (s *session) checkFlipped(byClient, isOrig bool) {
	if s.client(isOrig) == byClient {
		return
	}
	s.flipped = !s.flipped
	s.history++
	if e := s.f.hooks.ConnectionFlipped.Begin(); e != nil {
		*e = event.SSLConnectionFlipped{Conn: s.Conn()}
		s.f.hooks.ConnectionFlipped.Raise(e)
	}
	if !s.flipped && !s.unclear {
		s.unclear = true
		s.weird("SSL_unclear_connection_direction", "")
	}
}

// letter counts a letter of ssl.log's history.
func (s *session) letter() {
	if s.history++; s.history == maxHistory {
		s.Weird("SSL_max_ssl_history_length_reached", "", "")
	}
}

// ciphertext tells of an encrypted record of n bytes.
func (s *session) ciphertext(isOrig bool, recordVersion, contentType uint16, n int) {
	if !s.established && s.tls13() {
		if e := s.f.hooks.ProbableEncryptedHandshakeMessage.Begin(); e != nil {
			*e = event.SSLProbableEncryptedHandshakeMessage{Conn: s.Conn(), IsClient: isOrig, Length: uint64(n)}
			s.f.hooks.ProbableEncryptedHandshakeMessage.Raise(e)
		}
	}
	s.checkEstablished()
	s.encryptedData(isOrig, recordVersion, contentType, n)
}

func (s *session) checkEstablished() {
	if !s.established && s.encrypting[0] && s.encrypting[1] {
		s.established = true
		s.raiseEstablished()
	}
}

func (s *session) raiseEstablished() {
	if e := s.f.hooks.Established.Begin(); e != nil {
		*e = event.SSLEstablished{Conn: s.Conn()}
		s.f.hooks.Established.Raise(e)
	}
}

func (s *session) encryptedData(isOrig bool, recordVersion, contentType uint16, n int) {
	if e := s.f.hooks.EncryptedData.Begin(); e != nil {
		*e = event.SSLEncryptedData{Conn: s.Conn(), IsClient: s.client(isOrig),
			RecordVersion: uint64(recordVersion), ContentType: uint64(contentType), Length: uint64(n)}
		s.f.hooks.EncryptedData.Raise(e)
	}
}

// plaintext tells of a record of n bytes that was in the clear.
func (s *session) plaintext(isOrig bool, recordVersion, contentType uint16, n int) {
	if e := s.f.hooks.PlaintextData.Begin(); e != nil {
		*e = event.SSLPlaintextData{Conn: s.Conn(), IsClient: s.client(isOrig),
			RecordVersion: uint64(recordVersion), ContentType: uint64(contentType), Length: uint64(n)}
		s.f.hooks.PlaintextData.Raise(e)
	}
	if contentType == typeApplicationData && s.serverSpoke && !s.established {
		s.Weird("ssl_early_application_data", "", "")
	}
}

// finished reports whether a handshake that began as it should is over.
func (s *session) finished() bool { return s.established && s.confirmed && !s.violated }

func (s *session) changeCipherSpec(isOrig bool) {
	if !s.tls13() {
		s.encrypting[index(isOrig)] = true
	}
	s.letter()
	if e := s.f.hooks.ChangeCipherSpec.Begin(); e != nil {
		*e = event.SSLChangeCipherSpec{Conn: s.Conn(), IsClient: s.client(isOrig)}
		s.f.hooks.ChangeCipherSpec.Raise(e)
	}
}

// several is how many of the n changes of ciphers of a record are told of.
func (s *session) several(n int) int {
	if n > s.f.opt.Alerts {
		s.Limited(s.source, "alerts")
	}
	return min(n, s.f.opt.Alerts)
}

// limited counts that a limit has cut something off, and tells of it.
func (s *session) limited(limit, weird, addl string) {
	s.Limited(s.source, limit)
	s.weird(weird, addl)
}

// alerts takes the alerts of a record, of which there may be one only since TLS 1.3 (RFC
// 8446 section 5.1). Like heartbeat, it reports whether they are well formed.
func (s *session) alerts(isOrig bool, b []byte) bool {
	most := 2 * s.f.opt.Alerts
	if s.tls13() {
		most = 2
	}
	if len(b) > most {
		s.limited("alerts", "SSL_excessive_alerts_in_record", strconv.Itoa(len(b)/2))
		b = b[:most]
	}
	for ; len(b) >= 2; b = b[2:] {
		s.alert(isOrig, uint64(b[0]), uint64(b[1]))
	}
	if len(b) > 0 {
		s.complain(wire.OutOfBound("Alert", 2, 1).Error())
		return false
	}
	return true
}

func (s *session) alert(isOrig bool, level, desc uint64) {
	s.letter()
	if e := s.f.hooks.Alert.Begin(); e != nil {
		*e = event.SSLAlert{Conn: s.Conn(), IsClient: s.client(isOrig), Level: level, Desc: desc}
		s.f.hooks.Alert.Raise(e)
	}
}

// heartbeat takes a heartbeat message (RFC 6520 section 4).
func (s *session) heartbeat(isOrig bool, b []byte) bool {
	c := cursor{wire.NewCursor(b)}
	head := c.Head(3, "Heartbeat:payload_length")
	if !c.OK() {
		s.complain(c.Err().Error())
		return false
	}
	s.letter()
	if e := s.f.hooks.Heartbeat.Begin(); e != nil {
		*e = event.SSLHeartbeat{Conn: s.Conn(), IsClient: s.client(isOrig), Length: uint64(len(b)),
			HeartbeatType: uint64(head[0]), PayloadLength: uint64(be16(head[1:])), Payload: c.Peek()}
		s.f.hooks.Heartbeat.Raise(e)
	}
	return true
}

func label(isOrig bool) string {
	if isOrig {
		return "originator"
	}
	return "responder"
}

func (s *session) unknownRecord(isOrig bool, contentType uint16) {
	s.complain("unknown SSL record type (" + strconv.Itoa(int(contentType)) + ") from " + label(isOrig))
}
