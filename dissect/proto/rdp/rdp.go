// Package rdp analyzes the beginning of Remote Desktop Protocol connections (MS-RDPBCGR
// section 1.3.1.1): the connection request and its answer, the settings that client and
// server exchange, and the server's certificate. A connection encrypted with TLS is handed
// over to the TLS analyzer. Of RDP over UDP (MS-RDPEUDP) only the handshake is analyzed.
//
// The choice of what to parse follows Zeek's src/analyzer/protocol/rdp.
package rdp

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// headerLen is the length in bytes of a TPKT header (RFC 1006 section 6).
	headerLen = 4
	// maxMessage is the length in bytes of the longest message that a TPKT header can
	// announce.
	maxMessage = 1<<16 - 1
	// maxChannels and maxCertificates are the numbers of a client's channels, and of a
	// chain's certificates, above which a message is malformed.
	maxChannels     = 1000
	maxCertificates = 1000
	// maxCertificate is the length in bytes above which a certificate is malformed. It
	// exceeds that of any message.
	maxCertificate = 256 << 10
	// likelyChannels is the number of channels that the specification allows (MS-RDPBCGR
	// section 2.2.1.3.4).
	likelyChannels = 31

	port   = 3389
	source = "RDP"
)

// New returns RDP over TCP, and over UDP, for the detector. Their analyzers raise their
// events on h and pass certificates to certs; ssl takes over where the server chooses TLS.
func New(h *event.Hooks, certs *x509.Sender, ssl *conn.Protocol) (tcp, udp *detect.Protocol) {
	f := &factory{hooks: &h.RDP, certs: certs, ssl: ssl, framer: wire.NewFramer(headerLen, maxMessage, messageLen)}
	tcp = &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{port},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(client), Resp: detect.Anywhere(server)}},
	}
	tcp.Protocol = conn.Protocol{Name: source, Service: "rdp", New: f.new, Size: freelist.Size[analyzer]() + 768}
	udp = &detect.Protocol{
		Transport:  value.ProtoUDP,
		Ports:      []uint16{port},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(synDatagram)}, {Resp: detect.Anywhere(synDatagram)}},
	}
	udp.Protocol = conn.Protocol{Name: "RDPEUDP", Service: "rdpeudp", New: newUDP}
	return tcp, udp
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks  *event.RDPEvents
	certs  *x509.Sender
	ssl    *conn.Protocol
	free   freelist.List[analyzer]
	framer *wire.Framer

	text     []byte
	channels []event.RDPClientChannelDef
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	frames [2]wire.Frames
	off    bool // no longer interested
	// encrypted is set if everything that follows is encrypted, by RDP itself or by TLS.
	encrypted bool
	inner     conn.Handover // to TLS
}

// messageLen returns the length of a message including its header.
func messageLen(header []byte) int { return int(header[2])<<8 | int(header[3]) }

// Data parses the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.Conn().Partial() {
		return
	}
	f := &a.frames[conn.Side(isOrig)]
	for len(b) > 0 && !a.off && !a.encrypted {
		kept := f.Kept()
		m, rest, state := f.Next(a.f.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.message(isOrig, m)
		case wire.FrameShort:
			if a.Full(source) {
				a.Detach()
			}
		case wire.FrameInvalid:
			a.violate("Binpac exception: binpac exception: out_of_bound: COTP:pdu: 2 > 0")
			if !a.off {
				a.Detach()
			}
		}
	}
	if a.inner.Taken() && len(b) > 0 {
		a.inner.Data(isOrig, b)
	}
}

func (a *analyzer) violate(reason string) { a.Violate(conn.Violation{Reason: reason}) }

// begin is called when everything that follows is encrypted: by RDP itself if protocol is
// 0, otherwise by TLS.
func (a *analyzer) begin(protocol uint32) {
	a.encrypted = true
	if e := a.f.hooks.BeginEncryption.Begin(); e != nil {
		*e = event.RDPBeginEncryption{Conn: a.Conn(), SecurityProtocol: uint64(protocol)}
		a.f.hooks.BeginEncryption.Raise(e)
	}
	if protocol > 0 && !a.inner.Taken() {
		a.inner = a.HandOver(a.f.ssl)
	}
}

// Gap ends the analysis: the next message or TLS record cannot be found.
func (a *analyzer) Gap(bool, uint64) { a.Detach() }

// End does nothing: a truncated message is not reported.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() { a.frames[0], a.frames[1] = a.frames[1], a.frames[0] }

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.inner.Taken() {
		a.inner.Done()
	}
	a.Hold(-a.frames[0].Reset(a.f.framer) - a.frames[1].Reset(a.f.framer))
	a.f.free.Put(a)
}
