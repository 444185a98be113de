package logs

import (
	"bytes"
	"crypto/md5"
	"strconv"
	"sync"
)

// ipsecAttributeTypes has the names of attributes of transforms (RFC 2409 appendix A), of which
// IKEv2 has Key Length only, as the package has them.
var ipsecAttributeTypes = [...]string{
	1: "Encryption Algorithm", 2: "Hash Algorithm", 3: "Authentication Method", 4: "Group Description", 5: "Group Type",
	6: "Group Prime/Irreducible Polynomial", 7: "Group Generator One", 8: "Group Generator Two", 9: "Group Curve A",
	10: "Group Curve B", 11: "Life Type", 12: "Life Duration", 13: "PRF", 14: "Key Length", 15: "Field Size", 16: "Group Order",
}

// ipsecNotifyV1 has the names of the notifications of version 1 (RFC 2408 section 3.14.1, RFC
// 2407 section 4.6.3, RFC 3706 section 5.1). Those that version 2 has too have its spelling.
var ipsecNotifyV1 = map[uint64]string{
	1: "INVALID_PAYLOAD_TYPE", 2: "DOI_NOT_SUPPORTED", 3: "SITUATION_NOT_SUPPORTED", 4: "INVALID_COOKIE",
	5: "INVALID_MAJOR_VERSION", 6: "INVALID_MINOR_VERSION", 7: "INVALID_EXCHANGE_TYPE", 8: "INVALID_FLAGS",
	9: "INVALID_MESSAGE_ID", 10: "INVALID_PROTOCOL_ID", 11: "INVALID_SPI", 12: "INVALID_TRANSFORM_ID",
	13: "ATTRIBUTES_NOT_SUPPORTED", 14: "NO_PROPOSAL_CHOSEN", 15: "BAD_PROPOSAL_SYNTAX", 16: "PAYLOAD_MALFORMED",
	17: "INVALID_KEY_INFORMATION", 18: "INVALID_ID_INFORMATION", 19: "INVALID_CERT_ENCODING", 20: "INVALID_CERTIFICATE",
	21: "CERT_TYPE_UNSUPPORTED", 22: "INVALID_CERT_AUTHORITY", 23: "INVALID_HASH_INFORMATION", 24: "AUTHENTICATION_FAILED",
	25: "INVALID_SIGNATURE", 26: "ADDRESS_NOTIFICATION", 27: "NOTIFY_SA_LIFETIME", 28: "CERTIFICATE_UNAVAILABLE",
	29: "UNSUPPORTED_EXCHANGE_TYPE", 30: "UNEQUAL_PAYLOAD_LENGTHS",
	16384: "CONNECTED", 24576: "RESPONDER_LIFETIME", 24577: "REPLAY_STATUS", 24578: "INITIAL_CONTACT",
	36136: "R_U_THERE", 36137: "R_U_THERE_ACK",
}

// ipsecNotifyV2 has the names of the notifications of version 2 in IANA's registry of IKEv2
// parameters.
var ipsecNotifyV2 = map[uint64]string{
	1: "UNSUPPORTED_CRITICAL_PAYLOAD", 4: "INVALID_IKE_SPI", 5: "INVALID_MAJOR_VERSION", 7: "INVALID_SYNTAX",
	9: "INVALID_MESSAGE_ID", 11: "INVALID_SPI", 14: "NO_PROPOSAL_CHOSEN", 17: "INVALID_KE_PAYLOAD",
	24: "AUTHENTICATION_FAILED", 34: "SINGLE_PAIR_REQUIRED", 35: "NO_ADDITIONAL_SAS", 36: "INTERNAL_ADDRESS_FAILURE",
	37: "FAILED_CP_REQUIRED", 38: "TS_UNACCEPTABLE", 39: "INVALID_SELECTORS", 40: "UNACCEPTABLE_ADDRESSES",
	41: "UNEXPECTED_NAT_DETECTED", 42: "USE_ASSIGNED_HoA", 43: "TEMPORARY_FAILURE", 44: "CHILD_SA_NOT_FOUND",
	45: "INVALID_GROUP_ID", 46: "AUTHORIZATION_FAILED", 47: "STATE_NOT_FOUND", 48: "TS_MAX_QUEUE",
	16384: "INITIAL_CONTACT", 16385: "SET_WINDOW_SIZE", 16386: "ADDITIONAL_TS_POSSIBLE", 16387: "IPCOMP_SUPPORTED",
	16388: "NAT_DETECTION_SOURCE_IP", 16389: "NAT_DETECTION_DESTINATION_IP", 16390: "COOKIE", 16391: "USE_TRANSPORT_MODE",
	16392: "HTTP_CERT_LOOKUP_SUPPORTED", 16393: "REKEY_SA", 16394: "ESP_TFC_PADDING_NOT_SUPPORTED",
	16395: "NON_FIRST_FRAGMENTS_ALSO", 16396: "MOBIKE_SUPPORTED", 16397: "ADDITIONAL_IP4_ADDRESS",
	16398: "ADDITIONAL_IP6_ADDRESS", 16399: "NO_ADDITIONAL_ADDRESSES", 16400: "UPDATE_SA_ADDRESSES", 16401: "COOKIE2",
	16402: "NO_NATS_ALLOWED", 16403: "AUTH_LIFETIME", 16404: "MULTIPLE_AUTH_SUPPORTED", 16405: "ANOTHER_AUTH_FOLLOWS",
	16406: "REDIRECT_SUPPORTED", 16407: "REDIRECT", 16408: "REDIRECTED_FROM", 16409: "TICKET_LT_OPAQUE",
	16410: "TICKET_REQUEST", 16411: "TICKET_ACK", 16412: "TICKET_NACK", 16413: "TICKET_OPAQUE", 16414: "LINK_ID",
	16415: "USE_WESP_MODE", 16416: "ROHC_SUPPORTED", 16417: "EAP_ONLY_AUTHENTICATION", 16418: "CHILDLESS_IKEV2_SUPPORTED",
	16419: "QUICK_CRASH_DETECTION", 16420: "IKEV2_MESSAGE_ID_SYNC_SUPPORTED", 16421: "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED",
	16422: "IKEV2_MESSAGE_ID_SYNC", 16423: "IPSEC_REPLAY_COUNTER_SYNC", 16424: "SECURE_PASSWORD_METHODS", 16425: "PSK_PERSIST",
	16426: "PSK_CONFIRM", 16427: "ERX_SUPPORTED", 16428: "IFOM_CAPABILITY", 16429: "SENDER_REQUEST_ID",
	16430: "IKEV2_FRAGMENTATION_SUPPORTED", 16431: "SIGNATURE_HASH_ALGORITHMS", 16432: "CLONE_IKE_SA_SUPPORTED",
	16433: "CLONE_IKE_SA", 16434: "PUZZLE", 16435: "USE_PPK", 16436: "PPK_IDENTITY", 16437: "NO_PPK_AUTH",
	16438: "INTERMEDIATE_EXCHANGE_SUPPORTED", 16439: "IP4_ALLOWED", 16440: "IP6_ALLOWED", 16441: "ADDITIONAL_KEY_EXCHANGE",
	16442: "USE_AGGFRAG", 16443: "SUPPORTED_AUTH_METHODS",
}

// A vendorPrefix is what vendor IDs begin with.
type vendorPrefix struct {
	name, bytes string
}

// vendorPrefixes are vendor IDs that are no MD5 sum of a text, or have more after it.
var vendorPrefixes = []vendorPrefix{
	{"Dead Peer Detection", "\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57"}, // RFC 3706 section 5
	{"XAUTH", "\x09\x00\x26\x89\xdf\xd6\xb7\x12"},                                       // draft-beaulieu-ike-xauth section 3
	{"Cisco Unity", "\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc"},
	{"Cisco VPN Concentrator", "\x1f\x07\xf7\x0e\xaa\x65\x14\xd3\xb0\xfa\x96\x54\x2a"},
}

// vendorTexts are the names of vendor IDs, and the texts that they are MD5 sums of where these
// differ.
var vendorTexts = [][2]string{
	{"RFC 3947 NAT-T", "RFC 3947"}, {"RFC XXXX"}, {"Testing NAT-T RFC"},
	{"draft-stenberg-ipsec-nat-traversal-01"}, {"draft-stenberg-ipsec-nat-traversal-02"},
	{"draft-huttunen-ipsec-esp-in-udp-00.txt"},
	{"draft-ietf-ipsec-nat-t-ike-02", "draft-ietf-ipsec-nat-t-ike-02\n"},
	{"IKE Fragmentation", "FRAGMENTATION"},
	{"MS NT5 ISAKMPOAKLEY"}, {"MS-Negotiation Discovery Capable"}, {"MS-MamieExists"}, {"IKE CGA version 1"},
	{"Microsoft Initial-Contact", "Vid-Initial-Contact"}, {"GSSAPI"},
	{"ESPThruNAT"}, {"KAME/racoon"}, {"SSH Sentinel"},
	{"SSH QuickSec 1.1.0", "SSH Communications Security QuickSec 1.1.0"},
	{"SSH QuickSec 2.1.0", "SSH Communications Security QuickSec 2.1.0"},
	{"strongSwan"}, // of every release from 4.3.6 on, which need not tell its version
}

// windowsReleases are the names of the number after the sum of MS NT5 ISAKMPOAKLEY.
var windowsReleases = map[uint32]string{
	2: "Windows-2000", 3: "Windows-XP-SP1", 4: "Windows-2003-or-XP-SP2", 5: "Windows-Vista", 6: "Windows-2008",
	7: "Windows-7", 8: "Windows-2008-R2", 9: "Windows-8", 0x10: "Windows-2012",
}

// strongSwanReleases are the last release of each branch whose vendor ID has its number.
var strongSwanReleases = [][3]int{
	{2, 2, 2}, {2, 3, 2}, {2, 4, 4}, {2, 5, 7}, {2, 6, 4}, {2, 7, 3}, {2, 8, 11},
	{4, 0, 7}, {4, 1, 11}, {4, 2, 17}, {4, 3, 7}, {4, 4, 1}, {4, 5, 3}, {4, 6, 4}, {5, 0, 4}, {5, 1, 3},
}

// vendorSums returns the names of vendor IDs that are MD5 sums.
var vendorSums = sync.OnceValue(func() map[[md5.Size]byte]string {
	sums := make(map[[md5.Size]byte]string)
	for _, t := range vendorTexts {
		s := t[1]
		if s == "" {
			s = t[0]
		}
		sums[md5.Sum([]byte(s))] = t[0]
	}
	for n := range 10 {
		s := "draft-ietf-ipsec-nat-t-ike-0" + string(rune('0'+n))
		sums[md5.Sum([]byte(s))] = s
	}
	for _, r := range strongSwanReleases {
		for n := range r[2] + 1 {
			s := "strongSwan " + strconv.Itoa(r[0]) + "." + strconv.Itoa(r[1]) + "." + strconv.Itoa(n)
			sums[md5.Sum([]byte(s))] = s
		}
	}
	return sums
})

// vendorName returns the name of a vendor ID, or "". A vendor ID may have more after the bytes
// that name it, such as a version.
func vendorName(id []byte) string {
	for i := range vendorPrefixes {
		if p := &vendorPrefixes[i]; bytes.HasPrefix(id, []byte(p.bytes)) {
			return p.name
		}
	}
	if len(id) < md5.Size {
		return ""
	}
	name := vendorSums()[[md5.Size]byte(id)]
	if rest := id[md5.Size:]; name == vendorWindows && len(rest) >= 4 {
		n := uint32(rest[0])<<24 | uint32(rest[1])<<16 | uint32(rest[2])<<8 | uint32(rest[3])
		if release := windowsReleases[n]; release != "" {
			return release
		}
		return "Windows"
	}
	return name
}

const vendorWindows = "MS NT5 ISAKMPOAKLEY"
