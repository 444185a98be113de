package logs

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestX509(t *testing.T) {
	b := newBench(t, "x509")
	h := &b.hooks
	remove := func(f event.File) { h.File.StateRemove.Raise(&event.FileStateRemove{File: f}) }
	cert := event.X509CertificateRecord{Version: 3, Serial: "01", Subject: "CN=a", Issuer: "CN=b", NotValidBefore: 1e9,
		NotValidAfter: 2e9, KeyAlg: "rsaEncryption", SigAlg: "sha1WithRSAEncryption", KeyType: value.Some("rsa"),
		KeyLength: value.Some(uint64(512)), Exponent: value.Some("3")}
	const basics = "certificate.version=3 certificate.serial=01 certificate.subject=CN=a certificate.issuer=CN=b " +
		"certificate.not_valid_before=1 certificate.not_valid_after=2 certificate.key_alg=rsaEncryption " +
		"certificate.sig_alg=sha1WithRSAEncryption certificate.key_type=rsa certificate.key_length=512 certificate.exponent=3"

	remove(&transfer{mime: "application/x-x509-user-cert"}) // was none
	b.out.expect(t)

	f := &transfer{mime: "application/x-x509-user-cert"}
	f.over(t, h, 1, "10.0.0.1:1025 192.0.2.1:443")
	h.X509.Certificate.Raise(&event.X509Certificate{File: f, Cert: cert, Fingerprint: "ab"})
	h.X509.ExtBasicConstraints.Raise(&event.X509ExtBasicConstraints{File: f,
		Ext: event.X509BasicConstraintsRecord{CA: true, PathLen: value.Some(uint64(0))}})
	h.X509.ExtSubjectAlternativeName.Raise(&event.X509ExtSubjectAlternativeName{File: f,
		Ext: event.X509SubjectAlternativeNameRecord{DNS: []string{"x", "y"}, IP: []netip.Addr{}}})
	remove(f)
	b.out.expect(t, "x509 ts=10 fingerprint=ab "+basics+" san.dns=x,y, san.ip= basic_constraints.ca=true "+
		`basic_constraints.path_len=0 host_cert=true client_cert=true [4 "abTT"]`)

	// A row inherits nothing, and another position in a chain is another row.
	f = &transfer{mime: "application/x-x509-ca-cert"}
	h.X509.Certificate.Raise(&event.X509Certificate{File: f, Cert: cert, Fingerprint: "ab"})
	remove(f)
	b.out.expect(t, "x509 ts=10 fingerprint=ab "+basics+` host_cert=false client_cert=true [4 "abFT"]`)
}

func TestX509Limits(t *testing.T) {
	b := newLimitedBench(t, zeekLimits, "x509")
	h := &b.hooks
	weirds := ""
	h.Weird.Net.Listen(func(e *event.NetWeird) { weirds += fmt.Sprintf("%s %s,", e.Name, e.Addl) })
	names := make([]string, x509FieldElements+1)
	for i := range names {
		names[i] = "n"
	}
	f := new(transfer)
	h.X509.Certificate.Raise(&event.X509Certificate{File: f})
	h.X509.ExtSubjectAlternativeName.Raise(&event.X509ExtSubjectAlternativeName{File: f,
		Ext: event.X509SubjectAlternativeNameRecord{DNS: names, URI: names, Email: names, IP: []netip.Addr{{}}}})
	h.File.StateRemove.Raise(&event.FileStateRemove{File: f})
	rows := b.out.take()
	if len(rows) != 1 || strings.Count(rows[0], "n,") != x509TotalElements {
		t.Errorf("%.300s", rows)
	}
	if weirds != strings.Repeat("log_container_field_truncated X509::LOG,", 4) {
		t.Error(weirds)
	}
}

func TestOCSP(t *testing.T) {
	b := newBench(t, "ocsp")
	f := new(transfer)
	fuid := f.FUID().String()
	e := event.OCSPResponseCertificate{File: f, HashAlgorithm: "sha1", IssuerNameHash: "A", IssuerKeyHash: "B", SerialNumber: "02",
		CertStatus: "good", ThisUpdate: 3e9}
	b.hooks.OCSP.ResponseCertificate.Raise(&e)
	const row = " hashAlgorithm=sha1 issuerNameHash=A issuerKeyHash=B serialNumber=02"
	b.out.expect(t, "ocsp ts=10 id="+fuid+row+" certStatus=good thisUpdate=3")
	e.CertStatus, e.RevokeTime, e.RevokeReason, e.NextUpdate = "revoked", 4e9, "superseded", 5e9
	b.hooks.OCSP.ResponseCertificate.Raise(&e)
	b.out.expect(t, "ocsp ts=10 id="+fuid+row+" certStatus=revoked revoketime=4 revokereason=superseded thisUpdate=3 nextUpdate=5")
}
