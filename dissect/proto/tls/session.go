package tls

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// noCipher means that no cipher suite has been chosen.
const noCipher = ^uint32(0)

// session is the state that the record layers of streams and datagrams have in common.
// Sides are 0 for the originator, 1 for the responder.
type session struct {
	f *factory
	conn.Use
	source string

	// off is set when nothing more is parsed.
	off bool
	// stopped is set when nothing more is parsed after the current record.
	stopped   bool
	confirmed bool
	// violated is set after a violation, and leaving if the analyzer is removed for it
	// after the record.
	violated, leaving bool

	encrypting  [2]bool // by side
	established bool
	// serverSpoke is set once the server's version is known.
	serverSpoke bool
	// flipped is set if the originator is the server.
	flipped, unclear bool

	version       uint16 // the chosen one, or 0
	recordVersion uint16 // of the current record
	cipher        uint32
	history       int // letters in ssl.log
	// cid holds the lengths in bytes of connection ids in the datagrams to each side, 0 for
	// none (RFC 9146 section 3).
	cid [2]uint8
}

func newSession(f *factory, u conn.Use, source string) session {
	return session{f: f, Use: u, source: source, cipher: noCipher}
}

// client reports whether the side is the client.
func (s *session) client(isOrig bool) bool { return isOrig != s.flipped }

func (s *session) weird(name, addl string) { s.Weird(name, addl, s.source) }

// setVersion records the version that a server has chosen. Only the first call counts: the
// extension's, if there is one, precedes that of the ServerHello itself.
func (s *session) setVersion(v uint16) {
	if s.version == 0 {
		s.version = v
	}
}

// tls13 reports whether the chosen version is known to be TLS 1.3 or a draft of it.
func (s *session) tls13() bool { return s.version == versionTLS13 || s.version/0xff == versionDraft }

// signsWithAlgorithm reports whether signatures name their algorithm (RFC 5246 section
// 4.7).
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

// encrypted reports whether records of a type are encrypted. In TLS 1.3 application data
// always is, and a ChangeCipherSpec has no meaning.
func (s *session) encrypted(isOrig bool, contentType uint16) bool {
	i := conn.Side(isOrig)
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

// violate reports a violation after which the stream cannot be followed.
func (s *session) violate(reason string) {
	s.off, s.violated = true, true
	s.Violate(conn.Violation{Reason: reason})
}

// complain reports a violation in a message whose own events are still to come.
func (s *session) complain(reason string) {
	s.violated = true
	if s.Violate(conn.Violation{Reason: reason, Stay: true}) {
		s.leaving = true
	}
}

// settle removes or stops the analyzer after a record if that has a violation or completes
// the handshake.
func (s *session) settle() {
	if s.stopped && !s.off {
		s.off = true
		s.Mute()
	}
	switch {
	case s.leaving:
		s.leaving = false
		s.Leave()
	case !s.off && s.f.opt.Detach && s.finished():
		s.Detach()
	}
}

// stop ends the analysis after the current record.
func (s *session) stop() { s.stopped = true }

func (s *session) confirm() {
	s.confirmed = true
	s.Confirm()
}

// checkFlipped compares the sender of a message with the side that should send it.
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

// letter counts a letter of the history in ssl.log.
func (s *session) letter() {
	if s.history++; s.history == maxHistory {
		s.Weird("SSL_max_ssl_history_length_reached", "", "")
	}
}

// ciphertext reports an encrypted record of n bytes.
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

// plaintext reports an unencrypted record of n bytes.
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

// finished reports whether a handshake that began regularly is complete.
func (s *session) finished() bool { return s.established && s.confirmed && !s.violated }

func (s *session) changeCipherSpec(isOrig bool) {
	if !s.tls13() {
		s.encrypting[conn.Side(isOrig)] = true
	}
	s.letter()
	if e := s.f.hooks.ChangeCipherSpec.Begin(); e != nil {
		*e = event.SSLChangeCipherSpec{Conn: s.Conn(), IsClient: s.client(isOrig)}
		s.f.hooks.ChangeCipherSpec.Raise(e)
	}
}

// several returns how many of the n ChangeCipherSpec messages of a record are reported.
func (s *session) several(n int) int {
	if n > s.f.opt.Alerts {
		s.Limited(s.source, "alerts")
	}
	return min(n, s.f.opt.Alerts)
}

// limited counts a limit that was exceeded and raises a weird for it.
func (s *session) limited(limit, weird, addl string) {
	s.Limited(s.source, limit)
	s.weird(weird, addl)
}

// alerts parses the alerts of a record; TLS 1.3 allows only one (RFC 8446 section 5.1).
// Like heartbeat it reports whether the record is well formed.
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

// heartbeat parses a heartbeat message (RFC 6520 section 4).
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
