//go:build !poison

package quic

import (
	stdtls "crypto/tls"
	"net"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// followed returns a protocol with the real analyzer of TLS and the listeners of quic.log and
// ssl.log, and what makes its analyzers.
func followed(t testing.TB) (next func() conn.Analyzer) {
	b := testconn.New(t, testconn.Config())
	q, s := &b.Hooks.QUIC, &b.Hooks.SSL
	q.InitialPacket.Listen(func(*event.QUICInitialPacket) {})
	q.HandshakePacket.Listen(func(*event.QUICHandshakePacket) {})
	q.ZeroRTTPacket.Listen(func(*event.QUICZeroRTTPacket) {})
	q.DiscardedPacket.Listen(func(*event.QUICDiscardedPacket) {})
	q.ShortHeaderPacketThresholdCrossed.Listen(func(*event.QUICShortHeaderPacketThresholdCrossed) {})
	hellos := 0
	s.ClientHello.Listen(func(*event.SSLClientHello) { hellos++ })
	s.Extension.Listen(func(*event.SSLExtension) {})
	s.ExtensionServerName.Listen(func(*event.SSLExtensionServerName) {})
	s.ExtensionApplicationLayerProtocolNegotiation.Listen(func(*event.SSLExtensionApplicationLayerProtocolNegotiation) {})
	s.HandshakeMessage.Listen(func(*event.SSLHandshakeMessage) {})
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl, _ := tls.New(b.Hooks, x509.NewSender(fm), tls.DefaultOptions())
	p := New(b.Hooks, &ssl.Protocol, DefaultOptions())
	b.SetAttacher(detect.New(nil))
	var last *conn.Conn
	return func() conn.Analyzer {
		if last != nil {
			b.Table.Remove(last)
			if hellos == 0 {
				t.Fatal("no hello")
			}
		}
		b.Datagram(true, []byte("x"))
		b.Table.All(func(c *conn.Conn) { last = c })
		return b.Attach(last, &p.Protocol)
	}
}

// clientHello is what a client of Go's package tls says first.
func clientHello(t testing.TB) string {
	here, there := net.Pipe()
	defer func() { _, _ = here.Close(), there.Close() }()
	go func() {
		c := stdtls.Client(here, &stdtls.Config{ServerName: "www.example.test", NextProtos: []string{"h3"}})
		_ = c.Handshake() // ends with the pipe
	}()
	b := make([]byte, 1<<14)
	n, err := there.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	const record = 5
	return string(b[record:n])
}

// usual returns a client's first datagram, of 1,200 bytes.
func usual(t testing.TB) []byte {
	frames := cryptoFrame(0, clientHello(t))
	const rest = 1200 - 40
	for len(frames) < rest {
		frames += "\x00"
	}
	return []byte(client(frames))
}

// TestAllocations counts the allocations of packets that are not Initial.
func TestAllocations(t *testing.T) {
	a := followed(t)()
	a.Data(true, usual(t))
	packets := [][]byte{
		[]byte("\x40cli and a payload"), []byte(packet(1, handshakePacket, server, scid, "secret")),
		[]byte(packet(1, zeroRTTPacket, server, scid, "early") + pad), []byte(packet(number2, handshakePacket, server, scid, "secret")),
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, p := range packets {
			a.Data(true, p)
			a.Data(false, p)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkInitial is the first packet of a connection: its keys, its contents and the hello.
func BenchmarkInitial(b *testing.B) {
	next, first := followed(b), usual(b)
	b.ReportAllocs()
	for b.Loop() {
		next().Data(true, first)
	}
}

// BenchmarkShort is a packet whose handshake was not seen.
func BenchmarkShort(b *testing.B) {
	next, first := followed(b), usual(b)
	next().Data(true, first)
	a := next()
	short := append([]byte("\x40"), first...)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, short)
	}
}

// BenchmarkHandshake is a packet that cannot be decrypted.
func BenchmarkHandshake(b *testing.B) {
	a := followed(b)()
	p := []byte(packet(1, handshakePacket, server, scid, string(make([]byte, 1100))))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, p)
	}
}
