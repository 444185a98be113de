package tls

import (
	"slices"
	"testing"
)

// FuzzClientHello checks that no ClientHello makes the parser panic or raise more events
// than its size allows.
func FuzzClientHello(f *testing.F) {
	seed := clientHelloMessage(versionTLS12,
		extension(extServerName, vec16(0, vec16("a.test"))), extension(extSupportedGroups, vec16(u16(23))),
		extension(extECPointFormats, vec8(0)), extension(extSignatureAlgorithms, vec16(4, 3)), extension(extALPN, vec16(vec8("h2"))),
		extension(extKeyShare, vec16(u16(29), vec16("key"))), extension(extSupportedVersions, vec8(u16(0x0304))),
		extension(extPSKKeyExchangeModes, vec8(1)), extension(extPreSharedKey, vec16(vec16("id"), zeros(4)), vec16(vec8("b"))),
		extension(extConnectionID, vec8("c")))
	f.Add(seed[messageHeader:])
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 8000 {
			return
		}
		b := play(t, []said{{true, record(typeHandshake, versionTLS10, message(msgClientHello, body))}}, nil)
		if len(b.lines) > 20+2*len(body) {
			t.Errorf("%d events of %d bytes", len(b.lines), len(body))
		}
	})
}

// FuzzServerHello does the same for the server's messages after a valid ClientHello.
func FuzzServerHello(f *testing.F) {
	f.Add(uint8(msgServerHello), serverHelloMessage(versionTLS12, 0xc02f, extension(extKeyShare, u16(23)),
		extension(extSupportedVersions, u16(0x0304)), extension(extPreSharedKey, u16(0)), extension(extALPN, vec16(vec8("h2"))),
		extension(extSCT, vec16(vec16(0, zeros(40), vec16(), 4, 3, vec16("sig")))))[messageHeader:])
	f.Add(uint8(msgCertificate), vec24(vec24("a"), vec24("b")))
	f.Add(uint8(msgServerKeyExchange), cat(3, u16(23), vec8("point"), 4, 3, vec16("sig")))
	f.Add(uint8(msgCertificateRequest), cat(vec8(1), vec16(4, 3), vec16(vec16("ca"))))
	f.Add(uint8(msgCertificateStatus), cat(1, vec24("ocsp")))
	f.Add(uint8(msgNewSessionTicket), cat(zeros(4), vec16("ticket")))
	f.Fuzz(func(t *testing.T, typ uint8, body []byte) {
		if len(body) > 8000 {
			return
		}
		b := play(t, []said{
			{true, record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12))},
			{false, record(typeHandshake, versionTLS12, serverHelloMessage(versionTLS12, 0xc02f), message(int(typ), body))},
			{true, record(typeHandshake, versionTLS12, message(int(typ), body))},
		}, nil)
		if len(b.lines) > 40+4*len(body) {
			t.Errorf("%d events of %d bytes", len(b.lines), len(body))
		}
	})
}

// FuzzRecords checks that segmentation does not change the events.
func FuzzRecords(f *testing.F) {
	client := cat(record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12)), record(typeChangeCipherSpec, versionTLS12, 1),
		record(typeHandshake, versionTLS12, "finished"), record(typeApplicationData, versionTLS12, "data"))
	server := cat(record(typeHandshake, versionTLS12, serverHelloMessage(versionTLS12, 0xc02f), message(msgServerHelloDone)[:2]),
		record(typeHandshake, versionTLS12, message(msgServerHelloDone)[2:]), record(typeAlert, versionTLS12, 1, 0), record(typeHeartbeat, versionTLS12, 1, 0, 1, "x"))
	f.Add(client, server, []byte{1, 30, 2})
	f.Add(cat("\x80\x1f\x01\x00\x02", u16(6), u16(0), u16(16), "\x01\x00\x80\x07\x00\xc0", "0123456789abcdef"),
		cat("\x80\x17\x04\x00\x01\x00\x02", u16(4), u16(3), u16(5), "cert", "\x01\x00\x80", "12345"), []byte{4, 3})
	f.Fuzz(func(t *testing.T, client, server, cuts []byte) {
		if len(client)+len(server) > 8000 {
			return
		}
		dialogue := []said{{true, client}, {false, server}, {true, client}}
		if whole, parts := play(t, dialogue, nil), play(t, dialogue, cuts); !slices.Equal(whole.lines, parts.lines) {
			t.Errorf("whole: %q\nin parts: %q", whole.lines, parts.lines)
		}
	})
}

// FuzzDatagrams checks that no datagram makes the analyzer of DTLS panic.
func FuzzDatagrams(f *testing.F) {
	m := dtlsHello()
	f.Add(dtlsRecord(typeHandshake, versionDTLS10, 0, 1, fragment(msgClientHello, len(m), 0, 0, m)),
		dtlsRecord(typeHandshake, versionDTLS10, 0, 2, fragment(msgServerHello, len(m), 0, 10, m[10:])))
	f.Add(dtlsRecord(typeChangeCipherSpec, versionDTLS12, 0, 1, 1), []byte{0x2e, 1, 2, 0, 1, 5})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		if len(one)+len(two) > 8000 {
			return
		}
		b := exchangeDatagrams(t, [][]byte{one, two, one, two}, true, false, false, true)
		if len(b.lines) > 40+4*2*(len(one)+len(two)) {
			t.Errorf("%d events", len(b.lines))
		}
	})
}
