package schemas

import "github.com/wirelog/wirelog/value"

// OCSP is the status of one certificate in an OCSP response.
//
//wirelog:log ocsp
type OCSP struct {
	// Time at which the response was first seen.
	TS value.Time `zeek:"ts"`
	// Identifier of the response among files.
	ID string `zeek:"id"`
	// Algorithm of the two hashes.
	HashAlgorithm string `zeek:"hashAlgorithm"`
	// Hash of the issuer's name.
	IssuerNameHash string `zeek:"issuerNameHash"`
	// Hash of the issuer's public key.
	IssuerKeyHash string `zeek:"issuerKeyHash"`
	// Serial number of the certificate, in hexadecimal.
	SerialNumber string `zeek:"serialNumber"`
	// Status of the certificate: "good", "revoked" or "unknown".
	CertStatus string `zeek:"certStatus"`
	// Time at which it was revoked.
	RevokeTime value.Opt[value.Time] `zeek:"revoketime"`
	// Why it was revoked.
	RevokeReason value.Opt[string] `zeek:"revokereason"`
	// Time at which the status is known to be correct.
	ThisUpdate value.Time `zeek:"thisUpdate"`
	// Time by which newer information will be available.
	NextUpdate value.Opt[value.Time] `zeek:"nextUpdate"`
}
