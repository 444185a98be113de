package rdp

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/wire"
)

// Messages of X.224 (section 13).
const (
	connectionConfirm = 0xd0
	connectionRequest = 0xe0
	dataTPDU          = 0xf0
)

// Messages of T.125 (section 7, part 2), by the second byte of their tag.
const (
	connectInitial  = 0x65
	connectResponse = 0x66
)

// Answers to a connection request (MS-RDPBCGR section 2.2.1.2).
const (
	negotiationResponse = 2
	negotiationFailure  = 3
)

// message takes a TPKT with its header. One that is malformed is a violation.
func (a *analyzer) message(isOrig bool, p []byte) {
	c := cursor{wire.NewCursor(p[headerLen:])}
	n := int(c.U8("COTP:cotp_len"))
	switch c.U8("COTP:pdu") {
	case connectionConfirm:
		a.confirm(&c, n)
	case connectionRequest:
		a.request(&c, n)
	case dataTPDU:
		c.Take(2, "DT_Data:tpdu_number")
		switch c.U8("DT_Data:application_type") {
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

// request takes the X.224 Connection Request (MS-RDPBCGR section 2.2.1.1), whose header
// says that n bytes follow it.
func (a *analyzer) request(c *cursor, n int) {
	const fixed = 5 // two references and flow control, or class
	before := c.Len()
	c.Take(fixed, "Connect_Request:destination_reference")
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
		c.U8("RDP_Negotiation_Request:type")
		flags = c.U8("RDP_Negotiation_Request:flags")
		negotiationLen(c, "RDP_Negotiation_Request:length")
		c.LE32("RDP_Negotiation_Request:requested_protocols")
	}
	if h := &a.f.hooks.ConnectRequest; c.OK() && h.On() {
		a.f.ev.request = event.RDPConnectRequest{Conn: a.c, Cookie: cookie, Flags: uint64(flags)}
		h.Raise(&a.f.ev.request)
	}
}

// negotiationLen reads the length of a negotiation's structure, which is always the same.
func negotiationLen(c *cursor, field string) {
	if c.LE16(field) != 8 {
		c.Fail(wire.Enforce(field))
	}
}

// confirm takes the X.224 Connection Confirm (MS-RDPBCGR section 2.2.1.2).
func (a *analyzer) confirm(c *cursor, n int) {
	const fixed = 5
	c.Take(fixed, "Connect_Confirm:destination_reference")
	if !c.OK() || n == fixed+1 {
		return
	}
	typ := c.U8("Connect_Confirm_Record:response_type")
	flags := c.U8("RDP_Negotiation_Response:flags")
	switch {
	case !c.OK():
	case typ == negotiationResponse:
		negotiationLen(c, "RDP_Negotiation_Response:length")
		protocol := c.LE32("RDP_Negotiation_Response:selected_protocol")
		if !c.OK() {
			return
		}
		if protocol > 0 {
			a.begin(protocol)
		}
		if h := &a.f.hooks.NegotiationResponse; h.On() {
			a.f.ev.response = event.RDPNegotiationResponse{Conn: a.c, SecurityProtocol: uint64(protocol), Flags: uint64(flags)}
			h.Raise(&a.f.ev.response)
		}
	case typ == negotiationFailure:
		c.LE16("RDP_Negotiation_Failure:length")
		code := c.LE32("RDP_Negotiation_Failure:failure_code")
		if h := &a.f.hooks.NegotiationFailure; c.OK() && h.On() {
			a.f.ev.failure = event.RDPNegotiationFailure{Conn: a.c, FailureCode: uint64(code), Flags: uint64(flags)}
			h.Raise(&a.f.ev.failure)
		}
	default:
		c.Fail(wire.InvalidCase("Connect_Confirm_Record:switch1", int(typ)))
	}
}

// initial takes the MCS Connect Initial (MS-RDPBCGR section 2.2.1.3): the length of the
// whole, which has the form of an encoding itself, two domain selectors, a flag and three
// sets of parameters, and the client's data in a GCC Conference Create Request.
func (a *analyzer) initial(c *cursor) {
	for _, field := range []string{
		"Client_Header:type_length", "Client_Header:calling_domain_selector", "Client_Header:called_domain_selector",
		"Client_Header:upward_flag", "Client_Header:target_parameters", "Client_Header:minimum_parameters",
		"Client_Header:maximum_parameters",
	} {
		c.skipBER(field)
	}
	c.Take(4, "Client_Header:user_data_length")
	c.Take(int(c.U16("GCC_Client_Connection_Data:key_object_length")), "GCC_Client_Connection_Data:key_object")
	c.Take(2, "GCC_Client_Connection_Data:connect_data_connect_pdu")
	c.Take(8, "GCC_Client_Create_Request:extension_bit")
	c.literal("Duca", "GCC_Client_Create_Request:h221_nonstandard_key")
	c.Take(2, "GCC_Client_Create_Request:user_data_value_length")
	a.blocks(c)
}

// response takes the MCS Connect Response (MS-RDPBCGR section 2.2.1.4), with the server's
// data in a GCC Conference Create Response.
func (a *analyzer) response(c *cursor) {
	c.Take(3, "Server_Header:type_length")
	c.skipBER("Server_Header:connect_response_result")
	c.skipBER("Server_Header:connect_response_called_id")
	c.skipBER("Server_Header:connect_response_domain_parameters")
	c.Take(4, "Server_Header:user_data_length")
	c.Take(int(c.U16("GCC_Server_Connection_Data:key_object_length")), "GCC_Server_Connection_Data:key_object")
	c.Take(1, "GCC_Server_Connection_Data:connect_data_connect_pdu")
	c.Take(1+2+1+1, "GCC_Server_Create_Response:extension_bit")
	result := c.U8("GCC_Server_Create_Response:result")
	c.Take(3, "GCC_Server_Create_Response:number_user_data_sets")
	c.literal("McDn", "GCC_Server_Create_Response:h221_nonstandard_key")
	c.Take(2, "GCC_Server_Create_Response:user_data_value_length")
	if !c.OK() {
		return
	}
	a.t.Confirm(a.c, a)
	if h := &a.f.hooks.GCCServerCreateResponse; h.On() {
		a.f.ev.create = event.RDPGCCServerCreateResponse{Conn: a.c, Result: uint64(result)}
		h.Raise(&a.f.ev.create)
	}
	a.blocks(c)
}
