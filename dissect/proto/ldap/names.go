package ldap

import "github.com/wirelog/wirelog/value"

// named returns the name with the index n, or undef if there is none.
func named(names []value.Enum, n uint64, undef value.Enum) value.Enum {
	if n < uint64(len(names)) && names[n] != "" {
		return names[n]
	}
	return undef
}

// The functions below return Zeek's names of numbers. An unknown one is Undef.

// opcode names an operation.
func opcode(n uint64) value.Enum { return named(opcodeNames[:], n, "LDAP::ProtocolOpcode_Undef") }

var opcodeNames = [...]value.Enum{
	opBindRequest:      "LDAP::ProtocolOpcode_BIND_REQUEST",
	opBindResponse:     "LDAP::ProtocolOpcode_BIND_RESPONSE",
	opUnbindRequest:    "LDAP::ProtocolOpcode_UNBIND_REQUEST",
	opSearchRequest:    "LDAP::ProtocolOpcode_SEARCH_REQUEST",
	opSearchEntry:      "LDAP::ProtocolOpcode_SEARCH_RESULT_ENTRY",
	opSearchDone:       "LDAP::ProtocolOpcode_SEARCH_RESULT_DONE",
	opModifyRequest:    "LDAP::ProtocolOpcode_MODIFY_REQUEST",
	opModifyResponse:   "LDAP::ProtocolOpcode_MODIFY_RESPONSE",
	opAddRequest:       "LDAP::ProtocolOpcode_ADD_REQUEST",
	opAddResponse:      "LDAP::ProtocolOpcode_ADD_RESPONSE",
	opDelRequest:       "LDAP::ProtocolOpcode_DEL_REQUEST",
	opDelResponse:      "LDAP::ProtocolOpcode_DEL_RESPONSE",
	opModDNRequest:     "LDAP::ProtocolOpcode_MOD_DN_REQUEST",
	opModDNResponse:    "LDAP::ProtocolOpcode_MOD_DN_RESPONSE",
	opCompareRequest:   "LDAP::ProtocolOpcode_COMPARE_REQUEST",
	opCompareResponse:  "LDAP::ProtocolOpcode_COMPARE_RESPONSE",
	opAbandonRequest:   "LDAP::ProtocolOpcode_ABANDON_REQUEST",
	opSearchReference:  "LDAP::ProtocolOpcode_SEARCH_RESULT_REFERENCE",
	opExtendedRequest:  "LDAP::ProtocolOpcode_EXTENDED_REQUEST",
	opExtendedResponse: "LDAP::ProtocolOpcode_EXTENDED_RESPONSE",
	opIntermediate:     "LDAP::ProtocolOpcode_INTERMEDIATE_RESPONSE",
}

// resultCode names a result (RFC 4511 appendix A and the extensions).
func resultCode(n int64) value.Enum {
	return named(resultCodeNames[:], uint64(n), "LDAP::ResultCode_Undef")
}

var resultCodeNames = [...]value.Enum{
	0:   "LDAP::ResultCode_SUCCESS",
	1:   "LDAP::ResultCode_OPERATIONS_ERROR",
	2:   "LDAP::ResultCode_PROTOCOL_ERROR",
	3:   "LDAP::ResultCode_TIME_LIMIT_EXCEEDED",
	4:   "LDAP::ResultCode_SIZE_LIMIT_EXCEEDED",
	5:   "LDAP::ResultCode_COMPARE_FALSE",
	6:   "LDAP::ResultCode_COMPARE_TRUE",
	7:   "LDAP::ResultCode_AUTH_METHOD_NOT_SUPPORTED",
	8:   "LDAP::ResultCode_STRONGER_AUTH_REQUIRED",
	9:   "LDAP::ResultCode_PARTIAL_RESULTS",
	10:  "LDAP::ResultCode_REFERRAL",
	11:  "LDAP::ResultCode_ADMIN_LIMIT_EXCEEDED",
	12:  "LDAP::ResultCode_UNAVAILABLE_CRITICAL_EXTENSION",
	13:  "LDAP::ResultCode_CONFIDENTIALITY_REQUIRED",
	14:  "LDAP::ResultCode_SASL_BIND_IN_PROGRESS",
	16:  "LDAP::ResultCode_NO_SUCH_ATTRIBUTE",
	17:  "LDAP::ResultCode_UNDEFINED_ATTRIBUTE_TYPE",
	18:  "LDAP::ResultCode_INAPPROPRIATE_MATCHING",
	19:  "LDAP::ResultCode_CONSTRAINT_VIOLATION",
	20:  "LDAP::ResultCode_ATTRIBUTE_OR_VALUE_EXISTS",
	21:  "LDAP::ResultCode_INVALID_ATTRIBUTE_SYNTAX",
	32:  "LDAP::ResultCode_NO_SUCH_OBJECT",
	33:  "LDAP::ResultCode_ALIAS_PROBLEM",
	34:  "LDAP::ResultCode_INVALID_DNSYNTAX",
	36:  "LDAP::ResultCode_ALIAS_DEREFERENCING_PROBLEM",
	48:  "LDAP::ResultCode_INAPPROPRIATE_AUTHENTICATION",
	49:  "LDAP::ResultCode_INVALID_CREDENTIALS",
	50:  "LDAP::ResultCode_INSUFFICIENT_ACCESS_RIGHTS",
	51:  "LDAP::ResultCode_BUSY",
	52:  "LDAP::ResultCode_UNAVAILABLE",
	53:  "LDAP::ResultCode_UNWILLING_TO_PERFORM",
	54:  "LDAP::ResultCode_LOOP_DETECT",
	60:  "LDAP::ResultCode_SORT_CONTROL_MISSING",
	61:  "LDAP::ResultCode_OFFSET_RANGE_ERROR",
	64:  "LDAP::ResultCode_NAMING_VIOLATION",
	65:  "LDAP::ResultCode_OBJECT_CLASS_VIOLATION",
	66:  "LDAP::ResultCode_NOT_ALLOWED_ON_NON_LEAF",
	67:  "LDAP::ResultCode_NOT_ALLOWED_ON_RDN",
	68:  "LDAP::ResultCode_ENTRY_ALREADY_EXISTS",
	69:  "LDAP::ResultCode_OBJECT_CLASS_MODS_PROHIBITED",
	70:  "LDAP::ResultCode_RESULTS_TOO_LARGE",
	71:  "LDAP::ResultCode_AFFECTS_MULTIPLE_DSAS",
	76:  "LDAP::ResultCode_CONTROL_ERROR",
	80:  "LDAP::ResultCode_OTHER",
	81:  "LDAP::ResultCode_SERVER_DOWN",
	82:  "LDAP::ResultCode_LOCAL_ERROR",
	83:  "LDAP::ResultCode_ENCODING_ERROR",
	84:  "LDAP::ResultCode_DECODING_ERROR",
	85:  "LDAP::ResultCode_TIMEOUT",
	86:  "LDAP::ResultCode_AUTH_UNKNOWN",
	87:  "LDAP::ResultCode_FILTER_ERROR",
	88:  "LDAP::ResultCode_USER_CANCELED",
	89:  "LDAP::ResultCode_PARAM_ERROR",
	90:  "LDAP::ResultCode_NO_MEMORY",
	91:  "LDAP::ResultCode_CONNECT_ERROR",
	92:  "LDAP::ResultCode_NOT_SUPPORTED",
	93:  "LDAP::ResultCode_CONTROL_NOT_FOUND",
	94:  "LDAP::ResultCode_NO_RESULTS_RETURNED",
	95:  "LDAP::ResultCode_MORE_RESULTS_TO_RETURN",
	96:  "LDAP::ResultCode_CLIENT_LOOP",
	97:  "LDAP::ResultCode_REFERRAL_LIMIT_EXCEEDED",
	100: "LDAP::ResultCode_INVALID_RESPONSE",
	101: "LDAP::ResultCode_AMBIGUOUS_RESPONSE",
	112: "LDAP::ResultCode_TLS_NOT_SUPPORTED",
	113: "LDAP::ResultCode_INTERMEDIATE_RESPONSE",
	114: "LDAP::ResultCode_UNKNOWN_TYPE",
	115: "LDAP::ResultCode_LCUP_INVALID_DATA",
	116: "LDAP::ResultCode_LCUP_UNSUPPORTED_SCHEME",
	117: "LDAP::ResultCode_LCUP_RELOAD_REQUIRED",
	118: "LDAP::ResultCode_CANCELED",
	119: "LDAP::ResultCode_NO_SUCH_OPERATION",
	120: "LDAP::ResultCode_TOO_LATE",
	121: "LDAP::ResultCode_CANNOT_CANCEL",
	122: "LDAP::ResultCode_ASSERTION_FAILED",
	123: "LDAP::ResultCode_AUTHORIZATION_DENIED",
}

// authType names a choice of authentication.
func authType(n uint64) value.Enum { return named(authTypeNames[:], n, "LDAP::BindAuthType_Undef") }

var authTypeNames = [...]value.Enum{
	authSimple:          "LDAP::BindAuthType_BIND_AUTH_SIMPLE",
	authSASL:            "LDAP::BindAuthType_BIND_AUTH_SASL",
	9:                   "LDAP::BindAuthType_SICILY_PACKAGE_DISCOVERY",
	authSicilyNegotiate: "LDAP::BindAuthType_SICILY_NEGOTIATE",
	authSicilyResponse:  "LDAP::BindAuthType_SICILY_RESPONSE",
}

// searchScope names the scope of a search (RFC 4511 section 4.5.1.2).
func searchScope(n uint64) value.Enum {
	return named(searchScopeNames[:], n, "LDAP::SearchScope_Undef")
}

var searchScopeNames = [...]value.Enum{
	0: "LDAP::SearchScope_SEARCH_BASE",
	1: "LDAP::SearchScope_SEARCH_SINGLE",
	2: "LDAP::SearchScope_SEARCH_TREE",
}

// derefAlias names when a search follows aliases (RFC 4511 section 4.5.1.3).
func derefAlias(n uint64) value.Enum {
	return named(derefAliasNames[:], n, "LDAP::SearchDerefAlias_Undef")
}

var derefAliasNames = [...]value.Enum{
	0: "LDAP::SearchDerefAlias_DEREF_NEVER",
	1: "LDAP::SearchDerefAlias_DEREF_IN_SEARCHING",
	2: "LDAP::SearchDerefAlias_DEREF_FINDING_BASE",
	3: "LDAP::SearchDerefAlias_DEREF_ALWAYS",
}
