package logs

import "strconv"

// The names of Zeek's base/protocols/dns/consts.zeek.

// dnsTypes are the names of the first record types, by number.
var dnsTypes = [...]string{
	1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL",
	11: "WKS", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN",
	21: "RT", 22: "NSAP", 23: "NSAP-PTR", 24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT",
	31: "EID", 32: "NIMLOC", 33: "SRV", 34: "ATMA", 35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6", 39: "DNAME", 40: "SINK",
	41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3",
	51: "NSEC3PARAM", 52: "TLSA", 53: "SMIMEA", 55: "HIP", 56: "NINFO", 57: "RKEY", 58: "TALINK", 59: "CDS", 60: "CDNSKEY",
	61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB", 65: "HTTPS", 99: "SPF", 100: "UINFO",
	101: "UID", 102: "GID", 103: "UNSPEC", 104: "NID", 105: "L32", 106: "L64", 107: "LP", 108: "EUI48", 109: "EUI64",
}

// dnsTypeName returns the name of a record type, or "".
func dnsTypeName(n uint64) string {
	if n < uint64(len(dnsTypes)) {
		return dnsTypes[n]
	}
	switch n {
	case 249:
		return "TKEY"
	case 250:
		return "TSIG"
	case 251:
		return "IXFR"
	case 252:
		return "AXFR"
	case 253:
		return "MAILB"
	case 254:
		return "MAILA"
	case 255:
		return "*"
	case 256:
		return "URI"
	case 257:
		return "CAA"
	case 32768:
		return "TA"
	case 32769:
		return "DLV"
	case 65281:
		return "WINS"
	case 65282:
		return "WINS-R"
	case 65422:
		return "XPF"
	case 65521:
		return "INTEGRITY"
	}
	return ""
}

// appendDNSType appends the name of a record type.
func appendDNSType(dst []byte, n uint64) []byte {
	if name := dnsTypeName(n); name != "" {
		return append(dst, name...)
	}
	return strconv.AppendUint(append(dst, "query-"...), n, 10)
}

// dnsClassName returns the name of a class, or "".
func dnsClassName(n uint64) string {
	switch n {
	case 1:
		return "C_INTERNET"
	case 2:
		return "C_CSNET"
	case 3:
		return "C_CHAOS"
	case 4:
		return "C_HESIOD"
	case dnsClassNone:
		return "C_NONE"
	case dnsAny:
		return "C_ANY"
	}
	return ""
}

// appendDNSClass appends the name of a class.
func appendDNSClass(dst []byte, n uint64) []byte {
	if name := dnsClassName(n); name != "" {
		return append(dst, name...)
	}
	return strconv.AppendUint(append(dst, "qclass-"...), n, 10)
}

// dnsRCodes are the names of the response codes that fit into a header.
var dnsRCodes = [16]string{
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
	"NXRRSet", "NOTAUTH", "NOTZONE", "unassigned-11", "unassigned-12", "unassigned-13", "unassigned-14", "unassigned-15",
}

// dnsOpcodes and netBIOSOpcodes are the names of the kinds of messages that are logged.
var (
	dnsOpcodes     = [16]string{dnsOpQuery: "query", dnsOpNotify: "notify", dnsOpUpdate: "dynamic-update"}
	netBIOSOpcodes = [16]string{dnsOpQuery: "netbios-query", dnsOpNotify: "netbios-opcode-4", dnsOpUpdate: "netbios-registration"}
)

const (
	dnsOpQuery  = 0
	dnsOpNotify = 4
	dnsOpUpdate = 5

	dnsClassNone = 254
	dnsAny       = 255 // as a class and as a type
)
