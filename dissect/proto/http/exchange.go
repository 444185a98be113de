package http

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/event"
)

// Requests and their replies are counted here as Zeek's base/protocols/http does: the
// identity of the files that they carry depends on it, and some weirds.

// maxPending is how many requests may wait for their replies before all are given up
// (HTTP::max_pending_requests).
const maxPending = 100

// maxKept bounds the URI and the host that are remembered for a file's identity.
const maxKept = 4096

// exchange is a request with its reply.
type exchange struct {
	key   uint64
	depth uint64 // its number on the connection
	code  int    // status, -1 as long as there is none
	// ranged tells that the request asks for a part of something.
	ranged  bool
	hasHost bool
	hasURI  bool
	entity  bool // one has begun
	orphan  bool // no longer pending
	host    []byte
	uri     []byte
	parts   [2]uint64 // entities of request and reply
}

// exchanges are those of a connection.
type exchanges struct {
	pending []*exchange
	current *exchange // the one that an event was about last
	request uint64
	reply   uint64
	depth   uint64
}

func (f *factory) newExchange() *exchange {
	if n := len(f.exchanges); n > 0 {
		x := f.exchanges[n-1]
		f.exchanges = f.exchanges[:n-1]
		return x
	}
	return new(exchange)
}

func (f *factory) release(x *exchange) {
	*x = exchange{host: x.host[:0], uri: x.uri[:0]}
	f.exchanges = append(f.exchanges, x)
}

func (e *exchanges) find(key uint64) *exchange {
	for _, x := range e.pending {
		if x.key == key {
			return x
		}
	}
	return nil
}

// drop takes an exchange off the pending ones.
func (e *exchanges) drop(f *factory, key uint64) {
	for i, x := range e.pending {
		if x.key != key {
			continue
		}
		n := copy(e.pending[i:], e.pending[i+1:])
		e.pending = e.pending[:i+n]
		if x == e.current {
			x.orphan = true
		} else {
			f.release(x)
		}
		return
	}
}

// reset gives all exchanges back.
func (e *exchanges) reset(f *factory) {
	if x := e.current; x != nil && x.orphan {
		f.release(x)
	}
	for _, x := range e.pending {
		f.release(x)
	}
	*e = exchanges{pending: e.pending[:0]}
}

// at makes the exchange of the side current.
func (a *analyzer) at(isOrig bool) *exchange {
	e := &a.x
	key := e.reply
	if isOrig {
		key = e.request
	}
	x := e.find(key)
	if x == nil {
		x = a.f.newExchange()
		e.depth++
		x.key, x.depth, x.code = key, e.depth, -1
		e.pending = append(e.pending, x)
	}
	if old := e.current; old != x {
		if old != nil && old.orphan {
			a.f.release(old)
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
			e.drop(a.f, e.reply)
		}
	}
	e.request++
	x := a.at(true)
	x.uri, x.hasURI = append(x.uri[:0], uri[:min(len(uri), maxKept)]...), true
	if !knownMethod(method) {
		a.Weird("unknown_HTTP_method", string(method), "")
	}
}

// knownMethod reports whether a method is one of HTTP::http_methods.
func knownMethod(m []byte) bool {
	switch string(m) {
	case "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
		"POLL", "REPORT", "SUBSCRIBE", "BMOVE", "SEARCH":
		return true
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
	x.parts[index(isOrig)]++
	x.entity = true
}

// noteHeader takes a header, whose name is in upper case.
func (a *analyzer) noteHeader(isOrig bool, name, value []byte) {
	x := a.at(isOrig)
	if isOrig {
		switch string(name) {
		case "HOST":
			x.host, x.hasHost = append(x.host[:0], value[:min(len(value), maxKept)]...), true
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

// checkBasic looks at the credentials of basic authentication (RFC 7617 section 2), as
// Zeek's script does that logs the user's name: what is no Base64 is a weird.
func (a *analyzer) checkBasic(value []byte) {
	const scheme = "basic"
	if len(value) <= len(scheme) || value[len(scheme)] != ' ' || !mime.Equal(value[:len(scheme)], scheme) {
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

// Base64Weird tells of what is no Base64.
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
		a.x.drop(a.f, a.x.reply)
	}
}

// Kinds of handles.
const (
	handleEntity = iota
	handleRange
)

// appendHandle appends what identifies the file that the side is transferring: an
// entity of its own, or, where only a part was asked for, what its URL names.
func (a *analyzer) appendHandle(dst []byte, isOrig bool) []byte {
	x := a.x.current
	if x == nil {
		return dst
	}
	dst = append(dst, "HTTP"...)
	if !x.ranged || isOrig {
		uid := a.Conn().UID()
		dst = append(dst, handleEntity, byte(index(isOrig)))
		dst = uid.Append(dst)
		dst = strconv.AppendUint(append(dst, ' '), x.depth, 10)
		return strconv.AppendUint(append(dst, ' '), x.parts[index(isOrig)], 10)
	}
	dst = append(dst, handleRange)
	id := a.Conn().ID()
	addr := id.OrigH.As16()
	dst = append(dst, addr[:]...)
	return x.appendURL(dst, &id)
}

// appendURL is Zeek's HTTP::build_url.
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
