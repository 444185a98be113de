package logs

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"unsafe"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// dns builds dns.log after Zeek's base/protocols/dns: queries are paired with answers of the
// same identifier and question on the same connection, and unpaired messages are written
// when the connection ends. Messages to a multicast group are not paired.
type dns struct {
	states[dnsState]
	out schemas.Emitter
	now func() value.Time

	byID         bool // identifiers alone pair messages, also those to a group
	lastQuestion bool // the last question of a query replaces the others

	// State of the current message.
	questions int     // read so far
	unasked   bool    // a reply whose row takes the reply's questions
	into      *dnsRow // the row of the last answer; nil before the first

	rec      schemas.DNS
	uidBuf   []byte
	classBuf []byte
	typeBuf  []byte
	leftBuf  []byte
	rowBytes int // of answers, 0 for no bound
	answers  []string
	freeRows freelist.List[dnsRow]
}

// A dnsState holds the unfinished rows of a connection. Most connections have one query at a
// time and need neither queue.
type dnsState struct {
	// current is the row of the current message, or of the last one. It is nil while
	// unpaired.
	current *dnsRow
	// unpaired is set until the first question or answer of a message chooses its row.
	unpaired bool
	// group is what toGroup has found when it looked.
	looked, group bool
	// query is the first unanswered query; queries has the others.
	query            *dnsRow
	queries, replies dnsQueue
}

// A dnsRow is a transaction.
type dnsRow struct {
	ts      value.Time
	rtt     float64
	id      uint16
	qtype   uint16
	qclass  uint16
	rcode   uint8
	opcode  uint8
	z       uint8
	asked   bool // has qtype, qclass
	named   bool // has query
	replied bool // has rcode
	netBIOS bool
	nbstat  bool // the type is that of a NetBIOS status
	// sawQuery and sawReply are set at the end of the messages.
	sawQuery, sawReply     bool
	aa, tc, rd, ra, reject bool
	waiting                bool // held by a state, but not as current
	alone                  bool // written with its message

	// next is the row of the next question of the same message. It shares what the header
	// says with the first row.
	next *dnsRow

	left int // answers that were left out for limits.row_bytes
	held int // bytes that are on the connection's account

	query []byte
	// text holds the concatenated answers; each ends at its offset in ends.
	text []byte
	ends []uint32
	ttls []value.Interval
}

const (
	// maxPendingIDs and maxPendingMsgs bound the unpaired identifiers of a connection and
	// the messages with one identifier (Zeek's max_pending_query_ids and max_pending_msgs,
	// plus one). Beyond them all pending rows are written.
	maxPendingIDs  = 50
	maxPendingMsgs = 50
	// maxAnswers bounds the answers of a message.
	maxAnswers = 1000
	// maxKept bounds the bytes of buffers that a recycled row keeps.
	maxKept = 4096

	portNetBIOSName = 137
	portMDNS        = 5353
	portLLMNR       = 5355
)

func installDNS(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &dns{out: out, now: o.Now, rowBytes: o.Limits.RowBytes}
	b.byID, b.lastQuestion = o.Compat.Has(compat.DNSPairingByID), o.Compat.Has(compat.DNSLastQuestion)
	replyQuestion := !o.Compat.Has(compat.DNSReplyWithoutQuestion)
	b.init(h, b.ended)
	d := &h.DNS
	d.Message.Listen(b.message)
	d.Request.Listen(b.request)
	if !b.byID || replyQuestion {
		d.QueryReply.Listen(func(e *event.DNSQueryReply) { b.echoed(e.Conn, &e.Msg, e.Query, e.QType, e.QClass, replyQuestion) })
		d.Rejected.Listen(func(e *event.DNSRejected) { b.echoed(e.Conn, &e.Msg, e.Query, e.QType, e.QClass, replyQuestion) })
	}
	d.Rejected.Listen(b.rejected)
	d.End.Listen(b.end)

	d.AReply.Listen(func(e *event.DNSAReply) { b.addr(e.Conn, &e.Msg, &e.Ans, "A ", e.A) })
	d.AAAAReply.Listen(func(e *event.DNSAAAAReply) { b.addr(e.Conn, &e.Msg, &e.Ans, "AAAA ", e.A) })
	d.A6Reply.Listen(func(e *event.DNSA6Reply) { b.addr(e.Conn, &e.Msg, &e.Ans, "A6 ", e.A) })
	d.NSReply.Listen(func(e *event.DNSNSReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.Name) })
	d.CNAMEReply.Listen(func(e *event.DNSCNAMEReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.Name) })
	d.PTRReply.Listen(func(e *event.DNSPTRReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.Name) })
	d.MXReply.Listen(func(e *event.DNSMXReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.Name) })
	d.SRVReply.Listen(func(e *event.DNSSRVReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.Target) })
	d.SOAReply.Listen(func(e *event.DNSSOAReply) { b.name(e.Conn, &e.Msg, &e.Ans, e.SOA.MName) })
	d.WKSReply.Listen(func(e *event.DNSWKSReply) { b.reply(e.Conn, &e.Msg, &e.Ans) })
	d.TXTReply.Listen(func(e *event.DNSTXTReply) { b.strings(e.Conn, &e.Msg, &e.Ans, "TXT ", e.Strs) })
	d.SPFReply.Listen(func(e *event.DNSSPFReply) { b.strings(e.Conn, &e.Msg, &e.Ans, "SPF ", e.Strs) })
	d.NAPTRReply.Listen(b.naptr)
	d.RRSIG.Listen(b.rrsig)
	d.DNSKEY.Listen(func(e *event.DNSDNSKEY) {
		b.numbers(e.Conn, &e.Msg, &e.Ans, "DNSKEY", e.DNSKEY.Algorithm)
	})
	d.DS.Listen(func(e *event.DNSDS) {
		b.numbers(e.Conn, &e.Msg, &e.Ans, "DS", e.DS.Algorithm, e.DS.DigestType)
	})
	d.LOC.Listen(func(e *event.DNSLOC) {
		b.numbers(e.Conn, &e.Msg, &e.Ans, "LOC: ", e.LOC.Size, e.LOC.HorizPre, e.LOC.VertPre)
	})
	d.NSEC3.Listen(func(e *event.DNSNSEC3) { b.numbers(e.Conn, &e.Msg, &e.Ans, "NSEC3") })
	d.NSEC3PARAM.Listen(func(e *event.DNSNSEC3PARAM) { b.numbers(e.Conn, &e.Msg, &e.Ans, "NSEC3PARAM") })
	d.BINDS.Listen(func(e *event.DNSBINDS) { b.numbers(e.Conn, &e.Msg, &e.Ans, "BIND9 signing signal") })
	d.NSEC.Listen(b.nsec)
	d.SSHFP.Listen(b.sshfp)
	d.UnknownReply.Listen(b.unknown)
	d.DynamicUpdatePre.Listen(b.prerequisite)
	d.DynamicUpdateDel.Listen(b.deletion)
}

// tracked reports whether messages of a kind have rows.
func tracked(opcode uint64) bool {
	return opcode == dnsOpQuery || opcode == dnsOpUpdate || opcode == dnsOpNotify
}

func (b *dns) message(e *event.DNSMessage) {
	m := &e.Msg
	if !tracked(m.Opcode) {
		return
	}
	s := b.known(e.Conn)
	if s == nil {
		s = b.add(e.Conn)
		s.looked = false
	}
	if old := s.current; old != nil {
		if old.waiting {
			b.account(e.Conn, old)
		} else {
			b.freeRow(e.Conn, old)
		}
	}
	s.current, s.unpaired = nil, false
	b.questions, b.unasked, b.into = 0, false, nil
	switch {
	case b.byID:
		b.pair(e.Conn, s, m, nil)
	case s.toGroup(e.Conn):
		// The answer comes from another host, and so on another connection. RFC 6762 section
		// 18.1: the identifier says nothing.
		r := b.newRow(uint16(m.ID))
		r.alone = true
		b.unasked = m.QR
		b.begin(s, m, r)
	case m.IsNetBIOS || m.Opcode == dnsOpUpdate || m.NumQueries == 0 && m.NumAnswers == 0:
		// There is no question to compare. NetBIOS does not repeat it.
		b.pair(e.Conn, s, m, nil)
	default:
		s.unpaired = true
	}
}

// toGroup reports whether the responder of s's connection is a multicast group of mDNS (RFC
// 6762) or LLMNR (RFC 4795). No group sends, so that roles that turn change nothing.
func (s *dnsState) toGroup(c event.Conn) bool {
	if !s.looked {
		id := c.ID()
		s.looked = true
		s.group = (id.RespP == portMDNS || id.RespP == portLLMNR) && id.RespH.IsMulticast()
	}
	return s.group
}

// A dnsQuestion is what pairs a message, apart from its identifier.
type dnsQuestion struct {
	name  []byte
	qtype uint16 // 0 for an answer's owner
}

// in reports whether r or a row of the same message has the question. A row without a
// question matches too.
func (q *dnsQuestion) in(r *dnsRow) bool {
	if q == nil || !r.named {
		return true
	}
	for ; r != nil; r = r.next {
		if string(r.query) == string(q.name) && (q.qtype == 0 || !r.asked || r.qtype == q.qtype) {
			return true
		}
	}
	return false
}

// pair chooses the row of the current message. A nil q matches all questions.
func (b *dns) pair(c event.Conn, s *dnsState, m *event.DNSMsg, q *dnsQuestion) {
	s.unpaired = false
	if m.QR {
		b.begin(s, m, b.matchReply(c, s, uint16(m.ID), q))
	} else {
		b.begin(s, m, b.matchQuery(c, s, uint16(m.ID), q))
	}
}

// begin makes r the row of the current message.
func (b *dns) begin(s *dnsState, m *event.DNSMsg, r *dnsRow) {
	if m.QR {
		r.rcode, r.replied = uint8(m.RCode), true
		if m.RCode != 0 && m.NumQueries == 0 {
			r.reject = true
		}
	}
	r.opcode, r.netBIOS = uint8(m.Opcode), m.IsNetBIOS
	s.current = r
}

// dnsSmall is the size up to which a row is not counted unless others wait with it.
const dnsSmall = 1024

// account counts what a row has grown by, if that is much.
func (b *dns) account(c event.Conn, r *dnsRow) {
	if n := r.size(); n > r.held+dnsSmall {
		b.hold(c, n-r.held)
		r.held = n
	}
}

// size returns the bytes of the row in memory.
func (r *dnsRow) size() int {
	return int(unsafe.Sizeof(*r)) + cap(r.query) + cap(r.text) + 4*cap(r.ends) + 8*cap(r.ttls)
}

// matchQuery returns the row of a query.
func (b *dns) matchQuery(c event.Conn, s *dnsState, id uint16, q *dnsQuestion) *dnsRow {
	if r := s.replies.take(id, q); r != nil {
		r.waiting = false
		return r
	}
	r := b.newRow(id)
	r.waiting = true
	if s.query == nil {
		s.query = r
	} else {
		b.enqueue(c, s, &s.queries, r)
	}
	return r
}

// matchReply returns the row of a reply.
func (b *dns) matchReply(c event.Conn, s *dnsState, id uint16, q *dnsQuestion) *dnsRow {
	if r := s.query; r != nil && r.id == id && q.in(r) {
		// The next reply with this identifier goes to the oldest other query with it.
		if s.query = s.queries.take(id, nil); s.query == nil {
			s.query = s.queries.takeFirst()
		}
		r.waiting = false
		return r
	}
	if r := s.queries.take(id, q); r != nil {
		r.waiting = false
		return r
	}
	r := b.newRow(id)
	r.waiting = true
	b.unasked = true
	b.enqueue(c, s, &s.replies, r)
	return r
}

// enqueue puts r into q. If the queue is full, its rows are written first: they are assumed
// to stay unpaired.
func (b *dns) enqueue(c event.Conn, s *dnsState, q *dnsQueue, r *dnsRow) {
	switch same := q.count(r.id); {
	case same == 0 && q.ids > maxPendingIDs:
		b.flush(c, s, q, true, 0)
	case same > maxPendingMsgs:
		b.flush(c, s, q, false, r.id)
	}
	q.put(r)
	b.hold(c, r.size()-r.held)
	r.held = r.size()
}

// flush writes and removes the rows of q: all, or those with the identifier.
func (b *dns) flush(c event.Conn, s *dnsState, q *dnsQueue, all bool, id uint16) {
	kept := q.rows[:0]
	for _, e := range q.rows {
		if !all && e.id != id {
			kept = append(kept, e)
			continue
		}
		b.write(c, e.row)
		if e.row.waiting = false; e.row != s.current {
			b.freeRow(c, e.row)
		}
	}
	clear(q.rows[len(kept):])
	q.rows = kept
	if all {
		q.ids = 0
	} else {
		q.ids--
	}
}

func (b *dns) request(e *event.DNSRequest) {
	s := b.known(e.Conn)
	if s == nil || !tracked(e.Msg.Opcode) {
		return
	}
	if s.unpaired {
		b.pair(e.Conn, s, &e.Msg, &dnsQuestion{e.Query, uint16(e.QType)})
	}
	r := s.current
	if r == nil {
		return
	}
	r.rd, r.tc, r.z = e.Msg.RD, e.Msg.TC, uint8(e.Msg.Z)
	b.ask(e.Conn, &e.Msg, r, e.Query, e.QType, e.QClass)
}

// echoed handles a question of a reply. Unless keep is set it only pairs the reply.
func (b *dns) echoed(c event.Conn, m *event.DNSMsg, name []byte, qtype, qclass uint64, keep bool) {
	s := b.known(c)
	if s == nil || !tracked(m.Opcode) {
		return
	}
	if s.unpaired {
		b.pair(c, s, m, &dnsQuestion{name, uint16(qtype)})
	}
	if keep && b.unasked && s.current != nil {
		b.ask(c, m, s.current, name, qtype, qclass)
	}
}

// ask adds a question of a message to r, the message's row.
func (b *dns) ask(c event.Conn, m *event.DNSMsg, r *dnsRow, name []byte, qtype, qclass uint64) {
	if b.questions++; b.questions > 1 && !b.lastQuestion {
		q := dnsQuestion{name, uint16(qtype)}
		if q.in(r) {
			return
		}
		last := r
		for last.next != nil {
			last = last.next
		}
		last.next = b.newRow(r.id)
		r = last.next
	}
	r.qclass, r.qtype, r.asked = uint16(qclass), uint16(qtype), true
	r.nbstat = false
	r.query = append(r.query[:0], name...)
	r.named = true
	if m.IsNetBIOS && c.ID().RespP == portNetBIOSName {
		const typeSRV = 33
		r.nbstat = r.qtype == typeSRV
		n := len(r.query)
		if r.query = event.AppendNetBIOSName(r.query, name); len(r.query) > n {
			r.query = append(r.query[:0], r.query[n:]...)
		}
	}
}

func (b *dns) rejected(e *event.DNSRejected) {
	if s := b.known(e.Conn); s != nil && s.current != nil {
		s.current.reject = true
	}
}

func (b *dns) end(e *event.DNSEnd) {
	s := b.known(e.Conn)
	if s == nil {
		return
	}
	if s.unpaired {
		b.pair(e.Conn, s, &e.Msg, nil)
	}
	r := s.current
	if r == nil {
		return
	}
	if e.Msg.QR {
		r.sawReply = true
	} else {
		r.sawQuery = true
	}
	if !r.alone && (!r.sawQuery || !r.sawReply) {
		b.account(e.Conn, r)
		return
	}
	b.write(e.Conn, r)
	s.current = nil
	if r.waiting {
		return
	}
	b.freeRow(e.Conn, r)
	if s.query == nil && len(s.replies.rows) == 0 && len(s.queries.rows) == 0 {
		b.drop(e.Conn, s)
	}
}

func (b *dns) ended(c event.Conn, s *dnsState) {
	if s.current != nil && !s.current.waiting {
		b.freeRow(c, s.current)
	}
	s.current = nil
	if s.query != nil {
		b.write(c, s.query)
		b.freeRow(c, s.query)
		s.query = nil
	}
	b.flush(c, s, &s.queries, true, 0)
	b.flush(c, s, &s.replies, true, 0)
}

func (b *dns) newRow(id uint16) *dnsRow {
	r := b.freeRows.Get()
	r.ts, r.id = b.now(), id
	return r
}

func (b *dns) freeRow(c event.Conn, r *dnsRow) {
	if r.next != nil {
		b.freeRow(c, r.next)
	}
	b.hold(c, -r.held)
	if cap(r.text)+cap(r.query) > maxKept || cap(r.ends) > maxKept/12 {
		*r = dnsRow{}
	} else {
		*r = dnsRow{query: r.query[:0], text: r.text[:0], ends: r.ends[:0], ttls: r.ttls[:0]}
	}
	b.freeRows.Put(r)
}

// write writes r and the rows of the other questions.
func (b *dns) write(c event.Conn, r *dnsRow) {
	b.writeRow(c, r)
	for q := r.next; q != nil; q = q.next {
		q.rcode, q.opcode, q.z, q.replied, q.netBIOS = r.rcode, r.opcode, r.z, r.replied, r.netBIOS
		q.aa, q.tc, q.rd, q.ra, q.reject = r.aa, r.tc, r.rd, r.ra, r.reject
		b.writeRow(c, q)
	}
}

func (b *dns) writeRow(c event.Conn, r *dnsRow) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	w := &b.rec
	*w = schemas.DNS{}
	w.TS, w.UID, w.ID, w.Proto = r.ts, text(b.uidBuf), Endpoints(&id), value.Enum(id.Proto.String())
	w.TransID, w.Opcode = value.Some(uint64(r.id)), value.Some(uint64(r.opcode))
	w.AA, w.TC, w.RD, w.RA, w.Z, w.Rejected = r.aa, r.tc, r.rd, r.ra, uint64(r.z), r.reject
	if r.rtt != 0 {
		w.RTT = value.Some(value.Interval(r.rtt))
	}
	if r.named {
		w.Query = value.Some(text(r.query))
	}
	if r.asked {
		w.QClass, w.QType = value.Some(uint64(r.qclass)), value.Some(uint64(r.qtype))
		class, typ := dnsClassName(uint64(r.qclass)), dnsTypeName(uint64(r.qtype))
		if class == "" {
			b.classBuf = appendDNSClass(b.classBuf[:0], uint64(r.qclass))
			class = text(b.classBuf)
		}
		switch {
		case r.nbstat:
			typ = "NBSTAT"
		case typ == "":
			b.typeBuf = appendDNSType(b.typeBuf[:0], uint64(r.qtype))
			typ = text(b.typeBuf)
		}
		w.QClassName, w.QTypeName = value.Some(class), value.Some(typ)
	}
	if r.replied {
		w.RCode, w.RCodeName = value.Some(uint64(r.rcode)), value.Some(dnsRCodes[r.rcode])
	}
	if r.netBIOS {
		w.OpcodeName = value.Some(netBIOSOpcodes[r.opcode&15])
	} else {
		w.OpcodeName = value.Some(dnsOpcodes[r.opcode&15])
	}
	if len(r.ends) > 0 {
		b.answers = b.answers[:0]
		from := uint32(0)
		for _, end := range r.ends {
			b.answers = append(b.answers, text(r.text[from:end]))
			from = end
		}
		if r.left > 0 {
			b.leftBuf = strconv.AppendInt(append(b.leftBuf[:0], '<'), int64(r.left), 10)
			b.leftBuf = append(b.leftBuf, " answers left out>"...)
			b.answers = append(b.answers, text(b.leftBuf))
		}
		w.Answers, w.TTLs = b.answers, r.ttls
	}
	b.out.Emit(w)
}

// A dnsQueue holds unpaired rows, oldest first.
type dnsQueue struct {
	rows []queuedRow
	ids  int // different identifiers
}

type queuedRow struct {
	id  uint16
	row *dnsRow
}

func (q *dnsQueue) put(r *dnsRow) {
	if q.count(r.id) == 0 {
		q.ids++
	}
	q.rows = append(q.rows, queuedRow{r.id, r})
}

// count returns how many rows have the identifier.
func (q *dnsQueue) count(id uint16) int {
	n := 0
	for i := range q.rows {
		if q.rows[i].id == id {
			n++
		}
	}
	return n
}

// take removes and returns the first row with the identifier and the question, or returns
// nil.
func (q *dnsQueue) take(id uint16, question *dnsQuestion) *dnsRow {
	for i := range q.rows {
		if q.rows[i].id == id && question.in(q.rows[i].row) {
			return q.remove(i)
		}
	}
	return nil
}

// takeFirst removes and returns the first row, or returns nil.
func (q *dnsQueue) takeFirst() *dnsRow {
	if len(q.rows) == 0 {
		return nil
	}
	return q.remove(0)
}

func (q *dnsQueue) remove(i int) *dnsRow {
	e := q.rows[i]
	n := i + copy(q.rows[i:], q.rows[i+1:])
	q.rows[n] = queuedRow{}
	q.rows = q.rows[:n]
	if q.count(e.id) == 0 {
		q.ids--
	}
	return e.row
}

// reply adds what a record says to the row of its message, and returns the row if the record
// is an answer.
func (b *dns) reply(c event.Conn, m *event.DNSMsg, a *event.DNSAnswer) *dnsRow {
	if !m.QR || !tracked(m.Opcode) {
		return nil
	}
	switch a.AnswerType {
	case event.DNSAnswerRR, event.DNSPrerequisite, event.DNSUpdate:
	default:
		return nil
	}
	s := b.known(c)
	if s == nil {
		return nil
	}
	if s.unpaired {
		b.pair(c, s, m, &dnsQuestion{name: a.Query})
	}
	r := s.current
	if r == nil {
		return nil
	}
	if !r.named {
		r.named = true
		r.query = append(r.query[:0], a.Query...)
	}
	r.aa, r.ra = m.AA, m.RA
	if r.next != nil {
		r = b.answered(r, a.Query)
	}
	if r.rtt == 0 {
		r.rtt = b.now().Seconds() - r.ts.Seconds()
	}
	if len(r.ends) >= maxAnswers {
		return nil
	}
	if b.rowBytes != 0 && len(r.text) >= b.rowBytes {
		if r.left++; r.left == 1 {
			c.Weird("dns_answers_left_out", "", "")
		}
		return nil
	}
	return r
}

// answered returns the row of the question that an answer is for: the one about its owner,
// or else the one that the answer before was for, such as an alias.
func (b *dns) answered(r *dnsRow, owner []byte) *dnsRow {
	for q := r; q != nil; q = q.next {
		if string(q.query) == string(owner) {
			b.into = q
			return q
		}
	}
	if b.into == nil {
		b.into = r
	}
	return b.into
}

// isUpdate reports whether a record is one of a dynamic update.
func isUpdate(m *event.DNSMsg) bool { return m.Opcode == dnsOpUpdate && !m.IsNetBIOS }

// start begins an answer and returns its offset in the text of r.
func (r *dnsRow) start(m *event.DNSMsg, a *event.DNSAnswer) (from int) {
	from = len(r.text)
	if m.Opcode == dnsOpUpdate && a.AnswerType == event.DNSUpdate {
		r.text = append(r.text, "add: "...)
	}
	return from
}

// finish ends an answer.
func (r *dnsRow) finish(a *event.DNSAnswer) {
	r.ends = append(r.ends, uint32(len(r.text)))
	r.ttls = append(r.ttls, value.Interval(a.TTL))
}

func (b *dns) addr(c event.Conn, m *event.DNSMsg, a *event.DNSAnswer, typ string, addr netip.Addr) {
	r := b.reply(c, m, a)
	if r == nil {
		return
	}
	r.start(m, a)
	if isUpdate(m) {
		r.text = append(append(append(r.text, typ...), a.Query...), ' ')
	}
	r.text = appendAddr(r.text, addr)
	r.finish(a)
}

func (b *dns) name(c event.Conn, m *event.DNSMsg, a *event.DNSAnswer, name []byte) {
	// The root name is not an answer.
	if r := b.reply(c, m, a); r != nil && len(name) > 0 {
		r.start(m, a)
		r.text = append(r.text, name...)
		r.finish(a)
	}
}

func (b *dns) strings(c event.Conn, m *event.DNSMsg, a *event.DNSAnswer, typ string, strs [][]byte) {
	r := b.reply(c, m, a)
	if r == nil || len(strs) == 0 {
		return
	}
	r.start(m, a)
	for i, s := range strs {
		if i > 0 {
			r.text = append(r.text, ' ')
		}
		r.text = strconv.AppendInt(append(r.text, typ...), int64(len(s)), 10)
		r.text = append(append(r.text, ' '), s...)
	}
	r.finish(a)
}

// numbers adds an answer that consists of a word and numbers.
func (b *dns) numbers(c event.Conn, m *event.DNSMsg, a *event.DNSAnswer, word string, list ...uint64) {
	r := b.reply(c, m, a)
	if r == nil {
		return
	}
	r.start(m, a)
	r.text = append(r.text, word...)
	for _, n := range list {
		r.text = strconv.AppendUint(append(r.text, ' '), n, 10)
	}
	r.finish(a)
}

func (b *dns) naptr(e *event.DNSNAPTRReply) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	r.start(&e.Msg, &e.Ans)
	p := &e.NAPTR
	t := append(r.text, "NAPTR "...)
	t = append(strconv.AppendUint(t, p.Order, 10), ' ')
	t = append(strconv.AppendUint(t, p.Preference, 10), ' ')
	t = append(append(t, p.Flags...), ' ')
	t = append(append(t, p.Service...), ' ')
	t = append(t, p.Regexp...)
	if len(p.Regexp) > 0 && len(p.Replacement) > 0 {
		t = append(t, ' ')
	}
	r.text = append(t, p.Replacement...)
	r.finish(&e.Ans)
}

func (b *dns) rrsig(e *event.DNSRRSIG) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	r.start(&e.Msg, &e.Ans)
	r.text = strconv.AppendUint(append(r.text, "RRSIG "...), e.RRSIG.TypeCovered, 10)
	r.text = append(r.text, ' ')
	if len(e.RRSIG.SignerName) == 0 {
		r.text = append(r.text, "<Root>"...)
	} else {
		r.text = append(r.text, e.RRSIG.SignerName...)
	}
	r.finish(&e.Ans)
}

func (b *dns) nsec(e *event.DNSNSEC) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	r.start(&e.Msg, &e.Ans)
	r.text = append(append(r.text, "NSEC "...), e.Ans.Query...)
	r.text = append(append(r.text, ' '), e.NextName...)
	r.finish(&e.Ans)
}

func (b *dns) sshfp(e *event.DNSSSHFP) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	r.start(&e.Msg, &e.Ans)
	r.text = hex.AppendEncode(append(r.text, "SSHFP: "...), e.Fingerprint)
	r.finish(&e.Ans)
}

func (b *dns) unknown(e *event.DNSUnknownReply) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	r.start(&e.Msg, &e.Ans)
	r.text = strconv.AppendUint(append(r.text, "<unknown type="...), e.Ans.QType, 10)
	r.text = append(r.text, '>')
	r.finish(&e.Ans)
}

func (b *dns) prerequisite(e *event.DNSDynamicUpdatePre) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	a := &e.Ans
	t := append(r.text, "pre: "...)
	switch {
	case a.QType == dnsAny && a.QClass == dnsClassNone:
		t = append(t, "NameNotInUse"...)
	case a.QType == dnsAny && a.QClass == dnsAny:
		t = append(t, "NameInUse"...)
	case a.QClass == dnsClassNone:
		t = appendDNSType(append(t, "NoRRSet "...), a.QType)
	default:
		t = appendDNSType(append(t, "RRSetExists "...), a.QType)
	}
	r.text = append(append(t, ' '), a.Query...)
	r.finish(a)
}

func (b *dns) deletion(e *event.DNSDynamicUpdateDel) {
	r := b.reply(e.Conn, &e.Msg, &e.Ans)
	if r == nil {
		return
	}
	a := &e.Ans
	t := append(r.text, "del: "...)
	switch {
	case a.QType == dnsAny && a.QClass == dnsAny:
		t = append(append(t, "RRSet * "...), a.Query...)
	case a.QClass == dnsClassNone:
		t = append(append(appendDNSType(append(t, "RR "...), a.QType), ' '), a.Query...)
	default:
		t = appendDNSType(append(t, "RRSet "...), a.QType)
	}
	r.text = t
	r.finish(a)
}

// appendAddr appends an address as inet_ntop prints it.
func appendAddr(dst []byte, a netip.Addr) []byte {
	a = a.Unmap()
	if a.Is6() {
		// IPv4-compatible addresses (RFC 4291 section 2.5.5.1) end in dotted form.
		b := a.As16()
		if [12]byte(b[:12]) == ([12]byte{}) && b[12]|b[13] != 0 {
			dst = append(dst, "::"...)
			a = netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	return a.AppendTo(dst)
}
