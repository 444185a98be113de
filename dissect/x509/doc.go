// Package x509 analyzes certificates (RFC 5280) and OCSP messages (RFC 6960) as files
// that a connection has carried. What is read of them, and in which form it is told,
// follows Zeek's src/file_analysis/analyzer/x509, which is OpenSSL's form: a certificate
// need not be valid, nor complete beyond its outer structure, to be told of.
//
// A protocol that carries certificates in its messages hands them over with a Sender.
package x509
