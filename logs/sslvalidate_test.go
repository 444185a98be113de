package logs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/value"
)

// year is the first second of a year.
func year(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }

// signer is a certificate with its key.
type signer struct {
	cert *stdx509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate for a name, valid from 2020 until 2030 unless change says
// otherwise; without an issuer it signs itself.
func issue(t *testing.T, name string, issuer *signer, change func(c *stdx509.Certificate)) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &stdx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: year(2020), NotAfter: year(2030)}
	if change != nil {
		change(c)
	}
	if issuer == nil {
		issuer = &signer{c, key}
	}
	der, err := stdx509.CreateCertificate(rand.Reader, c, issuer.cert, &key.PublicKey, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{must(stdx509.ParseCertificate(der)), key}
}

func authority(c *stdx509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, stdx509.KeyUsageCertSign
}

func bundle(t *testing.T, list ...*signer) *RootCerts {
	t.Helper()
	var b strings.Builder
	for _, s := range list {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw}); err != nil {
			t.Fatal(err)
		}
	}
	roots, skipped, err := ParseRootCerts([]byte(b.String() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	if err != nil || skipped != 1 {
		t.Fatal(skipped, err)
	}
	return roots
}

func TestValidator(t *testing.T) {
	root := issue(t, "root", nil, authority)
	mid := issue(t, "mid", root, authority)
	leaf := issue(t, "leaf", mid, nil)
	alone := issue(t, "alone", nil, nil)
	other := issue(t, "other root", nil, authority)
	otherLeaf := issue(t, "leaf", other, nil)
	impostor := issue(t, "root", nil, authority)
	oldRoot := issue(t, "old root", nil, func(c *stdx509.Certificate) { authority(c); c.NotAfter = year(2024) })
	oldLeaf := issue(t, "leaf", oldRoot, nil)
	halfRoot := issue(t, "half root", other, authority)
	halfLeaf := issue(t, "leaf", halfRoot, nil)
	noCA := issue(t, "no CA", root, nil)
	noCALeaf := issue(t, "leaf", noCA, nil)
	zero := issue(t, "zero", root, func(c *stdx509.Certificate) { authority(c); c.MaxPathLenZero = true })
	below := issue(t, "below", zero, authority)
	belowLeaf := issue(t, "leaf", below, nil)
	named := issue(t, "named", root, func(c *stdx509.Certificate) {
		authority(c)
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"a.test"}, true
	})
	inside := issue(t, "x.a.test", named, func(c *stdx509.Certificate) { c.DNSNames = []string{"x.a.test"} })
	outside := issue(t, "x.b.test", named, func(c *stdx509.Certificate) { c.DNSNames = []string{"x.b.test"} })
	// A certificate named mid that did not sign leaf.
	falseMid := issue(t, "mid", root, func(c *stdx509.Certificate) { authority(c); c.SubjectKeyId = mid.cert.SubjectKeyId })

	v := newValidator(bundle(t, root, oldRoot, halfRoot))
	for _, tt := range []struct {
		name  string
		chain []*signer
		year  int
		want  string
	}{
		{"whole chain", []*signer{leaf, mid, root}, 2025, validOK},
		{"without the root", []*signer{leaf, mid}, 2025, validOK},
		{"out of order", []*signer{leaf, root, alone, mid}, 2025, validOK},
		{"the root itself", []*signer{root}, 2025, validOK},
		{"the same, later", []*signer{leaf, mid}, 2031, invalidExpired},
		{"the same, in time again", []*signer{leaf, mid}, 2026, validOK},
		{"the same, earlier", []*signer{leaf, mid}, 2019, invalidNotYet},
		{"no intermediate", []*signer{leaf}, 2025, invalidNoLocal},
		{"no intermediate comes before expired", []*signer{leaf}, 2031, invalidNoLocal},
		{"other intermediate", []*signer{leaf, other}, 2025, invalidNoLocal},
		{"self-signed", []*signer{alone}, 2025, invalidSelfSigned},
		{"self-signed, and more", []*signer{alone, root}, 2025, invalidSelfSigned},
		{"unknown root", []*signer{otherLeaf, other}, 2025, invalidSelfInChain},
		{"a root's name", []*signer{impostor}, 2025, invalidSelfSigned},
		{"expired root", []*signer{oldLeaf}, 2025, invalidExpired},
		{"root before it expired", []*signer{oldLeaf}, 2023, validOK},
		{"root that is none", []*signer{halfLeaf}, 2025, invalidNoIssuer},
		{"issuer is no authority", []*signer{noCALeaf, noCA}, 2025, invalidCA},
		{"path too long", []*signer{belowLeaf, below, zero}, 2025, invalidPathLen},
		{"name permitted", []*signer{inside, named}, 2025, validOK},
		{"name not permitted", []*signer{outside, named}, 2025, invalidNotPermitted},
		{"false signature", []*signer{leaf, falseMid}, 2025, invalidSignature},
	} {
		var fps []string
		var certs []*stdx509.Certificate
		for _, s := range tt.chain {
			fps = append(fps, string(s.cert.Raw))
			certs = append(certs, v.learn(string(s.cert.Raw), s.cert.Raw))
		}
		for range 2 { // the second time from the cache
			if got := v.validate(fps, certs, value.Time(year(tt.year).UnixNano())); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
	}
	if v.learn("none", []byte("none")) != nil {
		t.Error("something was made of no certificate")
	}
}

func TestValidatorForgets(t *testing.T) {
	c := issue(t, "alone", nil, nil)
	v := newValidator(bundle(t, issue(t, "root", nil, authority)))
	for i := range maxVerdicts + maxParsedCerts {
		fp := big.NewInt(int64(i)).String()
		v.learn(fp, nil)
		if got := v.validate([]string{fp}, []*stdx509.Certificate{c.cert}, 0); got != invalidSelfSigned {
			t.Fatal(got)
		}
	}
	if len(v.certs) > maxParsedCerts || len(v.verdicts) > maxVerdicts {
		t.Errorf("%d certificates and %d verdicts are kept", len(v.certs), len(v.verdicts))
	}
}

func TestParseRootCertsNone(t *testing.T) {
	for _, text := range []string{"", "no PEM", "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"} {
		if _, _, err := ParseRootCerts([]byte(text)); err == nil {
			t.Errorf("%q has root certificates", text)
		}
	}
}

func FuzzValidator(f *testing.F) {
	f.Add([]byte("0\x82"))
	f.Fuzz(func(t *testing.T, der []byte) {
		v := newValidator(&RootCerts{})
		c := v.learn("", der)
		if c == nil {
			return
		}
		const now = value.Time(1 << 60)
		got := v.validate([]string{"a", "b"}, []*stdx509.Certificate{c, c}, now)
		if !slices.Contains([]string{invalidSelfSigned, invalidSelfInChain, invalidNoLocal, invalidTooLong}, got) {
			t.Errorf("%s without any root", got)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
