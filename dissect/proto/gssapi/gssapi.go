// Package gssapi analyzes the tokens of the GSS-API (RFC 2743) in which SPNEGO (RFC 4178)
// negotiates a mechanism, and gives those of NTLM and Kerberos in them to their analyzers.
// It follows Zeek's src/analyzer/protocol/gssapi.
//
// A protocol that carries such tokens gives each of them, whole, to the analyzer that
// conn.Table.AttachGuest puts on the connection for the conn.Protocol of New.
package gssapi

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// New describes the protocol. Its analyzers raise their events on h, and hand the tokens of
// NTLM and Kerberos on to analyzers of ntlm and krb. Those of krb get the messages of RFC
// 4120 alone, without header. Either may be nil.
func New(h *event.Hooks, ntlm, krb *conn.Protocol) *conn.Protocol {
	f := &factory{hooks: &h.GSSAPI, ntlm: ntlm, krb: krb}
	f.tooLong = func(n int) { f.use.NetWeird(asn1.WeirdTooLong, strconv.Itoa(n), "") }
	return &conn.Protocol{Name: "GSSAPI", Service: "GSSAPI", New: f.new}
}

// factory makes the analyzers of a shard and has what they share.
type factory struct {
	hooks     *event.GSSAPIEvents
	ntlm, krb *conn.Protocol
	free      freelist.List[analyzer]
	use       conn.Use // of the token being read
	tooLong   func(n int)
}

type analyzer struct {
	f *factory
	conn.Use
	ntlm, krb conn.Handover // to the mechanisms
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

// Gap does nothing: tokens come whole or not at all.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done keeps the analyzer for another connection.
func (a *analyzer) Done() { a.f.free.Put(a) }

// forward gives a message to the analyzer of a mechanism.
func (a *analyzer) forward(to *conn.Handover, p *conn.Protocol, isOrig bool, b []byte) {
	if p == nil {
		return
	}
	if !to.Taken() {
		*to = a.Guest(p)
	}
	to.Data(isOrig, b)
}
