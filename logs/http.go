package logs

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// httpLog builds http.log after Zeek's base/protocols/http, and websocket.log, which shares
// columns with it.
type httpLog struct {
	states[httpState]
	out       schemas.Emitter
	tunnels   *tunnels // may be nil
	now       func() value.Time
	fileSlot  event.FileSlot
	http, ws  bool // logs that are wanted
	streams   bool // the column of streams is
	rec       schemas.HTTP
	wsRec     schemas.WebSocket
	uidBuf    []byte
	fuids     [2][]string
	exchanges freelist.List[httpExchange]
	nameBuf   []byte
	valueBuf  []byte
	header    event.HTTPHeader // of HTTP/2, as one of HTTP/1
}

const (
	// maxHTTPPending is Zeek's HTTP::max_pending_requests.
	maxHTTPPending = 100
	// maxHTTPFiles is Zeek's HTTP::max_files_orig and max_files_resp.
	maxHTTPFiles = 15
	// maxHTTPField bounds the bytes of a column, and keptHTTPField the capacity of its
	// buffer that the next row reuses.
	maxHTTPField  = 128 << 10
	keptHTTPField = 1024
	// maxProxied bounds the elements of the proxied column.
	maxProxied = 32
)

// Text columns of an exchange.
const (
	httpMethod = iota
	httpHost
	httpURI
	httpReferrer
	httpUserAgent
	httpOrigin
	httpStatusMsg
	httpInfoMsg
	httpUsername
	httpFilename // of the current entity
	numHTTPTexts
)

// httpExchange is a request and its reply.
type httpExchange struct {
	httpProgress
	texts            [numHTTPTexts][]byte
	proxied          []string
	fuids            [2][]value.UID // orig, resp
	filenames, mimes [2][]string
	files            []event.File
	// size is what the exchange takes beyond small buffers; held of it is on the
	// connection's account.
	size, held int
}

// httpProgress is the part of an exchange that is reset for the next one.
type httpProgress struct {
	next              *httpExchange // pending
	key, depth        uint32
	ts                value.Time
	has               uint16 // one bit a text
	hasCode           bool
	stream            bool // key is a stream of HTTP/2
	entity            bool // either side is inside an entity
	version           string
	code, infoCode    uint64
	reqBody, respBody uint64
}

// httpState is the state of a connection. Every HTTP connection has one, so it is small.
type httpState struct {
	pending               *httpExchange // a list, oldest first
	current               *httpExchange
	ws                    *wsState
	request, reply, depth uint32
	waiting               uint32 // length of pending
}

func installHTTP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &httpLog{out: out, tunnels: o.installed.tunnels, now: o.Now, fileSlot: h.NewFileSlot()}
	b.init(h, b.ended)
	h.OnEarlyEnd(b.slot, b.early)
	b.http, b.streams = out.On(&schemas.HTTPSchema), o.has(schemas.GroupHTTP2)
	b.ws = out.On(&schemas.WebSocketSchema)
	h.HTTP.BeginEntity.Listen(b.beginEntity)
	h.HTTP.EndEntity.Listen(b.endEntity)
	h.HTTP.Request.Listen(b.onRequest)
	h.HTTP.Reply.Listen(b.onReply)
	h.HTTP.Header.Listen(b.onHeader)
	h.HTTP.MessageDone.Listen(b.messageDone)
	h.File.OverNewConnection.Listen(b.file)
	h.File.Sniff.Listen(b.sniffed)
	b.listenHTTP2(h)
	if b.ws {
		h.WebSocket.Established.Listen(b.established)
	}
}

func sideIndex(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

func (b *httpLog) state(c event.Conn) *httpState {
	if s := b.known(c); s != nil {
		return s
	}
	return b.add(c)
}

// find returns the pending exchange with a key, or nil.
func (s *httpState) find(key uint32) *httpExchange {
	x := s.pending
	for x != nil && x.key != key {
		x = x.next
	}
	return x
}

// at makes the exchange of a side current (Zeek's set_state).
func (b *httpLog) at(c event.Conn, s *httpState, isOrig bool) *httpExchange {
	key := s.reply
	if isOrig {
		key = s.request
	}
	x := s.find(key)
	if x == nil {
		x = b.exchanges.Get()
		s.depth++
		x.key, x.depth, x.ts = key, s.depth, b.now()
		at := &s.pending
		for *at != nil {
			at = &(*at).next
		}
		*at = x
		if s.waiting++; s.waiting > 1 {
			x.size += httpExchangeSize
			b.account(c, s, x)
		}
	}
	s.current = x
	return x
}

// Sizes for accounts: that of an exchange with small buffers, and the growth that is not
// counted for a connection's only exchange.
const (
	httpExchangeSize = 1024
	httpSmall        = 4096
	filePointer      = 32 // in a list that grows by doubling
)

// account counts what an exchange has grown by, if that is much.
func (b *httpLog) account(c event.Conn, s *httpState, x *httpExchange) {
	if n := x.size - x.held; n > httpSmall || n > 0 && s.waiting > 1 {
		b.hold(c, n)
		x.held = x.size
	}
}

func (b *httpLog) release(c event.Conn, x *httpExchange) {
	b.hold(c, -x.held)
	x.size, x.held = 0, 0
	for _, f := range x.files {
		if f.Slot(b.fileSlot) == any(x) {
			f.SetSlot(b.fileSlot, nil)
		}
	}
	clear(x.files)
	x.httpProgress, x.files, x.proxied = httpProgress{}, x.files[:0], x.proxied[:0]
	for i := range x.texts {
		if cap(x.texts[i]) > keptHTTPField {
			x.texts[i] = nil
		}
	}
	for i := range x.fuids {
		x.fuids[i], x.filenames[i], x.mimes[i] = x.fuids[i][:0], x.filenames[i][:0], x.mimes[i][:0]
	}
	b.exchanges.Put(x)
}

// take removes a pending exchange from the list.
func (b *httpLog) take(c event.Conn, s *httpState, x *httpExchange) {
	at := &s.pending
	for *at != x {
		at = &(*at).next
	}
	*at = x.next
	s.waiting--
	if x == s.current {
		s.current = nil
	}
	b.release(c, x)
}

func (x *httpExchange) set(which int, v []byte) {
	had := cap(x.texts[which])
	x.texts[which] = append(x.texts[which][:0], v[:min(len(v), maxHTTPField)]...)
	if n := cap(x.texts[which]); n > keptHTTPField {
		x.size += n - had
	}
	x.has |= 1 << which
}

func (x *httpExchange) get(which int) value.Opt[string] {
	if x.has&(1<<which) == 0 {
		return value.Opt[string]{}
	}
	return value.Some(text(x.texts[which]))
}

func (b *httpLog) dropWebSocket(c event.Conn, s *httpState) {
	if s.ws != nil {
		b.hold(c, -s.ws.held)
		s.ws = nil
	}
}

func (b *httpLog) onRequest(e *event.HTTPRequest) {
	s := b.state(e.Conn)
	b.dropWebSocket(e.Conn, s)
	// With more replies than requests, the next reply matches this request.
	s.request = max(s.request, s.reply)
	if s.waiting > maxHTTPPending {
		if s.reply == 0 {
			s.reply++
		}
		for ; s.reply < s.request; s.reply++ {
			if x := s.find(s.reply); x != nil {
				b.write(e.Conn, x)
				b.take(e.Conn, s, x)
			}
		}
	}
	s.request++
	x := b.at(e.Conn, s, true)
	x.set(httpMethod, e.Method)
	x.set(httpURI, e.UnescapedURI)
	b.account(e.Conn, s, x)
}

func informational(code uint64) bool { return 100 <= code && code <= 199 }

func (b *httpLog) onReply(e *event.HTTPReply) {
	s := b.state(e.Conn)
	// The final reply follows an informational one.
	if x := s.find(s.reply); x == nil || x.hasCode && !informational(x.code) {
		s.reply++
	}
	x := b.at(e.Conn, s, false)
	x.code, x.hasCode, x.version = e.Code, true, e.Version
	x.set(httpStatusMsg, e.Reason)
	if e.Code == 200 && b.tunnels != nil && x.has&(1<<httpMethod) != 0 && string(x.texts[httpMethod]) == "CONNECT" {
		b.tunnels.proxy(e.Conn, tunnelHTTP)
	}
	if informational(e.Code) {
		x.infoCode = e.Code
		x.set(httpInfoMsg, e.Reason)
	}
}

func (b *httpLog) beginEntity(e *event.HTTPBeginEntity) {
	x := b.at(e.Conn, b.state(e.Conn), e.IsOrig)
	x.entity = true
	x.has &^= 1 << httpFilename
}

func (b *httpLog) endEntity(e *event.HTTPEndEntity) {
	if x := b.state(e.Conn).current; x != nil {
		x.entity = false
		x.has &^= 1 << httpFilename
	}
}

func (b *httpLog) onHeader(e *event.HTTPHeader) {
	s := b.state(e.Conn)
	x := b.at(e.Conn, s, e.IsOrig)
	if e.IsOrig {
		b.requestHeader(x, e)
	}
	switch {
	case !x.entity:
		// Request and reply overlap, and the other side's entity ended in between.
	case string(e.Name) == "CONTENT-DISPOSITION":
		if lastParameter(e.Value, "filename", true) >= 0 {
			b.setFilename(x, e.Value)
		}
	case string(e.Name) == "CONTENT-TYPE":
		if lastParameter(e.Value, "name", false) >= 0 {
			b.setFilename(x, e.Value)
		}
	}
	b.account(e.Conn, s, x)
	if b.ws && s.webSocketHeader(e) && len(e.Value) > smallState {
		s.ws.held += len(e.Value)
		b.hold(e.Conn, len(e.Value))
	}
}

func (b *httpLog) setFilename(x *httpExchange, value []byte) {
	b.nameBuf = appendFilename(b.nameBuf[:0], value)
	x.set(httpFilename, b.nameBuf)
}

func (b *httpLog) requestHeader(x *httpExchange, e *event.HTTPHeader) {
	switch string(e.Name) {
	case "REFERER":
		x.set(httpReferrer, e.Value)
	case "HOST":
		x.set(httpHost, e.Value)
	case "ORIGIN":
		x.set(httpOrigin, e.Value)
	case "USER-AGENT":
		x.set(httpUserAgent, e.Value)
	case "FORWARDED", "X-FORWARDED-FOR", "X-FORWARDED-FROM", "CLIENT-IP", "VIA", "XROXY-CONNECTION", "PROXY-CONNECTION":
		if s := string(e.Name) + " -> " + string(e.Value[:min(len(e.Value), maxHTTPField)]); len(x.proxied) < maxProxied && !slices.Contains(x.proxied, s) {
			x.proxied = append(x.proxied, s)
			x.size += len(s)
		}
	case "AUTHORIZATION", "PROXY-AUTHORIZATION":
		if user, ok := basicUser(b.nameBuf[:0], e.Value); ok {
			x.set(httpUsername, user)
		}
	}
}

func (b *httpLog) messageDone(e *event.HTTPMessageDone) {
	s := b.state(e.Conn)
	x := b.at(e.Conn, s, e.IsOrig)
	if e.IsOrig {
		x.reqBody = e.Stat.BodyLength
		return
	}
	x.respBody = e.Stat.BodyLength
	if x.hasCode && informational(x.code) {
		return
	}
	b.write(e.Conn, x)
	// Nothing that follows is about this exchange.
	if x := s.find(s.reply); x != nil {
		b.take(e.Conn, s, x)
	}
}

// file adds a file to its exchange.
func (b *httpLog) file(e *event.FileOverNewConnection) {
	if s := e.File.Source(); s != "HTTP" && s != "HTTP2" {
		return
	}
	s := b.known(e.Conn)
	if s == nil || s.current == nil {
		return
	}
	x := s.current
	e.File.SetSlot(b.fileSlot, x)
	x.files = append(x.files, e.File)
	if cap(x.files) > maxHTTPFiles {
		x.size += filePointer
	}
	if x.has&(1<<httpFilename) != 0 {
		e.File.SetFilename(x.texts[httpFilename])
	}
	isOrig, _ := e.File.IsOrig()
	i := sideIndex(isOrig)
	if len(x.fuids[i]) >= maxHTTPFiles {
		return
	}
	x.fuids[i] = append(x.fuids[i], e.File.FUID())
	if n, ok := e.File.Filename(); ok {
		x.filenames[i] = append(x.filenames[i], n)
		x.size += len(n)
	}
}

func (b *httpLog) sniffed(e *event.FileSniff) {
	x, _ := e.File.Slot(b.fileSlot).(*httpExchange)
	isOrig, ok := e.File.IsOrig()
	if x == nil || !ok || !e.Meta.MIMEType.OK {
		return
	}
	if i := sideIndex(isOrig); len(x.mimes[i]) < maxHTTPFiles {
		x.mimes[i] = append(x.mimes[i], e.Meta.MIMEType.V)
	}
}

// ended writes the exchanges without a reply.
func (b *httpLog) ended(c event.Conn, s *httpState) {
	for x := s.pending; x != nil; {
		next := x.next
		if x.key != 0 {
			b.write(c, x)
		}
		b.release(c, x)
		x = next
	}
	b.dropWebSocket(c, s)
	*s = httpState{}
}

// early writes the exchanges that take too much memory. Later ones keep their numbers.
func (b *httpLog) early(c event.Conn) {
	s := b.known(c)
	kept := httpState{request: s.request, reply: s.reply, depth: s.depth}
	b.ended(c, s)
	*s = kept
}

func (b *httpLog) write(c event.Conn, x *httpExchange) {
	if !b.http {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r := &b.rec
	*r = schemas.HTTP{}
	r.TS, r.UID, r.ID, r.TransDepth = x.ts, text(b.uidBuf), Endpoints(&id), uint64(x.depth)
	r.Method, r.Host, r.URI, r.Referrer = x.get(httpMethod), x.get(httpHost), x.get(httpURI), x.get(httpReferrer)
	r.UserAgent, r.Origin, r.Username = x.get(httpUserAgent), x.get(httpOrigin), x.get(httpUsername)
	r.RequestBodyLen, r.ResponseBodyLen = x.reqBody, x.respBody
	r.StatusMsg, r.InfoMsg, r.Tags = x.get(httpStatusMsg), x.get(httpInfoMsg), noTags
	if x.hasCode {
		r.StatusCode, r.Version = value.Some(x.code), value.Some(x.version)
	}
	if x.infoCode != 0 {
		r.InfoCode = value.Some(x.infoCode)
	}
	if x.stream && b.streams {
		r.HTTP2Stream = value.Some(uint64(x.key))
	}
	if len(x.proxied) > 0 {
		r.Proxied = x.proxied
	}
	r.OrigFUIDs = b.uidStrings(0, x.fuids[0])
	r.RespFUIDs = b.uidStrings(1, x.fuids[1])
	r.OrigFilenames, r.RespFilenames = vector(x.filenames[0]), vector(x.filenames[1])
	r.OrigMIMETypes, r.RespMIMETypes = vector(x.mimes[0]), vector(x.mimes[1])
	b.out.Emit(r)
}

var noTags = value.Set[value.Enum]{}

// vector returns v, unset if it has no elements.
func vector(v []string) value.Vector[string] {
	if len(v) == 0 {
		return nil
	}
	return v
}

func (b *httpLog) uidStrings(i int, uids []value.UID) value.Vector[string] {
	if len(uids) == 0 {
		return nil
	}
	list := b.fuids[i][:0]
	for j := range uids {
		start := len(b.uidBuf)
		b.uidBuf = uids[j].Append(b.uidBuf)
		// If the buffer grows, earlier strings keep the old one alive.
		list = append(list, text(b.uidBuf[start:]))
	}
	b.fuids[i] = list
	return list
}
