// Package http2 analyzes HTTP/2 in the clear (RFC 9113): connections that begin with its preface,
// such as those of gRPC, and those of HTTP/1.1 that upgrade to h2c (RFC 7540 section 3.2). Zeek
// has no such analyzer; events are those of the package bro-http2.
package http2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/body"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "HTTP2"

// version is the version in events, as bro-http2 has it.
const version = "2.0"

// PrefaceLine is the first line of a connection of HTTP/2, without its end (RFC 9113 section
// 3.4).
const PrefaceLine = "PRI * HTTP/2.0"

// preface is what a client sends first.
const preface = PrefaceLine + "\r\n\r\nSM\r\n\r\n"

// Options configure the analyzer.
type Options struct {
	Block   int `key:"limits.http2_header_block_bytes" unit:"bytes" min:"1024" max:"16777216" doc:"compressed bytes of the headers of an HTTP/2 message; after longer ones no header of that side is read"`
	List    int `key:"limits.http2_header_list_bytes" unit:"bytes" min:"1024" max:"16777216" doc:"bytes of the headers of an HTTP/2 message, with 32 for each; those beyond are left out"`
	Table   int `key:"limits.http2_header_table_bytes" unit:"bytes" min:"4096" max:"16777216" doc:"bytes of headers that each side of an HTTP/2 connection may refer to again; after an encoder that keeps more no header of that side is read"`
	Streams int `key:"limits.http2_streams" unit:"count" min:"1" max:"1000000" doc:"open streams of an HTTP/2 connection; more have the row of the oldest written early"`

	// Piece is the number of bytes of a body that one event has at most; URI is that of a
	// path, and 0 is no bound. SkipData has bodies counted only. They are those of HTTP/1.
	Piece    int  `key:"-"`
	URI      int  `key:"-"`
	SkipData bool `key:"-"`
	// Inflaters removes compression, for all versions of HTTP.
	Inflaters *body.Inflaters `key:"-"`
}

// DefaultOptions returns the defaults of what is not shared.
func DefaultOptions() Options {
	return Options{Block: 256 << 10, List: 256 << 10, Table: 64 << 10, Streams: 1000, Piece: 1500}
}

// Protocol is the protocol, and the way of HTTP/1 to hand a connection over to it.
type Protocol struct {
	*detect.Protocol
	f *factory
}

// New returns the protocol for one shard. Its analyzers raise their events on h and pass bodies
// to fm, which may be nil.
func New(h *event.Hooks, fm *files.Manager, o Options) *Protocol {
	if o.SkipData {
		fm = nil
	}
	if o.Inflaters == nil {
		o.Inflaters = body.New(0)
	}
	f := &factory{hooks: &h.HTTP2, files: fm, opt: o}
	f.emit = f.field
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, preface) }}},
	}
	// Two decoders with tables of the size that needs no setting.
	p.Protocol = conn.Protocol{Name: source, Service: "http2", New: f.new, Size: freelist.Size[analyzer]() + 2*(4096+1024)}
	return &Protocol{p, f}
}

// Upgrade has the next connection that is handed over begin with the answer to a request of
// HTTP/1.1, as stream 1.
func (p *Protocol) Upgrade(method, uri, host []byte) {
	p.f.upgrade = &upgrade{method: string(method), host: string(host), uri: append([]byte(nil), uri...)}
}

type upgrade struct {
	method, host string
	uri          []byte
}

// factory makes the analyzers of a shard.
type factory struct {
	hooks   *event.HTTP2Events
	files   *files.Manager
	opt     Options
	upgrade *upgrade // of the next analyzer

	free      freelist.List[analyzer]
	streams   freelist.List[stream]
	uri       []byte
	unescaped []byte
	handle    []byte
	block     block
	emit      func(hpack.HeaderField) // field
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use

	sides   [2]side
	streams []*stream // open, oldest first
	last    *stream   // that of the last frame; may be nil
	latest  [2]uint32 // highest identifier of a stream that the side has opened
	// largest is the number of bytes that a frame of either side may have (SETTINGS_MAX_FRAME_SIZE).
	largest uint32
	off     bool
	weirdFn func(name string)
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	if a.weirdFn == nil {
		a.weirdFn = func(name string) { a.Weird(name, "", source) }
	}
	*a = analyzer{f: f, Use: u, largest: minLargest, weirdFn: a.weirdFn, streams: a.streams[:0], sides: a.sides}
	for i := range a.sides {
		a.sides[i].reset(a, i == 0)
	}
	if up := f.upgrade; up != nil {
		f.upgrade = nil
		// The client has sent all of its request (RFC 7540 section 3.2).
		s := a.open(1)
		s.begun[0], s.method = true, up.method
		a.latest[0] = 1
		a.raiseRequest(s, true, &request{method: up.method, host: up.host, path: string(up.uri)})
		a.endSide(s, 0)
	}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.sides[conn.Side(isOrig)]
	for len(b) > 0 && !a.off && !s.dead {
		b = s.take(b)
	}
}

// Gap skips n missing bytes. Analysis of the side goes on only if all of them belong to a body.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.sides[conn.Side(isOrig)]
	if a.off || s.dead {
		return
	}
	if s.mode == modeData && n <= uint64(s.left-s.padding) && s.padded {
		s.left -= uint32(n)
		if x := a.find(s.stream); x != nil {
			a.bodyGap(x, conn.Side(isOrig), n)
		}
		if s.left == 0 {
			s.frameDone()
		}
		return
	}
	// Where the next frame begins is unknown, and so is what its headers refer to.
	s.dead = true
	a.Weird("HTTP2_gap", "", source)
	a.Opaque()
}

// End does nothing: a stream of the connection ends by its own frames, or in Done.
func (a *analyzer) End(bool) {}

// Done ends the streams that are still open.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	for len(a.streams) > 0 {
		a.endStream(a.streams[0])
	}
	for i := range a.sides {
		a.sides[i].release()
	}
	f := a.f
	a.f, a.Use, a.off = nil, conn.Use{}, true
	f.free.Put(a)
}

// violate reports that a connection is not HTTP/2.
func (a *analyzer) violate(reason string) {
	a.off = true
	a.Violate(conn.Violation{Reason: reason})
}
