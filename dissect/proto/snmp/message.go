package snmp

import (
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Versions (RFC 1157 section 4, RFC 1901 section 3, RFC 3412 section 6.1).
const (
	version1  = 0
	version2c = 1
	version3  = 3
)

// userSecurityModel is the user-based one (RFC 3414 section 2.4).
const userSecurityModel = 3

// Tags of PDUs (RFC 1157 section 4.1, RFC 3416 section 3).
const (
	tagGetRequest     = 0xa0
	tagGetNextRequest = 0xa1
	tagResponse       = 0xa2
	tagSetRequest     = 0xa3
	tagTrap           = 0xa4
	tagGetBulkRequest = 0xa5
	tagInformRequest  = 0xa6
	tagTrapV2         = 0xa7
	tagReport         = 0xa8
)

// Tags of values (X.690 section 8, RFC 2578 section 7.1, RFC 3416 section 3).
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05 // unSpecified
	tagOID         = 0x06
	tagIPAddress   = 0x40
	tagCounter32   = 0x41
	tagUnsigned32  = 0x42
	tagTimeTicks   = 0x43
	tagCounter64   = 0x46

	tagNoSuchObject   = 0x80
	tagNoSuchInstance = 0x81
	tagEndOfMibView   = 0x82
)

// Flags of version 3 (RFC 3412 section 6.4).
const (
	flagAuth       = 1
	flagPriv       = 2
	flagReportable = 4
)

// decoder decodes messages one at a time and raises their events, which point into its
// scratch.
type decoder struct {
	hooks *event.SNMPEvents

	// The current message's analyzer and direction.
	conn.Use
	isOrig bool
	// leave is set if the analyzer must go after the message.
	leave   bool
	tooLong func(n int) // reports an integer with too many bytes

	header   event.SNMPHeader
	bindings []event.SNMPBinding
	text     []byte // OIDs
}

// decode decodes a message and returns what is wrong with it, or nil.
func (d *decoder) decode(b []byte) *wire.Malformed {
	d.header, d.bindings, d.text = event.SNMPHeader{}, d.bindings[:0], d.text[:0]
	r := asn1.NewReader(b, d.tooLong)
	sequence(&r)
	version := r.Number(integer(&r))
	if !r.OK() {
		return r.Err()
	}
	d.header.Version = version
	plain := true
	switch version {
	case version1:
		d.header.V1 = value.Some(event.SNMPHeaderV1{Community: octetString(&r)})
	case version2c:
		d.header.V2 = value.Some(event.SNMPHeaderV2{Community: octetString(&r)})
	case version3:
		d.header.V3.OK = true
		plain = d.header3(&r, &d.header.V3.V)
	default:
		plain = false
		if e := d.hooks.UnknownHeaderVersion.Begin(); e != nil {
			e.Conn, e.IsOrig, e.Version = d.Conn(), d.isOrig, version
			d.hooks.UnknownHeaderVersion.Raise(e)
		}
	}
	if r.OK() && !d.isOrig {
		d.Confirm()
	}
	if r.OK() && plain {
		d.pdu(&r)
	}
	return r.Err()
}

// header3 reads what version 3 has before the PDU (RFC 3412 section 6), and returns
// whether the PDU can be read.
func (d *decoder) header3(r *asn1.Reader, h *event.SNMPHeaderV3) (plain bool) {
	sequence(r)
	id, maxSize, flags, model := integer(r), integer(r), octetString(r), integer(r)
	if !r.OK() {
		return false
	}
	if len(flags) != 1 {
		d.leave = d.Violate(conn.Violation{Reason: "Invalid v3 HeaderData msgFlags", Stay: true})
	}
	parameters := octetString(r)
	next := r.Header()
	if !r.OK() {
		return false
	}
	h.ID, h.MaxSize, h.SecurityModel, h.SecurityParams = r.Number(id), r.Number(maxSize), r.Number(model), parameters
	if len(flags) > 0 {
		h.Flags = uint64(flags[0])
		h.AuthFlag, h.PrivFlag, h.ReportableFlag = flags[0]&flagAuth != 0, flags[0]&flagPriv != 0, flags[0]&flagReportable != 0
	}
	switch next.Tag {
	case asn1.TagSequence:
		plain = true
		h.PDUContext = value.Some(event.SNMPScopedPDUContext{EngineID: octetString(r), Name: octetString(r)})
	case tagOctetString:
		if e := d.hooks.EncryptedPDU.Begin(); e != nil {
			e.Conn, e.IsOrig, e.Header = d.Conn(), d.isOrig, d.header
			d.hooks.EncryptedPDU.Raise(e)
		}
	default:
		if e := d.hooks.UnknownScopedPDU.Begin(); e != nil {
			e.Conn, e.IsOrig, e.Header, e.Tag = d.Conn(), d.isOrig, d.header, uint64(next.Tag)
			d.hooks.UnknownScopedPDU.Raise(e)
		}
	}
	// Zeek reads these last, so that the events above lack them.
	if r.OK() && h.SecurityModel == userSecurityModel {
		u := asn1.NewReader(parameters, d.tooLong)
		h.UserSecurityParameters = value.Some(user(&u))
		r.Join(&u)
	}
	return plain
}

// user reads the parameters of the user-based security model (RFC 3414 section 2.4).
func user(r *asn1.Reader) (u event.SNMPUserSecurityParameters) {
	sequence(r)
	u.AuthoritativeEngineID = octetString(r)
	boots, seconds := integer(r), integer(r)
	u.UserName = octetString(r)
	u.AuthenticationParameters = octetString(r)
	u.PrivacyParameters = octetString(r)
	if r.OK() {
		u.AuthoritativeEngineBoots, u.AuthoritativeEngineTime = int64(r.Number(boots)), int64(r.Number(seconds))
	}
	return u
}

// pdu reads a PDU and raises its event.
func (d *decoder) pdu(r *asn1.Reader) {
	h := d.hooks
	tag := r.Header().Tag
	if !r.OK() {
		return
	}
	switch tag {
	case tagGetRequest, tagGetNextRequest, tagResponse, tagSetRequest, tagInformRequest, tagTrapV2, tagReport:
		p := event.SNMPPDU{}
		id, status, index := integer(r), integer(r), integer(r)
		if p.Bindings = d.variables(r); !r.OK() {
			return
		}
		p.RequestID, p.ErrorStatus, p.ErrorIndex = int64(r.Number(id)), int64(r.Number(status)), int64(r.Number(index))
		d.common(tag, &p)
	case tagTrap:
		p := event.SNMPTrapPDU{}
		enterprise := typed(r, tagOID)
		agent := typed(r, tagIPAddress)
		generic, specific := integer(r), integer(r)
		ticks := typed(r, tagTimeTicks)
		if p.Bindings = d.variables(r); !r.OK() {
			return
		}
		p.Enterprise, p.Agent = d.oid(enterprise), address(agent)
		p.GenericTrap, p.SpecificTrap, p.TimeStamp = int64(r.Number(generic)), int64(r.Number(specific)), r.Number(ticks)
		if e := h.Trap.Begin(); e != nil {
			*e = event.SNMPTrap{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: p}
			h.Trap.Raise(e)
		}
	case tagGetBulkRequest:
		p := event.SNMPBulkPDU{}
		id, repeaters, repetitions := integer(r), integer(r), integer(r)
		if p.Bindings = d.variables(r); !r.OK() {
			return
		}
		p.RequestID, p.NonRepeaters, p.MaxRepetitions = int64(r.Number(id)), r.Number(repeaters), r.Number(repetitions)
		if e := h.GetBulkRequest.Begin(); e != nil {
			*e = event.SNMPGetBulkRequest{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: p}
			h.GetBulkRequest.Raise(e)
		}
	default:
		if e := h.UnknownPDU.Begin(); e != nil {
			*e = event.SNMPUnknownPDU{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, Tag: uint64(tag)}
			h.UnknownPDU.Raise(e)
		}
	}
}

// common raises the event of a PDU of the common form.
func (d *decoder) common(tag byte, p *event.SNMPPDU) {
	h := d.hooks
	switch tag {
	case tagGetRequest:
		if e := h.GetRequest.Begin(); e != nil {
			*e = event.SNMPGetRequest{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.GetRequest.Raise(e)
		}
	case tagGetNextRequest:
		if e := h.GetNextRequest.Begin(); e != nil {
			*e = event.SNMPGetNextRequest{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.GetNextRequest.Raise(e)
		}
	case tagResponse:
		if e := h.Response.Begin(); e != nil {
			*e = event.SNMPResponse{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.Response.Raise(e)
		}
	case tagSetRequest:
		if e := h.SetRequest.Begin(); e != nil {
			*e = event.SNMPSetRequest{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.SetRequest.Raise(e)
		}
	case tagInformRequest:
		if e := h.InformRequest.Begin(); e != nil {
			*e = event.SNMPInformRequest{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.InformRequest.Raise(e)
		}
	case tagTrapV2:
		if e := h.TrapV2.Begin(); e != nil {
			*e = event.SNMPTrapV2{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.TrapV2.Raise(e)
		}
	case tagReport:
		if e := h.Report.Begin(); e != nil {
			*e = event.SNMPReport{Conn: d.Conn(), IsOrig: d.isOrig, Header: d.header, PDU: *p}
			h.Report.Raise(e)
		}
	}
}

// variables reads a VarBindList, which extends to the end of the message (RFC 3416 section
// 3). The bindings are those of the scratch.
func (d *decoder) variables(r *asn1.Reader) []event.SNMPBinding {
	sequence(r)
	for r.More() {
		sequence(r)
		name := typed(r, tagOID)
		start := r.Pos()
		h := r.Header()
		v := r.Take("ASN1Encoding:content", start, h.Length)
		if !r.OK() {
			return nil
		}
		d.bindings = append(d.bindings, event.SNMPBinding{})
		x := &d.bindings[len(d.bindings)-1]
		x.OID = d.oid(name)
		d.value(r, &x.Value, h.Tag, v)
	}
	return d.bindings
}

// value decodes a value by its tag (RFC 2578 section 7.1).
func (d *decoder) value(r *asn1.Reader, x *event.SNMPObjectValue, tag byte, b []byte) {
	x.Tag = uint64(tag)
	switch tag {
	case tagNull, tagNoSuchObject, tagNoSuchInstance, tagEndOfMibView:
	case tagOID:
		x.OID = value.Some(d.oid(b))
	case tagInteger:
		x.Signed = value.Some(int64(r.Number(b)))
	case tagCounter32, tagUnsigned32, tagTimeTicks, tagCounter64:
		x.Unsigned = value.Some(r.Number(b))
	case tagIPAddress:
		x.Address = value.Some(address(b))
	default:
		x.Octets = value.Some(b)
	}
}

// Zeek's weird for a part of an OID that is too long, and the most bytes of one.
const (
	weirdLongPart = "asn_oid_subidentifier_too_long"
	maxPart       = 10
)

// oid returns an OBJECT IDENTIFIER in digits (X.690 section 8.19), in the scratch. As in
// Zeek it is empty if it is malformed, and the first two parts are computed in 32 bits.
func (d *decoder) oid(b []byte) []byte {
	if len(b) == 0 || b[len(b)-1]&0x80 != 0 {
		return nil
	}
	start, text := len(d.text), d.text
	part, size := uint64(0), 0
	for _, c := range b {
		part, size = part<<7|uint64(c&0x7f), size+1
		if c&0x80 != 0 {
			continue
		}
		if size > maxPart {
			d.NetWeird(weirdLongPart, strconv.Itoa(size), "")
			return nil
		}
		switch {
		case len(text) == start:
			first := int32(part)
			text = strconv.AppendInt(text, int64(first/40), 10)
			text = strconv.AppendInt(append(text, '.'), int64(first%40), 10)
		case part < 10: // as most are
			text = append(text, '.', '0'+byte(part))
		default:
			text = strconv.AppendUint(append(text, '.'), part, 10)
		}
		part, size = 0, 0
	}
	d.text = text
	return text[start:len(text):len(text)]
}

// address returns an IpAddress; what is not of IPv4 is Zeek's unspecified address.
func address(b []byte) netip.Addr {
	if len(b) != 4 {
		return netip.IPv6Unspecified()
	}
	return netip.AddrFrom4([4]byte(b))
}

// maxInteger is the most bytes of an integer: an unsigned one of 64 bits may need a zero
// byte before it.
const maxInteger = 9

// integer reads an INTEGER and returns its contents.
func integer(r *asn1.Reader) []byte {
	b := typed(r, tagInteger)
	if len(b) > maxInteger {
		r.Fail(wire.Wrong("ASN.1 integer width overflow: " + strconv.Itoa(len(b))))
		return nil
	}
	return b
}

// octetString reads an OCTET STRING and returns its contents.
func octetString(r *asn1.Reader) []byte { return typed(r, tagOctetString) }

// typed reads an element, whose tag must be the given one, and returns its contents.
func typed(r *asn1.Reader, tag byte) []byte {
	start := r.Pos()
	h := r.Header()
	b := r.Take("ASN1Encoding:content", start, h.Length)
	check(r, h.Tag, tag)
	return b
}

// sequence reads the header of a SEQUENCE.
func sequence(r *asn1.Reader) { check(r, r.Header().Tag, asn1.TagSequence) }

// check fails on a tag that is not the expected one.
func check(r *asn1.Reader, got, want byte) {
	if r.OK() && got != want {
		wrongTag(r, got, want)
	}
}

// wrongTag is kept out of line to keep its callers small.
//
//go:noinline
func wrongTag(r *asn1.Reader, got, want byte) {
	r.Fail(wire.Wrong("Got ASN.1 tag " + strconv.Itoa(int(got)) + ", expect " + strconv.Itoa(int(want))))
}
