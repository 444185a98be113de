package schemas

import "github.com/wirelog/wirelog/value"

// SSL is an SSL, TLS or DTLS connection, written when its handshake has succeeded or
// else when the connection ends.
//
//wirelog:log ssl
type SSL struct {
	// Time at which SSL was detected.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Version that the server chose.
	Version value.Opt[string] `zeek:"version"`
	// Cipher suite that the server chose.
	Cipher value.Opt[string] `zeek:"cipher"`
	// Group used for the key exchange, such as a curve.
	Curve value.Opt[string] `zeek:"curve"`
	// Server name that the client requested.
	ServerName value.Opt[string] `zeek:"server_name"`
	// Whether an earlier session was resumed.
	Resumed bool `zeek:"resumed"`
	// The last alert that was seen.
	LastAlert value.Opt[string] `zeek:"last_alert"`
	// Application protocol that the server chose.
	NextProtocol value.Opt[string] `zeek:"next_protocol"`
	// Whether the handshake succeeded.
	Established bool `zeek:"established"`
	// A letter for each message that could be read, upper case for the client's: C and
	// S hello, V hello verify request, J hello retry request, X certificate, K server
	// key exchange, R certificate request, N server hello done, Y certificate verify, G
	// client key exchange, T session ticket, U certificate status, W certificate URL, F
	// finished, I change cipher spec, H hello request, L alert, B heartbeat, E end of
	// early data, O encrypted extensions, P key update, A supplemental data, M message
	// hash, Z any other, and ^ when the originator turned out to be the server.
	SSLHistory string `zeek:"ssl_history"`
	// SHA-256 fingerprints of the server's certificates, in order.
	CertChainFPs value.Vector[string] `zeek:"cert_chain_fps"`
	// SHA-256 fingerprints of the client's certificates, in order.
	ClientCertChainFPs value.Vector[string] `zeek:"client_cert_chain_fps"`
	// Whether the server's certificate covers the requested name.
	SNIMatchesCert value.Opt[bool] `zeek:"sni_matches_cert"`
	// JA3 fingerprint of the client, in hexadecimal.
	JA3 value.Opt[string] `zeek:"ja3,optional=ja3"`
	// JA3S fingerprint of the server, in hexadecimal.
	JA3S value.Opt[string] `zeek:"ja3s,optional=ja3"`
	// JA4 fingerprint of the client.
	JA4 value.Opt[string] `zeek:"ja4,optional=ja4"`
	// Whether the server's certificates lead to a root certificate, in OpenSSL's words;
	// ok if they do.
	ValidationStatus value.Opt[string] `zeek:"validation_status,optional=validation"`
	*Flow
}
