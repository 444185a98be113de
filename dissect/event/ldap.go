package event

import "github.com/wirelog/wirelog/value"

// LDAPMessage is raised for every LDAP message (RFC 4511 section 4.1.1), after the events
// of its operation.
//
//wirelog:event LDAP::message section=LDAP own
type LDAPMessage struct {
	Conn              Conn       `zeek:"c"`
	MessageID         int64      `zeek:"message_id"`
	Opcode            value.Enum `zeek:"opcode" type:"LDAP::ProtocolOpcode"`
	Result            value.Enum `zeek:"result" type:"LDAP::ResultCode"` // of a response
	MatchedDN         []byte     `zeek:"matched_dn"`                     // of a response; valid inside the call
	DiagnosticMessage []byte     `zeek:"diagnostic_message"`             // of a response; valid inside the call
	Object            []byte     `zeek:"object"`                         // what the operation is about; valid inside the call
	Argument          []byte     `zeek:"argument"`                       // of the operation; valid inside the call
	// OpcodeNumber is the number of Opcode (the tag of protocolOp).
	OpcodeNumber uint64 `zeek:"-"`
	// ResultNumber is the number of Result, -1 without one.
	ResultNumber int64 `zeek:"-"`
}

// LDAPBindRequest is raised for a request to authenticate (RFC 4511 section 4.2).
//
//wirelog:event LDAP::bind_request section=LDAP own
type LDAPBindRequest struct {
	Conn      Conn       `zeek:"c"`
	MessageID int64      `zeek:"message_id"`
	Version   int64      `zeek:"version"`
	Name      []byte     `zeek:"name"` // the DN that authenticates; valid inside the call
	AuthType  value.Enum `zeek:"auth_type" type:"LDAP::BindAuthType"`
	AuthInfo  []byte     `zeek:"auth_info"` // the password or the SASL mechanism; valid inside the call
	// AuthNumber is the number of AuthType (the tag of the choice).
	AuthNumber uint64 `zeek:"-"`
}

// LDAPSearchRequest is raised for a search (RFC 4511 section 4.5.1).
//
//wirelog:event LDAP::search_request section=LDAP own
type LDAPSearchRequest struct {
	Conn       Conn       `zeek:"c"`
	MessageID  int64      `zeek:"message_id"`
	BaseObject []byte     `zeek:"base_object"` // valid inside the call
	Scope      value.Enum `zeek:"scope" type:"LDAP::SearchScope"`
	Deref      value.Enum `zeek:"deref" type:"LDAP::SearchDerefAlias"`
	SizeLimit  int64      `zeek:"size_limit"` // entries; 0 for none
	TimeLimit  int64      `zeek:"time_limit"` // seconds; 0 for none
	TypesOnly  bool       `zeek:"types_only"`
	Filter     []byte     `zeek:"filter"`                             // as a string (RFC 4515); valid inside the call
	Attributes [][]byte   `zeek:"attributes" type:"vector of string"` // asked for; valid inside the call
	// ScopeNumber and DerefNumber are the numbers of Scope and Deref.
	ScopeNumber uint64 `zeek:"-"`
	DerefNumber uint64 `zeek:"-"`
}

// LDAPSearchResultEntry is raised for an entry that a search has found (RFC 4511 section
// 4.5.2).
//
//wirelog:event LDAP::search_result_entry section=LDAP own
type LDAPSearchResultEntry struct {
	Conn       Conn   `zeek:"c"`
	MessageID  int64  `zeek:"message_id"`
	ObjectName []byte `zeek:"object_name"` // DN of the entry; valid inside the call
}

// LDAPExtendedRequest is raised for an extended operation (RFC 4511 section 4.12).
//
//wirelog:event LDAP::extended_request section=LDAP own
type LDAPExtendedRequest struct {
	Conn         Conn   `zeek:"c"`
	MessageID    int64  `zeek:"message_id"`
	RequestName  []byte `zeek:"request_name"`  // OID; valid inside the call
	RequestValue []byte `zeek:"request_value"` // empty without one; valid inside the call
}

// LDAPExtendedResponse is raised for the response to an extended operation (RFC 4511
// section 4.12).
//
//wirelog:event LDAP::extended_response section=LDAP own
type LDAPExtendedResponse struct {
	Conn          Conn       `zeek:"c"`
	MessageID     int64      `zeek:"message_id"`
	Result        value.Enum `zeek:"result" type:"LDAP::ResultCode"`
	ResponseName  []byte     `zeek:"response_name"`  // OID, empty without one; valid inside the call
	ResponseValue []byte     `zeek:"response_value"` // empty without one; valid inside the call
}

// LDAPStartTLS is raised when an LDAP connection changes to TLS (RFC 4511 section 4.14).
//
//wirelog:event LDAP::starttls section=LDAP own
type LDAPStartTLS struct {
	Conn Conn `zeek:"c"`
}
