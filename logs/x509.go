package logs

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// x509 builds x509.log after Zeek's base/files/x509: a row for each certificate, when its
// file ends, unless it had one in the last day.
type x509 struct {
	out  schemas.Emitter
	slot event.FileSlot

	key  []byte
	free freelist.List[x509State]
}

// x509State is the unfinished row of a certificate.
type x509State struct {
	rec             schemas.X509
	dns, uri, email []string
	ip              []netip.Addr
}

func installX509(h *event.Hooks, out schemas.Emitter, _ *Options) {
	b := &x509{out: out, slot: h.NewFileSlot()}
	h.X509.Certificate.Listen(b.certificate)
	h.X509.ExtBasicConstraints.Listen(b.basicConstraints)
	h.X509.ExtSubjectAlternativeName.Listen(b.alternatives)
	h.File.StateRemove.Listen(b.remove)
}

// state returns the row of f, which exists once f is found to be a certificate.
func (b *x509) state(f event.File) *x509State {
	s, _ := f.Slot(b.slot).(*x509State)
	return s
}

func (b *x509) certificate(e *event.X509Certificate) {
	s := b.state(e.File)
	if s == nil {
		s = b.free.Get()
		e.File.SetSlot(b.slot, s)
	}
	c := &e.Cert
	isOrig, _ := e.File.IsOrig()
	s.rec = schemas.X509{
		TS:          e.File.Start(),
		Fingerprint: e.Fingerprint,
		Certificate: schemas.X509Certificate{
			Version: c.Version, Serial: c.Serial, Subject: c.Subject, Issuer: c.Issuer,
			NotValidBefore: c.NotValidBefore, NotValidAfter: c.NotValidAfter,
			KeyAlg: c.KeyAlg, SigAlg: c.SigAlg, KeyType: c.KeyType,
			KeyLength: c.KeyLength, Exponent: c.Exponent,
			Curve: c.Curve,
		},
		HostCert:   e.File.MIMEType() == "application/x-x509-user-cert",
		ClientCert: isOrig,
	}
}

func (b *x509) basicConstraints(e *event.X509ExtBasicConstraints) {
	if s := b.state(e.File); s != nil {
		s.rec.BasicConstraints = schemas.X509BasicConstraints{CA: value.Some(e.Ext.CA), PathLen: e.Ext.PathLen}
	}
}

func (b *x509) alternatives(e *event.X509ExtSubjectAlternativeName) {
	s := b.state(e.File)
	if s == nil {
		return
	}
	s.dns = copied(s.dns, e.Ext.DNS)
	s.uri = copied(s.uri, e.Ext.URI)
	s.email = copied(s.email, e.Ext.Email)
	s.ip = copied(s.ip, e.Ext.IP)
	san := &s.rec.SAN
	*san = schemas.X509AlternativeNames{}
	if e.Ext.DNS != nil {
		san.DNS = s.dns
	}
	if e.Ext.URI != nil {
		san.URI = s.uri
	}
	if e.Ext.Email != nil {
		san.Email = s.email
	}
	if e.Ext.IP != nil {
		san.IP = s.ip
	}
}

// copied copies src over dst; the result is never nil.
func copied[T any](dst, src []T) []T {
	if dst == nil {
		dst = make([]T, 0, len(src))
	}
	return append(dst[:0], src...)
}

func (b *x509) remove(e *event.FileStateRemove) {
	s := b.state(e.File)
	if s == nil {
		return
	}
	b.key = append(b.key[:0], s.rec.Fingerprint...)
	b.key = append(b.key, flag(s.rec.HostCert), flag(s.rec.ClientCert))
	b.out.EmitGated(&s.rec, schemas.Gate{Kind: schemas.GateDaily, Key: text(b.key)})
	s.rec = schemas.X509{}
	clear(s.dns)
	clear(s.uri)
	clear(s.email)
	b.free.Put(s)
	e.File.SetSlot(b.slot, nil)
}

func flag(v bool) byte {
	if v {
		return 'T'
	}
	return 'F'
}
