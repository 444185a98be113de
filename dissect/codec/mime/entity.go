// Package mime parses messages of headers and bodies, as in mail (RFC 5322, RFC 2045 to
// 2047) and HTTP: folded headers, content types, multipart bodies, nested messages and
// transfer encodings. It takes lines that its caller has split and reports to a Handler.
package mime

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
)

// Options are limits of messages.
type Options struct {
	Depth  int `key:"limits.mime_max_depth" unit:"count" min:"1" doc:"depth to which nested parts of a mail or HTTP message are parsed (MIME::max_depth)"`
	Header int `key:"limits.mime_max_header_bytes" unit:"bytes" min:"1" doc:"bytes of a folded header of a mail or HTTP message; further lines of it are ignored (MIME::max_header_bytes)"`
	Parts  int `key:"limits.mime_small_parts" unit:"count" min:"0" doc:"parts of a multipart body after which further ones are ignored while the body has less than 256 bytes a part; 0 is no bound"`
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Depth: 100, Header: 65_536, Parts: 100} }

// A Limit is one that a message can exceed.
type Limit uint8

// The limits.
const (
	LimitHeader Limit = iota // Options.Header
	limitDepth               // Options.Depth
	limitParts               // Options.Parts
)

var limits = [...]struct{ name, weird string }{
	LimitHeader: {"mime_header_size", "exceeded_mime_max_header_bytes"},
	limitDepth:  {"mime_depth", "exceeded_mime_max_depth"},
	limitParts:  {"mime_small_parts", "exceeded_mime_small_parts"},
}

// String returns the name under which the limit is counted.
func (l Limit) String() string { return limits[l].name }

// Weird returns the name of the limit's weird.
func (l Limit) Weird() string { return limits[l].weird }

// A Node is an entity with what its protocol adds to it.
type Node interface {
	// Deliver takes a line of the entity, which was followed by a line end if crlf is
	// set, or some bytes of its body.
	Deliver(b []byte, crlf bool)
	// EndOfData ends the entity.
	EndOfData()
}

// A Handler takes the contents of an entity. Slices are valid only during the call.
type Handler interface {
	// Header is called for every header.
	Header(h *Header)
	// EndOfHeaders is called after the last header.
	EndOfHeaders()
	// Data takes bytes of the body, decoded.
	Data(b []byte)
	// Child begins an entity within this one.
	Child() Node
	// Illegal reports an error in the format, or in an encoding.
	Illegal(encoding bool, detail string)
	// Base64Weird reports invalid Base64 (the weird base64_illegal_encoding).
	Base64Weird(detail string)
	// Exceeded reports that n is beyond a limit.
	Exceeded(l Limit, n int)
	// Over is called at the end of the entity.
	Over()
	// Release returns an entity made by Child, after its end.
	Release(child Node)
}

// Type is the media type of an entity, as far as it matters here.
type Type uint8

// The types.
const (
	TypeMultipart Type = iota
	TypeMessage
	typeText
	typeOther
)

type encoding uint8

const (
	encOther encoding = iota // 7bit, 8bit, binary, none or unknown
	encQuotedPrintable
	encBase64
)

// Scratch is memory shared by entities that are not used concurrently.
type Scratch struct {
	Options
	// Piece is the largest number of bytes in one call of Handler.Data, which may change it.
	Piece int
	// Grown, if set, is told by how many bytes the buffer of an entity's header has grown
	// or shrunk, where it is large.
	Grown func(h Handler, n int)

	buf   []byte
	param []byte
	hdr   Header
}

// An Entity is a message or a part of one. Begin initializes it.
type Entity struct {
	h       Handler
	parent  *Entity
	scratch *Scratch
	// Memory that the next entity reuses.
	line     []byte // the current header
	ty, sub  []byte // media type in upper case
	boundary []byte
	base64   Base64
	reading
}

// reading is the state that is reset for every entity.
type reading struct {
	child    Node
	depth    int
	inHeader bool
	ended    bool
	params   bool // the type has parameters that matter
	crlf     bool // a line end is held back
	folded   bool // line has more than one
	open     bool // a header has begun
	typ      Type
	enc      encoding
	bounded  bool // there is a boundary
	parts    int  // of a multipart body
	size     int  // bytes of its lines
}

// smallPart is the average size in bytes below which parts count as small.
const smallPart = 256

// keptLine is the largest capacity of line that is reused.
const keptLine = 4096

// Begin prepares e for an entity within parent, which is nil for a message.
func (e *Entity) Begin(h Handler, parent *Entity, s *Scratch) {
	if cap(e.line) > keptLine {
		e.line = nil
	}
	e.h, e.parent, e.scratch = h, parent, s
	e.line, e.ty, e.sub, e.boundary = e.line[:0], e.ty[:0], e.sub[:0], e.boundary[:0]
	e.base64 = Base64{}
	e.reading = reading{inHeader: true, typ: typeText}
	if parent != nil {
		e.enc, e.depth = parent.enc, parent.depth+1
	}
}

// Depth returns the number of entities around e.
func (e *Entity) Depth() int { return e.depth }

// Parent returns the entity around e, or nil.
func (e *Entity) Parent() *Entity { return e.parent }

// Type returns the media type of Content-Type.
func (e *Entity) Type() Type { return e.typ }

// InHeader reports whether the next line is one of the headers.
func (e *Entity) InHeader() bool { return e.inHeader }

// SetInHeader makes the lines that follow headers again, as the trailer of a chunked
// HTTP body is.
func (e *Entity) SetInHeader() { e.inHeader = true }

// Ended reports whether e is over.
func (e *Entity) Ended() bool { return e.ended }

// ContentType returns the media type in upper case, by default TEXT/PLAIN.
func (e *Entity) ContentType() (ty, sub []byte) {
	if len(e.ty) == 0 {
		return textPlain[:4], textPlain[5:]
	}
	return e.ty, e.sub
}

var textPlain = []byte("TEXT/PLAIN")

// Deliver takes a line or bytes of the body.
func (e *Entity) Deliver(b []byte, crlf bool) {
	if !e.inHeader {
		e.body(b, crlf)
		return
	}
	switch {
	case len(b) == 0 || b[0] == 0:
		e.finishHeader()
		e.inHeader = false
		e.dropLine()
		e.h.EndOfHeaders()
		if !e.ended {
			e.beginBody()
		}
	case isBlank(b[0]):
		e.continueHeader(b)
	default:
		e.newHeader(b)
	}
}

func (e *Entity) beginBody() {
	if e.enc == encBase64 {
		e.base64.Reset()
	}
	if e.typ == TypeMessage {
		e.beginChild()
	}
}

// EndOfData ends the entity and its parts.
func (e *Entity) EndOfData() {
	if e.ended {
		return
	}
	e.ended = true
	if e.inHeader {
		e.finishHeader()
		e.inHeader = false
		e.dropLine()
		e.h.EndOfHeaders()
		e.Illegal("entity body missing")
	} else {
		if e.child != nil {
			if e.typ == TypeMultipart {
				e.Illegal("multipart closing boundary delimiter missing")
			}
			e.endChild()
		}
		if e.enc == encBase64 {
			e.flush(e.base64.Finish(e.scratch.buf[:0], e.h))
		}
	}
	e.h.Over()
}

// Illegal reports a format error.
func (e *Entity) Illegal(detail string) { e.h.Illegal(false, detail) }

func (e *Entity) newHeader(b []byte) {
	e.finishHeader()
	if len(b) == 0 {
		return
	}
	had := cap(e.line)
	e.line = append(e.line[:0], b...)
	e.open, e.folded = true, false
	e.grown(had)
}

// grown reports that the buffer of the header had another capacity before.
func (e *Entity) grown(had int) {
	n := cap(e.line)
	if n == had || n <= keptLine || e.scratch.Grown == nil {
		return
	}
	if had > keptLine {
		n -= had
	}
	e.scratch.Grown(e.h, n)
}

// dropLine frees the buffer of the header if it is large.
func (e *Entity) dropLine() {
	n := cap(e.line)
	if n <= keptLine {
		return
	}
	e.line = nil
	if e.scratch.Grown != nil {
		e.scratch.Grown(e.h, -n)
	}
}

func (e *Entity) continueHeader(b []byte) {
	if !e.open {
		e.Illegal("first header line starts with linear whitespace")
		for len(b) > 0 && isBlank(b[0]) {
			b = b[1:]
		}
		e.newHeader(b)
		return
	}
	if len(e.line) >= e.scratch.Header {
		e.h.Exceeded(LimitHeader, len(e.line))
		return
	}
	had := cap(e.line)
	e.line = append(e.line, b...)
	e.folded = true
	e.grown(had)
}

func (e *Entity) finishHeader() {
	if !e.open {
		return
	}
	e.open = false
	h := &e.scratch.hdr
	if !h.parse(e.line, e.folded) {
		return
	}
	switch {
	case ascii.Equal(h.Name, "content-type"):
		e.contentType(h)
	case ascii.Equal(h.Name, "content-transfer-encoding"):
		e.transferEncoding(h)
	}
	e.h.Header(h)
}

// contentType reads Content-Type (RFC 2045 section 5).
func (e *Entity) contentType(h *Header) {
	ty, sub, rest, ok := slashPair(h.Value)
	if !ok {
		e.Illegal("media type/subtype not found in content type")
		return
	}
	e.ty = ascii.AppendUpper(e.ty[:0], ty)
	e.sub = ascii.AppendUpper(e.sub[:0], sub)
	switch string(e.ty) {
	case "MULTIPART":
		e.typ = TypeMultipart
	case "MESSAGE":
		e.typ = TypeMessage
	case "TEXT":
		e.typ = typeText
	default:
		e.typ = typeOther
	}
	if e.params = e.typ <= TypeMessage; e.params {
		e.parameters(rest, true)
	}
	if e.typ == TypeMultipart && !e.bounded {
		e.Illegal("boundary delimiter is not specified for a multipart entity -- content is " +
			"treated as type application/octet-stream")
		e.typ = typeOther
	}
}

// transferEncoding reads Content-Transfer-Encoding (RFC 2045 section 6).
func (e *Entity) transferEncoding(h *Header) {
	switch tok := h.Token(); {
	case tok == nil:
		e.Illegal("encoding type not found in content encoding")
		return
	case ascii.Equal(tok, "quoted-printable"):
		e.enc = encQuotedPrintable
	case ascii.Equal(tok, "base64"):
		e.enc = encBase64
	default:
		e.enc = encOther
	}
	if e.params {
		e.parameters(h.AfterToken(), false)
	}
}

// parameters reads the parameters after a value, of which only boundary matters.
func (e *Entity) parameters(b []byte, contentType bool) {
	for {
		if b = b[skip(b):]; len(b) == 0 || b[0] != ';' {
			return
		}
		attr, rest, ok := token(b[1:])
		if !ok {
			e.Illegal("attribute name not found in parameter specification")
			return
		}
		b = rest
		i := skip(b)
		if i >= len(b) || b[i] != '=' {
			e.Illegal("= not found in parameter specification")
			continue
		}
		b = b[i+1:]
		boundary := contentType && e.typ == TypeMultipart && ascii.Equal(attr, "boundary")
		val, rest, ok := appendValue(e.scratch.param[:0], b, boundary)
		e.scratch.param = val
		switch {
		case !ok && boundary:
			e.Illegal("Could not parse multipart boundary")
		case !ok:
			e.Illegal("value not found in parameter specification")
		default:
			b = rest
			if boundary {
				e.boundary = append(e.boundary[:0], val...)
				e.bounded = true
			}
		}
	}
}

// body takes a line or bytes of the body.
func (e *Entity) body(b []byte, crlf bool) {
	if e.typ == TypeMultipart {
		e.size += len(b)
		if found, closing := e.isBoundary(b); found {
			if e.child != nil {
				e.endChild()
			}
			if closing {
				// The protocol's own end comes first, if it has one.
				e.self().EndOfData()
			} else if !e.ended {
				e.beginPart()
			}
			return
		}
	}
	switch {
	case e.typ > TypeMessage:
		e.decode(b, crlf)
	case e.child != nil:
		e.child.Deliver(b, crlf)
	}
}

func (e *Entity) self() Node {
	if n, ok := e.h.(Node); ok {
		return n
	}
	return e
}

// isBoundary reports whether a line is the delimiter between two parts, or after
// the last (RFC 2046 section 5.1.1).
func (e *Entity) isBoundary(b []byte) (found, closing bool) {
	if len(b) < 2 || b[0] != '-' || b[1] != '-' || !bytes.HasPrefix(b[2:], e.boundary) {
		return false, false
	}
	return true, bytes.HasPrefix(b[2+len(e.boundary):], []byte("--"))
}

// Closes reports whether a line is the delimiter after the last part of a multipart entity.
// RFC 2046 section 5.1.1: it needs no line end.
func (e *Entity) Closes(line []byte) bool {
	_, closing := e.isBoundary(line)
	return e.typ == TypeMultipart && closing
}

// beginPart begins a part of a multipart body, unless it has too many small ones: each
// costs a row that is much larger than the part.
func (e *Entity) beginPart() {
	most := e.scratch.Parts
	if e.parts++; most != 0 && e.parts > most && e.size/smallPart < e.parts {
		e.h.Exceeded(limitParts, e.parts)
		return
	}
	e.beginChild()
}

func (e *Entity) beginChild() {
	if e.depth >= e.scratch.Depth {
		e.h.Exceeded(limitDepth, e.depth)
		return
	}
	e.child = e.h.Child()
}

func (e *Entity) endChild() {
	c := e.child
	c.EndOfData()
	e.child = nil
	e.h.Release(c)
}
