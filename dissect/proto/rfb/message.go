package rfb

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// kind is a kind of messages.
type kind uint8

const (
	wait    kind = iota // it is the other side's turn
	invalid             // it was, and the side has sent something

	serverVersion     // RFC 6143 section 7.1.1
	securityType      // section 7.1.2, before version 3.7
	securityTypes     // section 7.1.2
	failureReason     // section 7.1.2
	vncChallenge      // section 7.2.2
	appleChallenge    // of Apple Remote Desktop, as Zeek knows it
	securityResult    // section 7.1.3
	serverInit        // section 7.3.2
	serverMessage     // after that
	clientVersion     // section 7.1.1
	securitySelection // section 7.1.2
	vncResponse       // section 7.2.2
	appleResponse     // of Apple Remote Desktop
	clientInit        // section 7.3.1
	messageType       // the first byte of a client's message, section 7.5
	setPixelFormat    // section 7.5.1
	setEncodings      // section 7.5.2
	updateRequest     // section 7.5.3
	keyEvent          // section 7.5.4
	pointerEvent      // section 7.5.5
	clientCutText     // section 7.5.6
	unknownMessage    // of a type that is not known
	kinds
)

// clientMessages are the messages of a client by their type.
var clientMessages = [...]kind{
	0: setPixelFormat, 2: setEncodings, 3: updateRequest, 4: keyEvent, 5: pointerEvent, 6: clientCutText,
}

// lengths are the numbers of bytes of messages, or of those up to a length.
var lengths = [kinds]int{
	invalid: 1, serverVersion: 12, securityType: 4, securityTypes: 1, failureReason: 4, vncChallenge: 16,
	appleChallenge: 4, securityResult: 4, serverInit: 24, clientVersion: 12, securitySelection: 1,
	vncResponse: 16, clientInit: 1, messageType: 1, setPixelFormat: 19, setEncodings: 3, updateRequest: 9,
	keyEvent: 7, pointerEvent: 5, clientCutText: 7,
}

// initLen is the length of a server's initialization up to the name.
const initLen = 24

// maxText is the length in bytes below which Zeek takes texts.
const maxText = 1 << 16

// length returns the number of bytes that are wanted first of a message.
func (a *analyzer) length(k kind) int {
	if k == appleResponse {
		return 2 * a.keyLen
	}
	return lengths[k]
}

// head looks at what is wanted of a message, and sets what else is. It returns false if the
// analysis has ended.
func (a *analyzer) head(i int, m []byte) bool {
	s := &a.side[i]
	switch s.kind {
	case invalid:
		side := "client"
		if i == 1 {
			side = "server"
		}
		a.malformed("invalid data from RFB " + side)
		return false
	case serverVersion, clientVersion:
		if string(m[:4]) != "RFB " {
			a.malformed(mismatch("34", "RFB ", m))
			return false
		}
		if m[7] != '.' {
			a.malformed(mismatch("36", ".", m[7:]))
			return false
		}
	case securityTypes:
		a.types = int(m[0])
		s.skip = a.types
	case failureReason:
		return a.text(s, m, "RFBFailReasonString:len")
	case appleChallenge:
		a.keyLen = int(binary.BigEndian.Uint16(m[2:]))
		s.skip = 2 * a.keyLen
	case serverInit:
		n := binary.BigEndian.Uint32(m[initLen-4:])
		if n >= maxText {
			a.malformed("&enforce violation : RFBServerInit:len")
			return false
		}
		s.need = initLen + int(n)
	case setEncodings:
		s.skip = 4 * int(binary.BigEndian.Uint16(m[1:]))
	case clientCutText:
		return a.text(s, m[3:], "ClientCutText:len")
	}
	return true
}

// text reads the length of a text that follows.
func (a *analyzer) text(s *side, m []byte, field string) bool {
	n := binary.BigEndian.Uint32(m)
	if n >= maxText {
		a.malformed("&enforce violation : " + field)
		return false
	}
	s.skip = int(n)
	return true
}

// mismatch returns Zeek's message for a field that differs from a fixed string.
func mismatch(line, want string, have []byte) string {
	return wire.PatternMismatch("zeek/src/analyzer/protocol/rfb/rfb-protocol.pac:"+line, want, have)
}

// finish handles a complete message. m has what was wanted of it, unless the rest came
// later. It returns false if the analysis has ended.
func (a *analyzer) finish(i int, k kind, m []byte) bool {
	h := a.f.hooks
	client, server := &a.next[0], &a.next[1]
	switch k {
	case serverVersion:
		*server = wait
		if e := h.ServerVersion.Begin(); e != nil {
			*e = event.RFBServerVersion{Conn: a.Conn(), MajorVersion: m[4:7], MinorVersion: m[8:11]}
			h.ServerVersion.Raise(e)
		}
	case clientVersion:
		a.minor = number(m[8:11])
		if a.minor >= 7 {
			*server, *client = securityTypes, securitySelection
		} else {
			*server, *client = securityType, wait
		}
		if e := h.ClientVersion.Begin(); e != nil {
			*e = event.RFBClientVersion{Conn: a.Conn(), MajorVersion: m[4:7], MinorVersion: m[8:11]}
			h.ClientVersion.Raise(e)
		}
		a.Confirm()
	case securityType:
		return a.typeChosen(uint64(binary.BigEndian.Uint32(m)))
	case securityTypes:
		*server = wait
		if a.types == 0 {
			*server = failureReason
		}
	case failureReason:
		*server = serverInit
	case securitySelection:
		return a.selected(m[0])
	case vncChallenge:
		*server, *client = securityResult, vncResponse
	case vncResponse, appleResponse:
		*client = clientInit
	case appleChallenge:
		*server, *client = securityResult, appleResponse
	case securityResult:
		return a.result(binary.BigEndian.Uint32(m))
	case clientInit:
		*client = messageType
		if e := h.ShareFlag.Begin(); e != nil {
			*e = event.RFBShareFlag{Conn: a.Conn(), Flag: m[0] != 0}
			h.ShareFlag.Raise(e)
		}
	case serverInit:
		*server = serverMessage
		a.silent = true
		if e := h.ServerParameters.Begin(); e != nil {
			*e = event.RFBServerParameters{
				Conn: a.Conn(), Name: m[initLen:],
				Width: uint64(binary.BigEndian.Uint16(m)), Height: uint64(binary.BigEndian.Uint16(m[2:])),
			}
			h.ServerParameters.Raise(e)
		}
	case messageType:
		return a.clientMessage(m[0])
	default: // the rest of a client's message
		*client = messageType
	}
	return !a.off
}

// Security types (RFC 6143 section 8.1.2, and Apple's).
const (
	typeInvalid = 0
	typeNone    = 1
	typeVNC     = 2
	typeApple   = 30
)

// typeChosen handles the security type that a server of a version before 3.7 dictates.
func (a *analyzer) typeChosen(t uint64) bool {
	client, server := &a.next[0], &a.next[1]
	var wrong string
	switch t {
	case typeInvalid:
		*server, *client = failureReason, clientInit
	case typeNone:
		*server, *client = serverInit, clientInit
	case typeVNC:
		*server, *client = vncChallenge, vncResponse
	default:
		wrong = "invalid RFB security type " + strconv.FormatUint(t, 10)
	}
	return a.authentication(t, wrong)
}

// selected handles the security type that a client has selected.
func (a *analyzer) selected(t uint8) bool {
	client, server := &a.next[0], &a.next[1]
	var wrong string
	switch t {
	case typeNone:
		*server, *client = serverInit, clientInit
		if a.minor > 7 {
			*server = securityResult
		}
	case typeVNC:
		*server, *client = vncChallenge, vncResponse
	case typeApple:
		// The length of the response is in the challenge.
		*server, *client = appleChallenge, wait
	default:
		wrong = "unknown RFB auth selection: " + strconv.Itoa(int(t))
	}
	return a.authentication(uint64(t), wrong)
}

// authentication raises the event of a security type, after a violation if wrong is set.
func (a *analyzer) authentication(t uint64, wrong string) bool {
	leave := wrong != "" && a.Violate(conn.Violation{Reason: wrong, Stay: true})
	if e := a.f.hooks.AuthenticationType.Begin(); e != nil {
		*e = event.RFBAuthenticationType{Conn: a.Conn(), AuthType: t}
		a.f.hooks.AuthenticationType.Raise(e)
	}
	if leave {
		a.Leave()
	}
	return !a.off
}

// result handles the result of the authentication.
func (a *analyzer) result(r uint32) bool {
	leave := false
	switch r {
	case 0:
		a.next[1] = serverInit
	case 1:
		a.next[1] = failureReason
	default:
		reason := "invalid RFB auth result: " + strconv.FormatUint(uint64(r), 10)
		leave = a.Violate(conn.Violation{Reason: reason, Stay: true})
	}
	if e := a.f.hooks.AuthResult.Begin(); e != nil {
		*e = event.RFBAuthResult{Conn: a.Conn(), Result: r != 0}
		a.f.hooks.AuthResult.Raise(e)
	}
	if leave {
		a.Leave()
	}
	return !a.off
}

// clientMessage handles the type of a client's message.
func (a *analyzer) clientMessage(t uint8) bool {
	a.next[0], a.typ = unknownMessage, t
	if int(t) < len(clientMessages) && clientMessages[t] != wait {
		a.next[0] = clientMessages[t]
	}
	return true
}

// number converts the leading digits of a version.
func number(b []byte) (n int) {
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
