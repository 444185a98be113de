// Package krb analyzes Kerberos version 5 (RFC 4120) over UDP and TCP, including the
// certificates of PKINIT (RFC 4556). Parsing follows Zeek's krb-protocol.pac, except for
// KRB-SAFE and KRB-CRED, which that grammar cannot parse; they follow the RFC. As in Zeek,
// lengths of constructed elements are ignored where their contents are self-delimiting. No
// structure is parsed deeper than the RFC nests it, and no function is recursive.
package krb

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/freelist"
)

const (
	port = 88

	// lengthLen is the size of the length before a message over TCP (RFC 4120 section 7.2.2).
	lengthLen = 4
	// maxMessage is the maximum length of a message over TCP. A message with a ticket that has
	// a large PAC is below 64 KB.
	maxMessage = 1 << 20
	// maxReused is the size of the largest buffer kept for reuse.
	maxReused = 16 << 10
)

// New describes the protocol over UDP and over TCP to the detector. Analyzers raise their
// events on h and pass certificates to s. The UDP protocol also serves messages carried by
// other protocols, one per call of Data.
func New(h *event.Hooks, s *x509.Sender) (udp, tcp *detect.Protocol) {
	f := &factory{decoder: decoder{hooks: &h.KRB, sender: s}}
	f.tooLong = func(n int) { f.NetWeird(asn1.WeirdTooLong, strconv.Itoa(n), "") }
	udp = &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}, Signatures: udpSignatures}
	udp.Protocol = conn.Protocol{Name: "KRB", Service: "KRB", New: f.newDatagrams}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{port}, Signatures: tcpSignatures}
	tcp.Protocol = conn.Protocol{Name: "KRB_TCP", Service: "KRB_TCP", New: f.newStream}
	return udp, tcp
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	decoder
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

// Done keeps the analyzer for another connection.
func (a *datagrams) Done() {
	a.off = true
	a.f.freeDatagrams.Put(a)
}

// stream is the analyzer of messages over TCP, each with its length before it.
type stream struct {
	f *factory
	conn.Use
	pending [2][]byte // a message that is not complete, with its length
	gap     bool
	off     bool // no longer interested
}

func (f *factory) newStream(u conn.Use) conn.Analyzer {
	a := f.freeStreams.Get()
	*a = stream{f: f, Use: u, pending: a.pending}
	return a
}

// Data takes the next bytes of a stream.
func (a *stream) Data(isOrig bool, b []byte) {
	p := &a.pending[0]
	if !isOrig {
		p = &a.pending[1]
	}
	for len(b) > 0 && !a.off && !a.gap && !a.Conn().Partial() {
		if len(*p) == 0 && len(b) >= lengthLen {
			size, ok := a.size(p, b)
			if !ok {
				return
			}
			if len(b) >= size {
				a.f.message(a.Use, "KRB_TCP", isOrig, b[lengthLen:size])
				b = b[size:]
				continue
			}
		}
		need := lengthLen
		if len(*p) >= lengthLen {
			size, ok := a.size(p, *p)
			if !ok {
				return
			}
			need = size
		}
		n := min(max(need-len(*p), 1), len(b))
		*p = append(*p, b[:n]...)
		b = b[n:]
		if a.Hold(n); a.Full("KRB_TCP") {
			a.Detach()
			return
		}
		if len(*p) < lengthLen {
			return
		}
		size, ok := a.size(p, *p)
		if !ok {
			return
		}
		if len(*p) == size {
			a.f.message(a.Use, "KRB_TCP", isOrig, (*p)[lengthLen:])
			a.drop(p)
		}
	}
}

// size is the length of the message that b begins with, with that of its length. It reports
// false if it is too long, as is what other protocols at this port begin with. Zeek waits for
// all of it.
func (a *stream) size(p *[]byte, b []byte) (n int, ok bool) {
	length := binary.BigEndian.Uint32(b)
	if length > maxMessage {
		a.Limited("KRB_TCP", "message_size")
		a.drop(p)
		a.Detach()
		return 0, false
	}
	return lengthLen + int(length), true
}

func (a *stream) drop(p *[]byte) {
	a.Hold(-len(*p))
	*p = (*p)[:0]
}

// Gap ends the analysis, of both sides, as in Zeek.
func (a *stream) Gap(bool, uint64) { a.gap = true }

// End does nothing: what is not complete stays so.
func (a *stream) End(bool) {}

// Flip follows the connection's change of roles.
func (a *stream) Flip() { a.pending[0], a.pending[1] = a.pending[1], a.pending[0] }

// Done keeps the analyzer for another connection.
func (a *stream) Done() {
	a.off = true
	for i := range a.pending {
		a.drop(&a.pending[i])
		if cap(a.pending[i]) > maxReused {
			a.pending[i] = nil
		}
	}
	a.f.freeStreams.Put(a)
}
