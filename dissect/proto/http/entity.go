package http

import (
	"bytes"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/inflate"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/body"
)

// chunking is the position in a chunked body (RFC 9112 section 7.1).
type chunking uint8

const (
	notChunked chunking = iota
	beforeChunk
	chunkSize
	chunkData
	chunkDataEnd
	chunkTrailer
	chunkNothing
)

// bodyExpected is what the start line says about a body.
type bodyExpected uint8

const (
	bodyNone bodyExpected = iota
	bodyYes
	bodyMaybe
)

// contentCoding is the compression of a body (RFC 9110 section 8.4). Only the first of
// several codings counts, so codings are never nested.
type contentCoding uint8

const (
	codingIdentity contentCoding = iota
	codingDeflate                // gzip or zlib; the decoder tells which
)

// entity is an HTTP message, or a part of a multipart message.
type entity struct {
	mime.Entity
	m     *message
	outer *entity // the enclosing entity
	all   headers
	entityState
}

// entityState is the part of an entity that is reset for every use.
type entityState struct {
	chunked   chunking
	expect    bodyExpected
	coding    contentCoding
	awaits100 bool   // Expect: 100-continue
	partial   bool   // Content-Range
	sendSize  bool   // the file's size has not been set yet
	skip      bool   // the body is skipped
	bomb      bool   // the decompressed body is too large
	charged   uint64 // of its excess, on the budget of the two hosts
	length    int64
	rangeLen  int64
	whole     int64 // complete length in Content-Range
	left      int64 // bytes left of the body or chunk
	body      int64 // decoded bytes of the body
	header    int64 // bytes of the headers
	offset    uint64
	inflater  *inflate.Decoder
	file      files.ID
}

func (e *entity) begin(m *message, parent *mime.Entity, expect bodyExpected) {
	e.m, e.outer = m, nil
	e.entityState = entityState{}
	e.expect, e.length, e.rangeLen, e.whole, e.sendSize = expect, -1, -1, -1, true
	e.all.reset()
	e.Begin(e, parent, &m.a.f.scratch)
}

func (e *entity) weird(name string) { e.m.a.weird(name) }

// EndOfData ends the entity.
func (e *entity) EndOfData() {
	if e.inflater != nil {
		e.m.a.f.inflaters.Put(e.m.a.Use, e.inflater)
		e.inflater = nil
		e.coding = codingIdentity
	}
	e.Entity.EndOfData()
}

// Deliver handles a line, or bytes of the body.
func (e *entity) Deliver(b []byte, crlf bool) {
	switch {
	case e.Ended():
		// Parts may have trailers.
		if e.Type() != mime.TypeMultipart {
			e.Illegal(false, trailing)
		}
	case e.InHeader():
		if !crlf {
			e.weird("http_no_crlf_in_header_list")
		}
		e.header += int64(len(b))
		e.Entity.Deliver(b, crlf)
	case e.Type() <= mime.TypeMessage:
		e.content(b, crlf)
		if e.Depth() == 0 && e.length > 0 && !e.Ended() {
			e.left -= int64(len(b))
			if crlf {
				e.left -= 2
			}
			if e.left <= 0 {
				e.m.setPlain(0)
				e.EndOfData()
			}
		}
	case e.chunked != notChunked:
		e.chunk(b, crlf)
	case e.length >= 0:
		e.content(b, false)
		if e.left -= int64(len(b)); e.left <= 0 {
			e.m.setPlain(0)
			e.EndOfData()
		}
	default:
		e.content(b, crlf)
	}
}

// chunk handles a line or bytes of a chunked body.
func (e *entity) chunk(b []byte, crlf bool) {
	switch e.chunked {
	case chunkSize:
		n, ok := parseInt(b, 16)
		if !ok {
			e.m.a.weirdWith("HTTP_bad_chunk_size", b)
			n = 0
		}
		if e.left = n; n > 0 {
			e.chunked = chunkData
			e.m.setPlain(n)
		} else {
			e.SetInHeader()
			e.chunked = chunkTrailer
		}
	case chunkData:
		if e.left -= int64(len(b)); e.left <= 0 {
			e.m.setPlain(0)
			e.chunked = chunkDataEnd
		}
		e.content(b, false)
	case chunkDataEnd:
		if len(b) > 0 {
			e.Illegal(false, "inaccurate chunk size: data before <CR><LF>")
		}
		e.chunked = chunkSize
	default:
	}
}

// content removes the content coding.
func (e *entity) content(b []byte, crlf bool) {
	if e.coding == codingIdentity {
		e.decoded(b, crlf)
		return
	}
	if e.bomb {
		return
	}
	if e.inflater == nil {
		e.inflater = e.m.a.f.inflaters.Get(e.m.a.Use, !e.m.a.Compat(compat.HTTPInflateFailed))
	}
	z := e.inflater
	if err := z.Write(b, e.inflated); err != nil {
		e.m.a.Weird("inflate_failed", "", "ZIP")
	}
}

func (e *entity) inflated(b []byte) {
	a := e.m.a
	if limit := a.f.inflaters.Over(a.Use, e.inflater, &e.charged); limit == "" {
		e.decoded(b, false)
	} else if !e.bomb {
		e.bomb = true
		a.Limited(source, limit)
		a.Weird(body.Weird, strconv.FormatUint(e.inflater.Written(), 10), source)
	}
}

// decoded handles bytes of the body after decoding.
func (e *entity) decoded(b []byte, crlf bool) {
	e.body += int64(len(b))
	if crlf {
		e.body += 2
	}
	if e.Depth() == 0 && e.length > 0 && e.coding == codingIdentity && e.Type() <= mime.TypeMessage && !e.m.a.Compat(compat.HTTPMultipartLength) {
		e.body = min(e.body, e.length) // the last line may have no end
	}
	if !e.skip {
		e.Entity.Deliver(b, crlf)
	}
}

// gap skips n missing bytes and reports whether they lie inside the body.
func (e *entity) gap(n int64) bool {
	if e.Ended() && e.InHeader() || e.body == 0 {
		return false
	}
	e.fileGap(uint64(n))
	if n > e.remaining() {
		return false
	}
	e.body += n
	e.left -= n
	e.m.setPlain(e.left)
	if e.left == 0 {
		if e.chunked == chunkData {
			e.chunked = chunkDataEnd
		} else {
			e.EndOfData()
		}
	}
	return true
}

// remaining returns the number of announced bytes of the body, or of the chunk, that have
// not arrived.
func (e *entity) remaining() int64 {
	if e.chunked == chunkData || e.chunked == notChunked && e.length >= 0 {
		return max(e.left, 0)
	}
	return 0
}

// Data reports decoded bytes of the body.
func (e *entity) Data(b []byte) {
	e.m.data(b)
	e.fileData(b)
}

// Child begins a part.
func (e *entity) Child() mime.Node {
	c := e.m.a.f.entities.Get()
	e.m.parts++
	e.m.a.HoldState(entitySize)
	c.begin(e.m, &e.Entity, bodyYes)
	c.outer = e
	e.m.beginEntity(c)
	return c
}

// Illegal reports malformed data.
func (e *entity) Illegal(encoding bool, detail string) {
	kind := "illegal format"
	if encoding {
		kind = "illegal encoding"
	}
	e.m.a.event(kind, []byte(detail))
}

// Base64Weird reports malformed Base64.
func (e *entity) Base64Weird(detail string) { e.m.a.Base64Weird(detail) }

// Exceeded reports that a limit was exceeded.
func (e *entity) Exceeded(l mime.Limit, n int) {
	if l == mime.LimitHeader {
		e.m.a.Opaque()
	}
	e.m.a.Limited(source, l.String())
	e.m.a.WeirdNumber(l.Weird(), n, source)
}

// Over ends the entity's events.
func (e *entity) Over() { e.m.endEntity(e) }

// Release returns a part to the free list.
func (e *entity) Release(child mime.Node) {
	if e.m.parts > 0 {
		e.m.parts--
		e.m.a.HoldState(-entitySize)
	}
	e.m.a.f.entities.Put(child.(*entity))
}

// Header handles a header.
func (e *entity) Header(h *mime.Header) {
	a := e.m.a
	if a.f.hooks.AllHeaders.On() {
		e.all.add(h)
	}
	if e.Depth() == 0 && h.Folded {
		a.weirdWith("HTTP_obsolete_line_folding", h.Name)
	}
	switch len(h.Name) {
	case len("expect"):
		if ascii.Equal(h.Name, "expect") {
			e.expectation(h)
		}
	case len("content-range"):
		if a.code == 206 && ascii.Equal(h.Name, "content-range") && !e.contentRange(h) {
			return
		}
	case len("content-length"):
		if ascii.Equal(h.Name, "content-length") {
			e.contentLength(h)
		}
	case len("content-encoding"):
		if ascii.Equal(h.Name, "content-encoding") {
			if tok := h.Token(); ascii.Equal(tok, "gzip") || ascii.Equal(tok, "x-gzip") || ascii.Equal(tok, "deflate") {
				e.coding = codingDeflate
			}
		}
	case len("transfer-encoding"):
		if ascii.Equal(h.Name, "transfer-encoding") {
			e.transferEncoding(h)
		}
	}
	a.header(e.m.isOrig, h)
}

// contentLength parses Content-Length (RFC 9110 section 8.6).
func (e *entity) contentLength(h *mime.Header) {
	if e.chunked != notChunked {
		e.weird("HTTP_content_length_and_chunked")
	}
	tok := h.Token()
	if tok == nil {
		return
	}
	n, ok := parseInt(tok, 10)
	if !ok || n < 0 {
		e.m.a.weirdWith("HTTP_bad_content_length", tok)
		e.length = 0
		return
	}
	if n > 0 && tok[0] == '0' {
		e.m.a.weirdWith("HTTP_content_length_leading_zeros", tok)
	}
	e.length = n
	if e.partial && e.rangeLen != n {
		// With the larger length no data can be hidden.
		e.weird("HTTP_range_not_matching_len")
		e.length = max(n, e.rangeLen)
	}
	e.checkExpectation()
}

// contentRange parses Content-Range (RFC 9110 section 14.4). It reports whether the
// header event is raised.
func (e *entity) contentRange(h *mime.Header) bool {
	if e.chunked != notChunked {
		e.weird("HTTP_content_range_and_chunked")
	}
	if string(h.Token()) != "bytes" {
		e.weird("HTTP_content_range_unknown_byte_unit")
		return false
	}
	spec := bytes.ReplaceAll(h.AfterToken(), []byte(" "), nil)
	span, whole, ok := bytes.Cut(spec, []byte("/"))
	if !ok {
		e.weird("HTTP_content_range_cannot_parse")
		return false
	}
	from, to, ok := bytes.Cut(span, []byte("-"))
	if !ok {
		e.weird("HTTP_content_range_cannot_parse")
		return false
	}
	first, ok1 := parseInt(from, 10)
	last, ok2 := parseInt(to, 10)
	switch {
	case !ok1 || !ok2:
		e.m.a.weirdWith("HTTP_content_range_cannot_parse", spec)
		return false
	case first < 0 || last < 0:
		e.m.a.weirdWith("HTTP_content_range_invalid", spec)
		return false
	case last < first:
		e.m.a.weirdWith("HTTP_non_positive_content_range", spec)
		return false
	case last-first > math.MaxInt64-1:
		e.m.a.weirdWith("HTTP_content_range_overflow", spec)
		return false
	}
	if string(whole) != "*" {
		if e.whole, ok = parseInt(whole, 10); !ok {
			e.m.a.weirdWith("HTTP_content_range_invalid_instance", spec)
			e.whole = 0
		}
	}
	e.partial, e.offset, e.rangeLen = true, uint64(first), last-first+1
	if e.length > 0 && e.length != e.rangeLen {
		e.weird("HTTP_range_not_matching_len")
	}
	e.length = max(e.length, e.rangeLen)
	return true
}

// transferEncoding parses Transfer-Encoding (RFC 9112 section 6.1), which is meaningful
// for whole messages only.
func (e *entity) transferEncoding(h *mime.Header) {
	if e.Depth() > 0 {
		e.weird("HTTP_nested_transfer_encoding_header")
		return
	}
	v := e.m.a.respVersion
	if e.m.a.side[0].ongoing {
		v = e.m.a.reqVersion
	}
	if v != version11 || !ascii.Equal(h.Token(), "chunked") {
		return
	}
	e.chunked = beforeChunk
	if rest := h.AfterToken(); len(rest) > 0 {
		e.m.a.weirdWith("HTTP_chunked_multi", rest)
	}
	if e.length >= 0 {
		e.weird("HTTP_content_length_and_chunked")
	}
}

// expectation parses Expect (RFC 9110 section 10.1.1).
func (e *entity) expectation(h *mime.Header) {
	if tok := h.Token(); !ascii.Equal(tok, "100-continue") {
		e.m.a.weirdWith("HTTP_expect_not_100_continue", tok)
	}
	e.awaits100 = true
	e.checkExpectation()
}

func (e *entity) checkExpectation() {
	if e.awaits100 && e.length == 0 {
		e.weird("HTTP_content_length_0_and_expect_100_cont")
	}
}

// EndOfHeaders chooses how the body is delimited.
func (e *entity) EndOfHeaders() {
	m := e.m
	if p := e.Parent(); p != nil && p.Type() == mime.TypeMultipart {
		// Line ends belong to a part's body, and a lone CR or LF does not end a line.
		m.lines.SuppressWeirds(true)
		m.lines.SetEOL(0)
	}
	if e.chunked == chunkTrailer {
		e.chunked = chunkNothing
		e.EndOfData()
		return
	}
	m.allHeaders(e)
	if e.expect == bodyNone {
		e.EndOfData()
		return
	}
	closes := m.a.closes || e.coding != codingIdentity
	if m.a.f.opt.SkipData && e.Type() > mime.TypeMessage {
		e.skip, e.coding = true, codingIdentity
	}
	switch {
	case e.Type() <= mime.TypeMessage:
		if e.chunked != notChunked {
			e.weird("HTTP_chunked_transfer_for_multipart_message")
		}
		if e.Depth() == 0 && e.length >= 0 {
			if e.length == 0 {
				e.EndOfData()
				return
			}
			e.left = e.length
			m.lines.SetSize(e.length)
		}
	case e.chunked != notChunked:
		e.chunked = chunkSize
	case e.length >= 0:
		if e.length == 0 {
			e.EndOfData()
			return
		}
		e.left = e.length
		m.setPlain(e.length)
	case closes:
		// The body extends to the end of the connection.
		e.left = math.MaxInt64
		m.setPlain(math.MaxInt64)
	case e.expect != bodyYes:
		e.EndOfData()
	}
}

// headers collects the headers of an entity for http_all_headers.
type headers struct {
	text []byte
	at   []headerAt
	list []event.MIMEHeader
}

type headerAt struct{ name, value int }

// Limits of the collected headers. http_all_headers omits those beyond.
const (
	maxHeaders     = 4096
	maxHeaderBytes = 1 << 20
	keptHeaders    = 8192
)

func (l *headers) reset() {
	if cap(l.text) > keptHeaders {
		l.text = nil
	}
	l.text, l.at = l.text[:0], l.at[:0]
}

func (l *headers) add(h *mime.Header) {
	if len(l.at) >= maxHeaders || len(l.text)+len(h.Name)+len(h.Value) > maxHeaderBytes {
		return
	}
	l.text = append(l.text, h.Name...)
	l.text = append(l.text, h.Value...)
	l.at = append(l.at, headerAt{len(h.Name), len(h.Value)})
}

// table returns the headers, and upper with the names in upper case. The list is valid
// until the next call.
func (l *headers) table(upper []byte) (event.Table[event.MIMEHeader], []byte) {
	upper = ascii.AppendUpper(upper[:0], l.text)
	l.list = l.list[:0]
	i := 0
	for _, h := range l.at {
		l.list = append(l.list, event.MIMEHeader{
			OriginalName: l.text[i : i+h.name], Name: upper[i : i+h.name], Value: l.text[i+h.name : i+h.name+h.value],
		})
		i += h.name + h.value
	}
	return l.list, upper
}

// fileData passes bytes of the body to file analysis.
func (e *entity) fileData(b []byte) {
	fm := e.m.a.f.files
	if fm == nil {
		return
	}
	c := &e.m.carrier
	if e.sendSize && e.coding != codingIdentity {
		e.sendSize = false // the announced length is the compressed one
	}
	if e.partial {
		if e.sendSize && e.whole > 0 {
			e.file = fm.SetSize(e.fileID(), c, uint64(e.whole))
		}
		e.file = fm.DataAt(e.fileID(), c, e.offset, b)
		e.offset += uint64(len(b))
	} else {
		if e.sendSize && e.length > 0 {
			e.file = fm.SetSize(e.fileID(), c, uint64(e.length))
		}
		e.file = fm.Data(e.fileID(), c, b)
	}
	e.sendSize = false
}

func (e *entity) fileGap(n uint64) {
	fm := e.m.a.f.files
	if fm == nil {
		return
	}
	e.file = fm.Gap(e.fileID(), &e.m.carrier, uint64(e.body), n)
	if e.partial {
		e.offset += n
	}
}

func (e *entity) fileID() files.ID {
	if !e.file.IsZero() {
		return e.file
	}
	return e.m.a.fileID(e.m.isOrig)
}

// fileID returns the identity of the file that the side transfers, or zero if there is
// none.
func (a *analyzer) fileID(isOrig bool) files.ID {
	a.f.handle = a.appendHandle(a.f.handle[:0], isOrig)
	if len(a.f.handle) == 0 {
		return files.ID{}
	}
	return a.f.files.ID(a.Conn(), a.f.handle)
}

// endFile ends the file, unless it is a partial reply: that file may continue on another
// connection.
func (e *entity) endFile() {
	if e.file.IsZero() || !e.m.isOrig && e.m.a.code == 206 {
		return
	}
	e.m.a.f.files.End(e.file)
	e.file = files.ID{}
}
