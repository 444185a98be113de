package schemas

import "github.com/wirelog/wirelog/value"

// LDAP is an LDAP operation other than a search: the messages of a connection with one
// identifier.
//
//wirelog:log ldap
type LDAP struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Identifier of the messages.
	MessageID value.Opt[int64] `zeek:"message_id"`
	// Version of the protocol, of a bind.
	Version value.Opt[int64] `zeek:"version"`
	// Name of the operation, such as bind simple, modify or unbind.
	Opcode value.Opt[string] `zeek:"opcode"`
	// Result of the operation.
	Result value.Opt[string] `zeek:"result"`
	// The server's message beside the result.
	DiagnosticMessage value.Opt[string] `zeek:"diagnostic_message"`
	// What the operation is about: a DN, or the OID of an extended operation.
	Object value.Opt[string] `zeek:"object"`
	// Argument of the operation: the changes of a modify, the SASL mechanism of a bind;
	// passwords are REDACTED.
	Argument value.Opt[string] `zeek:"argument"`
	*Flow
}

// LDAPSearch is an LDAP search with its result.
//
//wirelog:log ldap_search
type LDAPSearch struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Identifier of the messages.
	MessageID value.Opt[int64] `zeek:"message_id"`
	// What is searched: base, single or tree.
	Scope value.Opt[string] `zeek:"scope"`
	// When aliases are followed: never, searching, finding or always.
	DerefAliases value.Opt[string] `zeek:"deref_aliases"`
	// DN where the search begins.
	BaseObject value.Opt[string] `zeek:"base_object"`
	// Number of entries found.
	ResultCount value.Opt[uint64] `zeek:"result_count"`
	// Result of the search.
	Result value.Opt[string] `zeek:"result"`
	// The server's message beside the result.
	DiagnosticMessage value.Opt[string] `zeek:"diagnostic_message"`
	// The filter as a string.
	Filter value.Opt[string] `zeek:"filter"`
	// Attributes asked for, if ldap.default_log_search_attributes is set.
	Attributes value.Vector[string] `zeek:"attributes"`
	*Flow
}
