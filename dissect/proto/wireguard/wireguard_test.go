package wireguard

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("Wireguard::")
	wireGuard, tailscale := New(b.Hooks)
	b.SetAttacher(detect.New([]*detect.Protocol{wireGuard, tailscale}))
	return b, raised
}

func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }

// random returns n bytes that look like encrypted ones, and may be a key.
func random(n int) string { return strings.Repeat("k", n) }

const noCookie = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

func first(sender uint32, mac2 string) string {
	return le32(initiation) + le32(sender) + random(32+48+28+16) + mac2
}

func second(sender, receiver uint32, mac2 string) string {
	return le32(response) + le32(sender) + le32(receiver) + random(32+16+16) + mac2
}

func cookie(receiver uint32) string { return le32(cookieReply) + le32(receiver) + random(24+32) }

func packet(receiver uint32, counter byte, n int) string {
	return le32(data) + le32(receiver) + string(counter) + "\x00\x00\x00\x00\x00\x00\x00" + random(n)
}

const discovery = disco + "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkknnnnnnnnnnnnnnnnnnnnnnnneeeeeeeeeeeeeeeee"

// TestFlows has flows by what each side sends, and what is raised, by its beginning.
func TestFlows(t *testing.T) {
	const confirmed = "confirmed SPICY_WIREGUARD"
	for _, c := range []struct {
		name string
		talk []string
		want []string
	}{
		{"session", []string{">" + first(7, noCookie), "<" + second(8, 7, noCookie), ">" + packet(8, 0, 16), "<" + packet(7, 3, 1436)}, []string{
			confirmed, `Wireguard::handshake_initiation {"is_orig":true,"sender_index":7,`,
			`Wireguard::handshake_response {"is_orig":false,"sender_index":8,"receiver_index":7,`,
			`Wireguard::packet_data {"is_orig":true,"receiver_index":8,"key_counter":0,"encapsulated_packet_length":16}`,
			`Wireguard::packet_data {"is_orig":false,"receiver_index":7,"key_counter":3,"encapsulated_packet_length":1436}`}},
		{"under load", []string{">" + first(7, random(16)), "<" + cookie(7)}, []string{
			`Wireguard::handshake_initiation {"is_orig":true,"sender_index":7,`, confirmed, `Wireguard::packet_cookie_reply {"is_orig":false,"receiver_index":7,"nonce":"kkk`}},
		{"with a cookie", []string{">" + first(7, random(16)), "<" + second(8, 7, random(16))}, []string{
			`Wireguard::handshake_initiation`, confirmed, `Wireguard::handshake_response`}},
		{"with a cookie, answer of another", []string{">" + first(7, random(16)), "<" + second(8, 6, random(16))}, []string{
			`Wireguard::handshake_initiation`, `Wireguard::handshake_response`}},
		{"response first", []string{"<" + second(8, 7, noCookie)}, []string{confirmed, `Wireguard::handshake_response`}},
		{"initiation by the responder", []string{">x", "<" + first(7, noCookie)}, []string{confirmed, `Wireguard::handshake_initiation {"is_orig":false`}},
		{"data first", []string{">" + packet(8, 0, 16), ">" + cookie(3)}, nil},
		{"longer", []string{">" + first(7, noCookie) + "x"}, nil},
		{"no key", []string{">" + strings.Replace(first(7, noCookie), random(32), random(31)+"\x80", 1)}, nil},
		{"zeros", []string{">" + le32(initiation) + strings.Repeat("\x00", 144)}, nil},
		{"another protocol", []string{">" + first(7, noCookie), "<" + packet(7, 0, 15)}, []string{confirmed, `Wireguard::handshake_initiation`, "violation error while parsing Wireguard packet"}},
		{"Tailscale", []string{">" + discovery, "<" + first(7, noCookie), ">" + second(8, 7, noCookie), ">" + discovery, "<other", ">" + packet(7, 0, 16)}, []string{
			"confirmed SPICY_TAILSCALE", `Wireguard::tailscale_discovery_message {"is_orig":true,"senderDiscoPub":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}`,
			`Wireguard::handshake_initiation`, `Wireguard::handshake_response`, `Wireguard::tailscale_discovery_message`, `Wireguard::packet_data`}},
		{"Tailscale later", []string{">" + first(7, random(16)), "<" + discovery, "<" + second(8, 7, random(16))}, []string{
			`Wireguard::handshake_initiation`, "confirmed SPICY_TAILSCALE", `Wireguard::tailscale_discovery_message`, `Wireguard::handshake_response`}},
		{"Tailscale after WireGuard", []string{">" + first(7, noCookie), "<" + discovery, "<" + second(8, 7, noCookie)}, []string{
			confirmed, `Wireguard::handshake_initiation`, "confirmed SPICY_TAILSCALE", `Wireguard::tailscale_discovery_message`, `Wireguard::handshake_response`}},
		{"Tailscale cut", []string{">" + discovery[:discoLen-1]}, nil},
	} {
		b, raised := newBench(t)
		for _, d := range c.talk {
			b.Datagram(d[0] == '>', []byte(d[1:]))
		}
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" })
		same := len(got) == len(c.want)
		for i := range c.want {
			same = same && strings.HasPrefix(got[i], c.want[i])
		}
		if !same {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// An initiation of 148 bytes is told in full.
func TestInitiation(t *testing.T) {
	b, _ := newBench(t)
	var got []string
	b.Hooks.WireGuard.HandshakeInitiation.Listen(func(e *event.WireGuardHandshakeInitiation) {
		for _, v := range [][]byte{e.UnencryptedEphemeral, e.EncryptedStatic, e.EncryptedTimestamp, e.MAC1, e.MAC2} {
			got = append(got, string(v))
		}
	})
	want := []string{strings.Repeat("a", 32), strings.Repeat("b", 48), strings.Repeat("c", 28), strings.Repeat("d", 16), noCookie}
	b.Datagram(true, []byte(le32(initiation)+le32(1)+strings.Join(want, "")))
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Nothing random is taken for a handshake, at any length, whatever type it has.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 152)
	found := 0
	for range 1_000_000 {
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
		for _, n := range []int{initiationLen, responseLen, 1 + r.IntN(len(b))} {
			if isHandshake(b[:n]) == detect.Match || isDisco(b[:n]) == detect.Match {
				found++
			}
		}
	}
	if found > 0 {
		t.Errorf("%d were taken for handshakes", found)
	}
}

func FuzzFlow(f *testing.F) {
	f.Add([]byte(first(7, noCookie)), []byte(second(8, 7, noCookie)), []byte(packet(8, 0, 16)))
	f.Add([]byte(discovery), []byte(first(7, random(16))), []byte(cookie(7)))
	f.Fuzz(func(t *testing.T, one, two, three []byte) {
		if len(one)+len(two)+len(three) > 4096 {
			return
		}
		b, _ := newBench(t)
		for i, d := range [][]byte{one, two, three, two, one} {
			b.Datagram(i%2 == 0, d)
		}
		b.Drain()
		if n := b.Table.Stats().Panics; n != 0 {
			t.Fatalf("%d panics", n)
		}
	})
}

// listening returns an analyzer whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.WireGuard.HandshakeInitiation.Listen(func(*event.WireGuardHandshakeInitiation) {})
	b.Hooks.WireGuard.PacketData.Listen(func(*event.WireGuardPacketData) {})
	p, _ := New(b.Hooks)
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var (
	usualFirst = []byte(first(7, noCookie))
	usualData  = []byte(packet(7, 1, 1436))
)

func BenchmarkInitiation(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usualFirst)
	}
}

func BenchmarkData(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usualData)
	}
}
