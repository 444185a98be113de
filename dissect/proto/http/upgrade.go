package http

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
)

// tunnel is called after the headers of a reply that grants a CONNECT (RFC 9110
// section 9.3.6). The protocol that follows is detected by content.
func (a *analyzer) tunnel() {
	if a.switched {
		return
	}
	a.connect = false
	a.inner = a.Inner()
	if !a.inner.Taken() {
		return
	}
	a.takeOver("protocol_data_with_HTTP_CONNECT_reply")
}

// switchProtocol is called after a reply with status 101 (RFC 9110 section 7.8).
func (a *analyzer) switchProtocol() {
	weird := "protocol_data_with_HTTP_upgrade_reply"
	h2c := bytes.EqualFold(a.protocol, []byte("h2c")) && a.f.h2 != nil && !a.f.h2.Unused
	if h2c {
		weird = "" // its server speaks first
	}
	a.takeOver(weird)
	switch {
	case bytes.EqualFold(a.protocol, []byte("websocket")) && a.f.ws != nil:
		a.handshake.Check(func(name, addl string) { a.Weird(name, addl, websocket.Source) })
		a.inner = a.HandOver(a.f.ws)
	case h2c:
		x := a.at(true)
		a.f.h2.Upgrade(x.method, x.uri, x.host)
		a.inner = a.HandOver(&a.f.h2.Protocol.Protocol)
	default:
		a.inner = a.Inner()
	}
	if e := a.f.hooks.ConnectionUpgrade.Begin(); e != nil {
		*e = event.HTTPConnectionUpgrade{Conn: a.Conn(), Protocol: a.protocol}
		a.f.hooks.ConnectionUpgrade.Raise(e)
	}
}

// takeOver stops reading lines. It raises weird, unless that is empty, if data of the server's
// next protocol has already arrived.
func (a *analyzer) takeOver(weird string) {
	a.switched = true
	a.rest, a.skipLF = a.side[1].lines.Take()
	if n := len(a.rest); n > 0 && weird != "" {
		a.WeirdNumber(weird, n, source)
	}
	a.side[0].lines.Stop()
}

// forward passes data of the new protocol to inner.
func (a *analyzer) forward(isOrig bool, b []byte) {
	if a.skipLF && !isOrig && len(b) > 0 {
		a.skipLF = false
		if b[0] == '\n' {
			b = b[1:]
		}
		if len(b) == 0 {
			return
		}
	}
	a.inner.Data(isOrig, b)
}
