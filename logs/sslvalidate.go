package logs

import (
	"bytes"
	stdx509 "crypto/x509"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/value"
)

// Results of validation, in the words of OpenSSL's X509_verify_cert_error_string and, for
// the first failure, of Zeek's x509_verify.
const (
	validOK             = "ok"
	invalidSelfSigned   = "self signed certificate"
	invalidSelfInChain  = "self-signed certificate in certificate chain"
	invalidNoIssuer     = "unable to get issuer certificate"
	invalidNoLocal      = "unable to get local issuer certificate"
	invalidTooLong      = "certificate chain too long"
	invalidCA           = "invalid CA certificate"
	invalidPathLen      = "path length constraint exceeded"
	invalidSignature    = "certificate signature failure"
	invalidNotYet       = "certificate is not yet valid"
	invalidExpired      = "certificate has expired"
	invalidNotPermitted = "permitted subtree violation"
)

// Bounds of a validator's caches of certificates and of results. A cache that is full is
// emptied.
const (
	maxParsedCerts = 1 << 14
	maxVerdicts    = 1 << 14
)

// maxPath is the length of the longest chain that is followed: OpenSSL's default depth.
const maxPath = 100

// validator checks whether chains lead to root certificates, for one shard. The result
// depends on the chain and the time alone, so it is the same on every shard.
type validator struct {
	roots    *RootCerts
	certs    map[string]*stdx509.Certificate // by fingerprint, nil if it cannot be parsed
	verdicts map[string]verdict              // by the fingerprints of a chain
}

func newValidator(roots *RootCerts) *validator {
	return &validator{roots: roots, certs: make(map[string]*stdx509.Certificate), verdicts: make(map[string]verdict)}
}

// verdict is a result that holds from one second until another.
type verdict struct {
	text        string
	from, until int64
}

// learn parses and caches a certificate.
func (v *validator) learn(fingerprint string, der []byte) *stdx509.Certificate {
	if c, ok := v.certs[fingerprint]; ok {
		return c
	}
	c, err := stdx509.ParseCertificate(bytes.Clone(der)) // it retains its argument
	if err != nil {
		c = nil
	}
	if len(v.certs) >= maxParsedCerts {
		clear(v.certs)
	}
	v.certs[strings.Clone(fingerprint)] = c
	return c
}

// validate returns the result for a chain at a time. fps are the fingerprints of its
// certificates, and certs the results of learn for them.
func (v *validator) validate(fps []string, certs []*stdx509.Certificate, now value.Time) string {
	key := strings.Join(fps, ".")
	sec := int64(now) / int64(time.Second)
	if d, ok := v.verdicts[key]; ok && d.from <= sec && sec < d.until {
		return d.text
	}
	p := certPath{roots: v.roots, at: sec, verdict: verdict{from: math.MinInt64, until: math.MaxInt64}}
	p.verdict.text = p.verify(certs)
	if len(v.verdicts) >= maxVerdicts {
		clear(v.verdicts)
	}
	v.verdicts[key] = p.verdict
	return p.verdict.text
}

// certPath is a chain under construction, from the server's certificate on. It is built and
// checked in the order of OpenSSL's X509_verify_cert, so that the same one of several
// failures is reported.
type certPath struct {
	roots   *RootCerts
	at      int64
	verdict verdict

	path    []*stdx509.Certificate
	trusted bool // the last of path is a root certificate
}

func (p *certPath) verify(certs []*stdx509.Certificate) string {
	if failure := p.build(certs); failure != "" {
		return failure
	}
	if failure := p.authorities(); failure != "" {
		return failure
	}
	for i := len(p.path) - 1; i >= 0; i-- {
		c := p.path[i]
		if i < len(p.path)-1 && p.path[i+1].CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
			return invalidSignature
		}
		switch p.validity(c) {
		case tooEarly:
			return invalidNotYet
		case tooLate:
			return invalidExpired
		case inTime:
		}
	}
	return p.names()
}

// build finds each certificate's issuer, first among the roots, then among those that the
// server has sent, until there is one that signs itself.
func (p *certPath) build(certs []*stdx509.Certificate) (failure string) {
	p.path = append(p.path, certs[0])
	for {
		c := p.path[len(p.path)-1]
		self := selfSigned(c)
		roots := p.roots.bySubject[string(c.RawIssuer)]
		if self {
			// A certificate with the name of a root is that root or an impostor.
			p.trusted = slices.ContainsFunc(roots, c.Equal)
		} else if root := p.issuer(c, roots); root != nil {
			p.path = append(p.path, root)
			p.trusted = true
			continue
		}
		switch {
		case self && p.trusted:
			return ""
		case self && len(p.path) == 1:
			return invalidSelfSigned
		case self:
			return invalidSelfInChain
		case p.trusted:
			return invalidNoIssuer
		}
		issuer := p.issuer(c, certs[1:])
		if issuer == nil {
			return invalidNoLocal
		}
		if len(p.path) > maxPath {
			return invalidTooLong
		}
		p.path = append(p.path, issuer)
	}
}

// selfSigned reports whether a certificate names itself as its issuer.
func selfSigned(c *stdx509.Certificate) bool {
	return c.PublicKeyAlgorithm != stdx509.UnknownPublicKeyAlgorithm && isNamed(c, c)
}

// isNamed reports whether c names issuer as its issuer (RFC 5280 sections 4.1.2.4, 4.2.1.1).
func isNamed(c, issuer *stdx509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, issuer.RawSubject) &&
		(len(c.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId))
}

// issuer returns the issuer of c among others, preferably one that is valid at the time.
func (p *certPath) issuer(c *stdx509.Certificate, others []*stdx509.Certificate) (best *stdx509.Certificate) {
	for _, o := range others {
		if o == nil || !isNamed(c, o) || o.KeyUsage != 0 && o.KeyUsage&stdx509.KeyUsageCertSign == 0 {
			continue
		}
		if p.validity(o) == inTime {
			return o
		}
		if best == nil || o.NotAfter.After(best.NotAfter) {
			best = o
		}
	}
	return best
}

// authorities checks that all certificates but the first may sign others (RFC 5280 section
// 4.2.1.9).
func (p *certPath) authorities() (failure string) {
	below := 0 // authorities that are not self-issued
	for _, c := range p.path[1:] {
		isRootV1 := c.Version == 1 && selfSigned(c)
		if !c.IsCA && !isRootV1 && (c.BasicConstraintsValid || c.KeyUsage&stdx509.KeyUsageCertSign == 0) {
			return invalidCA
		}
		if limited := c.MaxPathLen > 0 || c.MaxPathLenZero; limited && below > c.MaxPathLen {
			return invalidPathLen
		}
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			below++
		}
	}
	return ""
}

// names checks name constraints (RFC 5280 section 4.2.1.10), the only check that is left to
// crypto/x509.
func (p *certPath) names() string {
	o := stdx509.VerifyOptions{Roots: stdx509.NewCertPool(), Intermediates: stdx509.NewCertPool(),
		CurrentTime: time.Unix(p.at, 0), KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageAny}}
	last := len(p.path) - 1
	o.Roots.AddCert(p.path[last])
	for _, c := range p.path[min(1, last):last] {
		o.Intermediates.AddCert(c)
	}
	var invalid stdx509.CertificateInvalidError
	if _, err := p.path[0].Verify(o); errors.As(err, &invalid) && invalid.Reason == stdx509.CANotAuthorizedForThisName {
		return invalidNotPermitted
	}
	return validOK
}

// Positions of a time relative to the validity of a certificate (RFC 5280 section 4.1.2.5).
type validity uint8

const (
	inTime validity = iota
	tooEarly
	tooLate
)

// validity compares the time with that of a certificate, and narrows the verdict to the
// times at which the comparison has the same result.
func (p *certPath) validity(c *stdx509.Certificate) validity {
	d := &p.verdict
	from, until := c.NotBefore.Unix(), c.NotAfter.Unix()
	switch {
	case p.at < from:
		d.until = min(d.until, from)
		return tooEarly
	case p.at >= until:
		d.from = max(d.from, until)
		return tooLate
	}
	d.from, d.until = max(d.from, from), min(d.until, until)
	return inTime
}
