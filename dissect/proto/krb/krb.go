// Package krb analyzes Kerberos version 5 (RFC 4120) over UDP and TCP, including the
// certificates of PKINIT (RFC 4556). Parsing follows Zeek's krb-protocol.pac, except for
// KRB-SAFE and KRB-CRED, which that grammar cannot parse; they follow the RFC. As in Zeek,
// lengths of constructed elements are ignored where their contents are self-delimiting. No
// structure is parsed deeper than the RFC nests it, and no function is recursive.
package krb

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	port = 88

	// lengthLen is the size of the length before a message over TCP (RFC 4120 section 7.2.2).
	lengthLen = 4
	// maxMessage is the maximum length of a message over TCP. A message with a ticket that has
	// a large PAC is below 64 KB.
	maxMessage = 1 << 20
)

// New describes the protocol over UDP and over TCP to the detector. Analyzers raise their
// events on h and pass certificates to s. Only o.Keys is used of the options. The UDP protocol also serves messages carried by
// other protocols, one per call of Data.
func New(h *event.Hooks, s *x509.Sender, o Options) (udp, tcp *detect.Protocol) {
	f := &factory{
		decoder: decoder{hooks: &h.KRB, sender: s, keys: o.Keys},
		framer:  wire.NewFramer(lengthLen, lengthLen+maxMessage, frameLen),
	}
	f.tooLong = func(n int) { f.NetWeird(asn1.WeirdTooLong, strconv.Itoa(n), "") }
	udp = &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}, Signatures: udpSignatures}
	udp.Protocol = conn.Protocol{Name: "KRB", Service: "KRB", New: f.newDatagrams, Size: 512}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{port}, Signatures: tcpSignatures}
	tcp.Protocol = conn.Protocol{Name: "KRB_TCP", Service: "KRB_TCP", New: f.newStream, Size: 1024}
	return udp, tcp
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	decoder
	framer        *wire.Framer
	freeDatagrams freelist.List[datagrams]
	freeStreams   freelist.List[stream]
}

// message decodes a message for an analyzer.
func (f *factory) message(u conn.Use, source string, isOrig bool, b []byte) {
	d := &f.decoder
	d.Use, d.source, d.isOrig = u, source, isOrig
	if err := d.decode(b); err != nil {
		u.Violate(conn.Violation{Reason: err.Error()})
	}
}

// datagrams analyzes messages that arrive one per call of Data.
type datagrams struct {
	f *factory
	conn.Use
	off bool
}

func (f *factory) newDatagrams(u conn.Use) conn.Analyzer {
	a := f.freeDatagrams.Get()
	*a = datagrams{f: f, Use: u}
	return a
}

// Data takes a message.
func (a *datagrams) Data(isOrig bool, b []byte) {
	if !a.off {
		a.f.message(a.Use, "KRB", isOrig, b)
	}
}

// Gap does nothing: messages are whole.
func (a *datagrams) Gap(bool, uint64) {}

// End does nothing.
func (a *datagrams) End(bool) {}

// Done returns the analyzer to the free list.
func (a *datagrams) Done() {
	a.off = true
	a.f.freeDatagrams.Put(a)
}

// stream analyzes messages over TCP, each preceded by its length.
type stream struct {
	f *factory
	conn.Use
	frames [2]wire.Frames // index 0 is the originator's
	gap    bool           // bytes are missing
	off    bool           // the analysis has ended
}

func (f *factory) newStream(u conn.Use) conn.Analyzer {
	a := f.freeStreams.Get()
	*a = stream{f: f, Use: u}
	return a
}

// frameLen returns the length of the message with the given header.
func frameLen(header []byte) int { return lengthLen + int(binary.BigEndian.Uint32(header)) }

// Data takes the next bytes of a stream. It gives up at a length above maxMessage, as other
// protocols on this port have; Zeek waits for the rest of the message.
func (a *stream) Data(isOrig bool, b []byte) {
	f := &a.frames[0]
	if !isOrig {
		f = &a.frames[1]
	}
	for len(b) > 0 && !a.off && !a.gap && !a.Conn().Partial() {
		kept := f.Kept()
		m, rest, state := f.Next(a.f.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.f.message(a.Use, "KRB_TCP", isOrig, m[lengthLen:])
		case wire.FrameShort:
			if a.Full("KRB_TCP") {
				a.Detach()
			}
		case wire.FrameInvalid:
			a.Limited("KRB_TCP", "message_size")
			a.Detach()
		}
	}
}

// Gap ends the analysis of both sides, as in Zeek.
func (a *stream) Gap(bool, uint64) { a.gap = true }

// End does nothing: an incomplete message is dropped silently.
func (a *stream) End(bool) {}

// Flip swaps the two sides.
func (a *stream) Flip() { a.frames[0], a.frames[1] = a.frames[1], a.frames[0] }

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	a.off = true
	a.Hold(-a.frames[0].Reset(a.f.framer) - a.frames[1].Reset(a.f.framer))
	a.f.freeStreams.Put(a)
}
