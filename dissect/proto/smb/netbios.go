package smb

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// netbiosPort is that of the NetBIOS session service (RFC 1002 section 5.3).
const netbiosPort = 139

// Types of session packets (RFC 1002 section 4.3.1).
const (
	sessionMessage   = 0x00
	sessionRequest   = 0x81
	sessionPositive  = 0x82
	sessionNegative  = 0x83
	sessionRetarget  = 0x84
	sessionKeepAlive = 0x85
)

type netbiosEvents struct {
	message   event.NetBIOSSessionMessage
	request   event.NetBIOSSessionRequest
	accepted  event.NetBIOSSessionAccepted
	rejected  event.NetBIOSSessionRejected
	raw       event.NetBIOSSessionRawMessage
	retarget  event.NetBIOSSessionRetArgResp
	keepAlive event.NetBIOSSessionKeepalive
}

// sessionPacket raises the events of a packet of the NetBIOS session service.
func (a *analyzer) sessionPacket(isOrig bool, typ byte, b []byte) {
	hooks, ev := a.f.netbios, &a.f.ev.netbios
	if h := &hooks.SessionMessage; h.On() {
		ev.message = event.NetBIOSSessionMessage{Conn: a.Conn(), IsOrig: isOrig, MsgType: uint64(typ), DataLen: uint64(len(b))}
		h.Raise(&ev.message)
	}
	switch typ {
	case sessionMessage:
		if h := &hooks.SessionRawMessage; h.On() && (len(b) < 4 || !isSMB(b)) {
			ev.raw = event.NetBIOSSessionRawMessage{Conn: a.Conn(), IsOrig: isOrig, Msg: b}
			h.Raise(&ev.raw)
		}
	case sessionRequest:
		if !isOrig {
			a.Weird("netbios_server_session_request", "", source)
		}
		if h := &hooks.SessionRequest; h.On() {
			ev.request = event.NetBIOSSessionRequest{Conn: a.Conn(), Msg: b}
			h.Raise(&ev.request)
		}
	case sessionPositive:
		a.fromClient(isOrig)
		if h := &hooks.SessionAccepted; h.On() {
			ev.accepted = event.NetBIOSSessionAccepted{Conn: a.Conn(), Msg: b}
			h.Raise(&ev.accepted)
		}
	case sessionNegative:
		a.fromClient(isOrig)
		if h := &hooks.SessionRejected; h.On() {
			ev.rejected = event.NetBIOSSessionRejected{Conn: a.Conn(), Msg: b}
			h.Raise(&ev.rejected)
		}
	case sessionRetarget:
		a.fromClient(isOrig)
		if h := &hooks.SessionRetArgResp; h.On() {
			ev.retarget = event.NetBIOSSessionRetArgResp{Conn: a.Conn(), Msg: b}
			h.Raise(&ev.retarget)
		}
	case sessionKeepAlive:
		if h := &hooks.SessionKeepalive; h.On() {
			ev.keepAlive = event.NetBIOSSessionKeepalive{Conn: a.Conn(), Msg: b}
			h.Raise(&ev.keepAlive)
		}
	default:
		a.Weird("unknown_netbios_type", "0x"+strconv.FormatUint(uint64(typ), 16), source)
	}
}

// fromClient tells of a reply that the side has sent which should have got it.
func (a *analyzer) fromClient(isOrig bool) {
	if isOrig {
		a.Weird("netbios_client_session_reply", "", source)
	}
}

// isSMB reports whether b, of at least four bytes, begins with a magic number of SMB.
func isSMB(b []byte) bool {
	switch magic(b) {
	case magicSMB1, magicSMB2, magicTransform:
		return true
	}
	return false
}
