// Package x509 analyzes certificates (RFC 5280) and OCSP messages (RFC 6960) as files
// that a connection has carried. What is read of them, and in which form it is told,
// follows Zeek's src/file_analysis/analyzer/x509, which is OpenSSL's form: a certificate
// need not be valid to be told of, as long as it has the structure of one.
//
// The parser is our own, because no library is as lenient: of certificates with a few
// damaged bytes that OpenSSL still takes, crypto/x509 refuses nearly half, and the x509
// packages of zmap/zcrypto and of certificate-transparency-go about a third; and none of
// them keeps the order, the types and the bytes of names, of which OpenSSL's form is made.
// It reads no deeper than the structures are and calls itself nowhere.
//
// A protocol that carries certificates in its messages hands them over with a Sender.
package x509
