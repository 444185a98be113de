package logs

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// sslHello is what the fingerprints JA3 (salesforce/ja3) and JA4 (FoxIO, TLS client) are
// computed from. Values that are reserved for GREASE (RFC 8701) do not count.
type sslHello struct {
	client, server  []uint64 // extensions of the current hello
	curves, formats []uint64
	versions        []uint64
	algs            []uint16
	alpn            []byte

	ja3, ja3s, ja4 string
	buf            []byte
}

const (
	tlsExtServerName = 0
	tlsExtALPN       = 16
)

func grease(v uint64) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func (s *sslState) fingerprint() *sslHello {
	if s.hello == nil {
		s.hello = new(sslHello)
	}
	return s.hello
}

func (h *sslHello) reset() {
	*h = sslHello{client: h.client[:0], server: h.server[:0], curves: h.curves[:0], formats: h.formats[:0],
		versions: h.versions[:0], algs: h.algs[:0], alpn: h.alpn[:0], buf: h.buf[:0]}
}

func (h *sslHello) add(e *event.SSLExtension) {
	if e.IsClient {
		h.client = append(h.client, e.Code)
	} else {
		h.server = append(h.server, e.Code)
	}
}

func (b *ssl) listenFingerprints(h *event.Hooks) {
	h.SSL.ExtensionEllipticCurves.Listen(func(e *event.SSLExtensionEllipticCurves) {
		if f := b.state(e.Conn).fingerprint(); e.IsClient {
			f.curves = append(f.curves[:0], e.Curves...)
		}
	})
	h.SSL.ExtensionECPointFormats.Listen(func(e *event.SSLExtensionECPointFormats) {
		if f := b.state(e.Conn).fingerprint(); e.IsClient {
			f.formats = append(f.formats[:0], e.PointFormats...)
		}
	})
	h.SSL.ExtensionSignatureAlgorithm.Listen(func(e *event.SSLExtensionSignatureAlgorithm) {
		f := b.state(e.Conn).fingerprint()
		if !e.IsClient {
			return
		}
		f.algs = f.algs[:0]
		for _, a := range e.SignatureAlgorithms {
			f.algs = append(f.algs, uint16(a.HashAlgorithm<<8|a.SignatureAlgorithm))
		}
	})
}

// appendList appends the numbers without GREASE, separated by dashes, and JA3's separator
// after the list.
func appendList(dst []byte, list []uint64, after string) []byte {
	n := len(dst)
	for _, v := range list {
		if grease(v) {
			continue
		}
		if len(dst) > n {
			dst = append(dst, '-')
		}
		dst = strconv.AppendUint(dst, v, 10)
	}
	return append(dst, after...)
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// clientFingerprint computes the fingerprints of the first ClientHello of a connection.
func (b *ssl) clientFingerprint(s *sslState, e *event.SSLClientHello) {
	h := s.fingerprint()
	if e.RecordVersion != 0 && h.ja3 == "" && h.ja4 == "" {
		if b.ja3 {
			h.buf = strconv.AppendUint(h.buf[:0], e.Version, 10)
			h.buf = append(h.buf, ',')
			h.buf = appendList(h.buf, e.Ciphers, ",")
			h.buf = appendList(h.buf, h.client, ",")
			h.buf = appendList(h.buf, h.curves, ",")
			h.buf = appendList(h.buf, h.formats, "")
			h.ja3 = md5Hex(h.buf)
		}
		if b.ja4 {
			h.ja4 = h.makeJA4(e)
		}
	}
	h.client, h.curves, h.formats = h.client[:0], h.curves[:0], h.formats[:0]
	h.versions, h.algs, h.alpn = h.versions[:0], h.algs[:0], h.alpn[:0]
}

func serverFingerprint(s *sslState, e *event.SSLServerHello) {
	h := s.fingerprint()
	if e.RecordVersion != 0 {
		h.buf = strconv.AppendUint(h.buf[:0], e.Version, 10)
		h.buf = append(h.buf, ',')
		h.buf = strconv.AppendUint(h.buf, e.Cipher, 10)
		h.buf = append(h.buf, ',')
		h.buf = appendList(h.buf, h.server, "")
		h.ja3s = md5Hex(h.buf)
	}
	h.server = h.server[:0]
}

// ja4Version returns JA4's code of a version.
func ja4Version(v uint64) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	case 0xfeff:
		return "d1"
	case 0xfefd:
		return "d2"
	case 0xfefc:
		return "d3"
	}
	return "00"
}

func (h *sslHello) makeJA4(e *event.SSLClientHello) string {
	id := e.Conn.ID()
	b := append(h.buf[:0], 't')
	dtls := id.Proto == value.ProtoUDP && e.Version>>8 == 0xfe
	switch {
	case dtls:
		b[0] = 'd'
	case id.Proto == value.ProtoUDP:
		b[0] = 'q'
	}
	version, first := e.Version, true
	for _, v := range h.versions {
		newer := v > version
		if dtls {
			newer = v < version // DTLS versions count downwards
		}
		if !grease(v) && (first || newer) {
			version, first = v, false
		}
	}
	b = append(b, ja4Version(version)...)
	if slices.Contains(h.client, tlsExtServerName) {
		b = append(b, 'd')
	} else {
		b = append(b, 'i')
	}
	ciphers := slices.DeleteFunc(slices.Clone(e.Ciphers), grease)
	exts := slices.DeleteFunc(slices.Clone(h.client), grease)
	b = appendCount(appendCount(b, len(ciphers)), len(exts))
	b = append(appendALPN(b, h.alpn), '_')
	slices.Sort(ciphers)
	b = append(appendHash12(b, appendHex(nil, ciphers)), '_')
	exts = slices.DeleteFunc(exts, func(v uint64) bool { return v == tlsExtServerName || v == tlsExtALPN })
	slices.Sort(exts)
	list := appendHex(nil, exts)
	if len(h.algs) > 0 {
		algs := make([]uint64, 0, len(h.algs))
		for _, a := range h.algs {
			if !grease(uint64(a)) {
				algs = append(algs, uint64(a))
			}
		}
		list = appendHex(append(list, '_'), algs)
	}
	h.buf = appendHash12(b, list)
	return string(h.buf)
}

// appendCount appends a number as two digits.
func appendCount(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// appendALPN appends the first and last character of a protocol, or the first and last digit
// of it in hexadecimal if one of them is neither letter nor digit.
func appendALPN(dst, alpn []byte) []byte {
	if len(alpn) == 0 {
		return append(dst, "00"...)
	}
	first, last := alpn[0], alpn[len(alpn)-1]
	if alnum(first) && alnum(last) {
		return append(dst, first, last)
	}
	const digits = "0123456789abcdef"
	return append(dst, digits[first>>4], digits[last&15])
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// appendHex appends numbers as four hexadecimal digits each, separated by commas.
func appendHex(dst []byte, list []uint64) []byte {
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = hex.AppendEncode(dst, []byte{byte(v >> 8), byte(v)})
	}
	return dst
}

// appendHash12 appends the first digits of the SHA-256 of a list, zeros for none.
func appendHash12(dst, list []byte) []byte {
	if len(list) == 0 {
		return append(dst, "000000000000"...)
	}
	sum := sha256.Sum256(list)
	return hex.AppendEncode(dst, sum[:6])
}

func (h *sslHello) fill(r *schemas.SSL) {
	r.JA3, r.JA3S, r.JA4 = someText(h.ja3), someText(h.ja3s), someText(h.ja4)
}
