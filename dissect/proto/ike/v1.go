package ike

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// payloadV1 reads a payload of version 1.
func (r *reader) payloadV1(c *wire.Cursor, typ byte) {
	h := r.a.s.hooks
	if typ == payloadSAV1 {
		r.association(c)
		return
	}
	switch told := r.told(); typ {
	case payloadKEV1:
		if told && h.IKEv1KEPayload.On() {
			e := h.IKEv1KEPayload.Begin()
			*e = event.IPSECIKEv1KEPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1KeyExchange{MessageID: r.id, KeyExchangeData: c.Rest()}}
			h.IKEv1KEPayload.Raise(e)
		}
	case payloadIDV1:
		c.Take(4, "doi_data")
		if told && c.OK() && h.IKEv1IDPayload.On() {
			e := h.IKEv1IDPayload.Begin()
			*e = event.IPSECIKEv1IDPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1ID{MessageID: r.id, IdentificationDataLen: uint64(c.Len())}}
			h.IKEv1IDPayload.Raise(e)
		}
	case payloadCertV1:
		if m := r.cert(c); told && c.OK() {
			if e := h.IKEv1CertPayload.Begin(); e != nil {
				*e = event.IPSECIKEv1CertPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv1CertPayload.Raise(e)
			}
		}
	case payloadCertReqV1:
		if m := r.certReq(c); told && c.OK() {
			if e := h.IKEv1CertReqPayload.Begin(); e != nil {
				*e = event.IPSECIKEv1CertReqPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv1CertReqPayload.Raise(e)
			}
		}
	case payloadHashV1:
		if told && h.IKEv1HashPayload.On() {
			e := h.IKEv1HashPayload.Begin()
			*e = event.IPSECIKEv1HashPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1Hash{MessageID: r.id, HashDataLen: uint64(c.Len())}}
			h.IKEv1HashPayload.Raise(e)
		}
	case payloadSigV1:
		if told && h.IKEv1SigPayload.On() {
			e := h.IKEv1SigPayload.Begin()
			*e = event.IPSECIKEv1SigPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1Signature{MessageID: r.id, SigDataLen: uint64(c.Len())}}
			h.IKEv1SigPayload.Raise(e)
		}
	case payloadNonceV1:
		if told && h.IKEv1NoncePayload.On() {
			e := h.IKEv1NoncePayload.Begin()
			*e = event.IPSECIKEv1NoncePayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKENonce{MessageID: r.id, NonceDataLen: uint64(c.Len())}}
			h.IKEv1NoncePayload.Raise(e)
		}
	case payloadNotifyV1:
		c.Take(4, "doi")
		if m := r.notify(c); told && c.OK() {
			if e := h.IKEv1NotifyPayload.Begin(); e != nil {
				*e = event.IPSECIKEv1NotifyPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv1NotifyPayload.Raise(e)
			}
		}
	case payloadDeleteV1:
		c.Take(4, "doi")
		if m := r.deletion(c); told && c.OK() {
			if e := h.IKEv1DeletePayload.Begin(); e != nil {
				*e = event.IPSECIKEv1DeletePayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: m}
				h.IKEv1DeletePayload.Raise(e)
			}
		}
	case payloadVendorV1:
		if told && h.IKEv1VIDPayload.On() {
			e := h.IKEv1VIDPayload.Begin()
			*e = event.IPSECIKEv1VIDPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEVendorID{MessageID: r.id, VendorID: c.Rest()}}
			h.IKEv1VIDPayload.Raise(e)
		}
	}
}

// association reads a security association (RFC 2408 section 3.4). Its payloads are
// proposals; those of each, transforms.
func (r *reader) association(c *wire.Cursor) {
	head := c.Head(8, "situation")
	for more := byte(1); more != 0 && c.More(); {
		more = r.proposalV1(c)
	}
	if r.told() && c.OK() && r.a.s.hooks.IKEv1SAPayload.On() {
		e := r.a.s.hooks.IKEv1SAPayload.Begin()
		*e = event.IPSECIKEv1SAPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1SA{
			MessageID: r.id, DOI: uint64(binary.BigEndian.Uint32(head)), Situation: head[4:],
		}}
		r.a.s.hooks.IKEv1SAPayload.Raise(e)
	}
}

// proposalV1 reads a proposal (RFC 2408 section 3.5) and returns the type of the next payload.
func (r *reader) proposalV1(c *wire.Cursor) (next byte) {
	const headLen = 8
	head := c.Head(headLen, "num_transforms")
	p := c.Within(int(binary.BigEndian.Uint16(head[2:]))-headLen, "payload_length")
	spi := p.Take(int(head[6]), "spi")
	if r.told() && p.OK() && r.a.s.hooks.IKEv1PPayload.On() {
		e := r.a.s.hooks.IKEv1PPayload.Begin()
		*e = event.IPSECIKEv1PPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1Proposal{
			MessageID: r.id, ProposalNum: uint64(head[4]), ProtocolID: uint64(head[5]),
			SPISize: uint64(head[6]), NumTransforms: uint64(head[7]), SPI: spi,
		}}
		r.a.s.hooks.IKEv1PPayload.Raise(e)
	}
	for range head[7] {
		r.transformV1(&p, head[4])
	}
	c.Done(&p)
	return head[0]
}

// transformV1 reads a transform (RFC 2408 section 3.6).
func (r *reader) transformV1(c *wire.Cursor, proposal byte) {
	const headLen = 8
	if !c.OK() {
		return
	}
	head := c.Head(headLen, "reserved")
	t := c.Within(int(binary.BigEndian.Uint16(head[2:]))-headLen, "payload_length")
	id := uint64(head[5])
	r.attributes(&t, proposal, id)
	if r.told() && t.OK() && r.a.s.hooks.IKEv1TPayload.On() {
		e := r.a.s.hooks.IKEv1TPayload.Begin()
		*e = event.IPSECIKEv1TPayload{Conn: r.a.Conn(), IsOrig: r.isOrig, Msg: event.IKEv1Transform{
			MessageID: r.id, ProposalNum: uint64(proposal), TransformNum: uint64(head[4]), TransformID: id,
		}}
		r.a.s.hooks.IKEv1TPayload.Raise(e)
	}
	c.Done(&t)
}
