package dns

import (
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/event"
)

// recordHeader reads owner, type and class of a record (RFC 1035 section 4.1.3).
func (d *decoder) recordHeader() bool {
	owner, ok := d.readName(d.owner[:0], maxPlainName, true)
	if !ok {
		return false
	}
	if d.left() < 4 {
		d.weird("DNS_truncated_ans_too_short", "")
		return false
	}
	d.ans.Query = owner
	d.ans.QType = uint64(d.u16())
	d.ans.QClass = uint64(d.u16())
	return true
}

// record reads a record and reports whether the message may be read further.
func (d *decoder) record() bool {
	if !d.recordHeader() {
		return false
	}
	d.ans.TTL = value.Interval(d.u32())
	n := int(d.u16())
	if n > d.left() {
		d.weird("DNS_truncated_RR_rdlength_lt_len", "")
		return false
	}
	if d.update {
		switch d.ans.AnswerType {
		case event.DNSPrerequisite:
			d.prerequisite(n)
			return true
		case event.DNSUpdate:
			if !d.isUpdate(n) {
				return true
			}
		}
	}
	if n == 0 && d.left() > 0 && d.ans.QType != typeOPT {
		if d.update {
			return true
		}
		d.weird("DNS_zero_rdlength", "")
		return false
	}
	return d.data(n)
}

// prerequisite tells of a prerequisite of a dynamic update (RFC 2136 section 2.4). Its
// data is not looked at, nor skipped: only those that have none are of use.
func (d *decoder) prerequisite(n int) {
	switch class := uint16(d.ans.QClass); {
	case d.ans.TTL != 0:
		d.weird("DNS_dynamic_update_prereq_nonzero_ttl", strconv.Itoa(int(int32(uint32(d.ans.TTL)))))
	case (class == classAny || class == classNone) && n == 0 || class == d.zoneClass:
		if h := &d.hooks.DynamicUpdatePre; h.On() && !d.quiet {
			h.Raise(&event.DNSDynamicUpdatePre{Conn: d.conn, Msg: d.msg, Ans: d.ans})
		}
	default:
		d.weird("DNS_dynamic_update_invalid_prereq", "")
	}
}

// isUpdate tells of a deletion of a dynamic update, and reports whether the record has
// data for another kind of update (RFC 2136 section 2.5).
func (d *decoder) isUpdate(n int) bool {
	class := uint16(d.ans.QClass)
	if class == classAny && d.ans.TTL == 0 && n == 0 {
		if h := &d.hooks.DynamicUpdateDel; h.On() && !d.quiet {
			h.Raise(&event.DNSDynamicUpdateDel{Conn: d.conn, Msg: d.msg, Ans: d.ans})
		}
		return false
	}
	if !(class == classNone && d.ans.TTL == 0) && class != d.zoneClass {
		d.weird("DNS_dynamic_update_invalid_update", "")
		return false
	}
	return true
}

// data reads the n bytes of a record's data. Records that nobody listens to are
// skipped without a look.
func (d *decoder) data(n int) bool {
	h := d.hooks
	switch d.ans.QType {
	case typeA:
		return d.addr4(n)
	case typeAAAA, typeA6:
		return d.addr6()
	case typeNS, typeCNAME, typePTR:
		return d.nameRecord(n)
	case typeSOA:
		return d.soa(n)
	case typeMX:
		return d.mx(n)
	case typeSRV:
		if d.netBIOS { // node status (RFC 1002 section 4.2.18)
			return true
		}
		return d.srv(n)
	case typeNAPTR:
		return d.naptr(n)
	case typeOPT:
		return d.optRecord(n)
	case typeTSIG:
		return d.tsig()
	case typeSVCB:
		return d.svcb(n, false)
	case typeHTTPS:
		return d.svcb(n, true)
	case typeWKS:
		if d.wanted(h.WKSReply.On()) {
			h.WKSReply.Raise(&event.DNSWKSReply{Conn: d.conn, Msg: d.msg, Ans: d.ans})
		}
		return d.skip(n)
	case typeNB:
		return d.skip(n)
	case typeHINFO:
		return d.parse(h.HINFOReply.On(), n, (*decoder).hinfo)
	case typeTXT:
		return d.parse(h.TXTReply.On(), n, (*decoder).txt)
	case typeSPF:
		return d.parse(h.SPFReply.On(), n, (*decoder).spf)
	case typeCAA:
		return d.parse(h.CAAReply.On(), n, (*decoder).caa)
	case typeTKEY:
		return d.parse(h.TKEY.On(), n, (*decoder).tkey)
	case typeRRSIG:
		return d.parse(h.RRSIG.On(), n, (*decoder).rrsig)
	case typeDNSKEY:
		return d.parse(h.DNSKEY.On(), n, (*decoder).dnskey)
	case typeNSEC:
		return d.parse(h.NSEC.On(), n, (*decoder).nsec)
	case typeNSEC3:
		return d.parse(h.NSEC3.On(), n, (*decoder).nsec3)
	case typeNSEC3PARAM:
		return d.parse(h.NSEC3PARAM.On(), n, (*decoder).nsec3param)
	case typeDS:
		return d.parse(h.DS.On(), n, (*decoder).ds)
	case typeBINDS:
		return d.parse(h.BINDS.On(), n, (*decoder).binds)
	case typeSSHFP:
		return d.parse(h.SSHFP.On(), n, (*decoder).sshfp)
	case typeLOC:
		return d.parse(h.LOC.On(), n, (*decoder).loc)
	}
	if d.wanted(h.UnknownReply.On()) {
		e := &d.ev.unknown
		e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
		h.UnknownReply.Raise(e)
	}
	d.weird("DNS_RR_unknown_type", strconv.FormatUint(d.ans.QType, 10))
	return d.skip(n)
}

func (d *decoder) wanted(on bool) bool { return on && !d.quiet }

// parse has f read n bytes of data if their event is on, and skips them otherwise.
func (d *decoder) parse(on bool, n int, f func(d *decoder, n int) bool) bool {
	if !d.wanted(on) {
		return d.skip(n)
	}
	return f(d, n)
}

func (d *decoder) skip(n int) bool {
	d.off += n
	return true
}

// consumed notes when the data of a record has not the length that it should have.
func (d *decoder) consumed(start, n int) {
	if d.off-start != n {
		d.weird("DNS_RR_length_mismatch", "")
	}
}

func (d *decoder) addr4(n int) bool {
	if n != 4 {
		d.weird("DNS_RR_bad_length", "")
		return false
	}
	b := d.bytes(4)
	if h := &d.hooks.AReply; d.wanted(h.On()) {
		e := &d.ev.a
		e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, netip.AddrFrom4([4]byte(b))
		h.Raise(e)
	}
	return true
}

// addr6 reads four words, as many of them as there are.
func (d *decoder) addr6() bool {
	var b [16]byte
	copy(b[:], d.bytes(min(16, d.left()&^3)))
	a := netip.AddrFrom16(b).Unmap()
	if d.ans.QType == typeA6 {
		if h := &d.hooks.A6Reply; d.wanted(h.On()) {
			e := &d.ev.a6
			e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, a
			h.Raise(e)
		}
	} else if h := &d.hooks.AAAAReply; d.wanted(h.On()) {
		e := &d.ev.aaaa
		e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, a
		h.Raise(e)
	}
	return true
}

func (d *decoder) nameRecord(n int) bool {
	start := d.off
	name, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.consumed(start, n)
	h := d.hooks
	switch d.ans.QType {
	case typeCNAME:
		if d.wanted(h.CNAMEReply.On()) {
			e := &d.ev.cname
			e.Conn, e.Msg, e.Ans, e.Name = d.conn, d.msg, d.ans, name
			h.CNAMEReply.Raise(e)
		}
	case typeNS:
		if d.wanted(h.NSReply.On()) {
			e := &d.ev.ns
			e.Conn, e.Msg, e.Ans, e.Name = d.conn, d.msg, d.ans, name
			h.NSReply.Raise(e)
		}
	case typePTR:
		if d.wanted(h.PTRReply.On()) {
			e := &d.ev.ptr
			e.Conn, e.Msg, e.Ans, e.Name = d.conn, d.msg, d.ans, name
			h.PTRReply.Raise(e)
		}
	}
	return true
}

func (d *decoder) soa(n int) bool {
	start := d.off
	mname, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	rname, ok := d.readName(d.name2[:0], maxPlainName, true)
	if !ok || d.left() < 20 {
		return false
	}
	e := &d.ev.soa
	e.SOA = event.DNSSOA{
		MName: mname, RName: rname, Serial: uint64(d.u32()),
		Refresh: value.Interval(d.u32()), Retry: value.Interval(d.u32()),
		Expire: value.Interval(d.u32()), Minimum: value.Interval(d.u32()),
	}
	d.consumed(start, n)
	if h := &d.hooks.SOAReply; d.wanted(h.On()) {
		e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
		h.Raise(e)
	}
	return true
}

func (d *decoder) mx(n int) bool {
	start := d.off
	preference := d.u16()
	name, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.consumed(start, n)
	if h := &d.hooks.MXReply; d.wanted(h.On()) {
		e := &d.ev.mx
		e.Conn, e.Msg, e.Ans, e.Name, e.Preference = d.conn, d.msg, d.ans, name, uint64(preference)
		h.Raise(e)
	}
	return true
}

func (d *decoder) srv(n int) bool {
	start := d.off
	e := &d.ev.srv
	e.Priority, e.Weight, e.P = uint64(d.u16()), uint64(d.u16()), uint64(d.u16())
	name, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.consumed(start, n)
	if h := &d.hooks.SRVReply; d.wanted(h.On()) {
		e.Conn, e.Msg, e.Ans, e.Target = d.conn, d.msg, d.ans, name
		h.Raise(e)
	}
	return true
}

func (d *decoder) naptr(n int) bool {
	var e event.DNSNAPTRReply
	e.NAPTR.Order, e.NAPTR.Preference = uint64(d.u16()), uint64(d.u16())
	n -= 4
	if d.left() == 0 || n <= 0 {
		d.violation = "DNS_NAPTR_too_short"
		return false
	}
	var ok [3]bool
	e.NAPTR.Flags, n, ok[0] = d.charString(n)
	e.NAPTR.Service, n, ok[1] = d.charString(n)
	e.NAPTR.Regexp, _, ok[2] = d.charString(n)
	name, readable := d.readName(d.name1[:0], maxPlainName, false)
	if ok != [3]bool{true, true, true} || !readable {
		d.violation = "DNS_NAPTR_RR_too_short"
		return false
	}
	if h := &d.hooks.NAPTRReply; d.wanted(h.On()) {
		e.Conn, e.Msg, e.Ans, e.NAPTR.Replacement = d.conn, d.msg, d.ans, name
		h.Raise(&e)
	}
	return true
}

// charString reads a character string (RFC 1035 section 3.3) from data of which n
// bytes are left, and returns how many are thereafter.
func (d *decoder) charString(n int) (s []byte, left int, ok bool) {
	if n <= 0 || d.left() == 0 {
		return nil, n, false
	}
	size := int(d.u8())
	n--
	if size > n {
		d.weird("DNS_TXT_char_str_past_rdlen", "")
		return nil, n, false
	}
	return d.bytes(size), n - size, true
}

// charStrings reads as many character strings as the n bytes of data have into strs,
// and returns how many bytes are left.
func (d *decoder) charStrings(n int) int {
	d.strs = d.strs[:0]
	for {
		s, left, ok := d.charString(n)
		n = left
		if !ok {
			return n
		}
		d.strs = append(d.strs, s)
	}
}

func (d *decoder) txt(n int) bool {
	n = d.charStrings(n)
	e := &d.ev.txt
	e.Conn, e.Msg, e.Ans, e.Strs = d.conn, d.msg, d.ans, d.strs
	d.hooks.TXTReply.Raise(e)
	return n == 0
}

func (d *decoder) spf(n int) bool {
	n = d.charStrings(n)
	e := &d.ev.spf
	e.Conn, e.Msg, e.Ans, e.Strs = d.conn, d.msg, d.ans, d.strs
	d.hooks.SPFReply.Raise(e)
	return n == 0
}

func (d *decoder) hinfo(n int) bool {
	e := event.DNSHINFOReply{Conn: d.conn, Msg: d.msg, Ans: d.ans}
	e.CPU, n, _ = d.charString(n)
	e.OS, n, _ = d.charString(n)
	d.hooks.HINFOReply.Raise(&e)
	return n == 0
}

func (d *decoder) caa(n int) bool {
	e := event.DNSCAAReply{Conn: d.conn, Msg: d.msg, Ans: d.ans, Flags: uint64(d.u8())}
	tag := int(d.u8())
	n -= 2
	if tag >= n {
		d.weird("DNS_CAA_char_str_past_rdlen", "")
		return false
	}
	e.Tag, e.Value = d.bytes(tag), d.bytes(n-tag)
	d.hooks.CAAReply.Raise(&e)
	return true
}

func (d *decoder) sshfp(n int) bool {
	if d.left() < 2 {
		return false
	}
	d.hooks.SSHFP.Raise(&event.DNSSSHFP{Conn: d.conn, Msg: d.msg, Ans: d.ans,
		Algo: uint64(d.u8()), FPType: uint64(d.u8()), Fingerprint: d.bytes(n - 2)})
	return true
}

func (d *decoder) loc(int) bool {
	if d.left() < 15 {
		return false
	}
	l := event.DNSLOCRR{
		Query: d.ans.Query, AnswerType: d.ans.AnswerType, IsQuery: d.isQuery(),
		Version: uint64(d.u8()), Size: uint64(d.u8()), HorizPre: uint64(d.u8()), VertPre: uint64(d.u8()),
		Latitude: uint64(d.u32()), Longitude: uint64(d.u32()), Altitude: uint64(d.u32()),
	}
	if l.Version != 0 {
		d.weird("DNS_LOC_version_unrecognized", strconv.FormatUint(l.Version, 10))
	}
	d.hooks.LOC.Raise(&event.DNSLOC{Conn: d.conn, Msg: d.msg, Ans: d.ans, LOC: l})
	return true
}

// octets reads a length of two bytes and as many bytes, or what there is of them.
func (d *decoder) octets() []byte { return d.bytes(int(d.u16())) }

// seconds is a time of that many seconds since the epoch.
func seconds(s uint32) value.Time { return value.Time(s) * 1e9 }

func (d *decoder) tsig() bool {
	alg, ok := d.readName(d.name1[:0], maxName-1, true)
	if !ok {
		return false
	}
	sec, milli := d.u32(), d.u16()
	e := event.DNSTSIGAddl{Conn: d.conn, Msg: d.msg}
	e.Ans = event.DNSTSIGAdditional{
		Query: d.ans.Query, QType: d.ans.AnswerType, AlgName: alg,
		TimeSigned: seconds(sec) + value.Time(milli)*1e6, Fudge: seconds(uint32(d.u16())), IsQuery: d.isQuery(),
	}
	e.Ans.Sig = d.octets()
	e.Ans.OrigID, e.Ans.RRError = uint64(d.u16()), uint64(d.u16())
	d.octets()
	if h := &d.hooks.TSIGAddl; h.On() {
		h.Raise(&e)
	}
	return true
}

func (d *decoder) tkey(int) bool {
	if d.left() < 16 {
		return false
	}
	alg, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	e := event.DNSTKEY{Conn: d.conn, Msg: d.msg}
	e.Ans = event.DNSTKEYRR{
		Query: d.ans.Query, QType: d.ans.AnswerType, AlgName: alg, IsQuery: d.isQuery(),
		Inception: seconds(d.u32()), Expiration: seconds(d.u32()), Mode: uint64(d.u16()), RRError: uint64(d.u16()),
	}
	e.Ans.KeyData = d.octets()
	d.octets()
	d.hooks.TKEY.Raise(&e)
	return true
}
