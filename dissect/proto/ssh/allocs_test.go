//go:build !poison

package ssh

import (
	"strings"
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

// TestLargeKexInit has two KEXINITs of 60 KB. The first one's lists count as state until the
// second comes; then neither is held.
func TestLargeKexInit(t *testing.T) {
	b, p, c := listening(t)
	a := p.New(b.Table.Nested(c, &p.Protocol)).(*analyzer)
	const name = "curve25519-sha256"
	large := kexinit(name + strings.Repeat(",x", 30000))
	before := b.Table.StateHeld()
	a.Data(true, []byte("SSH-2.0-a\r\n"))
	a.Data(false, []byte("SSH-2.0-b\r\n"))
	for i, want := range []int{60000, 0} {
		a.Data(i == 0, []byte(large[:40000]))
		if held := b.Table.StateHeld() - before; held < 40000 {
			t.Errorf("KEXINIT %d: %d bytes of half a packet count", i, held)
		}
		a.Data(i == 0, []byte(large[40000:]))
		if held := b.Table.StateHeld() - before; held < want || held > want+1000 {
			t.Errorf("KEXINIT %d: %d bytes count, want %d", i, held, want)
		}
		if a.pending[i] != nil {
			t.Errorf("KEXINIT %d: the packet is still held", i)
		}
	}
	if n := cap(a.first.buf); n > 8<<10 {
		t.Errorf("%d bytes are remembered", n)
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
