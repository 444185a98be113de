package postgresql

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// messageHead is the length of the head of a message: its type and the length of what follows
// the type.
const messageHead = 5

// Types of messages (Message Formats).
const (
	typePassword  = 'p' // and the other answers to a request for authentication
	typeQuery     = 'Q'
	typeTerminate = 'X'

	typeAuthentication  = 'R'
	typeBackendKeyData  = 'K'
	typeDataRow         = 'D'
	typeErrorResponse   = 'E'
	typeNoticeResponse  = 'N'
	typeParameterStatus = 'S'
	typeReadyForQuery   = 'Z'
)

// maxAuthentication is the largest number of a kind of authentication.
const maxAuthentication = 12

// messageLen returns the length of the message with a head.
func messageLen(b []byte) uint64 { return 1 + uint64(binary.BigEndian.Uint32(b[1:])) }

// readLen returns how much of a message is read of which n bytes matter.
func readLen(b []byte, n int) int {
	total := messageLen(b)
	if total < messageHead {
		return -1
	}
	return int(min(total, uint64(n)))
}

// other returns how much is read of a message without an event of its own.
func (f *factory) other(b []byte) int {
	if f.hooks.NotImplemented.On() {
		return readLen(b, maxMessage)
	}
	return readLen(b, messageHead)
}

// frontendLen returns how much is read of a client's message, backendLen that of a server's.
func (f *factory) frontendLen(b []byte) int {
	switch b[0] {
	case typePassword, typeQuery:
		return readLen(b, maxMessage)
	case typeTerminate:
		return readLen(b, messageHead)
	}
	return f.other(b)
}

func (f *factory) backendLen(b []byte) int {
	switch b[0] {
	case typeDataRow:
		return readLen(b, messageHead+2)
	case typeAuthentication, typeBackendKeyData, typeErrorResponse, typeNoticeResponse, typeParameterStatus, typeReadyForQuery:
		return readLen(b, maxMessage)
	}
	return f.other(b)
}

// message takes a message, or as much of it as is read.
func (a *analyzer) message(i int, p []byte) {
	b := p[messageHead:]
	if i == 0 {
		a.frontend(p[:1], b)
	} else {
		a.backend(p[:1], b)
	}
}

// frontend takes a client's message.
func (a *analyzer) frontend(typ, b []byte) {
	h := a.f.hooks
	switch typ[0] {
	case typePassword:
		if e := h.AuthenticationResponse.Begin(); e != nil {
			*e = event.PostgreSQLAuthenticationResponse{Conn: a.Conn(), Data: b}
			h.AuthenticationResponse.Raise(e)
		}
	case typeQuery:
		n := bytes.IndexByte(b, 0)
		if n < 0 {
			if a.sides[0].skip == 0 {
				a.reject("query has no end")
				return
			}
			n = len(b)
		}
		if e := h.SimpleQuery.Begin(); e != nil {
			*e = event.PostgreSQLSimpleQuery{Conn: a.Conn(), Query: b[:n]}
			h.SimpleQuery.Raise(e)
		}
	case typeTerminate:
		if e := h.Terminate.Begin(); e != nil {
			e.Conn = a.Conn()
			h.Terminate.Raise(e)
		}
	default:
		a.notImplemented(true, typ, b)
	}
}

func (a *analyzer) notImplemented(isOrig bool, typ, b []byte) {
	h := a.f.hooks
	if e := h.NotImplemented.Begin(); e != nil {
		*e = event.PostgreSQLNotImplemented{Conn: a.Conn(), IsOrig: isOrig, Typ: typ, Chunk: b}
		h.NotImplemented.Raise(e)
	}
}

// backend takes a server's message.
func (a *analyzer) backend(typ, b []byte) {
	h := a.f.hooks
	switch typ[0] {
	case typeDataRow:
		if len(b) < 2 {
			a.reject("row has no columns")
			return
		}
		if e := h.DataRow.Begin(); e != nil {
			*e = event.PostgreSQLDataRow{Conn: a.Conn(), ColumnValues: uint64(binary.BigEndian.Uint16(b))}
			h.DataRow.Raise(e)
		}
	case typeReadyForQuery:
		if len(b) == 0 || b[0] != 'I' && b[0] != 'T' && b[0] != 'E' {
			a.reject("&requires failed: ($$ == 'I' || $$ == 'T' || $$ == 'E') (" + place + "286:31-286:77)")
			return
		}
		if e := h.ReadyForQuery.Begin(); e != nil {
			*e = event.PostgreSQLReadyForQuery{Conn: a.Conn(), TransactionStatus: b[:1]}
			h.ReadyForQuery.Raise(e)
		}
	case typeAuthentication:
		a.authentication(b)
	case typeBackendKeyData:
		if len(b) < 8 {
			a.reject("key is too short")
			return
		}
		if e := h.BackendKeyData.Begin(); e != nil {
			*e = event.PostgreSQLBackendKeyData{Conn: a.Conn(), ProcessID: uint64(binary.BigEndian.Uint32(b)), SecretKey: uint64(binary.BigEndian.Uint32(b[4:]))}
			h.BackendKeyData.Raise(e)
		}
	case typeErrorResponse:
		if !a.fields(b, false) {
			return
		}
		if e := h.ErrorResponse.Begin(); e != nil {
			e.Conn = a.Conn()
			h.ErrorResponse.Raise(e)
		}
	case typeNoticeResponse:
		if !a.fields(b, true) {
			return
		}
		if e := h.NoticeResponse.Begin(); e != nil {
			e.Conn = a.Conn()
			h.NoticeResponse.Raise(e)
		}
	case typeParameterStatus:
		a.status(b)
	default:
		a.notImplemented(false, typ, b)
	}
}

// authentication takes a message about authentication.
func (a *analyzer) authentication(b []byte) {
	h := a.f.hooks
	if len(b) < 4 {
		a.reject("authentication has no kind")
		return
	}
	kind := binary.BigEndian.Uint32(b)
	switch {
	case kind > maxAuthentication:
		a.reject("&requires failed: ($$ <= 12) (" + place + "318:24-318:43)")
	case kind == 0 && len(b) != 4:
		a.reject("AuthenticationOK with wrong length: " + strconv.Itoa(len(b)) + " (" + place + "320:13-320:68)")
	case kind == 0:
		if e := h.AuthenticationOk.Begin(); e != nil {
			e.Conn = a.Conn()
			h.AuthenticationOk.Raise(e)
		}
	default:
		if e := h.AuthenticationRequest.Begin(); e != nil {
			*e = event.PostgreSQLAuthenticationRequest{Conn: a.Conn(), Identifier: uint64(kind), Data: b[4:]}
			h.AuthenticationRequest.Raise(e)
		}
	}
}

// fields takes the fields of an error or a notice.
func (a *analyzer) fields(b []byte, notice bool) bool {
	h := a.f.hooks
	for !a.off && len(b) > 0 && b[0] != 0 {
		n := bytes.IndexByte(b[1:], 0)
		if n < 0 {
			break
		}
		code, val := b[:1], b[1:1+n]
		b = b[2+n:]
		if notice {
			if e := h.NoticeResponseIdentifiedField.Begin(); e != nil {
				*e = event.PostgreSQLNoticeResponseIdentifiedField{Conn: a.Conn(), Code: code, Value: val}
				h.NoticeResponseIdentifiedField.Raise(e)
			}
		} else if e := h.ErrorResponseIdentifiedField.Begin(); e != nil {
			*e = event.PostgreSQLErrorResponseIdentifiedField{Conn: a.Conn(), Code: code, Value: val}
			h.ErrorResponseIdentifiedField.Raise(e)
		}
	}
	if a.off {
		return false
	}
	if (len(b) == 0 || b[0] != 0) && a.sides[1].skip == 0 {
		a.reject("fields have no end")
		return false
	}
	return true
}

// pair takes a name and a value, each with a NUL behind it, off b. The lines are those of
// Zeek's grammar.
func (f *factory) pair(b []byte, nameLine, valueLine string, empty bool) (name, val, rest []byte, reason string) {
	n := bytes.IndexByte(b, 0)
	if n <= 0 || f.asZeek && !all(b[:n], isName) {
		return nil, nil, nil, "failed to match regular expression (" + place + nameLine + ")"
	}
	name, b = b[:n], b[n+1:]
	n = bytes.IndexByte(b, 0)
	if n < 0 || n == 0 && !empty && f.asZeek || f.asZeek && !all(b[:n], isPrintable) {
		return nil, nil, nil, "failed to match regular expression (" + place + valueLine + ")"
	}
	return name, b[:n], b[n+1:], ""
}

func all(b []byte, is func(c byte) bool) bool {
	for _, c := range b {
		if !is(c) {
			return false
		}
	}
	return true
}

// isName reports whether the name of a parameter may have c in Zeek. Names of extensions have
// a dot.
func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '/'
}

func isPrintable(c byte) bool { return c >= ' ' && c <= '~' }

// parameters takes those of a StartupMessage and the NUL behind them, and reports whether they
// are well-formed.
func (a *analyzer) parameters(b []byte) bool {
	h := a.f.hooks
	last := len(b) - 1
	for list := b[:last]; len(list) > 0 && !a.off; {
		name, val, rest, reason := a.f.pair(list, "50:11-50:28", "52:12-52:25", false)
		if reason != "" {
			a.violate(conn.Violation{Reason: reasonStartup + reason})
			return false
		}
		list = rest
		if e := h.StartupParameter.Begin(); e != nil {
			*e = event.PostgreSQLStartupParameter{Conn: a.Conn(), Name: name, Value: val}
			h.StartupParameter.Raise(e)
		}
	}
	if !a.off && b[last] != 0 {
		a.violate(conn.Violation{Reason: reasonStartup + "parameters have no end"})
	}
	return !a.off
}

// status takes a parameter that the server reports.
func (a *analyzer) status(b []byte) {
	name, val, _, reason := a.f.pair(b, "276:11-276:28", "278:12-278:25", true)
	if reason != "" {
		a.reject(reason)
		return
	}
	if e := a.f.hooks.ParameterStatus.Begin(); e != nil {
		*e = event.PostgreSQLParameterStatus{Conn: a.Conn(), Name: name, Value: val}
		a.f.hooks.ParameterStatus.Raise(e)
	}
}
