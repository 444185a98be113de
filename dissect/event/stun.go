package event

import "net/netip"

// The events of STUN are those of Corelight's package zeek-spicy-stun. A message's attributes
// are raised in its order, before STUNSTUNPacket.

// STUNSTUNPacket is raised for every message of STUN (RFC 8489 section 5), after the events of
// its attributes.
//
//wirelog:event STUN::STUNPacket section=STUN own
type STUNSTUNPacket struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Method  uint64 `zeek:"method"`   // such as 1, Binding
	Class   uint64 `zeek:"class"`    // 0 request, 1 indication, 2 success, 3 error
	TransID []byte `zeek:"trans_id"` // 12 bytes, valid inside the call
}

// STUNStringAttribute is raised for every attribute of a STUN message that is neither an
// address nor an error code (RFC 8489 section 14).
//
//wirelog:event STUN::string_attribute section=STUN own
type STUNStringAttribute struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Method   uint64 `zeek:"method"`
	Class    uint64 `zeek:"class"`
	TransID  []byte `zeek:"trans_id"` // valid inside the call, as is AttrVal
	AttrType uint64 `zeek:"attr_type"`
	AttrVal  []byte `zeek:"attr_val"` // without padding
}

// STUNMappedAddressAttribute is raised for every attribute of a STUN message that is an address
// (RFC 8489 section 14.1, RFC 8656 section 18).
//
//wirelog:event STUN::mapped_address_attribute section=STUN own
type STUNMappedAddressAttribute struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Method   uint64 `zeek:"method"`
	Class    uint64 `zeek:"class"`
	TransID  []byte `zeek:"trans_id"` // valid inside the call
	AttrType uint64 `zeek:"attr_type"`
	// XPort and XAddr are as sent: those of the attributes XOR-MAPPED-ADDRESS, XOR-PEER-ADDRESS
	// and XOR-RELAYED-ADDRESS are still combined with the cookie and the transaction.
	XPort uint64     `zeek:"x_port"`
	XAddr netip.Addr `zeek:"x_addr"`
}

// STUNErrorCodeAttribute is raised for the attribute of a STUN message that is an error code
// (RFC 8489 section 14.8).
//
//wirelog:event STUN::error_code_attribute section=STUN own
type STUNErrorCodeAttribute struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Method   uint64 `zeek:"method"`
	Class    uint64 `zeek:"class"`
	TransID  []byte `zeek:"trans_id"` // valid inside the call, as is Reason
	AttrType uint64 `zeek:"attr_type"`
	ErrClass uint64 `zeek:"err_class"` // hundreds of the code
	Number   uint64 `zeek:"number"`    // the code modulo 100
	Reason   []byte `zeek:"reason"`
}

// STUNChannelData is raised for every message of TURN that carries data of a peer without
// being one of STUN (RFC 8656 section 12.4). The package does not have it.
//
//wirelog:event STUN::channel_data section=STUN own
type STUNChannelData struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Channel uint64 `zeek:"channel"`
	DataLen uint64 `zeek:"data_len"` // bytes of data, without padding
}
