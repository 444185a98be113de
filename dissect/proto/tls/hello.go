package tls

import (
	"encoding/binary"
	"fmt"
	"github.com/wirelog/wirelog/dissect/conn"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Extensions (IANA TLS ExtensionType) that are parsed.
const (
	extServerName          = 0   // RFC 6066 section 3
	extSupportedGroups     = 10  // RFC 8446 section 4.2.7
	extECPointFormats      = 11  // RFC 8422 section 5.1.2
	extSignatureAlgorithms = 13  // RFC 8446 section 4.2.3
	extALPN                = 16  // RFC 7301
	extSCT                 = 18  // RFC 6962 section 3.3
	extKeyShareOld         = 40  // of drafts of TLS 1.3
	extPreSharedKey        = 41  // RFC 8446 section 4.2.11
	extSupportedVersions   = 43  // RFC 8446 section 4.2.1
	extPSKKeyExchangeModes = 45  // RFC 8446 section 4.2.9
	extKeyShare            = 51  // RFC 8446 section 4.2.8
	extConnectionID        = 54  // RFC 9146 section 3
	maxSessionID           = 32  // RFC 5246 section 7.4.1.2
	second                 = 1e9 // in units of value.Time
)

// sessionID returns a session's identifier in Zeek's form: zero-padded to its maximum
// length, and all zeros if it is longer.
func (s *session) sessionID(id []byte) []byte {
	out := &s.f.ev.id
	*out = [maxSessionID]byte{}
	if len(id) <= maxSessionID {
		copy(out[:], id)
	}
	return out[:]
}

// hello checks the version that a client offers.
func (s *session) hello(version uint16) {
	if versionKnown(version) {
		s.confirm()
	} else {
		s.complain(fmt.Sprintf("unsupported client SSL version 0x%04x", version))
		s.stop()
	}
}

// clientHello parses a ClientHello (RFC 8446 section 4.1.2, RFC 6347 section 4.2.1).
func (s *session) clientHello(isOrig bool, c *cursor) {
	head := c.Head(6, "ClientHello:gmt_unix_time")
	version, stamp := binary.BigEndian.Uint16(head), binary.BigEndian.Uint32(head[2:])
	random := c.Take(28, "ClientHello:random_bytes")
	id := c.Array(int(c.U8("ClientHello:session_len")), 1, "ClientHello:session_id")
	if version == versionDTLS10 || version == versionDTLS12 {
		c.entry8("ClientHelloCookie:cookie_len", "ClientHelloCookie:cookie")
	}
	ciphers := c.Array(int(c.U16("ClientHello:csuit_len"))/2, 2, "ClientHello:csuits")
	methods := c.Array(int(c.U8("ClientHello:cmeth_len")), 1, "ClientHello:cmeths")
	s.extensions(isOrig, true, c, "ClientHello:ext_len__elem")
	if !c.OK() {
		return
	}
	s.hello(version)
	if e := s.f.hooks.ClientHello.Begin(); e != nil {
		ev := &s.f.ev
		ev.ciphers = appendPairs(ev.ciphers[:0], ciphers)
		ev.small = appendBytes(ev.small[:0], methods)
		*e = event.SSLClientHello{Conn: s.Conn(), Version: uint64(version), RecordVersion: uint64(s.recordVersion),
			PossibleTS: value.Time(stamp) * second, ClientRandom: random, SessionID: s.sessionID(id),
			Ciphers: ev.ciphers, CompMethods: ev.small}
		s.f.hooks.ClientHello.Raise(e)
	}
}

// serverHello parses a ServerHello (RFC 8446 section 4.1.3). In drafts of TLS 1.3 it has no
// session and no compression.
func (s *session) serverHello(isOrig bool, c *cursor) {
	version := c.U16("ServerHelloChoice:server_version1")
	c.Record()
	var random, id []byte
	var cipher uint16
	var method uint8
	if version == versionTLS13 || version>>8 == versionDraft {
		random = c.Take(32, "ServerHello13:random")
		cipher = c.U16("ServerHello13:cipher_suite")
		s.extensions(isOrig, false, c, "ServerHello13:ext_len__elem")
	} else {
		random = c.Take(32, "ServerHello:random_bytes")
		id = c.Array(int(c.U8("ServerHello:session_len")), 1, "ServerHello:session_id")
		head := c.Head(3, "ServerHello:compression_method")
		cipher, method = binary.BigEndian.Uint16(head), head[2]
		s.extensions(isOrig, false, c, "ServerHello:ext_len__elem")
	}
	if !c.OK() {
		return
	}
	s.setVersion(version)
	s.cipher = uint32(cipher)
	if !versionKnown(version) {
		s.complain(fmt.Sprintf("unsupported server SSL version 0x%04x", version))
		s.stop()
	}
	s.serverSpoke = true
	if e := s.f.hooks.ServerHello.Begin(); e != nil {
		stamp := uint64(random[0])<<24 | uint64(random[1])<<16 | uint64(random[2])<<8 | uint64(random[3])
		*e = event.SSLServerHello{Conn: s.Conn(), Version: uint64(version), RecordVersion: uint64(s.recordVersion),
			PossibleTS: value.Time(stamp) * second, ServerRandom: random, SessionID: s.sessionID(id),
			Cipher: uint64(cipher), CompMethod: uint64(method)}
		s.f.hooks.ServerHello.Raise(e)
	}
}

// extensions parses the extensions of a hello, if there are any. Like Zeek it ignores their
// length; field is the name of that field.
func (s *session) extensions(isOrig, inClientHello bool, c *cursor, field string) {
	if !c.More() {
		return
	}
	c.U16(field)
	for i := 0; c.More(); i++ {
		if i == s.f.opt.Extensions {
			s.limited("extensions", "tls_too_many_extensions", "")
			return
		}
		outer := c.Record()
		head := c.Head(4, "SSLExtension:data_len")
		code := binary.BigEndian.Uint16(head)
		val := c.Take(be16(head[2:]), "SSLExtension")
		c.End(outer)
		if !c.OK() {
			return
		}
		if len(val) > 0 {
			ext := cursor{wire.NewCursor(val)}
			s.extension(isOrig, inClientHello, code, &ext)
			if c.Done(&ext.Cursor); !c.OK() {
				return
			}
		}
		if e := s.f.hooks.Extension.Begin(); e != nil {
			*e = event.SSLExtension{Conn: s.Conn(), IsClient: s.client(isOrig), Code: uint64(code), Val: val}
			s.f.hooks.Extension.Raise(e)
		}
	}
}

// extension parses the contents of an extension, which are not empty.
func (s *session) extension(isOrig, inClientHello bool, code uint16, c *cursor) {
	hooks, ev, client := s.f.hooks, &s.f.ev, s.client(isOrig)
	switch code {
	case extServerName:
		s.serverName(client, c)
	case extSupportedGroups:
		list := c.Array(int(c.U16("EllipticCurves:length"))/2, 2, "EllipticCurves:elliptic_curve_list")
		if h := &hooks.ExtensionEllipticCurves; c.OK() && h.On() {
			e := h.Begin()
			ev.numbers = appendPairs(ev.numbers[:0], list)
			*e = event.SSLExtensionEllipticCurves{Conn: s.Conn(), IsClient: client, Curves: ev.numbers}
			h.Raise(e)
		}
	case extECPointFormats:
		list := c.Array(int(c.U8("EcPointFormats:length")), 1, "EcPointFormats:point_format_list")
		if h := &hooks.ExtensionECPointFormats; c.OK() && h.On() {
			e := h.Begin()
			ev.numbers = appendBytes(ev.numbers[:0], list)
			*e = event.SSLExtensionECPointFormats{Conn: s.Conn(), IsClient: client, PointFormats: ev.numbers}
			h.Raise(e)
		}
	case extSignatureAlgorithms:
		s.signatureAlgorithms(client, c)
	case extALPN:
		list := c.list16("ApplicationLayerProtocolNegotiationExtension:length", "ApplicationLayerProtocolNegotiationExtension")
		ev.strings = ev.strings[:0]
		for list.More() {
			ev.strings = append(ev.strings, list.entry8("ProtocolName:length", "ProtocolName:name"))
		}
		c.Done(&list.Cursor)
		if h := &hooks.ExtensionApplicationLayerProtocolNegotiation; c.OK() && h.On() {
			e := h.Begin()
			*e = event.SSLExtensionApplicationLayerProtocolNegotiation{Conn: s.Conn(), IsClient: client, Protocols: ev.strings}
			h.Raise(e)
		}
	case extSCT:
		s.timestamps(client, c)
	case extKeyShare, extKeyShareOld:
		s.keyShare(client, inClientHello, c)
	case extSupportedVersions:
		s.supportedVersions(client, c)
	case extPSKKeyExchangeModes:
		list := c.vec8("PSKKeyExchangeModes:length", "PSKKeyExchangeModes")
		if h := &hooks.ExtensionPSKKeyExchangeModes; c.OK() && h.On() {
			e := h.Begin()
			ev.numbers = appendBytes(ev.numbers[:0], list)
			*e = event.SSLExtensionPSKKeyExchangeModes{Conn: s.Conn(), IsClient: client, Modes: ev.numbers}
			h.Raise(e)
		}
	case extPreSharedKey:
		s.preSharedKey(client, inClientHello, c)
	case extConnectionID:
		cid := c.vec8("ConnectionId:length", "ConnectionId:cid")
		if !c.OK() {
			return
		}
		s.cid[conn.Side(isOrig)] = uint8(len(cid))
		if e := hooks.ExtensionConnectionID.Begin(); e != nil {
			*e = event.SSLExtensionConnectionID{Conn: s.Conn(), IsClient: client, CID: cid}
			hooks.ExtensionConnectionID.Raise(e)
		}
	}
}

// signatureAlgorithms parses a list of algorithms and leaves it in the scratch.
func (s *session) signatureAlgorithms(client bool, c *cursor) {
	ev := &s.f.ev
	list := c.list16("SignatureAlgorithm:length", "SignatureAlgorithm")
	ev.algs = appendAlgorithms(ev.algs[:0], &list)
	c.Done(&list.Cursor)
	if h := &s.f.hooks.ExtensionSignatureAlgorithm; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLExtensionSignatureAlgorithm{Conn: s.Conn(), IsClient: client, SignatureAlgorithms: ev.algs}
		h.Raise(e)
	}
}

func (s *session) serverName(client bool, c *cursor) {
	const hostName = 0
	ev := &s.f.ev
	list := c.list16("ServerNameExt:length", "ServerNameExt")
	ev.strings = ev.strings[:0]
	for list.More() {
		list.Record()
		if typ := list.U8("ServerName:name_type"); typ != hostName {
			s.weird("ssl_ext_unknown_server_name_type", strconv.Itoa(int(typ)))
			break // its length is unknown
		}
		name := list.entry16("ServerNameHostName:length", "ServerNameHostName:host_name")
		if list.OK() {
			ev.strings = append(ev.strings, name)
		}
	}
	c.Done(&list.Cursor)
	if !c.OK() {
		return
	}
	if client && len(ev.strings) > 1 {
		s.Weird("SSL_many_server_names", joined(ev.strings), "")
	}
	if e := s.f.hooks.ExtensionServerName.Begin(); e != nil {
		*e = event.SSLExtensionServerName{Conn: s.Conn(), IsClient: client, Names: ev.strings}
		s.f.hooks.ExtensionServerName.Raise(e)
	}
}

// joined returns a list of names in Zeek's notation.
func joined(names [][]byte) string {
	const most = 16
	var b strings.Builder
	for i, n := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(n)
	}
	return "[" + b.String() + "]"
}

// keyShare parses the key shares of a client, the one of a server, or the group that a
// HelloRetryRequest asks for (RFC 8446 section 4.2.8).
func (s *session) keyShare(client, inClientHello bool, c *cursor) {
	ev := &s.f.ev
	ev.numbers = ev.numbers[:0]
	share := func(c *cursor) {
		defer c.End(c.Record())
		head := c.Head(4, "KeyShareEntry:key_exchange_length")
		ev.numbers = append(ev.numbers, uint64(be16(head)))
		c.Take(be16(head[2:]), "KeyShareEntry:key_exchange")
	}
	switch {
	case inClientHello:
		list := c.list16("ClientHelloKeyShare:length", "ClientHelloKeyShare")
		for list.More() {
			share(&list)
		}
		c.Done(&list.Cursor)
	case c.Len() == 2:
		ev.numbers = append(ev.numbers, uint64(c.U16("HelloRetryRequestKeyShare")))
	default:
		share(c)
	}
	if h := &s.f.hooks.ExtensionKeyShare; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLExtensionKeyShare{Conn: s.Conn(), IsClient: client, Curves: ev.numbers}
		h.Raise(e)
	}
}

func (s *session) supportedVersions(client bool, c *cursor) {
	ev := &s.f.ev
	ev.numbers = ev.numbers[:0]
	if client {
		list := c.list8("SupportedVersions:length", "SupportedVersions")
		for list.More() {
			ev.numbers = append(ev.numbers, uint64(list.U16("SupportedVersions:versions__elem")))
		}
		c.Done(&list.Cursor)
	} else {
		v := c.U16("OneSupportedVersion")
		if !c.OK() {
			return
		}
		s.setVersion(v)
		s.serverSpoke = true
		ev.numbers = append(ev.numbers, uint64(v))
	}
	if h := &s.f.hooks.ExtensionSupportedVersions; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLExtensionSupportedVersions{Conn: s.Conn(), IsClient: client, Versions: ev.numbers}
		h.Raise(e)
	}
}

func (s *session) preSharedKey(client, inClientHello bool, c *cursor) {
	ev := &s.f.ev
	if !inClientHello {
		n := c.U16("SelectedPreSharedKeyIdentity")
		if h := &s.f.hooks.ExtensionPreSharedKeyServerHello; c.OK() && h.On() {
			e := h.Begin()
			*e = event.SSLExtensionPreSharedKeyServerHello{Conn: s.Conn(), IsClient: client, SelectedIdentity: uint64(n)}
			h.Raise(e)
		}
		return
	}
	ids := c.list16("PSKIdentitiesList:length", "PSKIdentitiesList")
	ev.identities = ev.identities[:0]
	for ids.More() {
		ids.Record()
		id := ids.vec16("PSKIdentity:length", "PSKIdentity:identity")
		ev.identities = append(ev.identities, event.SSLPSKIdentity{Identity: id,
			ObfuscatedTicketAge: uint64(ids.U32("PSKIdentity:obfuscated_ticket_age"))})
	}
	c.Done(&ids.Cursor)
	binders := c.list16("PSKBindersList:length", "PSKBindersList")
	ev.strings = ev.strings[:0]
	for binders.More() {
		ev.strings = append(ev.strings, binders.entry8("PSKBinder:length", "PSKBinder:binder"))
	}
	c.Done(&binders.Cursor)
	if h := &s.f.hooks.ExtensionPreSharedKeyClientHello; c.OK() && h.On() {
		e := h.Begin()
		*e = event.SSLExtensionPreSharedKeyClientHello{Conn: s.Conn(), IsClient: client,
			Identities: ev.identities, Binders: ev.strings}
		h.Raise(e)
	}
}

// timestamps parses signed certificate timestamps (RFC 6962 sections 3.2 and 3.3).
func (s *session) timestamps(client bool, c *cursor) {
	list := c.list16("SignedCertificateTimestampList:length", "SignedCertificateTimestampList")
	for list.More() {
		t := list.list16("SignedCertificateTimestamp:version", "SignedCertificateTimestamp")
		e := event.SSLExtensionSignedCertificateTimestamp{Conn: s.Conn(), IsClient: client,
			Version: uint64(t.U8("SignedCertificateTimestamp:version")), LogID: t.Take(32, "SignedCertificateTimestamp:logid"),
			Timestamp: t.U64("SignedCertificateTimestamp:timestamp")}
		t.vec16("SignedCertificateTimestamp:extensions_length", "SignedCertificateTimestamp:extensions")
		e.SignatureAndHashAlgorithm = algorithm(&t)
		e.Signature = t.vec16("SignedCertificateTimestamp:digitally_signed_signature_length", "SignedCertificateTimestamp:digitally_signed_signature")
		list.Done(&t.Cursor)
		if h := &s.f.hooks.ExtensionSignedCertificateTimestamp; list.OK() && h.On() {
			scratch := h.Begin()
			*scratch = e
			h.Raise(scratch)
		}
	}
	c.Done(&list.Cursor)
}
