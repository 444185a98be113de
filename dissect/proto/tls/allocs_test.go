//go:build !poison

package tls

import (
	stdtls "crypto/tls"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// replay returns a function that plays dialogue on an analyzer, with the listeners of
// ssl.log.
func replay(t testing.TB, dialogue []said) func() {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.SSL
	h.ClientHello.Listen(func(*event.SSLClientHello) {})
	h.ServerHello.Listen(func(*event.SSLServerHello) {})
	h.Extension.Listen(func(*event.SSLExtension) {})
	h.ExtensionSupportedVersions.Listen(func(*event.SSLExtensionSupportedVersions) {})
	h.ExtensionKeyShare.Listen(func(*event.SSLExtensionKeyShare) {})
	h.ExtensionServerName.Listen(func(*event.SSLExtensionServerName) {})
	h.ECDHServerParams.Listen(func(*event.SSLECDHServerParams) {})
	h.HandshakeMessage.Listen(func(*event.SSLHandshakeMessage) {})
	h.PlaintextData.Listen(func(*event.SSLPlaintextData) {})
	h.ChangeCipherSpec.Listen(func(*event.SSLChangeCipherSpec) {})
	established := 0
	h.Established.Listen(func(*event.SSLEstablished) { established++ })
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl, _ := New(b.Hooks, x509.NewSender(fm), DefaultOptions())
	b.SetAttacher(detect.New(nil))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return func() {
		before := established
		a := ssl.New(b.Table.Nested(c, &ssl.Protocol)).(*analyzer)
		for _, s := range dialogue {
			for d := s.data; len(d) > 0; {
				n := min(len(d), 1448)
				a.Data(s.client, d[:n])
				d = d[n:]
			}
		}
		a.Done()
		if established != before+1 {
			t.Fatal("not established")
		}
	}
}

func tls12(c, s *stdtls.Config) { c.MaxVersion = stdtls.VersionTLS12 }

// TestAllocations counts the allocations of a handshake when earlier ones have left their
// buffers.
func TestAllocations(t *testing.T) {
	once := replay(t, handshake(t, nil))
	once()
	if n := testing.AllocsPerRun(100, once); n > 0 {
		t.Errorf("%v allocations per TLS 1.3 handshake", n)
	}
}

func BenchmarkHandshake13(b *testing.B) { benchmark(b, nil) }
func BenchmarkHandshake12(b *testing.B) { benchmark(b, tls12) }

func benchmark(b *testing.B, cfg func(c, s *stdtls.Config)) {
	dialogue := handshake(b, cfg)
	once := replay(b, dialogue)
	n := 0
	for _, s := range dialogue {
		n += len(s.data)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}
