// Package imap follows the Internet Message Access Protocol (RFC 9051) up to where a client
// logs in or the connection changes to TLS, which is as far as Zeek's IMAP analyzer goes.
package imap

import (
	"bytes"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "IMAP"

const (
	// maxLine bounds a line. RFC 7162 section 4 asks servers to accept 8192
	// bytes.
	maxLine = 64 << 10
	// kept is the largest capacity of a buffer that is reused.
	kept = 4096
)

// New returns the protocol for the detector. Its analyzers raise events on h and hand
// connections over to tls.
func New(h *event.Hooks, tls *conn.Protocol) *detect.Protocol {
	f := &factory{hooks: &h.IMAP, tls: tls}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{143}}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks *event.IMAPEvents
	tls   *conn.Protocol
	free  freelist.List[analyzer]
	caps  [][]byte
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	pending [2][]byte // unfinished lines
	tag     []byte    // of the client's STARTTLS
	begun   [2]bool   // a line of the side has been read
	off     bool      // no longer interested
	tls     conn.Handover
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, pending: a.pending, tag: a.tag[:0]}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	i := conn.Side(isOrig)
	for len(b) > 0 && !a.off && !a.Conn().Partial() {
		if len(a.pending[i]) == 0 && (b[0] == '\r' || b[0] == '\n') && a.begun[i] {
			b = b[1:] // belongs to the previous line
			continue
		}
		n := bytes.IndexAny(b, "\r\n")
		if n < 0 {
			a.keep(i, b)
			return
		}
		line := b[:n]
		if len(a.pending[i]) > 0 {
			a.keep(i, line)
			line = a.pending[i]
		}
		b = b[n:]
		if a.off {
			return
		}
		a.begun[i] = true
		a.line(isOrig, line, b)
		a.forget(i)
		if a.tls.On() {
			a.tls.Data(isOrig, b)
			return
		}
	}
}

// keep stores the beginning of a line.
func (a *analyzer) keep(i int, b []byte) {
	a.pending[i] = append(a.pending[i], b...)
	a.Hold(len(b))
	switch {
	case !isTag(a.pending[i][0]):
		a.mismatch(lineTag, patternTag, a.pending[i], nil)
	case len(a.pending[i]) > maxLine:
		a.Limited(source, "line_size")
		a.violate("line is too long")
	case a.Full(source):
		a.violate("too many lines are incomplete")
	}
}

// forget empties a side's line buffer.
func (a *analyzer) forget(i int) {
	a.Hold(-len(a.pending[i]))
	if a.pending[i] = a.pending[i][:0]; cap(a.pending[i]) > kept {
		a.pending[i] = nil
	}
}

// violate gives up, with a violation.
func (a *analyzer) violate(reason string) {
	a.off = true
	a.Violate(conn.Violation{Reason: reason, Late: true})
}

// Zeek's patterns, with their lines in its grammar of IMAP.
const (
	lineTag, lineSpaces, lineCommand = "18", "19", "20"
	patternTag, patternSpaces        = "[[:alnum:][:punct:]]+", "[ ]+"
)

// mismatch gives up because a pattern does not match what is at hand: the rest of a line, and
// what came with the end of it. Only Zeek tells that, since it depends on the segments.
func (a *analyzer) mismatch(line, pattern string, rest, more []byte) {
	if !a.Compat(compat.IMAPReason) {
		a.violate("line has no tag and command")
		return
	}
	have := append(rest[:len(rest):len(rest)], more...)
	a.violate(wire.Wrong(wire.PatternMismatch("zeek/src/analyzer/protocol/imap/imap-protocol.pac:"+line, pattern, have)).Error())
}

// isTag reports whether Zeek allows c in a tag or a command.
func isTag(c byte) bool { return '!' <= c && c <= '~' }

// cutTag splits a line into its leading tag or command and the rest without leading
// spaces; spaces reports whether there were any.
func cutTag(line []byte) (tag, rest []byte, spaces bool) {
	n := 0
	for n < len(line) && isTag(line[n]) {
		n++
	}
	rest = bytes.TrimLeft(line[n:], " ")
	return line[:n], rest, len(rest) < len(line)-n
}

// line takes a line: a tag, a command or status, and its arguments (RFC 9051 section 2.2).
// More is its end and what came with that.
func (a *analyzer) line(isOrig bool, line, more []byte) {
	tag, rest, spaces := cutTag(line)
	cmd, args, _ := cutTag(rest)
	switch {
	case len(tag) == 0:
		a.mismatch(lineTag, patternTag, line, more)
		return
	case !spaces:
		a.mismatch(lineSpaces, patternSpaces, rest, more)
		return
	case len(cmd) == 0:
		a.mismatch(lineCommand, patternTag, rest, more)
		return
	}
	untagged := len(tag) == 1 && tag[0] == '*'
	switch {
	case !isOrig && untagged && is(cmd, "capability"):
		a.capabilities(args)
	case !isOrig && untagged && is(cmd, "ok"):
		a.Confirm()
	case isOrig && (string(cmd) == "capability" || is(cmd, "starttls")):
		a.Confirm()
	}
	switch string(cmd) {
	case "authenticate", "login", "examine", "create", "list", "fetch":
		// It is too late for STARTTLS. Zeek does not know these in upper case.
		a.Confirm()
		a.off = true
		return
	}
	switch {
	case isOrig && is(cmd, "starttls"):
		if len(a.tag) > 0 {
			a.weird("IMAP: client sent duplicate StartTLS")
		}
		a.tag = append(a.tag[:0], tag[:min(len(tag), kept)]...)
	case isOrig || len(a.tag) == 0 || !bytes.Equal(tag, a.tag):
	case is(cmd, "ok"):
		a.startTLS()
	default:
		a.weird("IMAP: server refused StartTLS")
	}
}

func is(cmd []byte, word string) bool {
	return len(cmd) == len(word) && bytes.EqualFold(cmd, []byte(word))
}

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// capabilities raises IMAPCapabilities.
func (a *analyzer) capabilities(list []byte) {
	h := &a.f.hooks.Capabilities
	if !h.On() {
		return
	}
	caps := a.f.caps[:0]
	for len(list) > 0 {
		var name []byte
		if name, list, _ = cutTag(list); len(name) == 0 {
			break
		}
		caps = append(caps, name)
	}
	e := h.Begin()
	*e = event.IMAPCapabilities{Conn: a.Conn(), Capabilities: caps}
	h.Raise(e)
	clear(caps)
	a.f.caps = caps
}

// startTLS hands the connection over to TLS.
func (a *analyzer) startTLS() {
	a.tls = a.HandOverAfterLine(a.f.tls, false, nil)
	if e := a.f.hooks.StartTLS.Begin(); e != nil {
		*e = event.IMAPStartTLS{Conn: a.Conn()}
		a.f.hooks.StartTLS.Raise(e)
	}
}

// Gap ends the analysis of IMAP.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	a.off = true
	a.tls.Gap(isOrig, n)
}

// End matters only to TLS: an incomplete line says nothing.
func (a *analyzer) End(isOrig bool) { a.tls.End(isOrig) }

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
	a.begun[0], a.begun[1] = a.begun[1], a.begun[0]
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	f := a.f
	a.tls.Done()
	a.forget(0)
	a.forget(1)
	a.f, a.Use = nil, conn.Use{}
	a.off = true
	f.free.Put(a)
}
