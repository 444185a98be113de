//go:build !poison

package ssh

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// listening returns an open connection whose events have listeners, and the protocol that
// makes its analyzers.
func listening(t testing.TB) (*testconn.Bench, *detect.Protocol, *conn.Conn) {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.SSH
	h.ClientVersion.Listen(func(*event.SSHClientVersion) {})
	h.ServerVersion.Listen(func(*event.SSHServerVersion) {})
	h.Capabilities.Listen(func(*event.SSHCapabilities) {})
	h.ServerHostKey.Listen(func(*event.SSHServerHostKey) {})
	h.SSH2ServerHostKey.Listen(func(*event.SSH2ServerHostKey) {})
	h.SSH2ECCKey.Listen(func(*event.SSH2ECCKey) {})
	h.SSH2ECCInit.Listen(func(*event.SSH2ECCInit) {})
	h.EncryptedPacket.Listen(func(*event.SSHEncryptedPacket) {})
	h.AuthAttempted.Listen(func(*event.SSHAuthAttempted) {})
	h.AuthSuccessful.Listen(func(*event.SSHAuthSuccessful) {})
	p := New(b.Hooks, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return b, p, c
}

type chunk struct {
	isOrig bool
	data   []byte
}

// chunks returns a dialogue up to encryption, with each message in two segments.
func chunks() (all []chunk) {
	for _, s := range established("none") {
		b, half := []byte(s[1:]), len(s)/2
		all = append(all, chunk{s[0] == '>', b[:half]}, chunk{s[0] == '>', b[half:]})
	}
	return all
}

// TestAllocations counts the allocations of a connection when earlier ones have left their
// buffers, and those of an encrypted packet.
func TestAllocations(t *testing.T) {
	b, p, c := listening(t)
	all := chunks()
	encrypted := make([]byte, 100)
	p.New(b.Table.Nested(c, &p.Protocol)).Done()
	if n := testing.AllocsPerRun(100, func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		for _, s := range all {
			a.Data(s.isOrig, s.data)
		}
		a.Done()
	}); n > 0 {
		t.Errorf("%v allocations per negotiation", n)
	}
	a := p.New(b.Table.Nested(c, &p.Protocol))
	for _, s := range all {
		a.Data(s.isOrig, s.data)
	}
	if n := testing.AllocsPerRun(100, func() {
		a.Data(true, encrypted)
		a.Data(false, encrypted)
	}); n > 0 {
		t.Errorf("%v allocations per encrypted packet", n)
	}
}

// BenchmarkNegotiation measures a connection from the version lines to encryption.
func BenchmarkNegotiation(b *testing.B) {
	bench, p, c := listening(b)
	all := chunks()
	b.ReportAllocs()
	for b.Loop() {
		a := p.New(bench.Table.Nested(c, &p.Protocol))
		for _, s := range all {
			a.Data(s.isOrig, s.data)
		}
		a.Done()
	}
}

// BenchmarkEncrypted measures a full segment of an established connection.
func BenchmarkEncrypted(b *testing.B) {
	bench, p, c := listening(b)
	a := p.New(bench.Table.Nested(c, &p.Protocol))
	for _, s := range chunks() {
		a.Data(s.isOrig, s.data)
	}
	segment := make([]byte, 1448)
	b.SetBytes(int64(len(segment)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(false, segment)
	}
}
