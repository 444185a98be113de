package logs

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// dnsBench raises events of one connection.
type dnsBench struct {
	*bench
	t *testing.T
	c *fakeConn
}

func newDNSBench(t *testing.T) *dnsBench {
	return &dnsBench{newBench(t, "dns"), t, &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:53"), uid: uid(1)}}
}

func (b *dnsBench) ask(id uint64, name string, more ...func(*event.DNSMsg)) {
	m := event.DNSMsg{ID: id, RD: true, NumQueries: 1}
	for _, f := range more {
		f(&m)
	}
	h := &b.hooks.DNS
	h.Message.Raise(&event.DNSMessage{Conn: b.c, IsOrig: true, Msg: m})
	h.Request.Raise(&event.DNSRequest{Conn: b.c, Msg: m, Query: []byte(name), QType: 1, QClass: 1})
	h.End.Raise(&event.DNSEnd{Conn: b.c, Msg: m})
	b.now += 1e9
}

// answer raises a reply that repeats the question, unless name is empty.
func (b *dnsBench) answer(id uint64, name string, addrs ...string) {
	m := event.DNSMsg{ID: id, QR: true, RA: true, NumAnswers: uint64(len(addrs))}
	h := &b.hooks.DNS
	if name != "" {
		m.NumQueries = 1
	}
	h.Message.Raise(&event.DNSMessage{Conn: b.c, Msg: m})
	if name != "" {
		h.QueryReply.Raise(&event.DNSQueryReply{Conn: b.c, Msg: m, Query: []byte(name), QType: 1, QClass: 1})
	}
	for _, a := range addrs {
		h.AReply.Raise(&event.DNSAReply{Conn: b.c, Msg: m, Ans: event.DNSAnswer{AnswerType: event.DNSAnswerRR, Query: []byte("a"), TTL: 60},
			A: netip.MustParseAddr(a)})
	}
	h.End.Raise(&event.DNSEnd{Conn: b.c, Msg: m})
	b.now += 1e9
}

func (b *dnsBench) remove() {
	endConn(&b.hooks, b.c)
	if b.c.Slot(0) != nil {
		b.t.Error("state stays behind")
	}
}

// expect checks the rows without the columns that all have in common.
func (b *dnsBench) expect(want ...string) {
	b.t.Helper()
	for i, r := range b.out.rows {
		for _, s := range []string{" uid=C1", " id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=53", " proto=udp",
			" qclass=1 qclass_name=C_INTERNET qtype=1 qtype_name=A", " rcode=0 rcode_name=NOERROR", " AA=false", " TC=false", " Z=0", " rejected=false",
			" opcode=0 opcode_name=query"} {
			r = strings.Replace(r, s, "", 1)
		}
		b.out.rows[i] = r
	}
	b.out.expect(b.t, want...)
}

func TestDNSPairing(t *testing.T) {
	b := newDNSBench(t)
	const asked = " RD=true RA=false"
	b.ask(7, "a")
	if b.c.Slot(0) == nil {
		t.Fatal("no state")
	}
	b.answer(7, "a", "192.0.2.1", "192.0.2.2")
	b.expect("dns ts=1 trans_id=7 rtt=1 query=a RD=true RA=true answers=192.0.2.1,192.0.2.2, TTLs=60,60,")
	if b.c.Slot(0) != nil {
		t.Error("a connection whose queries are answered has state")
	}

	// Out of order, one of them sent twice.
	b.now = 1e9
	b.ask(1, "a")
	b.ask(2, "b")
	b.ask(2, "b")
	b.ask(3, "c")
	b.answer(3, "c")
	b.answer(2, "b")
	b.answer(1, "")
	b.expect("dns ts=4 trans_id=3 query=c"+asked, "dns ts=2 trans_id=2 query=b"+asked, "dns ts=1 trans_id=1 query=a"+asked)
	b.answer(2, "b")
	b.expect("dns ts=3 trans_id=2 query=b" + asked)
	b.remove()
	b.expect()

	// Answers without a query, and one whose query comes later.
	b.now = 1e9
	b.answer(1, "", "192.0.2.1")
	b.answer(2, "")
	b.ask(1, "a")
	b.expect("dns ts=1 trans_id=1 query=a RD=true RA=true answers=192.0.2.1, TTLs=60,")
	b.ask(9, "z")
	b.ask(8, "y")
	b.remove()
	b.expect("dns ts=4 trans_id=9 query=z"+asked, "dns ts=5 trans_id=8 query=y"+asked, "dns ts=2 trans_id=2 RD=false RA=false")
	b.remove()
	b.expect()
}

// TestDNSOtherAnswer has replies with the identifier of a query, but another name.
func TestDNSOtherAnswer(t *testing.T) {
	b := newDNSBench(t)
	b.ask(1, "b")
	b.answer(1, "a", "192.0.2.9")
	b.answer(1, "", "192.0.2.8") // its answer is about a
	b.answer(1, "b")
	b.expect("dns ts=1 trans_id=1 query=b RD=true RA=false")
	b.remove()
	b.expect("dns ts=2 trans_id=1 query=a RD=false RA=true answers=192.0.2.9, TTLs=60,",
		"dns ts=3 trans_id=1 query=a RD=false RA=true answers=192.0.2.8, TTLs=60,")

	// Messages to a group stay single, and need no state.
	b.c.id = connID(t, value.ProtoUDP, "10.0.0.1:5353 224.0.0.251:5353")
	b.now = 1e9
	b.ask(0, "a")
	b.answer(0, "", "192.0.2.1")
	for i, want := range []string{" query=a qclass=1", " query=a rcode=0"} {
		if rows := b.out.rows; len(rows) != 2 || !strings.Contains(rows[i], want) {
			t.Errorf("row %d has no%s: %q", i, want, rows)
		}
	}
	if b.c.Slot(0) != nil {
		t.Error("a message to a group leaves state behind")
	}
}

func TestDNSQuestions(t *testing.T) {
	b := newDNSBench(t)
	h := &b.hooks.DNS
	names := []string{"a", "b", "a", "c"}
	m := event.DNSMsg{ID: 1, NumQueries: uint64(len(names))}
	ask := func() {
		h.Message.Raise(&event.DNSMessage{Conn: b.c, IsOrig: true, Msg: m})
		for _, n := range names {
			h.Request.Raise(&event.DNSRequest{Conn: b.c, Msg: m, Query: []byte(n), QType: 1, QClass: 1})
		}
		h.End.Raise(&event.DNSEnd{Conn: b.c, Msg: m})
	}
	ask()
	m.QR, m.NumAnswers = true, 3
	h.Message.Raise(&event.DNSMessage{Conn: b.c, Msg: m})
	for _, n := range names {
		h.QueryReply.Raise(&event.DNSQueryReply{Conn: b.c, Msg: m, Query: []byte(n), QType: 1, QClass: 1})
	}
	for i, owner := range []string{"b", "alias", "a"} {
		h.AReply.Raise(&event.DNSAReply{Conn: b.c, Msg: m, Ans: event.DNSAnswer{AnswerType: event.DNSAnswerRR, Query: []byte(owner), TTL: 60},
			A: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})})
	}
	h.End.Raise(&event.DNSEnd{Conn: b.c, Msg: m})
	const flags = " RD=false RA=false"
	b.expect("dns ts=1 trans_id=1 query=a"+flags+" answers=192.0.2.2, TTLs=60,",
		"dns ts=1 trans_id=1 query=b"+flags+" answers=192.0.2.0,192.0.2.1, TTLs=60,60,",
		"dns ts=1 trans_id=1 query=c"+flags)
	m.QR = false
	ask()
	b.remove()
	if rows := b.out.take(); len(rows) != 3 {
		t.Errorf("rows %q of three questions without a reply", rows)
	}
}

func TestDNSPendingLimits(t *testing.T) {
	b := newDNSBench(t)
	for i := range maxPendingIDs + 3 {
		b.ask(uint64(i), "a")
	}
	// The first query is outside the queue, which is written before it exceeds its bound.
	if n := len(b.out.take()); n != maxPendingIDs+1 {
		t.Errorf("%d rows of too many identifiers", n)
	}
	b.remove()
	if n := len(b.out.take()); n != 2 {
		t.Errorf("%d rows at the end", n)
	}
	for range maxPendingMsgs + 2 {
		b.answer(1, "a")
	}
	b.answer(2, "a")
	if n := len(b.out.take()); n != maxPendingMsgs+1 {
		t.Errorf("%d rows of too many answers", n)
	}
	b.remove()
	if n := len(b.out.take()); n != 2 {
		t.Errorf("%d rows at the end", n)
	}
}

func TestDNSNetBIOS(t *testing.T) {
	b := newDNSBench(t)
	b.c.id = connID(t, value.ProtoUDP, "10.0.0.1:137 10.0.0.2:137")
	netBIOS := func(m *event.DNSMsg) { m.IsNetBIOS = true }
	b.ask(1, "fhepfcelehfcepfffacacacacacacabo", netBIOS)
	release := func(m *event.DNSMsg) { m.IsNetBIOS, m.Opcode = true, 6 } // has no row
	b.ask(2, "x", release)
	b.remove()
	rows := b.out.take()
	if len(rows) != 1 || !strings.Contains(rows[0], " query=WORKGROUP ") || !strings.Contains(rows[0], "opcode_name=netbios-query") {
		t.Error(rows)
	}
}

func TestDNSAnswers(t *testing.T) {
	b := newDNSBench(t)
	h := &b.hooks.DNS
	m := event.DNSMsg{ID: 1, QR: true}
	ans := event.DNSAnswer{AnswerType: event.DNSAnswerRR, Query: []byte("q"), QType: 999, TTL: 1}
	n := []byte("n")
	h.Message.Raise(&event.DNSMessage{Conn: b.c, Msg: m})
	h.AAAAReply.Raise(&event.DNSAAAAReply{Conn: b.c, Msg: m, Ans: ans, A: netip.MustParseAddr("::c000:201")})
	h.A6Reply.Raise(&event.DNSA6Reply{Conn: b.c, Msg: m, Ans: ans, A: netip.MustParseAddr("2001:db8::1")})
	h.MXReply.Raise(&event.DNSMXReply{Conn: b.c, Msg: m, Ans: ans, Name: n})
	h.NSReply.Raise(&event.DNSNSReply{Conn: b.c, Msg: m, Ans: ans})
	h.SOAReply.Raise(&event.DNSSOAReply{Conn: b.c, Msg: m, Ans: ans, SOA: event.DNSSOA{MName: n}})
	h.WKSReply.Raise(&event.DNSWKSReply{Conn: b.c, Msg: m, Ans: ans})
	h.TXTReply.Raise(&event.DNSTXTReply{Conn: b.c, Msg: m, Ans: ans, Strs: [][]byte{[]byte("a b"), {}}})
	h.SPFReply.Raise(&event.DNSSPFReply{Conn: b.c, Msg: m, Ans: ans})
	h.NAPTRReply.Raise(&event.DNSNAPTRReply{Conn: b.c, Msg: m, Ans: ans,
		NAPTR: event.DNSNAPTRRR{Order: 1, Preference: 2, Flags: []byte("u"), Service: []byte("s"), Regexp: []byte("!"), Replacement: n}})
	h.RRSIG.Raise(&event.DNSRRSIG{Conn: b.c, Msg: m, Ans: ans, RRSIG: event.DNSRRSIGRR{TypeCovered: 1}})
	h.DNSKEY.Raise(&event.DNSDNSKEY{Conn: b.c, Msg: m, Ans: ans, DNSKEY: event.DNSDNSKEYRR{Algorithm: 8}})
	h.DS.Raise(&event.DNSDS{Conn: b.c, Msg: m, Ans: ans, DS: event.DNSDSRR{Algorithm: 8, DigestType: 2}})
	h.NSEC.Raise(&event.DNSNSEC{Conn: b.c, Msg: m, Ans: ans, NextName: n})
	h.NSEC3.Raise(&event.DNSNSEC3{Conn: b.c, Msg: m, Ans: ans})
	h.NSEC3PARAM.Raise(&event.DNSNSEC3PARAM{Conn: b.c, Msg: m, Ans: ans})
	h.BINDS.Raise(&event.DNSBINDS{Conn: b.c, Msg: m, Ans: ans})
	h.SSHFP.Raise(&event.DNSSSHFP{Conn: b.c, Msg: m, Ans: ans, Fingerprint: []byte{0xab, 1}})
	h.LOC.Raise(&event.DNSLOC{Conn: b.c, Msg: m, Ans: ans, LOC: event.DNSLOCRR{Size: 1, HorizPre: 2, VertPre: 3}})
	h.UnknownReply.Raise(&event.DNSUnknownReply{Conn: b.c, Msg: m, Ans: ans})
	ans.AnswerType = event.DNSAuthority
	h.NSReply.Raise(&event.DNSNSReply{Conn: b.c, Msg: m, Ans: ans, Name: n})
	b.remove()
	row := strings.Join(b.out.take(), "\n")
	_, row, _ = strings.Cut(row, "answers=")
	row, _, _ = strings.Cut(row, " TTLs")
	const want = "::192.0.2.1,2001:db8::1,n,n,TXT 3 a b TXT 0 ,NAPTR 1 2 u s ! n,RRSIG 1 <Root>,DNSKEY 8,DS 8 2,NSEC q n,NSEC3,NSEC3PARAM," +
		"BIND9 signing signal,SSHFP: ab01,LOC:  1 2 3,<unknown type=999>,"
	if row != want {
		t.Errorf("got\n%s\nwant\n%s", row, want)
	}
}

func TestDNSUpdate(t *testing.T) {
	b := newDNSBench(t)
	h := &b.hooks.DNS
	m := event.DNSMsg{ID: 1, QR: true, Opcode: dnsOpUpdate, RCode: 9}
	h.Message.Raise(&event.DNSMessage{Conn: b.c, Msg: m})
	for _, a := range []struct{ typ, class uint64 }{{255, 254}, {255, 255}, {1, 254}, {1, 1}} {
		h.DynamicUpdatePre.Raise(&event.DNSDynamicUpdatePre{Conn: b.c, Msg: m,
			Ans: event.DNSAnswer{AnswerType: event.DNSPrerequisite, Query: []byte("q"), QType: a.typ, QClass: a.class}})
	}
	for _, a := range []struct{ typ, class uint64 }{{255, 255}, {1, 254}, {1, 255}} {
		h.DynamicUpdateDel.Raise(&event.DNSDynamicUpdateDel{Conn: b.c, Msg: m,
			Ans: event.DNSAnswer{AnswerType: event.DNSUpdate, Query: []byte("q"), QType: a.typ, QClass: a.class}})
	}
	h.AReply.Raise(&event.DNSAReply{Conn: b.c, Msg: m, A: netip.MustParseAddr("192.0.2.1"),
		Ans: event.DNSAnswer{AnswerType: event.DNSUpdate, Query: []byte("q"), QType: 1, QClass: 1}})
	b.remove()
	rows := b.out.take()
	for _, want := range []string{"rcode=9 rcode_name=NOTAUTH", "rejected=true", "opcode_name=dynamic-update",
		"answers=pre: NameNotInUse q,pre: NameInUse q,pre: NoRRSet A q,pre: RRSetExists A q,del: RRSet * q,del: RR A q,del: RRSet A,add: A q 192.0.2.1,"} {
		if len(rows) != 1 || !strings.Contains(rows[0], want) {
			t.Errorf("%s is not in %q", want, rows)
		}
	}
}

func TestDNSManyAnswers(t *testing.T) {
	b := newDNSBench(t)
	addrs := make([]string, maxAnswers+5)
	for i := range addrs {
		addrs[i] = fmt.Sprintf("192.0.%d.%d", i>>8, i&255)
	}
	b.ask(1, "a")
	b.answer(1, "a", addrs...)
	if rows := b.out.take(); len(rows) != 1 || strings.Count(rows[0], "192.0.") != maxAnswers {
		t.Error("the number of answers is not bounded")
	}
}

func TestDNSNames(t *testing.T) {
	for n, want := range map[uint64]string{1: "A", 54: "query-54", 65: "HTTPS", 255: "*", 65521: "INTEGRITY", 65534: "query-65534"} {
		if got := string(appendDNSType(nil, n)); got != want {
			t.Errorf("type %d is %s, not %s", n, got, want)
		}
	}
	for n, want := range map[uint64]string{1: "C_INTERNET", 2: "C_CSNET", 3: "C_CHAOS", 4: "C_HESIOD", 254: "C_NONE", 255: "C_ANY", 32769: "qclass-32769"} {
		if got := string(appendDNSClass(nil, n)); got != want {
			t.Errorf("class %d is %s, not %s", n, got, want)
		}
	}
}

func BenchmarkDNS(b *testing.B) {
	d := newBench(b, "dns")
	d.out.quiet = true
	c := &fakeConn{id: connID(b, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:53"), uid: uid(1)}
	h := &d.hooks.DNS
	q, r := event.DNSMsg{ID: 7, RD: true, NumQueries: 1}, event.DNSMsg{ID: 7, QR: true, RA: true, NumQueries: 1, NumAnswers: 1}
	name := []byte("www.example.com")
	events := struct {
		m1, m2 event.DNSMessage
		rq     event.DNSRequest
		a      event.DNSAReply
		e1, e2 event.DNSEnd
	}{
		event.DNSMessage{Conn: c, IsOrig: true, Msg: q}, event.DNSMessage{Conn: c, Msg: r},
		event.DNSRequest{Conn: c, Msg: q, Query: name, QType: 1, QClass: 1},
		event.DNSAReply{Conn: c, Msg: r, A: netip.MustParseAddr("192.0.2.1"), Ans: event.DNSAnswer{AnswerType: event.DNSAnswerRR, Query: name, TTL: 60}},
		event.DNSEnd{Conn: c, Msg: q}, event.DNSEnd{Conn: c, Msg: r},
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Message.Raise(&events.m1)
		h.Request.Raise(&events.rq)
		h.End.Raise(&events.e1)
		h.Message.Raise(&events.m2)
		h.AReply.Raise(&events.a)
		h.End.Raise(&events.e2)
	}
}

// TestDNSRowBytes checks the bound of a row's answers.
func TestDNSRowBytes(t *testing.T) {
	for _, tt := range []struct {
		limit int
		want  string
	}{
		{0, "answers=10.1.1.1,10.1.1.2,10.1.1.3,"},
		{24, "answers=10.1.1.1,10.1.1.2,10.1.1.3,"},
		{9, "answers=10.1.1.1,10.1.1.2,<1 answers left out>,"},
		{8, "answers=10.1.1.1,<2 answers left out>,"},
	} {
		b := newDNSBench(t)
		b.bench = newLimitedBench(t, Limits{RowBytes: tt.limit}, "dns")
		b.ask(1, "name")
		b.answer(1, "name", "10.1.1.1", "10.1.1.2", "10.1.1.3")
		b.remove()
		if row := strings.Join(b.out.rows, "|"); !strings.Contains(row, tt.want) {
			t.Errorf("limit %d: got %s, want %s", tt.limit, row, tt.want)
		}
	}
}

// TestDNSHeld checks that what waits is on the connection's account, and leaves it.
func TestDNSHeld(t *testing.T) {
	b := newDNSBench(t)
	b.ask(1, "name")
	b.answer(1, "name", "10.1.1.1")
	if b.c.held != 0 {
		t.Errorf("%d bytes are held for an answered query", b.c.held)
	}
	for id := range uint64(20) {
		b.answer(id, "name", "10.1.1.1", "10.1.1.2")
	}
	if b.c.held < 20*100 {
		t.Errorf("%d bytes are held for 20 replies without queries", b.c.held)
	}
	for id := range uint64(20) {
		b.ask(id, "name")
	}
	if b.c.held != 0 {
		t.Errorf("%d bytes are held after the queries", b.c.held)
	}
	b.answer(1, "name", "10.1.1.1")
	b.hooks.EndSlot(0, b.c, nil)
	if b.c.held != 0 || b.c.Slot(0) != nil || len(b.out.rows) != 22 {
		t.Errorf("after an early end %d bytes are held, and there are %d rows", b.c.held, len(b.out.rows))
	}
}
