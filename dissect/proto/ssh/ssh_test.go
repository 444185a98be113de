package ssh

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// recorder records the events. Encrypted bytes are only counted.
type recorder struct {
	lines     []string
	encrypted [2]uint64
}

func (r *recorder) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

func joined(names [][]byte) string { return string(bytes.Join(names, []byte(","))) }

func newBench(t testing.TB) (*testconn.Bench, *recorder) { return newBenchWith(t, DefaultOptions()) }

func newBenchWith(t testing.TB, o Options) (*testconn.Bench, *recorder) {
	b := testconn.New(t, testconn.Config())
	r := new(recorder)
	h := &b.Hooks.SSH
	h.ClientVersion.Listen(func(e *event.SSHClientVersion) { r.add("client %q", e.Version) })
	h.ServerVersion.Listen(func(e *event.SSHServerVersion) { r.add("server %q", e.Version) })
	h.Capabilities.Listen(func(e *event.SSHCapabilities) {
		c := &e.Capabilities
		s := fmt.Sprintf("offer of server %t: %q %s %s", c.IsServer, e.Cookie, joined(c.KexAlgorithms), joined(c.ServerHostKeyAlgorithms))
		prefs := []event.SSHAlgorithmPrefs{c.EncryptionAlgorithms, c.MACAlgorithms, c.CompressionAlgorithms}
		if c.Languages.OK {
			prefs = append(prefs, c.Languages.V)
		}
		for _, p := range prefs {
			s += fmt.Sprintf(" %s/%s", joined(p.ClientToServer.V), joined(p.ServerToClient.V))
		}
		r.lines = append(r.lines, s)
	})
	h.ServerHostKey.Listen(func(e *event.SSHServerHostKey) { r.add("hash %s", e.Hash) })
	h.SSH1ServerHostKey.Listen(func(e *event.SSH1ServerHostKey) { r.add("key1 %q %q", e.Modulus, e.Exponent) })
	h.SSH2ServerHostKey.Listen(func(e *event.SSH2ServerHostKey) { r.add("key2 %q", e.Key) })
	h.SSH2DHServerParams.Listen(func(e *event.SSH2DHServerParams) { r.add("params %q %q", e.P, e.Q) })
	h.SSH2DHGEXInit.Listen(func(e *event.SSH2DHGEXInit) { r.add("dh init %t", e.IsOrig) })
	h.SSH2ECCInit.Listen(func(e *event.SSH2ECCInit) { r.add("ecc init %t", e.IsOrig) })
	h.SSH2ECCKey.Listen(func(e *event.SSH2ECCKey) { r.add("ecc key %t %q", e.IsOrig, e.Q) })
	h.SSH2GSSInit.Listen(func(e *event.SSH2GSSInit) { r.add("gss init %t", e.IsOrig) })
	h.SSH2GSSError.Listen(func(e *event.SSH2GSSError) { r.add("gss error %d %d %q", e.MajorStatus, e.MinorStatus, e.ErrMsg) })
	h.SSH2RSASecret.Listen(func(e *event.SSH2RSASecret) { r.add("rsa secret %t", e.IsOrig) })
	h.EncryptedPacket.Listen(func(e *event.SSHEncryptedPacket) { r.encrypted[conn.Side(e.Orig)] += e.Len })
	h.AuthAttempted.Listen(func(e *event.SSHAuthAttempted) { r.add("attempted %t", e.Authenticated) })
	h.AuthSuccessful.Listen(func(e *event.SSHAuthSuccessful) { r.add("successful, none %t", e.AuthMethodNone) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { r.add("weird %s %q %s", e.Name, e.Addl, e.Source) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { r.add("confirmed %s", e.AType[19:]) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { r.add("violation %s", e.Info.Reason) })
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, o)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 22)
	return b, r
}

// str returns a string after its length.
func str(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// pkt returns an SSH2 packet with 4 bytes of padding.
func pkt(payload string) string { return str("\x04" + payload + "\x00\x00\x00\x00") }

// msg returns a message of type typ whose fields are strings.
func msg(typ byte, fields ...string) string {
	s := string(typ)
	if typ >= 0x80 {
		s = string([]byte{typ})
	}
	for _, f := range fields {
		s += str(f)
	}
	return pkt(s)
}

// kexinit returns a KEXINIT. All lists but kex are the same on both sides.
func kexinit(kex string) string {
	s := "\x14" + strings.Repeat("c", cookieSize)
	for _, list := range []string{kex, "ssh-rsa", "aes", "aes", "sha,md5", "sha", "none", "none", "", ""} {
		s += str(list)
	}
	return pkt(s + "\x00\x00\x00\x00\x00")
}

// pkt1 returns an SSH1 packet.
func pkt1(typ byte, data string) string {
	n := 1 + len(data) + 4
	return string(binary.BigEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("\x00", 8-n%8) + string(typ) + data + "\x00\x00\x00\x00"
}

const (
	client2 = ">SSH-2.0-client\r\n"
	server2 = "<SSH-2.0-server\r\n"
	hello   = `client "SSH-2.0-client"|server "SSH-2.0-server"|`
	newkeys = "\x00\x00\x00\x0a\x08\x15\x00\x00\x00\x00\x00\x00\x00\x00"

	key1 = "cookie..\x00\x00\x00\x10\x00\x02\x03\x00\x09\x01\x05\x00\x00\x00\x10\x00\x05\x11\x00\x10\xab\xcd" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	secret1 = "\x01cookie..\x00\x08\x07\x00\x00\x00\x00"
)

// offers returns the KEXINITs of both sides and their events.
func offers(kex string) (talk, want string) {
	want = fmt.Sprintf(`offer of server %%t: "%s" %s ssh-rsa aes/aes sha,md5/sha none/none|`, strings.Repeat("c", cookieSize), kex)
	return kexinit(kex), fmt.Sprintf(want, false) + fmt.Sprintf(want, true)
}

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
}

func exchange(name, kex, want string, talk ...string) talkCase {
	init, events := offers(kex)
	return talkCase{name, append([]string{client2, server2, ">" + init, "<" + init}, talk...), hello + events + want}
}

var talks = []talkCase{
	{"versions", []string{client2, server2}, hello},
	{"LF alone", []string{">SSH-2.0-client\n", "<SSH-2.0-server\n"}, hello},
	{"lines before the version", []string{client2, "<Welcome\r\n\r\nto this server\nSSH-2.0-server\r\n"}, hello},
	{"the server begins", []string{"<SSH-1.99-s\r\n", ">SSH-2.0-c\r\n", "<" + kexinit("x")},
		`server "SSH-1.99-s"|client "SSH-2.0-c"|offer of server true: "cccccccccccccccc" x ssh-rsa aes/aes sha,md5/sha none/none|`},
	{"not SSH", []string{">GET / HTTP/1.0\r\n\r\n"}, "violation client's line is not a version|"},
	{"version mismatch", []string{">SSH-1.5-c\r\n", "<SSH-2.0-s\r\n"},
		`client "SSH-1.5-c"|server "SSH-2.0-s"|weird SSH_version_mismatch "SSH-2.0-s vs SSH-1.5-c" |`},
	{"no version", []string{">SSH-\r\n", "<SSH-2.0-s\r\n"},
		`client "SSH-"|server "SSH-2.0-s"|weird SSH_cannot_determine_version "SSH-2.0-s vs SSH-" |`},
	{"version 3", []string{">SSH-3.0-c\r\n", "<SSH-2.0-s\r\n", "<" + newkeys},
		`client "SSH-3.0-c"|server "SSH-2.0-s"|violation packet before versions are known|`},
	// Removed for the violation, the analyzer is attached again by the server's signature.
	{"a packet too early", []string{client2, ">" + newkeys, server2},
		`client "SSH-2.0-client"|violation packet before versions are known|server "SSH-2.0-server"|`},
	{"an endless line", []string{client2, "<" + strings.Repeat("x", DefaultOptions().Line+1)}, `client "SSH-2.0-client"|violation line is too long|`},
	{"an endless banner", []string{client2, "<" + strings.Repeat(strings.Repeat("x", 999)+"\n", 50), "<" + strings.Repeat(strings.Repeat("x", 999)+"\n", 50)},
		`client "SSH-2.0-client"|violation too many lines before the server's version|`},
	{"a long packet", []string{client2, server2, ">\x00\x04\x00\x01"}, hello + "violation packet is too long|"},
	{"a huge packet", []string{client2, server2, ">\xff\xff\xff\xff"},
		hello + `weird SSH_max_packet_length_exceeded "4294967295 > 8388608" SSH|violation packet is too long|`},
	{"an empty packet", []string{client2, server2, ">\x00\x00\x00\x00"}, hello + "violation message is malformed or not expected|"},
	{"padding longer than the packet", []string{client2, server2, ">" + str("\x09\x14\x00")}, hello + "violation message is malformed or not expected|"},
	{"a huge string", []string{client2, server2, ">" + pkt("\x14cccccccccccccccc\xff\xff\xff\xff")},
		hello + `weird SSH_max_string_length_exceeded "4294967295 > 2097152" SSH|violation message is malformed or not expected|`},
	{"a short init", []string{client2, server2, ">" + pkt("\x14cccccccccccccccc")}, hello + "violation message is malformed or not expected|"},
	exchange("unknown key exchange", "new-kex", ""),
	exchange("curve25519", "curve25519-sha256",
		`ecc key true "Q"|ecc init true|hash 3c:6e:0b:8a:9c:15:22:4a:82:28:b9:a9:8c:a1:53:1d|key2 "key"|ecc key false "q"|confirmed SSH|`,
		">"+msg(msgECCInit, "Q"), "<"+msg(msgECCReply, "key", "q", "sig")+newkeys, ">"+newkeys),
	exchange("a message that the exchange does not have", "ecdh-sha2-nistp256", "violation message is malformed or not expected|", ">"+msg(2, "")),
	exchange("group", "diffie-hellman-group14-sha1", `dh init true|hash 3c:6e:0b:8a:9c:15:22:4a:82:28:b9:a9:8c:a1:53:1d|key2 "key"|confirmed SSH|`,
		">"+msg(2, "ignored"), ">"+msg(msgDHInit, "e"), "<"+msg(msgDHReply, "key", "f", "sig"), "<"+newkeys),
	exchange("group exchange", "diffie-hellman-group-exchange-sha256",
		`params "p" "g"|dh init true|hash 3c:6e:0b:8a:9c:15:22:4a:82:28:b9:a9:8c:a1:53:1d|key2 "key"|`,
		">"+pkt("\x22\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00\x20\x00"), ">"+pkt("\x1e\x00\x00\x08\x00"),
		"<"+msg(msgGEXGroup, "p", "g"), ">"+msg(msgGEXInit, "e"), "<"+msg(msgGEXReply, "key", "f", "sig"), "<"+msg(3, "")),
	exchange("GSS-API", "gss-gex-sha1-x",
		`gss init true|hash 3c:6e:0b:8a:9c:15:22:4a:82:28:b9:a9:8c:a1:53:1d|key2 "key"|params "p" "g"|gss error 1 2 "why"|`,
		">"+msg(msgGSSInit, "token", "e"), "<"+msg(msgGSSContinue, "token"), "<"+msg(msgGSSHostKey, "key"),
		">"+pkt("\x28\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00\x20\x00"), "<"+msg(msgGSSGroup, "p", "g"),
		"<"+pkt("\x20"+str("f")+str("mic")+"\x01"+str("token")), "<"+pkt("\x20"+str("f")+str("mic")+"\x00"),
		"<"+pkt("\x22\x00\x00\x00\x01\x00\x00\x00\x02"+str("why")+str("en"))),
	exchange("RSA", "rsa2048-sha256", `rsa secret true|`,
		"<"+msg(msgRSAPublicKey, "key", "transient"), ">"+msg(msgRSASecret, "x"), "<"+msg(msgRSADone, "sig")),
	exchange("RSA without a string", "rsa1024-sha1", "violation message is malformed or not expected|", "<"+pkt("\x1e")),
	{"nothing in common", []string{client2, server2, ">" + kexinit("x"), "<" + kexinit("y"), "<" + newkeys},
		hello + `offer of server false: "cccccccccccccccc" x ssh-rsa aes/aes sha,md5/sha none/none|` +
			`offer of server true: "cccccccccccccccc" y ssh-rsa aes/aes sha,md5/sha none/none|confirmed SSH|`},
	{"too many names", []string{client2, server2, ">" + kexinit(strings.Repeat("x,", 150)+"y")},
		hello + `weird SSH_max_kexinit_kex_algorithms_exceeded "151 > 100" SSH|offer of server false: "cccccccccccccccc" ` +
			strings.Repeat("x,", 99) + "x ssh-rsa aes/aes sha,md5/sha none/none|"},
	{"version 1", []string{"<SSH-1.99-s\n", ">SSH-1.5-c\n", "<" + pkt1(smsgPublicKey, key1), ">" + pkt1(cmsgSessionKey, secret1) + "xyz", "<enc"},
		`server "SSH-1.99-s"|client "SSH-1.5-c"|hash 7f:64:81:5a:ff:5b:79:35:c8:13:f0:5f:73:b2:e0:3e|key1 "\xab\xcd" "\x11"|confirmed SSH|`},
	{"version 1, another message", []string{"<SSH-1.5-s\n", ">SSH-1.5-c\n", "<" + pkt1(7, "")},
		`server "SSH-1.5-s"|client "SSH-1.5-c"|violation message is malformed or not expected|`},
	{"version 1, no message", []string{"<SSH-1.5-s\n", ">SSH-1.5-c\n", "<\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"},
		`server "SSH-1.5-s"|client "SSH-1.5-c"|violation message is malformed or not expected|`},
	{"version 1, long integer", []string{"<SSH-1.5-s\n", ">SSH-1.5-c\n", "<" + pkt1(smsgPublicKey, "cookie..\x00\x00\x00\x10\xff\xff\x03")},
		`server "SSH-1.5-s"|client "SSH-1.5-c"|violation message is malformed or not expected|`},
}

// play plays the dialogue in segments of at most size bytes.
func play(b *testconn.Bench, talk []string, size int) {
	b.Open()
	for _, s := range talk {
		for part := range slices.Chunk([]byte(s[1:]), size) {
			b.Talk(s[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		want := c.want
		if strings.HasPrefix(c.name, "unknown key exchange") {
			i := strings.LastIndex(strings.TrimSuffix(want, "|"), "|") + 1
			want = want[:i] + `weird ssh_unknown_kex_algorithm "new-kex" SSH|` + want[i:]
		}
		for _, size := range []int{1 << 16, 1, 2, 3, 7, 50} {
			if size < 50 && len(c.talk[len(c.talk)-1]) > 10000 {
				continue
			}
			b, rec := newBench(t)
			play(b, c.talk, size)
			got := strings.Join(append(rec.lines, ""), "|")
			if got != want {
				t.Errorf("%s, segments of %d:\ngot  %s\nwant %s", c.name, size, got, want)
			}
		}
	}
}

// TestPorts has SSH on a port where only the signature can find it.
func TestPorts(t *testing.T) {
	for _, c := range talks[len(talks)-4 : len(talks)-3] {
		b, rec := newBench(t)
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 4022)
		play(b, c.talk, 1<<16)
		if got := strings.Join(append(rec.lines, ""), "|"); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// established returns a dialogue up to encryption.
func established(compression string) []string {
	init := strings.ReplaceAll(kexinit("curve25519-sha256"), str("none"), str(compression))
	binary.BigEndian.PutUint32([]byte(init), uint32(len(init)-4))
	n := binary.BigEndian.AppendUint32(nil, uint32(len(init)-4))
	init = string(n) + init[4:]
	return []string{
		client2, server2, ">" + init, "<" + init,
		">" + msg(msgECCInit, "Q"), "<" + msg(msgECCReply, "key", "q", "sig") + newkeys, ">" + newkeys,
	}
}

func TestAuthentication(t *testing.T) {
	enc := func(side string, sizes ...int) (talk []string) {
		for _, n := range sizes {
			talk = append(talk, side+strings.Repeat("e", n))
		}
		return talk
	}
	const accept = 44
	for _, c := range []struct {
		name        string
		compression string
		sizes       []int // of the server
		want        string
		encrypted   uint64 // bytes reported for the server
	}{
		{"none", "none", []int{accept, accept - 16, 100}, "attempted true|successful, none true", 2*accept - 16},
		{"failure and success", "none", []int{accept, 60, 60, accept - 16, 100}, "attempted false|attempted true|successful, none false", 2*accept - 16 + 120},
		{"banner", "none", []int{accept, accept + 257, 60, 60}, "attempted false", 2*accept + 257 + 120},
		{"challenges", "none", []int{accept, 60, 80, 80, 60, accept - 16, 60}, "attempted false|attempted true|successful, none false", 2*accept - 16 + 280},
		{"compressed", "zlib@openssh.com", []int{accept, 60, accept - 16, 100}, "attempted true|successful, none false", 2*accept - 16 + 160},
		{"no client", "none", nil, "", 0},
	} {
		b, rec := newBench(t)
		play(b, slices.Concat(established(c.compression), enc(">", 40), enc("<", c.sizes...)), 1<<16)
		i := slices.Index(rec.lines, "confirmed SSH")
		if got := strings.Join(rec.lines[i+1:], "|"); got != c.want || rec.encrypted[1] != c.encrypted {
			t.Errorf("%s: %s, %d bytes; want %s, %d", c.name, got, rec.encrypted[1], c.want, c.encrypted)
		}
	}
}

func TestGap(t *testing.T) {
	b, rec := newBench(t)
	b.Open()
	b.Talk(true, []byte(client2[1:]))
	b.Skip(false, 3)
	b.Talk(false, []byte(server2[1:]))
	b.Talk(true, []byte("not SSH at all\r\n"))
	b.Drain()
	if got := strings.Join(rec.lines, "|"); got != `client "SSH-2.0-client"` {
		t.Errorf("%s", got)
	}
}

// TestSilence checks that a connection survives an hour of silence.
func TestSilence(t *testing.T) {
	b, rec := newBench(t)
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 4022)
	b.Open()
	for _, s := range established("none") {
		b.Talk(s[0] == '>', []byte(s[1:]))
	}
	b.Advance(3500 * value.Second)
	b.Talk(true, []byte("again"))
	if b.Table.Len() != 1 || rec.encrypted[0] != 5 {
		t.Errorf("%d connections, %d bytes", b.Table.Len(), rec.encrypted[0])
	}
	b.Advance(3700 * value.Second)
	if b.Table.Len() != 0 {
		t.Errorf("%d connections after more than an hour", b.Table.Len())
	}
	b.Drain()
}

// TestHeld checks that no bytes of incomplete packets remain accounted.
func TestHeld(t *testing.T) {
	h := new(event.Hooks)
	f := &factory{hooks: &h.SSH}
	for _, c := range talks {
		for _, size := range []int{1 << 15, 1, 5} {
			b := testconn.New(t, testconn.Config())
			p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{22}}
			p.Protocol = conn.Protocol{Name: "SSH", Service: "SSH", New: f.new}
			b.SetAttacher(detect.New([]*detect.Protocol{p}))
			b.Server = netip.AddrPortFrom(b.Server.Addr(), 22)
			play(b, append(slices.Clip(c.talk), ">SSH", "<\x00\x00\x00\x50\x04"), size)
			if b.Table.Held() != 0 {
				t.Fatalf("%s, segments of %d: %d bytes", c.name, size, b.Table.Held())
			}
		}
	}
}

func TestFlip(t *testing.T) {
	a := &analyzer{phase: [2]phase{phaseInit, phaseVersion}, said: [2]version{version2, versionUnknown}, first: remembered{seen: true, isOrig: true}}
	a.Flip()
	if a.phase != [2]phase{phaseVersion, phaseInit} || a.said[1] != version2 || a.first.isOrig {
		t.Errorf("%+v", a)
	}
}

func TestCommon(t *testing.T) {
	for _, c := range []struct{ client, server, want version }{
		{version2, version2, version2}, {version199, version199, version2}, {version199, version2, version2},
		{version2, version199, version2}, {version1, version199, version1}, {version199, version1, version1},
		{version1, version1, version1}, {version1, version2, versionUnknown}, {version2, versionUnknown, versionUnknown},
		{versionUnknown, version199, versionUnknown}, {version199, versionUnknown, versionUnknown},
	} {
		if got := common(c.client, c.server); got != c.want {
			t.Errorf("%d and %d: %d, want %d", c.client, c.server, got, c.want)
		}
	}
}

func TestSignature(t *testing.T) {
	for _, s := range []string{"SSH-2.0-x", "ssh-1.5", "SsH-1.99"} {
		if !isVersion([]byte(s)) {
			t.Errorf("%q does not match", s)
		}
	}
	for _, s := range []string{"", "SSH-2", "SSH-3.0", "XSSH-2.0", "SSH\r2.0", "SSH-2-0"} {
		if isVersion([]byte(s)) {
			t.Errorf("%q matches", s)
		}
	}
}

// FuzzSegments checks that nothing depends on segmentation.
func FuzzSegments(f *testing.F) {
	for _, c := range talks {
		var orig, resp []byte
		for _, s := range c.talk {
			if s[0] == '>' {
				orig = append(orig, s[1:]...)
			} else {
				resp = append(resp, s[1:]...)
			}
		}
		if len(orig)+len(resp) < 4096 {
			f.Add(orig, resp, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 4096 {
			return // above the limits the result depends on segmentation
		}
		// The versions come first, because nothing is understood without them.
		v := [2]int{bytes.IndexByte(orig, '\n') + 1, bytes.IndexByte(resp, '\n') + 1}
		run := func(size int) (*recorder, conn.Stats) {
			b, rec := newBench(t)
			b.Open()
			for _, s := range []struct {
				isOrig bool
				data   []byte
			}{{true, orig[:v[0]]}, {false, resp[:v[1]]}, {true, orig[v[0]:]}, {false, resp[v[1]:]}} {
				for part := range slices.Chunk(s.data, size) {
					b.Talk(s.isOrig, part)
				}
			}
			b.Close()
			b.Drain()
			// The outcome of authentication depends on segments.
			rec.lines = slices.DeleteFunc(rec.lines, func(l string) bool {
				return strings.HasPrefix(l, "attempted") || strings.HasPrefix(l, "successful")
			})
			return rec, b.Table.Stats()
		}
		whole, stats := run(1 << 14)
		// Signatures are matched in at most 100 segments.
		cut, stats2 := run(max(int(size%64)+1, (len(orig)+len(resp))/90+1))
		if stats.Panics+stats2.Panics != 0 {
			t.Fatal("panic")
		}
		if !slices.Equal(whole.lines, cut.lines) {
			t.Errorf("whole %q\ncut   %q", whole.lines, cut.lines)
		}
	})
}

// FuzzKexInit checks the parser of KEXINITs against its input.
func FuzzKexInit(f *testing.F) {
	f.Add([]byte(kexinit("curve25519-sha256,x"))[6:])
	f.Add([]byte(kexinit(strings.Repeat(",", 200)))[6:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var k kexInit
		most := DefaultOptions().Names
		if !k.parse(&fields{b: b}, most) {
			return
		}
		size := cookieSize + 5
		for i, raw := range k.raw {
			size += 4 + len(raw)
			names := strings.Split(string(raw), ",")
			if k.counts[i] != len(names) {
				t.Errorf("%q has %d names, want %d", raw, len(names), k.counts[i])
			}
			if got, want := joined(k.names[i]), strings.Join(names[:min(len(names), most)], ","); got != want {
				t.Errorf("%q gave %q", raw, got)
			}
		}
		if size > len(b) {
			t.Errorf("read %d bytes of %d", size, len(b))
		}
	})
}

// FuzzBanner checks that a server's version is found after any lines, however they are cut.
func FuzzBanner(f *testing.F) {
	f.Add([]byte("Welcome\r\n\nto\r\r\nSSH-2.0-s\r\n"), uint8(1))
	f.Add([]byte("SSH-1.99-\n"), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		if len(b) > 4096 {
			return
		}
		want := ""
		for line := range strings.FieldsFuncSeq(string(b[:bytes.LastIndexAny(b, "\r\n")+1]), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if strings.HasPrefix(line, "SSH-") {
				want = fmt.Sprintf("server %q", line)
				break
			}
		}
		bench, rec := newBench(t)
		play(bench, []string{"<" + string(b)}, int(size)+1)
		got := ""
		if len(rec.lines) > 0 {
			got = rec.lines[0]
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
