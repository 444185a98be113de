// Package http analyzes HTTP/0.9 to HTTP/1.1 (RFC 1945, RFC 9110, RFC 9112): requests
// and replies, pipelined or not, their headers and bodies, and the protocols that follow
// a CONNECT or an Upgrade. It follows Zeek's HTTP analyzer and scripts.
package http

import (
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/body"
	"github.com/wirelog/wirelog/dissect/proto/http2"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "HTTP"

// maxUnanswered limits the requests without a reply that are remembered.
const maxUnanswered = 4096

// Reasons why a message ended (the finish_msg of http_message_done).
const (
	endsNormally    = "message ends normally"
	endsDone        = "message interrupted when connection done"
	endsGap         = "message interrupted by a content gap"
	endsDelivered   = "message ends as connection contents are completely delivered"
	endsFinished    = "message ends as connection is finished"
	endsReset       = "message interrupted by RST"
	maxUpgradeToken = 256
)

// Options configure the analyzer. DefaultOptions returns Zeek's defaults.
type Options struct {
	// Lines limits the bytes of incomplete lines that the shard holds; nil means no limit.
	Lines *contentline.Budget
	// MIME are the limits of headers and multipart bodies.
	MIME mime.Options `key:"-"`
	// Inflaters removes compression, for all versions of HTTP; nil means one of its own.
	Inflaters *body.Inflaters `key:"-"`
	// Compat says where Zeek's behaviour takes the place of wirelog's own.
	Compat compat.Set
	// Excess bounds what the bodies between two hosts inflate to in ten minutes beyond
	// 32 times their size.
	Excess int `key:"limits.http_inflated_excess_bytes" unit:"bytes" min:"0" doc:"bytes that the bodies between two hosts may inflate to in ten minutes beyond 32 times their size; beyond them such a body is cut; 0 is no bound"`

	Piece int `key:"http.entity_data_delivery_size" unit:"bytes" min:"1" max:"1073741824" doc:"bytes of a body that one http_entity_data event has at most (http_entity_data_delivery_size)"`
	URI   int `key:"http.truncate_uri" unit:"bytes" min:"0" max:"1048576" doc:"bytes of a URI in http_request and http.log; of a longer one they are there, followed by ...; 0 is no bound (truncate_http_URI)"`
	// SkipData counts the bytes of bodies, without content coding, and does nothing else
	// with them. Multipart bodies are read for the headers of their parts.
	SkipData bool `key:"http.skip_data" doc:"skip bodies: they have no http_entity_data events and no files, and their compression is not removed (skip_http_data)"`
}

// DefaultOptions returns the defaults of what is not shared.
func DefaultOptions() Options {
	return Options{MIME: mime.DefaultOptions(), Excess: 64 << 20, Piece: 1500}
}

// Successors are the protocols that connections of HTTP become. Each may be nil.
type Successors struct {
	WebSocket *conn.Protocol
	HTTP2     *http2.Protocol
}

// New returns the protocol for one shard. Its analyzers raise their events on h and pass
// bodies to fm, which may be nil. next are the protocols that connections of HTTP become.
func New(h *event.Hooks, fm *files.Manager, next Successors, o Options) *detect.Protocol {
	if o.SkipData {
		fm = nil
	}
	f := &factory{hooks: &h.HTTP, files: fm, ws: next.WebSocket, opt: o, inflaters: o.Inflaters}
	if f.inflaters == nil {
		f.inflaters = body.New(o.Excess)
	}
	if next.HTTP2 != nil && !o.Compat.Has(compat.HTTP2) {
		f.h2 = next.HTTP2
	}
	f.scratch.Options = o.MIME
	f.scratch.Piece = max(o.Piece, 1)
	f.scratch.Grown = func(h mime.Handler, n int) { h.(*entity).m.a.HoldState(n) }
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{80, 81, 631, 1080, 3128, 8000, 8080, 8888},
		Signatures: signatures(o.Compat.Has(compat.HTTPMethods)),
	}
	p.Idle = f.idle
	p.Protocol = conn.Protocol{Name: "HTTP", Service: "HTTP", New: f.new, Size: freelist.Size[analyzer]() + 2*freelist.Size[entity]() + 1536}
	return p
}

// factory makes the analyzers of a shard and holds the state that they share.
type factory struct {
	hooks *event.HTTPEvents
	files *files.Manager
	ws    *conn.Protocol
	h2    *http2.Protocol // nil if nobody wants it

	scratch   mime.Scratch
	opt       Options
	upper     []byte
	handle    []byte
	unescaped []byte
	short     [2][]byte // truncated URIs
	decoded   []byte

	analyzers freelist.List[analyzer]
	entities  freelist.List[entity]
	exchanges freelist.List[exchange]
	inflaters *body.Inflaters
}

// idle is called for a connection that ended before anything was sent.
func (f *factory) idle(c *conn.Conn) {
	if e := f.hooks.Stats.Begin(); e != nil {
		*e = event.HTTPStats{Conn: c}
		f.hooks.Stats.Raise(e)
	}
}

// Sizes in bytes of what analyzers hold beyond Protocol.Size.
var (
	entitySize   = freelist.Size[entity]() + 256 // with its short texts
	exchangeSize = freelist.Size[exchange]()
)

// expecting is what a side expects next.
type expecting uint8

const (
	expectLine    expecting = iota // a request or status line
	expectMessage                  // headers or body
	expectSimple                   // the body of an HTTP/0.9 reply, up to the end
	expectNothing                  // nothing: the rest cannot be parsed
)

// side is one direction of a connection.
type side struct {
	a       *analyzer
	isOrig  bool
	lines   contentline.Splitter
	msg     message
	expect  expecting
	ongoing bool   // a message has begun but not ended
	ended   bool   // the stream has ended
	seq     uint64 // position of the stream's next byte, counted from 1
}

// analyzer analyzes one connection.
type analyzer struct {
	f *factory
	conn.Use

	side [2]side // requests, replies
	x    exchanges
	// unanswered has an element for each request without a final reply, which is true
	// for a HEAD.
	unanswered []bool
	protocol   []byte // of the Upgrade header
	handshake  websocket.Handshake
	weirdFunc  func(name string)
	state
}

// state is the part of an analyzer that is zeroed for every connection.
type state struct {
	seen contentline.Seen

	requests, replies       uint64
	reqVersion, respVersion version
	keepAlive               bool
	closes                  bool // the server announced that it will close the connection
	connect                 bool // the client sent a CONNECT
	code                    int
	reason                  []byte
	upgrade                 bool // the reply has Connection: upgrade

	// switched is set once the connection carries another protocol, which inner gets.
	switched bool
	inner    conn.Handover
	rest     []byte // bytes after the switch in the data being delivered
	skipLF   bool   // the LF of the last line has not arrived yet
	off      bool   // all further data is ignored
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.analyzers.Get()
	if a.weirdFunc == nil {
		a.weirdFunc = a.weird
	}
	a.f, a.Use = f, u
	a.state = state{}
	for i := range a.side {
		s := &a.side[i]
		s.a, s.isOrig = a, i == 0
		s.expect, s.ongoing, s.ended, s.seq = expectLine, false, false, 1
		s.lines.Reset(s, &a.seen, f.opt.Lines, contentline.DefaultMax)
		m := &s.msg
		m.a, m.isOrig, m.lines = a, s.isOrig, &s.lines
		m.exists, m.finished, m.current = false, false, nil
		m.last = remains{}
		m.carrier = files.Carrier{Source: source, Conn: u.Conn(), IsOrig: s.isOrig}
	}
	return a
}

// Data analyzes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	s.seq += uint64(len(b))
	if a.off {
		return
	}
	if a.switched {
		if !a.Conn().Partial() {
			a.forward(isOrig, b)
		}
		return
	}
	if !isOrig {
		if a.Conn().Partial() {
			return
		}
		if s.expect == expectSimple {
			a.simpleReply(b)
			return
		}
	}
	s.lines.Deliver(b)
	if rest := a.rest; rest != nil {
		a.rest = nil
		if len(rest) > 0 && !a.off {
			a.forward(isOrig, rest)
		}
	}
}

// Gap skips n missing bytes. Analysis goes on only if all of them belong to a body.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.side[conn.Side(isOrig)]
	seq := s.seq
	s.seq += n
	if a.off {
		return
	}
	if a.switched {
		a.inner.Gap(isOrig, n)
	}
	m := &s.msg
	if m.exists {
		a.gapEvent(seq, n)
		if n <= maxGap && m.gap(int64(n)) {
			return
		}
	}
	if isOrig {
		// A lost request makes it unknown whether its reply has a body.
		a.endRequest(true, endsGap)
	}
	a.endReply(true, endsGap)
	s.lines.Stop()
}

// maxGap is the largest gap that can lie inside a body.
const maxGap = 1 << 62

func (a *analyzer) gapEvent(seq, n uint64) {
	if !a.f.hooks.Event.On() {
		return
	}
	var buf [64]byte
	b := strconv.AppendUint(append(buf[:0], "seq="...), seq, 10)
	a.event("content gap", strconv.AppendUint(append(b, ", len="...), n, 10))
}

// End ends the stream of a side.
func (a *analyzer) End(isOrig bool) {
	s := &a.side[conn.Side(isOrig)]
	if !a.off && !a.switched && s.expect != expectSimple {
		s.lines.End()
		if !isOrig && a.off {
			return
		}
	}
	if isOrig {
		a.endRequest(false, endsDelivered)
	} else {
		a.endReply(false, endsDelivered)
	}
	if s.ended = true; a.side[0].ended && a.side[1].ended && !a.switched && !a.f.hooks.Stats.On() {
		// Nothing more can arrive. Detaching now saves memory, as many finished
		// connections linger.
		a.Detach()
	}
}

// Finished interrupts the messages of a connection that was closed.
func (a *analyzer) Finished(bool) { a.interrupt(endsFinished) }

// Reset interrupts the messages of a connection that was reset.
func (a *analyzer) Reset() { a.interrupt(endsReset) }

func (a *analyzer) interrupt(why string) {
	a.endRequest(true, why)
	a.endReply(true, why)
}

// Done ends the analysis.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	a.interrupt(endsDone)
	// A gap after the last request has opened a file, which ends here. The file of a reply
	// may continue on another connection.
	if id := a.side[0].msg.last.file; !id.IsZero() && id == a.fileID(true) {
		a.f.files.End(id)
	}
	a.inner.Done()
	f := a.f
	if e := f.hooks.Stats.Begin(); e != nil {
		*e = event.HTTPStats{Conn: a.Conn(), Stats: event.HTTPStatsRec{
			NumRequests: a.requests, NumReplies: a.replies,
			RequestVersion: a.reqVersion.number(), ReplyVersion: a.respVersion.number(),
		}}
		f.hooks.Stats.Raise(e)
	}
	a.release()
}

// release resets a and returns it to the free list.
func (a *analyzer) release() {
	f := a.f
	a.x.reset(a)
	for i := range a.side {
		s := &a.side[i]
		s.lines.Release()
		s.msg.release()
		s.msg.carrier = files.Carrier{}
	}
	if cap(a.unanswered) > maxPending {
		a.unanswered = nil
	}
	a.f, a.Use = nil, conn.Use{}
	a.state = state{off: true}
	a.unanswered, a.protocol = a.unanswered[:0], a.protocol[:0]
	a.handshake.Reset()
	f.analyzers.Put(a)
}

// Flip swaps the sides when the connection swaps its roles. After the first message it is
// too late for that.
func (a *analyzer) Flip() {
	switch {
	case a.switched:
		a.weird("HTTP_late_flip_roles")
	case a.requests > 0 || a.replies > 0:
		a.weird("HTTP_late_flip_roles")
		a.off = true
	default:
		o, r := &a.side[0], &a.side[1]
		o.lines, r.lines = r.lines, o.lines
		o.lines.SetReceiver(o)
		r.lines.SetReceiver(r)
		o.seq, r.seq = r.seq, o.seq
	}
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// weirdWith raises a weird with the text that caused it.
func (a *analyzer) weirdWith(name string, addl []byte) { a.Weird(name, string(addl), source) }

func (a *analyzer) event(kind string, detail []byte) {
	if e := a.f.hooks.Event.Begin(); e != nil {
		*e = event.HTTPEvent{Conn: a.Conn(), EventType: kind, Detail: detail}
		a.f.hooks.Event.Raise(e)
	}
}

func (a *analyzer) setVersion(v *version, to version) {
	if *v != to && *v != (version{}) {
		a.weird("HTTP_version_mismatch")
	}
	*v = to
	if to.major > 1 || to.major == 1 && to.minor > 0 {
		a.keepAlive = true
	}
}

// LineWeird raises a weird that the line splitter found.
func (s *side) LineWeird(name string) {
	if top := s.msg.top; name == contentline.WeirdUnterminated && top != nil && !s.a.Compat(compat.HTTPMultipartLength) && top.Closes(s.lines.Unfinished()) {
		return
	}
	if name == contentline.WeirdTooLong {
		s.a.Limited(source, "line_size")
	}
	s.a.Weird(name, "", contentline.Source)
}

// Plain delivers bytes of a body.
func (s *side) Plain(b []byte) {
	a := s.a
	switch {
	case a.off || a.Conn().Partial():
	case s.msg.exists:
		s.msg.deliver(b, false)
	case s.isOrig:
		a.weird("unexpected_client_HTTP_data")
	default:
		a.weird("unexpected_server_HTTP_data")
	}
}

// Line delivers a line.
func (s *side) Line(line []byte) {
	a := s.a
	switch {
	case a.off || a.Conn().Partial():
	case s.expect == expectMessage:
		s.msg.deliver(line, true)
		if !s.isOrig && a.connect && len(line) == 0 {
			a.tunnel()
		}
	case s.expect != expectLine:
	case s.isOrig:
		a.firstLineOfRequest(line)
	default:
		a.firstLineOfReply(line)
	}
}

func (a *analyzer) firstLineOfRequest(line []byte) {
	s := &a.side[0]
	if a.f.h2 != nil && !a.f.h2.Unused && a.requests == 0 && string(line) == http2.PrefaceLine {
		// Its own analyzer has it, by its signature.
		a.off = true
		a.Detach()
		return
	}
	r, ok := a.requestLine(line)
	if !ok {
		switch {
		case a.requests > 0 && !a.keepAlive:
			a.event("crud_trailing_HTTP_request", line)
		case len(line) == 0:
			a.weird("empty_http_request")
		default:
			s.expect = expectNothing
			a.violate("not a http request line")
		}
		return
	}
	a.requests++
	if !a.keepAlive && a.requests > 1 {
		a.weird("unexpected_multiple_HTTP_requests")
	}
	s.expect, s.ongoing = expectMessage, true
	if len(a.unanswered) < maxUnanswered {
		a.unanswered = append(a.unanswered, isPrefix(r.method, "HEAD"))
	}
	a.request(&r)
	s.msg.begin(bodyMaybe, len(line))
	if a.reqVersion == version09 {
		a.beginSimple(r.method)
	}
}

func (a *analyzer) request(r *requestLine) {
	a.Confirm()
	if isPrefix(r.method, "CONNECT") {
		a.connect = true
	}
	a.handshake.Reset()
	a.noteRequest(r.method, a.f.unescaped)
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.HTTPRequest{Conn: a.Conn(), Method: r.method, OriginalURI: a.f.truncated(0, r.uri),
			UnescapedURI: a.f.truncated(1, a.f.unescaped), Version: a.reqVersion.String()}
		a.f.hooks.Request.Raise(e)
	}
}

// truncated returns uri as Options.URI bounds it, in the buffer i if it is too long.
func (f *factory) truncated(i int, uri []byte) []byte {
	n := f.opt.URI
	if n == 0 || len(uri) <= n {
		return uri
	}
	f.short[i] = append(append(f.short[i][:0], uri[:n]...), "..."...)
	return f.short[i]
}

// beginSimple prepares for an HTTP/0.9 reply, which consists of a body only (RFC 1945
// section 6).
func (a *analyzer) beginSimple(method []byte) {
	if string(method) != "GET" {
		a.weirdWith("invalid_http_09_request_method", method)
	}
	s := &a.side[1]
	if s.msg.exists {
		a.weird("http_09_reply_before_request")
		s.msg.done(false, endsNormally)
		s.msg.exists = false
	}
	s.expect = expectSimple
	s.lines.Stop()
}

// simpleReply delivers bytes of an HTTP/0.9 reply.
func (a *analyzer) simpleReply(b []byte) {
	s := &a.side[1]
	if !s.msg.exists {
		a.setVersion(&a.respVersion, version09)
		if len(a.unanswered) > 0 {
			a.Confirm()
			a.answered()
		}
		a.closes = true
		s.ongoing = true
		a.reason = noReason
		a.reply()
		s.msg.begin(a.replyBody(), 0)
		s.msg.deliver(nil, true)
	}
	s.msg.deliver(b, false)
}

// answered removes the oldest request without a reply.
func (a *analyzer) answered() {
	if n := len(a.unanswered); n > 0 {
		copy(a.unanswered, a.unanswered[1:])
		a.unanswered = a.unanswered[:n-1]
	}
}

func (a *analyzer) firstLineOfReply(line []byte) {
	s := &a.side[1]
	if !a.replyLine(line) {
		if len(line) > 0 {
			s.expect = expectNothing
			a.violate("not a http reply line")
		}
		return
	}
	a.replies++
	if len(a.unanswered) > 0 {
		a.Confirm()
	}
	s.expect, s.ongoing = expectMessage, true
	a.reply()
	if a.code != 200 {
		a.connect = false
	}
	s.msg.begin(a.replyBody(), len(line))
}

func (a *analyzer) reply() {
	a.noteReply(a.code)
	if e := a.f.hooks.Reply.Begin(); e != nil {
		e.Conn, e.Version, e.Code, e.Reason = a.Conn(), a.respVersion.String(), uint64(a.code), a.reason
		a.f.hooks.Reply.Raise(e)
	}
	a.reason = nil
}

// replyBody returns whether the current reply has a body (RFC 9112 section 6.3).
func (a *analyzer) replyBody() bodyExpected {
	if len(a.unanswered) > 0 && a.unanswered[0] || informational(a.code) || a.code == 204 || a.code == 304 {
		return bodyNone
	}
	return bodyYes
}

// header handles a header of any entity.
func (a *analyzer) header(isOrig bool, h *mime.Header) {
	switch {
	case ascii.Equal(h.Name, "connection"):
		switch tok := h.Token(); {
		case isOrig:
			if ascii.Equal(tok, "keep-alive") {
				a.keepAlive = true
			}
		case ascii.Equal(tok, "close"):
			a.closes = true
		case ascii.Equal(tok, "upgrade"):
			a.upgrade = true
		}
	case !isOrig && ascii.Equal(h.Name, "upgrade"):
		tok := h.Token()
		a.protocol = append(a.protocol[:0], tok[:min(len(tok), maxUpgradeToken)]...)
	}
	a.f.upper = ascii.AppendUpper(a.f.upper[:0], h.Name)
	a.noteHeader(isOrig, a.f.upper, h.Value)
	if name := a.handshake.Header(isOrig, a.f.upper, h.Value); name != "" {
		a.Weird(name, "", websocket.Source)
	}
	if e := a.f.hooks.Header.Begin(); e != nil {
		e.Conn, e.IsOrig, e.OriginalName, e.Name, e.Value = a.Conn(), isOrig, h.Name, a.f.upper, h.Value
		a.f.hooks.Header.Raise(e)
	}
}

func (a *analyzer) endRequest(interrupted bool, why string) {
	s := &a.side[0]
	if !s.ongoing {
		return
	}
	s.ongoing = false
	s.msg.done(interrupted, why)
	s.expect = expectLine
	if interrupted {
		s.expect = expectNothing
	}
}

func (a *analyzer) endReply(interrupted bool, why string) {
	s := &a.side[1]
	if !s.ongoing {
		return
	}
	s.ongoing = false
	s.msg.done(interrupted, why)
	if !informational(a.code) {
		a.answered()
	}
	if a.code == 101 && len(a.unanswered) == 1 && a.upgrade && len(a.protocol) > 0 {
		a.switchProtocol()
	}
	a.code = 0
	a.upgrade, a.protocol = false, a.protocol[:0]
	s.expect = expectLine
	if interrupted || a.switched {
		s.expect = expectNothing
	}
}

// violate reports that the data is not HTTP.
func (a *analyzer) violate(reason string) {
	a.Violate(conn.Violation{Reason: reason, Late: true})
	if !a.Compat(compat.DetectionReplay) {
		// How many of the lines that follow are in the same packet is of no interest.
		a.side[0].lines.SuppressWeirds(true)
		a.side[1].lines.SuppressWeirds(true)
	}
}

// SkipEntityData skips the rest of the current body: that of the request if isOrig is set,
// else that of the reply (Zeek's skip_http_entity_data). It reports whether c carries HTTP.
func SkipEntityData(c event.Conn, isOrig bool) bool {
	found := false
	if c, ok := c.(*conn.Conn); ok {
		c.EachAnalyzer(func(x conn.Analyzer) bool {
			a, ok := x.(*analyzer)
			if !ok {
				return true
			}
			found = true
			if e := a.side[conn.Side(isOrig)].msg.current; e != nil {
				e.skip = true
			}
			return true
		})
	}
	return found
}
