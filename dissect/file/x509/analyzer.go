package x509

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Media types of certificates and OCSP messages. In a handshake, mimeUser is for the
// first certificate of a chain and mimeCA for the others.
const (
	mimeUser         = "application/x-x509-user-cert"
	mimeCA           = "application/x-x509-ca-cert"
	mimePKIX         = "application/pkix-cert"     // RFC 2585 section 4.1
	mimeOCSPRequest  = "application/ocsp-request"  // RFC 6960 appendix C.1
	mimeOCSPResponse = "application/ocsp-response" // RFC 6960 appendix C.2
)

// Options are limits. A file beyond one of them is not taken for a certificate or OCSP
// message.
type Options struct {
	File       int `key:"limits.x509_bytes" unit:"bytes" min:"1" doc:"bytes of a certificate or OCSP message; a longer one is not analyzed"`
	Extensions int `key:"limits.x509_extensions" unit:"count" min:"1" doc:"extensions of a certificate or OCSP message; one with more is not analyzed"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{File: 1 << 20, Extensions: 1024} }

// source is the name of the analyzer that limits are counted under.
const source = "X509"

// maxKept is the largest capacity in bytes of a buffer that is kept for other
// files.
const maxKept = 64 << 10

// Register starts the analysis of certificates and OCSP messages. It may only be called
// while the pipeline is built, after the listeners are registered.
func Register(m *files.Manager, hooks *event.Hooks, o Options) {
	p := &pool{hooks: hooks, files: m, opt: o, cache: newCache()}
	p.parser.maxExtensions, p.ocspParser.maxExtensions = o.Extensions, o.Extensions
	p.parser.records = hooks.X509.Extension.On()
	p.ocspParser.records = hooks.OCSP.Extension.On()
	kind := func(name string, end func(a *analyzer), types ...string) {
		m.Register(&files.Kind{Name: name, MIMETypes: types, Release: p.put,
			New: func(_ *files.Manager, f *files.File) files.Analyzer { return p.get(f, end) }})
	}
	kind("X509", (*analyzer).certificate, mimeUser, mimeCA, mimePKIX)
	kind("OCSP_REPLY", (*analyzer).ocspResponse, mimeOCSPResponse)
	if o := &hooks.OCSP; o.Request.On() || o.RequestCertificate.On() {
		// Zeek hashes requests only when asked to, so no hash is raised.
		kind("", (*analyzer).ocspRequest, mimeOCSPRequest)
	}
}

// pool keeps analyzers for reuse and holds the state that they share.
type pool struct {
	hooks *event.Hooks
	files *files.Manager
	opt   Options
	free  freelist.List[analyzer]
	cache *cache

	parser, ocspParser parser
	names              []string
}

func (p *pool) get(f *files.File, end func(a *analyzer)) files.Analyzer {
	a := p.free.Get()
	a.pool = p
	a.f, a.end = f, end
	return a
}

func (p *pool) put(x files.Analyzer) {
	a := x.(*analyzer)
	a.f, a.end = nil, nil
	if cap(a.buf) > maxKept {
		a.buf = nil
	}
	a.buf = a.buf[:0]
	p.free.Put(a)
}

// analyzer collects one file and parses it at its end.
type analyzer struct {
	*pool
	f   *files.File
	end func(a *analyzer)
	buf []byte
}

// Data adds the next bytes of the file.
func (a *analyzer) Data(b []byte) bool {
	if len(b) > a.opt.File-len(a.buf) {
		a.files.Limited(source, "size")
		a.weird(weird{name: "x509_file_too_long"})
		return false
	}
	a.buf = append(a.buf, b...)
	return true
}

// Gap stops the analysis: an incomplete certificate cannot be parsed.
func (a *analyzer) Gap(uint64, uint64) bool { return false }

// End parses the whole file.
func (a *analyzer) End() { a.end(a) }

func (a *analyzer) weird(w weird) {
	if e := a.hooks.Weird.File.Begin(); e != nil {
		*e = event.FileWeird{Name: w.name, File: a.f, Addl: []byte(w.addl)}
		a.hooks.Weird.File.Raise(e)
	}
}

// certificate parses the file as a certificate and raises its events.
func (a *analyzer) certificate() {
	if !mayBeCertificate(a.buf) {
		if a.hooks.File.Hash.On() {
			var c cached
			c.hash(a.buf)
			a.hashes(&c)
		}
		a.weird(weird{name: "x509_cert_parse_error"})
		return
	}
	cached := a.cache.get(a.buf, &a.parser)
	a.count(&a.parser)
	a.hashes(cached)
	c := cached.cert
	if c == nil {
		a.weird(weird{name: "x509_cert_parse_error"})
		return
	}
	for _, w := range c.weirds {
		a.weird(w)
	}
	if e := a.hooks.X509.Certificate.Begin(); e != nil {
		*e = event.X509Certificate{File: a.f, Ref: c.der, Cert: c.record, Fingerprint: cached.fingerprint, HasSAN: c.hasSAN}
		a.hooks.X509.Certificate.Raise(e)
	}
	for i := range c.extensions {
		x := &c.extensions[i]
		if e := a.hooks.X509.Extension.Begin(); e != nil {
			*e = event.X509Extension{File: a.f, Ext: x.record}
			a.hooks.X509.Extension.Raise(e)
		}
		a.specific(x)
	}
}

// mayBeCertificate reports whether a file begins as a certificate does: with a sequence
// that has another one in it (RFC 5280 section 4.1). Anything else is not worth a place in
// the cache.
func mayBeCertificate(b []byte) bool { return len(b) > minCertificate && b[0] == 0x30 }

// minCertificate is less than the bytes of the shortest certificate.
const minCertificate = 16

// count reports the limits that a parser has met since the last call.
func (a *analyzer) count(p *parser) {
	if p.many {
		a.files.Limited(source, "extensions")
		p.many = false
	}
}

// hashes raises the hashes of a certificate that file analysis does not compute
// anyway.
func (a *analyzer) hashes(c *cached) {
	h := &a.hooks.File.Hash
	if !h.On() {
		return
	}
	a.names = a.f.Analyzers(a.names[:0])
	has := func(name string) bool {
		for _, n := range a.names {
			if n == name {
				return true
			}
		}
		return false
	}
	raise := func(analyzer, kind, sum string) {
		if !has(analyzer) {
			e := h.Begin()
			*e = event.FileHash{File: a.f, Kind: kind, Hash: sum}
			h.Raise(e)
		}
	}
	raise("MD5", "md5", c.md5)
	raise("SHA1", "sha1", c.sha1)
	raise("SHA256", "sha256", c.sha256)
}

// specific raises the event for an extension's kind, which follows the general one.
func (a *analyzer) specific(x *extension) {
	for _, w := range x.weirds {
		a.weird(w)
	}
	switch x.kind {
	case extOther:
	case extBasicConstraints:
		if e := a.hooks.X509.ExtBasicConstraints.Begin(); e != nil {
			*e = event.X509ExtBasicConstraints{File: a.f, Ext: x.basic}
			a.hooks.X509.ExtBasicConstraints.Raise(e)
		}
	case extSAN:
		if e := a.hooks.X509.ExtSubjectAlternativeName.Begin(); e != nil {
			*e = event.X509ExtSubjectAlternativeName{File: a.f, Ext: x.san}
			a.hooks.X509.ExtSubjectAlternativeName.Raise(e)
		}
	case extSCTs:
		h := &a.hooks.X509.OCSPExtSignedCertificateTimestamp
		if !h.On() {
			return
		}
		eachSCT(x.value, func(s *sct) {
			e := h.Begin()
			*e = event.X509OCSPExtSignedCertificateTimestamp{File: a.f, Version: uint64(s.version), LogID: s.logID,
				Timestamp: s.timestamp, HashAlgorithm: uint64(s.hash), SignatureAlgorithm: uint64(s.sig), Signature: s.signature}
			h.Raise(e)
		})
	}
}
