package smb

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// netbiosPort is the port of the NetBIOS session service (RFC 1002 section 5.3).
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

// sessionPacket raises the events of one NetBIOS session service packet.
func (a *analyzer) sessionPacket(isOrig bool, typ byte, b []byte) {
	hooks := a.f.netbios
	if e := hooks.SessionMessage.Begin(); e != nil {
		*e = event.NetBIOSSessionMessage{Conn: a.Conn(), IsOrig: isOrig, MsgType: uint64(typ), DataLen: uint64(len(b))}
		hooks.SessionMessage.Raise(e)
	}
	switch typ {
	case sessionMessage:
		if h := &hooks.SessionRawMessage; h.On() && (len(b) < 4 || !isSMB(b)) {
			e := h.Begin()
			*e = event.NetBIOSSessionRawMessage{Conn: a.Conn(), IsOrig: isOrig, Msg: b}
			h.Raise(e)
		}
	case sessionRequest:
		if !isOrig {
			a.Weird("netbios_server_session_request", "", source)
		}
		if e := hooks.SessionRequest.Begin(); e != nil {
			*e = event.NetBIOSSessionRequest{Conn: a.Conn(), Msg: b}
			hooks.SessionRequest.Raise(e)
		}
	case sessionPositive:
		a.fromClient(isOrig)
		if e := hooks.SessionAccepted.Begin(); e != nil {
			*e = event.NetBIOSSessionAccepted{Conn: a.Conn(), Msg: b}
			hooks.SessionAccepted.Raise(e)
		}
	case sessionNegative:
		a.fromClient(isOrig)
		if e := hooks.SessionRejected.Begin(); e != nil {
			*e = event.NetBIOSSessionRejected{Conn: a.Conn(), Msg: b}
			hooks.SessionRejected.Raise(e)
		}
	case sessionRetarget:
		a.fromClient(isOrig)
		if e := hooks.SessionRetArgResp.Begin(); e != nil {
			*e = event.NetBIOSSessionRetArgResp{Conn: a.Conn(), Msg: b}
			hooks.SessionRetArgResp.Raise(e)
		}
	case sessionKeepAlive:
		if e := hooks.SessionKeepalive.Begin(); e != nil {
			*e = event.NetBIOSSessionKeepalive{Conn: a.Conn(), Msg: b}
			hooks.SessionKeepalive.Raise(e)
		}
	default:
		a.Weird("unknown_netbios_type", "0x"+strconv.FormatUint(uint64(typ), 16), source)
	}
}

// fromClient reports a reply sent by the client, which should only receive it.
func (a *analyzer) fromClient(isOrig bool) {
	if isOrig {
		a.Weird("netbios_client_session_reply", "", source)
	}
}

// isSMB reports whether b, which has at least four bytes, begins with an SMB magic number.
func isSMB(b []byte) bool {
	switch magic(b) {
	case magicSMB1, magicSMB2, magicTransform:
		return true
	}
	return false
}
