package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// KRBKDCOptions are the flags of a request to a KDC (RFC 4120 section 5.4.1).
//
//wirelog:record KRB::KDC_Options
type KRBKDCOptions struct {
	Forwardable           bool `zeek:"forwardable"`
	Forwarded             bool `zeek:"forwarded"`
	Proxiable             bool `zeek:"proxiable"`
	Proxy                 bool `zeek:"proxy"`
	AllowPostdate         bool `zeek:"allow_postdate"`
	Postdated             bool `zeek:"postdated"`
	Renewable             bool `zeek:"renewable"`
	OptHardwareAuth       bool `zeek:"opt_hardware_auth"`
	DisableTransitedCheck bool `zeek:"disable_transited_check"`
	RenewableOK           bool `zeek:"renewable_ok"`
	EncTktInSkey          bool `zeek:"enc_tkt_in_skey"`
	Renew                 bool `zeek:"renew"`
	Validate              bool `zeek:"validate"`
}

// KRBAPOptions are the flags of an AP-REQ (RFC 4120 section 5.5.1).
//
//wirelog:record KRB::AP_Options
type KRBAPOptions struct {
	UseSessionKey  bool `zeek:"use_session_key"` // user-to-user authentication
	MutualRequired bool `zeek:"mutual_required"` // the service must prove its identity
}

// KRBTypeValue is a value with the number of its type.
//
//wirelog:record KRB::Type_Value
type KRBTypeValue struct {
	DataType uint64 `zeek:"data_type"`
	Val      []byte `zeek:"val"` // valid inside the call
}

// KRBEncryptedData is an encrypted part of a message (RFC 4120 section 5.2.9).
//
//wirelog:record KRB::Encrypted_Data
type KRBEncryptedData struct {
	KVNO       value.Opt[uint64] `zeek:"kvno"`       // version of the key
	Cipher     uint64            `zeek:"cipher"`     // encryption type
	Ciphertext []byte            `zeek:"ciphertext"` // valid inside the call
}

// KRBHostAddress is an address of a host (RFC 4120 section 5.2.5). One of its fields is
// set.
//
//wirelog:record KRB::Host_Address
type KRBHostAddress struct {
	IP      value.Opt[netip.Addr]   `zeek:"ip"`
	NetBIOS value.Opt[[]byte]       `zeek:"netbios"` // valid inside the call
	Unknown value.Opt[KRBTypeValue] `zeek:"unknown"` // an address of another type
}

// KRBTicketRecord is a ticket (RFC 4120 section 5.3).
//
//wirelog:record KRB::Ticket
type KRBTicketRecord struct {
	PVNO               uint64            `zeek:"pvno"`               // 5
	Realm              []byte            `zeek:"realm"`              // valid inside the call
	ServiceName        []byte            `zeek:"service_name"`       // its parts joined by slashes; valid inside the call
	Cipher             uint64            `zeek:"cipher"`             // encryption type
	Ciphertext         value.Opt[[]byte] `zeek:"ciphertext"`         // valid inside the call
	AuthenticationInfo value.Opt[[]byte] `zeek:"authenticationinfo"` // the client, if a key of krb.keytab fits; else empty over TCP; valid inside the call
}

// KRBKDCRequest is an AS-REQ or TGS-REQ (RFC 4120 section 5.4.1).
//
//wirelog:record KRB::KDC_Request
type KRBKDCRequest struct {
	PVNO    uint64 `zeek:"pvno"`     // 5
	MsgType uint64 `zeek:"msg_type"` // 10 for AS-REQ, 12 for TGS-REQ
	// PAData is pre-authentication data: the ciphertext of timestamps, the salt of
	// encryption types, the bytes of unknown elements. It has no tickets, which have
	// their own events, and no certificates, which are files.
	PAData            value.Opt[[]KRBTypeValue]    `zeek:"pa_data"` // valid inside the call
	KDCOptions        value.Opt[KRBKDCOptions]     `zeek:"kdc_options"`
	ClientName        value.Opt[[]byte]            `zeek:"client_name"`   // valid inside the call
	ServiceRealm      value.Opt[[]byte]            `zeek:"service_realm"` // valid inside the call
	ServiceName       value.Opt[[]byte]            `zeek:"service_name"`  // valid inside the call
	From              value.Opt[value.Time]        `zeek:"from"`
	Till              value.Opt[value.Time]        `zeek:"till"`
	RTime             value.Opt[value.Time]        `zeek:"rtime"` // requested end of renewability
	Nonce             value.Opt[uint64]            `zeek:"nonce"`
	EncryptionTypes   value.Opt[[]uint64]          `zeek:"encryption_types"`   // in order of preference; valid inside the call
	HostAddrs         value.Opt[[]KRBHostAddress]  `zeek:"host_addrs"`         // valid inside the call
	AdditionalTickets value.Opt[[]KRBTicketRecord] `zeek:"additional_tickets"` // valid inside the call
}

// KRBKDCResponse is an AS-REP or TGS-REP (RFC 4120 section 5.4.2).
//
//wirelog:record KRB::KDC_Response
type KRBKDCResponse struct {
	PVNO        uint64                    `zeek:"pvno"`         // 5
	MsgType     uint64                    `zeek:"msg_type"`     // 11 for AS-REP, 13 for TGS-REP
	PAData      value.Opt[[]KRBTypeValue] `zeek:"pa_data"`      // as in KRBKDCRequest; valid inside the call
	ClientRealm value.Opt[[]byte]         `zeek:"client_realm"` // valid inside the call
	ClientName  []byte                    `zeek:"client_name"`  // valid inside the call
	Ticket      KRBTicketRecord           `zeek:"ticket"`
	EncPart     KRBEncryptedData          `zeek:"enc_part"`
}

// KRBErrorMsg is a KRB-ERROR (RFC 4120 section 5.9.1).
//
//wirelog:record KRB::Error_Msg
type KRBErrorMsg struct {
	PVNO    value.Opt[uint64] `zeek:"pvno"`     // 5
	MsgType value.Opt[uint64] `zeek:"msg_type"` // 30
	// ClientTime and ServerTime have, as in Zeek, ten times the microseconds that were sent.
	ClientTime   value.Opt[value.Time]     `zeek:"client_time"`
	ServerTime   value.Opt[value.Time]     `zeek:"server_time"`
	ErrorCode    uint64                    `zeek:"error_code"`
	ClientRealm  value.Opt[[]byte]         `zeek:"client_realm"`  // valid inside the call
	ClientName   value.Opt[[]byte]         `zeek:"client_name"`   // valid inside the call
	ServiceRealm value.Opt[[]byte]         `zeek:"service_realm"` // valid inside the call
	ServiceName  value.Opt[[]byte]         `zeek:"service_name"`  // valid inside the call
	ErrorText    value.Opt[[]byte]         `zeek:"error_text"`    // valid inside the call
	PAData       value.Opt[[]KRBTypeValue] `zeek:"pa_data"`       // the pre-authentication that the KDC accepts; valid inside the call
}

// KRBSAFEMsg is a KRB-SAFE (RFC 4120 section 5.6.1).
//
//wirelog:record KRB::SAFE_Msg
type KRBSAFEMsg struct {
	PVNO      uint64                    `zeek:"pvno"`     // 5
	MsgType   uint64                    `zeek:"msg_type"` // 20
	Data      []byte                    `zeek:"data"`     // of the application; valid inside the call
	Timestamp value.Opt[value.Time]     `zeek:"timestamp"`
	Seq       value.Opt[uint64]         `zeek:"seq"` // sequence number
	Sender    value.Opt[KRBHostAddress] `zeek:"sender"`
	Recipient value.Opt[KRBHostAddress] `zeek:"recipient"`
}

// KRBASRequest is raised for an AS-REQ, a request for an initial ticket (RFC 4120
// section 5.4.1).
//
//wirelog:event krb_as_request section=KRB
type KRBASRequest struct {
	Conn Conn          `zeek:"c"`
	Msg  KRBKDCRequest `zeek:"msg"`
}

// KRBASResponse is raised for an AS-REP, which grants an initial ticket (RFC 4120 section
// 5.4.2).
//
//wirelog:event krb_as_response section=KRB
type KRBASResponse struct {
	Conn Conn           `zeek:"c"`
	Msg  KRBKDCResponse `zeek:"msg"`
}

// KRBTGSRequest is raised for a TGS-REQ, a request for a ticket to a service (RFC 4120
// section 5.4.1). A KRBAPRequest with the ticket that it presents comes before.
//
//wirelog:event krb_tgs_request section=KRB
type KRBTGSRequest struct {
	Conn Conn          `zeek:"c"`
	Msg  KRBKDCRequest `zeek:"msg"`
}

// KRBTGSResponse is raised for a TGS-REP, which grants a ticket to a service (RFC 4120
// section 5.4.2).
//
//wirelog:event krb_tgs_response section=KRB
type KRBTGSResponse struct {
	Conn Conn           `zeek:"c"`
	Msg  KRBKDCResponse `zeek:"msg"`
}

// KRBAPRequest is raised for an AP-REQ, with which a client presents a ticket to a
// service (RFC 4120 section 5.5.1), which may be the ticket-granting service.
//
//wirelog:event krb_ap_request section=KRB
type KRBAPRequest struct {
	Conn   Conn            `zeek:"c"`
	Ticket KRBTicketRecord `zeek:"ticket"`
	Opts   KRBAPOptions    `zeek:"opts"`
}

// KRBAPResponse is raised for an AP-REP, with which a service proves its identity to a
// client (RFC 4120 section 5.5.2).
//
//wirelog:event krb_ap_response section=KRB
type KRBAPResponse struct {
	Conn Conn `zeek:"c"`
}

// KRBError is raised for a KRB-ERROR (RFC 4120 section 5.9).
//
//wirelog:event krb_error section=KRB
type KRBError struct {
	Conn Conn        `zeek:"c"`
	Msg  KRBErrorMsg `zeek:"msg"`
}

// KRBSafe is raised for a KRB-SAFE, a checksummed message of an application (RFC 4120
// section 5.6).
//
//wirelog:event krb_safe section=KRB
type KRBSafe struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Msg    KRBSAFEMsg `zeek:"msg"`
}

// KRBPriv is raised for a KRB-PRIV, an encrypted message of an application (RFC 4120
// section 5.7).
//
//wirelog:event krb_priv section=KRB
type KRBPriv struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// KRBCred is raised for a KRB-CRED, which hands over tickets (RFC 4120 section 5.8).
//
//wirelog:event krb_cred section=KRB
type KRBCred struct {
	Conn    Conn              `zeek:"c"`
	IsOrig  bool              `zeek:"is_orig"`
	Tickets []KRBTicketRecord `zeek:"tickets" type:"KRB::Ticket_Vector"` // valid inside the call
}
