package tls

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testconn"
)

func dtlsRecord(typ, version, epoch, seq int, body ...any) []byte {
	return cat(typ, u16(version), u16(epoch), zeros(4), u16(seq), vec16(body...))
}

func fragment(typ, length, seq, offset int, data []byte) []byte {
	u24 := func(n int) []byte { return cat(n>>16, u16(n&0xffff)) }
	return cat(typ, u24(length), u16(seq), u24(offset), u24(len(data)), data)
}

func dtlsHello() []byte {
	return cat(u16(versionDTLS12), zeros(32), vec8(), vec8("cookie"), vec16(u16(0xc02f)), vec8(0),
		vec16(extension(extServerName, vec16(0, vec16("a.test")))))
}

// exchangeDatagrams sends datagrams. The originator sends each one whose entry in client is
// true or missing.
func exchangeDatagrams(t testing.TB, datagrams [][]byte, client ...bool) *bench {
	b := newBench(t)
	b.exchange(datagrams, client...)
	return b
}

func (b *bench) exchange(datagrams [][]byte, client ...bool) {
	c, s := b.Client, netip.AddrPortFrom(b.Server.Addr(), 443)
	for i, d := range datagrams {
		b.Now += 1e6
		if i < len(client) && !client[i] {
			b.Packet(testconn.UDP(s, c, d))
		} else {
			b.Packet(testconn.UDP(c, s, d))
		}
	}
}

func TestDTLSFragments(t *testing.T) {
	m := dtlsHello()
	n := len(m)
	part := func(record, from, to int) []byte {
		return dtlsRecord(typeHandshake, versionDTLS10, 0, record, fragment(msgClientHello, n, 1, from, m[from:to]))
	}
	whole := part(1, 0, n)
	for _, tt := range []struct {
		name      string
		datagrams [][]byte
		hellos    int
		violation string
	}{
		{"one", [][]byte{whole}, 1, ""},
		{"retransmission", [][]byte{whole, whole}, 2, ""},
		{"in order", [][]byte{part(1, 0, 10), part(2, 10, 50), part(3, 50, n)}, 1, ""},
		{"out of order", [][]byte{part(3, 50, n), part(1, 0, 10), part(2, 10, 50)}, 1, ""},
		{"overlapping", [][]byte{part(1, 0, 30), part(2, 10, 50), part(3, 20, 25), part(4, 40, n)}, 1, ""},
		{"parts again", [][]byte{part(1, 0, 30), part(2, 0, 30), part(3, 30, n), part(4, 30, n)}, 1, ""},
		{"in one datagram", [][]byte{cat(part(1, 0, 30), part(2, 30, n))}, 1, ""},
		{"in one record", [][]byte{dtlsRecord(typeHandshake, versionDTLS10, 0, 1,
			fragment(msgClientHello, n, 1, 0, m[:30]), fragment(msgClientHello, n, 1, 30, m[30:]))}, 1, ""},
		{"a hole", [][]byte{part(1, 0, 10), part(3, 50, n)}, 0, ""},
		{"far apart", [][]byte{part(1, 0, 10), part(100, 10, n)}, 0, "DTLS handshake fragment sequence number outside reassembly window."},
		{"past the end", [][]byte{dtlsRecord(typeHandshake, versionDTLS10, 0, 1, fragment(msgClientHello, 5, 1, 3, m[:10]))}, 0,
			"DTLS handshake fragment trying to write past end of buffer"},
		{"too long", [][]byte{dtlsRecord(typeHandshake, versionDTLS10, 0, 1, fragment(msgClientHello, 1<<23, 1, 3, m[:10]))}, 0,
			"DTLS record length 8388608 larger than allowed maximum."},
		{"truncated", [][]byte{whole[:40]}, 0, "Binpac exception"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := exchangeDatagrams(t, tt.datagrams)
			if n := len(b.find("ssl_client_hello")); n != tt.hellos {
				t.Errorf("%d hellos: %q", n, b.lines)
			}
			v := strings.Join(b.find("analyzer_violation_info"), "\n")
			if !strings.Contains(v, tt.violation) || tt.violation == "" && v != "" {
				t.Errorf("violation %q", v)
			}
		})
	}
}

func TestDTLSConnectionID(t *testing.T) {
	hello := func(typ int, cid string, rest ...any) []byte {
		body := cat(u16(versionDTLS12), zeros(32), vec8())
		if typ == msgClientHello {
			body = cat(body, vec8(), vec16(u16(0xc02f)), vec8(0))
		} else {
			body = cat(body, u16(0xc02f), 0)
		}
		body = cat(body, vec16(extension(extConnectionID, vec8(cid))))
		return cat(dtlsRecord(typeHandshake, versionDTLS12, 0, 0, fragment(typ, len(body), 0, 0, body)), cat(rest...))
	}
	ccs := dtlsRecord(typeChangeCipherSpec, versionDTLS12, 0, 1, 1)
	// Two records in a datagram to the client, with the id that it asked for.
	encrypted := cat(typeCID, u16(versionDTLS12), u16(1), zeros(6), "client", vec16("secret"))
	b := exchangeDatagrams(t, [][]byte{hello(msgClientHello, "client", ccs), hello(msgServerHello, "srv", ccs), cat(encrypted, encrypted)}, true, false, false)
	got := b.find("ssl_encrypted_data")
	want := `{"content_type":25,"is_client":false,"length":6,"record_version":65277}`
	if !slices.Equal(got, []string{want, want}) {
		t.Errorf("%q in %q", got, b.lines)
	}
	if len(b.find("ssl_established")) != 1 {
		t.Error("not established")
	}
}

func TestDTLSOther(t *testing.T) {
	m := dtlsHello()
	hello := dtlsRecord(typeHandshake, versionDTLS10, 0, 1, fragment(msgClientHello, len(m), 0, 0, m))
	stun := cat(0, 1, u16(0), binary.BigEndian.AppendUint32(nil, stunCookie), zeros(20))
	b := exchangeDatagrams(t, [][]byte{stun, hello})
	if len(b.find("ssl_client_hello")) != 1 || b.find("analyzer_violation_info") != nil {
		t.Error(b.lines)
	}
	b = exchangeDatagrams(t, [][]byte{hello, zeros(30)})
	if v := b.find("analyzer_violation_info"); len(v) != 1 || !strings.Contains(v[0], "Invalid version in DTLS connection. Packet reported version: 0") {
		t.Error(v)
	}
	// The analysis of other traffic on a DTLS port ends after a while.
	var other [][]byte
	for range maxBadVersions + 1 {
		other = append(other, zeros(30))
	}
	b = exchangeDatagrams(t, append(other, hello))
	if b.lines != nil {
		t.Error(b.lines)
	}
}
