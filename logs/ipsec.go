package logs

import (
	"crypto/md5"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ipsec builds ipsec.log after Corelight's package zeek-spicy-ipsec: a row a message. The
// events of a message come one after the other, so that there is no state of connections.
type ipsec struct {
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.IPsec
	uidBuf []byte
	spis   [2][16]byte // in hexadecimal

	// items has what the message's payloads add to columns of texts, in buf. lists has them by
	// column.
	items             []ipsecItem
	buf               []byte
	lists             [ipsecColumns][]string
	groups, proposals []uint64
	protocol, doi     value.Opt[uint64]
	situation         optText
	sum               hash.Hash
	sumBuf, hash      []byte
}

// Columns of texts.
const (
	ipsecVendors = iota
	ipsecNotifies
	ipsecTransforms
	ipsecCerts
	ipsecAttributes
	ipsecColumns
)

type ipsecItem struct {
	column, end int // end is that of the item's text in buf
}

func installIPsec(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ipsec{out: out, now: o.Now, sum: md5.New()}
	h.IPSEC.IKEMessage.Listen(b.message)
	h.IPSEC.IKEv1VIDPayload.Listen(func(e *event.IPSECIKEv1VIDPayload) { b.vendor(e.Msg.VendorID) })
	h.IPSEC.IKEv2VendorIDPayload.Listen(func(e *event.IPSECIKEv2VendorIDPayload) { b.vendor(e.Msg.VendorID) })
	h.IPSEC.IKEv1NotifyPayload.Listen(func(e *event.IPSECIKEv1NotifyPayload) { b.notify(ipsecNotifyV1, e.Msg.NotifyMsgType) })
	h.IPSEC.IKEv2NotifyPayload.Listen(func(e *event.IPSECIKEv2NotifyPayload) { b.notify(ipsecNotifyV2, e.Msg.NotifyMsgType) })
	h.IPSEC.IKEv1CertPayload.Listen(func(e *event.IPSECIKEv1CertPayload) { b.cert(e.Msg.CertData) })
	h.IPSEC.IKEv2CertPayload.Listen(func(e *event.IPSECIKEv2CertPayload) { b.cert(e.Msg.CertData) })
	h.IPSEC.IKEDataAttribute.Listen(b.attribute)
	h.IPSEC.IKEv1SAPayload.Listen(func(e *event.IPSECIKEv1SAPayload) {
		b.doi = value.Some(e.Msg.DOI)
		b.situation.set(e.Msg.Situation)
	})
	h.IPSEC.IKEv1TPayload.Listen(func(e *event.IPSECIKEv1TPayload) {
		b.buf = strconv.AppendUint(b.buf, e.Msg.TransformID, 10)
		b.end(ipsecTransforms)
	})
	h.IPSEC.IKEv1PPayload.Listen(func(e *event.IPSECIKEv1PPayload) {
		b.proposals = append(b.proposals, e.Msg.ProposalNum)
		b.protocol = value.Some(e.Msg.ProtocolID)
	})
	h.IPSEC.IKEv2SAProposal.Listen(func(e *event.IPSECIKEv2SAProposal) { b.proposals = append(b.proposals, e.Msg.ProposalNum) })
	h.IPSEC.IKEv2KEPayload.Listen(func(e *event.IPSECIKEv2KEPayload) { b.groups = append(b.groups, e.Msg.DHGroup) })
}

// end ends an item in buf.
func (b *ipsec) end(column int) { b.items = append(b.items, ipsecItem{column, len(b.buf)}) }

func (b *ipsec) vendor(id []byte) {
	if name := vendorName(id); name != "" {
		b.buf = append(b.buf, name...)
	} else {
		b.buf = hex.AppendEncode(append(b.buf, "UNKNOWN:"...), id)
	}
	b.end(ipsecVendors)
}

func (b *ipsec) notify(names map[uint64]string, typ uint64) {
	if name := names[typ]; name != "" {
		b.buf = append(b.buf, name...)
	} else {
		b.buf = strconv.AppendUint(append(b.buf, "unknown-notify-message-type: "...), typ, 10)
	}
	b.end(ipsecNotifies)
}

func (b *ipsec) cert(data []byte) {
	b.sum.Reset()
	b.sum.Write(data)
	b.sumBuf = b.sum.Sum(b.sumBuf[:0])
	b.buf = hex.AppendEncode(b.buf, b.sumBuf)
	b.end(ipsecCerts)
}

func (b *ipsec) attribute(e *event.IPSECIKEDataAttribute) {
	m := &e.Msg
	b.buf = append(strconv.AppendUint(b.buf, m.ProposalNum, 10), ':')
	b.buf = append(strconv.AppendUint(b.buf, m.TransformID, 10), ':')
	if m.AttributeType < uint64(len(ipsecAttributeTypes)) && ipsecAttributeTypes[m.AttributeType] != "" {
		b.buf = append(b.buf, ipsecAttributeTypes[m.AttributeType]...)
	} else {
		b.buf = strconv.AppendUint(append(b.buf, "unknown-transform-type: "...), m.AttributeType, 10)
	}
	b.buf = append(b.buf, '=')
	if m.AF {
		b.buf = strconv.AppendUint(b.buf, uint64(m.AttributeVal[0])<<8|uint64(m.AttributeVal[1]), 10)
	} else {
		b.buf = append(b.buf, m.AttributeVal...)
	}
	b.end(ipsecAttributes)
}

func (b *ipsec) message(e *event.IPSECIKEMessage) {
	m := &e.Msg
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	from := 0
	for _, i := range b.items {
		b.lists[i.column] = append(b.lists[i.column], text(b.buf[from:i.end]))
		from = i.end
	}
	hex.Encode(b.spis[0][:], m.InitiatorSPI)
	hex.Encode(b.spis[1][:], m.ResponderSPI)
	b.rec = schemas.IPsec{
		TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id), IsOrig: value.Some(e.IsOrig),
		InitiatorSPI: value.Some(text(b.spis[0][:])), ResponderSPI: value.Some(text(b.spis[1][:])),
		MajVer: value.Some(m.MajVer), MinVer: value.Some(m.MinVer), ExchangeType: value.Some(m.ExchangeType),
		FlagE: value.Some(m.FlagE), FlagC: value.Some(m.FlagC), FlagA: value.Some(m.FlagA),
		FlagI: value.Some(m.FlagI), FlagV: value.Some(m.FlagV), FlagR: value.Some(m.FlagR),
		MessageID: value.Some(m.MessageID),
		VendorIDs: filled(b.lists[ipsecVendors]), NotifyMessages: filled(b.lists[ipsecNotifies]), Transforms: filled(b.lists[ipsecTransforms]),
		KEDHGroups: filled(b.groups), Proposals: filled(b.proposals), ProtocolID: b.protocol,
		Certificates: filled(b.lists[ipsecCerts]), TransformAttributes: filled(b.lists[ipsecAttributes]),
		Length: value.Some(m.Length), DOI: b.doi, Situation: b.situation.column(),
	}
	if len(b.items)+len(b.groups)+len(b.proposals) > 0 {
		b.rec.Hash = value.Some(b.fingerprint())
	}
	b.out.Emit(&b.rec)
	for i := range b.lists {
		b.lists[i] = b.lists[i][:0]
	}
	b.items, b.buf, b.groups, b.proposals = b.items[:0], b.buf[:0], b.groups[:0], b.proposals[:0]
	b.protocol, b.doi, b.situation.ok = value.Opt[uint64]{}, value.Opt[uint64]{}, false
}

// filled returns a list as a vector that is set, even if it is empty.
func filled[T any](list []T) value.Vector[T] {
	if list == nil {
		return value.Vector[T]{}
	}
	return list
}

// fingerprint returns the MD5 sum of lists as Zeek's cat writes them.
func (b *ipsec) fingerprint() string {
	f := b.sumBuf[:0]
	f = appendTexts(f, b.lists[ipsecVendors])
	f = appendTexts(f, b.lists[ipsecNotifies])
	f = appendTexts(f, b.lists[ipsecTransforms])
	f = appendNumbers(f, b.groups)
	f = appendNumbers(f, b.proposals)
	f = appendTexts(f, b.lists[ipsecCerts])
	f = appendTexts(f, b.lists[ipsecAttributes])
	b.sum.Reset()
	b.sum.Write(f)
	b.sumBuf = b.sum.Sum(f[:0])
	b.hash = hex.AppendEncode(b.hash[:0], b.sumBuf)
	return text(b.hash)
}

func appendTexts(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, s...)
	}
	return append(dst, ']')
}

func appendNumbers(dst []byte, list []uint64) []byte {
	dst = append(dst, '[')
	for i, n := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendUint(dst, n, 10)
	}
	return append(dst, ']')
}
