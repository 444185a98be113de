package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/wirelog/wirelog/writers/kafka"
)

// certificate writes a self-signed certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// Broker and client authenticate each other.
func TestTLS(t *testing.T) {
	certFile, keyFile := certificate(t)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	c := brokers(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}))
	cfg := quick(c.ListenAddrs())
	cfg.TLS = kafka.TLS{On: true, CA: certFile, Cert: certFile, Key: keyFile}
	r := start(t, cfg)
	r.conns(5)
	if s := r.finish(); s.Written != 5 {
		t.Errorf("%+v %q", s, r.reports)
	}
	atLeastOnce(t, consume(t, c.ListenAddrs(), 5, "zeek-conn", kgo.DialTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool})), 5)

	// A broker that the system's certificates do not cover receives nothing.
	cfg.TLS.CA = ""
	if err := refused(t, cfg); !strings.Contains(err, "certificate") {
		t.Error(err)
	}
	// One that is not verified does, with a warning.
	cfg.TLS.SkipVerify = true
	if r := start(t, cfg); len(r.notices) != 1 || !strings.Contains(r.notices[0], "tls_skip_verify") {
		t.Errorf("%q", r.notices)
	}
	cfg.TLS = kafka.TLS{}
	if err := refusedOrTold(t, cfg); !strings.Contains(err, "TLS") {
		t.Error(err)
	}
}
