package dns

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// message returns a message with the given header and sections.
func message(flags uint16, counts [4]uint16, parts ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, 0x1234)
	b = binary.BigEndian.AppendUint16(b, flags)
	for _, n := range counts {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

const (
	query    = 0x0100 // recursion desired
	response = 0x8180
	update   = 5 << 11
)

// x decodes hexadecimal digits; spaces are ignored.
func x(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// name returns s as an uncompressed name.
func name(s string) string {
	b := ""
	for l := range strings.SplitSeq(s, ".") {
		if l != "" {
			b += string(byte(len(l))) + l
		}
	}
	return b + "\x00"
}

// u16 returns n in two bytes.
func u16(n int) string { return string([]byte{byte(n >> 8), byte(n)}) }

func question(s string, typ int) string { return name(s) + u16(typ) + u16(1) }

// record returns a record of class IN with the owner of the first question and a TTL of
// 60 seconds.
func record(typ int, data string) string { return classRecord(typ, 1, 60, data) }

func classRecord(typ, class, ttl int, data string) string {
	return "\xc0\x0c" + u16(typ) + u16(class) + "\x00\x00" + u16(ttl) + u16(len(data)) + data
}

// bench is a table with the analyzer. It records what is raised: events as
// "name {parameters without msg}", weirds, violations and so on.
type bench struct {
	*testconn.Bench
	lines []string
}

var (
	msgArg  = regexp.MustCompile(`"msg":\{[^}]*\},?`)
	ansArg  = regexp.MustCompile(`"ans":\{"answer_type":(\d+),"query":"([^"]*)","qtype":(\d+),"qclass":(\d+),"TTL":"([^"]*)"\}`)
	heading = regexp.MustCompile(`^.*"event":"dns_(\w+)".*,"args":(.*)\}\n$`)
)

func newBench(t testing.TB, o Options) *bench {
	b := &bench{Bench: testconn.New(t, testconn.Config())}
	b.Server = netip.MustParseAddrPort("198.51.100.2:53")
	_, err := event.NewStream(b.Hooks, func() value.Time { return b.Now }, func(line []byte) {
		s := heading.ReplaceAllString(string(line), "$1 $2")
		s = ansArg.ReplaceAllString(msgArg.ReplaceAllString(s, ""), "($1 $2 $3 $4 $5)")
		b.lines = append(b.lines, strings.Replace(s, ",}", "}", 1))
	}, "dns_*")
	if err != nil {
		t.Fatal(err)
	}
	say := func(format string, a ...any) { b.lines = append(b.lines, fmt.Sprintf(format, a...)) }
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { say("weird %s %s", e.Name, e.Addl) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(*event.AnalyzerConfirmationInfo) { say("confirmed") })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { say("violation %s", e.Info.Reason) })
	b.Hooks.Conn.ConnectionFlipped.Listen(func(*event.ConnectionFlipped) { say("flipped") })
	b.Hooks.Conn.UDPSessionDone.Listen(func(*event.UDPSessionDone) { say("done") })
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, value.ProtoUDP, o), New(b.Hooks, value.ProtoTCP, o)}))
	return b
}

// take returns and clears the recorded lines, except message, end, full_request and
// confirmed, which well-formed messages raise.
func (b *bench) take() []string {
	lines := slices.DeleteFunc(b.lines, func(s string) bool {
		return s == "confirmed" || strings.HasPrefix(s, "message ") || s == "end {}" || s == "full_request {}"
	})
	b.lines = nil
	return lines
}

func (b *bench) datagram(isOrig bool, m []byte) {
	src, dst := b.Client, b.Server
	if !isOrig {
		src, dst = dst, src
	}
	if _, ok := b.Packet(testconn.UDP(src, dst, m)); !ok {
		b.T.Fatal("the datagram did not reach the table")
	}
}

func (b *bench) expect(want ...string) {
	b.T.Helper()
	if got := b.take(); !slices.Equal(got, want) {
		b.T.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		what string
		typ  int
		data string
		want []string
	}{
		{"A", typeA, x("c0000201"), []string{`A_reply {(1 a.test 0 1 1.0 min),"a":"192.0.2.1"}`}},
		{"A of 5 bytes", typeA, x("c000020101"), []string{"weird DNS_RR_bad_length "}},
		{"AAAA", typeAAAA, x("20010db8 00000000 00000000 00000001"), []string{`AAAA_reply {(1 a.test 0 1 1.0 min),"a":"2001:db8::1"}`}},
		{"A6", typeA6, x("20010db8 00000000 00000000 00000001"), []string{`A6_reply {(1 a.test 0 1 1.0 min),"a":"2001:db8::1"}`}},
		{"NS", typeNS, name("NS.test"), []string{`NS_reply {(1 a.test 0 1 1.0 min),"name":"ns.test"}`}},
		{"CNAME", typeCNAME, "\x01b\xc0\x0e", []string{`CNAME_reply {(1 a.test 0 1 1.0 min),"name":"b.test"}`}},
		{"PTR", typePTR, name("h"), []string{`PTR_reply {(1 a.test 0 1 1.0 min),"name":"h"}`}},
		{"PTR with more", typePTR, name("h") + "z", []string{"weird DNS_RR_length_mismatch ", `PTR_reply {(1 a.test 0 1 1.0 min),"name":"h"}`,
			"weird DNS_label_len_gt_pkt ", "weird DNS_truncated_ans_too_short "}}, // reading goes on where it is
		{"SOA", typeSOA, name("m") + name("r") + x("00000001 0000003c 0000003d 0000003e 0000003f"), []string{
			`SOA_reply {(1 a.test 0 1 1.0 min),"soa":{"mname":"m","rname":"r","serial":1,"refresh":"1.0 min",` +
				`"retry":"1.0 min 1.0 sec","expire":"1.0 min 2.0 secs","minimum":"1.0 min 3.0 secs"}}`}},
		{"MX", typeMX, u16(10) + name("mx"), []string{`MX_reply {(1 a.test 0 1 1.0 min),"name":"mx","preference":10}`}},
		{"SRV", typeSRV, u16(1) + u16(2) + u16(443) + name("s"), []string{
			`SRV_reply {(1 a.test 0 1 1.0 min),"target":"s","priority":1,"weight":2,"p":443}`}},
		{"TXT", typeTXT, "\x02ab\x00\x01c", []string{`TXT_reply {(1 a.test 0 1 1.0 min),"strs":["ab","","c"]}`}},
		{"TXT past its end", typeTXT, "\x01a\x05b", []string{"weird DNS_TXT_char_str_past_rdlen ", `TXT_reply {(1 a.test 0 1 1.0 min),"strs":["a"]}`}},
		{"SPF", typeSPF, "\x02v=", []string{`SPF_reply {(1 a.test 0 1 1.0 min),"strs":["v="]}`}},
		{"HINFO", typeHINFO, "\x02i9\x01u", []string{`HINFO_reply {(1 a.test 0 1 1.0 min),"cpu":"i9","os":"u"}`}},
		{"WKS", typeWKS, x("c0000201 06 40"), []string{`WKS_reply {(1 a.test 0 1 1.0 min)}`}},
		{"CAA", typeCAA, "\x80\x05issueca", []string{`CAA_reply {(1 a.test 0 1 1.0 min),"flags":128,"tag":"issue","value":"ca"}`}},
		{"CAA past its end", typeCAA, "\x80\x05issue", []string{"weird DNS_CAA_char_str_past_rdlen "}},
		{"NAPTR", typeNAPTR, u16(1) + u16(2) + "\x01u\x02sv\x01!" + name("R"), []string{
			`NAPTR_reply {(1 a.test 0 1 1.0 min),"naptr":{"order":1,"preference":2,"flags":"u","service":"sv","regexp":"!","replacement":"R"}}`}},
		{"NAPTR cut short", typeNAPTR, u16(1) + u16(2), []string{"violation DNS_NAPTR_too_short", "done"}},
		{"NAPTR without its name", typeNAPTR, u16(1) + u16(2) + "\x01u", []string{"violation DNS_NAPTR_RR_too_short", "done"}},
		{"SSHFP", typeSSHFP, x("0102 ff00"), []string{`SSHFP {(1 a.test 0 1 1.0 min),"algo":1,"fptype":2,"fingerprint":"\\xff\\x00"}`}},
		{"LOC", typeLOC, x("01 12 16 13 00000001 00000002 00000003"), []string{"weird DNS_LOC_version_unrecognized 1",
			`LOC {(1 a.test 0 1 1.0 min),"loc":{"query":"a.test","answer_type":1,"version":1,"size":18,"horiz_pre":22,"vert_pre":19,` +
				`"latitude":1,"longitude":2,"altitude":3,"is_query":0}}`}},
		{"RRSIG", typeRRSIG, x("0001 01 02 0000003c 00000002 00000001 0007") + name("Z") + "sig", []string{
			"weird DNSSEC_RRSIG_NotRecommended_ZoneSignAlgo 1",
			`RRSIG {(1 a.test 0 1 1.0 min),"rrsig":{"query":"a.test","answer_type":1,"type_covered":1,"algorithm":1,"labels":2,` +
				`"orig_ttl":"1.0 min","sig_exp":2.0,"sig_incep":1.0,"key_tag":7,"signer_name":"z","signature":"sig","is_query":0}}`}},
		{"DNSKEY", typeDNSKEY, x("0381 02 fd") + "key", []string{
			"weird DNSSEC_DNSKEY_Invalid_Flag 897", "weird DNSSEC_DNSKEY_Revoked_KSK 897",
			"weird DNSSEC_DNSKEY_Invalid_Protocol 2", "weird DNSSEC_DNSKEY_PrivateDNS_ZoneSignAlgo 253",
			`DNSKEY {(1 a.test 0 1 1.0 min),"dnskey":{"query":"a.test","answer_type":1,"flags":897,"protocol":2,"algorithm":253,"public_key":"key","is_query":0}}`}},
		{"DS", typeDS, x("0007 08 09") + "dig", []string{"weird DNSSEC_DS_unknown_DigestType 9",
			`DS {(1 a.test 0 1 1.0 min),"ds":{"query":"a.test","answer_type":1,"key_tag":7,"algorithm":8,"digest_type":9,"digest_val":"dig","is_query":0}}`}},
		{"NSEC", typeNSEC, name("N") + x("0002 4000 0101 80"), []string{`NSEC {(1 a.test 0 1 1.0 min),"next_name":"n","bitmaps":["@\\x00","\\x80"]}`}},
		{"NSEC with an empty window", typeNSEC, name("n") + x("0500"), []string{"weird DNSSEC_NSEC_bitmapLen0 5",
			`NSEC {(1 a.test 0 1 1.0 min),"next_name":"n","bitmaps":[]}`}},
		{"NSEC3", typeNSEC3, x("01 00 000a 02 6162 01 63 0001 40"), []string{
			`NSEC3 {(1 a.test 0 1 1.0 min),"nsec3":{"query":"a.test","answer_type":1,"nsec_flags":0,"nsec_hash_algo":1,"nsec_iter":10,` +
				`"nsec_salt_len":2,"nsec_salt":"ab","nsec_hlen":1,"nsec_hash":"c","bitmaps":["@"],"is_query":0}}`}},
		{"NSEC3PARAM", typeNSEC3PARAM, x("01 00 000a 01 61"), []string{
			`NSEC3PARAM {(1 a.test 0 1 1.0 min),"nsec3param":{"query":"a.test","answer_type":1,"nsec_flags":0,"nsec_hash_algo":1,"nsec_iter":10,` +
				`"nsec_salt_len":1,"nsec_salt":"a","is_query":0}}`}},
		{"BINDS", typeBINDS, x("08 0007 00 01"), []string{
			`BINDS {(1 a.test 0 1 1.0 min),"binds":{"query":"a.test","answer_type":1,"algorithm":8,"key_id":7,"removal_flag":0,"complete_flag":1,"is_query":0}}`}},
		{"TKEY", typeTKEY, name("Alg") + x("00000001 00000002 0003 0011 0002") + "kk" + x("0000"), []string{
			`TKEY {"ans":{"query":"a.test","qtype":1,"alg_name":"alg","inception":1.0,"expiration":2.0,"mode":3,"rr_error":17,"key_data":"kk","is_query":0}}`}},
		{"HTTPS", typeHTTPS, u16(1) + "\x00" + x("0001 0003 02") + "h2" + x("0003 0002 01bb 0004 0004 c0000201 0005 0003 616263 0000 0002 0001 0002 0000"), []string{
			`HTTPS {(1 a.test 0 1 1.0 min),"https":{"svc_priority":1,"target_name":".","svc_params":[{"key":1,"alpn":["h2"]},{"key":3,"p":443},` +
				`{"key":4,"hint":["192.0.2.1"]},{"key":5,"ech":"YWJj"},{"key":0,"mandatory":[1]},{"key":2}]}}`}},
		{"SVCB with wrong values", typeSVCB, u16(0) + name("T") + x("0001 0002 0561 0003 0001 50 0004 0003 010203 0002 0001 00 0000 0001 00 0063 0001 ff 0001 0009 01"), []string{
			"weird DNS_SVCB_aliasmode_with_params ", "weird DNS_SVCB_alpn_length_invalid ", "weird DNS_SVCB_port_length_invalid ",
			"weird DNS_SVCB_hint_length_invalid ", "weird DNS_SVCB_nodefaultalpn_value ", "weird DNS_SVCB_mandatory_length_invalid ",
			"weird DNS_SVCB_key_reserved_or_invalid ", "weird DNS_SVCB_param_value_toobig 9 capped to 1",
			`SVCB {(1 a.test 0 1 1.0 min),"svcb":{"svc_priority":0,"target_name":"T","svc_params":[{"key":1,"raw":"\\x05a"},{"key":3,"raw":"P"},` +
				`{"key":4,"raw":"\\x01\\x02\\x03"},{"key":2,"raw":"\\x00"},{"key":0,"raw":"\\x00"},{"key":99,"raw":"\\xff"},{"key":1,"raw":"\\x01"}]}}`}},
		{"unknown", 999, "zz", []string{`unknown_reply {(1 a.test 0 1 1.0 min)}`, "weird DNS_RR_unknown_type 999"}},
		{"empty", typeA, "", []string{"weird DNS_zero_rdlength "}},
	} {
		b := newBench(t, DefaultOptions())
		b.T = t
		// A second answer shows whether the record was read to its end.
		m := message(response, [4]uint16{1, 2, 0, 0}, question("a.test", 0), record(c.typ, c.data), record(typeA, x("00000000")))
		b.datagram(true, message(query, [4]uint16{1}, question("a.test", 0)))
		b.take()
		b.datagram(false, m)
		got := b.take()
		if len(got) > 0 && strings.HasPrefix(got[0], "query_reply ") {
			got = got[1:]
		}
		if n := len(got); n > 0 && got[n-1] == `A_reply {(1 a.test 1 1 1.0 min),"a":"0.0.0.0"}` {
			got = got[:n-1]
		}
		want := slices.Clone(c.want)
		for i := range want {
			want[i] = strings.Replace(want[i], "(1 a.test 0 ", fmt.Sprintf("(1 a.test %d ", c.typ), 1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", c.what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		what string
		m    []byte
		want []string
	}{
		{"query", message(query, [4]uint16{1}, question("A.Test", 1)), []string{`request {"query":"a.test","qtype":1,"qclass":1,"original_query":"A.Test"}`}},
		{"root", message(query, [4]uint16{1}, question("", 2)), []string{`request {"query":"","qtype":2,"qclass":1,"original_query":""}`}},
		{"two questions", message(query, [4]uint16{2}, question("a", 1), "\x01B\xc0\x0c\x00\x1c\x00\x01"), []string{
			`request {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`, `request {"query":"b.a","qtype":28,"qclass":1,"original_query":"B.a"}`}},
		{"no header", []byte{1, 2, 3}, []string{"weird DNS_truncated_len_lt_hdr_len "}},
		{"status", message(2<<11, [4]uint16{}), []string{"weird DNS_unknown_opcode 2"}},
		{"too many questions", message(query, [4]uint16{26}), []string{"weird DNS_Conn_count_too_large ", "violation DNS_Conn_count_too_large", "done"}},
		{"cut in the question", message(query, [4]uint16{1}, name("a"), "\x00"), []string{"weird DNS_truncated_quest_too_short "}},
		{"forward pointer", message(query, [4]uint16{1}, "\xc0\x20"+"\x00\x01\x00\x01"), []string{"weird DNS_label_forward_compress_offset ",
			`request {"query":"","qtype":1,"qclass":1,"original_query":""}`}},
		{"pointer to itself", message(query, [4]uint16{1}, "\xc0\x0c"+"\x00\x01\x00\x01"), []string{"weird DNS_label_forward_compress_offset ",
			`request {"query":"","qtype":1,"qclass":1,"original_query":""}`}},
		{"label past the end", message(query, [4]uint16{1}, "\x05ab"), []string{"weird DNS_label_len_gt_pkt ", "weird DNS_truncated_quest_too_short "}},
		{"long label", message(query, [4]uint16{1}, "\x7f"+strings.Repeat("a", 127)+"\x00\x00\x01\x00\x01"), []string{"weird DNS_label_too_long ",
			`request {"query":"","qtype":24929,"qclass":24929,"original_query":""}`}},
		{"long name", message(query, [4]uint16{1}, question(strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 63)+".", 4), "."), 1)), []string{
			"weird DNS_NAME_too_long ",
			`request {"query":"` + strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 63)+".", 4), ".") + `","qtype":1,"qclass":1,"original_query":"` +
				strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 63)+".", 4), ".") + `"}`}},
		{"records that are not there", message(response, [4]uint16{0, 65535, 0, 0}), []string{"weird DNS_truncated_ans_too_short "}},
		{"data past the end", message(response, [4]uint16{1, 1, 0, 0}, question("a", 1), "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x09\x01"), []string{
			`query_reply {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`, "weird DNS_truncated_RR_rdlength_lt_len "}},
		{"rejected", message(response|3, [4]uint16{1}, question("a", 1)), []string{`rejected {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`}},
		{"additional records", message(query, [4]uint16{1, 0, 0, 1}, question("a", 1), "\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00"), []string{
			`request {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`}},
		{"update without zone", message(update, [4]uint16{}), []string{"weird DNS_DU_invalid_zone_count 0"}},
		{"update of no zone", message(update, [4]uint16{1}, question("z", 1)), []string{"weird DNS_DU_incorrect_zone_type "}},
		{"update", message(update, [4]uint16{1, 4, 5, 0}, question("Z", typeSOA),
			classRecord(255, classNone, 0, ""), classRecord(1, classAny, 0, ""), classRecord(1, 3, 0, ""), classRecord(1, 1, 7, ""),
			classRecord(255, classAny, 0, ""), classRecord(typeA, 1, 60, x("c0000201")), classRecord(typeA, classNone, 0, x("c0000201")),
			classRecord(typeA, 1, 60, ""), classRecord(typeA, 9, 60, "")), []string{
			`dynamic_update_pre {(4 z 255 254 0 secs)}`, `dynamic_update_pre {(4 z 1 255 0 secs)}`,
			"weird DNS_dynamic_update_invalid_prereq ", "weird DNS_dynamic_update_prereq_nonzero_ttl 7",
			`dynamic_update_del {(5 z 255 255 0 secs)}`, `A_reply {(5 z 1 1 1.0 min),"a":"192.0.2.1"}`, `A_reply {(5 z 1 254 0 secs),"a":"192.0.2.1"}`,
			"weird DNS_dynamic_update_invalid_update ", `dynamic_update {"zname":"z","zclass":1}`}},
	} {
		b := newBench(t, DefaultOptions())
		isOrig := len(c.m) < 3 || c.m[2]&0x80 == 0
		if !isOrig {
			b.datagram(true, message(query, [4]uint16{}))
		}
		b.datagram(isOrig, c.m)
		if got := b.take(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", c.what, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
}

func TestPointerDepth(t *testing.T) {
	for pointers, want := range map[int]string{
		20: `request {"query":"","qtype":1,"qclass":1,"original_query":""}`,
		21: "weird DNS_max_compression_chain_depth_exceeded ",
	} {
		// The first name is a label that holds the end of a name and a chain of
		// pointers.
		label := "\x00\x00"
		at := 13
		for range pointers - 1 {
			label += u16(0xc000 | at)
			at += 2
		}
		b := newBench(t, DefaultOptions())
		b.datagram(true, message(query, [4]uint16{2}, question(label, 1), u16(0xc000|at), u16(1), u16(1)))
		if got := b.take(); len(got) < 2 || got[1] != want {
			t.Errorf("%d pointers: got %q", pointers, got)
		}
	}
}

func TestAdditional(t *testing.T) {
	o := DefaultOptions()
	o.SkipAllAuth, o.SkipAllAddl = false, false
	b := newBench(t, o)
	opt := func(data string) string {
		return "\x00" + u16(typeOPT) + u16(4096) + x("01 00 8000") + u16(len(data)) + data
	}
	options := x("0008 0007 0001 18 00 c00002" + "0008 0006 0002 08 00 20 ff" + "000a 0008 0102030405060708" + "000b 0002 0064" + "000b 0000" +
		"0008 0004 0001 0000" + "0008 0005 0001 21 00 00" + "0008 0005 0001 18 00 00" + "ffff 0001 00")
	tsig := name("Key") + u16(typeTSIG) + u16(255) + x("00000000") + u16(len(name("HMAC"))+16+2) + name("HMAC") +
		x("00000001 0005 012c 0002") + "ss" + x("1234 0000 0000")
	b.datagram(true, message(query, [4]uint16{1, 0, 1, 3}, question("a", 1), record(typeNS, name("n")), opt(""), opt(options), tsig))
	b.expect(
		`request {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`,
		`NS_reply {(2 a 2 1 1.0 min),"name":"n"}`,
		`EDNS_addl {"ans":{"query":"","qtype":3,"t":41,"payload_size":4096,"extended_rcode":16,"version":0,"z_field":32768,"TTL":"194.0 days 13.0 hrs 26.0 mins 24.0 secs","is_query":1}}`,
		`EDNS_addl {"ans":{"query":"","qtype":3,"t":41,"payload_size":4096,"extended_rcode":16,"version":0,"z_field":32768,"TTL":"194.0 days 13.0 hrs 26.0 mins 24.0 secs","is_query":1}}`,
		`EDNS_ecs {"opt":{"family":"v4","source_prefix_len":24,"scope_prefix_len":0,"address":"192.0.2.0"}}`,
		`EDNS_ecs {"opt":{"family":"v6","source_prefix_len":8,"scope_prefix_len":0,"address":"2000::"}}`,
		`EDNS_cookie {"opt":{"client_cookie":"\\x01\\x02\\x03\\x04\\x05\\x06\\x07\b","server_cookie":""}}`,
		"weird EDNS_TCP_Keepalive_In_UDP ",
		`EDNS_tcp_keepalive {"opt":{"keepalive_timeout_omitted":false,"keepalive_timeout":100}}`,
		"weird EDNS_TCP_Keepalive_In_UDP ",
		`EDNS_tcp_keepalive {"opt":{"keepalive_timeout_omitted":true,"keepalive_timeout":0}}`,
		"weird EDNS_ECS_invalid_option_len ",
		"weird EDNS_ECS_invalid_addr_v4_prefix 33 bits",
		"weird EDNS_ECS_invalid_addr_v4 need 24 bits, have 8 bits",
		`TSIG_addl {"ans":{"query":"key","qtype":3,"alg_name":"hmac","sig":"ss","time_signed":1.005,"fudge":300.0,"orig_id":4660,"rr_error":0,"is_query":1}}`,
	)
	b.datagram(true, message(query, [4]uint16{1, 0, 0, 1}, question("a", 1), opt("\x00\x08\x00\x09z")))
	if got := b.take(); got[len(got)-1] != "weird EDNS_truncated_option " {
		t.Errorf("the last line is not a weird of a truncated option: %q", got)
	}
}

func TestNetBIOS(t *testing.T) {
	b := newBench(t, DefaultOptions())
	b.Server = netip.MustParseAddrPort("198.51.100.2:137")
	const encoded = "EKEFEGEGCACACACACACACACACACACAAA"
	b.datagram(true, message(6<<11, [4]uint16{1}, "\x60"+strings.Repeat("L", 96)+"\x00", u16(32), u16(1))) // release
	b.expect(`request {"query":"` + strings.Repeat("l", 96) + `","qtype":32,"qclass":1,"original_query":"` + strings.Repeat("L", 96) + `"}`)
	b.datagram(false, message(response, [4]uint16{0, 2, 0, 0}, name(encoded), u16(typeNB), u16(1), x("0000003c 0006 6000 c0000201"),
		name(encoded), u16(typeSRV), u16(1), x("00000000 0001 00")))
	b.expect()
	if typ := event.NetBIOSNameType([]byte(encoded)); typ != 0 {
		t.Errorf("name type %#x, want 0", typ)
	}
}

func TestRoles(t *testing.T) {
	b := newBench(t, DefaultOptions())
	answer := message(response, [4]uint16{0, 1, 0, 0}, name("a"), u16(1), u16(1), x("0000003c 0004 c0000201"))
	// Both ports are 53: only the message shows the roles.
	b.Client = netip.AddrPortFrom(b.Client.Addr(), 53)
	b.datagram(true, answer)
	b.expect("flipped", `A_reply {(1 a 1 1 1.0 min),"a":"192.0.2.1"}`)
	b.datagram(false, message(query, [4]uint16{1}, question("a", 1)))
	b.datagram(true, answer)
	b.expect(`request {"query":"a","qtype":1,"qclass":1,"original_query":"a"}`, `A_reply {(1 a 1 1 1.0 min),"a":"192.0.2.1"}`)

	// A multicast group never answers.
	b = newBench(t, DefaultOptions())
	b.Client, b.Server = netip.AddrPortFrom(b.Client.Addr(), 5353), netip.MustParseAddrPort("224.0.0.251:5353")
	b.datagram(true, answer)
	b.expect(`A_reply {(1 a 1 1 1.0 min),"a":"192.0.2.1"}`)
}

func TestSessionTimeout(t *testing.T) {
	b := newBench(t, DefaultOptions())
	b.Hooks.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { b.lines = append(b.lines, "timeout") })
	b.datagram(true, message(query, [4]uint16{1}, question("a", 1)))
	b.take()
	b.Advance(9e9)
	b.expect()
	b.Advance(2e9)
	b.expect("timeout", "done")
	if n := b.Table.Len(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	b.datagram(true, message(query, [4]uint16{1}, question("a", 1)))
	b.take()
	b.Drain()
	b.expect("timeout", "done")
}

// TestWork checks that a message whose names expand to many times its size is abandoned.
func TestWork(t *testing.T) {
	b := newBench(t, DefaultOptions())
	long := strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 62)+".", 4), ".")
	m := message(response, [4]uint16{1, 65535, 0, 0}, question(long, 1))
	for len(m) < 65000 {
		m = append(m, record(typeCNAME, "\xc0\x0c")...)
	}
	b.datagram(true, message(query, [4]uint16{}))
	b.datagram(false, m)
	got := b.take()
	if n := len(got); n > maxExpanded/250/2+3 || got[n-1] != "weird DNS_names_too_long " {
		t.Errorf("%d events, the last one is %q", n, got[n-1])
	}
}

// conversation returns the stream of the messages in one direction.
func conversation(messages ...[]byte) []byte {
	var b []byte
	for _, m := range messages {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(m))), m...)
	}
	return b
}

// TestClose checks that a truncated message is decoded when either side closes by FIN or
// RST, and at no other time. The numbers are those of Zeek 8.2.2 for the same packets.
func TestClose(t *testing.T) {
	const fin, rst, back = ">F", ">R", "<F"
	q := message(query, [4]uint16{1}, question("cut", 1))
	cut := string(append([]byte{1, 44}, q...)) // announces 300 bytes
	for _, c := range []struct {
		name    string
		talk    []string
		decoded int // messages
		empty   int // weirds of empty messages
	}{
		{"both", []string{">" + cut, fin, back}, 2, 0},
		{"a FIN and a RST", []string{">" + cut, fin, "<R"}, 2, 0},
		{"a RST", []string{">" + cut, rst}, 1, 0},
		{"nothing", []string{">" + cut}, 0, 0},
		{"the other side alone, and more comes", []string{">" + cut, back, ">" + string(conversation(q))}, 2, 1},
		{"before missing bytes", []string{">" + cut, "lost", fin, back}, 3, 0},
		{"before a missing end", []string{">" + cut + strings.Repeat("x", 252-len(cut)), "lost", fin, back}, 3, 0},
		{"before a missing end and more", []string{">" + cut + strings.Repeat("x", 250-len(cut)), "lost", "lost", fin, back}, 3, 0},
		{"a length alone", []string{">\x01\x2c", fin, back}, 0, 0},
	} {
		b := newBench(t, DefaultOptions())
		b.Open()
		next := [2]uint32{1001, 5001}
		for _, part := range c.talk {
			if part == "lost" {
				next[0] += 50
				continue
			}
			i, src, dst := 0, b.Client, b.Server
			if part[0] == '<' {
				i, src, dst = 1, dst, src
			}
			seg := testconn.Segment{Src: src, Dst: dst, Flags: "A", Seq: next[i], Ack: next[i^1], Window: 8192}
			switch part[1:] {
			case "F", "R":
				seg.Flags += part[1:]
				next[i]++
			default:
				seg.Data = []byte(part[1:])
				next[i] += uint32(len(seg.Data))
			}
			b.Packet(seg.Bytes())
			b.Packet((&testconn.Segment{Src: dst, Dst: src, Flags: "A", Seq: next[i^1], Ack: next[i], Window: 8192}).Bytes())
		}
		b.Advance(600e9)
		decoded, empty := 0, 0
		for _, line := range b.take() {
			switch {
			case strings.HasPrefix(line, "request "):
				decoded++
			case line == "weird DNS_truncated_len_lt_hdr_len ":
				empty++
			}
		}
		if decoded != c.decoded || empty != c.empty {
			t.Errorf("%s: %d messages and %d empty ones, want %d and %d", c.name, decoded, empty, c.decoded, c.empty)
		}
	}
}

func TestSegmentation(t *testing.T) {
	stream := conversation(
		message(query, [4]uint16{1}, question("a", 1)), nil, message(query, [4]uint16{1}, question("b", 2)),
		[]byte("short"), message(2<<11, [4]uint16{}), message(query, [4]uint16{1}, question("cut", 1)))
	stream = stream[:len(stream)-5]
	play := func(cut func(n int) int) []string {
		b := newBench(t, DefaultOptions())
		b.Open()
		for s := stream; len(s) > 0; {
			n := cut(len(s))
			b.Talk(true, s[:n])
			s = s[n:]
		}
		b.Close()
		return b.take()
	}
	whole := play(func(n int) int { return n })
	if len(whole) != 7 { // the truncated message is decoded whenever a side closes
		t.Errorf("got %d lines, want 7: %q", len(whole), whole)
	}
	for size := 1; size < 20; size++ {
		if got := play(func(n int) int { return min(n, size) }); !slices.Equal(got, whole) {
			t.Errorf("segments of %d bytes: got %q", size, got)
		}
	}
}

func TestGap(t *testing.T) {
	request := func(s string) string {
		return `request {"query":"` + s + `","qtype":1,"qclass":1,"original_query":"` + s + `"}`
	}
	m := func(s string) []byte { return message(query, [4]uint16{1}, question(s, 1)) }
	two := conversation(m("lost"), m("next"))
	for _, c := range []struct {
		what     string
		from, to int // the gap
		want     []string
	}{
		{"within a message", 5, 9, []string{request("next")}},
		{"to its end", 5, len(two) / 2, []string{request("next")}},
		{"beyond its end", 5, len(two)/2 + 1, nil},
		{"in its length", 1, 4, nil},
	} {
		s := &shard{framer: newFramer()}
		a := &analyzer{s: s, tcp: s.newStreams()}
		var got []string
		h := new(event.Hooks)
		s.dec.init(&h.DNS, DefaultOptions())
		h.DNS.Request.Listen(func(e *event.DNSRequest) { got = append(got, request(string(e.Query))) })
		st := a.tcp[0]
		feed := func(b []byte) {
			for len(b) > 0 && !st.lost {
				msg, rest, state := st.frames.Next(s.framer, b)
				if state == wire.FrameWhole && s.dec.header(nopReporter{}, nil, msg[lengthBytes:], false) {
					s.dec.body(fromOrig, portDNS)
				}
				b = rest
			}
		}
		feed(two[:c.from])
		a.Gap(true, uint64(c.to-c.from))
		feed(two[c.to:])
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

type nopReporter struct{}

func (nopReporter) weird(string, string) {}
func (nopReporter) opaque()              {}
func (nopReporter) confirm()             {}

// TestRequests checks which datagrams are whole requests, and which are none.
func TestRequests(t *testing.T) {
	all := DefaultOptions()
	all.SkipAllAuth, all.SkipAllAddl = false, false
	for _, c := range []struct {
		name        string
		o           Options
		isOrig      bool
		m           []byte
		full, other int
	}{
		{"a request", DefaultOptions(), true, message(query, [4]uint16{1}, question("a", 1)), 1, 0},
		{"two questions", DefaultOptions(), true, message(query, [4]uint16{2}, question("a", 1), question("b", 1)), 1, 0},
		{"records that are left out", DefaultOptions(), true, message(query, [4]uint16{1, 0, 0, 1}, question("a", 1), "?"), 1, 0},
		{"records cut off", all, true, message(query, [4]uint16{1, 0, 0, 1}, question("a", 1), "?"), 0, 1},
		{"a question cut off", DefaultOptions(), true, message(query, [4]uint16{1}, "\x01a"), 0, 1},
		{"too many questions", DefaultOptions(), true, message(query, [4]uint16{26}, question("a", 1)), 0, 1},
		{"too short", DefaultOptions(), true, []byte("hello"), 0, 1},
		{"a reply", DefaultOptions(), false, message(response, [4]uint16{1}, question("a", 1)), 0, 0},
		{"a short reply", DefaultOptions(), false, []byte("hello"), 0, 0},
	} {
		b := newBench(t, c.o)
		full, other := 0, 0
		b.Hooks.DNS.FullRequest.Listen(func(*event.DNSFullRequest) { full++ })
		b.Hooks.DNS.NonDNSRequest.Listen(func(e *event.NonDNSRequest) {
			if other++; string(e.Msg) != string(c.m) {
				t.Errorf("%s: the datagram is %q", c.name, e.Msg)
			}
		})
		b.datagram(true, message(query, [4]uint16{1}, question("first", 1)))
		full = 0
		b.datagram(c.isOrig, c.m)
		if full != c.full || other != c.other {
			t.Errorf("%s: %d whole requests and %d others, want %d and %d", c.name, full, other, c.full, c.other)
		}
	}
}
