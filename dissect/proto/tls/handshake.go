package tls

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Types of handshake messages (IANA TLS HandshakeType).
const (
	msgHelloRequest       = 0
	msgClientHello        = 1
	msgServerHello        = 2
	msgHelloVerifyRequest = 3 // RFC 6347 section 4.3.2
	msgNewSessionTicket   = 4
	msgCertificate        = 11
	msgServerKeyExchange  = 12
	msgCertificateRequest = 13
	msgServerHelloDone    = 14
	msgCertificateVerify  = 15
	msgClientKeyExchange  = 16
	msgFinished           = 20
	msgCertificateURL     = 21 // RFC 6066 section 5
	msgCertificateStatus  = 22 // RFC 6066 section 8
)

// messageHeader is the length in bytes of a message's header (RFC 8446 section 4).
const messageHeader = 4

// handshakeSide is the incomplete message of one direction.
type handshakeSide struct {
	b    []byte
	skip int // bytes left of a message that is too long
}

// handshakes parses the next bytes of one direction's messages, which may span records.
func (s *session) handshakes(isOrig bool, side *handshakeSide, b []byte) {
	for len(b) > 0 && !s.off {
		if side.skip > 0 {
			n := min(side.skip, len(b))
			side.skip -= n
			b = b[n:]
			continue
		}
		if len(side.b) > 0 || len(b) < messageHeader {
			n := messageHeader
			if len(side.b) >= messageHeader {
				n += u24(side.b[1:])
			}
			if n -= len(side.b); n > 0 {
				n = min(n, len(b))
				s.appendTo(&side.b, b[:n])
				b = b[n:]
			}
			if len(side.b) < messageHeader {
				return
			}
		}
		m := b
		if len(side.b) > 0 {
			m = side.b
		}
		n := messageHeader + u24(m[1:])
		switch {
		case n > s.f.opt.Handshake:
			s.limited("handshake_size", "tls_handshake_too_long", strconv.Itoa(n))
			if len(side.b) > 0 {
				side.skip = n - len(side.b)
			} else {
				side.skip = n
			}
			s.release(&side.b)
		case len(m) < n && len(side.b) == 0:
			s.appendTo(&side.b, b)
			return
		case len(m) < n:
			// The loop adds the rest of b to it.
		default:
			ok := s.message(isOrig, m[0], m[messageHeader:n:n])
			if len(side.b) > 0 {
				s.release(&side.b)
			} else {
				b = b[n:]
			}
			if !ok {
				return // the next message cannot be found
			}
		}
	}
}

// message parses a complete message and reports whether it was well formed.
func (s *session) message(isOrig bool, typ uint8, b []byte) bool {
	c := cursor{wire.NewCursor(b)}
	switch typ {
	case msgHelloRequest:
		s.checkFlipped(false, isOrig)
	case msgClientHello:
		s.checkFlipped(true, isOrig)
		s.clientHello(isOrig, &c)
	case msgServerHello:
		s.checkFlipped(false, isOrig)
		s.serverHello(isOrig, &c)
	case msgHelloVerifyRequest:
		head := c.Head(3, "HelloVerifyRequest:cookie_length")
		c.Take(int(head[2]), "HelloVerifyRequest:cookie")
	case msgNewSessionTicket:
		s.sessionTicket(&c)
	case msgCertificate:
		s.certificates(isOrig, &c)
	case msgServerKeyExchange:
		s.serverKeyExchange(&c)
	case msgCertificateRequest:
		s.certificateRequest(isOrig, &c)
	case msgClientKeyExchange:
		s.clientKeyExchange(&c)
	case msgCertificateStatus:
		s.certificateStatus(isOrig, &c)
	case msgServerHelloDone, msgCertificateVerify, msgFinished, msgCertificateURL:
	default:
		s.complain(fmt.Sprintf("unknown handshake message (%d) from %s", typ, label(isOrig)))
	}
	if !c.OK() {
		s.complain(c.Err().Error())
		return false
	}
	s.letter()
	if e := s.f.hooks.HandshakeMessage.Begin(); e != nil {
		*e = event.SSLHandshakeMessage{Conn: s.Conn(), IsClient: s.client(isOrig), MsgType: uint64(typ), Length: uint64(len(b))}
		s.f.hooks.HandshakeMessage.Raise(e)
	}
	return true
}

func (s *session) sessionTicket(c *cursor) {
	head := c.Head(6, "SessionTicketHandshake:length")
	hint := binary.BigEndian.Uint32(head)
	ticket := c.Take(be16(head[4:]), "SessionTicketHandshake:data")
	if h := &s.f.hooks.SessionTicketHandshake; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLSessionTicketHandshake{Conn: s.Conn(), TicketLifetimeHint: uint64(hint), Ticket: ticket}
		h.Raise(e)
	}
}

// certificates parses a Certificate message up to TLS 1.2 (RFC 5246 section 7.4.2).
func (s *session) certificates(isOrig bool, c *cursor) {
	list := cursor{wire.NewCursor(c.vec24("Certificate:length", "Certificate"))}
	// A list with a malformed end is not reported at all.
	for rest := list; rest.More(); {
		rest.Record()
		rest.vec24("X509Certificate:length", "X509Certificate:certificate")
		c.Done(&rest.Cursor)
	}
	for i := 0; c.OK() && list.More() && !s.off; i++ {
		if i == s.f.opt.Certificates {
			s.limited("certificates", "tls_certificate_chain_too_long", "")
			return
		}
		s.certificate(isOrig, i, list.vec24("X509Certificate:length", "X509Certificate:certificate"))
	}
}

// certificate passes certificate i of a chain on.
func (s *session) certificate(isOrig bool, i int, der []byte) {
	if len(der) == 0 {
		s.weird("zero_length_certificate", "")
		return
	}
	s.f.certs.Certificate(s.Conn(), s.source, s.client(isOrig), i, der)
}

// certificateStatus parses a stapled OCSP response (RFC 6066 section 8).
func (s *session) certificateStatus(isOrig bool, c *cursor) {
	const ocsp = 1
	head := c.Head(4, "CertificateStatus:length")
	switch {
	case !c.OK():
	case c.Len() == 0:
		s.weird("SSL_zero_length_stapled_OCSP_message", "")
	case head[0] == ocsp:
		s.f.certs.OCSPResponse(s.Conn(), s.source, c.Peek())
		if e := s.f.hooks.StapledOCSP.Begin(); e != nil {
			*e = event.SSLStapledOCSP{Conn: s.Conn(), IsClient: s.client(isOrig), Response: c.Peek()}
			s.f.hooks.StapledOCSP.Raise(e)
		}
	}
}

// certificateRequest parses a CertificateRequest up to TLS 1.2 (RFC 5246 section 7.4.4).
func (s *session) certificateRequest(isOrig bool, c *cursor) {
	ev := &s.f.ev
	types := c.Array(int(c.U8("CertificateRequest:certificate_types_len")), 1, "CertificateRequest:certificate_types")
	ev.algs = ev.algs[:0]
	if s.signsWithAlgorithm() {
		s.signatureAlgorithms(s.client(isOrig), c) // like Zeek, raises the event of the extension
	}
	names := cursor{c.Within(int(c.U16("CertificateRequest:certificate_authorities_len")), "CertificateRequest:certificate_authorities")}
	ev.strings = ev.strings[:0]
	for names.More() {
		ev.strings = append(ev.strings, names.entry16("CertificateAuthorities:certificate_authority_len", "CertificateAuthorities:certificate_authority"))
	}
	c.Done(&names.Cursor)
	if h := &s.f.hooks.CertificateRequest; c.OK() && h.On() {
		e := h.Begin()
		ev.small = appendBytes(ev.small[:0], types)
		*e = event.SSLCertificateRequest{Conn: s.Conn(), IsClient: s.client(isOrig), CertificateTypes: ev.small,
			SupportedSignatureAlgs: ev.algs, CertificateAuthorities: ev.strings}
		h.Raise(e)
	}
}

func appendAlgorithms(dst []event.SSLSignatureAndHashAlgorithm, c *cursor) []event.SSLSignatureAndHashAlgorithm {
	for c.More() {
		a := algorithm(c)
		if c.OK() {
			dst = append(dst, a)
		}
	}
	return dst
}

func algorithm(c *cursor) event.SSLSignatureAndHashAlgorithm {
	outer := c.Record()
	head := c.Head(2, "SignatureAndHashAlgorithm")
	c.End(outer)
	return event.SSLSignatureAndHashAlgorithm{HashAlgorithm: uint64(head[0]), SignatureAlgorithm: uint64(head[1])}
}

// Curve types (RFC 8422 section 5.4).
const namedCurve = 3

// serverKeyExchange parses a ServerKeyExchange (RFC 5246 section 7.4.3, RFC 8422 section
// 5.4). With a pre-shared key it begins with a hint and has no signature (RFC 4279 section
// 3, RFC 5489 section 2).
func (s *session) serverKeyExchange(c *cursor) {
	k := exchange(s.cipher)
	switch k {
	case kexECDHEPSK, kexDHEPSK:
		c.vec16("ServerKeyExchange:psk_identity_hint", "ServerKeyExchange:psk_identity_hint")
	}
	switch k {
	case kexECDHE, kexECDHEPSK, kexECDHAnon:
		if c.U8("EcdheServerKeyExchange:curve_type") != namedCurve {
			return
		}
		outer := c.Record()
		head := c.Head(3, "ServerECDHParamsAndSignature:point_length")
		curve, point := uint16(be16(head)), c.Take(int(head[2]), "ServerECDHParamsAndSignature:point")
		c.End(outer)
		if k != kexECDHE {
			s.ecdhServer(c, curve, point)
			return
		}
		alg, signature := s.signature(c)
		s.ecdhServer(c, curve, point)
		s.signed(c, alg, signature)
	case kexDHE, kexDHEPSK, kexDHAnon:
		p := c.vec16("DheServerKeyExchange:dh_p_length", "DheServerKeyExchange:dh_p")
		g := c.vec16("DheServerKeyExchange:dh_g_length", "DheServerKeyExchange:dh_g")
		ys := c.vec16("DheServerKeyExchange:dh_Ys_length", "DheServerKeyExchange:dh_Ys")
		if k != kexDHE {
			s.dhServer(c, p, g, ys)
			return
		}
		alg, signature := s.signature(c)
		s.dhServer(c, p, g, ys)
		s.signed(c, alg, signature)
	}
}

func (s *session) ecdhServer(c *cursor, curve uint16, point []byte) {
	if h := &s.f.hooks.ServerCurve; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLServerCurve{Conn: s.Conn(), Curve: uint64(curve)}
		h.Raise(e)
	}
	if h := &s.f.hooks.ECDHServerParams; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLECDHServerParams{Conn: s.Conn(), Curve: uint64(curve), Point: point}
		h.Raise(e)
	}
}

func (s *session) dhServer(c *cursor, p, g, ys []byte) {
	if h := &s.f.hooks.DHServerParams; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLDHServerParams{Conn: s.Conn(), P: p, Q: g, Ys: ys}
		h.Raise(e)
	}
}

// signature reads the server's signature of its key exchange.
func (s *session) signature(c *cursor) (event.SSLSignatureAndHashAlgorithm, []byte) {
	defer c.End(c.Record())
	alg := event.SSLSignatureAndHashAlgorithm{HashAlgorithm: 256, SignatureAlgorithm: 256}
	if s.signsWithAlgorithm() {
		alg = algorithm(c)
	}
	return alg, c.vec16("ServerKeyExchangeSignature:signature_length", "ServerKeyExchangeSignature:signature")
}

func (s *session) signed(c *cursor, alg event.SSLSignatureAndHashAlgorithm, signature []byte) {
	if h := &s.f.hooks.ServerSignature; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLServerSignature{Conn: s.Conn(), SignatureAndHashAlgorithm: alg, Signature: signature}
		h.Raise(e)
	}
}

// clientKeyExchange reports a ClientKeyExchange (RFC 5246 section 7.4.7, RFC 8422 section
// 5.7) as a whole, as Zeek does.
func (s *session) clientKeyExchange(c *cursor) {
	switch exchange(s.cipher) {
	case kexRSA:
		if e := s.f.hooks.RSAClientPMS.Begin(); e != nil {
			*e = event.SSLRSAClientPMS{Conn: s.Conn(), PMS: c.Peek()}
			s.f.hooks.RSAClientPMS.Raise(e)
		}
	case kexECDH, kexECDHE, kexECDHEPSK, kexECDHAnon:
		if e := s.f.hooks.ECDHClientParams.Begin(); e != nil {
			*e = event.SSLECDHClientParams{Conn: s.Conn(), Point: c.Peek()}
			s.f.hooks.ECDHClientParams.Raise(e)
		}
	case kexDHE, kexDHEPSK, kexDHAnon:
		if e := s.f.hooks.DHClientParams.Begin(); e != nil {
			*e = event.SSLDHClientParams{Conn: s.Conn(), Yc: c.Peek()}
			s.f.hooks.DHClientParams.Raise(e)
		}
	}
}
