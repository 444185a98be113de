package logs

import (
	stdx509 "crypto/x509"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ssl builds ssl.log after Zeek's base/protocols/ssl: a row a connection, when the handshake
// succeeds, when the analyzer gives up, or when the connection ends.
type ssl struct {
	states[sslState]
	out schemas.Emitter
	now func() value.Time

	rec      schemas.SSL
	uidBuf   []byte
	ja3, ja4 bool
	// validator is nil unless the result of validation is wanted.
	validator *validator

	// file is the current certificate and owner its connection. A certificate is delivered
	// whole, so there is one at a time.
	file      event.File
	owner     *sslState
	ownerConn event.Conn
	chain     int // sslServer or sslClient
}

// Indices of the two sides' chains.
const (
	sslServer = 0
	sslClient = 1
)

// maxSSLHistory bounds the history (SSL::max_ssl_history_length), and maxSSLFlips
// bounds the letters that changes of direction add to it.
const (
	maxSSLHistory = 100
	maxSSLFlips   = 8
)

// keptNames bounds the capacity of the list of names that the next connection reuses.
const keptNames = 64

// maxChainFPs bounds the fingerprints of a chain.
const maxChainFPs = 256

// sslState is the state of a connection.
type sslState struct {
	ts         value.Time
	versionNum uint64 // 0 until the server has chosen one
	version    string
	cipher     string
	curve      string
	serverName value.Opt[string]
	lastAlert  string
	next       value.Opt[string]

	sessionID [32]byte // of the session that the client offers to resume, zeros for none
	resumed   bool
	// ticketSeen is set if the client has sent a ticket and no session id, keySeen if it has
	// exchanged keys, pskSeen if it has offered pre-shared keys, and retry if the current
	// ServerHello is a HelloRetryRequest.
	ticketSeen, keySeen, pskSeen, retry bool
	established, logged                 bool

	history  []byte
	hasCerts bool
	// fps are the fingerprints of the two chains, with empty ones for data that is not a
	// certificate, and certs the server's certificates, if they are validated.
	fps   [2][]string
	certs []*stdx509.Certificate
	// The names in the server's own certificate.
	leaf, leafHasSAN bool
	leafCN           value.Opt[string]
	leafNames        []string

	hello *sslHello
	held  int // bytes on the connection's account
}

// account counts what the peers determine the length of.
func (b *ssl) account(c event.Conn, s *sslState) {
	const fingerprint, pointer, text, number = 80, 8, 16, 8
	n := len(s.serverName.V) + fingerprint*(len(s.fps[0])+len(s.fps[1])) + text*cap(s.leafNames) + pointer*cap(s.certs)
	if h := s.hello; h != nil {
		n += number * (cap(h.client) + cap(h.server) + cap(h.curves) + cap(h.formats) + cap(h.versions) + cap(h.algs))
		n += cap(h.alpn) + cap(h.buf)
	}
	b.keep(c, &s.held, max(0, n-2*smallState))
}

// Handshake messages (IANA TLS HandshakeType) that the builder knows.
const (
	tlsServerHello       = 2
	tlsClientKeyExchange = 16
)

// Extensions (IANA TLS ExtensionType) that indicate a resumed session.
const (
	tlsExtSessionTicket = 35
	tlsExtPreSharedKey  = 41
)

// sslLetters are the letters of handshake messages in the history.
var sslLetters = [256]byte{
	0: 'h', 1: 'c', tlsServerHello: 's', 3: 'v', 4: 't', 5: 'e', 6: 'j', 8: 'o', 11: 'x', 12: 'k', 13: 'r',
	14: 'n', 15: 'y', tlsClientKeyExchange: 'g', 20: 'f', 21: 'w', 22: 'u', 23: 'a', 24: 'p', 254: 'm',
}

// helloRetry is the random of a ServerHello that is a HelloRetryRequest (RFC 8446 section
// 4.1.3).
const helloRetry = "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91" +
	"\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C"

const tlsVersion13 = 0x0304

func installSSL(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ssl{out: out, now: o.Now, ja3: o.has(schemas.GroupJA3), ja4: o.has(schemas.GroupJA4)}
	b.init(h, b.ended)
	if o.has(schemas.GroupValidation) && o.RootCerts != nil {
		b.validator = newValidator(o.RootCerts)
	}
	h.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) {
		if isSSL(e.AType) {
			b.state(e.Conn)
		}
	})
	h.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		if !isSSL(e.AType) || e.Conn == nil {
			return
		}
		if s := b.known(e.Conn); s != nil {
			b.write(e.Conn, s)
		}
	})
	h.SSL.ClientHello.Listen(b.clientHello)
	h.SSL.ServerHello.Listen(b.serverHello)
	h.SSL.Extension.Listen(b.extension)
	h.SSL.ExtensionSupportedVersions.Listen(func(e *event.SSLExtensionSupportedVersions) {
		s := b.state(e.Conn)
		if !e.IsClient && len(e.Versions) == 1 {
			s.versionNum, s.version = e.Versions[0], tlsVersion(e.Versions[0])
		}
		if e.IsClient && b.ja4 {
			s.fingerprint().versions = append(s.hello.versions[:0], e.Versions...)
		}
	})
	h.SSL.ExtensionKeyShare.Listen(func(e *event.SSLExtensionKeyShare) {
		if s := b.state(e.Conn); !e.IsClient && len(e.Curves) == 1 {
			s.curve = named(tlsCurves, e.Curves[0])
		}
	})
	h.SSL.ECDHServerParams.Listen(func(e *event.SSLECDHServerParams) {
		b.state(e.Conn).curve = named(tlsCurves, e.Curve)
	})
	h.SSL.ExtensionServerName.Listen(func(e *event.SSLExtensionServerName) {
		if s := b.state(e.Conn); e.IsClient && len(e.Names) > 0 && (!s.serverName.OK || s.serverName.V != string(e.Names[0])) {
			s.serverName = value.Some(string(e.Names[0]))
			b.account(e.Conn, s)
		}
	})
	h.SSL.ExtensionApplicationLayerProtocolNegotiation.Listen(b.alpn)
	h.SSL.ConnectionFlipped.Listen(func(e *event.SSLConnectionFlipped) {
		if s := b.state(e.Conn); len(s.history) < maxSSLHistory+maxSSLFlips {
			s.history = append(s.history, '^')
		}
	})
	h.SSL.HandshakeMessage.Listen(b.handshake)
	h.SSL.ChangeCipherSpec.Listen(func(e *event.SSLChangeCipherSpec) {
		s := b.state(e.Conn)
		s.letter(e.IsClient, 'i')
		if e.IsClient && s.ticketSeen && !s.keySeen {
			s.resumed = true
		}
	})
	h.SSL.Alert.Listen(func(e *event.SSLAlert) {
		s := b.state(e.Conn)
		s.letter(e.IsClient, 'l')
		s.lastAlert = named(tlsAlerts, e.Desc)
	})
	h.SSL.Heartbeat.Listen(func(e *event.SSLHeartbeat) { b.state(e.Conn).letter(e.IsClient, 'b') })
	h.SSL.PlaintextData.Listen(func(e *event.SSLPlaintextData) { b.state(e.Conn) })
	h.SSL.Established.Listen(func(e *event.SSLEstablished) {
		s := b.state(e.Conn)
		s.established = true
		b.write(e.Conn, s)
	})

	h.File.OverNewConnection.Listen(func(e *event.FileOverNewConnection) {
		switch e.File.Source() {
		case "SSL", "DTLS":
			if s := b.known(e.Conn); s != nil {
				b.file, b.owner, b.ownerConn = e.File, s, e.Conn
			}
		}
	})
	h.File.Sniff.Listen(b.sniffed)
	h.X509.Certificate.Listen(b.certificate)
	h.X509.ExtSubjectAlternativeName.Listen(func(e *event.X509ExtSubjectAlternativeName) {
		if e.File == b.file && b.chain == sslServer && len(b.owner.fps[sslServer]) == 1 {
			b.owner.leafNames = append(b.owner.leafNames[:0], e.Ext.DNS...)
		}
	})
	h.File.StateRemove.Listen(func(e *event.FileStateRemove) {
		if e.File == b.file && b.file != nil {
			b.account(b.ownerConn, b.owner)
			b.file, b.owner, b.ownerConn = nil, nil, nil
		}
	})

	if b.ja3 || b.ja4 {
		b.listenFingerprints(h)
	}
}

func isSSL(tag value.Enum) bool {
	return tag == "Analyzer::ANALYZER_SSL" || tag == "Analyzer::ANALYZER_DTLS"
}

func (b *ssl) state(c event.Conn) *sslState {
	if s := b.known(c); s != nil {
		return s
	}
	s := b.add(c)
	s.ts = b.now()
	return s
}

// letter appends a letter to the history.
func (s *sslState) letter(isClient bool, letter byte) {
	if len(s.history) >= maxSSLHistory {
		return
	}
	if isClient {
		letter -= 'a' - 'A'
	}
	s.history = append(s.history, letter)
}

func (b *ssl) clientHello(e *event.SSLClientHello) {
	s := b.state(e.Conn)
	if len(e.SessionID) == len(s.sessionID) && [32]byte(e.SessionID) != ([32]byte{}) {
		s.sessionID = [32]byte(e.SessionID)
		s.ticketSeen = false
	}
	if e.RecordVersion == 0 { // SSL 2 has no handshake messages
		s.letter(true, 'c')
	}
	if b.ja3 || b.ja4 {
		b.clientFingerprint(s, e)
		b.account(e.Conn, s)
	}
}

func (b *ssl) serverHello(e *event.SSLServerHello) {
	s := b.state(e.Conn)
	if s.versionNum == 0 { // the version of the extension takes precedence
		s.versionNum, s.version = e.Version, tlsVersion(e.Version)
	}
	s.cipher = named(tlsCiphers, e.Cipher)
	if string(e.ServerRandom) == helloRetry {
		s.retry = true
	}
	if s.sessionID != ([32]byte{}) && string(s.sessionID[:]) == string(e.SessionID) &&
		s.versionNum/0xff != 0x7f && s.versionNum != tlsVersion13 {
		s.resumed = true
	}
	if e.Version == 2 {
		s.letter(false, 's')
	}
	if b.ja3 {
		serverFingerprint(s, e)
	}
}

// extension handles an extension, which is raised before its hello.
func (b *ssl) extension(e *event.SSLExtension) {
	s := b.state(e.Conn)
	switch {
	case e.IsClient && e.Code == tlsExtSessionTicket && len(e.Val) > 0:
		s.ticketSeen = true
	case e.IsClient && e.Code == tlsExtPreSharedKey:
		s.pskSeen = true
	case !e.IsClient && e.Code == tlsExtPreSharedKey && s.pskSeen:
		s.resumed = true
	}
	if b.ja3 || b.ja4 {
		s.fingerprint().add(e)
	}
}

func (b *ssl) alpn(e *event.SSLExtensionApplicationLayerProtocolNegotiation) {
	s := b.state(e.Conn)
	if len(e.Protocols) == 0 {
		return
	}
	if !e.IsClient {
		s.next = value.Some(knownALPN(e.Protocols[0]))
	} else if b.ja4 {
		s.fingerprint().alpn = append(s.hello.alpn[:0], e.Protocols[0]...)
	}
}

// knownALPN returns the name of a protocol without allocating for the common ones.
func knownALPN(b []byte) string {
	switch string(b) {
	case "h2":
		return "h2"
	case "http/1.1":
		return "http/1.1"
	}
	return string(b)
}

func (b *ssl) handshake(e *event.SSLHandshakeMessage) {
	s := b.state(e.Conn)
	letter := byte('z')
	if e.MsgType < uint64(len(sslLetters)) && sslLetters[e.MsgType] != 0 {
		letter = sslLetters[e.MsgType]
	}
	switch {
	case e.MsgType == tlsServerHello && s.retry:
		s.retry = false
		letter = 'j'
	case e.MsgType == tlsClientKeyExchange && e.IsClient:
		s.keySeen = true
	}
	s.letter(e.IsClient, letter)
}

// sniffed adds a certificate to its chain before it is parsed.
func (b *ssl) sniffed(e *event.FileSniff) {
	if e.File != b.file || b.file == nil {
		return
	}
	switch e.Meta.MIMEType.V {
	case "application/x-x509-ca-cert", "application/x-x509-user-cert", "application/pkix-cert":
	default:
		return
	}
	b.chain = sslServer
	if isClient, _ := e.File.IsOrig(); isClient {
		b.chain = sslClient
	}
	b.owner.hasCerts = true
	if fps := &b.owner.fps[b.chain]; len(*fps) < maxChainFPs {
		*fps = append(*fps, "")
	}
}

func (b *ssl) certificate(e *event.X509Certificate) {
	if e.File != b.file || b.file == nil {
		return
	}
	s := b.owner
	fps := s.fps[b.chain]
	if len(fps) == 0 {
		return
	}
	fps[len(fps)-1] = e.Fingerprint
	if b.chain == sslServer && b.validator != nil {
		s.certs = append(s.certs, b.validator.learn(e.Fingerprint, e.Ref))
	}
	if b.chain == sslServer && len(fps) == 1 {
		s.leaf, s.leafHasSAN = true, e.HasSAN
		s.leafCN = e.Cert.CN
		s.leafNames = s.leafNames[:0]
	}
}

// nameMatches reports whether the server's certificate is for a host: by its alternative
// names if it has the extension, else by its common name (RFC 2818 section 3.1).
func (s *sslState) nameMatches(host string) bool {
	if s.leafHasSAN {
		return slices.ContainsFunc(s.leafNames, func(name string) bool { return hostMatches(host, name) })
	}
	return s.leafCN.OK && hostMatches(host, s.leafCN.V)
}

// hostMatches compares a host with the name in a certificate, which may have a wildcard
// at the end of its first label if there are two more (RFC 6125 section 6.4.3).
func hostMatches(host, name string) bool {
	if host == name {
		return true
	}
	star, dot := strings.IndexByte(name, '*'), strings.IndexByte(name, '.')
	if star < 0 || dot != star+1 || !strings.Contains(name[dot+1:], ".") {
		return false
	}
	hostDot := strings.IndexByte(host, '.')
	return hostDot >= 0 && host[hostDot:] == name[dot:] && strings.HasPrefix(host, name[:star])
}

// write emits the row, once.
func (b *ssl) write(c event.Conn, s *sslState) {
	if s.logged {
		return
	}
	s.logged = true
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r := &b.rec
	*r = schemas.SSL{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Version: someText(s.version), Cipher: someText(s.cipher), Curve: someText(s.curve),
		ServerName: s.serverName, Resumed: s.resumed, LastAlert: someText(s.lastAlert), NextProtocol: s.next,
		Established: s.established, SSLHistory: text(s.history),
	}
	if s.hasCerts {
		isNone := func(fp string) bool { return fp == "" }
		for i := range s.fps {
			s.fps[i] = slices.DeleteFunc(s.fps[i], isNone)
		}
		r.CertChainFPs = chainOf(s.fps[sslServer])
		r.ClientCertChainFPs = chainOf(s.fps[sslClient])
	}
	if s.leaf && s.serverName.OK {
		r.SNIMatchesCert = value.Some(s.nameMatches(s.serverName.V))
	}
	if s.leaf && len(s.certs) > 0 && s.certs[0] != nil {
		r.ValidationStatus = value.Some(b.validator.validate(s.fps[sslServer], s.certs, b.now()))
	}
	if s.hello != nil {
		s.hello.fill(r)
	}
	b.out.Emit(r)
}

// chainOf returns a vector that is empty, not unset, if it has no elements.
func chainOf(fps []string) value.Vector[string] {
	if fps == nil {
		return value.Vector[string]{}
	}
	return value.Vector[string](fps)
}

func (b *ssl) ended(c event.Conn, s *sslState) {
	b.write(c, s)
	b.keep(c, &s.held, 0)
	if cap(s.leafNames) > keptNames {
		s.leafNames = nil
	}
	if s == b.owner {
		b.file, b.owner, b.ownerConn = nil, nil, nil
	}
	clear(s.fps[0])
	clear(s.fps[1])
	clear(s.leafNames)
	clear(s.certs)
	if s.hello != nil {
		s.hello.reset()
	}
	*s = sslState{history: s.history[:0], fps: [2][]string{s.fps[0][:0], s.fps[1][:0]}, certs: s.certs[:0],
		leafNames: s.leafNames[:0], hello: s.hello}
}
