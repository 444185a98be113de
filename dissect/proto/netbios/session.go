package netbios

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// Types of session packets (RFC 1002 section 4.3.1) and of datagrams (section 4.4.1).
const (
	typeMessage   = 0x00
	typeRequest   = 0x81
	typePositive  = 0x82
	typeNegative  = 0x83
	typeRetarget  = 0x84
	typeKeepAlive = 0x85

	firstDatagram = 0x10
	lastDatagram  = 0x16
)

// maxName is the length in bytes of the longest name that is decoded.
const maxName = 30

// Session raises the events of the packets of the session service.
type Session struct {
	hooks  *event.NetBIOSEvents
	source string
	// messages is set for weirds about session messages.
	messages bool
	name     []byte
}

// NewSession returns a Session for the analyzer called source of another protocol that the
// session service carries. It raises its events on h.
func NewSession(h *event.Hooks, source string) *Session {
	return &Session{hooks: &h.NetBIOS, source: source}
}

// Packet raises the events of one packet: its type, and what follows its header.
func (s *Session) Packet(u *conn.Use, isOrig bool, typ byte, b []byte) {
	if e := s.hooks.SessionMessage.Begin(); e != nil {
		*e = event.NetBIOSSessionMessage{Conn: u.Conn(), IsOrig: isOrig, MsgType: uint64(typ), DataLen: uint64(len(b))}
		s.hooks.SessionMessage.Raise(e)
	}
	switch {
	case typ == typeMessage:
		s.message(u, isOrig, b)
	case typ == typeRequest:
		s.request(u, isOrig, b)
	case typ == typePositive || typ == typeNegative || typ == typeRetarget:
		s.response(u, isOrig, typ, b)
	case typ == typeKeepAlive:
		if e := s.hooks.SessionKeepalive.Begin(); e != nil {
			*e = event.NetBIOSSessionKeepalive{Conn: u.Conn(), Msg: b}
			s.hooks.SessionKeepalive.Raise(e)
		}
	case typ < firstDatagram || typ > lastDatagram:
		u.Weird("unknown_netbios_type", "0x"+strconv.FormatUint(uint64(typ), 16), s.source)
	}
}

func (s *Session) message(u *conn.Use, isOrig bool, b []byte) {
	asZeek := u.Compat(compat.NetBIOSSession)
	if isSMB(b, asZeek) {
		if s.messages && asZeek {
			u.Weird("no_smb_session_using_parsesambamsg", "", s.source)
		}
		return
	}
	if s.messages {
		u.Weird("netbios_raw_session_msg", "", s.source)
	}
	if e := s.hooks.SessionRawMessage.Begin(); e != nil {
		*e = event.NetBIOSSessionRawMessage{Conn: u.Conn(), IsOrig: isOrig, Msg: b}
		s.hooks.SessionRawMessage.Raise(e)
	}
}

func (s *Session) request(u *conn.Use, isOrig bool, b []byte) {
	if !isOrig {
		u.Weird("netbios_server_session_request", "", s.source)
	}
	h := &s.hooks.SessionRequest
	if !h.On() || !s.decode(b) {
		return
	}
	e := h.Begin()
	*e = event.NetBIOSSessionRequest{Conn: u.Conn(), Msg: s.name}
	h.Raise(e)
}

func (s *Session) response(u *conn.Use, isOrig bool, typ byte, b []byte) {
	if isOrig {
		u.Weird("netbios_client_session_reply", "", s.source)
	}
	switch typ {
	case typePositive:
		if e := s.hooks.SessionAccepted.Begin(); e != nil {
			*e = event.NetBIOSSessionAccepted{Conn: u.Conn(), Msg: b}
			s.hooks.SessionAccepted.Raise(e)
		}
	case typeNegative:
		if e := s.hooks.SessionRejected.Begin(); e != nil {
			*e = event.NetBIOSSessionRejected{Conn: u.Conn(), Msg: b}
			s.hooks.SessionRejected.Raise(e)
		}
	case typeRetarget:
		if e := s.hooks.SessionRetArgResp.Begin(); e != nil {
			*e = event.NetBIOSSessionRetArgResp{Conn: u.Conn(), Msg: b}
			s.hooks.SessionRetArgResp.Raise(e)
		}
	}
}

// decode sets s.name to the name at the beginning of b, two letters from A to P a byte (RFC
// 1001 section 14.1). It reports whether there is one.
func (s *Session) decode(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	n := int(b[0]) / 2
	if b = b[1:]; n == 0 || n > maxName || len(b) < 2*n {
		return false
	}
	s.name = s.name[:0]
	for i := 0; i < 2*n; i += 2 {
		high, low := b[i]-'A', b[i+1]-'A'
		if high > 0xf || low > 0xf {
			return false
		}
		s.name = append(s.name, high<<4|low)
	}
	return true
}

// Magic numbers of SMB (MS-CIFS section 2.2.3.1, MS-SMB2 sections 2.2.1, 2.2.41 and 2.2.42).
const (
	magicSMB        = "SMB"
	firstSMB        = 0xff
	lastCompression = 0xfc
)

// isSMB reports whether b begins with a magic number of SMB: that of version 1 alone if asZeek
// is set.
func isSMB(b []byte, asZeek bool) bool {
	if len(b) < 4 || !bytes.Equal(b[1:4], []byte(magicSMB)) {
		return false
	}
	return b[0] == firstSMB || b[0] >= lastCompression && !asZeek
}

// sessionLen returns a function that returns the length of a session packet with its header:
// a type, flags of which the last is a bit of the length, and the length (RFC 1002 section
// 4.3.1). If asZeek is set, flags have no bit of it.
func sessionLen(asZeek bool) func(h []byte) int {
	return func(h []byte) int {
		n := int(binary.BigEndian.Uint16(h[2:]))
		if !asZeek {
			n |= int(h[1]&1) << 16
		}
		return headerLen + n
	}
}
