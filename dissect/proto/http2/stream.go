package http2

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/wirelog/wirelog/dissect/codec/inflate"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/body"
)

// stream is a request and its reply. Sides are indexed by 0 for the client and 1 for the server.
type stream struct {
	id     uint32
	method string
	begun  [2]bool // headers have been seen
	ended  [2]bool
	bodies [2]content
}

// content is the body of a side.
type content struct {
	typ      string // Content-Type
	length   int64  // Content-Length, or -1
	begun    bool
	deflated bool // gzip or zlib; the decoder tells which
	cut      bool // it inflates to too much
	bytes    uint64
	charged  uint64
	inflater *inflate.Decoder
	file     files.ID
}

// streamSize is what an open stream counts for on the connection's account.
const streamSize = 512

// find returns an open stream, or nil.
func (a *analyzer) find(id uint32) *stream {
	if a.last != nil && a.last.id == id {
		return a.last
	}
	for _, s := range a.streams {
		if s.id == id {
			a.last = s
			return s
		}
	}
	return nil
}

// open makes a stream.
func (a *analyzer) open(id uint32) *stream {
	if len(a.streams) >= max(1, a.f.opt.Streams) {
		a.Limited(source, "streams")
		a.Weird("HTTP2_too_many_streams", "", source)
		a.endStream(a.streams[0])
	}
	s := a.f.streams.Get()
	*s = stream{id: id}
	s.bodies[0].length, s.bodies[1].length = -1, -1
	a.streams = append(a.streams, s)
	a.HoldState(streamSize)
	a.last = s
	return s
}

// endSide ends the message of a side.
func (a *analyzer) endSide(s *stream, i int) {
	if s.ended[i] {
		return
	}
	s.ended[i] = true
	a.endBody(s, i)
	if s.ended[1-i] || a.sides[1-i].dead {
		a.endStream(s)
	}
}

// endStream ends a stream, complete or not.
func (a *analyzer) endStream(s *stream) {
	for i := range s.bodies {
		a.endBody(s, i)
	}
	if e := a.f.hooks.StreamEnd.Begin(); e != nil {
		*e = event.HTTP2StreamEnd{Conn: a.Conn(), Stream: uint64(s.id), Stats: event.HTTP2StreamStat{
			RequestBodyLength: s.bodies[0].bytes, ResponseBodyLength: s.bodies[1].bytes,
		}}
		a.f.hooks.StreamEnd.Raise(e)
	}
	if i := slices.Index(a.streams, s); i >= 0 {
		a.streams = slices.Delete(a.streams, i, i+1)
	}
	if a.last == s {
		a.last = nil
	}
	a.HoldState(-streamSize)
	*s = stream{}
	a.f.streams.Put(s)
}

// bodyData takes bytes of a body.
func (a *analyzer) bodyData(s *stream, i int, b []byte) {
	c := &s.bodies[i]
	switch {
	case s.ended[i]:
	case !c.deflated || a.f.opt.SkipData:
		a.decoded(s, i, b)
	case c.cut:
	default:
		if c.inflater == nil {
			c.inflater = a.f.opt.Inflaters.Get(a.Use, true)
		}
		err := c.inflater.Write(b, func(b []byte) {
			limit := a.f.opt.Inflaters.Over(a.Use, c.inflater, &c.charged)
			if limit == "" {
				a.decoded(s, i, b)
			} else if !c.cut {
				c.cut = true
				a.Limited(source, limit)
				a.Weird(body.Weird, strconv.FormatUint(c.inflater.Written(), 10), source)
			}
		})
		if err != nil {
			a.Weird("inflate_failed", "", "ZIP")
		}
	}
}

// decoded takes bytes of a body without its compression.
func (a *analyzer) decoded(s *stream, i int, b []byte) {
	c := &s.bodies[i]
	c.bytes += uint64(len(b))
	if s.method == "CONNECT" {
		return // what a tunnel carries is no file
	}
	a.beginBody(s, i)
	if a.f.opt.SkipData {
		return
	}
	for rest := b; len(rest) > 0 && a.f.hooks.EntityData.On(); {
		n := min(len(rest), max(a.f.opt.Piece, 1))
		if e := a.f.hooks.EntityData.Begin(); e != nil {
			*e = event.HTTP2EntityData{Conn: a.Conn(), IsOrig: i == 0, Stream: uint64(s.id), Length: uint64(n), Data: rest[:n]}
			a.f.hooks.EntityData.Raise(e)
		}
		rest = rest[n:]
	}
	if fm := a.f.files; fm != nil {
		carrier := files.Carrier{Source: source, Conn: a.Conn(), IsOrig: i == 0}
		first := c.file.IsZero()
		if first {
			c.file = a.fileID(s, i)
		}
		if first && c.length > 0 && !c.deflated {
			c.file = fm.SetSize(c.file, &carrier, uint64(c.length))
		}
		fm.Data(c.file, &carrier, b)
	}
}

// beginBody raises the event of the first byte.
func (a *analyzer) beginBody(s *stream, i int) {
	c := &s.bodies[i]
	if c.begun {
		return
	}
	c.begun = true
	if e := a.f.hooks.BeginEntity.Begin(); e != nil {
		*e = event.HTTP2BeginEntity{Conn: a.Conn(), IsOrig: i == 0, Stream: uint64(s.id), ContentType: c.typ}
		a.f.hooks.BeginEntity.Raise(e)
	}
}

// bodyGap skips n missing bytes of a body.
func (a *analyzer) bodyGap(s *stream, i int, n uint64) {
	c := &s.bodies[i]
	if s.ended[i] || s.method == "CONNECT" {
		return
	}
	if c.deflated {
		c.cut = true // nothing after it can be decoded
		return
	}
	a.beginBody(s, i)
	if fm := a.f.files; fm != nil {
		carrier := files.Carrier{Source: source, Conn: a.Conn(), IsOrig: i == 0}
		if c.file.IsZero() {
			c.file = a.fileID(s, i)
		}
		c.file = fm.Gap(c.file, &carrier, c.bytes, n)
	}
	c.bytes += n
}

// endBody ends the body of a side, if it has begun.
func (a *analyzer) endBody(s *stream, i int) {
	c := &s.bodies[i]
	if c.inflater != nil {
		a.f.opt.Inflaters.Put(a.Use, c.inflater)
		c.inflater = nil
	}
	if !c.begun {
		return
	}
	c.begun = false
	if !c.file.IsZero() {
		a.f.files.End(c.file)
		c.file = files.ID{}
	}
	if e := a.f.hooks.EndEntity.Begin(); e != nil {
		*e = event.HTTP2EndEntity{Conn: a.Conn(), IsOrig: i == 0, Stream: uint64(s.id)}
		a.f.hooks.EndEntity.Raise(e)
	}
}

// fileID returns the identity of the file that a body is.
func (a *analyzer) fileID(s *stream, i int) files.ID {
	uid := a.Conn().UID()
	h := uid.Append(append(a.f.handle[:0], source...))
	h = strconv.AppendUint(append(h, ' ', byte('0'+i), ' '), uint64(s.id), 10)
	a.f.handle = h
	return a.f.files.ID(a.Conn(), h)
}

// block is the headers of a message while they are decoded.
type block struct {
	request request
	status  string
	isReply bool
	fields  []hpack.HeaderField
	bytes   int
	decoder *hpack.Decoder
}

type request struct{ method, authority, path, host string }

// headers decodes the headers that a side has sent and raises their events.
func (a *analyzer) headers(s *side, b []byte) {
	f := a.f
	k := &f.block
	if s.decoder == nil {
		s.decoder = hpack.NewDecoder(4096, f.emit)
		s.decoder.SetMaxStringLength(f.opt.List)
		s.decoder.SetAllowedMaxDynamicTableSize(s.table)
	}
	*k = block{fields: k.fields[:0], decoder: s.decoder}
	s.decoder.SetEmitEnabled(true)
	_, err := s.decoder.Write(b)
	if err == nil {
		err = s.decoder.Close()
	}
	if err != nil {
		s.lose("")
	}
	if k.bytes > f.opt.List {
		a.Limited(source, "header_list")
		a.Weird("HTTP2_header_list_too_long", "", source)
	}
	a.message(s)
	clear(k.fields)
	if *k = (block{fields: k.fields[:0]}); cap(k.fields) > keptFields {
		k.fields = nil
	}
}

// keptFields is the largest capacity of the list of fields that is reused.
const keptFields = 256

// field takes a decoded field.
func (f *factory) field(h hpack.HeaderField) {
	k := &f.block
	// RFC 9113 section 6.5.2 counts that way.
	if k.bytes += len(h.Name) + len(h.Value) + 32; k.bytes > f.opt.List {
		k.decoder.SetEmitEnabled(false)
		return
	}
	switch h.Name {
	case ":method":
		k.request.method = h.Value
	case ":authority":
		k.request.authority = h.Value
	case ":path":
		k.request.path = h.Value
	case ":status":
		k.status, k.isReply = h.Value, true
	default:
		if len(h.Name) == 0 || h.Name[0] == ':' {
			return
		}
		if h.Name == "host" {
			k.request.host = h.Value
		}
		k.fields = append(k.fields, h)
	}
}

// of returns the stream that headers of a side are about, or nil if there is none.
func (a *analyzer) of(s *side, id uint32) *stream {
	if x := a.find(id); x != nil {
		return x
	}
	i := s.index()
	switch {
	case id == 0:
		return nil
	case id%2 == 1 && s.isOrig, id%2 == 0 && !s.isOrig && s.promised != 0:
		if id <= a.latest[i] {
			return nil // closed
		}
		a.latest[i] = id
	case !s.isOrig && (a.sides[0].dead || a.sides[0].lost):
		// The request may have been missed.
		if id <= a.latest[0] {
			return nil
		}
		a.latest[0] = id
	default:
		return nil
	}
	return a.open(id)
}

// message raises the events of decoded headers.
func (a *analyzer) message(s *side) {
	k := &a.f.block
	id := s.blockOf
	if s.promised != 0 {
		id = s.promised
	}
	x := a.of(s, id)
	if x == nil {
		return
	}
	i := s.index()
	switch {
	case s.promised != 0:
		x.begun[0] = true
		a.raiseRequest(x, false, &k.request)
	case i == 0 && !x.begun[0]:
		x.begun[0] = true
		a.raiseRequest(x, true, &k.request)
	case i == 1 && k.isReply:
		x.begun[1] = true
		a.raiseReply(x, k.status)
	}
	for j := range k.fields {
		a.header(x, i, s.promised != 0, &k.fields[j])
	}
	if s.promised != 0 {
		a.endSide(x, 0) // a promise has no body
	} else if s.endStream {
		a.endSide(x, i)
	}
}

// headersLost follows headers that were not decoded.
func (a *analyzer) headersLost(s *side) {
	if s.promised != 0 {
		return
	}
	x := a.of(s, s.blockOf)
	if x == nil {
		return
	}
	x.begun[s.index()] = true
	if s.endStream {
		a.endSide(x, s.index())
	}
}

func (a *analyzer) raiseRequest(x *stream, isOrig bool, r *request) {
	f := a.f
	x.method = r.method
	e := f.hooks.Request.Begin()
	if e == nil {
		return
	}
	f.uri = append(f.uri[:0], r.path...)
	f.unescaped = event.UnescapeURI(f.unescaped[:0], f.uri, a.weirdFn)
	*e = event.HTTP2Request{
		Conn: a.Conn(), IsOrig: isOrig, Stream: uint64(x.id), Method: r.method, Authority: r.authority, Host: r.host,
		Version: version, Push: !isOrig,
	}
	e.OriginalURI, f.uri = f.shorten(f.uri)
	e.UnescapedURI, f.unescaped = f.shorten(f.unescaped)
	f.hooks.Request.Raise(e)
}

// shorten returns uri as Options.URI bounds it, and its buffer.
func (f *factory) shorten(uri []byte) (short, buf []byte) {
	if n := f.opt.URI; n > 0 && len(uri) > n {
		uri = append(uri[:n], "..."...)
	}
	return uri, uri
}

func (a *analyzer) raiseReply(x *stream, status string) {
	e := a.f.hooks.Reply.Begin()
	if e == nil {
		return
	}
	code, err := strconv.ParseUint(status, 10, 64)
	if err != nil || len(status) != 3 {
		code = 0
	}
	*e = event.HTTP2Reply{Conn: a.Conn(), Stream: uint64(x.id), Version: version, Code: code}
	a.f.hooks.Reply.Raise(e)
}

// header takes a header of side i; of a request that the server promises if pushed is set.
func (a *analyzer) header(x *stream, i int, pushed bool, f *hpack.HeaderField) {
	if !pushed {
		c := &x.bodies[i]
		switch f.Name {
		case "content-type":
			c.typ = f.Value
		case "content-length":
			if n, err := strconv.ParseInt(f.Value, 10, 64); err == nil && n >= 0 {
				c.length = n
			}
		case "content-encoding":
			c.deflated = strings.EqualFold(f.Value, "gzip") || strings.EqualFold(f.Value, "x-gzip") || strings.EqualFold(f.Value, "deflate")
		}
	}
	if e := a.f.hooks.Header.Begin(); e != nil {
		*e = event.HTTP2Header{Conn: a.Conn(), IsOrig: i == 0, Stream: uint64(x.id), Name: f.Name, Value: f.Value}
		a.f.hooks.Header.Raise(e)
	}
}
