// Package ldap analyzes the Lightweight Directory Access Protocol (RFC 4511) over TCP, and
// over UDP as Active Directory has it (MS-ADTS section 6.3.3). Connections that change to
// TLS are handed over, SASL tokens of a bind go to GSS-API and NTLM, and of the messages that
// follow it, those that are only signed are read.
//
// What is read, and how filters and changes are written as text, follow Zeek's
// src/analyzer/protocol/ldap.
package ldap

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "LDAP"

const (
	// maxMessage is the length in bytes of the longest message that is read. Active
	// Directory accepts as much (MaxReceiveBuffer).
	maxMessage = 10 << 20
	// keptText is the largest capacity of a buffer for text that is reused.
	keptText = 64 << 10
)

// Options configure the analyzers.
type Options struct {
	Compat compat.Set
}

// Inner are the protocols that LDAP carries. Any of them may be nil.
type Inner struct{ TLS, GSSAPI, NTLM *conn.Protocol }

// New returns the protocols for the detector, over TCP and over UDP. Their analyzers raise
// their events on h.
func New(h *event.Hooks, in Inner, o Options) (tcp, udp *detect.Protocol) {
	f := &factory{hooks: &h.LDAP, in: in, asZeek: o.Compat != 0}
	if f.asZeek {
		f.in.GSSAPI, f.in.NTLM = nil, nil
	}
	f.tooLong = func(int) { f.long = true }
	f.messages = wire.NewFramer(messageHead, maxMessage, messageLen)
	f.buffers = wire.NewFramer(bufferHead, maxMessage, bufferLen)
	f.lengths = wire.NewFramer(lengthHead, lengthHead, func([]byte) int { return lengthHead })
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{389, 3268}, Signatures: []detect.Signature{{
		Orig: detect.Leading("\x30", bindRequest), Resp: detect.Leading("\x30", func([]byte) detect.Verdict { return detect.Match }),
	}}}
	tcp.Protocol = conn.Protocol{Name: "LDAP_TCP", Service: "ldap_tcp", New: f.new, Size: freelist.Size[analyzer]() + 256}
	udp = &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{389}}
	udp.Protocol = conn.Protocol{Name: "LDAP_UDP", Service: "ldap_udp", New: f.newUDP, Size: freelist.Size[datagrams]()}
	return tcp, udp
}

// bindRequest recognizes a bind whose length and identifier have a byte each.
func bindRequest(b []byte) detect.Verdict {
	const pattern = "\x30.\x02\x01.\x60"
	for i := range min(len(b), len(pattern)) {
		if pattern[i] == '.' && b[i] == '\n' || pattern[i] != '.' && b[i] != pattern[i] {
			return detect.NoMatch
		}
	}
	if len(b) < len(pattern) {
		return detect.NeedMore
	}
	return detect.Match
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks *event.LDAPEvents
	in    Inner
	// asZeek is set if messages are read as Zeek 8.2 does, mistakes included.
	asZeek bool
	free   freelist.List[analyzer]
	freeU  freelist.List[datagrams]

	messages, buffers, lengths *wire.Framer

	// What follows belongs to the current message.
	tooLong func(int)
	long    bool   // a number has more than 64 bits
	reason  string // of a violation
	text    []byte // of names and values that are not as in the message
	filter  []byte
	attrs   [][]byte
}

// A mode says what follows the messages so far, in both directions.
type mode uint8

const (
	modeClear mode = iota // messages
	// modeMaybe is after a bind with SASL: the first byte tells whether it has brought a
	// security layer.
	modeMaybe
	modeKerberos // buffers with tokens of Kerberos, signed or sealed (RFC 4121)
	modeSealed   // buffers of an unknown kind
)

// A unit is what a side is in the middle of.
type unit uint8

const (
	unitMessage unit = iota
	unitBuffer       // a SASL buffer with a token of Kerberos, or the first one
	unitSealed
)

// analyzer follows one TCP connection.
type analyzer struct {
	f *factory
	conn.Use

	sides     [2]side
	off       bool // no longer interested
	mode      mode
	mechanism []byte // of SASL, that the client has chosen last
	startTLS  bool   // has been asked for

	tls          conn.Handover
	gssapi, ntlm conn.Handover
	chunk        []byte // the bytes that are being read
}

// side is a direction of the stream.
type side struct {
	messages, buffers, lengths wire.Frames

	unit unit
	skip uint64 // bytes to pass over
}

func (s *side) kept() int { return s.messages.Kept() + s.buffers.Kept() + s.lengths.Kept() }

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, mechanism: a.mechanism[:0]}
	return a
}

// messageHead is the length of a header that tells the length of every message: the tag and
// a length of up to 4 bytes. No message is shorter.
const messageHead = 6

// messageLen returns the length of a message including its header, -1 if it is not one. More
// than 4 bytes of length are not used: AD and OpenLDAP send 1 and 4.
func messageLen(b []byte) int {
	if b[0]&0xdf != asn1.TagSequence&0xdf {
		return -1
	}
	n := int(b[1])
	if n < 0x80 {
		return 2 + n
	}
	switch n &= 0x7f; n {
	case 1, 2, 3, 4:
		length := 0
		for _, c := range b[2 : 2+n] {
			length = length<<8 | int(c)
		}
		return 2 + n + length
	}
	return -1
}

// Parts of a SASL buffer (RFC 4422 section 3.7): its length, and the beginning of a token of
// Kerberos (RFC 4121 section 4.2.6.2).
const (
	lengthHead = 4
	bufferHead = lengthHead + 3
	wrapHead   = 16

	wrapToken = 0x0504
	sealed    = 0x02 // flag
)

// bufferLen returns the length of a buffer whose token is only signed, and that of the header
// of any other.
func bufferLen(b []byte) int {
	n := binary.BigEndian.Uint32(b)
	switch {
	case n < bufferHead-lengthHead:
		return -1
	case binary.BigEndian.Uint16(b[lengthHead:]) == wrapToken && b[lengthHead+2]&sealed == 0:
		return lengthHead + int(n)
	}
	return bufferHead
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	a.chunk = b
	s := &a.sides[conn.Side(isOrig)]
	for len(b) > 0 && !a.off && !a.tls.On() {
		if s.skip > 0 {
			n := min(s.skip, uint64(len(b)))
			s.skip -= n
			b = b[n:]
			continue
		}
		kept := s.kept()
		if kept == 0 {
			s.unit = a.next(b[0])
		}
		var (
			p     []byte
			state wire.FrameState
		)
		switch s.unit {
		case unitMessage:
			p, b, state = s.messages.Next(a.f.messages, b)
		case unitBuffer:
			p, b, state = s.buffers.Next(a.f.buffers, b)
		case unitSealed:
			p, b, state = s.lengths.Next(a.f.lengths, b)
		}
		a.Hold(s.kept() - kept)
		switch {
		case state == wire.FrameShort:
			if a.Full(source) {
				a.giveUp("too many messages are incomplete")
			}
		case state == wire.FrameInvalid:
			a.invalid(s.unit, p)
		case s.unit == unitMessage:
			a.one(isOrig, p)
		case s.unit == unitBuffer:
			a.buffer(isOrig, s, p)
		default:
			s.skip = uint64(binary.BigEndian.Uint32(p))
		}
	}
	a.chunk = nil
	if a.tls.On() && len(b) > 0 {
		a.tls.Data(isOrig, b)
	}
}

// next says what begins with the byte c.
func (a *analyzer) next(c byte) unit {
	switch {
	case a.mode == modeMaybe && c == asn1.TagSequence:
		a.mode = modeClear
	case a.mode == modeMaybe && len(a.mechanism) > 0 && !hasPrefix(a.mechanism, "GSS"):
		a.mode = modeSealed
	}
	switch a.mode {
	case modeMaybe, modeKerberos:
		return unitBuffer
	case modeSealed:
		return unitSealed
	default:
		return unitMessage
	}
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// Reasons of violations, where Zeek has them.
const (
	reasonSequence  = "&requires failed: ($$.tag.class == ASN1::ASN1Class::Universal && $$.tag.type_ == ASN1::ASN1Type::Sequence) (zeek/src/analyzer/protocol/ldap/ldap.spicy:305:33-305:130)"
	reasonDepth     = "ASN.1 exceeded max recursion depth (zeek/src/analyzer/protocol/ldap/asn1.spicy:267:13-267:55)"
	reasonFilter    = "LDAP exceeded max filter recursion depth (zeek/src/analyzer/protocol/ldap/ldap.spicy:943:13-943:61)"
	reasonMalformed = "LDAP message is malformed"
)

// invalid ends the analysis at a header without a valid length.
func (a *analyzer) invalid(u unit, head []byte) {
	n := 0
	switch {
	case u == unitMessage:
		n = messageLen(head)
	case u == unitBuffer:
		n = bufferLen(head)
	}
	switch {
	case n > maxMessage:
		a.Limited(source, "message_size")
		a.giveUp("LDAP message is too long")
	case u == unitMessage && head[0]&0xdf != asn1.TagSequence&0xdf:
		a.giveUp(reasonSequence)
	default:
		a.giveUp(reasonMalformed)
	}
}

// buffer takes a SASL buffer, or the header of one that is not read.
func (a *analyzer) buffer(isOrig bool, s *side, p []byte) {
	if a.mode == modeMaybe {
		a.mode = modeSealed
		if binary.BigEndian.Uint16(p[lengthHead:]) == wrapToken {
			a.mode = modeKerberos
		}
	}
	if p[lengthHead+2]&sealed != 0 || binary.BigEndian.Uint16(p[lengthHead:]) != wrapToken {
		s.skip = uint64(binary.BigEndian.Uint32(p)) - (bufferHead - lengthHead)
		return
	}
	p = p[lengthHead:]
	if len(p) < wrapHead || p[3] != 0xff {
		a.giveUp("token of Kerberos is malformed")
		return
	}
	ec, rrc := int(binary.BigEndian.Uint16(p[4:])), int(binary.BigEndian.Uint16(p[6:]))
	p = p[wrapHead:]
	switch {
	case ec > len(p):
		a.giveUp("token of Kerberos is malformed")
		return
	case rrc == ec: // the checksum comes first
		p = p[ec:]
	case rrc == 0:
		p = p[:len(p)-ec]
	default:
		a.giveUp("token of Kerberos is rotated")
		return
	}
	for len(p) > 0 && !a.off && !a.tls.On() {
		n := -1
		if len(p) >= messageHead {
			n = messageLen(p)
		}
		if n < messageHead || n > len(p) {
			a.giveUp(reasonMalformed)
			return
		}
		a.one(isOrig, p[:n:n])
		p = p[n:]
	}
}

// one takes a message.
func (a *analyzer) one(isOrig bool, p []byte) {
	if !a.f.message(a, a.Use, isOrig, p) {
		a.limits()
		a.giveUp(a.f.reason)
	}
}

// limits counts the limit that a message has hit.
func (a *analyzer) limits() {
	if a.f.reason == reasonDepth || a.f.reason == reasonFilter {
		a.Limited(source, "nesting")
	}
}

// giveUp reports a violation after which the stream cannot be followed.
func (a *analyzer) giveUp(reason string) {
	a.Violate(conn.Violation{Reason: reason, Data: a.chunk})
	if !a.off {
		a.Detach()
	}
}

// toTLS hands the connection over to the TLS analyzer.
func (a *analyzer) toTLS() {
	if a.f.in.TLS == nil {
		a.Detach()
		return
	}
	if a.tls = a.HandOver(a.f.in.TLS); !a.tls.Taken() {
		a.Detach()
	}
}

// Gap goes on after missing bytes if they are inside of a message or buffer, which is then
// passed over. Otherwise the next one cannot be found.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	s := &a.sides[conn.Side(isOrig)]
	switch {
	case a.tls.On() && !a.f.asZeek:
		a.tls.Gap(isOrig, n)
		return
	case s.skip > 0 && n <= s.skip:
		s.skip -= n
		return
	case a.f.asZeek:
	case s.unit == unitMessage && s.messages.Gap(a.f.messages, n), s.unit == unitBuffer && s.buffers.Gap(a.f.buffers, n):
		a.Limited(source, "messages_with_gap")
		return
	}
	a.Detach()
}

// End passes the end of a side on to TLS. For Zeek, an incomplete message is a violation.
func (a *analyzer) End(isOrig bool) {
	if a.tls.On() {
		a.tls.End(isOrig)
		return
	}
	if s := &a.sides[conn.Side(isOrig)]; a.f.asZeek && (s.skip > 0 || s.kept() > 0) {
		a.giveUp("LDAP message is incomplete")
	}
}

// Flip swaps the sides.
func (a *analyzer) Flip() { a.sides[0], a.sides[1] = a.sides[1], a.sides[0] }

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.tls.On() {
		a.tls.Done()
	}
	for i := range a.sides {
		s := &a.sides[i]
		a.Hold(-s.messages.Reset(a.f.messages) - s.buffers.Reset(a.f.buffers) - s.lengths.Reset(a.f.lengths))
	}
	a.f.free.Put(a)
}

// datagrams follows one UDP flow. Each datagram has whole messages.
type datagrams struct {
	f *factory
	conn.Use
}

func (f *factory) newUDP(u conn.Use) conn.Analyzer {
	a := f.freeU.Get()
	*a = datagrams{f: f, Use: u}
	return a
}

// Data takes a datagram.
func (a *datagrams) Data(isOrig bool, b []byte) {
	for len(b) > 0 {
		n := -1
		if len(b) >= messageHead {
			n = messageLen(b)
		}
		switch {
		case b[0]&0xdf != asn1.TagSequence&0xdf:
			a.giveUp(reasonSequence, b)
			return
		case n < messageHead || n > len(b):
			a.giveUp(reasonMalformed, b)
			return
		case !a.f.message(nil, a.Use, isOrig, b[:n:n]):
			if a.f.reason == reasonDepth || a.f.reason == reasonFilter {
				a.Limited(source, "nesting")
			}
			a.giveUp(a.f.reason, b)
			return
		}
		b = b[n:]
	}
}

func (a *datagrams) giveUp(reason string, b []byte) {
	if !a.Violate(conn.Violation{Reason: reason, Data: b}) {
		a.Detach()
	}
}

// Gap does nothing: datagrams have no gaps.
func (a *datagrams) Gap(bool, uint64) {}

// End does nothing.
func (a *datagrams) End(bool) {}

// Done returns the analyzer to the factory.
func (a *datagrams) Done() { a.f.freeU.Put(a) }
