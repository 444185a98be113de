package sip

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// messages raises the events of the messages of a connection. It is common to all
// transports.
type messages struct {
	f *factory
	conn.Use
	confirmed bool // there was a response
}

// message is one that is being received.
type message struct {
	state state
	// text has, of each header, the line and then the name in upper case, and fields says
	// where, if somebody listens to all headers.
	text   []byte
	fields []field
	full   bool // there are more headers than the limit
	held   int  // bytes on the account of incomplete messages
}

// field is where a header is in message.text: offsets of the line, of the ends of name and
// line, of the value's beginning, and of the end of the name in upper case.
type field struct{ line, name, value, end, upper uint32 }

var fieldBytes = freelist.Size[field]()

// state is what comes next in a message.
type state uint8

const (
	inStart state = iota
	inHeaders
	inBody
)

// begun raises the event of the beginning of a message.
func (a *messages) begun(isRequest bool) {
	if e := a.f.hooks.BeginEntity.Begin(); e != nil {
		*e = event.SIPBeginEntity{Conn: a.Conn(), IsOrig: isRequest}
		a.f.hooks.BeginEntity.Raise(e)
	}
}

// ended raises the event of the end of a message.
func (a *messages) ended(isRequest bool) {
	if e := a.f.hooks.EndEntity.Begin(); e != nil {
		*e = event.SIPEndEntity{Conn: a.Conn(), IsOrig: isRequest}
		a.f.hooks.EndEntity.Raise(e)
	}
}

// header takes a header, whose name and value are parts of line.
func (a *messages) header(m *message, isRequest bool, line, name, value []byte) {
	h := a.f.hooks
	var upper []byte
	switch {
	case h.AllHeaders.On() && a.room(m):
		if m.text == nil {
			m.text = a.f.buffers.Get()
		}
		at := uint32(len(m.text))
		m.text = append(m.text, line...)
		end := len(m.text)
		m.text = appendUpper(m.text, name)
		upper = m.text[end:]
		m.fields = append(m.fields, field{
			line: at, name: at + uint32(len(name)), value: uint32(end - len(value)), end: uint32(end), upper: uint32(len(m.text)),
		})
	case h.Header.On():
		a.f.upper = appendUpper(a.f.upper[:0], name)
		upper = a.f.upper
	default:
		return
	}
	if e := h.Header.Begin(); e != nil {
		*e = event.SIPHeader{Conn: a.Conn(), IsOrig: isRequest, Name: upper, Value: value}
		h.Header.Raise(e)
	}
}

// room reports whether the message may have another header in the event of all headers.
func (a *messages) room(m *message) bool {
	if len(m.fields) < a.f.o.Headers {
		return true
	}
	if !m.full {
		m.full = true
		a.Limited(a.f.name, "headers")
	}
	return false
}

// appendUpper appends name in upper case.
func appendUpper(dst, name []byte) []byte {
	n := len(dst)
	dst = append(dst, name...)
	for i, c := range dst[n:] {
		dst[n+i] = upperCase[c]
	}
	return dst
}

// allHeaders raises the event of all headers of a message.
func (a *messages) allHeaders(m *message, isRequest bool) {
	h := &a.f.hooks.AllHeaders
	if e := h.Begin(); e != nil {
		list := a.f.list[:0]
		follow := a.Compat(compat.SIPAllHeaders)
		for i := range m.fields {
			f := &m.fields[i]
			list = append(list, event.SIPHeaderField{})
			x := &list[len(list)-1]
			if follow {
				x.OriginalName, x.Name = m.text[f.end:f.upper], m.text[f.value:f.end]
				continue
			}
			x.OriginalName, x.Name, x.Value = m.text[f.line:f.name], m.text[f.end:f.upper], value.Some(m.text[f.value:f.end])
		}
		a.f.list = list
		*e = event.SIPAllHeaders{Conn: a.Conn(), IsOrig: isRequest, HList: list}
		h.Raise(e)
		clear(list)
	}
	a.forget(m)
}

// settle accounts the headers of an incomplete message and more bytes of it. It returns
// false if all incomplete messages together are too long.
func (a *messages) settle(m *message, more int) bool {
	n := len(m.text) + len(m.fields)*fieldBytes + more
	if n == m.held {
		return true
	}
	grown := n > m.held
	a.Hold(n - m.held)
	m.held = n
	return !grown || !a.Full(a.f.name)
}

// forget forgets the headers of a message.
func (a *messages) forget(m *message) {
	if m.text != nil {
		a.f.buffers.Put(m.text)
		m.text = nil
	}
	m.full = false
	if m.fields = m.fields[:0]; cap(m.fields) > 512 {
		m.fields = nil
	}
}
