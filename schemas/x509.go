package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// X509 is a certificate. Repetitions with the same HostCert and ClientCert are left out
// for a day.
//
//wirelog:log x509
type X509 struct {
	// Time at which the certificate was first seen.
	TS value.Time `zeek:"ts"`
	// SHA-256 of the certificate, in hexadecimal.
	Fingerprint string `zeek:"fingerprint"`
	// Contents of the certificate.
	Certificate X509Certificate `zeek:"certificate"`
	// Alternative names.
	SAN X509AlternativeNames `zeek:"san"`
	// Basic constraints.
	BasicConstraints X509BasicConstraints `zeek:"basic_constraints"`
	// Whether it was the first of a chain, that of the host.
	HostCert bool `zeek:"host_cert"`
	// Whether the client sent it.
	ClientCert bool `zeek:"client_cert"`
}

// X509Certificate are the basic fields of a certificate.
type X509Certificate struct {
	// Version, 3 for X.509v3.
	Version uint64 `zeek:"version"`
	// Serial number, in hexadecimal.
	Serial string `zeek:"serial"`
	// Subject.
	Subject string `zeek:"subject"`
	// Issuer.
	Issuer string `zeek:"issuer"`
	// Time before which it is not valid.
	NotValidBefore value.Time `zeek:"not_valid_before"`
	// Time after which it is not valid.
	NotValidAfter value.Time `zeek:"not_valid_after"`
	// Algorithm of the key.
	KeyAlg string `zeek:"key_alg"`
	// Algorithm of the signature.
	SigAlg string `zeek:"sig_alg"`
	// Type of the key, such as "rsa", "dsa" and "ecdsa".
	KeyType value.Opt[string] `zeek:"key_type"`
	// Length of the key, in bits.
	KeyLength value.Opt[uint64] `zeek:"key_length"`
	// Exponent of an RSA key.
	Exponent value.Opt[string] `zeek:"exponent"`
	// Curve of an elliptic curve key.
	Curve value.Opt[string] `zeek:"curve"`
}

// X509AlternativeNames are the names in a subject alternative name extension.
type X509AlternativeNames struct {
	// Names of hosts.
	DNS value.Vector[string] `zeek:"dns"`
	// URIs.
	URI value.Vector[string] `zeek:"uri"`
	// Mail addresses.
	Email value.Vector[string] `zeek:"email"`
	// Addresses of hosts.
	IP value.Vector[netip.Addr] `zeek:"ip"`
}

// X509BasicConstraints is the basic constraints extension.
type X509BasicConstraints struct {
	// Whether it is the certificate of an authority.
	CA value.Opt[bool] `zeek:"ca"`
	// Largest number of subordinate authority certificates.
	PathLen value.Opt[uint64] `zeek:"path_len"`
}
