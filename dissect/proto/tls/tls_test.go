package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// bench records the events.
type bench struct {
	*testconn.Bench
	lines []string
}

// newBench returns a bench whose analyzers are attached by port only.
func newBench(t testing.TB) *bench { return newBenchWith(t, DefaultOptions()) }

func newBenchWith(t testing.TB, o Options) *bench {
	b := &bench{Bench: testconn.New(t, testconn.Config())}
	b.Server = netip.MustParseAddrPort("198.51.100.2:443")
	patterns := []string{"ssl_*", "conn_weird", "analyzer_violation_info", "analyzer_confirmation_info", "file_sniff"}
	_, err := event.NewStream(b.Hooks, b.Table.Now, func(line []byte) {
		var e struct {
			Event string         `json:"event"`
			Args  map[string]any `json:"args"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		args, _ := json.Marshal(e.Args)
		b.lines = append(b.lines, e.Event+" "+string(args))
	}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	ssl, dtls := New(b.Hooks, x509.NewSender(fm), o)
	ssl.Signatures, dtls.Signatures = nil, nil
	b.SetAttacher(detect.New([]*detect.Protocol{ssl, dtls}))
	return b
}

// names returns the names of the events.
func (b *bench) names() []string {
	var names []string
	for _, l := range b.lines {
		name, _, _ := strings.Cut(l, " ")
		names = append(names, name)
	}
	return names
}

// find returns the arguments of the events with a name.
func (b *bench) find(name string) []string {
	var found []string
	for _, l := range b.lines {
		if n, args, _ := strings.Cut(l, " "); n == name {
			found = append(found, args)
		}
	}
	return found
}

// said is what a side sends.
type said struct {
	client bool
	data   []byte
}

// play sends a dialogue in segments of the sizes in cuts; when those are used up, each
// entry is one segment.
func play(t testing.TB, dialogue []said, cuts []byte) *bench {
	b := newBench(t)
	b.play(dialogue, cuts)
	return b
}

func (b *bench) play(dialogue []said, cuts []byte) {
	b.Open()
	for _, s := range dialogue {
		for d := s.data; len(d) > 0; {
			n := min(len(d), 1400)
			if len(cuts) > 0 {
				n, cuts = min(n, 1+int(cuts[0])), cuts[1:]
			}
			b.Talk(s.client, d[:n])
			d = d[n:]
		}
	}
	b.Close()
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }

func cat(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		case int:
			b = append(b, byte(p))
		}
	}
	return b
}

func vec8(parts ...any) []byte  { b := cat(parts...); return cat(len(b), b) }
func vec16(parts ...any) []byte { b := cat(parts...); return cat(u16(len(b)), b) }
func vec24(parts ...any) []byte { b := cat(parts...); return cat(len(b)>>16, u16(len(b)&0xffff), b) }

func record(typ, version int, body ...any) []byte { return cat(typ, u16(version), vec16(body...)) }

func message(typ int, body ...any) []byte { return cat(typ, vec24(body...)) }

func extension(code int, body ...any) []byte { return cat(u16(code), vec16(body...)) }

func zeros(n int) []byte { return make([]byte, n) }

func clientHelloMessage(version int, extensions ...any) []byte {
	return message(msgClientHello, u16(version), "\x00\x00\x00\x05", zeros(28), vec8(),
		vec16(u16(0xc02f), u16(0x002f), u16(0x1301)), vec8(0), vec16(extensions...))
}

func serverHelloMessage(version, cipher int, extensions ...any) []byte {
	return message(msgServerHello, u16(version), zeros(32), vec8(), u16(cipher), 0, vec16(extensions...))
}

// handshake records a real connection.
func handshake(t testing.TB, cfg func(client, server *stdtls.Config)) []said {
	client := &stdtls.Config{ServerName: "www.example.test", InsecureSkipVerify: true}
	server := &stdtls.Config{Certificates: []stdtls.Certificate{chain(t, 3)}}
	if cfg != nil {
		cfg(client, server)
	}
	a, b := connected(t)
	var mu sync.Mutex
	var dialogue []said
	add := func(isClient bool, p []byte) {
		mu.Lock()
		defer mu.Unlock()
		if n := len(dialogue); n > 0 && dialogue[n-1].client == isClient {
			dialogue[n-1].data = append(dialogue[n-1].data, p...)
		} else {
			dialogue = append(dialogue, said{isClient, bytes.Clone(p)})
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := stdtls.Server(&tap{b, func(p []byte) { add(false, p) }}, server)
		io.Copy(s, s)
		s.Close()
	}()
	c := stdtls.Client(&tap{a, func(p []byte) { add(true, p) }}, client)
	if err := c.Handshake(); err == nil {
		c.Write([]byte("hello"))
		io.ReadFull(c, make([]byte, 5))
	}
	a.Close()
	<-done
	return dialogue
}

// connected returns the two ends of a connection.
func connected(t testing.TB) (a, b net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Skip(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { c.Close() })
	}
	return a, b
}

// tap records what is written.
type tap struct {
	net.Conn
	wrote func([]byte)
}

func (t *tap) Write(p []byte) (int, error) {
	t.wrote(p)
	return t.Conn.Write(p)
}

// chain makes a chain of n certificates.
func chain(t testing.TB, n int) stdtls.Certificate {
	var out stdtls.Certificate
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	out.PrivateKey = key
	for i := range n {
		c := &stdx509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: fmt.Sprint("c", i)},
			NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"www.example.test"}}
		der, err := stdx509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		out.Certificate = append(out.Certificate, der)
	}
	return out
}

func TestRealHandshakes(t *testing.T) {
	only := func(v uint16, more func(c, s *stdtls.Config)) func(c, s *stdtls.Config) {
		return func(c, s *stdtls.Config) {
			c.MinVersion, c.MaxVersion, s.MinVersion = v, v, v
			if more != nil {
				more(c, s)
			}
		}
	}
	for _, tt := range []struct {
		name  string
		cfg   func(c, s *stdtls.Config)
		certs int
		want  []string // events among others, in order
	}{
		{"TLS 1.3", nil, 0, []string{"ssl_extension_key_share", "ssl_client_hello", "ssl_server_hello", "ssl_established", "ssl_encrypted_data"}},
		{"TLS 1.2", only(stdtls.VersionTLS12, nil), 3,
			[]string{"ssl_client_hello", "ssl_server_hello", "ssl_ecdh_server_params", "ssl_server_signature", "ssl_ecdh_client_params", "ssl_change_cipher_spec", "ssl_established"}},
		{"TLS 1.0", only(stdtls.VersionTLS10, nil), 3, []string{"ssl_client_hello", "ssl_server_signature", "ssl_established"}},
		{"client certificate", only(stdtls.VersionTLS12, func(c, s *stdtls.Config) {
			s.ClientAuth = stdtls.RequestClientCert
			c.Certificates = []stdtls.Certificate{chain(t, 2)}
		}), 5, []string{"ssl_certificate_request", "ssl_ecdh_client_params", "ssl_established"}},
		{"hello retry", func(c, s *stdtls.Config) {
			c.CurvePreferences = []stdtls.CurveID{stdtls.X25519, stdtls.CurveP384}
			s.CurvePreferences = []stdtls.CurveID{stdtls.CurveP384}
		}, 0, []string{"ssl_server_hello", "ssl_client_hello", "ssl_server_hello", "ssl_established"}},
		{"ALPN", func(c, s *stdtls.Config) { c.NextProtos, s.NextProtos = []string{"h2"}, []string{"h2"} }, 0,
			[]string{"ssl_extension_application_layer_protocol_negotiation", "ssl_established"}},
		{"no common version", func(c, s *stdtls.Config) {
			c.MaxVersion, s.MinVersion = stdtls.VersionTLS12, stdtls.VersionTLS13
		}, 0, []string{"ssl_client_hello", "ssl_alert"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dialogue := handshake(t, tt.cfg)
			whole := play(t, dialogue, nil)
			names, at := whole.names(), 0
			for _, n := range names {
				if at < len(tt.want) && n == tt.want[at] {
					at++
				}
			}
			if at < len(tt.want) {
				t.Errorf("no %s in %q", tt.want[at], names)
			}
			if n := len(whole.find("file_sniff")); n != tt.certs {
				t.Errorf("%d certificates, want %d", n, tt.certs)
			}
			if v := whole.find("analyzer_violation_info"); v != nil {
				t.Error(v)
			}
			for _, size := range []int{1, 2, 5, 100} {
				parts := play(t, dialogue, bytes.Repeat([]byte{byte(size - 1)}, 20000))
				if !slices.Equal(whole.lines, parts.lines) {
					t.Errorf("segments of %d: %q\nwhole: %q", size, parts.lines, whole.lines)
				}
			}
		})
	}
}

func TestEvents(t *testing.T) {
	const v10, v12 = versionTLS10, versionTLS12
	for _, tt := range []struct {
		name     string
		dialogue []said
		want     []string // events with arguments, or with their beginning
	}{
		{"extensions", []said{{true, record(typeHandshake, v10, clientHelloMessage(v12,
			extension(extServerName, vec16(0, vec16("a.test"), 0, vec16("b.test"))),
			extension(extALPN, vec16(vec8("h2"), vec8("x"))),
			extension(extPSKKeyExchangeModes, vec8(1)),
			extension(extPreSharedKey, vec16(vec16("id"), "\x00\x00\x00\x07"), vec16(vec8("binder"))),
			extension(extConnectionID, vec8("cid")),
			extension(0x1a1a)))}}, []string{
			`conn_weird {"addl":"[a.test, b.test]","name":"SSL_many_server_names"`,
			`ssl_extension_server_name {"is_client":true,"names":["a.test","b.test"]}`,
			`ssl_extension_application_layer_protocol_negotiation {"is_client":true,"protocols":["h2","x"]}`,
			`ssl_extension_psk_key_exchange_modes {"is_client":true,"modes":[1]}`,
			`ssl_extension_pre_shared_key_client_hello {"binders":["binder"],"identities":[{"identity":"id","obfuscated_ticket_age":7}],"is_client":true}`,
			`ssl_extension_connection_id {"cid":"cid","is_client":true}`,
			`ssl_extension {"code":6682,"is_client":true,"val":""}`,
			`ssl_client_hello {"ciphers":[49199,47,4865],"client_random":`,
			`ssl_handshake_message {"is_client":true,"length":`, `ssl_plaintext_data {"content_type":22,"is_client":true,`,
		}},
		{"hello retry request and selected key", []said{
			{true, record(typeHandshake, v10, clientHelloMessage(v12))},
			{false, record(typeHandshake, v12, serverHelloMessage(v12, 0x1301,
				extension(extSupportedVersions, u16(versionTLS13)), extension(extKeyShare, u16(24)), extension(extPreSharedKey, u16(1))))},
		}, []string{
			`ssl_extension_supported_versions {"is_client":false,"versions":[772]}`,
			`ssl_extension_key_share {"curves":[24],"is_client":false}`,
			`ssl_extension_pre_shared_key_server_hello {"is_client":false,"selected_identity":1}`,
			`ssl_server_hello {"cipher":4865,"comp_method":0,`,
		}},
		{"a message over records, and two in one", []said{
			{true, cat(record(typeHandshake, v10, clientHelloMessage(v12)[:3]), record(typeHandshake, v10, clientHelloMessage(v12)[3:]))},
			{false, record(typeHandshake, v12, serverHelloMessage(v12, 0x002f), message(msgServerHelloDone))},
		}, []string{
			`ssl_plaintext_data {"content_type":22,"is_client":true,"length":3,`, `ssl_client_hello`,
			`ssl_server_hello`, `ssl_handshake_message {"is_client":false,"length":0,"msg_type":14}`,
		}},
		{"alerts", []said{
			{true, record(typeHandshake, v10, clientHelloMessage(v12))},
			{false, record(typeAlert, v12, bytes.Repeat([]byte{2, 40}, 1000))},
		}, []string{`conn_weird {"addl":"1000","name":"SSL_excessive_alerts_in_record"`, `ssl_alert {"desc":40,"is_client":false,"level":2}`}},
		{"heartbleed", []said{
			{true, cat(record(typeHandshake, v10, clientHelloMessage(v12)), record(typeHeartbeat, v12, 1, u16(16384), "x"))},
		}, []string{`ssl_heartbeat {"heartbeat_type":1,"is_client":true,"length":4,"payload":"x","payload_length":16384}`}},
		{"the server connects", []said{
			{false, record(typeHandshake, v10, clientHelloMessage(v12))},
			{true, record(typeHandshake, v12, serverHelloMessage(v12, 0x002f))},
		}, []string{`ssl_connection_flipped`, `ssl_client_hello`, `ssl_handshake_message {"is_client":true,`,
			`ssl_server_hello`, `ssl_handshake_message {"is_client":false,`}},
		{"stapled OCSP", []said{
			{true, record(typeHandshake, v10, clientHelloMessage(v12))},
			{false, record(typeHandshake, v12, serverHelloMessage(v12, 0x002f), message(msgCertificateStatus, 1, vec24("response")), message(msgCertificateStatus, 1, vec24()))},
		}, []string{`file_sniff {"meta":{"inferred":false,"mime_type":"application/ocsp-response"`, `ssl_stapled_ocsp {"is_client":false,"response":"response"}`,
			`conn_weird {"addl":"","name":"SSL_zero_length_stapled_OCSP_message"`}},
		{"key exchanges", []said{
			{true, record(typeHandshake, v10, clientHelloMessage(v12))},
			{false, record(typeHandshake, v12, serverHelloMessage(v12, 0x0033),
				message(msgServerKeyExchange, vec16("p"), vec16("g"), vec16("y"), "\x04\x01", vec16("s")))},
			{true, record(typeHandshake, v12, message(msgClientKeyExchange, vec16("z")))},
		}, []string{`ssl_dh_server_params {"Ys":"y","p":"p","q":"g"}`,
			`ssl_server_signature {"signature":"s","signature_and_hashalgorithm":{"HashAlgorithm":4,"SignatureAlgorithm":1}}`,
			`ssl_dh_client_params {"Yc":"\\x00\\x01z"}`}},
		{"SSL 2", []said{
			{true, cat("\x80\x1f\x01\x00\x02", u16(6), u16(0), u16(16), "\x01\x00\x80\x07\x00\xc0", "0123456789abcdef")},
			{false, cat("\x80\x17\x04\x00\x01\x00\x02", u16(4), u16(3), u16(5), "cert", "\x01\x00\x80", "12345")},
			{true, cat("\x80\x0c\x02\x01\x00\x80", u16(0), u16(1), u16(1), "ea")},
		}, []string{
			`ssl_client_hello {"ciphers":[65664,458944],"client_random":"0123456789abcdef","comp_methods":[],"possible_ts":0,"record_version":0,`,
			`ssl_plaintext_data {"content_type":301,`,
			`ssl_server_hello {"cipher":65664,`, `file_sniff`, `ssl_established`, `ssl_plaintext_data {"content_type":302,`,
		}},
		{"early application data", []said{
			{true, record(typeHandshake, v10, clientHelloMessage(v12))},
			{false, record(typeHandshake, v12, serverHelloMessage(v12, 0x002f))},
			{true, record(typeApplicationData, v12, "data")},
		}, []string{`conn_weird {"addl":"","name":"ssl_early_application_data"`}},
		{"not TLS", []said{{true, []byte("GET / HTTP/1.0\r\n\r\n")}}, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_SSL","info":{"reason":"Invalid version in TLS connection. Version: 17748"`}},
		{"desynchronized", []said{{true, cat(record(typeHandshake, v10, clientHelloMessage(v12)), "HELLO")}}, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_SSL","info":{"reason":"Invalid version late in TLS connection. Packet reported version: 17740"`}},
		{"bad extension", []said{{true, record(typeHandshake, v10, clientHelloMessage(v12, "\x00\x17\x00\x09"))}}, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_SSL","info":{"reason":"Binpac exception: binpac exception: out_of_bound: SSLExtension: 13 `,
			`ssl_plaintext_data`}},
		{"unknown version", []said{{true, record(typeHandshake, v10, clientHelloMessage(0x0505))}}, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_SSL","info":{"reason":"unsupported client SSL version 0x0505"`,
			`ssl_client_hello`, `ssl_plaintext_data`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole := play(t, tt.dialogue, nil)
			at := 0
			for _, l := range whole.lines {
				if at < len(tt.want) && strings.HasPrefix(l, tt.want[at]) {
					at++
				}
			}
			if at < len(tt.want) {
				t.Errorf("no %s in\n%s", tt.want[at], strings.Join(whole.lines, "\n"))
			}
			if parts := play(t, tt.dialogue, make([]byte, 10000)); !slices.Equal(whole.lines, parts.lines) {
				t.Errorf("bytes: %q\nwhole: %q", parts.lines, whole.lines)
			}
		})
	}
}

// TestViolations checks the order of violations and events in a record, on which ssl.log
// depends.
func TestViolations(t *testing.T) {
	const v12 = versionTLS12
	hello := said{true, record(typeHandshake, versionTLS10, clientHelloMessage(v12))}
	const told = "analyzer_confirmation_info ssl_client_hello ssl_handshake_message ssl_plaintext_data"
	for _, tt := range []struct {
		name  string
		reply []byte
		want  string
	}{
		{"version of a server", record(typeHandshake, v12, serverHelloMessage(0x0505, 0x002f)),
			"analyzer_violation_info ssl_server_hello ssl_handshake_message ssl_plaintext_data"},
		{"message", record(typeHandshake, v12, message(99)), "analyzer_violation_info ssl_handshake_message ssl_plaintext_data"},
		{"truncated message", record(typeHandshake, v12, message(msgServerHello, u16(v12))), "analyzer_violation_info ssl_plaintext_data"},
		{"record", record(29, v12, "x"), "analyzer_violation_info ssl_plaintext_data"},
		{"half an alert", record(typeAlert, v12, 1), "analyzer_violation_info"},
		{"an alert and a half", record(typeAlert, v12, 1, 90, 1), "ssl_alert analyzer_violation_info"},
		{"heartbeat", record(typeHeartbeat, v12, 1), "analyzer_violation_info"},
		{"nothing", record(typeAlert, v12), ""},
	} {
		b := play(t, []said{hello, {false, tt.reply}, {false, record(typeAlert, v12, 2, 40)}}, nil)
		want := strings.TrimSpace(told + " " + tt.want)
		if tt.want == "" {
			want += " ssl_alert ssl_plaintext_data" // it goes on
		}
		if got := strings.Join(b.names(), " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, want)
		}
	}
}

// TestMalformed checks the violations for truncated messages and wrong lengths against
// those of the parser that is generated from Zeek's grammar.
func TestMalformed(t *testing.T) {
	const v12 = versionTLS12
	hello := record(typeHandshake, versionTLS10, clientHelloMessage(v12))
	serverHello := func(extensions ...any) []byte {
		return message(msgServerHello, u16(v12), zeros(32), vec8(), u16(0xc02f), 0, vec16(extensions...))
	}
	for _, tt := range []struct {
		reply []byte
		want  string
	}{
		{message(msgServerHello, 3), "ServerHelloChoice:server_version1: 2 > 1"},
		{message(msgServerHello, u16(v12), zeros(9)), "ServerHello:random_bytes: 32 > 9"},
		{message(msgServerHello, u16(v12), zeros(32), 40, "short"), "ServerHello:session_id: 40 > 5"},
		{message(msgServerHello, u16(v12), zeros(32), vec8("id"), 1), "ServerHello:compression_method: 38 > 36"},
		{message(msgServerHello, u16(v12), zeros(32), vec8(), u16(1), 0, 0), "ServerHello:ext_len__elem: 38 > 37"},
		{message(msgServerHello, u16(0x7f1c), zeros(32), 1), "ServerHello13:cipher_suite: 34 > 33"},
		{serverHello(u16(16), 0), "SSLExtension:data_len: 4 > 3"},
		{serverHello(u16(16), u16(9), "x"), "SSLExtension: 13 > 5"},
		{serverHello(extension(extALPN, u16(9), "x")), "ApplicationLayerProtocolNegotiationExtension: 11 > 3"},
		{serverHello(extension(extALPN, vec16(vec8("h2"), 7, "x"))), "ProtocolName:name: 8 > 2"},
		{serverHello(extension(extECPointFormats, 3, "x")), "EcPointFormats:point_format_list: 3 > 1"},
		{serverHello(extension(extSupportedGroups, u16(6), "xx")), "EllipticCurves:elliptic_curve_list: 3 > 2"},
		{serverHello(extension(extKeyShare, u16(29), u16(32), "x")), "KeyShareEntry:key_exchange: 36 > 5"},
		{serverHello(extension(extSupportedVersions, 3)), "OneSupportedVersion: 2 > 1"},
		{serverHello(extension(extServerName, vec16(0, u16(9), "a"))), "ServerNameHostName:host_name: 11 > 3"},
		{message(msgCertificate, 0, 0), "Certificate:length: 3 > 2"},
		{message(msgCertificate, "\x00\x01\x00", "x"), "Certificate: 259 > 4"},
		{message(msgCertificate, vec24("\x00\x00\x09", "x")), "X509Certificate:certificate: 12 > 4"},
		{message(msgNewSessionTicket, zeros(4), u16(9), "x"), "SessionTicketHandshake:data: 15 > 7"},
		{message(msgCertificateStatus, 1), "CertificateStatus:length: 4 > 1"},
		{message(msgHelloVerifyRequest, u16(v12), 9, "x"), "HelloVerifyRequest:cookie: 12 > 4"},
		{cat(serverHello(), message(msgServerKeyExchange, 3, u16(29), 9, "x")), "ServerECDHParamsAndSignature:point: 12 > 4"},
		{cat(serverHello(), message(msgServerKeyExchange, 3, u16(29), vec8("x"), 4)), "SignatureAndHashAlgorithm: 2 > 1"},
		{cat(serverHello(), message(msgServerKeyExchange, 3, u16(29), vec8("x"), u16(0x401), u16(9))), "ServerKeyExchangeSignature:signature: 13 > 4"},
		{cat(serverHello(), message(msgCertificateRequest, vec8("x"), vec16("ab"), u16(9), "x")), "CertificateRequest:certificate_authorities: 17 > 9"},
		{cat(serverHello(), message(msgCertificateRequest, vec8("x"), vec16("ab"), vec16(u16(9), "x"))), "CertificateAuthorities:certificate_authority: 11 > 3"},
	} {
		b := play(t, []said{{true, hello}, {false, record(typeHandshake, v12, tt.reply)}}, nil)
		want := "Binpac exception: binpac exception: out_of_bound: " + tt.want
		if got := b.find("analyzer_violation_info"); len(got) != 1 || !strings.Contains(strings.ReplaceAll(got[0], `\u003e`, ">"), `"`+want+`"`) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestSSL2Error has an error in answer to a server, which Zeek does not report.
func TestSSL2Error(t *testing.T) {
	b := play(t, []said{
		{true, cat("\x80\x1f\x01\x00\x02", u16(6), u16(0), u16(16), "\x01\x00\x80\x07\x00\xc0", "0123456789abcdef")},
		{false, cat("\x80\x17\x04\x00\x01\x00\x02", u16(4), u16(3), u16(5), "cert", "\x01\x00\x80", "12345")},
		{true, []byte("\x80\x03\x00\x00\x01")},
	}, nil)
	if len(b.find("ssl_server_hello")) != 1 || len(b.find("ssl_alert"))+len(b.find("analyzer_violation_info")) > 0 {
		t.Errorf("%q", b.lines)
	}
}

// TestLimits has input that would otherwise take memory without bound.
func TestLimits(t *testing.T) {
	hello := said{true, record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12))}
	answer := record(typeHandshake, versionTLS12, serverHelloMessage(versionTLS12, 0x002f))

	t.Run("alerts", func(t *testing.T) {
		const records = 10
		b := play(t, []said{hello, {false, cat(answer, bytes.Repeat(record(typeAlert, versionTLS12, zeros(65534)), records))}}, nil)
		if n := len(b.find("ssl_alert")); n != records*DefaultOptions().Alerts {
			t.Errorf("%d alerts", n)
		}
	})
	t.Run("certificates", func(t *testing.T) {
		certs := message(msgCertificate, vec24(bytes.Repeat(vec24("certificate"), 1000)))
		b := play(t, []said{hello, {false, cat(answer, record(typeHandshake, versionTLS12, certs))}}, nil)
		if n := len(b.find("file_sniff")); n != DefaultOptions().Certificates {
			t.Errorf("%d certificates", n)
		}
		if w := b.find("conn_weird"); len(w) != 1 || !strings.Contains(w[0], "tls_certificate_chain_too_long") {
			t.Error(w)
		}
	})
	t.Run("extensions", func(t *testing.T) {
		b := play(t, []said{{true, record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12, bytes.Repeat(extension(21), 1000)))}}, nil)
		if n := len(b.find("ssl_extension")); n != DefaultOptions().Extensions {
			t.Errorf("%d extensions", n)
		}
	})
	t.Run("handshake", func(t *testing.T) {
		// A message of 16 MB in one-byte records, followed by a valid message.
		b := testconn.New(t, testconn.Config())
		messages := 0
		b.Hooks.SSL.HandshakeMessage.Listen(func(e *event.SSLHandshakeMessage) { messages++ })
		ssl, _ := New(b.Hooks, nil, DefaultOptions())
		b.SetAttacher(detect.New(nil))
		b.Open()
		var c *conn.Conn
		b.Table.All(func(x *conn.Conn) { c = x })
		a := b.Attach(c, &ssl.Protocol).(*analyzer)
		const length = 1<<24 - 1
		var header []byte
		for _, x := range []byte{msgCertificate, length >> 16, length >> 8 & 0xff, length & 0xff} {
			header = append(header, record(typeHandshake, versionTLS12, int(x))...)
		}
		a.Data(false, header)
		const chunk = 1 << 12
		many := bytes.Repeat(record(typeHandshake, versionTLS12, "x"), chunk)
		for left := length; left > 0; left -= chunk {
			a.Data(false, many[:min(left, chunk)*(headerLen+1)])
			if cap(a.side[1].msg.b) > 2*DefaultOptions().Handshake {
				t.Fatalf("kept %d bytes", cap(a.side[1].msg.b))
			}
		}
		a.Data(false, record(typeHandshake, versionTLS12, message(msgServerHelloDone)))
		if messages != 1 {
			t.Errorf("%d messages", messages)
		}
	})
}

func TestSetEstablished(t *testing.T) {
	b := newBench(t)
	b.Hooks.SSL.ServerHello.Listen(func(e *event.SSLServerHello) {
		if !SetEstablished(e.Conn) {
			t.Error("no analyzer")
		}
	})
	b.Open()
	b.Talk(true, record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12)))
	b.Talk(false, cat(record(typeHandshake, versionTLS12, serverHelloMessage(versionTLS12, 0x002f)), record(typeHandshake, versionTLS12, "cipher")))
	if b.find("ssl_established") != nil {
		t.Error("ssl_established was raised")
	}
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	if SetEstablished(c) {
		t.Error("the analyzer is still attached")
	}
}

// TestAfterStartTLS has the analyzer fed by another one.
func TestAfterStartTLS(t *testing.T) {
	b := newBench(t)
	ssl, _ := New(b.Hooks, nil, DefaultOptions())
	b.Server = netip.MustParseAddrPort("198.51.100.2:25")
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	h := b.Table.Nested(c, &ssl.Protocol).HandOver(&ssl.Protocol)
	h.Data(true, record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12)))
	if got := c.Services(nil); !slices.Equal(got, []string{"ssl"}) {
		t.Errorf("services %q", got)
	}
	if len(b.find("ssl_client_hello")) != 1 {
		t.Error(b.lines)
	}
	h.Done()
}

func TestSignatures(t *testing.T) {
	client := record(typeHandshake, versionTLS10, clientHelloMessage(versionTLS12))
	server := record(typeHandshake, versionTLS12, serverHelloMessage(versionTLS12, 0x002f))
	alert := record(typeAlert, versionTLS12, 1, 112)
	datagram := cat(typeHandshake, u16(versionDTLS12), u16(0), zeros(6), u16(60), msgClientHello, zeros(11), u16(versionDTLS12))
	for i, tt := range []struct {
		match func([]byte) bool
		b     []byte
		need  int
	}{
		{clientHello, client, 11}, {serverHello, server, 11}, {serverHello, cat(alert, server), 18}, {dtlsClientHello, datagram, 27},
	} {
		for n := range len(tt.b) {
			if got := tt.match(tt.b[:n]); got != (n >= tt.need) {
				t.Errorf("%d: %v of %d bytes", i, got, n)
			}
		}
		if tt.match(zeros(100)) || tt.match([]byte(strings.Repeat("GET / ", 10))) {
			t.Errorf("%d matches anything", i)
		}
	}
}

func TestSuites(t *testing.T) {
	for i := range suites {
		if suites[i].first > suites[i].last || i > 0 && suites[i].first <= suites[i-1].last {
			t.Errorf("%d is out of order", i)
		}
	}
	for suite, want := range map[uint32]kex{0x002f: kexRSA, 0xc02f: kexECDHE, 0x009e: kexDHE, 0x1301: kexOther, 0xffff: kexOther,
		0xccac: kexECDHEPSK, 0x0034: kexDHAnon, 0xc018: kexECDHAnon, 0xc005: kexECDH, noCipher: kexOther} {
		if got := exchange(suite); got != want {
			t.Errorf("%#x: %d, want %d", suite, got, want)
		}
	}
}
