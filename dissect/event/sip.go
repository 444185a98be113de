package event

import "github.com/wirelog/wirelog/value"

// SIPRequest is raised for the request line of a message (RFC 3261 section 7.1).
//
//wirelog:event sip_request section=SIP
type SIPRequest struct {
	Conn        Conn   `zeek:"c"`
	Method      []byte `zeek:"method"`       // valid inside the call
	OriginalURI []byte `zeek:"original_URI"` // valid inside the call
	Version     []byte `zeek:"version"`      // such as 2.0; valid inside the call
}

// SIPReply is raised for the status line of a message (RFC 3261 section 7.2).
//
//wirelog:event sip_reply section=SIP
type SIPReply struct {
	Conn    Conn   `zeek:"c"`
	Version []byte `zeek:"version"` // such as 2.0; valid inside the call
	Code    uint64 `zeek:"code"`
	Reason  []byte `zeek:"reason"` // valid inside the call
}

// SIPBeginEntity is raised after the request or status line of a message.
//
//wirelog:event sip_begin_entity section=SIP
type SIPBeginEntity struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request
}

// SIPHeader is raised for every header of a message (RFC 3261 section 7.3).
//
//wirelog:event sip_header section=SIP
type SIPHeader struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // a request's
	Name   []byte `zeek:"name"`    // in upper case; valid inside the call
	Value  []byte `zeek:"value"`   // valid inside the call
}

// SIPAllHeaders is raised after the last header of a message.
//
//wirelog:event sip_all_headers section=SIP
type SIPAllHeaders struct {
	Conn   Conn                  `zeek:"c"`
	IsOrig bool                  `zeek:"is_orig"`                       // a request's
	HList  Table[SIPHeaderField] `zeek:"hlist" type:"mime_header_list"` // in their order; valid inside the call
}

// SIPHeaderField is a header of a message (Zeek's mime_header_rec). If the run follows Zeek,
// Name has the value, OriginalName the name in upper case, and Value is unset.
//
//wirelog:record SIPHeaderField
type SIPHeaderField struct {
	OriginalName []byte            `zeek:"original_name"` // as it was sent; valid inside the call
	Name         []byte            `zeek:"name"`          // in upper case; valid inside the call
	Value        value.Opt[[]byte] `zeek:"value"`         // valid inside the call
}

// SIPEndEntity is raised at the end of a message, after its body.
//
//wirelog:event sip_end_entity section=SIP
type SIPEndEntity struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request
}
