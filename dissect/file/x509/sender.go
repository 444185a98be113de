package x509

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/value"
)

// A Sender hands the certificates and OCSP responses that a handshake carries to file
// analysis. Their events are raised before its methods return: FileNew,
// FileOverNewConnection with the connection, FileSniff with the MIME type, then
// X509Certificate and what follows it, and last FileStateRemove. One Sender serves all
// connections of a shard.
type Sender struct {
	fm      *files.Manager
	carrier files.Carrier
	handle  []byte
}

// NewSender returns a Sender that hands files to fm.
func NewSender(fm *files.Manager) *Sender { return &Sender{fm: fm} }

// Certificate takes certificate i, from 0, of a chain. source is "SSL" or "DTLS", and
// client is set if the TLS client sent it, whichever side opened the connection. An
// empty certificate is ignored: the caller raises the weird
// "zero_length_certificate".
func (s *Sender) Certificate(c event.Conn, source string, client bool, i int, der []byte) {
	mime := mimeCA
	if i == 0 {
		mime = mimeUser
	}
	s.send(c, source, client, uint64(i), mime, der)
}

// PKINIT takes the concatenated certificates of a Kerberos message, of which the first
// is parsed (RFC 4556 section 3.2). source is "KRB" or "KRB_TCP". As in Zeek, a message
// without certificates gives an empty file.
func (s *Sender) PKINIT(c event.Conn, source string, client bool, certificates []byte) {
	h, number := append(s.handle[:0], "Analyzer::ANALYZER_KRB"...), byte('1')
	h = appendStart(h, c.Start())
	if client {
		h, number = append(h, 'T'), '0'
	} else {
		h = append(h, 'F')
	}
	s.handle = append(appendFlow(h, c.ID()), number)
	s.transfer(c, s.fm.StaticID(c, s.handle), source, client, mimeUser, certificates)
}

// appendStart appends a time with the digits that it has in Zeek's file handles.
func appendStart(dst []byte, t value.Time) []byte {
	v := t.Seconds()
	if v > math.MaxInt32 {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	dst = bytes.TrimRight(strconv.AppendFloat(dst, v, 'f', 6, 64), "0")
	if dst[len(dst)-1] == '.' {
		dst = append(dst, '0')
	}
	return dst
}

// appendFlow appends the endpoints of a connection as they appear in Zeek's file
// handles.
func appendFlow(dst []byte, id event.ConnID) []byte {
	dst = strconv.AppendUint(append(id.OrigH.AppendTo(dst), ':'), uint64(id.OrigP), 10)
	dst = append(dst, " > "...)
	return strconv.AppendUint(append(id.RespH.AppendTo(dst), ':'), uint64(id.RespP), 10)
}

// OCSPResponse takes the response that a server stapled to its handshake (RFC 6066
// section 8).
func (s *Sender) OCSPResponse(c event.Conn, source string, der []byte) {
	s.send(c, source, false, ^uint64(0), mimeOCSPResponse, der)
}

// RDPCertificate takes a certificate of a server that speaks RDP with its own encryption
// (MS-RDPBCGR section 2.2.1.4.3.1). As in Zeek, all certificates of a chain are the same
// file.
func (s *Sender) RDPCertificate(c event.Conn, der []byte) {
	s.send(c, "RDP", false, ^uint64(0)-1, mimeUser, der)
}

func (s *Sender) send(c event.Conn, source string, isOrig bool, i uint64, mime string, der []byte) {
	if len(der) == 0 {
		return
	}
	uid := c.UID()
	h := append(s.handle[:0], "TLS"...)
	if isOrig {
		h = append(h, 'T')
	} else {
		h = append(h, 'F')
	}
	h = uid.Append(h)
	s.handle = binary.LittleEndian.AppendUint64(h, i)

	s.transfer(c, s.fm.ID(c, s.handle), source, isOrig, mime, der)
}

// transfer hands over a whole file.
func (s *Sender) transfer(c event.Conn, id files.ID, source string, isOrig bool, mime string, der []byte) {
	s.carrier = files.Carrier{Source: source, Conn: c, IsOrig: isOrig, MIME: mime}
	if id = s.fm.Data(id, &s.carrier, der); !id.IsZero() {
		s.fm.End(id)
	}
}
