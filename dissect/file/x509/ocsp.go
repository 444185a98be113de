package x509

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// maxOCSPItems bounds the certificates of a request or response; one with more is not
// read.
const maxOCSPItems = 4096

// certID identifies a certificate (RFC 6960 section 4.1.1).
type certID struct{ hashAlg, nameHash, keyHash, serial string }

func (p *parser) certID(r *reader) certID {
	s := r.sequence()
	alg, _ := s.algorithm()
	name := s.expect(tagOctetString).body
	key := s.expect(tagOctetString).body
	serial := s.integer(tagInteger)
	if r.end(&s); r.bad {
		return certID{}
	}
	return certID{longName(alg), p.string(appendOctets(p.text[:0], name)),
		p.string(appendOctets(p.text[:0], key)), p.string(appendSerial(p.text[:0], serial))}
}

// ocspRequest parses an OCSPRequest (RFC 6960 section 4.1.1).
func (a *analyzer) ocspRequest() {
	p := &a.ocspParser
	defer a.count(p)
	r := reader{b: a.buf}
	req := r.sequence()
	tbs := req.sequence()
	tbs.optional(explicit)     // version
	tbs.optional(explicit | 1) // requestorName
	list := tbs.sequence()
	var ids []certID
	for list.more() {
		one := list.sequence()
		id := p.certID(&one)
		if one.more() {
			p.extensions(&one, explicit)
		}
		list.end(&one)
		if len(ids) >= maxOCSPItems {
			list.bad = true
		}
		if !list.bad {
			ids = append(ids, id)
		}
	}
	tbs.end(&list)
	if tbs.more() {
		p.extensions(&tbs, explicit|2)
	}
	req.end(&tbs)
	req.optional(explicit) // signature
	if r.end(&req); r.bad {
		a.weird(weird{name: "openssl_ocsp_request_parse_error"})
		return
	}
	if e := a.hooks.OCSP.Request.Begin(); e != nil {
		// The version stays 0: Zeek does not find it.
		*e = event.OCSPRequest{File: a.f}
		a.hooks.OCSP.Request.Raise(e)
	}
	if h := &a.hooks.OCSP.RequestCertificate; h.On() {
		for _, id := range ids {
			e := h.Begin()
			*e = event.OCSPRequestCertificate{File: a.f, HashAlgorithm: id.hashAlg, IssuerNameHash: id.nameHash,
				IssuerKeyHash: id.keyHash, SerialNumber: id.serial}
			h.Raise(e)
		}
	}
}

// responseStatuses are the names of OCSPResponseStatus (RFC 6960 section 4.2.1).
var responseStatuses = [...]string{0: "successful", 1: "malformedrequest", 2: "internalerror", 3: "trylater",
	5: "sigrequired", 6: "unauthorized"}

// revokeReasons are the names of CRLReason (RFC 5280 section 5.3.1).
var revokeReasons = [...]string{0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
	4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn",
	10: "aACompromise"}

func nameOf(names []string, b []byte) string {
	if v := integerValue(b); v >= 0 && v < int64(len(names)) && names[v] != "" {
		return names[v]
	}
	return "(UNKNOWN)"
}

// oidOCSPBasic identifies a BasicOCSPResponse (RFC 6960 section 4.2.1).
var oidOCSPBasic = string(encodeOID("1.3.6.1.5.5.7.48.1.1"))

// singleResponse is a SingleResponse (RFC 6960 section 4.2.1). Absent times have no
// tag.
type singleResponse struct {
	id                                 certID
	status, reason                     string
	revokeTime, thisUpdate, nextUpdate element
	extensions                         []extension
}

// basicResponse is a BasicOCSPResponse (RFC 6960 section 4.2.1).
type basicResponse struct {
	responder  string
	producedAt element
	responses  []singleResponse
	sigAlg     string
	extensions []extension
	certs      [][]byte
}

// ocspResponse parses an OCSPResponse (RFC 6960 section 4.2.1).
func (a *analyzer) ocspResponse() {
	p := &a.ocspParser
	defer a.count(p)
	r := reader{b: a.buf}
	resp := r.sequence()
	statusCode := resp.integer(tagEnumerated)
	var responseType, basicDER []byte
	if resp.more() {
		outer := resp.inside(explicit)
		s := outer.sequence()
		responseType = s.oid()
		basicDER = s.expect(tagOctetString).body
		outer.end(&s)
		resp.end(&outer)
	}
	if r.end(&resp); r.bad {
		a.weird(weird{name: "openssl_ocsp_response_parse_error"})
		return
	}
	status := nameOf(responseStatuses[:], statusCode)
	if e := a.hooks.OCSP.ResponseStatus.Begin(); e != nil {
		*e = event.OCSPResponseStatus{File: a.f, Status: status}
		a.hooks.OCSP.ResponseStatus.Raise(e)
	}
	if string(responseType) != oidOCSPBasic {
		return
	}
	b, ok := p.basicResponse(basicDER)
	if !ok {
		return
	}
	produced := a.time(&b.producedAt)
	for i := range b.responses {
		s := &b.responses[i]
		// Reading a time may raise a weird, with or without a listener.
		revoked, this, next := a.time(&s.revokeTime), a.time(&s.thisUpdate), a.time(&s.nextUpdate)
		if e := a.hooks.OCSP.ResponseCertificate.Begin(); e != nil {
			*e = event.OCSPResponseCertificate{File: a.f, HashAlgorithm: s.id.hashAlg, IssuerNameHash: s.id.nameHash,
				IssuerKeyHash: s.id.keyHash, SerialNumber: s.id.serial, CertStatus: s.status, RevokeReason: s.reason,
				RevokeTime: revoked, ThisUpdate: this, NextUpdate: next}
			a.hooks.OCSP.ResponseCertificate.Raise(e)
		}
		a.ocspExtensions(s.extensions, false)
	}
	if e := a.hooks.OCSP.ResponseBytes.Begin(); e != nil {
		*e = event.OCSPResponseBytes{File: a.f, Status: status, ResponderID: b.responder, ProducedAt: produced,
			SignatureAlgorithm: b.sigAlg, Certs: b.certs}
		a.hooks.OCSP.ResponseBytes.Raise(e)
	}
	a.ocspExtensions(b.extensions, true)
}

// time reads a time; an absent one is 0.
func (a *analyzer) time(e *element) value.Time {
	if e.tag == 0 {
		return 0
	}
	t, w := parseTime(e)
	if w != "" {
		a.weird(weird{name: w})
	}
	return t
}

func (a *analyzer) ocspExtensions(all []extension, global bool) {
	for i := range all {
		x := &all[i]
		if e := a.hooks.OCSP.Extension.Begin(); e != nil {
			*e = event.OCSPExtension{File: a.f, Ext: x.record, GlobalResp: global}
			a.hooks.OCSP.Extension.Raise(e)
		}
		if string(x.oid) == oidOCSPSCTs {
			x.kind = extSCTs
			a.specific(x)
		}
	}
}

func (p *parser) basicResponse(b []byte) (resp basicResponse, ok bool) {
	r := reader{b: b}
	basic := r.sequence()
	data := basic.sequence()
	data.optional(explicit) // version
	switch id, _ := data.next(); id.tag {
	case explicit | 1:
		in := reader{b: id.body}
		p.name = in.name(p.name[:0])
		data.end(&in)
		resp.responder = p.string(appendName(p.text[:0], p.name, oneline))
	case explicit | 2:
		in := reader{b: id.body}
		key := in.expect(tagOctetString).body
		data.end(&in)
		resp.responder = p.string(appendOctets(p.text[:0], key))
	default:
		data.bad = true
	}
	resp.producedAt = data.expect(tagGenTime)
	list := data.sequence()
	for list.more() {
		s := p.singleResponse(&list)
		if len(resp.responses) >= maxOCSPItems {
			list.bad = true
		}
		if !list.bad {
			resp.responses = append(resp.responses, s)
		}
	}
	data.end(&list)
	if data.more() {
		resp.extensions = p.extensions(&data, explicit|1)
	}
	basic.end(&data)
	alg, _ := basic.algorithm()
	resp.sigAlg = longName(alg)
	basic.bits(tagBitString)
	if basic.more() {
		outer := basic.inside(explicit)
		certs := outer.sequence()
		for certs.more() {
			resp.certs = append(resp.certs, certs.expect(tagSequence).full)
		}
		outer.end(&certs)
		basic.end(&outer)
	}
	r.end(&basic)
	return resp, !r.bad
}

func (p *parser) singleResponse(r *reader) (s singleResponse) {
	in := r.sequence()
	s.id = p.certID(&in)
	switch status, _ := in.next(); status.tag {
	case context:
		s.status = "good"
	case explicit | 1: // RevokedInfo
		s.status = "revoked"
		info := reader{b: status.body}
		s.revokeTime = info.expect(tagGenTime)
		if info.more() {
			outer := info.inside(explicit)
			s.reason = nameOf(revokeReasons[:], outer.integer(tagEnumerated))
			info.end(&outer)
		}
		in.end(&info)
	case context | 2:
		s.status = "unknown"
	default:
		in.bad = true
	}
	s.thisUpdate = in.expect(tagGenTime)
	if in.more() && in.b[0] == explicit {
		outer := in.inside(explicit)
		s.nextUpdate = outer.expect(tagGenTime)
		in.end(&outer)
	}
	if in.more() {
		s.extensions = p.extensions(&in, explicit|1)
	}
	r.end(&in)
	return s
}
