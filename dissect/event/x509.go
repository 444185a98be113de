package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// X509Certificate is raised when a file was found to be an X.509 certificate
// (RFC 5280), before the events of its extensions.
//
//wirelog:event x509_certificate section=X509 own
type X509Certificate struct {
	File File                  `zeek:"f"`
	Ref  []byte                `zeek:"cert_ref" type:"opaque of x509"` // the certificate in DER; valid inside the call
	Cert X509CertificateRecord `zeek:"cert"`
	// Fingerprint is the SHA-256 of Ref in hexadecimal.
	Fingerprint string `zeek:"-"`
	// HasSAN is set if there is a subject alternative name extension, even one that
	// cannot be read.
	HasSAN bool `zeek:"-"`
}

// X509CertificateRecord is what a certificate says of itself. The strings may be kept.
// Names are in the order and with the escapes of RFC 2253, algorithms have OpenSSL's
// names or, if it has none, their object identifiers.
//
//wirelog:record X509::Certificate
type X509CertificateRecord struct {
	Version        uint64            `zeek:"version"` // 3 for X.509v3
	Serial         string            `zeek:"serial"`  // in hexadecimal
	Subject        string            `zeek:"subject"`
	Issuer         string            `zeek:"issuer"`
	CN             value.Opt[string] `zeek:"cn"`               // the last common name of the subject
	NotValidBefore value.Time        `zeek:"not_valid_before"` // 0 if it cannot be read
	NotValidAfter  value.Time        `zeek:"not_valid_after"`  // 0 if it cannot be read
	KeyAlg         string            `zeek:"key_alg"`
	SigAlg         string            `zeek:"sig_alg"`
	KeyType        value.Opt[string] `zeek:"key_type"`   // "rsa", "dsa", "ecdsa"; unset if the key cannot be read
	KeyLength      value.Opt[uint64] `zeek:"key_length"` // in bits
	Exponent       value.Opt[string] `zeek:"exponent"`   // of an RSA key, in decimal
	Curve          value.Opt[string] `zeek:"curve"`      // of an elliptic curve key
	TBSSigAlg      string            `zeek:"tbs_sig_alg"`
}

// X509Extension is raised for each extension of a certificate (RFC 5280 section 4.2),
// before the event of that kind of extension if there is one.
//
//wirelog:event x509_extension section=X509 own
type X509Extension struct {
	File File                `zeek:"f"`
	Ext  X509ExtensionRecord `zeek:"ext"`
}

// X509ExtensionRecord is an extension of a certificate or OCSP response. The strings
// may be kept.
//
//wirelog:record X509::Extension
type X509ExtensionRecord struct {
	Name      string            `zeek:"name"` // OpenSSL's long name, or the object identifier if it has none
	ShortName value.Opt[string] `zeek:"short_name"`
	OID       string            `zeek:"oid"`
	Critical  bool              `zeek:"critical"`
	// Value is the content as text if its form is known, otherwise the bytes
	// including the octet string around them.
	Value string `zeek:"value"`
}

// X509ExtBasicConstraints is raised for the basic constraints of a certificate (RFC
// 5280 section 4.2.1.9).
//
//wirelog:event x509_ext_basic_constraints section=X509 own
type X509ExtBasicConstraints struct {
	File File                       `zeek:"f"`
	Ext  X509BasicConstraintsRecord `zeek:"ext"`
}

// X509BasicConstraintsRecord is the content of a basic constraints extension.
//
//wirelog:record X509::BasicConstraints
type X509BasicConstraintsRecord struct {
	CA      bool              `zeek:"ca"`
	PathLen value.Opt[uint64] `zeek:"path_len"` // certificates of authorities that may follow
}

// X509ExtSubjectAlternativeName is raised for the subject alternative names of a
// certificate (RFC 5280 section 4.2.1.6).
//
//wirelog:event x509_ext_subject_alternative_name section=X509 own
type X509ExtSubjectAlternativeName struct {
	File File                             `zeek:"f"`
	Ext  X509SubjectAlternativeNameRecord `zeek:"ext"`
}

// X509SubjectAlternativeNameRecord has names by kind, in the order of the extension. A
// kind that does not occur is nil. The slices are valid inside the call and must not be
// changed; the strings may be kept.
//
//wirelog:record X509::SubjectAlternativeName
type X509SubjectAlternativeNameRecord struct {
	DNS         []string     `zeek:"dns" type:"string_vec"`
	URI         []string     `zeek:"uri" type:"string_vec"`
	Email       []string     `zeek:"email" type:"string_vec"`
	IP          []netip.Addr `zeek:"ip" type:"addr_vec"`
	OtherFields bool         `zeek:"other_fields"` // names of other kinds occur
}

// X509OCSPExtSignedCertificateTimestamp is raised for each signed certificate timestamp
// (RFC 6962 section 3.2) in a certificate or OCSP response.
//
//wirelog:event x509_ocsp_ext_signed_certificate_timestamp section=X509 own
type X509OCSPExtSignedCertificateTimestamp struct {
	File    File   `zeek:"f"`
	Version uint64 `zeek:"version"` // 0 for version 1
	// LogID is the SHA-256 of the log's key, 32 bytes; valid inside the call.
	LogID              []byte `zeek:"logid"`
	Timestamp          uint64 `zeek:"timestamp"` // milliseconds since the Unix epoch
	HashAlgorithm      uint64 `zeek:"hash_algorithm"`
	SignatureAlgorithm uint64 `zeek:"signature_algorithm"`
	Signature          []byte `zeek:"signature"` // valid inside the call
}

// OCSPRequest is raised for a request for the status of certificates (RFC 6960
// section 4.1).
//
//wirelog:event ocsp_request section=OCSP own
type OCSPRequest struct {
	File    File   `zeek:"f"`
	Version uint64 `zeek:"version"` // 0 for version 1
}

// OCSPRequestCertificate is raised for each certificate whose status is asked for.
// Hashes and serial numbers are in hexadecimal, as in all events of OCSP.
//
//wirelog:event ocsp_request_certificate section=OCSP own
type OCSPRequestCertificate struct {
	File           File   `zeek:"f"`
	HashAlgorithm  string `zeek:"hashAlgorithm"`  // of the two hashes
	IssuerNameHash string `zeek:"issuerNameHash"` // of the issuer's name
	IssuerKeyHash  string `zeek:"issuerKeyHash"`  // of the issuer's public key
	SerialNumber   string `zeek:"serialNumber"`
}

// OCSPResponseStatus is raised for an OCSP response (RFC 6960 section 4.2.1), whether
// the request was answered or not.
//
//wirelog:event ocsp_response_status section=OCSP own
type OCSPResponseStatus struct {
	File   File   `zeek:"f"`
	Status string `zeek:"status"` // such as "successful" and "trylater"
}

// OCSPResponseBytes is raised for the basic response in an OCSP response, after the
// events of its certificates.
//
//wirelog:event ocsp_response_bytes section=OCSP own
type OCSPResponseBytes struct {
	File               File       `zeek:"f"`
	Status             string     `zeek:"status"`      // as in OCSPResponseStatus
	Version            uint64     `zeek:"version"`     // 0 for version 1
	ResponderID        string     `zeek:"responderId"` // the responder's name or key hash
	ProducedAt         value.Time `zeek:"producedAt"`
	SignatureAlgorithm string     `zeek:"signatureAlgorithm"`
	// Certs are the certificates to check the signature with, in DER; valid inside the call.
	Certs [][]byte `zeek:"certs" type:"x509_opaque_vector"`
}

// OCSPResponseCertificate is raised for each certificate whose status is in a response.
//
//wirelog:event ocsp_response_certificate section=OCSP own
type OCSPResponseCertificate struct {
	File           File       `zeek:"f"`
	HashAlgorithm  string     `zeek:"hashAlgorithm"`  // of the two hashes
	IssuerNameHash string     `zeek:"issuerNameHash"` // of the issuer's name
	IssuerKeyHash  string     `zeek:"issuerKeyHash"`  // of the issuer's public key
	SerialNumber   string     `zeek:"serialNumber"`
	CertStatus     string     `zeek:"certStatus"`   // "good", "revoked" or "unknown"
	RevokeTime     value.Time `zeek:"revokeTime"`   // 0 if it is not revoked
	RevokeReason   string     `zeek:"revokeReason"` // "" if none is given
	ThisUpdate     value.Time `zeek:"thisUpdate"`   // time at which the status was known to be correct
	NextUpdate     value.Time `zeek:"nextUpdate"`   // time by which newer information will be available, or 0
}

// OCSPExtension is raised for each extension of an OCSP response.
//
//wirelog:event ocsp_extension section=OCSP own
type OCSPExtension struct {
	File       File                `zeek:"f"`
	Ext        X509ExtensionRecord `zeek:"ext"`
	GlobalResp bool                `zeek:"global_resp"` // of the whole response, not of one certificate
}
