package x509

// mimeOCSPResponse is the media type of an OCSP response (RFC 6960 appendix C).
const mimeOCSPResponse = "application/ocsp-response"
