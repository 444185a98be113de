package quic

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/testconn"
)

// spoken is an analyzer of TLS that keeps what it gets, by side.
type spoken struct{ said *[]string }

func (s spoken) Data(isOrig bool, b []byte) {
	*s.said = append(*s.said, fmt.Sprintf("%t %x", isOrig, b))
}
func (spoken) Gap(bool, uint64) {}
func (spoken) End(bool)         {}
func (s spoken) Done()          { *s.said = append(*s.said, "done") }

// talk is a bench with an analyzer, at port 443 unless it is changed.
type talk struct {
	*testconn.Bench
	raised func() []string
	said   []string // what TLS got
}

func newTalk(t testing.TB, o Options) *talk {
	cfg := testconn.Config()
	cfg.Compat = o.Compat
	return talkWith(t, cfg, o)
}

func talkWith(t testing.TB, cfg conn.Options, o Options) *talk {
	k := &talk{Bench: testconn.New(t, cfg)}
	k.raised = k.Record("QUIC::")
	tls := &conn.Protocol{Name: "SSL", New: func(conn.Use) conn.Analyzer { return spoken{&k.said} }}
	k.SetAttacher(detect.New([]*detect.Protocol{New(k.Hooks, tls, o)}))
	k.Server = netip.AddrPortFrom(k.Server.Addr(), 443)
	return k
}

// heard returns what TLS got of both sides, without regard to pieces.
func (k *talk) heard() (orig, resp string) {
	for _, s := range k.said {
		if b, ok := strings.CutPrefix(s, "true "); ok {
			orig += b
		} else if b, ok := strings.CutPrefix(s, "false "); ok {
			resp += b
		}
	}
	return orig, resp
}

const (
	number1 = 1
	number2 = 0x6b3343cf
	dcid    = "12345678"
	scid    = "cli"
	server  = "srvr"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func appendVarint(dst []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(dst, byte(v))
	case v < 1<<14:
		return binary.BigEndian.AppendUint16(dst, uint16(v)|0x4000)
	case v < 1<<30:
		return binary.BigEndian.AppendUint32(dst, uint32(v)|0x8000_0000)
	}
	return binary.BigEndian.AppendUint64(dst, v|0xc000_0000_0000_0000)
}

func varints(vs ...uint64) (s string) {
	for _, v := range vs {
		s += string(appendVarint(nil, v))
	}
	return s
}

// longHeader returns a long header with a packet of the given kind.
func longHeader(number uint32, k kind, dcid, scid string) []byte {
	v := versionOf(number)
	if v == nil {
		v = version1
	}
	b := []byte{longForm | fixedBit | byte(slices.Index(v.types[:], k))<<typeShift}
	b = binary.BigEndian.AppendUint32(b, number)
	b = append(append(b, byte(len(dcid))), dcid...)
	return append(append(b, byte(len(scid))), scid...)
}

// packet is a packet that nobody can read.
func packet(number uint32, k kind, dcid, scid, payload string) string {
	b := longHeader(number, k, dcid, scid)
	return string(appendVarint(b, uint64(len(payload)))) + payload
}

// sealed is an Initial packet with frames, protected with keys that are derived from the
// connection id of.
type sealed struct {
	number           uint32
	dcid, scid, of   string
	server           bool
	token            string
	packetNumber     uint32
	numberLen        int // of the packet number, 2 if it is 0
	frames           string
	damaged, lengthy bool
}

func (p sealed) String() string {
	side := 0
	if p.server {
		side = 1
	}
	if p.numberLen == 0 {
		p.numberLen = 2
	}
	k := newKeys(versionOf(p.number), []byte(p.of), side)
	b := longHeader(p.number, initialPacket, p.dcid, p.scid)
	b[0] |= byte(p.numberLen - 1)
	b = append(appendVarint(b, uint64(len(p.token))), p.token...)
	n := p.numberLen + len(p.frames) + tagLen
	if p.lengthy {
		b = appendVarint(b, uint64(n+1))
	} else {
		b = appendVarint(b, uint64(n))
	}
	at := len(b)
	number := binary.BigEndian.AppendUint32(nil, p.packetNumber)[4-p.numberLen:]
	b = append(b, number...)
	nonce := k.iv
	for i, x := range number {
		nonce[ivLen-p.numberLen+i] ^= x
	}
	b = k.aead.Seal(b, nonce[:], []byte(p.frames), b)
	mask := make([]byte, sampleLen)
	k.mask.Encrypt(mask, b[at+4:at+4+sampleLen])
	b[0] ^= mask[0] & 0x0f
	for i := range p.numberLen {
		b[at+i] ^= mask[1+i]
	}
	if p.damaged {
		b[len(b)-1] ^= 1
	}
	return string(b)
}

// client and srv are Initial packets of a usual connection.
func client(frames string) string {
	return sealed{number: number1, dcid: dcid, scid: scid, of: dcid, frames: frames}.String()
}

func srv(frames string) string {
	return sealed{number: number1, dcid: scid, scid: server, of: dcid, server: true, frames: frames}.String()
}

func cryptoFrame(offset int, data string) string {
	return "\x06" + varints(uint64(offset), uint64(len(data))) + data
}

// hello is a message of TLS with n bytes after its header.
func hello(typ byte, n int) string {
	b := []byte{typ, byte(n >> 16), byte(n >> 8), byte(n)}
	for i := range n {
		b = append(b, byte(i))
	}
	return string(b)
}

func record(message string) string {
	return hex.EncodeToString([]byte("\x16\x03\x03" + string([]byte{byte(len(message) >> 8), byte(len(message))}) + message))
}

const pad = "\x00\x00\x00\x00\x00\x00"

// TestKeys has the keys of RFC 9001 appendix A.1, of drafts 29 and 27 of it, and of RFC 9369
// appendix A.1.
func TestKeys(t *testing.T) {
	id := unhex(t, "8394c8f03e515708")
	for _, c := range []struct {
		number      uint32
		side        int
		key, iv, hp string
	}{
		{1, 0, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
		{1, 1, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"},
		{0xff000021, 0, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
		{0xff00001d, 0, "175257a31eb09dea9366d8bb79ad80ba", "6b26114b9cba2b63a9e8dd4f", "9ddd12c994c0698b89374a9c077a3077"},
		{0xff00001b, 0, "af7fd7efebd21878ff66811248983694", "8681359410a70bb9c92f0420", "a980b8b4fb7d9fbc13e814c23164253d"},
		{0xfaceb002, 0, "af7fd7efebd21878ff66811248983694", "8681359410a70bb9c92f0420", "a980b8b4fb7d9fbc13e814c23164253d"},
		{number2, 0, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"},
		{number2, 1, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a"},
	} {
		key, iv, hp := derive(versionOf(c.number), id, c.side)
		if got := fmt.Sprintf("%x %x %x", key, iv, hp); got != c.key+" "+c.iv+" "+c.hp {
			t.Errorf("%x side %d: %s", c.number, c.side, got)
		}
	}
}

// TestDerivation compares the keys with those of package hkdf, for connection ids of any length.
func TestDerivation(t *testing.T) {
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	id := []byte(strings.Repeat("0123456789abcdef", 16))
	for n := range 256 {
		for side := range 2 {
			for _, v := range []*version{version1, draft22, version2} {
				info := func(s string) string { return s[:len(s)-1] } // without the number of the block
				secret := must(hkdf.Extract(sha256.New, id[:n], []byte(v.salt)))
				secret = must(hkdf.Expand(sha256.New, secret, info(v.secrets[side]), secretLen))
				key, iv, hp := derive(v, id[:n], side)
				if !bytes.Equal(key[:], must(hkdf.Expand(sha256.New, secret, info(v.key), keyLen))) ||
					!bytes.Equal(iv[:], must(hkdf.Expand(sha256.New, secret, info(v.iv), ivLen))) ||
					!bytes.Equal(hp[:], must(hkdf.Expand(sha256.New, secret, info(v.hp), keyLen))) {
					t.Errorf("a connection id of %d bytes: %x %x %x", n, key, iv, hp)
				}
			}
		}
	}
}

// TestSamples decrypts the server's Initial packets of RFC 9001 appendix A.3 and RFC 9369
// appendix A.3.
func TestSamples(t *testing.T) {
	const clear = "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304"
	for number, packet := range map[uint32]string{
		number1: "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
		number2: "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
	} {
		b := unhex(t, packet)
		k := newKeys(versionOf(number), unhex(t, "8394c8f03e515708"), 1)
		var f factory
		if got := hex.EncodeToString(f.open(k, b, len(b)-117)); got != clear {
			t.Errorf("version %x: %s", number, got)
		}
	}
}

func TestPackets(t *testing.T) {
	event := func(name string, isOrig bool, number uint32, d, s, more string) string {
		return fmt.Sprintf(`QUIC::%s {"is_orig":%t,"version":%d,"dcid":%q,"scid":%q%s}`, name, isOrig, number, d, s, more)
	}
	initialC := event("initial_packet", true, 1, dcid, scid, "")
	initialS := event("initial_packet", false, 1, scid, server, "")
	short := func(isOrig bool, n int) string {
		return fmt.Sprintf(`QUIC::short_header_packet_threshold_crossed {"is_orig":%t,"threshold":%d}`, isOrig, n)
	}
	discarded := func(isOrig bool, n int) string {
		return fmt.Sprintf(`QUIC::discarded_packet {"is_orig":%t,"total_decrypted":%d}`, isOrig, n)
	}
	const confirmed = "confirmed QUIC"
	ch, sh := hello(1, 60), hello(2, 40)
	vn := func(first byte, scid string) string {
		return "<" + string([]byte{first}) + "\x00\x00\x00\x00\x03cli" + string([]byte{byte(len(scid))}) + scid + "\x00\x00\x00\x01\x6b\x33\x43\xcf"
	}
	for _, c := range []struct {
		name       string
		compat     compat.Set
		in         []string // > from the client, < from the server
		want       []string
		orig, resp string // what TLS got
	}{
		{name: "a handshake", in: []string{
			">" + client(cryptoFrame(0, ch)+pad),
			"<" + srv("\x02\x00\x00\x00\x00"+cryptoFrame(0, sh)) + packet(1, handshakePacket, scid, server, "secret"),
			">" + client("\x02\x00\x00\x00\x00") + packet(1, handshakePacket, server, scid, "secret") + "\x40srvr secret",
			"<\x40cli", ">\x40srvr", ">\x40srvr", "<\x40cli", "<\x40cli", "<\x40cli",
		}, want: []string{
			initialC, confirmed, initialS, event("handshake_packet", false, 1, scid, server, ""),
			initialC, event("handshake_packet", true, 1, server, scid, ""), short(true, 1),
			short(false, 1), short(true, 2), short(false, 2), short(false, 4),
		}, orig: record(ch), resp: record(sh)},
		{name: "padding after the packets", in: []string{">" + client(cryptoFrame(0, ch)) + pad, ">\x00"},
			want: []string{initialC, confirmed, discarded(true, 1), discarded(true, 1)}, orig: record(ch)},
		{name: "no fixed bit before anything is known", in: []string{">\x00\x01", "<\x80\x01"}},
		{name: "0-RTT", in: []string{">" + client(cryptoFrame(0, ch)) + packet(1, zeroRTTPacket, dcid, scid, "early")},
			want: []string{initialC, confirmed, event("zero_rtt_packet", true, 1, dcid, scid, "")}, orig: record(ch)},
		{name: "version 2", in: []string{">" + sealed{number: number2, dcid: dcid, scid: scid, of: dcid, frames: cryptoFrame(0, ch)}.String() +
			packet(number2, handshakePacket, dcid, scid, "") + packet(number2, zeroRTTPacket, dcid, scid, "")},
			want: []string{event("initial_packet", true, number2, dcid, scid, ""), confirmed,
				event("handshake_packet", true, number2, dcid, scid, ""), event("zero_rtt_packet", true, number2, dcid, scid, "")}, orig: record(ch)},
		{name: "a draft", in: []string{">" + sealed{number: 0xff00001d, dcid: dcid, of: dcid, frames: cryptoFrame(0, ch)}.String()},
			want: []string{event("initial_packet", true, 0xff00001d, dcid, "", ""), confirmed}, orig: record(ch)},
		{name: "from version 1 to 2 without a round trip (RFC 9368)", in: []string{">" + client(cryptoFrame(0, ch)),
			"<" + sealed{number: number2, dcid: scid, scid: server, of: dcid, server: true, frames: cryptoFrame(0, sh)}.String()},
			want: []string{initialC, confirmed, event("initial_packet", false, number2, scid, server, "")}, orig: record(ch), resp: record(sh)},
		{name: "Retry", in: []string{">" + client(cryptoFrame(0, ch)),
			"<" + string(longHeader(1, retryPacket, scid, server)) + "token" + "0123456789abcdef",
			">" + sealed{number: 1, dcid: server, scid: scid, of: server, token: "token", packetNumber: 1, frames: cryptoFrame(0, ch)}.String(),
			"<" + sealed{number: 1, dcid: scid, scid: "new", of: server, server: true, frames: cryptoFrame(0, sh)}.String()},
			want: []string{initialC, confirmed,
				event("retry_packet", false, 1, scid, server, `,"retry_token":"token","retry_integrity_tag":"0123456789abcdef"`),
				event("initial_packet", true, 1, server, scid, ""), event("initial_packet", false, 1, scid, "new", "")},
			orig: record(ch) + record(ch), resp: record(sh)},
		{name: "a Retry without room for its tag", in: []string{"<" + string(longHeader(1, retryPacket, scid, server)) + "0123456789abcde"},
			want: []string{"violation Binpac exception: binpac exception: out_of_bound: retry_token: 13 > 29"}},
		{name: "version negotiation", in: []string{">" + client(cryptoFrame(0, ch)), vn(0xc0, dcid),
			">" + sealed{number: number2, dcid: "87654321", scid: scid, of: "87654321", frames: cryptoFrame(0, ch)}.String()},
			want: []string{initialC, confirmed, event("unhandled_version", false, 0, scid, dcid, ""),
				event("initial_packet", true, number2, "87654321", scid, "")}, orig: record(ch) + record(ch)},
		{name: "version negotiation without the fixed bit", in: []string{">" + client(cryptoFrame(0, ch)), vn(0x80, dcid),
			">" + sealed{number: number2, dcid: "87654321", scid: scid, of: "87654321", frames: cryptoFrame(0, ch)}.String()},
			want: []string{initialC, confirmed, event("unhandled_version", false, 0, scid, dcid, ""),
				event("initial_packet", true, number2, "87654321", scid, "")}, orig: record(ch) + record(ch)},
		{name: "version negotiation of another connection", in: []string{">" + client(cryptoFrame(0, ch)), vn(0x80, "x"), vn(0xc0, "x")},
			want: []string{initialC, confirmed, discarded(false, 1), event("unhandled_version", false, 0, scid, "x", ""),
				"violation unhandled QUIC version 0x0"}, orig: record(ch)},
		{name: "version negotiation, Zeek", compat: zeek(), in: []string{">" + client(cryptoFrame(0, ch)), vn(0x80, dcid), vn(0xc0, dcid), ">" + client(pad)},
			want: []string{initialC, confirmed, discarded(false, 1), event("unhandled_version", false, 0, scid, dcid, ""),
				"violation unhandled QUIC version 0x0"}, orig: record(ch)},
		{name: "a version that forces a negotiation", in: []string{">" + string(longHeader(0x1a2a3a4a, initialPacket, dcid, scid)) + "anything", vn(0xc0, dcid),
			">" + client(cryptoFrame(0, ch))},
			want: []string{event("unhandled_version", true, 0x1a2a3a4a, dcid, scid, ""), event("unhandled_version", false, 0, scid, dcid, ""),
				initialC, confirmed}, orig: record(ch)},
		{name: "a version that forces a negotiation, Zeek", compat: zeek(), in: []string{">" + string(longHeader(0x1a2a3a4a, initialPacket, dcid, scid)), ">" + client(pad)},
			want: []string{event("unhandled_version", true, 0x1a2a3a4a, dcid, scid, ""), "violation unhandled QUIC version 0x1a2a3a4a"}},
		{name: "Google's", in: []string{">" + string(longHeader(0x51303530, initialPacket, dcid, "")) + "anything"},
			want: []string{event("unhandled_version", true, 0x51303530, dcid, "", "")}},
		{name: "Google's, Zeek", compat: zeek(), in: []string{">" + string(longHeader(0x51303530, initialPacket, dcid, "")) + "anything"},
			want: []string{event("unhandled_version", true, 0x51303530, dcid, "", ""), "violation unhandled QUIC version 0x51303530"}},
		{name: "the server first", in: []string{"<" + srv(cryptoFrame(0, sh)), ">" + client(cryptoFrame(0, ch)), "<" + srv(cryptoFrame(0, sh))},
			want: []string{initialS, initialC, confirmed, initialS}, orig: record(ch), resp: record(sh)},
		{name: "not the first packet", in: []string{">" + sealed{number: 1, dcid: server, scid: scid, of: dcid, frames: pad}.String(), ">" + client(pad)},
			want: []string{event("initial_packet", true, 1, server, scid, ""), "violation decryption failed"}},
		{name: "damaged", in: []string{">" + sealed{number: 1, dcid: dcid, scid: scid, of: dcid, frames: pad, damaged: true}.String()},
			want: []string{initialC, "violation decryption failed"}},
		{name: "a packet number of four bytes", in: []string{">" + sealed{number: 1, dcid: dcid, scid: scid, of: dcid, packetNumber: 1 << 31, numberLen: 4, frames: "\x01"}.String()},
			want: []string{initialC, confirmed}},
		{name: "a frame for nothing", in: []string{">" + sealed{number: 1, dcid: dcid, scid: scid, of: dcid, numberLen: 4}.String()},
			want: []string{initialC, "violation decryption failed"}},
		{name: "longer than the datagram", in: []string{">" + sealed{number: 1, dcid: dcid, scid: scid, of: dcid, frames: pad, lengthy: true}.String()},
			want: []string{"violation Binpac exception: binpac exception: out_of_bound: payload: 45 > 44"}},
		{name: "too short for a sample", in: []string{">" + string(longHeader(1, initialPacket, dcid, scid)) + "\x00\x13" + strings.Repeat("x", 19)},
			want: []string{"violation the length of an Initial packet leaves no room for a sample: 19"}},
		{name: "a token that is too long", in: []string{">" + string(longHeader(1, initialPacket, dcid, scid)) + varints(1<<60)},
			want: []string{"violation Binpac exception: binpac exception: out_of_bound: token: 2147483673 > 26"}},
		{name: "connection ids that are too long", in: []string{">\xc0\x00\x00\x00\x01\xff" + dcid},
			want: []string{"violation Binpac exception: binpac exception: out_of_bound: dest_conn_id: 261 > 14"}},
		{name: "cut", in: []string{">\xc0\x00\x00"}, want: []string{"violation Binpac exception: binpac exception: out_of_bound: version: 5 > 3"}},
		{name: "a short header without a connection id", in: []string{">" + client(cryptoFrame(0, ch)), "<\x40cl"},
			want: []string{initialC, confirmed, "violation a short header has no room for a connection id"}, orig: record(ch)},
		{name: "CONNECTION_CLOSE", in: []string{">" + client(cryptoFrame(0, ch)), "<" + srv("\x1c"+varints(0x178, 6, 4)+"none"+pad)},
			want: []string{initialC, confirmed, initialS, event("connection_close_frame", false, 1, scid, server, `,"error_code":376,"reason_phrase":"none"`)}, orig: record(ch)},
		{name: "CONNECTION_CLOSE cut", in: []string{">" + client("\x1c"+varints(1, 0, 9)+"none")},
			want: []string{initialC, confirmed, "violation Binpac exception: binpac exception: out_of_bound: reason_phrase: 13 > 8"}},
		{name: "frames of every kind", in: []string{">" + client(pad+"\x01\x02"+varints(1, 2, 1, 0, 5, 6)+"\x03"+varints(1<<20, 2, 0, 0, 7, 8, 9)+cryptoFrame(0, ch)+"\x01")},
			want: []string{initialC, confirmed}, orig: record(ch)},
		{name: "ranges of an ACK that are not there", in: []string{">" + client("\x02"+varints(1, 2, 1<<60, 0, 1, 1))},
			want: []string{initialC, confirmed, "violation Binpac exception: binpac exception: out_of_bound: gap: 15 > 14"}},
		{name: "a frame that Initial packets do not have", in: []string{">" + client("\x08abc")},
			want: []string{initialC, confirmed, "violation unhandled frame type 0x08 in 0"}},
		{name: "more than a message", in: []string{">" + client(cryptoFrame(0, ch+"x"))},
			want: []string{initialC, confirmed, "violation too much crypto data received 65 > 64"}, orig: record(ch)},
		{name: "more after the message", in: []string{">" + client(cryptoFrame(0, ch)+cryptoFrame(10, ch[10:])+cryptoFrame(len(ch), "x"))},
			want: []string{initialC, confirmed, "violation crypto data after the message"}, orig: record(ch)},
		{name: "a message that is too long", in: []string{">" + client(cryptoFrame(0, "\x01\x00\x40\xfdabc"))}, want: []string{initialC, confirmed}},
		{name: "an empty message", in: []string{">" + client(cryptoFrame(0, "\x00\x00\x00\x00"))}, want: []string{initialC, confirmed}, orig: record("\x00\x00\x00\x00")},
		{name: "CRYPTO cut", in: []string{">" + client("\x06"+varints(0, 9)+"none")},
			want: []string{initialC, confirmed, "violation Binpac exception: binpac exception: out_of_bound: cryptodata: 12 > 7"}},
		{name: "pieces in two packets, the second first", in: []string{
			">" + client(cryptoFrame(30, ch[30:])+cryptoFrame(2, ch[2:20])+pad),
			">" + client(cryptoFrame(0, ch[:10])+"\x01"+cryptoFrame(18, ch[18:32]))},
			want: []string{initialC, confirmed, initialC}, orig: record(ch)},
		{name: "what is sent twice", in: []string{
			">" + client(cryptoFrame(0, ch[:20])+cryptoFrame(0, strings.Repeat("x", 20))+cryptoFrame(40, ch[40:50])),
			">" + client(cryptoFrame(10, strings.Repeat("x", 10)+ch[20:40]+strings.Repeat("x", 10)+ch[50:]))},
			want: []string{initialC, confirmed, initialC}, orig: record(ch)},
	} {
		o := DefaultOptions()
		o.Compat = c.compat
		k := newTalk(t, o)
		for _, s := range c.in {
			k.Datagram(s[0] == '>', []byte(s[1:]))
		}
		got := k.raised()
		k.Drain()
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if orig, resp := k.heard(); orig != c.orig || resp != c.resp {
			t.Errorf("%s: TLS got %s and %s, want %s and %s", c.name, orig, resp, c.orig, c.resp)
		}
		if k.Table.StateHeld() != 0 || k.Table.Held() != 0 || k.Table.Stats().Panics != 0 {
			t.Errorf("%s: %d and %d bytes are held, %d panics", c.name, k.Table.StateHeld(), k.Table.Held(), k.Table.Stats().Panics)
		}
	}
}

func zeek() compat.Set {
	s, err := compat.Parse(compat.Zeek82)
	if err != nil {
		panic(err)
	}
	return s
}

// TestDiscarded has the bounds of discarded_packet.
func TestDiscarded(t *testing.T) {
	for most, want := range map[int]int{-1: 0, 0: 5, 1: 1, 4: 4, 100: 5} {
		o := DefaultOptions()
		o.Discarded = most
		k := newTalk(t, o)
		k.Datagram(true, []byte(client(pad)))
		for range 5 {
			k.Datagram(true, []byte("\x00"))
		}
		if got := strings.Count(strings.Join(k.raised(), "\n"), "discarded_packet"); got != want {
			t.Errorf("%d events with a bound of %d, want %d", got, most, want)
		}
	}
}

// TestDetection finds QUIC at a port of its own, and not where Zeek 8.2 does not look.
func TestDetection(t *testing.T) {
	v2 := sealed{number: number2, dcid: dcid, scid: scid, of: dcid, frames: pad}.String()
	for _, c := range []struct {
		name, in string
		compat   compat.Set
		port     uint16
		want     bool
	}{
		{"HTTP/3", client(pad), zeek(), 443, true},
		{"DNS over QUIC", client(pad), zeek(), 853, true},
		{"DNS over QUIC before RFC 9250", client(pad), zeek(), 784, true},
		{"elsewhere", client(pad), 0, 4433, true},
		{"elsewhere, Zeek", client(pad), zeek(), 4433, false},
		{"version 2 elsewhere", v2, 0, 4433, true},
		{"a draft elsewhere", sealed{number: 0xff00001d, dcid: dcid, of: dcid, frames: pad}.String(), 0, 4433, true},
		{"an unknown version elsewhere", string(longHeader(0x51303530, initialPacket, dcid, scid)), 0, 4433, false},
		{"another packet elsewhere", packet(1, handshakePacket, dcid, scid, "x") + client(pad), 0, 4433, false},
		{"another packet of version 2 elsewhere", "\xc0\x6b\x33\x43\xcf" + v2, 0, 4433, false},
		{"without the fixed bit", "\x80" + client(pad)[1:], 0, 4433, false},
		{"a connection id of 21 bytes", sealed{number: 1, dcid: dcid + dcid + "12345", of: dcid + dcid + "12345", frames: pad}.String(), 0, 4433, false},
		{"nothing", "\xc0\x00\x00\x00", 0, 4433, false},
	} {
		o := DefaultOptions()
		o.Compat = c.compat
		k := newTalk(t, o)
		k.Server = netip.AddrPortFrom(k.Server.Addr(), c.port)
		k.Datagram(true, []byte(c.in))
		if got := slices.Contains(k.raised(), "confirmed QUIC"); got != c.want {
			t.Errorf("%s: found %t", c.name, got)
		}
	}
}

// TestNegotiations bounds how often versions change.
func TestNegotiations(t *testing.T) {
	k := newTalk(t, DefaultOptions())
	for range 2 * maxNegotiations {
		k.Datagram(true, longHeader(0x1a2a3a4a, initialPacket, dcid, scid))
	}
	if got := strings.Count(strings.Join(k.raised(), "\n"), "unhandled_version"); got != maxNegotiations+1 {
		t.Errorf("%d events", got)
	}
}

// TestPermutations cuts a message into pieces of a byte and more, which come in every order
// of three passes, and checks that TLS gets it whole.
func TestPermutations(t *testing.T) {
	message := hello(1, 96)
	for step := 1; step <= 25; step++ {
		for _, size := range []int{1, 3, 8, 40} {
			k := newTalk(t, DefaultOptions())
			for start := range step {
				var frames string
				for at := start * size; at < len(message); at += step * size {
					frames += cryptoFrame(at, message[at:min(at+size, len(message))])
				}
				k.Datagram(true, []byte(client(frames+pad)))
			}
			k.Drain()
			if orig, _ := k.heard(); orig != record(message) {
				t.Errorf("pieces of %d, every %d: %s", size, step, orig)
			}
			if k.Table.StateHeld() != 0 {
				t.Errorf("%d bytes are held", k.Table.StateHeld())
			}
		}
	}
}

// TestCryptoLimits sends pieces that never get their turn.
func TestCryptoLimits(t *testing.T) {
	for _, c := range []struct {
		name          string
		pieces, bytes int
		size, packets int
		held          int
		limited       bool
	}{
		{"all fit", 1000, 1 << 20, 1, 10, 1000, false},
		{"many pieces", 128, 1 << 20, 1, 10, 128, true},
		{"many bytes", 1000, 2000, 9, 10, 1998, true},
		{"far away", 128, 32 << 10, 1, 1, 100, false},
	} {
		o := DefaultOptions()
		o.Pieces, o.Bytes = c.pieces, c.bytes
		k := newTalk(t, o)
		at := 10
		if c.name == "far away" {
			at = 1 << 60
		}
		for range c.packets {
			var frames string
			for range 100 {
				frames += cryptoFrame(at, strings.Repeat("x", c.size))
				at += c.size + 1
			}
			k.Datagram(true, []byte(client(frames)))
		}
		got := k.raised()
		if n := k.Table.Held(); n != c.held {
			t.Errorf("%s: %d bytes are held, want %d", c.name, n, c.held)
		}
		weirds := 0
		for _, line := range got {
			if line == "weird QUIC_crypto_data_left_out " {
				weirds++
			}
		}
		if limits := k.Table.LimitCounts(); (weirds == 1) != c.limited || (limits[conn.Limit{Protocol: "QUIC", Name: "crypto"}] > 0) != c.limited {
			t.Errorf("%s: %d weirds, limits %v", c.name, weirds, limits)
		}
		k.Drain()
		if k.Table.Held() != 0 {
			t.Errorf("%s: %d bytes are held after the end", c.name, k.Table.Held())
		}
	}
}

// TestFull gives up what waits when all connections hold too much.
func TestFull(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 50
	k := talkWith(t, cfg, DefaultOptions())
	for i, want := range []int{40, 0} {
		k.Datagram(true, []byte(client(cryptoFrame(10+90*i, strings.Repeat("x", 40)))))
		if n := k.Table.Held(); n != want {
			t.Errorf("%d bytes are held, want %d", n, want)
		}
	}
}

// FuzzFrames protects what it gets as the frames of Initial packets. However these come, they
// do no harm.
func FuzzFrames(f *testing.F) {
	ch := hello(1, 60)
	f.Add([]byte(cryptoFrame(30, ch[30:])), []byte("\x02\x00\x00\x00\x00"+cryptoFrame(0, hello(2, 9))), []byte(cryptoFrame(0, ch[:32])), uint8(0))
	f.Add([]byte(cryptoFrame(1, "x")+cryptoFrame(3, "x")+cryptoFrame(0, "xxxx")), []byte("\x1c\x01\x00\x02no"), []byte("\x03"+varints(1<<40, 0, 1, 1, 2, 3, 4, 5, 6)), uint8(5))
	f.Fuzz(func(t *testing.T, one, two, three []byte, order uint8) {
		if len(one)+len(two)+len(three) > 8000 {
			return
		}
		packets := []string{client(string(one) + "\x01\x01\x01"), srv(string(two) + "\x01\x01\x01"), client(string(three) + "\x01\x01\x01")}
		if order&1 != 0 {
			packets[0], packets[2] = packets[2], packets[0]
		}
		k := newTalk(t, DefaultOptions())
		isOrig := []bool{true, false, true}
		for i, p := range packets {
			if order&2 != 0 && i < 2 { // twice
				k.Datagram(isOrig[i], []byte(p))
			}
			k.Datagram(isOrig[i], []byte(p))
			if n := k.Table.Held(); n > 8000 {
				t.Fatalf("%d bytes are held", n)
			}
		}
		k.Drain()
		if n := len(k.raised()); n > 10+4*(len(one)+len(two)+len(three)) {
			t.Errorf("%d events", n)
		}
		if k.Table.Stats().Panics != 0 || k.Table.Held() != 0 || k.Table.StateHeld() != 0 {
			t.Errorf("%d panics, %d and %d bytes are held", k.Table.Stats().Panics, k.Table.Held(), k.Table.StateHeld())
		}
	})
}

// FuzzPieces cuts a message at any places into frames and sends these in any order, some of
// them twice: TLS gets the message, however it came.
func FuzzPieces(f *testing.F) {
	f.Add(uint16(300), []byte{1, 20, 7}, []byte{2, 0, 1})
	f.Add(uint16(16384), []byte{255, 255}, []byte{9, 9, 1, 0, 200, 100})
	f.Fuzz(func(t *testing.T, length uint16, cuts, order []byte) {
		message := hello(1, int(length)%(maxHello-helloHeader+1))
		if len(cuts) > 60 || len(order) > 200 {
			return
		}
		var frames []string
		for at, i := 0, 0; at < len(message); i++ {
			n := len(message) - at
			if i < len(cuts) {
				n = min(n, 1+4*int(cuts[i]))
			}
			frames = append(frames, cryptoFrame(at, message[at:at+n]))
			at += n
		}
		for i, x := range order {
			a, b := i%len(frames), int(x)%len(frames)
			frames[a], frames[b] = frames[b], frames[a]
		}
		k := newTalk(t, DefaultOptions())
		for i := 0; i < len(frames); i++ {
			s := frames[i]
			for more := i + 1; more < len(frames) && len(s)+len(frames[more]) < 1200; more++ {
				s += frames[more]
				i = more
			}
			if len(s) > maxPayload-50 {
				return
			}
			k.Datagram(true, []byte(client(s+pad)))
		}
		k.Drain()
		if orig, _ := k.heard(); orig != record(message) {
			t.Errorf("%d bytes of %d", len(orig)/2, len(message))
		}
	})
}

// FuzzDatagrams gives the analyzer any datagrams.
func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(client(cryptoFrame(0, hello(1, 30)))), []byte(srv("\x01\x01\x01\x01")+packet(1, handshakePacket, scid, server, "x")), []byte("\x40cli"))
	f.Add([]byte("\xc0\x1a\x2a\x3a\x4a\x01a\x01b"), []byte("\xc0\x00\x00\x00\x00\x01b\x01a\x00\x00\x00\x01"), []byte(sealed{number: number2, dcid: dcid, of: dcid, frames: pad}.String()))
	f.Add([]byte(string(longHeader(1, retryPacket, scid, server))+"0123456789abcdef"), []byte("\x00"), []byte(packet(1, zeroRTTPacket, "", "", "")))
	f.Fuzz(func(t *testing.T, one, two, three []byte) {
		if len(one)+len(two)+len(three) > 8000 {
			return
		}
		k := newTalk(t, DefaultOptions())
		for i, b := range [][]byte{one, two, three, bytes.Clone(one)} {
			k.Datagram(i != 1, b)
		}
		k.Drain()
		if n := len(k.raised()); n > 10+len(one)+len(two)+len(three) {
			t.Errorf("%d events", n)
		}
		if k.Table.Stats().Panics != 0 || k.Table.Held() != 0 || k.Table.StateHeld() != 0 {
			t.Errorf("%d panics, %d and %d bytes are held", k.Table.Stats().Panics, k.Table.Held(), k.Table.StateHeld())
		}
	})
}
