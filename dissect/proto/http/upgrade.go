package http

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
)

// tunnel is called after the headers of a reply that grants a CONNECT (RFC 9110
// section 9.3.6): what follows is another protocol, which is looked for by content.
func (a *analyzer) tunnel() {
	if a.switched {
		return
	}
	a.connect = false
	a.inner = a.t.Inner(a.c)
	if a.inner == nil {
		return
	}
	a.takeOver("protocol_data_with_HTTP_CONNECT_reply")
}

// switchProtocol follows a reply with status 101 (RFC 9110 section 7.8).
func (a *analyzer) switchProtocol() {
	a.takeOver("protocol_data_with_HTTP_upgrade_reply")
	if bytes.EqualFold(a.protocol, []byte("websocket")) && a.f.ws != nil {
		a.handshake.Check(func(name, addl string) { a.t.Weird(a.c, name, addl, websocket.Source) })
		a.innerNum = a.t.AttachInner(a.c, a.f.ws)
	} else {
		a.inner = a.t.Inner(a.c)
	}
	if h := &a.f.hooks.ConnectionUpgrade; h.On() {
		h.Raise(&event.HTTPConnectionUpgrade{Conn: a.c, Protocol: a.protocol})
	}
}

// takeOver ends the reading of lines. What there is already of the server's next
// protocol is a weird.
func (a *analyzer) takeOver(weird string) {
	a.switched = true
	a.rest, a.skipLF = a.side[1].lines.Take()
	if n := len(a.rest); n > 0 {
		a.t.WeirdNumber(a.c, weird, n, source)
	}
	a.side[0].lines.Stop()
}

// forward gives what the connection carries now to whom it may concern.
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
	if a.inner != nil {
		a.inner.Data(isOrig, b)
	} else if a.innerNum >= 0 {
		a.t.InnerData(a.c, a.innerNum, isOrig, b)
	}
}

func (a *analyzer) forwardGap(isOrig bool, n uint64) {
	if a.inner != nil {
		a.inner.Gap(isOrig, n)
	} else if a.innerNum >= 0 {
		a.t.InnerGap(a.c, a.innerNum, isOrig, n)
	}
}
