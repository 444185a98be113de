package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ocsp builds ocsp.log after Zeek's base/files/x509/log-ocsp: a row for each certificate
// whose status a response gives.
type ocsp struct {
	out  schemas.Emitter
	rec  schemas.OCSP
	fuid []byte
}

func installOCSP(h *event.Hooks, out schemas.Emitter, _ *Options) {
	b := &ocsp{out: out}
	h.OCSP.ResponseCertificate.Listen(b.certificate)
}

func (b *ocsp) certificate(e *event.OCSPResponseCertificate) {
	fuid := e.File.FUID()
	b.fuid = fuid.Append(b.fuid[:0])
	b.rec = schemas.OCSP{
		TS:             e.File.Start(),
		ID:             text(b.fuid),
		HashAlgorithm:  e.HashAlgorithm,
		IssuerNameHash: e.IssuerNameHash,
		IssuerKeyHash:  e.IssuerKeyHash,
		SerialNumber:   e.SerialNumber,
		CertStatus:     e.CertStatus,
		RevokeTime:     value.Opt[value.Time]{V: e.RevokeTime, OK: e.RevokeTime != 0},
		RevokeReason:   someText(e.RevokeReason),
		ThisUpdate:     e.ThisUpdate,
		NextUpdate:     value.Opt[value.Time]{V: e.NextUpdate, OK: e.NextUpdate != 0},
	}
	b.out.Emit(&b.rec)
}
