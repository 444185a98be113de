package event

// QUICInitialPacket is raised for every Initial packet of QUIC (RFC 9000 section 17.2.2),
// whether it can be decrypted or not.
//
//wirelog:event QUIC::initial_packet section=QUIC
type QUICInitialPacket struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Version uint64 `zeek:"version"`
	DCID    []byte `zeek:"dcid"` // connection id of the receiver; valid inside the call
	SCID    []byte `zeek:"scid"` // connection id of the sender; valid inside the call
}

// QUICRetryPacket is raised for every Retry packet of QUIC (RFC 9000 section 17.2.5).
//
//wirelog:event QUIC::retry_packet section=QUIC
type QUICRetryPacket struct {
	Conn              Conn   `zeek:"c"`
	IsOrig            bool   `zeek:"is_orig"`
	Version           uint64 `zeek:"version"`
	DCID              []byte `zeek:"dcid"`                // connection id of the receiver; valid inside the call
	SCID              []byte `zeek:"scid"`                // connection id of the sender; valid inside the call
	RetryToken        []byte `zeek:"retry_token"`         // what the client sends back; valid inside the call
	RetryIntegrityTag []byte `zeek:"retry_integrity_tag"` // 16 bytes, valid inside the call
}

// QUICHandshakePacket is raised for every Handshake packet of QUIC (RFC 9000 section 17.2.4),
// whose contents are encrypted.
//
//wirelog:event QUIC::handshake_packet section=QUIC
type QUICHandshakePacket struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Version uint64 `zeek:"version"`
	DCID    []byte `zeek:"dcid"` // connection id of the receiver; valid inside the call
	SCID    []byte `zeek:"scid"` // connection id of the sender; valid inside the call
}

// QUICZeroRTTPacket is raised for every 0-RTT packet of QUIC (RFC 9000 section 17.2.3), whose
// contents are encrypted.
//
//wirelog:event QUIC::zero_rtt_packet section=QUIC
type QUICZeroRTTPacket struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Version uint64 `zeek:"version"`
	DCID    []byte `zeek:"dcid"` // connection id of the receiver; valid inside the call
	SCID    []byte `zeek:"scid"` // connection id of the sender; valid inside the call
}

// QUICConnectionCloseFrame is raised for every CONNECTION_CLOSE frame of type 0x1c in an
// Initial packet of QUIC (RFC 9000 section 19.19). Later ones are encrypted.
//
//wirelog:event QUIC::connection_close_frame section=QUIC
type QUICConnectionCloseFrame struct {
	Conn         Conn   `zeek:"c"`
	IsOrig       bool   `zeek:"is_orig"`
	Version      uint64 `zeek:"version"`
	DCID         []byte `zeek:"dcid"` // connection id of the receiver; valid inside the call
	SCID         []byte `zeek:"scid"` // connection id of the sender; valid inside the call
	ErrorCode    uint64 `zeek:"error_code"`
	ReasonPhrase []byte `zeek:"reason_phrase"` // valid inside the call
}

// QUICUnhandledVersion is raised for a long header of QUIC with a version that is not analyzed
// (RFC 8999 section 5.1). Version 0 is a Version Negotiation packet (RFC 9000 section 17.2.1).
//
//wirelog:event QUIC::unhandled_version section=QUIC
type QUICUnhandledVersion struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Version uint64 `zeek:"version"`
	DCID    []byte `zeek:"dcid"` // connection id of the receiver; valid inside the call
	SCID    []byte `zeek:"scid"` // connection id of the sender; valid inside the call
}

// QUICDiscardedPacket is raised for a datagram, or the rest of one, that begins with a packet
// without QUIC's fixed bit (RFC 9000 section 17.2), once a packet of the connection was
// decrypted.
//
//wirelog:event QUIC::discarded_packet section=QUIC
type QUICDiscardedPacket struct {
	Conn           Conn   `zeek:"c"`
	IsOrig         bool   `zeek:"is_orig"`
	TotalDecrypted uint64 `zeek:"total_decrypted"` // packets of the connection so far
}

// QUICShortHeaderPacketThresholdCrossed is raised when the number of packets with a short
// header (RFC 9000 section 17.3.1) that a side has sent reaches a power of two.
//
//wirelog:event QUIC::short_header_packet_threshold_crossed section=QUIC
type QUICShortHeaderPacketThresholdCrossed struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	Threshold uint64 `zeek:"threshold"`
}

// GoogleQUICVersion returns the name of a version of Google's QUIC before the IETF's, such as
// Q050: Q or T, and three digits. ok is false for other versions.
func GoogleQUICVersion(version uint64) (name string, ok bool) {
	b := [4]byte{byte(version >> 24), byte(version >> 16), byte(version >> 8), byte(version)}
	for _, d := range b[1:] {
		if d < '0' || d > '9' {
			return "", false
		}
	}
	return string(b[:]), b[0] == 'Q' || b[0] == 'T'
}
