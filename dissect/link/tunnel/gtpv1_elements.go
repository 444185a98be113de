package tunnel

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Types of information elements (3GPP TS 29.060 section 7.7). Those from 128 on
// have a length field.
const (
	ieCause                  = 1
	ieIMSI                   = 2
	ieRAI                    = 3
	ieReorderReq             = 8
	ieRecovery               = 14
	ieSelectionMode          = 15
	ieTEIDData1              = 16
	ieTEIDControl            = 17
	ieTeardownInd            = 19
	ieNSAPI                  = 20
	ieChargingChar           = 26
	ieTraceReference         = 27
	ieTraceType              = 28
	ieChargingID             = 127
	ieEndUserAddr            = 128
	ieMMContext              = 129
	iePDPContext             = 130
	ieAccessPointName        = 131
	ieProtoConfigOptions     = 132
	ieGSNAddr                = 133
	ieMSISDN                 = 134
	ieQoSProfile             = 135
	ieAuthQuintuplet         = 136
	ieTrafficFlowTemplate    = 137
	ieRABSetupInfo           = 140
	ieTriggerID              = 142
	ieOMCID                  = 143
	ieChargingGatewayAddr    = 251
	iePrivateExtension       = 255
	ieHasLength              = 0x80
	pdpTypeIPv4, pdpTypeIPv6 = 0x21, 0x57
)

// fixedLen are the lengths of elements without a length field; 0 if the type,
// and so the length, is not known.
var fixedLen = [ieHasLength]uint8{
	ieCause: 1, ieIMSI: 8, ieRAI: 6, 4: 4, 5: 4, ieReorderReq: 1, 9: 28, 11: 1, 12: 3, 13: 1,
	ieRecovery: 1, ieSelectionMode: 1, ieTEIDData1: 4, ieTEIDControl: 4, 18: 5, ieTeardownInd: 1,
	ieNSAPI: 1, 21: 1, 22: 9, 23: 1, 24: 1, 25: 2, ieChargingChar: 2, ieTraceReference: 2,
	ieTraceType: 2, 29: 1, ieChargingID: 4,
}

// nextElement splits the first information element off b.
func nextElement(b []byte) (typ uint8, value, rest []byte, err outOfBound) {
	typ = b[0]
	n, hdr := 0, 1
	if typ < ieHasLength {
		n = int(fixedLen[typ])
		if n == 0 {
			return 0, nil, nil, outOfBound{"Get_IE_Len", -1, int(typ)}
		}
	} else {
		hdr = 3
		if len(b) < hdr {
			return 0, nil, nil, outOfBound{"InformationElement:tlv_len", hdr, len(b)}
		}
		n = int(binary.BigEndian.Uint16(b[1:]))
	}
	value = b[hdr:]
	// These elements contain their own lengths, and Zeek trusts them.
	c := contextCursor{b: value}
	switch typ {
	case ieMMContext:
		n = c.mmContext()
	case iePDPContext:
		n = c.pdpContext()
	case ieAuthQuintuplet:
		n = c.quintuplet()
	}
	least := 0
	switch typ {
	case ieEndUserAddr, iePrivateExtension:
		least = 2
	case ieQoSProfile:
		least = 1
	case ieRABSetupInfo:
		least = 1
		if n != 1 {
			least = 5
		}
	}
	if n < least || n > len(value) {
		return 0, nil, nil, outOfBound{"InformationElement:value", max(n, least), min(n, len(value))}
	}
	return typ, value[:n], value[n:], outOfBound{}
}

// validateElements checks the information elements of a message, which extend
// to the end of the packet.
func validateElements(b []byte) outOfBound {
	for len(b) > 0 {
		_, _, rest, err := nextElement(b)
		if err.bad() {
			return err
		}
		b = rest
	}
	return outOfBound{}
}

// contextCursor computes the length of elements that contain lengths. Once past
// the end of b, it stays there.
type contextCursor struct {
	b []byte
	n int
}

func (c *contextCursor) skip(n int) { c.n += n }

func (c *contextCursor) uint8() int {
	c.n++
	if c.n > len(c.b) {
		return 0
	}
	return int(c.b[c.n-1])
}

func (c *contextCursor) uint16() int { return c.uint8()<<8 | c.uint8() }

// mmContext returns the length of an MM context (section 7.7.28).
func (c *contextCursor) mmContext() int {
	c.skip(1)
	security := c.uint8()
	mode, vectors := security>>6, security&0x38>>3
	if mode&1 != 0 {
		c.skip(8) // Kc
	} else {
		c.skip(32) // CK, IK
	}
	if mode == 1 {
		c.skip(vectors * int(fixedLen[9]))
	} else {
		c.skip(2)
		for range vectors {
			c.quintuplet()
		}
	}
	c.skip(2) // DRX parameter
	c.skip(c.uint8())
	c.skip(c.uint16())
	return c.n
}

// quintuplet returns the length of a quintuplet (section 7.7.35).
func (c *contextCursor) quintuplet() int {
	c.skip(16)
	c.skip(c.uint8())
	c.skip(32)
	c.skip(c.uint8())
	return c.n
}

// pdpContext returns the length of a PDP context (section 7.7.29).
func (c *contextCursor) pdpContext() int {
	c.skip(2)
	for range 3 { // QoS subscribed, requested, negotiated
		c.skip(max(c.uint8(), 1))
	}
	c.skip(6 + 8 + 3) // sequence numbers, TEIDs, context and address type
	for range 4 {     // PDP address, GGSN addresses, access point name
		c.skip(c.uint8())
	}
	c.skip(2)
	return c.n
}

// gtpEvents raises the events of section GTPv1.
type gtpEvents struct {
	on *event.GTPv1Events
}

// control raises the event of a control message, whose elements are valid.
func (g *gtpEvents) control(d *Decoder, c *Carrier, m *gtpMessage) {
	switch m.typ {
	case gtpCreateRequest:
		if e := g.on.CreatePDPCtxRequest.Begin(); e != nil {
			*e = event.GTPv1CreatePDPCtxRequest{Conn: c.Conn, Hdr: m.header()}
			createRequest(d, &e.Elements, m.body)
			g.on.CreatePDPCtxRequest.Raise(e)
		}
	case gtpCreateResponse:
		if e := g.on.CreatePDPCtxResponse.Begin(); e != nil {
			*e = event.GTPv1CreatePDPCtxResponse{Conn: c.Conn, Hdr: m.header()}
			createResponse(d, &e.Elements, m.body)
			g.on.CreatePDPCtxResponse.Raise(e)
		}
	case gtpUpdateRequest:
		if e := g.on.UpdatePDPCtxRequest.Begin(); e != nil {
			*e = event.GTPv1UpdatePDPCtxRequest{Conn: c.Conn, Hdr: m.header()}
			updateRequest(d, &e.Elements, m.body)
			g.on.UpdatePDPCtxRequest.Raise(e)
		}
	case gtpUpdateResponse:
		if e := g.on.UpdatePDPCtxResponse.Begin(); e != nil {
			*e = event.GTPv1UpdatePDPCtxResponse{Conn: c.Conn, Hdr: m.header()}
			updateResponse(d, &e.Elements, m.body)
			g.on.UpdatePDPCtxResponse.Raise(e)
		}
	case gtpDeleteRequest:
		if e := g.on.DeletePDPCtxRequest.Begin(); e != nil {
			*e = event.GTPv1DeletePDPCtxRequest{Conn: c.Conn, Hdr: m.header()}
			deleteRequest(d, &e.Elements, m.body)
			g.on.DeletePDPCtxRequest.Raise(e)
		}
	case gtpDeleteResponse:
		if e := g.on.DeletePDPCtxResponse.Begin(); e != nil {
			*e = event.GTPv1DeletePDPCtxResponse{Conn: c.Conn, Hdr: m.header()}
			deleteResponse(d, &e.Elements, m.body)
			g.on.DeletePDPCtxResponse.Raise(e)
		}
	}
}

// elements ranges over the information elements of a message that
// validateElements has accepted.
func elements(b []byte) func(yield func(typ uint8, v []byte) bool) {
	return func(yield func(uint8, []byte) bool) {
		for len(b) > 0 {
			typ, value, rest, err := nextElement(b)
			if err.bad() || !yield(typ, value) {
				return
			}
			b = rest
		}
	}
}

func (d *Decoder) unexpected(typ uint8) {
	d.netWeird(GTPv1, "gtp_invalid_info_element", strconv.Itoa(int(typ)))
}

func createRequest(d *Decoder, e *event.GTPCreatePDPCtxRequestElements, b []byte) {
	nsapi, gsn := 0, 0
	for typ, v := range elements(b) {
		switch typ {
		case ieIMSI:
			e.IMSI = value.Some(imsi(v))
		case ieRAI:
			e.RAI = value.Some(rai(v))
		case ieRecovery:
			e.Recovery = value.Some(uint64(v[0]))
		case ieSelectionMode:
			e.SelectMode = value.Some(uint64(v[0] & 1))
		case ieTEIDData1:
			e.Data1 = u32(v)
		case ieTEIDControl:
			e.CP = value.Some(u32(v))
		case ieNSAPI:
			if nsapi++; nsapi == 1 {
				e.NSAPI = uint64(v[0] & 0x0f)
			} else {
				e.LinkedNSAPI = value.Some(uint64(v[0] & 0x0f))
			}
		case ieChargingChar:
			e.ChargeCharacter = value.Some(u16(v))
		case ieTraceReference:
			e.TraceRef = value.Some(u16(v))
		case ieTraceType:
			e.TraceType = value.Some(u16(v))
		case ieEndUserAddr:
			e.EndUserAddr = value.Some(endUserAddr(v))
		case ieAccessPointName:
			e.APName = value.Some(v)
		case ieProtoConfigOptions:
			e.Opts = value.Some(v)
		case ieGSNAddr:
			if gsn++; gsn == 1 {
				e.SignalAddr = gsnAddr(v)
			} else {
				e.UserAddr = gsnAddr(v)
			}
		case ieMSISDN:
			e.MSISDN = value.Some(v)
		case ieQoSProfile:
			e.QoSProf = qosProfile(v)
		case ieTrafficFlowTemplate:
			e.TFT = value.Some(v)
		case ieTriggerID:
			e.TriggerID = value.Some(v)
		case ieOMCID:
			e.OMCID = value.Some(v)
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		default:
			d.unexpected(typ)
		}
	}
}

func createResponse(d *Decoder, e *event.GTPCreatePDPCtxResponseElements, b []byte) {
	gsn := 0
	for typ, v := range elements(b) {
		switch typ {
		case ieCause:
			e.Cause = uint64(v[0])
		case ieReorderReq:
			e.ReorderReq = value.Some(v[0]&1 != 0)
		case ieRecovery:
			e.Recovery = value.Some(uint64(v[0]))
		case ieTEIDData1:
			e.Data1 = value.Some(u32(v))
		case ieTEIDControl:
			e.CP = value.Some(u32(v))
		case ieChargingID:
			e.ChargingID = value.Some(u32(v))
		case ieEndUserAddr:
			e.EndUserAddr = value.Some(endUserAddr(v))
		case ieProtoConfigOptions:
			e.Opts = value.Some(v)
		case ieGSNAddr:
			if gsn++; gsn == 1 {
				e.CPAddr = value.Some(gsnAddr(v))
			} else {
				e.UserAddr = value.Some(gsnAddr(v))
			}
		case ieQoSProfile:
			e.QoSProf = value.Some(qosProfile(v))
		case ieChargingGatewayAddr:
			e.ChargeGateway = ipAddr(v)
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		default:
			d.unexpected(typ)
		}
	}
}

func updateRequest(d *Decoder, e *event.GTPUpdatePDPCtxRequestElements, b []byte) {
	gsn := 0
	for typ, v := range elements(b) {
		switch typ {
		case ieIMSI:
			e.IMSI = value.Some(imsi(v))
		case ieRAI:
			e.RAI = value.Some(rai(v))
		case ieRecovery:
			e.Recovery = value.Some(uint64(v[0]))
		case ieTEIDData1:
			e.Data1 = u32(v)
		case ieTEIDControl:
			e.CP = value.Some(u32(v))
		case ieNSAPI:
			e.NSAPI = uint64(v[0] & 0x0f)
		case ieTraceReference:
			e.TraceRef = value.Some(u16(v))
		case ieTraceType:
			e.TraceType = value.Some(u16(v))
		case ieGSNAddr:
			if gsn++; gsn == 1 {
				e.CPAddr = gsnAddr(v)
			} else {
				e.UserAddr = gsnAddr(v)
			}
		case ieQoSProfile:
			e.QoSProf = qosProfile(v)
		case ieTrafficFlowTemplate:
			e.TFT = value.Some(v)
		case ieTriggerID:
			e.TriggerID = value.Some(v)
		case ieOMCID:
			e.OMCID = value.Some(v)
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		case ieEndUserAddr:
			e.EndUserAddr = value.Some(endUserAddr(v))
		default:
			d.unexpected(typ)
		}
	}
}

func updateResponse(d *Decoder, e *event.GTPUpdatePDPCtxResponseElements, b []byte) {
	gsn := 0
	for typ, v := range elements(b) {
		switch typ {
		case ieCause:
			e.Cause = uint64(v[0])
		case ieRecovery:
			e.Recovery = value.Some(uint64(v[0]))
		case ieTEIDData1:
			e.Data1 = value.Some(u32(v))
		case ieTEIDControl:
			e.CP = value.Some(u32(v))
		case ieChargingID:
			e.ChargingID = value.Some(u32(v))
		case ieGSNAddr:
			if gsn++; gsn == 1 {
				e.CPAddr = value.Some(gsnAddr(v))
			} else {
				e.UserAddr = value.Some(gsnAddr(v))
			}
		case ieQoSProfile:
			e.QoSProf = value.Some(qosProfile(v))
		case ieChargingGatewayAddr:
			e.ChargeGateway = ipAddr(v)
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		default:
			d.unexpected(typ)
		}
	}
}

func deleteRequest(d *Decoder, e *event.GTPDeletePDPCtxRequestElements, b []byte) {
	for typ, v := range elements(b) {
		switch typ {
		case ieTeardownInd:
			e.TeardownInd = value.Some(v[0]&1 != 0)
		case ieNSAPI:
			e.NSAPI = uint64(v[0] & 0x0f)
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		default:
			d.unexpected(typ)
		}
	}
}

func deleteResponse(d *Decoder, e *event.GTPDeletePDPCtxResponseElements, b []byte) {
	for typ, v := range elements(b) {
		switch typ {
		case ieCause:
			e.Cause = uint64(v[0])
		case iePrivateExtension:
			e.Ext = value.Some(privateExtension(v))
		default:
			d.unexpected(typ)
		}
	}
}

func u16(b []byte) uint64 { return uint64(binary.BigEndian.Uint16(b)) }
func u32(b []byte) uint64 { return uint64(binary.BigEndian.Uint32(b)) }

// imsi reads the digits of an IMSI (section 7.7.2), lower half of each byte
// first, as a decimal number; 15 is filler.
func imsi(b []byte) uint64 {
	var v uint64
	for _, x := range b[:8] {
		for _, digit := range [2]uint8{x & 0x0f, x >> 4} {
			if digit != 0x0f {
				v = v*10 + uint64(digit)
			}
		}
	}
	return v
}

// rai reads a routing area identity (section 7.7.3). Zeek takes a network code
// for one of three digits when its third digit is 0, and for one of two
// otherwise.
func rai(b []byte) event.GTPRAI {
	d := func(x uint8) uint64 { return uint64(x & 0x0f) }
	mnc := d(b[2])*10 + d(b[2]>>4)
	if d(b[1]>>4) == 0 {
		mnc *= 10
	}
	return event.GTPRAI{
		MCC: d(b[0])*100 + d(b[0]>>4)*10 + d(b[1]),
		MNC: mnc,
		LAC: u16(b[3:]),
		RAC: uint64(b[5]),
	}
}

// endUserAddr reads an end user address (section 7.7.27).
func endUserAddr(b []byte) event.GTPEndUserAddr {
	a := event.GTPEndUserAddr{PDPTypeOrg: uint64(b[0] & 0x0f), PDPTypeNum: uint64(b[1])}
	addr := b[2:]
	switch {
	case len(addr) == 0:
	case b[1] == pdpTypeIPv4:
		if len(addr) >= 4 {
			a.PDPIP = ipAddr(addr[:4])
		}
	case b[1] == pdpTypeIPv6:
		if len(addr) >= 16 {
			a.PDPIP = ipAddr(addr[:16])
		}
	default:
		a.PDPOtherAddr = value.Some(addr)
	}
	return a
}

// gsnAddr reads a GSN address (section 7.7.32).
func gsnAddr(b []byte) event.GTPGSNAddr {
	if a := ipAddr(b); a.OK {
		return event.GTPGSNAddr{IP: a}
	}
	return event.GTPGSNAddr{Other: value.Some(b)}
}

// qosProfile reads a quality of service profile (section 7.7.34).
func qosProfile(b []byte) event.GTPQoSProfile {
	return event.GTPQoSProfile{Priority: uint64(b[0]), Data: b[1:]}
}

// privateExtension reads a private extension (section 7.7.46).
func privateExtension(b []byte) event.GTPPrivateExtension {
	return event.GTPPrivateExtension{ID: u16(b), Value: b[2:]}
}

// ipAddr returns b as an address if it is 4 or 16 bytes long.
func ipAddr(b []byte) value.Opt[netip.Addr] {
	a, ok := netip.AddrFromSlice(b)
	return value.Opt[netip.Addr]{V: a.Unmap(), OK: ok}
}
