// Package tls analyzes TLS (RFC 8446, RFC 5246), SSL 2 and 3 (RFC 6101), and DTLS (RFC
// 6347, RFC 9147), as far as that is possible without keys. It follows Zeek's
// src/analyzer/protocol/ssl.
//
// The record layers, record.go for streams and dtls.go for datagrams, extract handshake
// messages and pass them to a common session. After a successful handshake nothing but the
// lengths of records can be seen, and the analyzer detaches itself unless Options.Detach is
// off.
//
// A protocol that switches to TLS (STARTTLS) hands its connection over with
// conn.Use.HandOver or HandOverAfterLine and passes the bytes that follow on.
package tls

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Protocol versions on the wire.
const (
	versionSSL2   = 0x0002
	versionSSL3   = 0x0300 // RFC 6101
	versionTLS10  = 0x0301 // RFC 2246
	versionTLS11  = 0x0302 // RFC 4346
	versionTLS12  = 0x0303 // RFC 5246
	versionTLS13  = 0x0304 // RFC 8446
	versionDraft  = 0x7f   // upper byte of drafts of TLS 1.3
	versionDTLS10 = 0xfeff // RFC 4347
	versionDTLS12 = 0xfefd // RFC 6347
	versionDTLS13 = 0xfefc // RFC 9147
)

// Content types (IANA TLS ContentType).
const (
	typeChangeCipherSpec = 20
	typeAlert            = 21
	typeHandshake        = 22
	typeApplicationData  = 23
	typeHeartbeat        = 24 // RFC 6520
	typeCID              = 25 // RFC 9146
)

// Options are limits, of which what exceeds one is skipped, and what the analyzer does
// after the handshake.
type Options struct {
	// Detach saves the time that large transfers take. Without it violations in the records
	// after the handshake count, too.
	Detach bool `key:"ssl.disable_analyzer_after_detection" doc:"end the analysis of a TLS connection when its handshake is complete; off, there is an ssl_encrypted_data event for each further record (SSL::disable_analyzer_after_detection)"`

	// OpenSSL accepts chains of certificates up to 100 kB; certificates with thousands of
	// names make handshake messages three times as long.
	Handshake    int `key:"limits.ssl_handshake_bytes" unit:"bytes" min:"1" doc:"bytes of a TLS handshake message; a longer one is skipped"`
	Certificates int `key:"limits.ssl_certificates" unit:"count" min:"1" doc:"certificates of a chain that are analyzed"`
	Extensions   int `key:"limits.ssl_extensions" unit:"count" min:"1" doc:"extensions of a TLS hello that are analyzed"`
	Alerts       int `key:"limits.ssl_max_alerts_per_record" unit:"count" min:"1" doc:"alerts of a TLS record that are reported (SSL::max_alerts_per_record)"`
}

// DefaultOptions returns the defaults, which are Zeek's where it has a limit.
func DefaultOptions() Options {
	return Options{Detach: true, Handshake: 1 << 20, Certificates: 100, Extensions: 256, Alerts: 10}
}

const (
	// maxHistory is the length at which Zeek's script reports that the history of a
	// connection is full (SSL::max_ssl_history_length).
	maxHistory = 100
	// maxKeptBuffer is the size in bytes of the largest buffer that is kept for other
	// connections, and maxKeptBuffers the number of them.
	maxKeptBuffer  = 32 << 10
	maxKeptBuffers = 1024
)

// Names of the analyzers.
const (
	sourceSSL  = "SSL"
	sourceDTLS = "DTLS"
)

// New returns SSL and TLS over streams, and DTLS over datagrams, for the detector. Their
// analyzers raise their events on h and pass certificates and OCSP responses to certs.
func New(h *event.Hooks, certs *x509.Sender, o Options) (ssl, dtls *detect.Protocol) {
	f := &factory{hooks: &h.SSL, certs: certs, opt: o,
		buffers: freelist.Buffers{Largest: maxKeptBuffer, Most: maxKeptBuffers}}
	ssl = &detect.Protocol{
		Transport: value.ProtoTCP,
		Ports:     []uint16{443, 465, 563, 585, 614, 636, 989, 990, 992, 993, 995, 5223},
		Signatures: []detect.Signature{
			{Orig: detect.Leading("\x16", detect.Within(11, clientHello))},
			{Resp: detect.Leading("\x15\x16", detect.Within(18, serverHello))},
		},
	}
	ssl.Protocol = conn.Protocol{Name: sourceSSL, Service: "ssl", New: f.newSSL, Size: freelist.Size[analyzer]() + 768}
	dtls = &detect.Protocol{
		Transport:  value.ProtoUDP,
		Ports:      []uint16{443},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(dtlsClientHello)}, {Resp: detect.Anywhere(dtlsClientHello)}},
	}
	dtls.Protocol = conn.Protocol{Name: sourceDTLS, Service: "dtls", New: f.newDTLS, Size: freelist.Size[dtlsAnalyzer]() + 768}
	return ssl, dtls
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks *event.SSLEvents
	certs *x509.Sender
	opt   Options

	freeSSL  freelist.List[analyzer]
	freeDTLS freelist.List[dtlsAnalyzer]
	buffers  freelist.Buffers
	ev       scratch
}

// appendTo appends b to *dst; if *dst is nil, it gets a spare buffer first.
func (s *session) appendTo(dst *[]byte, b []byte) {
	if *dst == nil {
		*dst = s.f.buffers.Get()
	}
	*dst = append(*dst, b...)
	s.HoldState(len(b))
}

// release takes a buffer back and sets *b to nil.
func (s *session) release(b *[]byte) {
	s.HoldState(-len(*b))
	s.f.buffers.Put(*b)
	*b = nil
}

// scratch holds the lists that events point into.
type scratch struct {
	ciphers, numbers, small []uint64
	strings                 [][]byte
	algs                    []event.SSLSignatureAndHashAlgorithm
	identities              []event.SSLPSKIdentity
	message                 []byte // a message reassembled from fragments
	id                      [maxSessionID]byte
}

// SetEstablished tells the SSL analyzer of c that the handshake is complete: from now on
// everything is encrypted, and no SSLEstablished is raised. It reports whether there is
// such an analyzer. It is Zeek's set_ssl_established.
func SetEstablished(c event.Conn) bool {
	found := false
	if cc, ok := c.(*conn.Conn); ok {
		cc.EachAnalyzer(func(x conn.Analyzer) bool {
			a, ok := x.(*analyzer)
			if ok {
				a.encrypting = [2]bool{true, true}
				a.established, found = true, true
			}
			return !ok
		})
	}
	return found
}
