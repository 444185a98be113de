// Package xmpp analyzes XMPP (RFC 6120) up to the change to TLS, or to the point after
// which there can be none. It parses only as much XML as that takes, as Zeek's
// src/analyzer/protocol/xmpp does.
package xmpp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "XMPP"
	// maxTag bounds an unfinished tag, in bytes.
	maxTag = 1 << 16
)

// New returns the protocol for the detector. Its analyzers raise events on h; ssl
// analyzes what follows starttls.
func New(h *event.Hooks, ssl *conn.Protocol) *detect.Protocol {
	f := &factory{hooks: &h.XMPP, ssl: ssl}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{5222, 5269},
		Signatures: []detect.Signature{{Orig: stream}, {Resp: stream}},
	}
	p.Protocol = conn.Protocol{Name: source, Service: "xmpp", New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// stream matches the opening tag of a stream (RFC 6120 section 4.2), of either side.
func stream(b []byte) detect.Verdict {
	const declaration, tag = "<?xml", "<stream:stream "
	if detect.StartsWith(b, declaration) == detect.Match {
		b = b[len(declaration):]
		i := bytes.IndexAny(b, "?>")
		if i < 0 {
			return detect.NeedMore
		}
		if v := detect.StartsWith(b[i:], "?>"); v != detect.Match {
			return v
		}
		b = b[i+2:]
	}
	b = bytes.TrimLeft(b, "\n\r ")
	if v := detect.StartsWith(b, tag); v != detect.Match {
		if detect.StartsWith(b, declaration) == detect.NeedMore {
			v = detect.NeedMore
		}
		return v
	}
	b = b[len(tag):]
	i := bytes.IndexByte(b, '>')
	if i >= 0 {
		b = b[:i]
	}
	switch {
	case bytes.Contains(b, []byte("xmlns='jabber:")):
		return detect.Match
	case i >= 0:
		return detect.NoMatch
	default:
		return detect.NeedMore
	}
}

// factory makes a shard's analyzers and reuses finished ones.
type factory struct {
	hooks *event.XMPPEvents
	ssl   *conn.Protocol
	free  freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, tag: [2][]byte{a.tag[0][:0], a.tag[1][:0]}}
	return a
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	tag   [2][]byte // unfinished tags, with their opening bracket
	asked bool      // the client has asked for TLS
	off   bool
	tls   conn.Handover
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	for !a.off && !a.tls.On() && len(b) > 0 {
		if a.Conn().Incomplete() {
			return
		}
		b = a.read(isOrig, b)
	}
	if len(b) > 0 {
		a.tls.Data(isOrig, b)
	}
}

// read consumes text before a tag or bytes of a tag, and returns the rest.
func (a *analyzer) read(isOrig bool, b []byte) []byte {
	tag := &a.tag[conn.Side(isOrig)]
	if len(*tag) == 0 {
		if isOrig && a.asked {
			// Zeek takes only spaces before a tag that begins a segment. The client waits for
			// the answer, so that this is where its next segment begins.
			if b = bytes.TrimLeft(b, " \r\n"); len(b) > 0 && b[0] != '<' {
				a.violate("text after a request for TLS")
				return nil
			}
		}
		i := bytes.IndexAny(b, "<>")
		if i < 0 {
			return nil
		}
		if b[i] == '>' {
			a.violate("a tag ends that has not begun")
			return nil
		}
		b = b[i:]
	}
	from := 0
	if len(*tag) == 0 {
		from = 1
	}
	i := bytes.IndexAny(b[from:], "<>")
	if i < 0 {
		a.HoldState(len(b))
		if *tag = append(*tag, b...); len(*tag) > maxTag {
			a.violate("a tag is too long")
		}
		return nil
	}
	if i += from; b[i] == '<' {
		a.violate("a tag in a tag")
		return nil
	}
	t := b[:i]
	if len(*tag) > 0 {
		a.HoldState(-len(*tag))
		*tag = append(*tag, t...)
		t = *tag
		*tag = (*tag)[:0]
	}
	a.element(isOrig, t[1:])
	return b[i+1:]
}

// element takes a tag without its brackets.
func (a *analyzer) element(isOrig bool, tag []byte) {
	n := 0
	if n < len(tag) && tag[n] == '/' {
		n++
	}
	for n < len(tag) && isNameChar(tag[n]) {
		n++
	}
	name := tag[:n]
	local := name
	if i := bytes.IndexByte(name, ':'); i >= 0 && len(name) > i+1 {
		local = name[i+1:]
	}
	switch string(name) {
	case "stream:stream":
		if isOrig {
			a.Confirm()
		}
	case "success", "message", "db:result", "db:verify", "presence":
		a.off = true // it is too late for TLS
		return
	case "proceed":
		if !isOrig && !a.asked {
			a.Weird("XMPP: proceed without starttls", "", source)
		}
	}
	switch {
	case isOrig && string(local) == "starttls":
		a.asked = true
	case !isOrig && a.asked && string(local) == "proceed":
		a.tls = a.HandOver(a.f.ssl)
		if e := a.f.hooks.StartTLS.Begin(); e != nil {
			*e = event.XMPPStartTLS{Conn: a.Conn()}
			a.f.hooks.StartTLS.Raise(e)
		}
	}
}

func isNameChar(c byte) bool {
	return c == '?' || c == ':' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func (a *analyzer) violate(reason string) {
	a.off = true
	a.Violate(conn.Violation{Reason: reason, Late: true})
}

// Gap matters only to TLS: Data stops reading tags once bytes are missing.
func (a *analyzer) Gap(isOrig bool, n uint64) { a.tls.Gap(isOrig, n) }

// End matters only to TLS.
func (a *analyzer) End(isOrig bool) { a.tls.End(isOrig) }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.tls.Done()
	for i := range a.tag {
		a.HoldState(-len(a.tag[i]))
		if cap(a.tag[i]) > 4096 {
			a.tag[i] = nil
		}
	}
	a.f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() { a.tag[0], a.tag[1] = a.tag[1], a.tag[0] }
