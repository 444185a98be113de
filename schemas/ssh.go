package schemas

import "github.com/wirelog/wirelog/value"

// SSH is an SSH connection, written when the client has authenticated, or else when the
// connection ends.
//
//wirelog:log ssh
type SSH struct {
	// Time of the first version line.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Major version that both sides speak, 1 or 2.
	Version value.Opt[uint64] `zeek:"version"`
	// Whether the client authenticated, inferred from packet sizes; unset if unknown.
	AuthSuccess value.Opt[bool] `zeek:"auth_success"`
	// Authentication attempts that were seen.
	AuthAttempts uint64 `zeek:"auth_attempts"`
	// Direction, if exactly one side is in a local network.
	Direction value.Opt[value.Enum] `zeek:"direction"`
	// The client's version line.
	Client value.Opt[string] `zeek:"client"`
	// The server's version line.
	Server value.Opt[string] `zeek:"server"`
	// Negotiated cipher.
	CipherAlg value.Opt[string] `zeek:"cipher_alg"`
	// Negotiated message authentication code.
	MACAlg value.Opt[string] `zeek:"mac_alg"`
	// Negotiated compression.
	CompressionAlg value.Opt[string] `zeek:"compression_alg"`
	// Negotiated key exchange.
	KexAlg value.Opt[string] `zeek:"kex_alg"`
	// Negotiated algorithm of the server's host key.
	HostKeyAlg value.Opt[string] `zeek:"host_key_alg"`
	// Fingerprint of the server's host key: SHA256 and the first 24 bytes of the hash in
	// base64.
	HostKeyFingerprint value.Opt[string] `zeek:"host_key_fingerprint"`
	// MD5 fingerprint of the algorithms that the client offers.
	HASSH value.Opt[string] `zeek:"hassh,optional=hassh"`
	// MD5 fingerprint of the algorithms that the server offers.
	HASSHServer value.Opt[string] `zeek:"hasshServer,optional=hassh"`
	// Algorithms that hassh is computed from.
	HASSHAlgorithms value.Opt[string] `zeek:"hasshAlgorithms,optional=hassh"`
	// Algorithms that hasshServer is computed from.
	HASSHServerAlgorithms value.Opt[string] `zeek:"hasshServerAlgorithms,optional=hassh"`
	*Flow
}
