package event

import "github.com/wirelog/wirelog/value"

// SSLSignatureAndHashAlgorithm is a pair of algorithms (RFC 5246 section
// 7.4.1.4.1). From TLS 1.3 on the two bytes are one number (RFC 8446 section 4.2.3).
//
//wirelog:record SSL::SignatureAndHashAlgorithm
type SSLSignatureAndHashAlgorithm struct {
	HashAlgorithm      uint64 `zeek:"HashAlgorithm"`      // 256 for none, before TLS 1.2
	SignatureAlgorithm uint64 `zeek:"SignatureAlgorithm"` // 256 for none, before TLS 1.2
}

// SSLPSKIdentity is a pre-shared key that a client offers (RFC 8446 section 4.2.11).
//
//wirelog:record SSL::PSKIdentity
type SSLPSKIdentity struct {
	Identity            []byte `zeek:"identity"` // valid inside the call
	ObfuscatedTicketAge uint64 `zeek:"obfuscated_ticket_age"`
}

// SSLClientHello is raised for a ClientHello (RFC 8446 section 4.1.2), or that of
// SSL 2 (RFC 6101 appendix E.1). The events of its extensions come before it.
//
//wirelog:event ssl_client_hello section=SSL
type SSLClientHello struct {
	Conn          Conn       `zeek:"c"`
	Version       uint64     `zeek:"version"`                       // offered, by its number on the wire
	RecordVersion uint64     `zeek:"record_version"`                // of the record layer, 0 for SSL 2
	PossibleTS    value.Time `zeek:"possible_ts"`                   // first four bytes of the random as seconds, as old clients sent them
	ClientRandom  []byte     `zeek:"client_random"`                 // the other 28 bytes, or the challenge of SSL 2; valid inside the call
	SessionID     []byte     `zeek:"session_id"`                    // padded with zeros to 32 bytes, all zeros if longer; valid inside the call
	Ciphers       []uint64   `zeek:"ciphers" type:"index_vec"`      // in the client's order, of 24 bits each for SSL 2; valid inside the call
	CompMethods   []uint64   `zeek:"comp_methods" type:"index_vec"` // compression methods; valid inside the call
}

// SSLServerHello is raised for a ServerHello (RFC 8446 section 4.1.3), or that of
// SSL 2. The events of its extensions come before it.
//
//wirelog:event ssl_server_hello section=SSL
type SSLServerHello struct {
	Conn          Conn       `zeek:"c"`
	Version       uint64     `zeek:"version"`        // chosen; TLS 1.3 sends that of TLS 1.2, see SSLExtensionSupportedVersions
	RecordVersion uint64     `zeek:"record_version"` // of the record layer, 0 for SSL 2
	PossibleTS    value.Time `zeek:"possible_ts"`    // first four bytes of the random as seconds
	ServerRandom  []byte     `zeek:"server_random"`  // all 32 bytes, or the connection's number of SSL 2; valid inside the call
	SessionID     []byte     `zeek:"session_id"`     // padded with zeros to 32 bytes, all zeros if longer; valid inside the call
	Cipher        uint64     `zeek:"cipher"`
	CompMethod    uint64     `zeek:"comp_method"`
}

// SSLHandshakeMessage is raised for every handshake message that is not encrypted
// (RFC 8446 section 4), after the events of what it contains.
//
//wirelog:event ssl_handshake_message section=SSL
type SSLHandshakeMessage struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	MsgType  uint64 `zeek:"msg_type"` // IANA TLS HandshakeType
	Length   uint64 `zeek:"length"`   // bytes without the header
}

// SSLExtension is raised for every extension of a hello (RFC 8446 section 4.2),
// after the event of that extension, if there is one.
//
//wirelog:event ssl_extension section=SSL
type SSLExtension struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	Code     uint64 `zeek:"code"` // IANA TLS ExtensionType
	Val      []byte `zeek:"val"`  // contents; valid inside the call
}

// SSLExtensionEllipticCurves is raised for the extension supported_groups (RFC 8446
// section 4.2.7).
//
//wirelog:event ssl_extension_elliptic_curves section=SSL
type SSLExtensionEllipticCurves struct {
	Conn     Conn     `zeek:"c"`
	IsClient bool     `zeek:"is_client"`
	Curves   []uint64 `zeek:"curves" type:"index_vec"` // IANA TLS supported groups; valid inside the call
}

// SSLExtensionECPointFormats is raised for the extension ec_point_formats (RFC 8422
// section 5.1.2).
//
//wirelog:event ssl_extension_ec_point_formats section=SSL
type SSLExtensionECPointFormats struct {
	Conn         Conn     `zeek:"c"`
	IsClient     bool     `zeek:"is_client"`
	PointFormats []uint64 `zeek:"point_formats" type:"index_vec"` // valid inside the call
}

// SSLExtensionSignatureAlgorithm is raised for the extension signature_algorithms
// (RFC 8446 section 4.2.3).
//
//wirelog:event ssl_extension_signature_algorithm section=SSL
type SSLExtensionSignatureAlgorithm struct {
	Conn                Conn                           `zeek:"c"`
	IsClient            bool                           `zeek:"is_client"`
	SignatureAlgorithms []SSLSignatureAndHashAlgorithm `zeek:"signature_algorithms" type:"signature_and_hashalgorithm_vec"` // valid inside the call
}

// SSLExtensionKeyShare is raised for the extension key_share, with the groups of
// the keys, or the group that a HelloRetryRequest asks for (RFC 8446 section
// 4.2.8).
//
//wirelog:event ssl_extension_key_share section=SSL
type SSLExtensionKeyShare struct {
	Conn     Conn     `zeek:"c"`
	IsClient bool     `zeek:"is_client"`
	Curves   []uint64 `zeek:"curves" type:"index_vec"` // IANA TLS supported groups; valid inside the call
}

// SSLExtensionPreSharedKeyClientHello is raised for a client's extension
// pre_shared_key (RFC 8446 section 4.2.11).
//
//wirelog:event ssl_extension_pre_shared_key_client_hello section=SSL
type SSLExtensionPreSharedKeyClientHello struct {
	Conn       Conn             `zeek:"c"`
	IsClient   bool             `zeek:"is_client"`
	Identities []SSLPSKIdentity `zeek:"identities" type:"psk_identity_vec"` // valid inside the call
	Binders    [][]byte         `zeek:"binders" type:"string_vec"`          // valid inside the call
}

// SSLExtensionPreSharedKeyServerHello is raised for a server's extension
// pre_shared_key (RFC 8446 section 4.2.11).
//
//wirelog:event ssl_extension_pre_shared_key_server_hello section=SSL
type SSLExtensionPreSharedKeyServerHello struct {
	Conn             Conn   `zeek:"c"`
	IsClient         bool   `zeek:"is_client"`
	SelectedIdentity uint64 `zeek:"selected_identity"` // index into the client's identities
}

// SSLExtensionPSKKeyExchangeModes is raised for the extension psk_key_exchange_modes
// (RFC 8446 section 4.2.9).
//
//wirelog:event ssl_extension_psk_key_exchange_modes section=SSL
type SSLExtensionPSKKeyExchangeModes struct {
	Conn     Conn     `zeek:"c"`
	IsClient bool     `zeek:"is_client"`
	Modes    []uint64 `zeek:"modes" type:"index_vec"` // valid inside the call
}

// SSLExtensionSupportedVersions is raised for the extension supported_versions (RFC
// 8446 section 4.2.1): the versions that a client offers, or the one that a server
// chose.
//
//wirelog:event ssl_extension_supported_versions section=SSL
type SSLExtensionSupportedVersions struct {
	Conn     Conn     `zeek:"c"`
	IsClient bool     `zeek:"is_client"`
	Versions []uint64 `zeek:"versions" type:"index_vec"` // valid inside the call
}

// SSLExtensionApplicationLayerProtocolNegotiation is raised for the extension ALPN
// (RFC 7301): the protocols that a client offers, or the one that a server chose.
//
//wirelog:event ssl_extension_application_layer_protocol_negotiation section=SSL
type SSLExtensionApplicationLayerProtocolNegotiation struct {
	Conn      Conn     `zeek:"c"`
	IsClient  bool     `zeek:"is_client"`
	Protocols [][]byte `zeek:"protocols" type:"string_vec"` // valid inside the call
}

// SSLExtensionServerName is raised for the extension server_name with names in it
// (RFC 6066 section 3).
//
//wirelog:event ssl_extension_server_name section=SSL
type SSLExtensionServerName struct {
	Conn     Conn     `zeek:"c"`
	IsClient bool     `zeek:"is_client"`
	Names    [][]byte `zeek:"names" type:"string_vec"` // host names; valid inside the call
}

// SSLExtensionSignedCertificateTimestamp is raised for every signed certificate
// timestamp in the extension of that name (RFC 6962 section 3.3).
//
//wirelog:event ssl_extension_signed_certificate_timestamp section=SSL
type SSLExtensionSignedCertificateTimestamp struct {
	Conn                      Conn                         `zeek:"c"`
	IsClient                  bool                         `zeek:"is_client"`
	Version                   uint64                       `zeek:"version"`   // 0 for v1
	LogID                     []byte                       `zeek:"logid"`     // hash of the log's key; valid inside the call
	Timestamp                 uint64                       `zeek:"timestamp"` // milliseconds since the epoch
	SignatureAndHashAlgorithm SSLSignatureAndHashAlgorithm `zeek:"signature_and_hashalgorithm"`
	Signature                 []byte                       `zeek:"signature"` // valid inside the call
}

// SSLExtensionConnectionID is raised for the extension connection_id: the identifier
// that the peer must put into its datagrams (RFC 9146 section 3).
//
//wirelog:event ssl_extension_connection_id section=SSL own
type SSLExtensionConnectionID struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	CID      []byte `zeek:"cid"` // valid inside the call
}

// SSLCertificateRequest is raised for a server's CertificateRequest before TLS 1.3
// (RFC 5246 section 7.4.4).
//
//wirelog:event ssl_certificate_request section=SSL own
type SSLCertificateRequest struct {
	Conn                   Conn                           `zeek:"c"`
	IsClient               bool                           `zeek:"is_client"`
	CertificateTypes       []uint64                       `zeek:"certificate_types" type:"index_vec"`                                    // valid inside the call
	SupportedSignatureAlgs []SSLSignatureAndHashAlgorithm `zeek:"supported_signature_algorithms" type:"signature_and_hashalgorithm_vec"` // valid inside the call
	CertificateAuthorities [][]byte                       `zeek:"certificate_authorities" type:"string_vec"`                             // names in DER; valid inside the call
}

// SSLECDHServerParams is raised for a server's curve and public point (RFC 8422
// section 5.4).
//
//wirelog:event ssl_ecdh_server_params section=SSL
type SSLECDHServerParams struct {
	Conn  Conn   `zeek:"c"`
	Curve uint64 `zeek:"curve"` // IANA TLS supported groups
	Point []byte `zeek:"point"` // valid inside the call
}

// SSLECDHClientParams is raised for a client's public point (RFC 8422 section 5.7).
//
//wirelog:event ssl_ecdh_client_params section=SSL
type SSLECDHClientParams struct {
	Conn  Conn   `zeek:"c"`
	Point []byte `zeek:"point"` // with the byte of its length; valid inside the call
}

// SSLDHServerParams is raised for a server's finite-field parameters (RFC 5246
// section 7.4.3).
//
//wirelog:event ssl_dh_server_params section=SSL
type SSLDHServerParams struct {
	Conn Conn   `zeek:"c"`
	P    []byte `zeek:"p"`  // modulus; valid inside the call
	Q    []byte `zeek:"q"`  // generator, by Zeek's name; valid inside the call
	Ys   []byte `zeek:"Ys"` // the server's public value; valid inside the call
}

// SSLDHClientParams is raised for a client's finite-field public value (RFC 5246
// section 7.4.7.2).
//
//wirelog:event ssl_dh_client_params section=SSL
type SSLDHClientParams struct {
	Conn Conn   `zeek:"c"`
	Yc   []byte `zeek:"Yc"` // with the two bytes of its length; valid inside the call
}

// SSLRSAClientPMS is raised for a client's premaster secret, encrypted with the
// server's RSA key (RFC 5246 section 7.4.7.1).
//
//wirelog:event ssl_rsa_client_pms section=SSL
type SSLRSAClientPMS struct {
	Conn Conn   `zeek:"c"`
	PMS  []byte `zeek:"pms"` // with its length, where there is one; valid inside the call
}

// SSLServerSignature is raised for a server's signature on its key exchange (RFC
// 5246 section 7.4.3).
//
//wirelog:event ssl_server_signature section=SSL
type SSLServerSignature struct {
	Conn                      Conn                         `zeek:"c"`
	SignatureAndHashAlgorithm SSLSignatureAndHashAlgorithm `zeek:"signature_and_hashalgorithm"`
	Signature                 []byte                       `zeek:"signature"` // valid inside the call
}

// SSLSessionTicketHandshake is raised for a NewSessionTicket that is not encrypted
// (RFC 5077 section 3.3).
//
//wirelog:event ssl_session_ticket_handshake section=SSL
type SSLSessionTicketHandshake struct {
	Conn               Conn   `zeek:"c"`
	TicketLifetimeHint uint64 `zeek:"ticket_lifetime_hint"` // seconds
	Ticket             []byte `zeek:"ticket"`               // valid inside the call
}

// SSLStapledOCSP is raised for an OCSP response that a server staples to its
// handshake (RFC 6066 section 8).
//
//wirelog:event ssl_stapled_ocsp section=SSL
type SSLStapledOCSP struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	Response []byte `zeek:"response"` // in DER; valid inside the call
}

// SSLChangeCipherSpec is raised for a ChangeCipherSpec message (RFC 5246 section
// 7.1), which means nothing in TLS 1.3.
//
//wirelog:event ssl_change_cipher_spec section=SSL
type SSLChangeCipherSpec struct {
	Conn     Conn `zeek:"c"`
	IsClient bool `zeek:"is_client"`
}

// SSLAlert is raised for an alert that is not encrypted (RFC 8446 section 6), and
// for an error of SSL 2.
//
//wirelog:event ssl_alert section=SSL
type SSLAlert struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	Level    uint64 `zeek:"level"` // 1 warning, 2 fatal; 2^64-1 for SSL 2
	Desc     uint64 `zeek:"desc"`  // IANA TLS Alerts, or the error code of SSL 2
}

// SSLHeartbeat is raised for a heartbeat record (RFC 6520 section 4). Once
// encryption has begun, only a record's length can be read, and
// SSLEncryptedData is raised instead.
//
//wirelog:event ssl_heartbeat section=SSL
type SSLHeartbeat struct {
	Conn          Conn   `zeek:"c"`
	IsClient      bool   `zeek:"is_client"`
	Length        uint64 `zeek:"length"`         // bytes in the record
	HeartbeatType uint64 `zeek:"heartbeat_type"` // 1 request, 2 response
	PayloadLength uint64 `zeek:"payload_length"` // as the message says
	Payload       []byte `zeek:"payload"`        // everything after it; valid inside the call
}

// SSLPlaintextData is raised for every record before encryption begins, after the
// events of what it contains.
//
//wirelog:event ssl_plaintext_data section=SSL
type SSLPlaintextData struct {
	Conn          Conn   `zeek:"c"`
	IsClient      bool   `zeek:"is_client"`
	RecordVersion uint64 `zeek:"record_version"` // 0 for SSL 2
	ContentType   uint64 `zeek:"content_type"`   // IANA TLS ContentType, 300 and its message type for SSL 2
	Length        uint64 `zeek:"length"`         // bytes without the header
}

// SSLEncryptedData is raised for every record after encryption has begun.
//
//wirelog:event ssl_encrypted_data section=SSL
type SSLEncryptedData struct {
	Conn          Conn   `zeek:"c"`
	IsClient      bool   `zeek:"is_client"`
	RecordVersion uint64 `zeek:"record_version"` // 0 for SSL 2
	ContentType   uint64 `zeek:"content_type"`   // not encrypted
	Length        uint64 `zeek:"length"`         // bytes without the header
}

// SSLProbableEncryptedHandshakeMessage is raised for every encrypted record of a
// TLS 1.3 connection that is not yet established.
//
//wirelog:event ssl_probable_encrypted_handshake_message section=SSL own
type SSLProbableEncryptedHandshakeMessage struct {
	Conn     Conn   `zeek:"c"`
	IsClient bool   `zeek:"is_client"`
	Length   uint64 `zeek:"length"` // bytes without the header
}

// SSLEstablished is raised when the handshake has succeeded, as far as can be seen:
// both sides encrypt.
//
//wirelog:event ssl_established section=SSL
type SSLEstablished struct {
	Conn Conn `zeek:"c"`
}

// SSLConnectionFlipped is raised when the side that opened the connection turns out
// to be the server, or turns out not to be after all.
//
//wirelog:event ssl_connection_flipped section=SSL own
type SSLConnectionFlipped struct {
	Conn Conn `zeek:"c"`
}

// SSLServerCurve is raised right before SSLECDHServerParams, which has replaced it, with
// the named curve of a server's key exchange (RFC 8422 section 5.4).
//
//wirelog:event ssl_server_curve section=SSL deprecated
type SSLServerCurve struct {
	Conn  Conn   `zeek:"c"`
	Curve uint64 `zeek:"curve"`
}
