package event

import "github.com/wirelog/wirelog/value"

// RADIUSMessageData is a RADIUS message (RFC 2865 section 3).
//
//wirelog:record RADIUS::Message
type RADIUSMessageData struct {
	Code          uint64 `zeek:"code"`
	TransID       uint64 `zeek:"trans_id"`      // identifier, which a reply repeats
	Authenticator []byte `zeek:"authenticator"` // 16 bytes, valid inside the call
	// Attributes has the values of each type, in the order of the message; valid inside the
	// call.
	Attributes value.Opt[Map[[][]byte]] `zeek:"attributes" type:"RADIUS::Attributes"`
}

// RADIUSMessage is raised for every RADIUS message, with its code, identifier,
// authenticator and attributes (RFC 2865).
//
//wirelog:event radius_message section=RADIUS
type RADIUSMessage struct {
	Conn   Conn              `zeek:"c"`
	Result RADIUSMessageData `zeek:"result"`
}

// RADIUSAttribute is raised for every attribute of a RADIUS message (RFC 2865 section 5),
// before the message's own event.
//
//wirelog:event radius_attribute section=RADIUS
type RADIUSAttribute struct {
	Conn     Conn   `zeek:"c"`
	AttrType uint64 `zeek:"attr_type"`
	Value    []byte `zeek:"value"` // valid inside the call
}
