// Package redis analyzes RESP, the protocol of Redis and Valkey, in its versions 2 and 3:
// commands as arrays or as lines, pipelines, and replies, which it turns into text.
//
// The protocol has no RFC. It is described in "Redis serialization protocol specification".
// What is read, and what is wrong, follows Zeek's src/analyzer/protocol/redis: an error of
// the client ends the analysis, after one of the server it goes on with what follows the
// next line end.
package redis

import (
	"bytes"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "REDIS"
	port   = 6379
	// asZeek is the effect with which words that do not follow the protocol, but that
	// servers pass over, are violations.
	asZeek = compat.PackageProtocols
)

// Limits in Zeek's resp.spicy.
const (
	maxLine   = 1 << 20 // bytes of a line with its end, and of a string
	maxInline = 1024    // bytes of a command that is a line, with its end
	maxDepth  = 20      // values inside each other
)

// Options configure the protocol.
type Options struct {
	Elements     int `key:"limits.redis_max_aggregate_elements" unit:"count" min:"0" doc:"elements of all arrays of a Redis message; more are a violation; 0 is no bound (Redis::max_aggregate_elements)"`
	MessageBytes int `key:"limits.redis_message_bytes" unit:"bytes" min:"1" doc:"bytes of a Redis command or reply that its events have; what is beyond is left out"`
}

// DefaultOptions returns Zeek's limits, and wirelog's where Zeek has none.
func DefaultOptions() Options { return Options{Elements: 20_000, MessageBytes: 64 << 10} }

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.Redis, opt: o, spare: freelist.Buffers{Largest: 32 << 10, Most: 256}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{port}}
	p.Signatures = []detect.Signature{{Resp: replies}}
	p.Protocol = conn.Protocol{Name: source, Service: "redis", New: f.new, Size: freelist.Size[analyzer]() + 256}
	return p
}

// replies is Zeek's signature of a server, which is enough by itself: a line that begins
// like a value, with a number where the type has one.
func replies(b []byte) detect.Verdict {
	switch b[0] {
	case '-', '+', '_', ',':
		if bytes.Contains(b[1:], crlf) {
			return detect.Match
		}
		return detect.NeedMore
	case ':', '$', '*', '#', '(', '!', '=', '%', '`', '~', '>':
	default:
		return detect.NoMatch
	}
	i := 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	digits := func() (n int) {
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i, n = i+1, n+1
		}
		return n
	}
	if digits() == 0 && i < len(b) {
		return detect.NoMatch
	}
	if i < len(b) && b[i] == '.' {
		i++
		digits()
	}
	return detect.StartsWith(b[i:], "\r\n")
}

// factory makes a shard's analyzers and has what they share.
type factory struct {
	hooks *event.RedisEvents
	opt   Options
	free  freelist.List[analyzer]
	spare freelist.Buffers
	raw   [][]byte
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use

	client client
	server server
	asked  bool // the client has sent something
	dead   bool // nothing more is read
	resp3  bool // the version of RESP, as far as the messages show it
	// pushes is set while every message of the server is a push, in version 2.
	pushes bool
	held   int // bytes on the account
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.dead || len(b) == 0 {
		return
	}
	if isOrig {
		a.asked = true
		a.requests(b)
	} else if a.begun(b) {
		a.answers(b)
	}
	if a.dead {
		return
	}
	a.client.tidy(&a.f.spare)
	a.server.tidy(&a.f.spare)
	if n := a.client.kept() + a.server.kept(); n != a.held {
		a.Hold(n - a.held)
		if a.held = n; a.Full(source) {
			a.stop()
			a.Detach()
		}
	}
}

// begun reports whether the client has begun. It is a violation if the server does.
func (a *analyzer) begun(b []byte) bool {
	if !a.asked {
		a.fail("Server responses must come after a client request is seen (zeek/src/analyzer/protocol/redis/resp.spicy:65:13-65:78)", b)
	}
	return a.asked
}

// fail reports a violation in b. Nothing more is read, even if the analyzer stays. Zeek tells
// b, which depends on the segments.
func (a *analyzer) fail(reason string, b []byte) {
	a.stop()
	if !a.Compat(asZeek) {
		b = nil
	}
	a.Violate(conn.Violation{Reason: reason, Data: b})
}

// stop ends the reading and gives back what is kept.
func (a *analyzer) stop() {
	a.dead = true
	a.client.release(a.f)
	a.server.release(a.f)
	a.Hold(-a.held)
	a.held = 0
}

// Gap ends the analysis if bytes of the client are missing. The server's messages go on
// after the next line end.
func (a *analyzer) Gap(isOrig bool, _ uint64) {
	switch {
	case a.dead:
	case isOrig:
		a.stop()
	case a.begun(nil):
		a.server.lose(a, fault{kind: faultMissing})
	}
}

// End reports messages that are not complete, and errors of the server.
func (a *analyzer) End(isOrig bool) {
	switch {
	case a.dead:
	case isOrig && a.client.state != clientStart:
		a.fail(fault{kind: faultEnd}.String(), nil)
	case !isOrig:
		a.server.end(a)
	}
}

// Flip makes the next byte of each side the first of a message: client and server are
// not the same any more.
func (a *analyzer) Flip() {
	a.client.release(a.f)
	a.server.release(a.f)
}

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if !a.dead {
		a.stop()
	}
	a.f.free.Put(a)
}
