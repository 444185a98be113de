package logs

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// wsState holds the headers of a handshake (RFC 6455 section 11.3).
type wsState struct {
	subprotocol                       value.Opt[string]
	protocols, extensions, serverExts []string
	held                              int // bytes on the connection's account
}

// maxWebSocketList bounds the elements of a column of websocket.log.
const maxWebSocketList = 100

const webSocketPrefix = "SEC-WEBSOCKET-"

func (s *httpState) webSocketHeader(e *event.HTTPHeader) bool {
	if len(e.Name) < len(webSocketPrefix) || string(e.Name[:len(webSocketPrefix)]) != webSocketPrefix {
		return false
	}
	if s.ws == nil {
		s.ws = new(wsState)
	}
	switch which := string(e.Name[len(webSocketPrefix):]); {
	case which == "PROTOCOL" && e.IsOrig:
		s.ws.protocols = appendCommaList(s.ws.protocols, e.Value)
	case which == "PROTOCOL":
		s.ws.subprotocol = value.Some(string(e.Value[:min(len(e.Value), maxHTTPField)]))
	case which == "EXTENSIONS" && e.IsOrig:
		s.ws.extensions = appendCommaList(s.ws.extensions, e.Value)
	case which == "EXTENSIONS":
		s.ws.serverExts = appendCommaList(s.ws.serverExts, e.Value)
	}
	return true
}

// appendCommaList appends the elements of a list that commas separate, with spaces
// around them.
func appendCommaList(list []string, value []byte) []string {
	for more := true; more && len(list) < maxWebSocketList; {
		var elem []byte
		elem, value, more = bytes.Cut(value, []byte{','})
		if more {
			elem = bytes.TrimRight(elem, " ")
			value = bytes.TrimLeft(value, " ")
		}
		list = append(list, string(elem[:min(len(elem), maxHTTPField)]))
	}
	return list
}

func (b *httpLog) established(e *event.WebSocketEstablished) {
	s := b.state(e.Conn)
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r := &b.wsRec
	*r = schemas.WebSocket{TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id)}
	if w := s.ws; w != nil {
		r.Subprotocol = w.subprotocol
		r.ClientProtocols, r.ServerExtensions = vector(w.protocols), vector(w.serverExts)
		r.ClientExtensions = vector(w.extensions)
	}
	if x := s.current; x != nil {
		r.Host, r.URI, r.UserAgent = x.get(httpHost), x.get(httpURI), x.get(httpUserAgent)
	}
	b.out.Emit(r)
}
