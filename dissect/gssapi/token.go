package gssapi

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/ntlm"
	"github.com/wirelog/wirelog/dissect/wire"
)

// Identifier octets and the numbers of context-specific tags.
const (
	tagInitial = 0x60 // the token that begins a context (RFC 2743 section 3.1)
	tagContext = 0xa0

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

	// TOK_ID of the tokens of an established context (RFC 4121 section 4.2.6).
	tokenMIC  = 0x0404
	tokenWrap = 0x0504

	// Tokens of Kerberos without an object identifier before them: AP-REQ and AP-REP (RFC
	// 4120 section 5.10).
	tagAPReq = 0x6e
	tagAPRep = 0x6f
)

// header is identifier and length octets, of which size is the number. Identifiers are
// taken for one octet.
type header struct {
	tag, first byte
	length     int
	size       int
}

func (h *header) index() byte { return h.tag - tagContext }

// readHeader reads a header from the front of b. The length is not compared with what
// follows. One of no octets (X.690 section 8.1.3.6) is taken for 0.
func (a *analyzer) readHeader(b []byte) (h header, err *wire.Malformed) {
	if len(b) < 2 {
		return h, wire.OutOfBound("ASN1EncodingMeta:len", 2, len(b))
	}
	h = header{tag: b[0], first: b[1], length: int(b[1]), size: 2}
	if h.first&0x80 == 0 {
		return h, nil
	}
	n := int(h.first & 0x7f)
	h.size += n
	if len(b) < h.size {
		return h, wire.OutOfBound("ASN1EncodingMeta:more_len", h.size, len(b))
	}
	h.length = int(int32(a.number(b[2:h.size])))
	return h, nil
}

// number reads a number in big-endian order; it is 0 if it has more than 64 bits.
func (a *analyzer) number(b []byte) (n uint64) {
	if len(b) > 8 {
		a.t.NetWeird("asn_binary_to_int64_shift_too_large", strconv.Itoa(len(b)), "")
		return 0
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// content returns the content of an element at the front of b whose header is h.
func (h *header) content(b []byte, where string) ([]byte, *wire.Malformed) {
	if h.length < 0 || h.length > len(b)-h.size {
		return nil, wire.OutOfBound(where, h.size+h.length, len(b))
	}
	return b[h.size : h.size+h.length], nil
}

// element reads an element at the front of b and returns its content and its size.
func (a *analyzer) element(b []byte) (content []byte, size int, err *wire.Malformed) {
	h, err := a.readHeader(b)
	if err == nil {
		content, err = h.content(b, "ASN1Encoding:content")
	}
	return content, h.size + h.length, err
}

// token takes a token: an InitialContextToken, or what follows it.
func (a *analyzer) token(b []byte) *wire.Malformed {
	h, err := a.readHeader(b)
	if err != nil {
		return err
	}
	b = b[h.size:]
	switch {
	case uint16(h.tag)<<8|uint16(h.first) == tokenMIC, uint16(h.tag)<<8|uint16(h.first) == tokenWrap:
		return nil
	case h.tag == tagInitial:
		return a.negTokenInit(b)
	}
	return a.negTokenResp(b)
}

// negTokenInit takes what follows the header of an initial token (RFC 4178 section 4.2.1).
// The lengths of what has others in it are not looked at.
func (a *analyzer) negTokenInit(b []byte) *wire.Malformed {
	_, n, err := a.element(b) // the mechanism, SPNEGO
	if err != nil {
		return err
	}
	b = b[n:]
	for range 2 { // choice and sequence
		h, err := a.readHeader(b)
		if err != nil {
			return err
		}
		b = b[h.size:]
	}
	for len(b) > 0 {
		h, err := a.readHeader(b)
		if err != nil {
			return err
		}
		arg, err := h.content(b, "GSSAPI_NEG_TOKEN_INIT_Arg:args")
		if err != nil {
			return err
		}
		switch h.index() {
		case initMechTypes, initReqFlags, initMechListMIC:
			_, _, err = a.element(arg)
		case initMechToken:
			err = a.mechToken(true, arg)
		default:
			err = wire.InvalidCase("GSSAPI_NEG_TOKEN_INIT_Arg_Data", int(h.index()))
		}
		if err != nil {
			return err
		}
		b = b[h.size+h.length:]
	}
	return nil
}

// negTokenResp takes what follows the header of a negTokenResp (RFC 4178 section 4.2.2).
func (a *analyzer) negTokenResp(b []byte) *wire.Malformed {
	h, err := a.readHeader(b)
	if err != nil {
		return err
	}
	b = b[h.size:]
	for len(b) > 0 {
		h, err := a.readHeader(b)
		if err != nil {
			return err
		}
		arg, err := h.content(b, "GSSAPI_NEG_TOKEN_RESP_Arg:args")
		if err != nil {
			return err
		}
		switch h.index() {
		case respNegState:
			var state []byte
			if state, _, err = a.element(arg); err == nil {
				a.negState(state)
			}
		case respSupportedMech, respMechListMIC:
			_, _, err = a.element(arg)
		case respResponseToken:
			err = a.mechToken(false, arg)
		default:
			err = wire.InvalidCase("GSSAPI_NEG_TOKEN_RESP_Arg", int(h.index()))
		}
		if err != nil {
			return err
		}
		b = b[h.size+h.length:]
	}
	return nil
}

func (a *analyzer) negState(b []byte) {
	if h := &a.f.hooks.NegResult; h.On() {
		e := &a.f.result
		e.Conn, e.State = a.c, a.number(b)
		h.Raise(e)
	}
}

// mechToken hands on a mechanism's token.
func (a *analyzer) mechToken(isOrig bool, b []byte) *wire.Malformed {
	h, err := a.readHeader(b)
	if err != nil {
		return err
	}
	b, err = h.content(b, "GSSAPI_NEG_TOKEN_MECH_TOKEN:token")
	if err != nil || len(b) == 0 {
		return err
	}
	switch b[0] {
	case ntlm.Signature[0]:
		if bytes.HasPrefix(b, []byte(ntlm.Signature)) {
			a.forward(&a.ntlm, a.f.ntlm, isOrig, b)
		}
	case tagInitial:
		if b, err = a.kerberos(b); err == nil {
			a.forward(&a.krb, a.f.krb, isOrig, b)
		}
	case tagAPReq, tagAPRep:
		a.forward(&a.krb, a.f.krb, isOrig, b)
	}
	return err
}

// kerberos takes off what is before a message of Kerberos: header, object identifier, TOK_ID
// (RFC 4121 section 4.1).
func (a *analyzer) kerberos(b []byte) ([]byte, *wire.Malformed) {
	h, err := a.readHeader(b)
	if err != nil {
		return nil, err
	}
	rest := b[h.size:]
	_, n, err := a.element(rest)
	if err != nil {
		return nil, err
	}
	if rest = rest[n:]; len(rest) < 2 {
		return nil, wire.OutOfBound("KRB_OID_BLOB:token_id", h.size+n+2, len(b))
	}
	return rest[2:], nil
}
