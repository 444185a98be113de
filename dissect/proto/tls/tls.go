// Package tls analyzes TLS (RFC 8446, RFC 5246), SSL 2 and 3 (RFC 6101), and DTLS (RFC
// 6347, RFC 9147): what can be known of a connection without its keys. It follows Zeek's
// src/analyzer/protocol/ssl.
//
// The record layers, record.go for streams and dtls.go for datagrams, cut out handshake
// messages, which both give to the same session. Once a handshake has succeeded there is
// nothing more to see, and the analyzer takes itself off the connection.
//
// A protocol that changes to TLS on the way (STARTTLS) puts the analyzer on its
// connection with conn.Table.AttachInner and the conn.Protocol of SSL, and feeds it the
// bytes that follow with InnerData, InnerGap and InnerEnd.
package tls

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Protocol versions as they are on the wire.
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

// Options are limits. What is beyond one of them is skipped.
type Options struct {
	// OpenSSL takes chains of certificates up to 100 kB; certificates with thousands of
	// names make handshake messages three times as long.
	Handshake    int `key:"limits.ssl_handshake_bytes" unit:"bytes" min:"1" doc:"bytes of a TLS handshake message; a longer one is skipped"`
	Certificates int `key:"limits.ssl_certificates" unit:"count" min:"1" doc:"certificates of a chain that are looked at"`
	Extensions   int `key:"limits.ssl_extensions" unit:"count" min:"1" doc:"extensions of a TLS hello that are looked at"`
	Alerts       int `key:"limits.ssl_max_alerts_per_record" unit:"count" min:"1" doc:"alerts of a TLS record that are told of (SSL::max_alerts_per_record)"`
}

// DefaultOptions returns the defaults, Zeek's where it has a limit.
func DefaultOptions() Options {
	return Options{Handshake: 1 << 20, Certificates: 100, Extensions: 256, Alerts: 10}
}

const (
	// maxHistory is when Zeek's script says that the history of a connection is full
	// (SSL::max_ssl_history_length).
	maxHistory = 100
	// maxKeptBuffer is the size of the largest buffer that is kept for other connections,
	// maxKeptBuffers their number.
	maxKeptBuffer  = 32 << 10
	maxKeptBuffers = 1024
)

// Names of the analyzers.
const (
	sourceSSL  = "SSL"
	sourceDTLS = "DTLS"
)

// New describes SSL and TLS over streams, and DTLS over datagrams, to the detector. Their
// analyzers raise their events on h and give certificates and OCSP responses to certs.
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
	ssl.Protocol = conn.Protocol{Name: sourceSSL, Service: "ssl", New: f.newSSL}
	dtls = &detect.Protocol{
		Transport:  value.ProtoUDP,
		Ports:      []uint16{443},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(dtlsClientHello)}, {Resp: detect.Anywhere(dtlsClientHello)}},
	}
	dtls.Protocol = conn.Protocol{Name: sourceDTLS, Service: "dtls", New: f.newDTLS}
	return ssl, dtls
}

// factory makes the analyzers of a shard and keeps those that are done.
type factory struct {
	hooks *event.SSLEvents
	certs *x509.Sender
	opt   Options

	freeSSL  freelist.List[analyzer]
	freeDTLS freelist.List[dtlsAnalyzer]
	buffers  freelist.Buffers
	ev       scratch
}

// appendTo appends b to *dst, which gets a buffer if it has none.
func (f *factory) appendTo(dst *[]byte, b []byte) {
	if *dst == nil {
		*dst = f.buffers.Get()
	}
	*dst = append(*dst, b...)
}

// release gives a buffer back.
func (f *factory) release(b *[]byte) {
	f.buffers.Put(*b)
	*b = nil
}

// scratch holds the lists that events point into.
type scratch struct {
	ciphers, numbers, small []uint64
	strings                 [][]byte
	algs                    []event.SSLSignatureAndHashAlgorithm
	identities              []event.SSLPSKIdentity
	message                 []byte // a message put together from fragments
	id                      [maxSessionID]byte
}

// SetEstablished has the SSL analyzer of c take the handshake for finished: from now on
// everything is encrypted, and no SSLEstablished is raised for it. It reports whether
// there is such an analyzer. It is Zeek's set_ssl_established.
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
