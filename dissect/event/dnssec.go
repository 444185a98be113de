package event

import "github.com/wirelog/wirelog/value"

// DNSRRSIGRR is a signature over a set of records (RFC 4034 section 3.1).
//
//wirelog:record dns_rrsig_rr
type DNSRRSIGRR struct {
	Query       []byte         `zeek:"query"`        // owner name, valid inside the call
	AnswerType  uint64         `zeek:"answer_type"`  // section of the message
	TypeCovered uint64         `zeek:"type_covered"` // type of the records
	Algorithm   uint64         `zeek:"algorithm"`    // IANA dns-sec-alg-numbers
	Labels      uint64         `zeek:"labels"`       // of the owner name
	OrigTTL     value.Interval `zeek:"orig_ttl"`     // time to live in the zone
	SigExp      value.Time     `zeek:"sig_exp"`      // expiration
	SigIncep    value.Time     `zeek:"sig_incep"`    // inception
	KeyTag      uint64         `zeek:"key_tag"`
	SignerName  []byte         `zeek:"signer_name"` // in lower case, valid inside the call
	Signature   []byte         `zeek:"signature"`   // valid inside the call
	IsQuery     uint64         `zeek:"is_query"`    // 1 when the originator sent it
}

// DNSRRSIG is raised for an RRSIG record, the signature of a set of records.
//
//wirelog:event dns_RRSIG section=DNS
type DNSRRSIG struct {
	Conn  Conn       `zeek:"c"`
	Msg   DNSMsg     `zeek:"msg"`
	Ans   DNSAnswer  `zeek:"ans"`
	RRSIG DNSRRSIGRR `zeek:"rrsig"`
}

// DNSDNSKEYRR is a public key (RFC 4034 section 2.1).
//
//wirelog:record dns_dnskey_rr
type DNSDNSKEYRR struct {
	Query      []byte `zeek:"query"`       // owner name, valid inside the call
	AnswerType uint64 `zeek:"answer_type"` // section of the message
	Flags      uint64 `zeek:"flags"`       // 256 zone key, 1 secure entry point, 128 revoked
	Protocol   uint64 `zeek:"protocol"`    // 3
	Algorithm  uint64 `zeek:"algorithm"`   // IANA dns-sec-alg-numbers
	PublicKey  []byte `zeek:"public_key"`  // valid inside the call
	IsQuery    uint64 `zeek:"is_query"`    // 1 when the originator sent it
}

// DNSDNSKEY is raised for a DNSKEY record, a public key of a signed zone.
//
//wirelog:event dns_DNSKEY section=DNS
type DNSDNSKEY struct {
	Conn   Conn        `zeek:"c"`
	Msg    DNSMsg      `zeek:"msg"`
	Ans    DNSAnswer   `zeek:"ans"`
	DNSKEY DNSDNSKEYRR `zeek:"dnskey"`
}

// DNSDSRR is the digest of a key (RFC 4034 section 5.1).
//
//wirelog:record dns_ds_rr
type DNSDSRR struct {
	Query      []byte `zeek:"query"`       // owner name, valid inside the call
	AnswerType uint64 `zeek:"answer_type"` // section of the message
	KeyTag     uint64 `zeek:"key_tag"`
	Algorithm  uint64 `zeek:"algorithm"`   // IANA dns-sec-alg-numbers
	DigestType uint64 `zeek:"digest_type"` // IANA ds-rr-types
	DigestVal  []byte `zeek:"digest_val"`  // valid inside the call
	IsQuery    uint64 `zeek:"is_query"`    // 1 when the originator sent it
}

// DNSDS is raised for a DS record, the digest of a child zone's key.
//
//wirelog:event dns_DS section=DNS
type DNSDS struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSAnswer `zeek:"ans"`
	DS   DNSDSRR   `zeek:"ds"`
}

// DNSNSEC is raised for an NSEC record, which proves that names or types do not
// exist (RFC 4034 section 4).
//
//wirelog:event dns_NSEC section=DNS
type DNSNSEC struct {
	Conn     Conn      `zeek:"c"`
	Msg      DNSMsg    `zeek:"msg"`
	Ans      DNSAnswer `zeek:"ans"`
	NextName []byte    `zeek:"next_name"`                 // in lower case, valid inside the call
	Bitmaps  [][]byte  `zeek:"bitmaps" type:"string_vec"` // of the types that exist, one per window; valid inside the call
}

// DNSNSEC3RR proves absence by hashed names (RFC 5155 section 3).
//
//wirelog:record dns_nsec3_rr
type DNSNSEC3RR struct {
	Query        []byte   `zeek:"query"`                     // owner name, valid inside the call
	AnswerType   uint64   `zeek:"answer_type"`               // section of the message
	NSECFlags    uint64   `zeek:"nsec_flags"`                // 1 opt-out
	NSECHashAlgo uint64   `zeek:"nsec_hash_algo"`            // 1 SHA-1
	NSECIter     uint64   `zeek:"nsec_iter"`                 // iterations
	NSECSaltLen  uint64   `zeek:"nsec_salt_len"`             // claimed bytes of salt
	NSECSalt     []byte   `zeek:"nsec_salt"`                 // valid inside the call
	NSECHLen     uint64   `zeek:"nsec_hlen"`                 // claimed bytes of hash
	NSECHash     []byte   `zeek:"nsec_hash"`                 // next hashed owner name, valid inside the call
	Bitmaps      [][]byte `zeek:"bitmaps" type:"string_vec"` // as in DNSNSEC
	IsQuery      uint64   `zeek:"is_query"`                  // 1 when the originator sent it
}

// DNSNSEC3 is raised for an NSEC3 record.
//
//wirelog:event dns_NSEC3 section=DNS
type DNSNSEC3 struct {
	Conn  Conn       `zeek:"c"`
	Msg   DNSMsg     `zeek:"msg"`
	Ans   DNSAnswer  `zeek:"ans"`
	NSEC3 DNSNSEC3RR `zeek:"nsec3"`
}

// DNSNSEC3PARAMRR describes how the names of a zone are hashed (RFC 5155
// section 4).
//
//wirelog:record dns_nsec3param_rr
type DNSNSEC3PARAMRR struct {
	Query        []byte `zeek:"query"`          // owner name, valid inside the call
	AnswerType   uint64 `zeek:"answer_type"`    // section of the message
	NSECFlags    uint64 `zeek:"nsec_flags"`     // 0
	NSECHashAlgo uint64 `zeek:"nsec_hash_algo"` // 1 SHA-1
	NSECIter     uint64 `zeek:"nsec_iter"`      // iterations
	NSECSaltLen  uint64 `zeek:"nsec_salt_len"`  // claimed bytes of salt
	NSECSalt     []byte `zeek:"nsec_salt"`      // valid inside the call
	IsQuery      uint64 `zeek:"is_query"`       // 1 when the originator sent it
}

// DNSNSEC3PARAM is raised for an NSEC3PARAM record.
//
//wirelog:event dns_NSEC3PARAM section=DNS own
type DNSNSEC3PARAM struct {
	Conn       Conn            `zeek:"c"`
	Msg        DNSMsg          `zeek:"msg"`
	Ans        DNSAnswer       `zeek:"ans"`
	NSEC3PARAM DNSNSEC3PARAMRR `zeek:"nsec3param"`
}

// DNSBINDSRR is a record of a private type with which BIND records the progress
// of signing a zone.
//
//wirelog:record dns_binds_rr
type DNSBINDSRR struct {
	Query        []byte `zeek:"query"`       // owner name, valid inside the call
	AnswerType   uint64 `zeek:"answer_type"` // section of the message
	Algorithm    uint64 `zeek:"algorithm"`   // IANA dns-sec-alg-numbers
	KeyID        uint64 `zeek:"key_id"`      // key tag
	RemovalFlag  uint64 `zeek:"removal_flag"`
	CompleteFlag uint64 `zeek:"complete_flag"`
	IsQuery      uint64 `zeek:"is_query"` // 1 when the originator sent it
}

// DNSBINDS is raised for a record of BIND's private type 65534.
//
//wirelog:event dns_BINDS section=DNS own
type DNSBINDS struct {
	Conn  Conn       `zeek:"c"`
	Msg   DNSMsg     `zeek:"msg"`
	Ans   DNSAnswer  `zeek:"ans"`
	BINDS DNSBINDSRR `zeek:"binds"`
}

// DNSTKEYRR is an exchange of keys (RFC 2930 section 2).
//
//wirelog:record dns_tkey
type DNSTKEYRR struct {
	Query      []byte     `zeek:"query"`    // owner name, valid inside the call
	QType      uint64     `zeek:"qtype"`    // section of the message
	AlgName    []byte     `zeek:"alg_name"` // in lower case, valid inside the call
	Inception  value.Time `zeek:"inception"`
	Expiration value.Time `zeek:"expiration"`
	Mode       uint64     `zeek:"mode"`
	RRError    uint64     `zeek:"rr_error"`
	KeyData    []byte     `zeek:"key_data"` // valid inside the call
	IsQuery    uint64     `zeek:"is_query"` // 1 when the originator sent it
}

// DNSTKEY is raised for a TKEY record.
//
//wirelog:event dns_TKEY section=DNS own
type DNSTKEY struct {
	Conn Conn      `zeek:"c"`
	Msg  DNSMsg    `zeek:"msg"`
	Ans  DNSTKEYRR `zeek:"ans"`
}

// DNSTSIGAdditional is the signature of a message (RFC 8945 section 4.2).
//
//wirelog:record dns_tsig_additional
type DNSTSIGAdditional struct {
	Query   []byte `zeek:"query"`    // name of the key, valid inside the call
	QType   uint64 `zeek:"qtype"`    // section of the message
	AlgName []byte `zeek:"alg_name"` // in lower case, valid inside the call
	Sig     []byte `zeek:"sig"`      // valid inside the call
	// TimeSigned takes the upper 32 of the 48 bits for seconds and the lower 16
	// for milliseconds, as Zeek does.
	TimeSigned value.Time `zeek:"time_signed"`
	Fudge      value.Time `zeek:"fudge"`    // seconds that clocks may differ
	OrigID     uint64     `zeek:"orig_id"`  // transaction identifier before forwarding
	RRError    uint64     `zeek:"rr_error"` // IANA dns-parameters, RCODEs
	IsQuery    uint64     `zeek:"is_query"` // 1 when the originator sent it
}

// DNSTSIGAddl is raised for a TSIG record, which signs the message that it is in.
// Additional records are parsed only on demand; see the options of package dns.
//
//wirelog:event dns_TSIG_addl section=DNS
type DNSTSIGAddl struct {
	Conn Conn              `zeek:"c"`
	Msg  DNSMsg            `zeek:"msg"`
	Ans  DNSTSIGAdditional `zeek:"ans"`
}
