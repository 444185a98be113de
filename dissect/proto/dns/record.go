package dns

import (
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// recordHeader reads the owner, type and class of a record (RFC 1035 section 4.1.3).
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

// record parses a record and reports whether parsing may continue.
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

// prerequisite reports a prerequisite of a dynamic update (RFC 2136 section 2.4). Its data
// is neither parsed nor skipped: only prerequisites without data are useful.
func (d *decoder) prerequisite(n int) {
	switch class := uint16(d.ans.QClass); {
	case d.ans.TTL != 0:
		d.weird("DNS_dynamic_update_prereq_nonzero_ttl", strconv.Itoa(int(int32(uint32(d.ans.TTL)))))
	case (class == classAny || class == classNone) && n == 0 || class == d.zoneClass:
		if e := begin(d, &d.hooks.DynamicUpdatePre); e != nil {
			e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
			d.hooks.DynamicUpdatePre.Raise(e)
		}
	default:
		d.weird("DNS_dynamic_update_invalid_prereq", "")
	}
}

// isUpdate raises the event of a deletion in a dynamic update. It returns whether the
// record is another kind of update, whose data is parsed (RFC 2136 section 2.5).
func (d *decoder) isUpdate(n int) bool {
	class := uint16(d.ans.QClass)
	if class == classAny && d.ans.TTL == 0 && n == 0 {
		if e := begin(d, &d.hooks.DynamicUpdateDel); e != nil {
			e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
			d.hooks.DynamicUpdateDel.Raise(e)
		}
		return false
	}
	if !(class == classNone && d.ans.TTL == 0) && class != d.zoneClass {
		d.weird("DNS_dynamic_update_invalid_update", "")
		return false
	}
	return true
}

// data parses the n bytes of a record's data. Most types without a listener are
// skipped unparsed.
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
		if e := begin(d, &h.WKSReply); e != nil {
			e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
			h.WKSReply.Raise(e)
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
	if e := begin(d, &h.UnknownReply); e != nil {
		e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
		h.UnknownReply.Raise(e)
	}
	d.weird("DNS_RR_unknown_type", strconv.FormatUint(d.ans.QType, 10))
	return d.skip(n)
}

// begin is h.Begin, but returns nil while records raise no events.
func begin[E any](d *decoder, h event.AnyHook[E]) *E {
	if d.quiet {
		return nil
	}
	return h.Begin()
}

// parse calls f for n bytes of data if on is set and records raise events, and skips the
// data otherwise.
func (d *decoder) parse(on bool, n int, f func(d *decoder, n int) bool) bool {
	if !on || d.quiet {
		return d.skip(n)
	}
	return f(d, n)
}

func (d *decoder) skip(n int) bool {
	d.off += n
	return true
}

// checkLength reports a weird unless the data that begins at start has n bytes.
func (d *decoder) checkLength(start, n int) {
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
	if e := begin(d, &d.hooks.AReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, netip.AddrFrom4([4]byte(b))
		d.hooks.AReply.Raise(e)
	}
	return true
}

// addr6 reads an address of four 32-bit words. Words that are missing are zero.
func (d *decoder) addr6() bool {
	var b [16]byte
	copy(b[:], d.bytes(min(16, d.left()&^3)))
	a := netip.AddrFrom16(b).Unmap()
	if d.ans.QType == typeA6 {
		if e := begin(d, &d.hooks.A6Reply); e != nil {
			e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, a
			d.hooks.A6Reply.Raise(e)
		}
	} else if e := begin(d, &d.hooks.AAAAReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.A = d.conn, d.msg, d.ans, a
		d.hooks.AAAAReply.Raise(e)
	}
	return true
}

func (d *decoder) nameRecord(n int) bool {
	start := d.off
	name, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.checkLength(start, n)
	h := d.hooks
	switch d.ans.QType {
	case typeCNAME:
		if e := begin(d, &h.CNAMEReply); e != nil {
			e.Conn, e.Msg, e.Ans, e.Name = d.conn, d.msg, d.ans, name
			h.CNAMEReply.Raise(e)
		}
	case typeNS:
		if e := begin(d, &h.NSReply); e != nil {
			e.Conn, e.Msg, e.Ans, e.Name = d.conn, d.msg, d.ans, name
			h.NSReply.Raise(e)
		}
	case typePTR:
		if e := begin(d, &h.PTRReply); e != nil {
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
	r := event.DNSSOA{
		MName: mname, RName: rname, Serial: uint64(d.u32()),
		Refresh: value.Interval(d.u32()), Retry: value.Interval(d.u32()),
		Expire: value.Interval(d.u32()), Minimum: value.Interval(d.u32()),
	}
	d.checkLength(start, n)
	if e := begin(d, &d.hooks.SOAReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.SOA = d.conn, d.msg, d.ans, r
		d.hooks.SOAReply.Raise(e)
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
	d.checkLength(start, n)
	if e := begin(d, &d.hooks.MXReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.Name, e.Preference = d.conn, d.msg, d.ans, name, uint64(preference)
		d.hooks.MXReply.Raise(e)
	}
	return true
}

func (d *decoder) srv(n int) bool {
	start := d.off
	priority, weight, port := uint64(d.u16()), uint64(d.u16()), uint64(d.u16())
	name, ok := d.readName(d.name1[:0], maxPlainName, true)
	if !ok {
		return false
	}
	d.checkLength(start, n)
	if e := begin(d, &d.hooks.SRVReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.Target = d.conn, d.msg, d.ans, name
		e.Priority, e.Weight, e.P = priority, weight, port
		d.hooks.SRVReply.Raise(e)
	}
	return true
}

func (d *decoder) naptr(n int) bool {
	r := event.DNSNAPTRRR{Order: uint64(d.u16()), Preference: uint64(d.u16())}
	n -= 4
	if d.left() == 0 || n <= 0 {
		d.violation = "DNS_NAPTR_too_short"
		return false
	}
	var ok [3]bool
	r.Flags, n, ok[0] = d.charString(n)
	r.Service, n, ok[1] = d.charString(n)
	r.Regexp, _, ok[2] = d.charString(n)
	var readable bool
	r.Replacement, readable = d.readName(d.name1[:0], maxPlainName, false)
	if ok != [3]bool{true, true, true} || !readable {
		d.violation = "DNS_NAPTR_RR_too_short"
		return false
	}
	if e := begin(d, &d.hooks.NAPTRReply); e != nil {
		e.Conn, e.Msg, e.Ans, e.NAPTR = d.conn, d.msg, d.ans, r
		d.hooks.NAPTRReply.Raise(e)
	}
	return true
}

// charString reads a character string (RFC 1035 section 3.3). n is the number of data
// bytes left before it, left the number after it.
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

// charStrings reads the character strings in n bytes of data into strs and returns how
// many bytes are left over.
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
	e := d.hooks.TXTReply.Begin()
	e.Conn, e.Msg, e.Ans, e.Strs = d.conn, d.msg, d.ans, d.strs
	d.hooks.TXTReply.Raise(e)
	return n == 0
}

func (d *decoder) spf(n int) bool {
	n = d.charStrings(n)
	e := d.hooks.SPFReply.Begin()
	e.Conn, e.Msg, e.Ans, e.Strs = d.conn, d.msg, d.ans, d.strs
	d.hooks.SPFReply.Raise(e)
	return n == 0
}

func (d *decoder) hinfo(n int) bool {
	cpu, n, _ := d.charString(n)
	os, n, _ := d.charString(n)
	e := d.hooks.HINFOReply.Begin()
	e.Conn, e.Msg, e.Ans, e.CPU, e.OS = d.conn, d.msg, d.ans, cpu, os
	d.hooks.HINFOReply.Raise(e)
	return n == 0
}

func (d *decoder) caa(n int) bool {
	flags, tag := uint64(d.u8()), int(d.u8())
	n -= 2
	if tag >= n {
		d.weird("DNS_CAA_char_str_past_rdlen", "")
		return false
	}
	e := d.hooks.CAAReply.Begin()
	e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
	e.Flags, e.Tag, e.Value = flags, d.bytes(tag), d.bytes(n-tag)
	d.hooks.CAAReply.Raise(e)
	return true
}

func (d *decoder) sshfp(n int) bool {
	if d.left() < 2 {
		return false
	}
	e := d.hooks.SSHFP.Begin()
	e.Conn, e.Msg, e.Ans = d.conn, d.msg, d.ans
	e.Algo, e.FPType, e.Fingerprint = uint64(d.u8()), uint64(d.u8()), d.bytes(n-2)
	d.hooks.SSHFP.Raise(e)
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
	e := d.hooks.LOC.Begin()
	e.Conn, e.Msg, e.Ans, e.LOC = d.conn, d.msg, d.ans, l
	d.hooks.LOC.Raise(e)
	return true
}

// octets reads a two-byte length and that many bytes, or all that are left if there are
// fewer.
func (d *decoder) octets() []byte { return d.bytes(int(d.u16())) }

// seconds returns the time s seconds after the epoch.
func seconds(s uint32) value.Time { return value.Time(s) * 1e9 }

func (d *decoder) tsig() bool {
	alg, ok := d.readName(d.name1[:0], maxName-1, true)
	if !ok {
		return false
	}
	sec, milli := d.u32(), d.u16()
	r := event.DNSTSIGAdditional{
		Query: d.ans.Query, QType: d.ans.AnswerType, AlgName: alg,
		TimeSigned: seconds(sec) + value.Time(milli)*1e6, Fudge: seconds(uint32(d.u16())), IsQuery: d.isQuery(),
	}
	r.Sig = d.octets()
	r.OrigID, r.RRError = uint64(d.u16()), uint64(d.u16())
	d.octets()
	if e := d.hooks.TSIGAddl.Begin(); e != nil {
		e.Conn, e.Msg, e.Ans = d.conn, d.msg, r
		d.hooks.TSIGAddl.Raise(e)
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
	r := event.DNSTKEYRR{
		Query: d.ans.Query, QType: d.ans.AnswerType, AlgName: alg, IsQuery: d.isQuery(),
		Inception: seconds(d.u32()), Expiration: seconds(d.u32()), Mode: uint64(d.u16()), RRError: uint64(d.u16()),
	}
	r.KeyData = d.octets()
	d.octets()
	e := d.hooks.TKEY.Begin()
	e.Conn, e.Msg, e.Ans = d.conn, d.msg, r
	d.hooks.TKEY.Raise(e)
	return true
}
