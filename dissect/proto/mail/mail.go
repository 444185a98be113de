// Package mail raises the MIME events of mail messages of any protocol and passes their
// parts to file analysis.
package mail

import (
	"crypto/md5" //nolint:gosec // mime_content_hash is one
	"hash"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Options configure the mails of a Shard. DefaultOptions returns Zeek's defaults.
type Options struct {
	// MIME are the limits of headers and parts.
	MIME mime.Options `key:"-"`

	// Segment is raised to 32 bytes more than Overlap.
	Segment int `key:"mime.segment_length" unit:"bytes" min:"1" max:"1048576" doc:"decoded bytes of a mail that one mime_segment_data event has at most, those it repeats included; at least 32 more than these (mime_segment_length)"`
	Overlap int `key:"mime.segment_overlap_length" unit:"bytes" min:"0" max:"65536" doc:"bytes of the part before it that a mime_segment_data event repeats (mime_segment_overlap_length)"`
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options { return Options{MIME: mime.DefaultOptions(), Segment: 1024} }

const (
	// minNew is the least number of bytes in a segment that were not in the one before.
	minNew = 32
	// maxMailData bounds the bytes collected for mime_entity_data and mime_all_data.
	maxMailData = 16 << 20
	// Limits on the headers of mime_all_headers.
	maxHeaders     = 4096
	maxHeaderBytes = 1 << 20
	keptMail       = 1 << 16
)

// Shard holds what the mails of a shard share.
type Shard struct {
	Hooks    *event.MIMEEvents
	Files    *files.Manager // may be nil
	scratch  mime.Scratch
	overlap  int    // Options.Overlap
	segment  int    // the largest number of bytes in a segment
	repeated []byte // a segment with what it repeats
	upper    []byte
	handle   []byte
	mails    freelist.List[Mail]
	entities freelist.List[mailEntity]
}

// New returns a Shard that raises events on h and passes parts to fm.
func New(h *event.Hooks, fm *files.Manager, o Options) *Shard {
	s := &Shard{Hooks: &h.MIME, Files: fm, overlap: o.Overlap, segment: max(o.Segment, o.Overlap+minNew)}
	s.scratch = mime.Scratch{Options: o.MIME, Piece: s.segment}
	s.scratch.Grown = func(h mime.Handler, n int) { h.(*mailEntity).m.cfg.Use.HoldState(n) }
	return s
}

// Config says where a mail comes from.
type Config struct {
	Use conn.Use // the connection
	// IsOrig is set if the originator sends the mail.
	IsOrig bool
	// Source is the name of the protocol, such as "SMTP".
	Source string
	// Handle appends the file handle of part n, counted from 1 (see files.Manager.ID).
	// Without it there are no files.
	Handle func(dst []byte, n uint64) []byte
}

// A Mail raises the MIME events of one message and passes its parts to file analysis.
type Mail struct {
	s   *Shard
	cfg Config
	top *mailEntity

	parts    uint64
	carrier  files.Carrier
	file     files.ID
	fileLen  uint64 // bytes of the part passed on so far
	tail     []byte // the last bytes of the part, for the overlap of mime_segment_data
	entity   []byte // data of the part, for mime_entity_data
	all      []byte // data of the mail, for mime_all_data
	sum      hash.Hash
	hashed   uint64
	finished bool
}

// Begin starts a mail. The caller ends it with Done.
func (s *Shard) Begin(cfg Config) *Mail {
	m := s.mails.Get()
	*m = Mail{s: s, cfg: cfg, tail: m.tail[:0], entity: m.entity[:0], all: m.all[:0], sum: m.sum}
	m.cfg.Use.HoldState(s.overlap)
	m.carrier = files.Carrier{Source: cfg.Source, Conn: cfg.Use.Conn(), IsOrig: cfg.IsOrig}
	if s.Hooks.ContentHash.On() {
		if m.sum == nil {
			m.sum = md5.New() //nolint:gosec // as above
		}
		m.sum.Reset()
	}
	m.top = m.newEntity(nil)
	return m
}

// Deliver takes a line of the mail, without its end.
func (m *Mail) Deliver(line []byte, crlf bool) {
	m.s.scratch.Piece = m.room()
	m.top.Deliver(line, crlf)
}

// room returns how many bytes the next segment can have beside those it repeats.
func (m *Mail) room() int { return m.s.segment - int(min(uint64(m.s.overlap), m.fileLen)) }

// Gap reports that n bytes of the current part are missing.
func (m *Mail) Gap(n uint64) {
	if fm := m.s.Files; fm != nil {
		m.file = fm.Gap(m.fileID(), &m.carrier, m.fileLen, n)
	}
}

// Done ends the mail, which must not be used afterwards.
func (m *Mail) Done() {
	if m.finished {
		return
	}
	m.finished = true
	m.top.EndOfData()
	h := m.s.Hooks
	if x := h.AllData.Begin(); x != nil {
		*x = event.MIMEAllData{Conn: m.cfg.Use.Conn(), Length: uint64(len(m.all)), Data: m.all}
		h.AllData.Raise(x)
	}
	if x := h.ContentHash.Begin(); x != nil {
		*x = event.MIMEContentHash{Conn: m.cfg.Use.Conn(), ContentLen: m.hashed, HashValue: m.sum.Sum(nil)}
		h.ContentHash.Raise(x)
	}
	m.endFile()
	m.release(m.top)
	m.cfg.Use.HoldState(-m.s.overlap)
	m.top, m.cfg, m.carrier = nil, Config{}, files.Carrier{}
	if cap(m.all) > keptMail {
		m.all = nil
	}
	if cap(m.entity) > keptMail {
		m.entity = nil
	}
	m.s.mails.Put(m)
}

func (m *Mail) fileID() files.ID {
	if !m.file.IsZero() || m.cfg.Handle == nil {
		return m.file
	}
	m.s.handle = m.cfg.Handle(m.s.handle[:0], m.parts)
	return m.s.Files.ID(m.cfg.Use.Conn(), m.s.handle)
}

func (m *Mail) endFile() {
	if !m.file.IsZero() {
		m.s.Files.End(m.file)
		m.file = files.ID{}
	}
}

// mailEntity is a mail or a part of it.
type mailEntity struct {
	mime.Entity
	m    *Mail
	text []byte // names and values of the headers, for mime_all_headers
	ends []int
	list []event.MIMEHeader
}

// entitySize is about how many bytes an entity takes, with its short texts.
var entitySize = freelist.Size[mailEntity]() + 256

// release takes an entity of m back after its end.
func (m *Mail) release(e *mailEntity) {
	m.cfg.Use.HoldState(-entitySize)
	if cap(e.text) > keptMail {
		e.text, e.ends, e.list = nil, nil, nil
	}
	m.s.entities.Put(e)
}

func (m *Mail) newEntity(parent *mime.Entity) *mailEntity {
	e := m.s.entities.Get()
	m.cfg.Use.HoldState(entitySize)
	e.m = m
	e.text, e.ends = e.text[:0], e.ends[:0]
	e.Begin(e, parent, &m.s.scratch)
	m.parts++
	m.file, m.fileLen, m.tail = files.ID{}, 0, m.tail[:0]
	m.s.scratch.Piece = m.room()
	if x := m.s.Hooks.BeginEntity.Begin(); x != nil {
		*x = event.MIMEBeginEntity{Conn: m.cfg.Use.Conn()}
		m.s.Hooks.BeginEntity.Raise(x)
	}
	return e
}

// Header takes a header.
func (e *mailEntity) Header(h *mime.Header) {
	s := e.m.s
	if x := s.Hooks.OneHeader.Begin(); x != nil {
		s.upper = ascii.AppendUpper(s.upper[:0], h.Name)
		*x = event.MIMEOneHeader{Conn: e.m.cfg.Use.Conn(),
			H: event.MIMEHeader{OriginalName: h.Name, Name: s.upper, Value: h.Value}}
		s.Hooks.OneHeader.Raise(x)
	}
	if s.Hooks.AllHeaders.On() && len(e.ends) < 2*maxHeaders && len(e.text)+len(h.Name)+len(h.Value) <= maxHeaderBytes {
		e.text = append(e.text, h.Name...)
		e.ends = append(e.ends, len(e.text))
		e.text = append(e.text, h.Value...)
		e.ends = append(e.ends, len(e.text))
	}
}

// EndOfHeaders is called after the last header.
func (e *mailEntity) EndOfHeaders() {
	s := e.m.s
	hook := &s.Hooks.AllHeaders
	if !hook.On() {
		return
	}
	s.upper = ascii.AppendUpper(s.upper[:0], e.text)
	e.list = e.list[:0]
	start := 0
	for i := 0; i < len(e.ends); i += 2 {
		name, end := e.ends[i], e.ends[i+1]
		e.list = append(e.list, event.MIMEHeader{OriginalName: e.text[start:name], Name: s.upper[start:name], Value: e.text[name:end]})
		start = end
	}
	x := hook.Begin()
	*x = event.MIMEAllHeaders{Conn: e.m.cfg.Use.Conn(), HList: e.list}
	hook.Raise(x)
}

// Data takes decoded bytes of the body.
func (e *mailEntity) Data(b []byte) {
	m := e.m
	h := m.s.Hooks
	if h.ContentHash.On() {
		m.sum.Write(b)
		m.hashed += uint64(len(b))
	}
	if h.EntityData.On() && len(m.entity)+len(b) <= maxMailData {
		m.entity = append(m.entity, b...)
	}
	if h.AllData.On() && len(m.all)+len(b) <= maxMailData {
		m.all = append(m.all, b...)
	}
	if x := h.SegmentData.Begin(); x != nil {
		data := m.overlapped(b)
		*x = event.MIMESegmentData{Conn: m.cfg.Use.Conn(), Length: uint64(len(data)), Data: data}
		h.SegmentData.Raise(x)
	}
	if fm := m.s.Files; fm != nil {
		m.file = fm.Data(m.fileID(), &m.carrier, b)
	}
	m.fileLen += uint64(len(b))
	m.s.scratch.Piece = m.room()
}

// overlapped returns b, the next bytes of the part, with those before it that it repeats. The
// result is valid until the next call.
func (m *Mail) overlapped(b []byte) []byte {
	s := m.s
	if s.overlap == 0 {
		return b
	}
	s.repeated = append(append(s.repeated[:0], m.tail...), b...)
	m.tail = append(m.tail[:0], s.repeated[max(len(s.repeated)-s.overlap, 0):]...)
	return s.repeated
}

// Child begins a part.
func (e *mailEntity) Child() mime.Node { return e.m.newEntity(&e.Entity) }

// Release keeps a part for reuse.
func (e *mailEntity) Release(child mime.Node) { e.m.release(child.(*mailEntity)) }

// Illegal raises MIMEEvent for a format error.
func (e *mailEntity) Illegal(encoding bool, detail string) {
	if x := e.m.s.Hooks.Event.Begin(); x != nil {
		kind := "illegal format"
		if encoding {
			kind = "illegal encoding"
		}
		*x = event.MIMEEvent{Conn: e.m.cfg.Use.Conn(), EventType: kind, Detail: []byte(detail)}
		e.m.s.Hooks.Event.Raise(x)
	}
}

// Base64Weird raises the weird for invalid Base64.
func (e *mailEntity) Base64Weird(detail string) {
	e.m.cfg.Use.Weird("base64_illegal_encoding", detail, "")
}

// Exceeded reports that a limit was exceeded.
func (e *mailEntity) Exceeded(l mime.Limit, n int) {
	u := &e.m.cfg.Use
	if l == mime.LimitHeader {
		u.Opaque()
	}
	u.Limited(e.m.cfg.Source, l.String())
	u.WeirdNumber(l.Weird(), n, e.m.cfg.Source)
}

// Over is called at the end of the part.
func (e *mailEntity) Over() {
	m := e.m
	h := m.s.Hooks
	if x := h.EntityData.Begin(); x != nil {
		*x = event.MIMEEntityData{Conn: m.cfg.Use.Conn(), Length: uint64(len(m.entity)), Data: m.entity}
		h.EntityData.Raise(x)
		m.entity = m.entity[:0]
	}
	if x := h.EndEntity.Begin(); x != nil {
		*x = event.MIMEEndEntity{Conn: m.cfg.Use.Conn()}
		h.EndEntity.Raise(x)
	}
	m.endFile()
}
