package event

import "github.com/wirelog/wirelog/value"

// SSHAlgorithmPrefs are the names that an SSH2 endpoint accepts for one purpose, in
// order of preference, one list per direction.
//
//wirelog:record SSH::Algorithm_Prefs
type SSHAlgorithmPrefs struct {
	ClientToServer value.Opt[[][]byte] `zeek:"client_to_server"` // valid inside the call
	ServerToClient value.Opt[[][]byte] `zeek:"server_to_client"` // valid inside the call
}

// SSHOffer are the algorithms that an SSH2 endpoint offers, in order of
// preference (RFC 4253 section 7.1).
//
//wirelog:record SSH::Capabilities
type SSHOffer struct {
	KexAlgorithms           [][]byte                     `zeek:"kex_algorithms" type:"string_vec"`             // valid inside the call
	ServerHostKeyAlgorithms [][]byte                     `zeek:"server_host_key_algorithms" type:"string_vec"` // valid inside the call
	EncryptionAlgorithms    SSHAlgorithmPrefs            `zeek:"encryption_algorithms"`
	MACAlgorithms           SSHAlgorithmPrefs            `zeek:"mac_algorithms"`
	CompressionAlgorithms   SSHAlgorithmPrefs            `zeek:"compression_algorithms"`
	Languages               value.Opt[SSHAlgorithmPrefs] `zeek:"languages"` // set if a language is named
	IsServer                bool                         `zeek:"is_server"` // the responder's
}

// SSHServerVersion is raised for the version line of an SSH server (RFC 4253 section
// 4.2). Other lines may precede it.
//
//wirelog:event ssh_server_version section=SSH
type SSHServerVersion struct {
	Conn    Conn   `zeek:"c"`
	Version []byte `zeek:"version"` // the line without its end; valid inside the call
}

// SSHClientVersion is raised for the version line of an SSH client (RFC 4253 section
// 4.2).
//
//wirelog:event ssh_client_version section=SSH
type SSHClientVersion struct {
	Conn    Conn   `zeek:"c"`
	Version []byte `zeek:"version"` // the line without its end; valid inside the call
}

// SSHCapabilities is raised for an SSH2 key exchange init, with the algorithms
// that the side offers (RFC 4253 section 7.1).
//
//wirelog:event ssh_capabilities section=SSH
type SSHCapabilities struct {
	Conn         Conn     `zeek:"c"`
	Cookie       []byte   `zeek:"cookie"` // 16 random bytes; valid inside the call
	Capabilities SSHOffer `zeek:"capabilities"`
}

// SSHAuthSuccessful is raised when the sizes of encrypted SSH packets show that a client
// has authenticated.
//
//wirelog:event ssh_auth_successful section=SSH
type SSHAuthSuccessful struct {
	Conn           Conn `zeek:"c"`
	AuthMethodNone bool `zeek:"auth_method_none"` // no credentials were needed
}

// SSHAuthAttempted is raised when the sizes of encrypted SSH packets show that a client
// has tried to authenticate. A failure may also be one of several steps.
//
//wirelog:event ssh_auth_attempted section=SSH
type SSHAuthAttempted struct {
	Conn          Conn `zeek:"c"`
	Authenticated bool `zeek:"authenticated"` // the attempt succeeded
}

// SSHEncryptedPacket is raised for every piece of an SSH stream after encryption begins,
// as segments deliver it. Where sizes reveal the authentication, it is no longer raised
// once that has succeeded.
//
//wirelog:event ssh_encrypted_packet section=SSH
type SSHEncryptedPacket struct {
	Conn Conn   `zeek:"c"`
	Orig bool   `zeek:"orig"`
	Len  uint64 `zeek:"len"` // bytes
}

// SSHServerHostKey is raised for the host key of an SSH server.
//
//wirelog:event ssh_server_host_key section=SSH
type SSHServerHostKey struct {
	Conn Conn `zeek:"c"`
	// Hash is 16 bytes in hexadecimal with colons: the key's MD5 for SSH2, the first half
	// of the SHA-256 of modulus and exponent for SSH1, as in Zeek. Valid inside the call.
	Hash []byte `zeek:"hash"`
}

// SSH1ServerHostKey is raised for the host key of an SSH1 server, which is RSA.
//
//wirelog:event ssh1_server_host_key section=SSH
type SSH1ServerHostKey struct {
	Conn     Conn   `zeek:"c"`
	Modulus  []byte `zeek:"modulus"`  // big-endian; valid inside the call
	Exponent []byte `zeek:"exponent"` // big-endian; valid inside the call
}

// SSH2ServerHostKey is raised for the host key of an SSH2 server in its key exchange
// reply (RFC 4253 section 8).
//
//wirelog:event ssh2_server_host_key section=SSH
type SSH2ServerHostKey struct {
	Conn Conn   `zeek:"c"`
	Key  []byte `zeek:"key"` // as in RFC 4253 section 6.6; valid inside the call
}

// SSH2DHServerParams is raised for the prime and generator that an SSH2 server proposes
// in a group exchange (RFC 4419 section 3).
//
//wirelog:event ssh2_dh_server_params section=SSH
type SSH2DHServerParams struct {
	Conn Conn   `zeek:"c"`
	P    []byte `zeek:"p"` // prime; valid inside the call
	Q    []byte `zeek:"q"` // generator; valid inside the call
}

// SSH2DHGEXInit is raised for an SSH2 client's public value of a Diffie-Hellman
// exchange, whether its group was negotiated (RFC 4419 section 3) or not (RFC 4253
// section 8).
//
//wirelog:event ssh2_dh_gex_init section=SSH
type SSH2DHGEXInit struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// SSH2ECCInit is raised for an SSH2 message that begins an exchange on elliptic curves
// or with one of the hybrid methods (RFC 5656 section 4).
//
//wirelog:event ssh2_ecc_init section=SSH
type SSH2ECCInit struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// SSH2ECCKey is raised for the ephemeral public value that one side of an SSH2 exchange
// on elliptic curves, or of a hybrid one, sends (RFC 5656 section 4).
//
//wirelog:event ssh2_ecc_key section=SSH
type SSH2ECCKey struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Q      []byte `zeek:"q"` // valid inside the call
}

// SSH2GSSInit is raised for an SSH2 message that begins a GSS-API key exchange (RFC 4462
// section 2.1).
//
//wirelog:event ssh2_gss_init section=SSH
type SSH2GSSInit struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// SSH2GSSError is raised for an SSH2 message that reports an error of a GSS-API key
// exchange (RFC 4462 section 2.1).
//
//wirelog:event ssh2_gss_error section=SSH
type SSH2GSSError struct {
	Conn        Conn   `zeek:"c"`
	MajorStatus uint64 `zeek:"major_status"` // GSS-API code
	MinorStatus uint64 `zeek:"minor_status"` // code of the mechanism
	ErrMsg      []byte `zeek:"err_msg"`      // valid inside the call
}

// SSH2RSASecret is raised for the encrypted secret of an SSH2 client's RSA key exchange
// (RFC 4432 section 4).
//
//wirelog:event ssh2_rsa_secret section=SSH
type SSH2RSASecret struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}
