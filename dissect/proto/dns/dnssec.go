package dns

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// algorithmWeird reports an algorithm that is not meant to sign public zones (IANA
// dns-sec-alg-numbers).
func (d *decoder) algorithmWeird(record string, alg uint8) {
	var why string
	switch alg {
	case 1: // RSA/MD5
		why = "NotRecommended"
	case 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16:
		return
	case 252:
		why = "Indirect"
	case 253:
		why = "PrivateDNS"
	case 254:
		why = "PrivateOID"
	default:
		why = "unknown"
	}
	d.weird("DNSSEC_"+record+"_"+why+"_ZoneSignAlgo", strconv.Itoa(int(alg)))
}

func (d *decoder) rrsig(n int) bool {
	const fixed = 18
	if d.left() < fixed {
		return false
	}
	r := event.DNSRRSIGRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		TypeCovered: uint64(d.u16()), Algorithm: uint64(d.u8()), Labels: uint64(d.u8()),
		OrigTTL: value.Interval(d.u32()), SigExp: seconds(d.u32()), SigIncep: seconds(d.u32()), KeyTag: uint64(d.u16()),
	}
	start := d.off
	var ok bool
	if r.SignerName, ok = d.readName(d.name1[:0], maxPlainName, true); !ok {
		return false
	}
	r.Signature = d.bytes(n - fixed - (d.off - start))
	d.algorithmWeird("RRSIG", uint8(r.Algorithm))
	e := d.hooks.RRSIG.Begin()
	e.Conn, e.Msg, e.Ans, e.RRSIG = d.conn, d.msg, d.ans, r
	d.hooks.RRSIG.Raise(e)
	return true
}

// Flags of a key (RFC 4034 section 2.1.1, RFC 5011 section 3).
const (
	keyZone    = 0x0100
	keyRevoked = 0x0080
	keySEP     = 0x0001
	keyKnown   = keyZone | keyRevoked | keySEP
)

func (d *decoder) dnskey(n int) bool {
	if d.left() < 4 {
		return false
	}
	k := event.DNSDNSKEYRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		Flags: uint64(d.u16()), Protocol: uint64(d.u8()), Algorithm: uint64(d.u8()), PublicKey: d.bytes(n - 4),
	}
	if k.Flags&^keyKnown != 0 {
		d.weird("DNSSEC_DNSKEY_Invalid_Flag", strconv.FormatUint(k.Flags, 10))
	}
	if k.Flags&keyKnown == keyKnown {
		d.weird("DNSSEC_DNSKEY_Revoked_KSK", strconv.FormatUint(k.Flags, 10))
	}
	if k.Protocol != 3 {
		d.weird("DNSSEC_DNSKEY_Invalid_Protocol", strconv.FormatUint(k.Protocol, 10))
	}
	d.algorithmWeird("DNSKEY", uint8(k.Algorithm))
	e := d.hooks.DNSKEY.Begin()
	e.Conn, e.Msg, e.Ans, e.DNSKEY = d.conn, d.msg, d.ans, k
	d.hooks.DNSKEY.Raise(e)
	return true
}

func (d *decoder) ds(n int) bool {
	if d.left() < 4 {
		return false
	}
	r := event.DNSDSRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		KeyTag: uint64(d.u16()), Algorithm: uint64(d.u8()), DigestType: uint64(d.u8()), DigestVal: d.bytes(n - 4),
	}
	switch r.DigestType { // IANA ds-rr-types
	case 0:
		d.weird("DNSSEC_DS_ReservedDigestType", "0")
	case 1, 2, 3, 4:
	default:
		d.weird("DNSSEC_DS_unknown_DigestType", strconv.FormatUint(r.DigestType, 10))
	}
	e := d.hooks.DS.Begin()
	e.Conn, e.Msg, e.Ans, e.DS = d.conn, d.msg, d.ans, r
	d.hooks.DS.Raise(e)
	return true
}

// bitmaps reads n bytes of type bit maps into strs, one element for each window (RFC 4034
// section 4.1.2).
func (d *decoder) bitmaps(n int, emptyWeird string) {
	d.strs = d.strs[:0]
	for n > 0 && d.left() > 0 {
		head := d.u16()
		size := int(head & 0xff)
		if size == 0 {
			d.weird(emptyWeird, strconv.Itoa(int(head>>8)))
			return
		}
		d.strs = append(d.strs, d.bytes(size))
		n -= 2 + size
	}
}

func (d *decoder) nsec(n int) bool {
	start := d.off
	next, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.bitmaps(n-(d.off-start), "DNSSEC_NSEC_bitmapLen0")
	e := d.hooks.NSEC.Begin()
	e.Conn, e.Msg, e.Ans, e.NextName, e.Bitmaps = d.conn, d.msg, d.ans, next, d.strs
	d.hooks.NSEC.Raise(e)
	return true
}

func (d *decoder) nsec3(n int) bool {
	if d.left() < 6 {
		return false
	}
	start := d.off
	r := event.DNSNSEC3RR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		NSECHashAlgo: uint64(d.u8()), NSECFlags: uint64(d.u8()), NSECIter: uint64(d.u16()), NSECSaltLen: uint64(d.u8()),
	}
	r.NSECSalt = d.bytes(int(r.NSECSaltLen))
	r.NSECHLen = uint64(d.u8())
	r.NSECHash = d.bytes(int(r.NSECHLen))
	d.bitmaps(n-(d.off-start), "DNSSEC_NSEC3_bitmapLen0")
	r.Bitmaps = d.strs
	e := d.hooks.NSEC3.Begin()
	e.Conn, e.Msg, e.Ans, e.NSEC3 = d.conn, d.msg, d.ans, r
	d.hooks.NSEC3.Raise(e)
	return true
}

func (d *decoder) nsec3param(int) bool {
	if d.left() < 5 {
		return false
	}
	r := event.DNSNSEC3PARAMRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		NSECHashAlgo: uint64(d.u8()), NSECFlags: uint64(d.u8()), NSECIter: uint64(d.u16()), NSECSaltLen: uint64(d.u8()),
	}
	r.NSECSalt = d.bytes(int(r.NSECSaltLen))
	e := d.hooks.NSEC3PARAM.Begin()
	e.Conn, e.Msg, e.Ans, e.NSEC3PARAM = d.conn, d.msg, d.ans, r
	d.hooks.NSEC3PARAM.Raise(e)
	return true
}

func (d *decoder) binds(int) bool {
	if d.left() < 5 {
		return false
	}
	r := event.DNSBINDSRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		Algorithm: uint64(d.u8()), KeyID: uint64(d.u16()), RemovalFlag: uint64(d.u8()), CompleteFlag: uint64(d.u8()),
	}
	e := d.hooks.BINDS.Begin()
	e.Conn, e.Msg, e.Ans, e.BINDS = d.conn, d.msg, d.ans, r
	d.hooks.BINDS.Raise(e)
	return true
}
