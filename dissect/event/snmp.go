package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// SNMPHeaderV1 is what SNMPv1 has before the PDU (RFC 1157 section 4).
//
//wirelog:record SNMP::HeaderV1
type SNMPHeaderV1 struct {
	Community []byte `zeek:"community"` // valid inside the call
}

// SNMPHeaderV2 is what SNMPv2c has before the PDU (RFC 1901 section 3).
//
//wirelog:record SNMP::HeaderV2
type SNMPHeaderV2 struct {
	Community []byte `zeek:"community"` // valid inside the call
}

// SNMPScopedPDUContext names the context of an SNMPv3 PDU (RFC 3412 section 6.8).
//
//wirelog:record SNMP::ScopedPDU_Context
type SNMPScopedPDUContext struct {
	EngineID []byte `zeek:"engine_id"` // valid inside the call
	Name     []byte `zeek:"name"`      // valid inside the call
}

// SNMPUserSecurityParameters are the parameters of the user-based security model (RFC
// 3414 section 2.4). The slices are valid inside the call.
//
//wirelog:record SNMP::UserSecurityParameters
type SNMPUserSecurityParameters struct {
	AuthoritativeEngineID    []byte `zeek:"AuthoritativeEngineID"`
	AuthoritativeEngineBoots int64  `zeek:"AuthoritativeEngineBoots"`
	AuthoritativeEngineTime  int64  `zeek:"AuthoritativeEngineTime"` // in seconds
	UserName                 []byte `zeek:"UserName"`
	AuthenticationParameters []byte `zeek:"AuthenticationParameters"`
	PrivacyParameters        []byte `zeek:"PrivacyParameters"`
}

// SNMPHeaderV3 is what SNMPv3 has before the PDU (RFC 3412 section 6).
//
//wirelog:record SNMP::HeaderV3
type SNMPHeaderV3 struct {
	ID             uint64 `zeek:"id"`
	MaxSize        uint64 `zeek:"max_size"`        // of messages that the sender accepts, in bytes
	Flags          uint64 `zeek:"flags"`           // the next three bits
	AuthFlag       bool   `zeek:"auth_flag"`       // authenticated
	PrivFlag       bool   `zeek:"priv_flag"`       // encrypted
	ReportableFlag bool   `zeek:"reportable_flag"` // a Report may answer the message
	SecurityModel  uint64 `zeek:"security_model"`
	SecurityParams []byte `zeek:"security_params"` // as sent, valid inside the call
	// PDUContext is unset in encrypted messages.
	PDUContext value.Opt[SNMPScopedPDUContext] `zeek:"pdu_context"`
	// UserSecurityParameters are those of security model 3, in messages whose PDU can be
	// read.
	UserSecurityParameters value.Opt[SNMPUserSecurityParameters] `zeek:"user_security_parameters"`
}

// SNMPHeader is what a message has before its PDU, by version.
//
//wirelog:record SNMP::Header
type SNMPHeader struct {
	Version uint64                  `zeek:"version"` // 0 for v1, 1 for v2c, 3 for v3
	V1      value.Opt[SNMPHeaderV1] `zeek:"v1"`
	V2      value.Opt[SNMPHeaderV2] `zeek:"v2"`
	V3      value.Opt[SNMPHeaderV3] `zeek:"v3"`
}

// SNMPObjectValue is the value of a variable, of which the field for its type is set
// (RFC 3416 section 3).
//
//wirelog:record SNMP::ObjectValue
type SNMPObjectValue struct {
	Tag      uint64                `zeek:"tag"`      // its type; the values without one have a tag only
	OID      value.Opt[[]byte]     `zeek:"oid"`      // OBJECT IDENTIFIER in digits, valid inside the call
	Signed   value.Opt[int64]      `zeek:"signed"`   // INTEGER; Zeek does not extend its sign
	Unsigned value.Opt[uint64]     `zeek:"unsigned"` // Counter32, Unsigned32, TimeTicks, Counter64
	Address  value.Opt[netip.Addr] `zeek:"address"`  // IpAddress
	Octets   value.Opt[[]byte]     `zeek:"octets"`   // anything else, valid inside the call
}

// SNMPBinding is a variable with its value (RFC 3416 section 3).
//
//wirelog:record SNMP::Binding
type SNMPBinding struct {
	OID   []byte          `zeek:"oid"` // name in digits, valid inside the call; empty if it is malformed
	Value SNMPObjectValue `zeek:"value"`
}

// SNMPPDU is the common form of a PDU (RFC 3416 section 3).
//
//wirelog:record SNMP::PDU
type SNMPPDU struct {
	RequestID   int64         `zeek:"request_id"`
	ErrorStatus int64         `zeek:"error_status"`
	ErrorIndex  int64         `zeek:"error_index"`                    // of the binding in error, from 1
	Bindings    []SNMPBinding `zeek:"bindings" type:"SNMP::Bindings"` // valid inside the call
}

// SNMPTrapPDU is the PDU of an SNMPv1 trap (RFC 1157 section 4.1.6).
//
//wirelog:record SNMP::TrapPDU
type SNMPTrapPDU struct {
	Enterprise   []byte        `zeek:"enterprise"` // OID in digits, valid inside the call
	Agent        netip.Addr    `zeek:"agent"`
	GenericTrap  int64         `zeek:"generic_trap"`
	SpecificTrap int64         `zeek:"specific_trap"`
	TimeStamp    uint64        `zeek:"time_stamp"`                     // since the agent's start, in hundredths of a second
	Bindings     []SNMPBinding `zeek:"bindings" type:"SNMP::Bindings"` // valid inside the call
}

// SNMPBulkPDU is the PDU of a GetBulkRequest (RFC 3416 section 3).
//
//wirelog:record SNMP::BulkPDU
type SNMPBulkPDU struct {
	RequestID      int64         `zeek:"request_id"`
	NonRepeaters   uint64        `zeek:"non_repeaters"`
	MaxRepetitions uint64        `zeek:"max_repetitions"`
	Bindings       []SNMPBinding `zeek:"bindings" type:"SNMP::Bindings"` // valid inside the call
}

// SNMPGetRequest is raised for an SNMP GetRequest (RFC 3416 section 4.2.1).
//
//wirelog:event snmp_get_request section=SNMP
type SNMPGetRequest struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPGetNextRequest is raised for an SNMP GetNextRequest (RFC 3416 section 4.2.2).
//
//wirelog:event snmp_get_next_request section=SNMP
type SNMPGetNextRequest struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPResponse is raised for an SNMP Response (RFC 3416 section 4.2.4).
//
//wirelog:event snmp_response section=SNMP
type SNMPResponse struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPSetRequest is raised for an SNMP SetRequest (RFC 3416 section 4.2.5).
//
//wirelog:event snmp_set_request section=SNMP
type SNMPSetRequest struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPTrap is raised for an SNMPv1 Trap (RFC 1157 section 4.1.6).
//
//wirelog:event snmp_trap section=SNMP
type SNMPTrap struct {
	Conn   Conn        `zeek:"c"`
	IsOrig bool        `zeek:"is_orig"`
	Header SNMPHeader  `zeek:"header"`
	PDU    SNMPTrapPDU `zeek:"pdu"`
}

// SNMPGetBulkRequest is raised for an SNMP GetBulkRequest (RFC 3416 section 4.2.3).
//
//wirelog:event snmp_get_bulk_request section=SNMP
type SNMPGetBulkRequest struct {
	Conn   Conn        `zeek:"c"`
	IsOrig bool        `zeek:"is_orig"`
	Header SNMPHeader  `zeek:"header"`
	PDU    SNMPBulkPDU `zeek:"pdu"`
}

// SNMPInformRequest is raised for an SNMP InformRequest, a notification that must be
// confirmed (RFC 3416 section 4.2.7).
//
//wirelog:event snmp_inform_request section=SNMP
type SNMPInformRequest struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPTrapV2 is raised for an SNMPv2 Trap (RFC 3416 section 4.2.6).
//
//wirelog:event snmp_trapV2 section=SNMP
type SNMPTrapV2 struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPReport is raised for an SNMP Report, an error between engines (RFC 3416 section
// 4.2.8).
//
//wirelog:event snmp_report section=SNMP
type SNMPReport struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	PDU    SNMPPDU    `zeek:"pdu"`
}

// SNMPUnknownPDU is raised for an SNMP message whose PDU has an unknown type.
//
//wirelog:event snmp_unknown_pdu section=SNMP
type SNMPUnknownPDU struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	Tag    uint64     `zeek:"tag"`
}

// SNMPUnknownScopedPDU is raised for an SNMPv3 message whose scoped PDU is neither plain
// nor encrypted.
//
//wirelog:event snmp_unknown_scoped_pdu section=SNMP
type SNMPUnknownScopedPDU struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
	Tag    uint64     `zeek:"tag"`
}

// SNMPEncryptedPDU is raised for an SNMPv3 message whose scoped PDU is encrypted (RFC
// 3412 section 6.7).
//
//wirelog:event snmp_encrypted_pdu section=SNMP
type SNMPEncryptedPDU struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Header SNMPHeader `zeek:"header"`
}

// SNMPUnknownHeaderVersion is raised for an SNMP message whose version is none of 1, 2c
// and 3.
//
//wirelog:event snmp_unknown_header_version section=SNMP
type SNMPUnknownHeaderVersion struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Version uint64 `zeek:"version"`
}
