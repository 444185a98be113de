// Package gssapi analyzes GSS-API tokens (RFC 2743) that negotiate a mechanism with SPNEGO
// (RFC 4178), and passes NTLM and Kerberos tokens inside them to their analyzers. It follows
// Zeek's src/analyzer/protocol/gssapi.
//
// A protocol that carries such tokens passes each whole token to the analyzer that
// conn.Use.Guest attaches for the protocol returned by New.
package gssapi

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// New describes the protocol. Its analyzers raise their events on h, and pass NTLM and
// Kerberos tokens to analyzers of ntlm and krb, either of which may be nil. krb receives bare
// messages of RFC 4120, without the GSS-API header.
func New(h *event.Hooks, ntlm, krb *conn.Protocol) *conn.Protocol {
	f := &factory{hooks: &h.GSSAPI, ntlm: ntlm, krb: krb}
	f.tooLong = func(n int) { f.use.NetWeird(asn1.WeirdTooLong, strconv.Itoa(n), "") }
	return &conn.Protocol{Name: "GSSAPI", Service: "GSSAPI", New: f.new, Size: freelist.Size[analyzer]()}
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks     *event.GSSAPIEvents
	ntlm, krb *conn.Protocol
	free      freelist.List[analyzer]
	use       conn.Use // of the current token
	tooLong   func(n int)
}

type analyzer struct {
	f *factory
	conn.Use
	ntlm, krb conn.Handover
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// Data takes a token.
func (a *analyzer) Data(_ bool, b []byte) {
	a.f.use = a.Use
	if err := a.token(b); err != nil {
		a.Violate(conn.Violation{Reason: err.Error()})
		return
	}
	a.Confirm()
}

// Gap does nothing: tokens arrive whole or not at all.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.f.free.Put(a) }

// forward passes a message to a mechanism's analyzer.
func (a *analyzer) forward(to *conn.Handover, p *conn.Protocol, isOrig bool, b []byte) {
	if p == nil {
		return
	}
	if !to.Taken() {
		*to = a.Guest(p)
	}
	to.Data(isOrig, b)
}
