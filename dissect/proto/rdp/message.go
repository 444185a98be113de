package rdp

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Messages of X.224 (section 13).
const (
	connectionConfirm = 0xd0
	connectionRequest = 0xe0
	dataTPDU          = 0xf0
)

// Messages of T.125 (section 7, part 2), identified by the second byte of their tag.
const (
	connectInitial  = 0x65
	connectResponse = 0x66
)

// Answers to a connection request (MS-RDPBCGR section 2.2.1.2).
const (
	negotiationResponse = 2
	negotiationFailure  = 3
)

// negotiationLen is the length in bytes of each of the three negotiation structures
// (MS-RDPBCGR section 2.2.1.2.1).
const negotiationLen = 8

// message parses a TPKT including its header. A malformed one is a violation.
func (a *analyzer) message(isOrig bool, p []byte) {
	c := cursor{wire.NewCursor(p[headerLen:])}
	head := c.Head(2, "COTP:pdu")
	n := int(head[0])
	c.Record()
	switch head[1] {
	case connectionConfirm:
		a.confirm(&c, n)
	case connectionRequest:
		a.request(&c, n)
	case dataTPDU:
		switch c.Head(3, "DT_Data:application_type")[2] {
		case connectInitial:
			a.initial(&c)
		case connectResponse:
			a.response(&c)
		}
	}
	if !c.OK() && !a.off {
		a.violate(c.Err().Error())
	}
}

var cookiePrefix = []byte("Cookie: mstshash=")

// request parses the X.224 Connection Request (MS-RDPBCGR section 2.2.1.1). n is the number
// of bytes that follow according to its header.
func (a *analyzer) request(c *cursor, n int) {
	const fixed = 5 // two references, and flow control or class
	before := c.Len()
	c.Take(fixed, "Connect_Request:flow_control")
	var cookie []byte
	if rest, ok := bytes.CutPrefix(c.Peek(), cookiePrefix); ok {
		end := bytes.IndexByte(rest, '\r')
		if end < 0 {
			end = len(rest)
		}
		c.Take(len(cookiePrefix), "")
		cookie = c.Take(end, "")
		c.literal("\r\n", "RDP_Connect_Request_cookie:cookie_terminator")
	}
	flags := uint8(0)
	if c.OK() && before-c.Len()+1 != n {
		c.Record()
		neg := c.Head(negotiationLen, "RDP_Negotiation_Request") // type, flags, length, protocols
		flags = neg[1]
		if binary.LittleEndian.Uint16(neg[2:]) != negotiationLen {
			c.Fail(wire.Enforce("RDP_Negotiation_Request:length"))
		}
	}
	if h := &a.f.hooks.ConnectRequest; c.OK() && h.On() {
		e := h.Begin()
		*e = event.RDPConnectRequest{Conn: a.Conn(), Cookie: cookie, Flags: uint64(flags)}
		h.Raise(e)
	}
}

// confirm parses the X.224 Connection Confirm (MS-RDPBCGR section 2.2.1.2).
func (a *analyzer) confirm(c *cursor, n int) {
	const fixed = 5
	c.Take(fixed, "Connect_Confirm:flags")
	if !c.OK() || n == fixed+1 {
		return
	}
	c.Record()
	neg := c.Head(negotiationLen, "Connect_Confirm_Record") // type, flags, length, protocol or failure
	flags, value := neg[1], binary.LittleEndian.Uint32(neg[4:])
	switch {
	case !c.OK():
	case neg[0] == negotiationResponse:
		if binary.LittleEndian.Uint16(neg[2:]) != negotiationLen {
			c.Fail(wire.Enforce("RDP_Negotiation_Response:length"))
			return
		}
		if value > 0 {
			a.begin(value)
		}
		if e := a.f.hooks.NegotiationResponse.Begin(); e != nil {
			*e = event.RDPNegotiationResponse{Conn: a.Conn(), SecurityProtocol: uint64(value), Flags: uint64(flags)}
			a.f.hooks.NegotiationResponse.Raise(e)
		}
	case neg[0] == negotiationFailure:
		if e := a.f.hooks.NegotiationFailure.Begin(); e != nil {
			*e = event.RDPNegotiationFailure{Conn: a.Conn(), FailureCode: uint64(value), Flags: uint64(flags)}
			a.f.hooks.NegotiationFailure.Raise(e)
		}
	default:
		c.Fail(wire.InvalidCase("Connect_Confirm_Record", int(neg[0])))
	}
}

// initial parses the MCS Connect Initial (MS-RDPBCGR section 2.2.1.3): the length of the
// whole, which looks like an encoding itself, two domain selectors, a flag, three sets of
// parameters, and the client's data in a GCC Conference Create Request.
func (a *analyzer) initial(c *cursor) {
	c.Record()
	for range 4 { // length, calling and called domain selector, upward flag
		c.skipBER()
	}
	for _, field := range []string{"Client_Header:targ_parameters_pad", "Client_Header:min_parameters_pad", "Client_Header:max_parameters_pad"} {
		c.Take(c.ber(), field)
	}
	c.Take(4, "Client_Header:user_data_length")
	c.Record()
	c.Array(int(c.U16("GCC_Client_Connection_Data:key_object_length")), 1, "GCC_Client_Connection_Data:key_object")
	c.Take(2, "GCC_Client_Connection_Data:connect_data_connect_pdu")
	c.Record()
	c.Take(8, "GCC_Client_Create_Request:h221_nonstandard_length")
	c.literal("Duca", "GCC_Client_Create_Request:h221_nonstandard_key")
	c.Take(2, "GCC_Client_Create_Request:user_data_value_length")
	a.blocks(c)
}

// response parses the MCS Connect Response (MS-RDPBCGR section 2.2.1.4), with the server's
// data in a GCC Conference Create Response.
func (a *analyzer) response(c *cursor) {
	c.Record()
	c.Take(3, "Server_Header:type_length")
	c.skipBER() // result
	c.skipBER() // called ID
	c.Take(c.ber(), "Server_Header:domain_parameters")
	c.Take(4, "Server_Header:user_data_length")
	c.Record()
	c.Array(int(c.U16("GCC_Server_Connection_Data:key_object_length")), 1, "GCC_Server_Connection_Data:key_object")
	c.Take(1, "GCC_Server_Connection_Data:connect_data_connect_pdu")
	c.Record()
	result := c.Head(9, "GCC_Server_Create_Response:h221_nonstandard_length")[5]
	c.literal("McDn", "GCC_Server_Create_Response:h221_nonstandard_key")
	c.Take(2, "GCC_Server_Create_Response:user_data_value_length")
	if !c.OK() {
		return
	}
	a.Confirm()
	if e := a.f.hooks.GCCServerCreateResponse.Begin(); e != nil {
		*e = event.RDPGCCServerCreateResponse{Conn: a.Conn(), Result: uint64(result)}
		a.f.hooks.GCCServerCreateResponse.Raise(e)
	}
	a.blocks(c)
}
