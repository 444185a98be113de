package ldap

import (
	"strconv"
	"unicode/utf8"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/ntlm"
)

// Operations, the tags of protocolOp (RFC 4511 section 4.2 to 4.13).
const (
	opBindRequest      = 0
	opBindResponse     = 1
	opUnbindRequest    = 2
	opSearchRequest    = 3
	opSearchEntry      = 4
	opSearchDone       = 5
	opModifyRequest    = 6
	opModifyResponse   = 7
	opAddRequest       = 8
	opAddResponse      = 9
	opDelRequest       = 10
	opDelResponse      = 11
	opModDNRequest     = 12
	opModDNResponse    = 13
	opCompareRequest   = 14
	opCompareResponse  = 15
	opAbandonRequest   = 16
	opSearchReference  = 19
	opExtendedRequest  = 23
	opExtendedResponse = 24
	opIntermediate     = 25
)

// Choices of AuthenticationChoice (RFC 4511 section 4.2) and of Sicily (MS-ADTS section
// 5.1.1.1.3).
const (
	authSimple          = 0
	authSASL            = 3
	authSicilyNegotiate = 10
	authSicilyResponse  = 11
)

// Universal tags (X.680 section 8.4), without the bit of the constructed form.
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagOctets     = 0x04
	tagNull       = 0x05
	tagOID        = 0x06
	tagEnumerated = 0x0a
	tagUTF8       = 0x0c
	tagSequence   = 0x10
	tagSet        = 0x11
	tagNumeric    = 0x12 // of the first of the other strings

	maskType        = 0x1f
	maskClass       = 0xc0
	classApp        = 0x40
	classContext    = 0x80
	maskClassOrType = maskClass | maskType
)

const (
	// maxDepth is how deep elements may nest (MAX_ASN1_DEPTH), maxFilterDepth how deep
	// filters may (MAX_RECURSION_DEPTH).
	maxDepth       = 32
	maxFilterDepth = 20

	oidStartTLS = "1.3.6.1.4.1.1466.20037"
	// oidKerberos is the mechanism of Microsoft's Kerberos, 1.2.840.48018.1.2.2, encoded.
	oidKerberos = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
)

// A parser reads one message.
type parser struct {
	asn1.Reader
	f *factory
}

// A message is what the events of a message have in common.
type message struct {
	id     int64
	op     uint64
	result int64 // -1 for none

	dn, diagnostic, object, argument []byte
	// token is for GSS-API or, if toNTLM is set, for NTLM.
	token  []byte
	toNTLM bool
}

// message reads a message of the length that messageLen tells, and reports whether it is
// well-formed; f.reason says why not. a is nil for a datagram.
func (f *factory) message(a *analyzer, u conn.Use, isOrig bool, b []byte) bool {
	f.reset()
	m := message{result: -1}
	p := parser{asn1.NewReader(b, f.tooLong), f}
	p.Header()
	m.id = p.integer(tagInteger)
	op := p.Header()
	if op.Tag&maskClass != classApp {
		p.malformed()
	}
	m.op = uint64(op.Tag & maskType)
	body := parser{p.Inside("", p.Pos(), op.Length), f}
	startTLS := false
	if body.OK() {
		startTLS = body.operation(a, u, &m)
	}
	if !body.OK() || f.long {
		if f.reason == "" {
			f.reason = reasonMalformed
		}
		return false
	}
	u.Confirm()
	if e := f.hooks.Message.Begin(); e != nil {
		*e = event.LDAPMessage{
			Conn: u.Conn(), MessageID: m.id, Opcode: opcode(m.op), Result: resultCode(m.result),
			MatchedDN: m.dn, DiagnosticMessage: m.diagnostic, Object: m.object, Argument: m.argument,
			OpcodeNumber: m.op, ResultNumber: m.result,
		}
		f.hooks.Message.Raise(e)
	}
	if a == nil || a.off {
		return true
	}
	if m.token != nil {
		a.forward(&m, isOrig)
	}
	if startTLS {
		if e := f.hooks.StartTLS.Begin(); e != nil {
			e.Conn = u.Conn()
			f.hooks.StartTLS.Raise(e)
		}
		if !a.off {
			a.toTLS()
		}
	}
	return true
}

// reset forgets the message before.
func (f *factory) reset() {
	if cap(f.text) > keptText {
		f.text = nil
	}
	if cap(f.filter) > keptText {
		f.filter = nil
	}
	f.text, f.filter, f.attrs, f.reason, f.long = f.text[:0], f.filter[:0], f.attrs[:0], "", false
}

// operation reads the operation and raises its event. It reports whether TLS follows.
func (p *parser) operation(a *analyzer, u conn.Use, m *message) (startTLS bool) {
	switch m.op {
	case opBindRequest:
		p.bind(a, u, m)
	case opBindResponse:
		p.bound(a, m)
	case opSearchRequest:
		p.search(u, m)
	case opSearchEntry:
		m.object = p.string()
		p.check()
		if e := p.f.hooks.SearchResultEntry.Begin(); e != nil && p.OK() {
			*e = event.LDAPSearchResultEntry{Conn: u.Conn(), MessageID: m.id, ObjectName: m.object}
			p.f.hooks.SearchResultEntry.Raise(e)
		}
	case opSearchDone, opModifyResponse, opAddResponse, opDelResponse, opModDNResponse, opCompareResponse:
		p.result(m)
	case opModifyRequest:
		m.object = p.string()
		m.argument = p.changes()
	case opDelRequest:
		p.name(m)
	case opAbandonRequest:
		p.abandon(m)
	case opAddRequest, opModDNRequest, opCompareRequest:
		p.beyond(m)
	case opExtendedRequest:
		p.extended(a, u, m)
	case opExtendedResponse:
		startTLS = p.extendedResult(a, u, m)
	case opUnbindRequest, opIntermediate, opSearchReference:
	default:
		p.malformed()
	}
	return startTLS
}

// malformed makes the message a violation.
func (p *parser) malformed() { p.fail(reasonMalformed) }

func (p *parser) fail(reason string) {
	if p.OK() {
		if p.f.reason == "" {
			p.f.reason = reason
		}
		p.Take("", 0, -1)
	}
}

// integer reads a number with the given tag.
func (p *parser) integer(tag byte) int64 {
	t, b := p.Element()
	if t&maskClassOrType != tag || len(b) == 0 || len(b) > 8 {
		p.malformed()
		return 0
	}
	return signed(b)
}

// number reads an integer or an enumerated.
func (p *parser) number() int64 {
	t, b := p.Element()
	if t &= maskClassOrType; t != tagInteger && t != tagEnumerated || len(b) == 0 || len(b) > 8 {
		p.malformed()
		return 0
	}
	return signed(b)
}

// choice reads a number that a byte has room for.
func (p *parser) choice() uint64 {
	n := p.number()
	if n < 0 || n > 255 {
		p.malformed()
		return 0
	}
	return uint64(n)
}

// signed decodes 1 to 8 bytes in two's complement.
func signed(b []byte) int64 {
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v
}

// string reads a string.
func (p *parser) string() []byte {
	tag, b := p.Element()
	s, ok := p.f.stringOf(tag, b)
	if !ok {
		p.malformed()
	}
	return s
}

// stringOf returns the text of an element, if it is a string or an OID.
func (f *factory) stringOf(tag byte, b []byte) (s []byte, ok bool) {
	switch tag &= maskClassOrType; {
	case tag == tagOctets:
		return f.ascii(b), true
	case tag == tagOID:
		n := len(f.text)
		f.text = appendOID(f.text, b)
		return f.text[n:], true
	case tag == tagUTF8, tag >= tagNumeric && tag <= maskType:
		return b, true
	}
	return nil, false
}

// ascii returns b as it is or, as in Zeek, with a question mark for every byte that is not
// printable in ASCII.
func (f *factory) ascii(b []byte) []byte {
	if !f.asZeek {
		return b
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			n := len(f.text)
			for _, c := range b {
				if c < ' ' || c > '~' {
					c = '?'
				}
				f.text = append(f.text, c)
			}
			return f.text[n:]
		}
	}
	return b
}

// utf8 returns b as it is or, as in Zeek, with U+FFFD for what is not valid in UTF-8.
func (f *factory) utf8(b []byte) []byte {
	if !f.asZeek || utf8.Valid(b) {
		return b
	}
	n := len(f.text)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		f.text = utf8.AppendRune(f.text, r)
		b = b[size:]
	}
	return f.text[n:]
}

// appendOID appends an OID in its dotted form (X.690 section 8.19).
func appendOID(dst, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	dst = strconv.AppendUint(dst, uint64(b[0])/40, 10)
	dst = strconv.AppendUint(append(dst, '.'), uint64(b[0])%40, 10)
	v := uint64(0)
	for _, c := range b[1:] {
		if v = v<<7 | uint64(c&0x7f); c&0x80 == 0 {
			dst = strconv.AppendUint(append(dst, '.'), v, 10)
			v = 0
		}
	}
	return dst
}

// check reads an element and all inside of it, which must be well-formed.
func (p *parser) check() (tag byte, b []byte) {
	tag, b = p.Element()
	p.inner(tag, b, 0)
	return tag, b
}

// inner checks the contents of an element.
func (p *parser) inner(tag byte, b []byte, depth int) {
	n := len(b)
	switch tag & maskClassOrType {
	case tagSequence, tagSet:
		if depth == maxDepth && n > 0 {
			p.fail(reasonDepth)
			return
		}
		for len(b) > 0 && p.OK() {
			var in []byte
			if tag, in, b = p.first(b); tag&maskType <= tagSet { // others may have any contents
				p.inner(tag, in, depth+1)
			}
		}
	case tagBoolean:
		if n != 1 {
			p.malformed()
		}
	case tagInteger, tagEnumerated:
		if n > 8 {
			p.malformed()
		}
	case tagNull:
		if n != 0 {
			p.malformed()
		}
	}
}

// first returns the first element of b and what follows it.
func (p *parser) first(b []byte) (tag byte, in, rest []byte) {
	if len(b) >= 2 {
		if n := 2 + int(b[1]); n < 2+0x80 && n <= len(b) {
			return b[0], b[2:n], b[n:]
		}
	}
	r := asn1.NewReader(b, p.f.tooLong)
	tag, in = r.Element()
	p.Join(&r)
	return tag, in, b[r.Pos():]
}

// inside returns a parser of the contents of an element.
func (p *parser) inside(b []byte) parser { return parser{asn1.NewReader(b, p.f.tooLong), p.f} }

// result reads an LDAPResult (RFC 4511 section 4.1.9).
func (p *parser) result(m *message) {
	m.result = int64(p.choice())
	m.dn = p.string()
	m.diagnostic = p.string()
}

// bind reads a BindRequest (RFC 4511 section 4.2).
func (p *parser) bind(a *analyzer, u conn.Use, m *message) {
	version := p.number()
	m.object = p.string()
	tag, b := p.Element()
	if tag&maskClass == 0 {
		p.malformed()
	}
	auth := uint64(tag & maskType)
	switch {
	case !p.OK() || len(b) == 0:
	case auth == authSimple:
		m.argument = p.f.utf8(b)
	case auth == authSASL:
		in := p.inside(b)
		in.sasl(a, m)
		p.Join(&in.Reader)
	case auth == authSicilyNegotiate, auth == authSicilyResponse:
		if !hasPrefix(b, ntlm.Signature) {
			p.malformed()
		}
		m.argument = b[:len(ntlm.Signature)]
		m.token, m.toNTLM = b, true
	}
	if e := p.f.hooks.BindRequest.Begin(); e != nil && p.OK() {
		*e = event.LDAPBindRequest{
			Conn: u.Conn(), MessageID: m.id, Version: version, Name: m.object,
			AuthType: authType(auth), AuthInfo: m.argument, AuthNumber: auth,
		}
		p.f.hooks.BindRequest.Raise(e)
	}
}

// sasl reads SaslCredentials.
func (p *parser) sasl(a *analyzer, m *message) {
	mechanism := p.string()
	m.argument = mechanism
	if a != nil {
		a.mechanism = append(a.mechanism[:0], mechanism[:min(len(mechanism), maxMechanism)]...)
	}
	if !p.More() {
		return
	}
	tag, b := p.Element()
	if tag&maskClassOrType == tagOctets {
		m.credentials(mechanism, b)
	}
}

// maxMechanism is the length of the longest name of a mechanism (RFC 4422 section 3.1).
const maxMechanism = 20

// credentials keeps the token of a mechanism for its analyzer.
func (m *message) credentials(mechanism, b []byte) {
	switch string(mechanism) {
	case "GSS-SPNEGO":
		m.token, m.toNTLM = b, hasPrefix(b, ntlm.Signature)
	case "GSSAPI":
		m.token = b
	case "NTLM":
		m.token, m.toNTLM = b, true
	}
	if len(b) == 0 {
		m.token = nil
	}
}

// forward passes on the token of an authentication.
func (a *analyzer) forward(m *message, isOrig bool) {
	to, in := &a.gssapi, a.f.in.GSSAPI
	if m.toNTLM {
		to, in = &a.ntlm, a.f.in.NTLM
	}
	if in == nil {
		return
	}
	if !to.Taken() {
		*to = a.Guest(in)
	}
	to.Data(isOrig, m.token)
}

// bound reads a BindResponse (RFC 4511 section 4.2.2).
func (p *parser) bound(a *analyzer, m *message) {
	p.result(m)
	var creds []byte
	for p.More() {
		switch tag, b := p.Element(); {
		case tag&maskClassOrType == classContext|7:
			creds = b
		case p.f.asZeek:
			p.malformed()
		}
	}
	if !p.OK() || a == nil {
		return
	}
	if hasPrefix(m.dn, ntlm.Signature) { // of Sicily
		m.token, m.toNTLM = m.dn, true
	}
	if len(a.mechanism) == 0 {
		return
	}
	if m.result == 0 {
		a.mode = modeMaybe
	}
	if creds == nil {
		return
	}
	m.credentials(a.mechanism, creds)
	if string(a.mechanism) == "GSS-SPNEGO" && p.kerberosAccepted(creds) {
		a.mode = modeKerberos
	}
}

// kerberosAccepted reports whether a response of SPNEGO (RFC 4178 section 4.2.2) has Microsoft's
// Kerberos accepted, with a token.
func (p *parser) kerberosAccepted(b []byte) bool {
	in := p.inside(b)
	if in.Header().Tag != asn1.TagContext+1 {
		if p.f.asZeek && !hasPrefix(b, ntlm.Signature) {
			p.malformed()
		}
		return false
	}
	tag, b := in.Element()
	if tag&maskClassOrType != tagSequence {
		in.malformed()
	}
	accepted, kerberos, token := false, false, false
	for seq := in.inside(b); seq.More(); {
		switch tag, b := seq.Element(); tag & maskType {
		case 0:
			accepted = string(b) == "\x0a\x01\x00"
		case 1:
			oid := seq.inside(b)
			tag, b := oid.Element()
			kerberos = tag == tagOID && string(b) == oidKerberos
		case 2:
			token = true
		}
	}
	return accepted && kerberos && token
}

// search reads a SearchRequest (RFC 4511 section 4.5.1).
func (p *parser) search(u conn.Use, m *message) {
	f := p.f
	m.object = p.string()
	scope := p.choice()
	m.argument = scopeArgument(scope)
	deref := p.choice()
	size := p.number()
	seconds := p.number()
	tag, types := p.Element()
	if tag&maskClassOrType != tagBoolean || len(types) != 1 {
		p.malformed()
		return
	}
	p.filter(0)
	tag, b := p.check()
	if tag&maskType == tagSequence {
		for list := p.inside(b); list.More(); {
			if tag, b := list.Element(); tag&maskClass == 0 {
				if s, ok := f.stringOf(tag, b); ok {
					f.attrs = append(f.attrs, s)
				}
			}
		}
	}
	if e := f.hooks.SearchRequest.Begin(); e != nil && p.OK() {
		*e = event.LDAPSearchRequest{
			Conn: u.Conn(), MessageID: m.id, BaseObject: m.object, Scope: searchScope(scope), Deref: derefAlias(deref),
			SizeLimit: size, TimeLimit: seconds, TypesOnly: types[0] != 0, Filter: f.filter, Attributes: f.attrs,
			ScopeNumber: scope, DerefNumber: deref,
		}
		f.hooks.SearchRequest.Raise(e)
	}
}

// Operations of a change (RFC 4511 section 4.6, RFC 4525).
var changeNames = [...]string{"add", "delete", "replace", "increment"}

// changes reads the changes of a ModifyRequest (RFC 4511 section 4.6) as text.
func (p *parser) changes() []byte {
	tag, b := p.check()
	if tag&maskType != tagSequence {
		p.malformed()
	}
	f := p.f
	start := len(f.filter)
	for list := p.inside(b); p.OK() && list.More(); {
		tag, b := list.Element()
		one := p.inside(b)
		op := one.number()
		attr, b := one.Element()
		if tag&maskClassOrType != tagSequence || attr&maskClassOrType != tagSequence || one.More() || op < 0 || op >= int64(len(changeNames)) || f.asZeek && op == 3 {
			one.malformed()
		}
		part := p.inside(b)
		name := part.string()
		if len(f.filter) > start {
			f.filter = append(f.filter, ',')
		}
		if one.OK() {
			f.filter = append(append(append(f.filter, changeNames[op]...), '('), name...)
		}
		if part.More() {
			tag, b := part.Element()
			if tag&maskClassOrType != tagSet {
				part.malformed()
			}
			sep := byte('=')
			for vals := p.inside(b); vals.More(); {
				tag, b := vals.Element()
				v, ok := f.stringOf(tag, b)
				if !ok {
					part.malformed()
					break
				}
				if sep == '=' || !f.asZeek {
					f.filter = append(f.filter, sep)
				}
				f.filter = append(f.filter, v...)
				sep = ','
			}
		}
		f.filter = append(f.filter, ')')
		p.Join(&one.Reader)
		p.Join(&part.Reader)
	}
	return f.filter[start:]
}

// name reads a DelRequest (RFC 4511 section 4.8), which is a name without a tag of its own.
// Zeek looks for one.
func (p *parser) name(m *message) {
	if p.f.asZeek {
		m.object = p.string()
		return
	}
	m.object = p.Rest()
}

// abandon reads an AbandonRequest (RFC 4511 section 4.11), which is a number without a tag of
// its own. Zeek looks for one.
func (p *parser) abandon(m *message) {
	var id int64
	if p.f.asZeek {
		id = p.number()
	} else if b := p.Rest(); len(b) > 0 && len(b) <= 8 {
		id = signed(b)
	} else {
		p.malformed()
	}
	n := len(p.f.text)
	p.f.text = strconv.AppendInt(p.f.text, id, 10)
	m.object = p.f.text[n:]
}

// beyond reads what Zeek does not: the object of an AddRequest, a ModifyDNRequest or a
// CompareRequest (RFC 4511 section 4.7, 4.9 and 4.10), the new name or what is compared.
func (p *parser) beyond(m *message) {
	if p.f.asZeek {
		return
	}
	m.object = p.string()
	switch m.op {
	case opModDNRequest:
		m.argument = p.string()
	case opCompareRequest:
		_, b := p.Element()
		in := p.inside(b)
		n := len(p.f.text)
		name, val := in.string(), in.string()
		p.f.text = append(append(append(p.f.text, name...), '='), val...)
		m.argument = p.f.text[n:]
		p.Join(&in.Reader)
	}
}

// extended reads an ExtendedRequest (RFC 4511 section 4.12).
func (p *parser) extended(a *analyzer, u conn.Use, m *message) {
	tag, name := p.Element()
	if tag&maskClass != classContext {
		p.malformed()
	}
	m.object = p.f.ascii(name)
	var val []byte
	if p.More() {
		if tag, val = p.Element(); tag&maskClass != classContext {
			p.malformed()
		}
	}
	if !p.OK() {
		return
	}
	if a != nil && string(name) == oidStartTLS {
		a.startTLS = true
	}
	if e := p.f.hooks.ExtendedRequest.Begin(); e != nil {
		*e = event.LDAPExtendedRequest{Conn: u.Conn(), MessageID: m.id, RequestName: m.object, RequestValue: val}
		p.f.hooks.ExtendedRequest.Raise(e)
	}
}

// extendedResult reads an ExtendedResponse, and reports whether TLS follows.
func (p *parser) extendedResult(a *analyzer, u conn.Use, m *message) (startTLS bool) {
	p.result(m)
	var name, val []byte
	for p.More() {
		tag, b := p.Element()
		switch tag & maskClassOrType {
		case classContext | 10:
			name = b
		case classContext | 11:
			val = b
		case classContext | 3: // referral
			if p.f.asZeek {
				p.malformed()
			}
		default:
			p.malformed()
		}
	}
	if !p.OK() {
		return false
	}
	if e := p.f.hooks.ExtendedResponse.Begin(); e != nil {
		*e = event.LDAPExtendedResponse{Conn: u.Conn(), MessageID: m.id, Result: resultCode(m.result), ResponseName: name, ResponseValue: val}
		p.f.hooks.ExtendedResponse.Raise(e)
	}
	return a != nil && a.startTLS && m.result == 0
}

// scopeArgument returns the argument of a search.
func scopeArgument(n uint64) []byte {
	if n < uint64(len(scopeArguments)) {
		return scopeArguments[n]
	}
	return nil
}

var scopeArguments = [...][]byte{[]byte("SearchScope::SEARCH_BASE"), []byte("SearchScope::SEARCH_SINGLE"), []byte("SearchScope::SEARCH_TREE")}
