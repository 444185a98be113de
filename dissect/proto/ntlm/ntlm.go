// Package ntlm analyzes the three messages of NTLM authentication (MS-NLMP), which other
// protocols carry. It follows Zeek's src/analyzer/protocol/ntlm.
//
// A protocol that carries NTLM passes each whole message to the analyzer that conn.Use.Guest
// attaches for the protocol returned by New.
package ntlm

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/utf16"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Signature starts every message, followed by a NUL (MS-NLMP section 2.2.1).
const Signature = "NTLMSSP"

// Message types (MS-NLMP section 2.2.1).
const (
	typeNegotiate    = 1
	typeChallenge    = 2
	typeAuthenticate = 3
)

// maxKeptText is the size of the largest text buffer kept for reuse.
const maxKeptText = 64 << 10

// New describes the protocol. Its analyzers raise their events on h.
func New(h *event.Hooks) *conn.Protocol {
	f := &factory{hooks: &h.NTLM}
	return &conn.Protocol{Name: "NTLM", Service: "NTLM", New: f.new, Tolerant: true, Size: freelist.Size[analyzer]() + 512}
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks *event.NTLMEvents
	free  freelist.List[analyzer]
	text  []byte // names in the current message
}

type analyzer struct {
	f *factory
	conn.Use
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// Data takes a message.
func (a *analyzer) Data(_ bool, b []byte) {
	f := a.f
	if cap(f.text) > maxKeptText {
		f.text = nil
	}
	f.text = f.text[:0]
	if a.message(b) {
		a.Confirm()
	} else {
		a.Violate(conn.Violation{Reason: "NTLM message is malformed"})
	}
}

// Gap does nothing: messages arrive whole or not at all.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.f.free.Put(a) }

// message parses a message and reports whether it is well-formed. A message of unknown type
// is.
func (a *analyzer) message(b []byte) bool {
	const head = len(Signature) + 1 + 4
	if len(b) < head {
		return false
	}
	switch binary.LittleEndian.Uint32(b[head-4:]) {
	case typeNegotiate:
		return a.negotiate(b)
	case typeChallenge:
		return a.challenge(b)
	case typeAuthenticate:
		return a.authenticate(b)
	}
	return true
}

// name decodes a string to UTF-8. The result is valid until the next message. As in Zeek,
// every string is taken for UTF-16, whatever the flags.
func (a *analyzer) name(b []byte) value.Opt[[]byte] {
	f := a.f
	n := len(f.text)
	text, ok := utf16.Append(f.text, b)
	if !ok {
		a.Weird("utf16_conversion_failed", "utf16 conversion failed in utf16_to_utf8_val", "")
	}
	f.text = text
	return value.Some(text[n:len(text):len(text)])
}
