// Package rdp analyzes how connections of the Remote Desktop Protocol begin (MS-RDPBCGR
// section 1.3.1.1): the connection request and its answer, the settings that client and
// server exchange, and the server's certificate. What is encrypted with TLS is handed over
// to the TLS analyzer. Of RDP over UDP (MS-RDPEUDP) it knows the handshake.
//
// What is looked at follows Zeek's src/analyzer/protocol/rdp.
package rdp

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// headerLen is the length of a TPKT header (RFC 1006 section 6).
	headerLen = 4
	// maxChannels and maxCertificates are how many channels of a client, and certificates
	// of a chain, are taken for an error.
	maxChannels     = 1000
	maxCertificates = 1000
	// maxCertificate is the length of a certificate that is taken for an error. A message
	// is never as long.
	maxCertificate = 256 << 10
	// likelyChannels is how many channels there may be (MS-RDPBCGR section 2.2.1.3.4).
	likelyChannels = 31
	// maxKept is the size of the largest buffer that is kept for another connection.
	maxKept = 8 << 10

	port   = 3389
	source = "RDP"
)

// New describes RDP over TCP, and over UDP, to the detector. Their analyzers raise their
// events on h and give certificates to certs; ssl takes over where the server chooses TLS.
func New(h *event.Hooks, certs *x509.Sender, ssl *conn.Protocol) (tcp, udp *detect.Protocol) {
	f := &factory{hooks: &h.RDP, certs: certs, ssl: ssl}
	tcp = &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{port},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(client), Resp: detect.Anywhere(server)}},
	}
	tcp.Protocol = conn.Protocol{Name: source, Service: "rdp", New: f.new}
	udp = &detect.Protocol{
		Transport:  value.ProtoUDP,
		Ports:      []uint16{port},
		Signatures: []detect.Signature{{Orig: detect.Anywhere(synDatagram)}, {Resp: detect.Anywhere(synDatagram)}},
	}
	udp.Protocol = conn.Protocol{Name: "RDPEUDP", Service: "rdpeudp", New: newUDP}
	return tcp, udp
}

// factory makes the analyzers of a shard and has what they share.
type factory struct {
	hooks *event.RDPEvents
	certs *x509.Sender
	ssl   *conn.Protocol
	free  freelist.List[analyzer]

	text     []byte
	channels []event.RDPClientChannelDef
	ev       struct {
		request     event.RDPConnectRequest
		response    event.RDPNegotiationResponse
		failure     event.RDPNegotiationFailure
		core        event.RDPClientCoreData
		network     event.RDPClientNetworkData
		create      event.RDPGCCServerCreateResponse
		security    event.RDPServerSecurity
		certificate event.RDPServerCertificate
		encryption  event.RDPBeginEncryption
	}
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, pending: a.pending}
	return a
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	pending [2][]byte // of a message that is not complete
	off     bool      // no longer interested
	// encrypted tells that what follows is, and inner has the TLS analyzer if it is by TLS.
	encrypted bool
	inner     conn.Handover // to TLS
}

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// frameLen is the length of the message that begins with b, of its header too.
func frameLen(b []byte) int { return int(b[2])<<8 | int(b[3]) }

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.Conn().Partial() {
		return
	}
	i := index(isOrig)
	for len(b) > 0 && !a.off && !a.encrypted {
		if len(a.pending[i]) == 0 && len(b) >= headerLen {
			if n := frameLen(b); n >= headerLen && n <= len(b) {
				a.message(isOrig, b[:n:n])
				b = b[n:]
				continue
			}
		}
		n := headerLen
		if len(a.pending[i]) >= headerLen {
			n = frameLen(a.pending[i])
		}
		n = min(n-len(a.pending[i]), len(b))
		a.pending[i] = append(a.pending[i], b[:n]...)
		b = b[n:]
		if a.Hold(n); a.Full(source) {
			a.Detach()
			return
		}
		if p := a.pending[i]; len(p) >= headerLen {
			switch n := frameLen(p); {
			case n < headerLen:
				a.violate("Binpac exception: binpac exception: out_of_bound: COTP:pdu: 2 > 0")
				if !a.off {
					a.Detach()
				}
			case n == len(p):
				a.message(isOrig, p)
				a.release(i)
			}
		}
	}
	if a.inner.Taken() && len(b) > 0 {
		a.inner.Data(isOrig, b)
	}
}

// release forgets what waits of a side.
func (a *analyzer) release(i int) {
	p := a.pending[i]
	a.Hold(-len(p))
	if cap(p) > maxKept {
		p = nil
	}
	a.pending[i] = p[:0]
}

func (a *analyzer) violate(reason string) { a.Violate(conn.Violation{Reason: reason}) }

// begin notes that everything that follows is encrypted, by RDP itself if protocol is 0,
// and otherwise by TLS.
func (a *analyzer) begin(protocol uint32) {
	a.encrypted = true
	if h := &a.f.hooks.BeginEncryption; h.On() {
		a.f.ev.encryption = event.RDPBeginEncryption{Conn: a.Conn(), SecurityProtocol: uint64(protocol)}
		h.Raise(&a.f.ev.encryption)
	}
	if protocol > 0 && !a.inner.Taken() {
		a.inner = a.HandOver(a.f.ssl)
	}
}

// Gap gives up: neither messages nor records of TLS can be found again.
func (a *analyzer) Gap(bool, uint64) { a.Detach() }

// End does nothing: a message that is cut short is not told of.
func (a *analyzer) End(bool) {}

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() { a.pending[0], a.pending[1] = a.pending[1], a.pending[0] }

// Done keeps the analyzer for another connection.
func (a *analyzer) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.inner.Taken() {
		a.inner.Done()
	}
	a.release(0)
	a.release(1)
	a.f.free.Put(a)
}
