// Package x509 analyzes certificates (RFC 5280) and OCSP messages (RFC 6960) as files
// carried by a connection. Like Zeek's src/file_analysis/analyzer/x509, it reports their
// contents in OpenSSL's form, and a certificate need not be valid: it is enough that it
// has the structure of one.
//
// The parser is our own, because no library is as lenient as OpenSSL: of the certificates
// with a few damaged bytes that OpenSSL accepts, crypto/x509 refuses nearly half, and the
// x509 packages of zmap/zcrypto and certificate-transparency-go about a third. Nor does
// any of them keep the order, types and bytes of names, which OpenSSL's form needs. The
// parser reads only as deep as the structures go and does not recurse.
//
// A protocol whose messages carry certificates hands them over with a Sender.
package x509
