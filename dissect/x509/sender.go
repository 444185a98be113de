package x509

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/files"
)

// A Sender hands the certificates and OCSP responses that a handshake carries to file
// analysis. What comes of them is raised before its methods return: FileNew,
// FileOverNewConnection with the connection, FileSniff with the MIME type, then
// X509Certificate and what follows it, last FileStateRemove. One serves all connections
// of a shard.
type Sender struct {
	fm      *files.Manager
	carrier files.Carrier
	handle  []byte
}

// NewSender returns a Sender to fm.
func NewSender(fm *files.Manager) *Sender { return &Sender{fm: fm} }

// Certificate takes certificate i, from 0, of a chain. source is "SSL" or "DTLS", and
// client tells that the TLS client has sent it, whichever side opened the connection.
// An empty certificate is none: it is the caller's weird "zero_length_certificate".
func (s *Sender) Certificate(c event.Conn, source string, client bool, i int, der []byte) {
	mime := mimeCA
	if i == 0 {
		mime = mimeUser
	}
	s.send(c, source, client, uint64(i), mime, der)
}

// PKINIT takes the certificates of a Kerberos message, one after the other, of which the
// first is looked at (RFC 4556 section 3.2). source is "KRB" or "KRB_TCP". As in Zeek no
// certificate is an empty file.
func (s *Sender) PKINIT(c event.Conn, source string, client bool, certificates []byte) {
	s.open(c, source, client, 0, mimeUser, certificates)
}

// OCSPResponse takes the response that a server has stapled to its handshake (RFC 6066
// section 8).
func (s *Sender) OCSPResponse(c event.Conn, source string, der []byte) {
	s.send(c, source, false, ^uint64(0), mimeOCSPResponse, der)
}

// RDPCertificate takes a certificate of a server that speaks RDP with its own encryption
// (MS-RDPBCGR section 2.2.1.4.3.1). As for Zeek, those of a chain are one file again and
// again.
func (s *Sender) RDPCertificate(c event.Conn, der []byte) {
	s.send(c, "RDP", false, ^uint64(0)-1, mimeUser, der)
}

func (s *Sender) send(c event.Conn, source string, isOrig bool, i uint64, mime string, der []byte) {
	if len(der) != 0 {
		s.open(c, source, isOrig, i, mime, der)
	}
}

func (s *Sender) open(c event.Conn, source string, isOrig bool, i uint64, mime string, der []byte) {
	uid := c.UID()
	h := append(s.handle[:0], "TLS"...)
	if isOrig {
		h = append(h, 'T')
	} else {
		h = append(h, 'F')
	}
	h = uid.Append(h)
	s.handle = binary.LittleEndian.AppendUint64(h, i)

	id := s.fm.ID(c, s.handle)
	s.carrier = files.Carrier{Source: source, Conn: c, IsOrig: isOrig, MIME: mime}
	if id = s.fm.Data(id, &s.carrier, der); !id.IsZero() {
		s.fm.End(id)
	}
}
