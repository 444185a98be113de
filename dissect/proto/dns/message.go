package dns

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/event"
)

// sender is the side that sent a message.
type sender uint8

const (
	fromResp sender = iota
	fromOrig
	fromUnknown // treated as the originator, but never swaps the roles
)

// reporter receives what a decoder finds apart from the events.
type reporter interface {
	weird(name, addl string)
	// opaque is called for a message that is not parsed.
	opaque()
	// confirm is called for a message that is DNS.
	confirm()
}

// decoder parses messages one at a time and raises their events. It is not safe for
// concurrent use, and allocates only to grow its scratch space.
type decoder struct {
	hooks *event.DNSEvents
	opt   Options
	// skipAuth and skipAddl are the sets of the same options.
	skipAuth, skipAddl map[netip.Addr]struct{}

	// State of the current message.
	reporter
	conn      event.Conn
	b         []byte
	off       int // bytes of b read so far
	msg       event.DNSMsg
	ans       event.DNSAnswer // of the current record
	fromOrig  bool
	netBIOS   bool   // the responder's port is the NetBIOS one
	update    bool   // the message is a dynamic update
	quiet     bool   // records raise no events
	zoneClass uint16 // of a dynamic update
	expanded  int    // bytes of all names
	violation string // why the message is not DNS
	whole     bool   // everything that is wanted could be parsed

	owner, question, zone, name1, name2 [maxName]byte

	strs    [][]byte
	params  []event.DNSSVCBParam
	keys    []uint64
	addrs   []netip.Addr
	encoded []byte
}

func (d *decoder) init(h *event.DNSEvents, o Options) {
	d.hooks, d.opt = h, o
	d.skipAuth, d.skipAddl = set(o.SkipAuth), set(o.SkipAddl)
}

// set returns the addresses in list as a set, nil if there are none.
func set(list []netip.Addr) map[netip.Addr]struct{} {
	if len(list) == 0 {
		return nil
	}
	m := make(map[netip.Addr]struct{}, len(list))
	for _, a := range list {
		m[a] = struct{}{}
	}
	return m
}

// servedBy reports whether the responder of the connection is in servers.
func (d *decoder) servedBy(servers map[netip.Addr]struct{}) bool {
	if servers == nil {
		return false
	}
	_, ok := servers[d.conn.ID().RespH]
	return ok
}

const headerLen = 12 // RFC 1035 section 4.1.1

// header parses the header of b, a message on c, and reports whether body should
// follow. netBIOS is set if a port of the connection is the NetBIOS one.
func (d *decoder) header(r reporter, c event.Conn, b []byte, netBIOS bool) bool {
	d.reporter, d.conn, d.b, d.off = r, c, b, headerLen
	d.violation, d.whole = "", false
	if len(b) < headerLen {
		d.weird("DNS_truncated_len_lt_hdr_len", "")
		return false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	opcode := flags >> 11 & 0xf
	if opcode != opQuery && opcode != opUpdate && opcode != opNotify && !netBIOS {
		d.weird("DNS_unknown_opcode", strconv.Itoa(int(opcode)))
		d.opaque()
		return false
	}
	d.msg = event.DNSMsg{
		ID:         uint64(binary.BigEndian.Uint16(b)),
		Opcode:     uint64(opcode),
		RCode:      uint64(flags & 0xf),
		QR:         flags&0x8000 != 0,
		AA:         flags&0x0400 != 0,
		TC:         flags&0x0200 != 0,
		RD:         flags&0x0100 != 0,
		RA:         flags&0x0080 != 0,
		Z:          uint64(flags >> 4 & 7),
		AD:         flags&0x0020 != 0,
		CD:         flags&0x0010 != 0,
		NumQueries: uint64(binary.BigEndian.Uint16(b[4:])),
		NumAnswers: uint64(binary.BigEndian.Uint16(b[6:])),
		NumAuth:    uint64(binary.BigEndian.Uint16(b[8:])),
		NumAddl:    uint64(binary.BigEndian.Uint16(b[10:])),
		IsNetBIOS:  netBIOS,
	}
	d.update = opcode == opUpdate && !netBIOS
	return true
}

// body parses the rest of the message.
func (d *decoder) body(from sender, respPort uint16) {
	d.fromOrig = from != fromResp
	d.netBIOS = respPort == portNetBIOS
	d.quiet = false
	d.expanded = 0
	d.zoneClass = 0
	d.ans = event.DNSAnswer{}
	if e := d.hooks.Message.Begin(); e != nil {
		e.Conn, e.IsOrig, e.Msg, e.Len = d.conn, d.fromOrig, d.msg, uint64(len(d.b))
		d.hooks.Message.Raise(e)
	}
	if d.sections() {
		if e := d.hooks.End.Begin(); e != nil {
			e.Conn, e.Msg = d.conn, d.msg
			d.hooks.End.Raise(e)
		}
	}
	if d.whole && !d.msg.QR {
		if e := d.hooks.FullRequest.Begin(); e != nil {
			d.hooks.FullRequest.Raise(e)
		}
	}
}

// sections parses the records that are wanted, up to the first malformed one. It reports
// whether dns_end is raised, which a dynamic update without a zone suppresses.
func (d *decoder) sections() bool {
	m := &d.msg
	if n := d.opt.MaxQueries; n > 0 && m.NumQueries > uint64(n) {
		d.violation = "DNS_Conn_count_too_large"
		d.weird(d.violation, "")
		return true
	}
	if d.update {
		if m.NumQueries != 1 {
			d.weird("DNS_DU_invalid_zone_count", strconv.FormatUint(m.NumQueries, 10))
			return true
		}
		if !d.recordHeader() {
			return true
		}
		if d.ans.QType != typeSOA {
			d.weird("DNS_DU_incorrect_zone_type", "")
			return false
		}
		zone := d.zone[:copy(d.zone[:], d.ans.Query)]
		d.zoneClass = uint16(d.ans.QClass)
		if !d.records(m.NumAnswers, event.DNSPrerequisite) || !d.records(m.NumAuth, event.DNSUpdate) {
			return true
		}
		if e := d.hooks.DynamicUpdate.Begin(); e != nil {
			e.Conn, e.Msg, e.ZName, e.ZClass = d.conn, d.msg, zone, uint64(d.zoneClass)
			d.hooks.DynamicUpdate.Raise(e)
		}
	} else {
		for range m.NumQueries {
			if !d.questionRecord() {
				return true
			}
		}
		if !d.records(m.NumAnswers, event.DNSAnswerRR) {
			return true
		}
	}
	d.confirm()

	skipAuth, skipAddl := d.opt.SkipAllAuth, d.opt.SkipAllAddl
	if m.NumAnswers > 0 {
		skipAuth = skipAuth || m.NumAuth == 0 || d.servedBy(d.skipAuth)
		skipAddl = skipAddl || m.NumAddl == 0 || d.servedBy(d.skipAddl)
	}
	if skipAuth && skipAddl {
		d.whole = true
		return true
	}
	if !d.update {
		d.quiet = skipAuth
		if !d.records(m.NumAuth, event.DNSAuthority) {
			return true
		}
		d.quiet = false
	}
	d.whole = skipAddl || d.records(m.NumAddl, event.DNSAdditional)
	return true
}

// questionRecord parses a question (RFC 1035 section 4.1.2).
func (d *decoder) questionRecord() bool {
	name, ok := d.readName(d.question[:0], maxPlainName, false)
	if !ok {
		return false
	}
	if d.left() < 4 {
		d.weird("DNS_truncated_quest_too_short", "")
		return false
	}
	m, h := &d.msg, d.hooks
	qtype, qclass := uint64(d.u16()), uint64(d.u16())
	switch {
	case !m.QR:
		if e := h.Request.Begin(); e != nil {
			e.Conn, e.Msg, e.Query, e.OriginalQuery = d.conn, *m, d.lowered(name), name
			e.QType, e.QClass = qtype, qclass
			h.Request.Raise(e)
		}
	case m.NumAnswers == 0 && m.NumAuth == 0 && m.NumAddl == 0:
		if e := h.Rejected.Begin(); e != nil {
			e.Conn, e.Msg, e.Query, e.OriginalQuery = d.conn, *m, d.lowered(name), name
			e.QType, e.QClass = qtype, qclass
			h.Rejected.Raise(e)
		}
	default:
		if e := h.QueryReply.Begin(); e != nil {
			e.Conn, e.Msg, e.Query, e.OriginalQuery = d.conn, *m, d.lowered(name), name
			e.QType, e.QClass = qtype, qclass
			h.QueryReply.Raise(e)
		}
	}
	return true
}

// lowered returns name in lower case. The result shares the buffer of owner names.
func (d *decoder) lowered(name []byte) []byte {
	return ascii.AppendLower(d.owner[:0], name[:min(len(name), len(d.owner))])
}

// records parses n records of a section.
func (d *decoder) records(n uint64, section uint64) bool {
	d.ans.AnswerType = section
	for range n {
		if !d.record() {
			return false
		}
	}
	return true
}

// left returns the number of unread bytes.
func (d *decoder) left() int { return len(d.b) - d.off }

// u8, u16 and u32 read a number. If the message ends inside it, they read nothing and
// return 0.
func (d *decoder) u8() uint8 {
	if d.left() < 1 {
		return 0
	}
	d.off++
	return d.b[d.off-1]
}

func (d *decoder) u16() uint16 {
	if d.left() < 2 {
		return 0
	}
	d.off += 2
	return binary.BigEndian.Uint16(d.b[d.off-2:])
}

func (d *decoder) u32() uint32 {
	if d.left() < 4 {
		return 0
	}
	d.off += 4
	return binary.BigEndian.Uint32(d.b[d.off-4:])
}

// bytes reads n bytes, or all that are left if there are fewer.
func (d *decoder) bytes(n int) []byte {
	n = max(0, min(n, d.left()))
	d.off += n
	return d.b[d.off-n : d.off : d.off]
}

// isQuery returns the is_query field of records.
func (d *decoder) isQuery() uint64 {
	if d.fromOrig {
		return 1
	}
	return 0
}
