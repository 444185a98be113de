package http

import (
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// This file matches replies to requests as Zeek's base/protocols/http does. File
// identities and some weirds depend on it.

// maxPending is the number of requests that may wait for replies before all of them are
// dropped (HTTP::max_pending_requests).
const maxPending = 100

// maxKept limits the bytes of URI and host that are kept for a file's identity.
const maxKept = 4096

// maxMethod limits the bytes of a method that are kept.
const maxMethod = 32

// exchange is a request and its reply.
type exchange struct {
	key   uint64
	depth uint64 // its number on the connection
	code  int    // status, -1 before the reply
	// ranged is set if the request has a Range header.
	ranged  bool
	hasHost bool
	hasURI  bool
	entity  bool // an entity has begun
	orphan  bool // current, but no longer pending
	host    []byte
	uri     []byte
	method  []byte
	parts   [2]uint64 // number of entities of request and reply
	held    int       // bytes on the connection's account
}

// exchanges are the exchanges of a connection.
type exchanges struct {
	pending []*exchange
	current *exchange // the exchange of the last event
	request uint64
	reply   uint64
	depth   uint64
}

// keptText bounds the capacity of the buffers of an exchange that are reused.
const keptText = 256

func (a *analyzer) releaseExchange(x *exchange) {
	a.HoldState(-x.held)
	*x = exchange{host: reuse(x.host), uri: reuse(x.uri), method: x.method[:0]}
	a.f.exchanges.Put(x)
}

func reuse(b []byte) []byte {
	if cap(b) > keptText {
		return nil
	}
	return b[:0]
}

// account counts what x takes beyond what every connection's only exchange does.
func (a *analyzer) account(x *exchange) {
	n := max(0, cap(x.host)-keptText) + max(0, cap(x.uri)-keptText)
	if len(a.x.pending) > 1 {
		n += exchangeSize
	}
	if n > x.held {
		a.HoldState(n - x.held)
		x.held = n
	}
}

func (e *exchanges) find(key uint64) *exchange {
	for _, x := range e.pending {
		if x.key == key {
			return x
		}
	}
	return nil
}

// drop removes an exchange from the pending ones.
func (e *exchanges) drop(a *analyzer, key uint64) {
	for i, x := range e.pending {
		if x.key != key {
			continue
		}
		n := copy(e.pending[i:], e.pending[i+1:])
		e.pending = e.pending[:i+n]
		if x == e.current {
			x.orphan = true
		} else {
			a.releaseExchange(x)
		}
		return
	}
}

// reset returns all exchanges to the free list.
func (e *exchanges) reset(a *analyzer) {
	if x := e.current; x != nil && x.orphan {
		a.releaseExchange(x)
	}
	for _, x := range e.pending {
		a.releaseExchange(x)
	}
	*e = exchanges{pending: e.pending[:0]}
}

// at makes the exchange that the side is in current and returns it.
func (a *analyzer) at(isOrig bool) *exchange {
	e := &a.x
	key := e.reply
	if isOrig {
		key = e.request
	}
	x := e.find(key)
	if x == nil {
		x = a.f.exchanges.Get()
		e.depth++
		x.key, x.depth, x.code = key, e.depth, -1
		e.pending = append(e.pending, x)
	}
	if old := e.current; old != x {
		if old != nil && old.orphan {
			a.releaseExchange(old)
		}
		e.current = x
	}
	return x
}

func (a *analyzer) noteRequest(method, uri []byte) {
	e := &a.x
	if e.request < e.reply {
		a.Weird("HTTP_response_before_request", "", "")
		e.request = e.reply
	}
	if len(e.pending) > maxPending {
		a.Limited(source, "pending_requests")
		a.Weird("HTTP_excessive_pipelining", "", "")
		if e.reply == 0 {
			e.reply++
		}
		for ; e.reply < e.request; e.reply++ {
			e.drop(a, e.reply)
		}
	}
	e.request++
	x := a.at(true)
	x.uri, x.hasURI = append(x.uri[:0], uri[:min(len(uri), maxKept)]...), true
	x.method = append(x.method[:0], method[:min(len(method), maxMethod)]...)
	a.account(x)
	if !knownMethod(method, a.f.opt.Compat.Has(compat.HTTPMethods)) {
		a.Weird("unknown_HTTP_method", string(method), "")
	}
}

// knownMethod reports whether m is one of HTTP::http_methods or, unless zeek is set, of
// IANA's registry of methods.
func knownMethod(m []byte, zeek bool) bool {
	switch string(m) {
	case "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
		"POLL", "REPORT", "SUBSCRIBE", "BMOVE", "SEARCH":
		return true
	case "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "LABEL", "LINK", "MERGE",
		"MKACTIVITY", "MKCALENDAR", "MKREDIRECTREF", "MKWORKSPACE", "ORDERPATCH", "PATCH", "PRI",
		"QUERY", "REBIND", "UNBIND", "UNCHECKOUT", "UNLINK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL":
		return !zeek
	}
	return false
}

func (a *analyzer) noteReply(code int) {
	e := &a.x
	if x := e.find(e.reply); x == nil || x.code >= 0 && !informational(x.code) {
		e.reply++
	}
	a.at(false).code = code
}

func informational(code int) bool { return 100 <= code && code <= 199 }

func (a *analyzer) noteEntity(isOrig bool) {
	x := a.at(isOrig)
	x.parts[conn.Side(isOrig)]++
	x.entity = true
}

// noteHeader records a header. name is in upper case.
func (a *analyzer) noteHeader(isOrig bool, name, value []byte) {
	x := a.at(isOrig)
	if isOrig {
		switch string(name) {
		case "HOST":
			x.host, x.hasHost = append(x.host[:0], value[:min(len(value), maxKept)]...), true
			a.account(x)
		case "RANGE":
			x.ranged = true
		case "AUTHORIZATION", "PROXY-AUTHORIZATION":
			a.checkBasic(value)
		}
	}
	if !x.entity {
		a.weird("missing_HTTP_entity")
	}
}

// checkBasic decodes the credentials of basic authentication (RFC 7617 section 2), as
// Zeek's script does to log the user name. Malformed Base64 raises a weird.
func (a *analyzer) checkBasic(value []byte) {
	const scheme = "basic"
	if len(value) <= len(scheme) || value[len(scheme)] != ' ' || !ascii.Equal(value[:len(scheme)], scheme) {
		return
	}
	var d mime.Base64
	if a.f.decoded = d.Append(a.f.decoded[:0], value[skipBlanks(value, len(scheme)):], a); !d.Bad() {
		a.f.decoded = d.Finish(a.f.decoded, a)
	}
	if cap(a.f.decoded) > maxKept {
		a.f.decoded = nil
	}
}

// Base64Weird reports malformed Base64.
func (a *analyzer) Base64Weird(detail string) {
	a.Weird("base64_illegal_encoding", detail, "")
}

func (a *analyzer) noteEndOfEntity() {
	if x := a.x.current; x != nil {
		x.entity = false
	}
}

func (a *analyzer) noteDone(isOrig bool) {
	x := a.at(isOrig)
	if !isOrig && !informational(x.code) {
		a.x.drop(a, a.x.reply)
	}
}

// Kinds of file handles.
const (
	handleEntity = iota
	handleRange
)

// appendHandle appends the handle of the file that the side transfers. It identifies an
// entity of the connection or, for a range request, the client and the URL.
func (a *analyzer) appendHandle(dst []byte, isOrig bool) []byte {
	x := a.x.current
	if x == nil {
		return dst
	}
	dst = append(dst, "HTTP"...)
	if !x.ranged || isOrig {
		uid := a.Conn().UID()
		dst = append(dst, handleEntity, byte(conn.Side(isOrig)))
		dst = uid.Append(dst)
		dst = strconv.AppendUint(append(dst, ' '), x.depth, 10)
		return strconv.AppendUint(append(dst, ' '), x.parts[conn.Side(isOrig)], 10)
	}
	dst = append(dst, handleRange)
	id := a.Conn().ID()
	addr := id.OrigH.As16()
	dst = append(dst, addr[:]...)
	return x.appendURL(dst, &id)
}

// appendURL appends the URL of the request (Zeek's HTTP::build_url).
func (x *exchange) appendURL(dst []byte, id *event.ConnID) []byte {
	if x.hasURI && hasScheme(x.uri) {
		return append(dst, x.uri...)
	}
	switch {
	case x.hasHost:
		dst = append(dst, x.host...)
	default:
		dst = id.RespH.AppendTo(dst)
	}
	if id.RespP != 80 {
		dst = strconv.AppendUint(append(dst, ':'), uint64(id.RespP), 10)
	}
	if !x.hasURI {
		return append(dst, "/<missed_request>"...)
	}
	return append(dst, x.uri...)
}
