package logs

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestSSL(t *testing.T) {
	b := newBench(t, "ssl")
	h := &b.hooks.SSL
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:443"), uid: uid(1)}
	removed := func() { endConn(&b.hooks, c) }
	const begin = "ssl ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=443"

	message := func(client bool, types ...uint64) {
		for _, typ := range types {
			h.HandshakeMessage.Raise(&event.SSLHandshakeMessage{Conn: c, IsClient: client, MsgType: typ})
		}
	}
	name, id := []byte("www.example.test"), []byte(strings.Repeat("i", 32))
	hello := func() {
		h.ExtensionServerName.Raise(&event.SSLExtensionServerName{Conn: c, IsClient: true, Names: [][]byte{name}})
		h.ClientHello.Raise(&event.SSLClientHello{Conn: c, Version: 0x303, RecordVersion: 0x301, SessionID: id})
		message(true, 1)
	}
	answer := func(random string, session []byte) {
		h.ServerHello.Raise(&event.SSLServerHello{Conn: c, Version: 0x303, RecordVersion: 0x303, ServerRandom: []byte(random), SessionID: session, Cipher: 0xc02f})
		message(false, 2)
	}
	spec := func(client bool) {
		h.ChangeCipherSpec.Raise(&event.SSLChangeCipherSpec{Conn: c, IsClient: client})
	}

	removed()
	b.out.expect(t)

	// A full handshake.
	hello()
	answer("", make([]byte, 32))
	h.ECDHServerParams.Raise(&event.SSLECDHServerParams{Conn: c, Curve: 29})
	message(false, 11, 12, 14)
	message(true, 16)
	spec(true)
	spec(false)
	h.Established.Raise(&event.SSLEstablished{Conn: c})
	want := begin + " version=TLSv12 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 curve=x25519 server_name=www.example.test resumed=false established=true ssl_history=CsxknGIi"
	b.out.expect(t, want)
	removed() // and no second row
	b.out.expect(t)

	// A resumed one.
	hello()
	answer("", id)
	spec(false)
	spec(true)
	removed()
	b.out.expect(t, begin+" version=TLSv12 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 server_name=www.example.test resumed=true established=false ssl_history=CsiI")

	// TLS 1.3 after a HelloRetryRequest; the echoed session id does not count.
	hello()
	h.ExtensionSupportedVersions.Raise(&event.SSLExtensionSupportedVersions{Conn: c, Versions: []uint64{0x304}})
	answer(helloRetry, id)
	hello()
	answer("", id)
	h.ExtensionApplicationLayerProtocolNegotiation.Raise(&event.SSLExtensionApplicationLayerProtocolNegotiation{Conn: c, Protocols: [][]byte{[]byte("h2")}})
	h.Alert.Raise(&event.SSLAlert{Conn: c, Level: 2, Desc: 40})
	removed()
	b.out.expect(t, begin+" version=TLSv13 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 server_name=www.example.test resumed=false last_alert=handshake_failure next_protocol=h2 established=false ssl_history=CjCsl")

	// The history ends.
	for range 3 * maxSSLHistory {
		spec(true)
	}
	h.ConnectionFlipped.Raise(&event.SSLConnectionFlipped{Conn: c})
	removed()
	b.out.expect(t, begin+" resumed=false established=false ssl_history="+strings.Repeat("I", maxSSLHistory)+"^")
}

func TestHostMatches(t *testing.T) {
	for _, tt := range []struct {
		host, name string
		want       bool
	}{
		{"a.test", "a.test", true}, {"a.test", "b.test", false}, {"A.test", "a.test", false},
		{"www.a.test", "*.a.test", true}, {"a.test", "*.a.test", false}, {"x.www.a.test", "*.a.test", false},
		{"a.test", "*.test", false}, {"www.a.test", "w*.a.test", true}, {"xww.a.test", "w*.a.test", false},
		{"www.a.test", "*w.a.test", false}, {"www.a.test", "www.*.test", false}, {"", "", true}, {"a", "*", false},
	} {
		if got := hostMatches(tt.host, tt.name); got != tt.want {
			t.Errorf("%q for %q: %v", tt.name, tt.host, got)
		}
	}
}

func TestTLSNames(t *testing.T) {
	for name, list := range map[string][]numbered{"versions": tlsVersions, "alerts": tlsAlerts, "curves": tlsCurves, "ciphers": tlsCiphers} {
		if !slices.IsSortedFunc(list, func(a, b numbered) int { return int(a.n) - int(b.n) }) {
			t.Errorf("%s are out of order", name)
		}
	}
	for _, tt := range []struct{ got, want string }{
		{tlsVersion(0x304), "TLSv13"}, {tlsVersion(0xfefc), "DTLSv13"}, {tlsVersion(0x7f13), "TLSv13-draft19"}, {tlsVersion(0x7e01), "unknown-32257"},
		{named(tlsCiphers, 0x010080), "SSLv20_CK_RC4_128_WITH_MD5"}, {named(tlsCiphers, 1<<40), "unknown-1099511627776"},
		{named(tlsCurves, 4588), "X25519MLKEM768"}, {named(tlsAlerts, 255), "unknown-255"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}

func TestFingerprints(t *testing.T) {
	// The example of JA4's specification, with GREASE values added.
	h := &sslHello{
		client: []uint64{0x1a1a, 0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0xd, 5, 0x23, 0x12, 0x2b, 0xff01, 0xb, 0xa, 0x15},
		algs:   []uint16{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}, versions: []uint64{0x2a2a, 0x304, 0x303}, alpn: []byte("h2"),
	}
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:443")}
	e := &event.SSLClientHello{Conn: c, Version: 0x303, Ciphers: []uint64{0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
		0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35}}
	if got := h.makeJA4(e); got != "t13d1516h2_8daaf6152771_e5627efa2ab1" {
		t.Error(got)
	}
	if got := (&sslHello{alpn: []byte{0xab, 0xcd}}).makeJA4(&event.SSLClientHello{Conn: c}); got != "t00i0000ad_000000000000_000000000000" {
		t.Error(got)
	}
	if got := string(appendList(nil, []uint64{0x0a0a, 1, 0xfafa, 2}, ",")); got != "1-2," {
		t.Error(got)
	}
}
