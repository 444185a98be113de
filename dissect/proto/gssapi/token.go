package gssapi

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/ntlm"
)

// Identifier octets and context-specific tag numbers.
const (
	tagInitial = 0x60 // InitialContextToken (RFC 2743 section 3.1)

	// Elements of negTokenInit (RFC 4178 section 4.2.1).
	initMechTypes   = 0
	initReqFlags    = 1
	initMechToken   = 2
	initMechListMIC = 3

	// Elements of negTokenResp (RFC 4178 section 4.2.2).
	respNegState      = 0
	respSupportedMech = 1
	respResponseToken = 2
	respMechListMIC   = 3

	// TOK_ID of per-message tokens in an established context (RFC 4121 section 4.2.6).
	tokenMIC  = 0x0404
	tokenWrap = 0x0504

	// Kerberos tokens without an object identifier: AP-REQ and AP-REP (RFC 4120 section 5.10).
	tagAPReq = 0x6e
	tagAPRep = 0x6f
)

// token parses a token: an InitialContextToken or a later one.
func (a *analyzer) token(b []byte) *wire.Malformed {
	r := asn1.NewReader(b, a.f.tooLong)
	h := r.Header()
	switch {
	case !r.OK():
	case uint16(h.Tag)<<8|uint16(h.First) == tokenMIC, uint16(h.Tag)<<8|uint16(h.First) == tokenWrap:
	case h.Tag == tagInitial:
		a.negTokenInit(&r)
	default:
		a.negTokenResp(&r)
	}
	return r.Err()
}

// negTokenInit parses an initial token after its header (RFC 4178 section 4.2.1). Lengths of
// constructed elements are ignored.
func (a *analyzer) negTokenInit(r *asn1.Reader) {
	r.Value() // the mechanism, SPNEGO
	r.Skip(2) // choice and sequence
	for r.More() {
		start := r.Pos()
		h := r.Header()
		arg := r.Inside("GSSAPI_NEG_TOKEN_INIT_Arg:args", start, h.Length)
		switch h.Index() {
		case initMechTypes, initReqFlags, initMechListMIC:
			arg.Value()
		case initMechToken:
			a.mechToken(true, &arg)
		default:
			arg.Fail(wire.InvalidCase("GSSAPI_NEG_TOKEN_INIT_Arg_Data", h.Index()))
		}
		r.Join(&arg)
	}
}

// negTokenResp parses a negTokenResp after its header (RFC 4178 section 4.2.2).
func (a *analyzer) negTokenResp(r *asn1.Reader) {
	r.Skip(1) // sequence
	for r.More() {
		start := r.Pos()
		h := r.Header()
		arg := r.Inside("GSSAPI_NEG_TOKEN_RESP_Arg:args", start, h.Length)
		switch h.Index() {
		case respNegState:
			if state := arg.Value(); arg.OK() {
				a.negState(arg.Number(state))
			}
		case respSupportedMech, respMechListMIC:
			arg.Value()
		case respResponseToken:
			a.mechToken(false, &arg)
		default:
			arg.Fail(wire.InvalidCase("GSSAPI_NEG_TOKEN_RESP_Arg", h.Index()))
		}
		r.Join(&arg)
	}
}

func (a *analyzer) negState(state uint64) {
	if e := a.f.hooks.NegResult.Begin(); e != nil {
		*e = event.GSSAPINegResult{Conn: a.Conn(), State: state}
		a.f.hooks.NegResult.Raise(e)
	}
}

// mechToken passes on a mechanism's token.
func (a *analyzer) mechToken(isOrig bool, r *asn1.Reader) {
	start := r.Pos()
	h := r.Header()
	b := r.Take("GSSAPI_NEG_TOKEN_MECH_TOKEN:token", start, h.Length)
	if len(b) == 0 {
		return
	}
	switch b[0] {
	case ntlm.Signature[0]:
		if bytes.HasPrefix(b, []byte(ntlm.Signature)) {
			a.forward(&a.ntlm, a.f.ntlm, isOrig, b)
		}
	case tagInitial:
		t := asn1.NewReader(b, a.f.tooLong)
		if message := kerberosMessage(&t); t.OK() {
			a.forward(&a.krb, a.f.krb, isOrig, message)
		}
		r.Join(&t)
	case tagAPReq, tagAPRep:
		a.forward(&a.krb, a.f.krb, isOrig, b)
	}
}

// kerberosMessage returns the Kerberos message after header, object identifier and TOK_ID (RFC
// 4121 section 4.1).
func kerberosMessage(r *asn1.Reader) []byte {
	r.Skip(1)
	r.Value()
	r.Take("KRB_OID_BLOB:token_id", 0, 2)
	return r.Rest()
}
