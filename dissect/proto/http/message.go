package http

import (
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/value"
)

// message is the current request or reply of a side. Successive messages reuse it.
type message struct {
	a       *analyzer
	isOrig  bool
	lines   *contentline.Splitter
	top     *entity // nil between messages
	current *entity
	parts   int // entities below top
	carrier files.Carrier

	exists   bool
	finished bool
	inParts  bool // the previous message was multipart
	last     remains
	start    value.Time
	body     int64
	missing  int64
	header   int64
}

// remains is what a finished message leaves behind: the length of its body, the number of
// bytes that the body still lacked, and its file.
type remains struct {
	body, left int64
	file       files.ID
}

// begin starts a message whose first line had n bytes.
func (m *message) begin(expect bodyExpected, n int) {
	if m.exists && !m.finished {
		m.a.weird("HTTP_overlapping_messages")
		m.release()
	}
	m.exists, m.finished = true, false
	m.last = remains{}
	m.start = m.a.Now()
	m.body, m.missing, m.header = 0, 0, int64(n)
	m.top = m.a.f.entities.Get()
	m.top.begin(m, nil, expect)
	m.beginEntity(m.top)
}

// release returns the entity to the free list. Callers up the stack that still refer to
// it only check whether it has ended.
func (m *message) release() {
	if m.top != nil {
		m.inParts = m.top.Type() == mime.TypeMultipart
		m.a.HoldState(-m.parts * entitySize)
		m.parts = 0
		if z := m.top.inflater; z != nil {
			m.top.inflater = nil
			m.a.f.inflaters.Put(m.a.Use, z)
		}
		m.a.f.entities.Put(m.top)
		m.top, m.current = nil, nil
	}
}

func (m *message) deliver(b []byte, crlf bool) {
	if m.top != nil {
		m.top.Deliver(b, crlf)
	} else if !m.inParts {
		m.a.event("illegal format", []byte(trailing))
	}
}

const trailing = "data trailing the end of entity"

// done ends the message. why is the reason.
func (m *message) done(interrupted bool, why string) {
	if !m.exists || m.finished {
		return
	}
	m.finished = true
	m.top.EndOfData()
	m.last.body, m.last.left, m.last.file = m.top.body, m.top.remaining(), m.top.file
	m.top.endFile()
	a := m.a
	a.noteDone(m.isOrig)
	if e := a.f.hooks.MessageDone.Begin(); e != nil {
		e.Conn, e.IsOrig = a.Conn(), m.isOrig
		s := &e.Stat
		s.Start, s.Interrupted, s.FinishMsg = m.start, interrupted, why
		s.BodyLength, s.ContentGapLength, s.HeaderLength = uint64(m.body), uint64(m.missing), uint64(m.header)
		a.f.hooks.MessageDone.Raise(e)
	}
	m.release()
	if m.isOrig {
		a.endRequest(false, endsNormally)
	} else {
		a.endReply(false, endsNormally)
	}
}

// gap skips n missing bytes and reports whether the message can continue.
func (m *message) gap(n int64) bool {
	e := m.current
	if e == nil {
		e = m.top
	}
	if e == nil {
		m.gapAfter(n)
		return false
	}
	if e.gap(n) {
		m.missing += n
		return true
	}
	return false
}

// gapAfter handles missing bytes after the end of a message with a body. Zeek adds them
// to the message's file, which is opened again.
func (m *message) gapAfter(n int64) {
	fm := m.a.f.files
	if fm == nil || m.last.body == 0 {
		return
	}
	id := m.last.file
	if id.IsZero() {
		id = m.a.fileID(m.isOrig)
	}
	m.last.file = fm.Gap(id, &m.carrier, uint64(m.last.body), uint64(n))
	if n <= m.last.left {
		m.last.body += n
		m.last.left -= n
	}
}

func (m *message) beginEntity(e *entity) {
	m.current = e
	a := m.a
	a.noteEntity(m.isOrig)
	if e := a.f.hooks.BeginEntity.Begin(); e != nil {
		*e = event.HTTPBeginEntity{Conn: a.Conn(), IsOrig: m.isOrig}
		a.f.hooks.BeginEntity.Raise(e)
	}
}

func (m *message) endEntity(e *entity) {
	a := m.a
	if e == m.top {
		m.body += e.body
		m.header += e.header
	}
	if e := a.f.hooks.EndEntity.Begin(); e != nil {
		*e = event.HTTPEndEntity{Conn: a.Conn(), IsOrig: m.isOrig}
		a.f.hooks.EndEntity.Raise(e)
	}
	a.noteEndOfEntity()
	m.current = e.outer
	if p := e.Parent(); p != nil && p.Type() == mime.TypeMultipart {
		m.lines.SuppressWeirds(false)
		m.lines.SetEOL(contentline.CR | contentline.LF)
	}
	if e == m.top {
		m.lines.SetSize(-1)
		m.done(false, endsNormally)
		return
	}
	e.endFile()
}

func (m *message) allHeaders(e *entity) {
	a := m.a
	if ev := a.f.hooks.AllHeaders.Begin(); ev != nil {
		*ev = event.HTTPAllHeaders{Conn: a.Conn(), IsOrig: m.isOrig}
		ev.HList, a.f.upper = e.all.table(a.f.upper)
		a.f.hooks.AllHeaders.Raise(ev)
	}
	if ev := a.f.hooks.ContentType.Begin(); ev != nil {
		*ev = event.HTTPContentType{Conn: a.Conn(), IsOrig: m.isOrig}
		ev.Ty, ev.Subty = e.ContentType()
		a.f.hooks.ContentType.Raise(ev)
	}
}

func (m *message) data(b []byte) {
	if e := m.a.f.hooks.EntityData.Begin(); e != nil {
		*e = event.HTTPEntityData{Conn: m.a.Conn(), IsOrig: m.isOrig, Length: uint64(len(b)), Data: b}
		m.a.f.hooks.EntityData.Raise(e)
	}
}

func (m *message) setPlain(n int64) { m.lines.SetPlain(n) }
