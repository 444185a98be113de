package ike

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Payloads of version 1 (RFC 2408 section 3.1).
const (
	payloadSAV1      = 1
	payloadKEV1      = 4
	payloadIDV1      = 5
	payloadCertV1    = 6
	payloadCertReqV1 = 7
	payloadHashV1    = 8
	payloadSigV1     = 9
	payloadNonceV1   = 10
	payloadNotifyV1  = 11
	payloadDeleteV1  = 12
	payloadVendorV1  = 13
)

// Payloads of version 2 (RFC 7296 section 3.2, RFC 7383 section 2.5).
const (
	payloadSA        = 33
	payloadKE        = 34
	payloadCert      = 37
	payloadCertReq   = 38
	payloadNonce     = 40
	payloadNotify    = 41
	payloadDelete    = 42
	payloadVendor    = 43
	payloadEncrypted = 46
	payloadFragment  = 53
)

// A reader reads a message for its events. The message is well-formed: a malformed one raises none.
type reader struct {
	a      *analyzer
	isOrig bool
	id     uint64 // of the message
	items  int    // payloads and their parts so far
}

// told counts a payload or a part of one, and reports whether its event is to be raised.
func (r *reader) told() bool {
	if r.items++; r.items == r.a.s.most+1 {
		r.a.Limited(r.a.name, "items")
	}
	return r.items <= r.a.s.most
}

// payloadsOf returns the payloads of a message that can be read, from its header (RFC 7296
// section 3.1), and whether the message is well-formed. What follows it in the datagram is passed over.
func payloadsOf(b []byte) (payloads []byte, ok bool) {
	if len(b) < headerLen {
		return nil, false
	}
	major, flags := b[17]>>4, b[19]
	length := binary.BigEndian.Uint32(b[24:])
	if major != 1 && major != 2 || b[17]&0xf != 0 || length < headerLen || uint64(length) > uint64(len(b)) {
		return nil, false
	}
	if major == 1 && flags&flagEncrypted != 0 {
		return nil, true
	}
	payloads = b[headerLen:length]
	return payloads, wellFormed(payloads, b[16], major)
}

// message reads a message of which payloadsOf has returned the payloads.
func (r *reader) message(b, payloads []byte) {
	r.id = uint64(binary.BigEndian.Uint32(b[20:]))
	major, flags := b[17]>>4, b[19]
	c := wire.NewCursor(payloads)
	r.payloads(&c, b[16], major)
	if e := r.a.s.hooks.IKEMessage.Begin(); e != nil {
		*e = event.IPSECIKEMessage{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEMsg{
			InitiatorSPI: b[:8], ResponderSPI: b[8:16], NextPayload: uint64(b[16]), MajVer: uint64(major), ExchangeType: uint64(b[18]),
			FlagE: flags&1 != 0, FlagC: flags&2 != 0, FlagA: flags&4 != 0, FlagI: flags&8 != 0, FlagV: flags&16 != 0, FlagR: flags&32 != 0,
			MessageID: r.id, Length: uint64(binary.BigEndian.Uint32(b[24:])),
		}}
		r.a.s.hooks.IKEMessage.Raise(e)
	}
}

// payloads reads the payloads of a message, up to encrypted ones (RFC 7296 section 3.2). The
// first is of the type next.
func (r *reader) payloads(c *wire.Cursor, next, major byte) {
	for next != 0 && c.More() {
		head := c.Head(payloadLen, "payload_length")
		p := c.Within(int(binary.BigEndian.Uint16(head[2:]))-payloadLen, "payload")
		if major == 1 {
			r.payloadV1(&p, next)
		} else {
			r.payload(&p, next)
		}
		c.Done(&p)
		if major == 2 && (next == payloadEncrypted || next == payloadFragment) {
			return // its header's next payload is inside it
		}
		next = head[0]
	}
}

// payload reads a payload of version 2.
func (r *reader) payload(c *wire.Cursor, typ byte) {
	h := r.a.s.hooks
	if typ == payloadSA {
		r.proposals(c)
		return
	}
	switch told := r.told(); typ {
	case payloadKE:
		head := c.Head(4, "reserved")
		if told && c.OK() && h.IKEv2KEPayload.On() {
			e := h.IKEv2KEPayload.Begin()
			*e = event.IPSECIKEv2KEPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEKeyExchange{
				MessageID: r.id, DHGroup: uint64(binary.BigEndian.Uint16(head)), KeyExchangeData: c.Rest(),
			}}
			h.IKEv2KEPayload.Raise(e)
		}
	case payloadCert:
		if m := r.cert(c); told && c.OK() {
			if e := h.IKEv2CertPayload.Begin(); e != nil {
				*e = event.IPSECIKEv2CertPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv2CertPayload.Raise(e)
			}
		}
	case payloadCertReq:
		if m := r.certReq(c); told && c.OK() {
			if e := h.IKEv2CertReqPayload.Begin(); e != nil {
				*e = event.IPSECIKEv2CertReqPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv2CertReqPayload.Raise(e)
			}
		}
	case payloadNonce:
		if told && h.IKEv2NoncePayload.On() {
			e := h.IKEv2NoncePayload.Begin()
			*e = event.IPSECIKEv2NoncePayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKENonce{MessageID: r.id, NonceDataLen: uint64(c.Len())}}
			h.IKEv2NoncePayload.Raise(e)
		}
	case payloadNotify:
		if m := r.notify(c); told && c.OK() {
			if e := h.IKEv2NotifyPayload.Begin(); e != nil {
				*e = event.IPSECIKEv2NotifyPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv2NotifyPayload.Raise(e)
			}
		}
	case payloadDelete:
		if m := r.deletion(c); told && c.OK() {
			if e := h.IKEv2DeletePayload.Begin(); e != nil {
				*e = event.IPSECIKEv2DeletePayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv2DeletePayload.Raise(e)
			}
		}
	case payloadVendor:
		if told && h.IKEv2VendorIDPayload.On() {
			e := h.IKEv2VendorIDPayload.Begin()
			*e = event.IPSECIKEv2VendorIDPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEVendorID{MessageID: r.id, VendorID: c.Rest()}}
			h.IKEv2VendorIDPayload.Raise(e)
		}
	case payloadEncrypted:
		if told && h.IKEv2EncryptedPayload.On() {
			e := h.IKEv2EncryptedPayload.Begin()
			*e = event.IPSECIKEv2EncryptedPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEEncrypted{MessageID: r.id, PayloadLen: uint64(c.Len())}}
			h.IKEv2EncryptedPayload.Raise(e)
		}
	}
}

// cert reads a certificate (RFC 7296 section 3.6, RFC 2408 section 3.9).
func (r *reader) cert(c *wire.Cursor) event.IKECert {
	encoding := c.U8("cert_encoding")
	return event.IKECert{MessageID: r.id, CertEncoding: uint64(encoding), CertData: c.Rest()}
}

// certReq reads a request for certificates (RFC 7296 section 3.7, RFC 2408 section 3.10).
func (r *reader) certReq(c *wire.Cursor) event.IKECertReq {
	encoding := c.U8("cert_encoding")
	return event.IKECertReq{MessageID: r.id, CertEncoding: uint64(encoding), CertAuthority: c.Rest()}
}

// notify reads a notification after the DOI that version 1 has before it (RFC 7296 section
// 3.10, RFC 2408 section 3.14).
func (r *reader) notify(c *wire.Cursor) event.IKENotify {
	head := c.Head(4, "notify_msg_type")
	spi := c.Take(int(head[1]), "spi")
	return event.IKENotify{
		MessageID: r.id, ProtocolID: uint64(head[0]), SPISize: uint64(head[1]),
		NotifyMsgType: uint64(binary.BigEndian.Uint16(head[2:])), SPI: spi, NotificationData: c.Rest(),
	}
}

// deletion reads a deletion after the DOI that version 1 has before it (RFC 7296 section 3.11,
// RFC 2408 section 3.15).
func (r *reader) deletion(c *wire.Cursor) event.IKEDelete {
	head := c.Head(4, "num_spi")
	size := int(head[1])
	spis := r.a.s.spis[:0]
	for size > 0 && c.More() {
		spi := c.Take(size, "spi")
		if r.told() {
			spis = append(spis, spi)
		}
	}
	r.a.s.spis = spis
	return event.IKEDelete{
		MessageID: r.id, ProtocolID: uint64(head[0]), SPISize: uint64(size),
		NumSPI: uint64(binary.BigEndian.Uint16(head[2:])), SPIs: spis,
	}
}

// proposals reads a security association of version 2 (RFC 7296 section 3.3).
func (r *reader) proposals(c *wire.Cursor) {
	const headLen = 8
	for c.More() {
		head := c.Head(headLen, "num_transforms")
		p := c.Within(int(binary.BigEndian.Uint16(head[2:]))-headLen, "proposal_len")
		if more := head[0]; c.OK() && more != 0 && more != 2 {
			p.Fail(wire.Wrong("last_or_more"))
		}
		spi := p.Take(int(head[6]), "spi")
		for range head[7] {
			r.transform(&p, head[4])
		}
		if r.told() && p.OK() && r.a.s.hooks.IKEv2SAProposal.On() {
			e := r.a.s.hooks.IKEv2SAProposal.Begin()
			*e = event.IPSECIKEv2SAProposal{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKESAProposal{
				MessageID: r.id, LastOrMore: head[:1], ProposalLen: uint64(binary.BigEndian.Uint16(head[2:])), ProposalNum: uint64(head[4]),
				ProtocolID: uint64(head[5]), SPISize: uint64(head[6]), NumTransforms: uint64(head[7]), SPI: spi,
			}}
			r.a.s.hooks.IKEv2SAProposal.Raise(e)
		}
		c.Done(&p)
	}
}

// transform reads a transform of version 2 (RFC 7296 section 3.3.2).
func (r *reader) transform(c *wire.Cursor, proposal byte) {
	const headLen = 8
	if !c.OK() {
		return
	}
	head := c.Head(headLen, "transform_id")
	t := c.Within(int(binary.BigEndian.Uint16(head[2:]))-headLen, "transform_len")
	if more := head[0]; c.OK() && more != 0 && more != 3 {
		t.Fail(wire.Wrong("last_or_more"))
	}
	id := uint64(binary.BigEndian.Uint16(head[6:]))
	r.attributes(&t, proposal, id)
	if r.told() && t.OK() && r.a.s.hooks.IKEv2SATransform.On() {
		e := r.a.s.hooks.IKEv2SATransform.Begin()
		*e = event.IPSECIKEv2SATransform{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKESATransform{
			MessageID: r.id, ProposalNum: uint64(proposal), LastOrMore: head[:1],
			TransformLen: uint64(binary.BigEndian.Uint16(head[2:])), TransformType: uint64(head[4]), TransformID: id,
		}}
		r.a.s.hooks.IKEv2SATransform.Raise(e)
	}
	c.Done(&t)
}

// attributes reads the attributes of a transform (RFC 7296 section 3.3.5, RFC 2408 section
// 3.3).
func (r *reader) attributes(c *wire.Cursor, proposal byte, transform uint64) {
	const format = 0x8000 // the value has two bytes
	for c.More() {
		typ := c.U16("attribute_type")
		n := 2
		if typ&format == 0 {
			n = int(c.U16("attribute_len"))
		}
		v := c.Take(n, "attribute_val")
		if r.told() && c.OK() && r.a.s.hooks.IKEDataAttribute.On() {
			e := r.a.s.hooks.IKEDataAttribute.Begin()
			*e = event.IPSECIKEDataAttribute{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEAttribute{
				MessageID: r.id, ProposalNum: uint64(proposal), TransformID: transform,
				AF: typ&format != 0, AttributeType: uint64(typ &^ format), AttributeVal: v,
			}}
			r.a.s.hooks.IKEDataAttribute.Raise(e)
		}
	}
}
