package schemas

// SSH is an SSH connection, written when the client has authenticated, or else when the
// connection ends.
//
//wirelog:log ssh
type SSH struct {
	// Time of the first version line.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Major version that both sides speak, 1 or 2.
	Version Opt[uint64] `zeek:"version"`
	// Whether the client authenticated, inferred from packet sizes; unset if unknown.
	AuthSuccess Opt[bool] `zeek:"auth_success"`
	// Authentication attempts that were seen.
	AuthAttempts uint64 `zeek:"auth_attempts"`
	// Direction, if exactly one side is in a local network.
	Direction Opt[Enum] `zeek:"direction"`
	// The client's version line.
	Client Opt[string] `zeek:"client"`
	// The server's version line.
	Server Opt[string] `zeek:"server"`
	// Negotiated cipher.
	CipherAlg Opt[string] `zeek:"cipher_alg"`
	// Negotiated message authentication code.
	MACAlg Opt[string] `zeek:"mac_alg"`
	// Negotiated compression.
	CompressionAlg Opt[string] `zeek:"compression_alg"`
	// Negotiated key exchange.
	KexAlg Opt[string] `zeek:"kex_alg"`
	// Negotiated algorithm of the server's host key.
	HostKeyAlg Opt[string] `zeek:"host_key_alg"`
	// Fingerprint of the server's host key: SHA256 and the first 24 bytes of the hash in
	// base64.
	HostKeyFingerprint Opt[string] `zeek:"host_key_fingerprint"`
	// MD5 fingerprint of the algorithms that the client offers.
	HASSH Opt[string] `zeek:"hassh,optional=hassh"`
	// MD5 fingerprint of the algorithms that the server offers.
	HASSHServer Opt[string] `zeek:"hasshServer,optional=hassh"`
	// Algorithms that hassh is computed from.
	HASSHAlgorithms Opt[string] `zeek:"hasshAlgorithms,optional=hassh"`
	// Algorithms that hasshServer is computed from.
	HASSHServerAlgorithms Opt[string] `zeek:"hasshServerAlgorithms,optional=hassh"`
}
